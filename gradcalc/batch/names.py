"""The words of the options: formats, results, policies. No numpy here: ``--help`` reads them."""

from __future__ import annotations

import os

FORMATS = {
    "csv": (".csv",),
    "tsv": (".tsv", ".tab"),
    "ndjson": (".ndjson", ".jsonl"),
    "npy": (".npy",),
    "parquet": (".parquet", ".pq"),
}
"""Every format, with the extensions of its files."""

WHAT = ("eval", "grad", "jacobian", "vjp", "jvp", "hessian", "hvp")
"""What can be computed of each row."""

POLICIES = ("nan", "skip", "stop")
"""What becomes of a row that fails: written as NaNs, left out, or the end."""


def by_extension(path: str) -> str | None:
    """The format that the name of a file says it has."""
    extension = os.path.splitext(path)[1].lower()
    return next((name for name, known in FORMATS.items() if extension in known), None)
