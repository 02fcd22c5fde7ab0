"""The one list of formats, and what is printed in which. Each is loaded when it is used."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
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
        Format("numpy", "model", "source for numpy", (".py",)),
        Format("matlab", "model", "source for MATLAB and Octave", (".m",)),
        Format("control", "model", "source for python-control", ()),
        Format("dot", "picture", "a graph for Graphviz", (".dot", ".gv")),
        Format("mermaid", "picture", "a graph for a Markdown page", (".mmd",)),
        Format("svg", "drawing", "a picture", (".svg",)),
        Format("html", "drawing", "a picture as a page", (".html", ".htm")),
        Format("png", "figures", "a picture in pixels", (".png",), binary=True),
        Format("pdf", "figures", "a picture for a paper", (".pdf",), binary=True),
    )
}  # fmt: skip
SYNONYMS = {"text": "table", "python-control": "control"}

FIGURES = ("svg", "png", "pdf")
_ROWS = ("table", "json", "ndjson", "csv", "tsv", "plain")
FORMATS_OF = {
    "an answer": (*_ROWS, "mtx", "npy", "markdown", "latex", "mathml", "sympy"),
    "coordinates": (*_ROWS, "mtx"),
    "a pattern": (*_ROWS, "mtx", *FIGURES),
    "calls": (*_ROWS, "mtx", "npy", "markdown"),
    "a model": (*_ROWS, "latex", "numpy", "matlab", "control"),
    "a budget": (*_ROWS, "markdown", *FIGURES),
    "a histogram": ("table", "json", "ndjson", "csv", "tsv", *FIGURES),
    "functions": (*_ROWS, "markdown", "latex"),
    "steps": ("table", "json", "ndjson"),
    "a ruling": ("table", "json", "ndjson"),
    "a plot": ("table", "json", "ndjson", "csv", "tsv", *FIGURES),
    "a graph": ("table", "dot", "mermaid", "json", "ndjson", "html", *FIGURES),
}
"""What there is to print, and the formats that it has."""


def by_extension(path: str, among: Collection[str] = ()) -> str | None:
    """The format that the name of a file says it has, one of ``among`` if it can be; None if it is
    of no known kind."""
    extension = os.path.splitext(path)[1].lower()
    found = [f.name for f in FORMATS.values() if extension in f.extensions]
    return next((name for name in found if name in among), found[0] if found else None)
