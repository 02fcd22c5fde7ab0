"""``gradcalc`` and ``python -m gradcalc``"""

from __future__ import annotations

import gc
import os
import sys


def entry() -> None:
    """The console script."""
    # Imports make many objects and no garbage: looking for it takes a tenth of the start-up.
    gc.set_threshold(100_000)
    # Nothing here multiplies matrices: the threads that numpy would start for that only cost time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # With gmpy2 a number that is too large ends the process, where Python's raises MemoryError.
    os.environ.setdefault("MPMATH_NOGMPY", "1")
    os.environ.setdefault("SYMPY_GROUND_TYPES", "python")
    try:
        from gradcalc.cli.app import main

        code = main(sys.argv[1:])
        sys.stderr.flush()
    except KeyboardInterrupt:
        code = 130
    # All is written and closed. Taking sympy's modules apart one by one would only take time.
    os._exit(code)


if __name__ == "__main__":
    entry()
