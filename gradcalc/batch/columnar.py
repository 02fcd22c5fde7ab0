"""The columnar library, polars: loaded for Parquet, and for text long enough to repay it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

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
        raise UsageError(f"{what} needs polars", hint="pip install 'gradcalc[batch]'")
    return _loaded()


def _loaded() -> Any:
    import polars  # deferred: 150 ms that short inputs do not need

    return polars
