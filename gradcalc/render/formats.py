"""The one list of formats. Each is loaded when it is used: only ``table`` needs rich."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple


class Format(NamedTuple):
    """A format by name: where its function is, and what it is for.

    ``remarks``: it has a place for notes and for the verdict.
    """

    name: str
    module: str
    doc: str
    json: bool = False
    remarks: bool = False

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
        Format("table", "table", "for people", remarks=True),
        Format("json", "machine", "one JSON object", json=True, remarks=True),
        Format("ndjson", "machine", "the same on one line", json=True, remarks=True),
        Format("csv", "machine", "a header of variables, a row for each output"),
        Format("tsv", "machine", "csv with tabs"),
        Format("plain", "machine", "the bare numbers"),
        Format("mtx", "machine", "MatrixMarket, for scipy.io.mmread"),
        Format("markdown", "markup", "a table for a document", remarks=True),
        Format("latex", "markup", "a matrix for a paper", remarks=True),
    )
}
