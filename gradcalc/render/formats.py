"""The one list of formats. Each is loaded when it is used: only ``table`` needs rich."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple


class Format(NamedTuple):
    """A format by name: where its function is, what it is for, and what its files are called.

    ``remarks``: it has a place for notes and for the verdict. ``binary``: its text is Latin-1, a
    character for each byte.
    """

    name: str
    module: str
    doc: str
    extensions: tuple[str, ...]
    json: bool = False
    remarks: bool = False
    binary: bool = False

    @property
    def function(self) -> Callable[..., str]:
        """``function(answer, *, width, digits, color)`` → text."""
        function: Callable[..., str] = getattr(
            import_module(f"gradcalc.render.{self.module}"), f"render_{self.name}"
        )
        return function


FORMATS = {
    f.name: f
    for f in (
        Format("table", "table", "for people", (".txt", ".out", ""), remarks=True),
        Format("json", "machine", "one JSON object", (".json",), json=True, remarks=True),
        Format(
            "ndjson", "machine", "the same on one line", (".ndjson", ".jsonl"), json=True,
            remarks=True,
        ),
        Format("csv", "machine", "a header of variables, a row for each output", (".csv",)),
        Format("tsv", "machine", "csv with tabs", (".tsv", ".tab")),
        Format("plain", "machine", "the bare numbers", (".dat",)),
        Format("mtx", "machine", "MatrixMarket, for scipy.io.mmread", (".mtx",)),
        Format("npy", "machine", "numpy's own, for numpy.load", (".npy",), binary=True),
        Format("markdown", "markup", "a table for a document", (".md", ".markdown"), remarks=True),
        Format("mathml", "markup", "a matrix for a web page", (".mathml", ".html")),
        Format("sympy", "markup", "Matrix([[…]]), as sympy prints one", (".sympy",)),
        Format("latex", "markup", "a matrix for a paper", (".tex",), remarks=True),
    )
}  # fmt: skip


def by_extension(path: str) -> str | None:
    """The format that the name of a file says it has, None if it is of no known kind."""
    extension = os.path.splitext(path)[1].lower()
    return next((f.name for f in FORMATS.values() if extension in f.extensions), None)
