"""Run the behaviour tests on PyTorch and write down what it gave: needs torch, tests do not.

    python tests/autograd/record_pytorch.py

Written with PyTorch 2.13.0 on a CPU. The values stated in the tests are asserted here too, so a
recording that succeeds says that PyTorch behaves as the tests claim.
"""

import importlib.util
import json
import platform
import sys
import warnings
from pathlib import Path

import torch
from observations import BEHAVIOURS, DATA, See, plain
from sessions import SESSIONS, recorded
from special_points import FUNCTIONS, REPRESENTATIONS, SPECIAL_POINTS, gradients_at


def tests():
    for path in sorted(Path(__file__).parent.glob("test_behaviours_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, test in list(vars(module).items()):
            if name.startswith("test_B"):
                yield name, test


def behaviours():
    found, wrong = {}, []
    for name, test in tests():
        see = See(torch, None)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                test(torch, see)
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
        found[name.split("_")[1]] = see.record
    if wrong:
        sys.exit("PyTorch does not behave as these tests say:\n" + "\n".join(wrong))
    return found


def written(name, content):
    made = {"pytorch": torch.__version__, "python": platform.python_version(), **content}
    (DATA / name).write_text(json.dumps(made, indent=1, allow_nan=False) + "\n")
    print(f"{DATA / name}: {len(next(iter(content.values())))} entries")


def sessions():
    for path in sorted(SESSIONS.glob("*.txt")):
        path.write_text(recorded(torch, path))
        print(path)


if __name__ == "__main__":
    torch.set_warn_always(True)  # some warnings come only once per process
    sessions()
    DATA.mkdir(exist_ok=True)
    written(BEHAVIOURS.name, {"behaviours": behaviours()})
    written(
        "special_points.json",
        {
            "points": {
                name: plain(gradients_at(torch, f, point)) for name, f, point in SPECIAL_POINTS
            }
        },
    )
    written(
        "functions.json",
        {
            "functions": {
                f"{name} at {point}": plain(gradients_at(torch, f, point))
                for name, f, points in FUNCTIONS
                for point in points
            }
        },
    )
    written(
        "representations.json",
        {"texts": {name: make(torch) for name, make in REPRESENTATIONS.items()}},
    )
