"""How heavy packages are imported: late, and in no environment but ours."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

_FOREIGN = "SYMPY_", "MPMATH_"
"""What others set for sympy and mpmath is not for us: some of it they themselves refuse."""


def loaded(module: str) -> Any:
    """A module that may be heavy, and in whose import the environment has no say."""
    if module in sys.modules:
        return sys.modules[module]
    aside = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_FOREIGN)}
    try:
        return import_module(module)
    finally:
        os.environ.update(aside)
