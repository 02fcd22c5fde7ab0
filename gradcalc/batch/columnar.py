"""The columnar library, polars: loaded for Parquet, and for text long enough to repay it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from gradcalc.batch.chunk import Column
from gradcalc.errors import UsageError

LONG = 1 << 19
"""Bytes of text from which on polars is worth its import (150 ms)."""


def library(bytes_at_hand: int) -> Any:
    """polars if it is loaded already, or worth loading, and there; else None.

    Without it text takes the plain path: the same numbers, several times slower.
    """
    if "polars" in sys.modules:
        return sys.modules["polars"]
    if bytes_at_hand < LONG or find_spec("polars") is None:
        return None
    return _loaded()


def required(what: str) -> Any:
    """polars. Raises UsageError where it is not installed."""
    if find_spec("polars") is None:
        raise UsageError(f"{what} needs polars", hint="pip install polars")
    return _loaded()


def series(polars: Any, column: Column) -> Any:
    """A column as polars has it; what is neither text nor a number becomes JSON text."""
    if isinstance(column, polars.Series):
        return column
    if column.dtype == object:
        return polars.Series([as_cell(value) for value in column.tolist()], strict=False)
    return polars.Series(column)


@contextmanager
def told_by_the_system(polars: Any) -> Iterator[None]:
    """What the system said of a file, as it said it: polars repeats it in its own words."""
    try:
        yield
    except (polars.exceptions.PolarsError, OSError) as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from None


def as_cell(value: Any) -> Any:
    """What a column of text or numbers can have of a JSON value."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _loaded() -> Any:
    import polars  # deferred: 150 ms that short inputs do not need

    return polars
