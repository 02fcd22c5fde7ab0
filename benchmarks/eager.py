"""Forward plus backward, side by side: gradcalc.autograd, PyTorch, HIPS autograd and mygrad.

    python benchmarks/eager.py [--write FILE]

Every library runs the same chains in the same process, one thread, double precision; they take
turns, and the best of several rounds counts. A library that is not installed is reported as absent.
"""

import argparse
import os
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy is imported

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

LENGTH = 50
"""Repetitions of the chain's body."""

# Each chain: (operations per turn, body). ``m`` is the library's namespace of functions.
CHAINS = {
    "x*y + 1": (2, lambda m, x, y: x * y + 1.0),
    "sin(x)*y": (2, lambda m, x, y: m.sin(x) * y),
    "exp(-x)": (2, lambda m, x, y: m.exp(-x)),
    "sqrt(x*x + 1)": (3, lambda m, x, y: m.sqrt(x * x + 1.0)),
    "log(x + 2)": (2, lambda m, x, y: m.log(x + 2.0)),
    "x/y - y": (2, lambda m, x, y: x / y - y),
    "tanh(x)": (1, lambda m, x, y: m.tanh(x)),
}
SIZES = {"scalar": (), "10": (10,), "1000": (1000,), "1,000,000": (1_000_000,)}
LARGE_LENGTH = 5
"""The chain on a million elements is shorter."""


def ours(chain, x, y, length):
    torch = import_module("gradcalc.autograd")
    return _like_torch(torch, chain, x, y, length)


def pytorch(chain, x, y, length):
    torch = import_module("torch")
    torch.set_num_threads(1)
    return _like_torch(torch, chain, x, y, length)


def _like_torch(torch, chain, x, y, length):
    def run():
        a = torch.tensor(x, requires_grad=True)
        b = torch.tensor(y, requires_grad=True)
        z = a
        for _ in range(length):
            z = chain(torch, z, b)
        z.sum().backward()
        return a.grad.numpy(), b.grad

    return run


def hips(chain, x, y, length):
    autograd, m = import_module("autograd"), import_module("autograd.numpy")

    def f(a, b):
        z = a
        for _ in range(length):
            z = chain(m, z, b)
        return m.sum(z)

    gradient = autograd.grad(f, (0, 1))
    return lambda: gradient(x, y)


def mygrad(chain, x, y, length):
    m = import_module("mygrad")

    def run():
        a, b = m.tensor(x), m.tensor(y)
        z = a
        for _ in range(length):
            z = chain(m, z, b)
        z.sum().backward()
        return a.grad, b.grad

    return run


LIBRARIES = {
    "gradcalc": ("numpy", ours),
    "PyTorch": ("torch", pytorch),
    "HIPS autograd": ("autograd", hips),
    "mygrad": ("mygrad", mygrad),
}


def present():
    found = {}
    for name, (distribution, run) in LIBRARIES.items():
        try:
            found[name] = (version(distribution), run)
        except PackageNotFoundError:
            print(f"{name}: absent", file=sys.stderr)
    return found


def best_of(libraries, runs, rounds, calls):
    """Seconds per call, the libraries taking turns so that a noisy moment strikes all of them."""
    best = dict.fromkeys(libraries, float("inf"))
    for _ in range(rounds):
        for name in libraries:
            start = time.perf_counter()
            for _ in range(calls):
                runs[name]()
            best[name] = min(best[name], (time.perf_counter() - start) / calls)
    return best


