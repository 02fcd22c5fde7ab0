"""``gradcalc`` and ``python -m gradcalc``"""

from __future__ import annotations

import gc
import sys


def entry() -> None:
    """The console script."""
    # Imports make many objects and no garbage: looking for it takes a tenth of the start-up.
    gc.set_threshold(100_000)
    from gradcalc.cli.app import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    entry()
