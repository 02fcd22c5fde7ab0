"""The words of the options: formats, results, policies. No numpy here: ``--help`` reads them."""

from __future__ import annotations

import os

from gradcalc.calculus.kinds import BY_WORD

EXTENSIONS = {
    "csv": (".csv",),
    "tsv": (".tsv", ".tab"),
    "ndjson": (".ndjson", ".jsonl"),
    "npy": (".npy",),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc", ".arrows"),
}
"""Every format, with the extensions of its files."""

READ = {**EXTENSIONS, "npz": (".npz",)}
"""Those that are read; npz is not written."""

COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
"""What the last extension of a compressed file says."""

_TEXTS = ("csv", "tsv", "ndjson")
WRITTEN = (*EXTENSIONS, *(text + last for text in _TEXTS for last in COMPRESSED))
"""What an output can be: a format, and text compressed."""

PROPAGATE = "propagate"
WHAT = (*BY_WORD, PROPAGATE)
"""What can be computed of each row: a kind of derivative, or its uncertainty."""

POLICIES = ("nan", "skip", "stop")
"""What becomes of a row that fails: written as NaNs, left out, or the end."""


def compression(path: str) -> str | None:
    """How the name of a file says that it is compressed."""
    return COMPRESSED.get(os.path.splitext(path)[1].lower())


def is_remote(path: str) -> bool:
    """Whether this is an address, s3://bucket/points.csv, and no name on a disk."""
    return "://" in path


def is_folder(path: str) -> bool:
    """Whether the name of an output says that it is a folder of part files."""
    return path.endswith(("/", os.sep))


def extension(path: str) -> str:
    """The extension, without that of a compressed file."""
    root, last = os.path.splitext(path)
    return os.path.splitext(root)[1].lower() if compression(path) else last.lower()


def by_extension(path: str) -> str | None:
    """The format that the name of a file says it has."""
    return next((name for name, known in READ.items() if extension(path) in known), None)


TEXT = ("", ".txt", ".dat", ".out", ".log", ".asc", ".data", ".part", ".tmp")
"""Extensions that say no format."""