def measure():
    libraries = present()
    rows = []
    for size, shape in SIZES.items():
        large = size == "1,000,000"
        length = LARGE_LENGTH if large else LENGTH
        for text, (operations, chain) in CHAINS.items():
            rng = np.random.default_rng(0)
            x = np.asarray(rng.uniform(0.3, 0.9, shape))
            y = np.asarray(rng.uniform(0.9, 1.1, shape))
            runs = {name: run(chain, x, y, length) for name, (_, run) in libraries.items()}
            gradients = {name: np.asarray(run()[0]) for name, run in runs.items()}
            for name, gradient in gradients.items():
                np.testing.assert_allclose(gradient, gradients["gradcalc"], rtol=1e-6, err_msg=name)
            best = best_of(libraries, runs, 11 if large else 15, 1 if large else 10)
            unit = 1e3 if large else 1e6 / (length * operations)
            rows.append((size, text, {name: seconds * unit for name, seconds in best.items()}))
            print(*rows[-1][:2], *(f"{name} {t:.2f}" for name, t in rows[-1][2].items()))
    return libraries, rows


def report(libraries, rows):
    names = list(LIBRARIES)
    versions = [f"{name} {v}" for name, (v, _) in libraries.items() if name != "gradcalc"]
    absent = [name for name in names if name not in libraries]
    lines = [
        "# Eager autograd, side by side",
        "",
        f"`python benchmarks/eager.py`: forward plus backward, double precision, one thread, "
        f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, "
        f"{os.cpu_count()} cores. {', '.join(versions)}; {time.strftime('%Y-%m-%d')}.",
    ]
    if absent:
        lines.append(f"Absent, so not measured: {', '.join(absent)}.")
    lines += ["", *_targets(rows)]
    for size in SIZES:
        large = size == "1,000,000"
        unit = "milliseconds per round" if large else "microseconds per operation"
        body = LARGE_LENGTH if large else LENGTH
        title = "Scalars" if size == "scalar" else f"Arrays of {size}"
        lines += ["", f"## {title}: {unit}, {body} turns of the chain", ""]
        header = ["chain", *names, "of PyTorch", "of the faster numpy library"]
        lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
        for row_size, text, times in rows:
            if row_size == size:
                lines.append(f"| {' | '.join(_cells(text, names, times))} |")
    return "\n".join(lines) + "\n"


REASONS = {
    "tanh(x)": "its derivative is the table's sech(x)², within 4 ulps at either end: "
    "a numpy call more",
    "sin(x)*y": "the cosine takes a tangent and what makes it exact",
}


def _targets(rows):
    """The two promises, and every chain that breaks one."""
    small = {
        (size, text): times["gradcalc"] / min(peers)
        for size, text, times in rows
        if size != "1,000,000"
        and (peers := [times[n] for n in ("HIPS autograd", "mygrad") if n in times])
    }
    large = {
        (size, text): times["gradcalc"] / times["PyTorch"]
        for size, text, times in rows
        if size == "1,000,000" and "PyTorch" in times
    }
    yield from _target(
        "On scalars and small arrays: at most the time of HIPS autograd and of mygrad", small, 1.0
    )
    yield from _target("On a million elements: at most 1.3 times PyTorch on one thread", large, 1.3)


def _target(promise, ratios, most):
    if not ratios:
        yield f"- {promise}: not measured, the peers are absent."
        return
    missed = {case: ratio for case, ratio in ratios.items() if ratio > most}
    kept = len(ratios) - len(missed)
    yield f"- {promise}: {kept} of {len(ratios)} chains do ({min(ratios.values()):.2f} x at best)."
    for (size, text), ratio in missed.items():
        reason = REASONS.get(text, "")
        yield f"  - missed: `{text}` on {size}, {ratio:.2f} x{': ' + reason if reason else ''}."


def _cells(text, names, times):
    mine = times["gradcalc"]
    peers = [times[name] for name in ("HIPS autograd", "mygrad") if name in times]
    cells = [f"`{text}`", *(f"{times[name]:.2f}" if name in times else "absent" for name in names)]
    cells.append(f"{mine / times['PyTorch']:.2f} x" if "PyTorch" in times else "absent")
    cells.append(f"{mine / min(peers):.2f} x" if peers else "absent")
    return cells


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="the markdown file to write the tables to")
    arguments = parser.parse_args()
    text = report(*measure())
    if arguments.write:
        arguments.write.write_text(text)
    else:
        print(text)
