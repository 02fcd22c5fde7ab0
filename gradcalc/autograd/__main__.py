"""``python -m gradcalc.autograd tutorial.py``: a PyTorch file, run on this engine."""

from __future__ import annotations

import os
import runpy
import sys

from gradcalc.autograd import stand_in


def main() -> int:
    """Run the file that the first argument names; the rest are its own arguments."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print("usage: python -m gradcalc.autograd FILE [ARGUMENT …]", file=sys.stderr)
        return 0 if sys.argv[1:] else 2
    path = sys.argv[1]
    if not os.path.isfile(path):
        print(f"{path}: no such file", file=sys.stderr)
        return 1
    stand_in.install()
    sys.argv = sys.argv[1:]
    try:
        runpy.run_path(path, run_name="__main__")
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("torch"):
            raise
        print(error.msg, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
