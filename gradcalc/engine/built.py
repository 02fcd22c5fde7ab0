"""Which interpreter runs the tapes: ``c`` where the kernel was built, else ``numpy``.

Nothing here imports numpy: ``gradcalc --version`` says it.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zlib import crc32

from gradcalc.errors import UsageError

VARIABLE = "GRADCALC_KERNEL"
CHOICES = ("c", "numpy")
EXTENSION = "gradcalc.engine._kernel"
SOURCE = Path(__file__).with_name("kernel.c")


def kernel() -> Any:
    """The extension in C; None where numpy is the one in use. Raises UsageError where the
    environment asks for another, or for the one in C where there is none."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", *CHOICES):
        raise UsageError(f"{VARIABLE}={wanted} is none of {', '.join(CHOICES)}")
    if wanted == "numpy":
        return None
    extension, lacking = _found()
    if wanted == "c" and extension is None:
        raise UsageError(
            f"{VARIABLE}=c, and {lacking or 'the kernel in C is not built here'}",
            hint="install from source where there is a C compiler, or leave the variable out",
        )
    return extension


def interpreter() -> str:
    """The one of ``CHOICES`` that is in use, and why not the one in C if that is a surprise."""
    if kernel() is not None:
        return "c"
    lacking = "" if os.environ.get(VARIABLE) else _found()[1]
    return f"numpy ({lacking})" if lacking else "numpy"


@cache
def _found() -> tuple[Any, str]:
    """The extension, or None and what is wrong with the one that is there."""
    try:
        extension = import_module(EXTENSION)
    except ModuleNotFoundError:
        return None, ""
    except ImportError:
        return None, "the compiled kernel cannot be loaded"
    if SOURCE.exists() and getattr(extension, "source", None) != fingerprint(SOURCE):
        return None, "the compiled kernel is of another version"
    return extension, ""


def fingerprint(source: Path) -> int:
    """Of what a kernel is compiled from, which it is told then (``hatch_build.py``): 31 bits."""
    return crc32(source.read_bytes()) >> 1
