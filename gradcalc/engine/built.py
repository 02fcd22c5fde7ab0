"""Which interpreter runs the tapes: ``c`` where the kernel was built, else ``numpy``.

Nothing here imports numpy: ``gradcalc --version`` says it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from gradcalc.errors import UsageError

VARIABLE = "GRADCALC_KERNEL"
CHOICES = ("c", "numpy")
EXTENSION = "gradcalc.engine._kernel"


def interpreter() -> str:
    """The one of ``CHOICES`` that is in use. Raises UsageError where the environment asks for
    another, or for the one in C where it is not built."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", *CHOICES):
        raise UsageError(f"{VARIABLE}={wanted} is none of {', '.join(CHOICES)}")
    built = find_spec(EXTENSION) is not None
    if wanted == "c" and not built:
        raise UsageError(
            f"{VARIABLE}=c, and the kernel in C is not built here",
            hint="install from source where there is a C compiler, or leave the variable out",
        )
    return wanted or ("c" if built else "numpy")
