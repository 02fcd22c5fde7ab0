"""PyTorch's own samples of every operator that is here: needs torch (the extra ``bench``).

    python tests/autograd/samples.py [pattern] [-v] [--dtype float64]

A sample is an input, and arguments, that PyTorch tests an operator with. Its values, its gradients
for a fixed vector and the gradients of those are compared. ``right``: all agree, or both raise.
``refused``: we raise where PyTorch does not, and mean to (the error is raised by this package).
``leaked``: an error that nobody wrote comes through. ``wrong``: both answer, and differ. Where
halves differ PyTorch's doubles say who is right.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from collections import Counter

import numpy as np

DRAWN = ("rand", "normal", "bernoulli", "multinomial", "dropout", "empty", "new_empty")
"""Whose numbers are each library's own."""
UNSTABLE = ("sort", "argsort", "msort")
"""Which of equal numbers comes first PyTorch does not promise; here the first does."""
ELSEWHERE = ("as_strided.partial_views",)
"""Samples that are about the memory behind a tensor, which does not come along."""


def cases(torch, pattern="", dtype="float64"):
    """(name, sample) of every operator that may be here."""
    from torch.testing._internal.common_methods_invocations import op_db

    kind = getattr(torch, dtype)
    for op in op_db:
        name = op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")
        if pattern not in name or name in ELSEWHERE or kind not in op.dtypes:
            continue
        torch.manual_seed(0)
        differentiable = op.supports_autograd and kind in op.supported_backward_dtypes("cpu")
        try:
            samples = list(op.sample_inputs("cpu", kind, requires_grad=differentiable))
        except Exception:  # a sample that needs what this build has not
            continue
        for sample in samples:
            yield name, op.name, sample


def function_of(torch, functional, name):
    """The operator by its name, from ``torch``, its ``nn.functional`` or its ``linalg``."""
    *path, last = name.split(".")
    places = {"nn": functional, "linalg": torch.linalg}
    place = places.get(path[0]) if path else torch
    found = getattr(place, last, None)
    return found if found is not None or path else getattr(torch.Tensor, last, None)


def run(torch, call, sample, convert):
    """The values, the gradients and theirs: lists of arrays, or the error that came first."""
    leaves = []

    def given(x):
        x = convert(x)
        if isinstance(x, torch.Tensor) and x.requires_grad and all(x is not y for y in leaves):
            leaves.append(x)
        return x

    found = []
    try:
        out = call(
            map_all(given, sample.input),
            *map_all(given, sample.args),
            **map_all(given, sample.kwargs),
        )
        outs = [y for y in flat(out) if isinstance(y, torch.Tensor)]
        found.append([of(torch, y) for y in outs] or [out if isinstance(out, bool | int) else None])
        roots = [y for y in outs if y.requires_grad]
        if not roots or not leaves:
            return found, None
        v = [like(torch, y, k) for k, y in enumerate(roots)]
        slopes = torch.autograd.grad(roots, leaves, v, create_graph=True, allow_unused=True)
        found.append([None if g is None else of(torch, g) for g in slopes])
        again = {k: g for k, g in enumerate(slopes) if g is not None and g.requires_grad}
        if not again:
            return found, None
        w = [like(torch, g, k) for k, g in again.items()]
        again = list(again.values())
        second = torch.autograd.grad(again, leaves, w, allow_unused=True)
        found.append([None if g is None else of(torch, g) for g in second])
    except Exception as error:
        return found, error
    return found, None


def map_all(function, values):
    if isinstance(values, dict):
        return {key: map_all(function, value) for key, value in values.items()}
    if type(values) in (list, tuple):
        return type(values)(map_all(function, value) for value in values)
    return function(values)


def flat(values):
    if isinstance(values, tuple | list):
        return [each for value in values for each in flat(value)]
    return [values]


def of(torch, x):
    x = x.detach()
    return np.array((x.resolve_conj().resolve_neg() if hasattr(x, "resolve_neg") else x).tolist(),
                    str(x.dtype).removeprefix("torch.")).reshape(tuple(x.shape))  # fmt: skip


def like(torch, x, seed):
    drawn = np.random.default_rng(seed).standard_normal(tuple(x.shape))
    if "complex" in str(x.dtype):
        drawn = drawn + 1j * np.random.default_rng(seed + 9).standard_normal(tuple(x.shape))
    return torch.tensor(drawn, dtype=x.dtype)


def ours_from(torch, ours):
    """What turns PyTorch's tensors and types into ours."""
    known = {}

    def convert(x):
        if isinstance(x, torch.Tensor):
            if id(x) not in known:
                known[id(x)] = x, ours.tensor(of(torch, x)).requires_grad_(x.requires_grad)
            return known[id(x)][1]
        if isinstance(x, torch.dtype):
            return getattr(ours, str(x).removeprefix("torch."))
        if isinstance(x, torch.Size):
            return ours.Size(x)
        return str(x) if isinstance(x, torch.device) else x

    return convert


def doubled(torch):
    """What turns PyTorch's halves into its doubles."""
    known = {}

    def convert(x):
        if not isinstance(x, torch.Tensor) or x.dtype != torch.float16:
            return x
        if id(x) not in known:
            known[id(x)] = x, x.detach().double().requires_grad_(x.requires_grad)
        return known[id(x)][1]

    return convert


def _is_stable(sample):
    return bool(sample.kwargs.get("stable"))


def _has_ties(sample):
    return sample.input.unique().numel() < sample.input.numel()


def alike(one, other, drawn, tolerance):
    if one is None or other is None:
        zeros = one if other is None else other
        return zeros is None or not np.any(zeros)
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return one == other
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if drawn or not one.size:
        return True
    if one.dtype.kind not in "fc":
        return bool((one == other).all())
    scale = np.abs(one[np.isfinite(one)]).max(initial=0)
    with np.errstate(all="ignore"):
        return bool(np.allclose(one, other, tolerance, tolerance * max(scale, 1), equal_nan=True))


def verdict(theirs, ours, drawn, tolerance):
    """(word, what is different): see the head of this file."""
    (found, _), (found_here, failed_here) = theirs, ours
    for stage, one, other in zip(("value", "gradient", "second"), found, found_here, strict=False):
        if len(one) != len(other):
            return "wrong", f"{stage}: {len(one)} results, {len(other)} here"
        for a, b in zip(one, other, strict=True):
            if not alike(a, b, drawn, tolerance):
                if stage == "second" and a is not None and not np.isfinite(a).all():
                    continue  # where PyTorch has no number there may be one here
                return "wrong", f"{stage}: {a!r}, here {b!r}"
    if len(found_here) < len(found):
        if failed_here is None:
            lost = [x for x in found[len(found_here)] if x is not None]
            if all(not np.any(x) for x in lost):
                return "right", ""
            return "wrong", f"after {len(found_here)} stages nothing requires grad here"
        written = raised_by(failed_here)
        return "refused" if written else "leaked", f"{type(failed_here).__name__}: {failed_here}"
    return "right", ""


def raised_by(error):
    """Whether the error was raised by a line of this package that says ``raise``."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return "gradcalc" in frame.filename and (frame.line or "").startswith(
        ("raise", "return _refuse")
    )


def main() -> int:
    import torch

    import gradcalc.autograd as ours

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--dtype", default="float64")
    parser.add_argument("-v", action="store_true", help="show what is not right, once an operator")
    given = parser.parse_args()
    torch.set_num_threads(1)
    total = survey(torch, ours, given.pattern, given.dtype, given.v)
    print(dict(total))
    return 1 if total["wrong"] or total["leaked"] else 0


def survey(torch, ours, pattern="", dtype="float64", verbose=False):
    """How many samples of the operators that are here got which verdict."""
    warnings.simplefilter("ignore")
    tolerance = {"float64": 1e-8, "complex128": 1e-8, "float16": 3e-2}.get(dtype, 2e-3)
    total = Counter()
    shown = Counter()
    for name, plain, sample in cases(torch, pattern, dtype):
        here = function_of(ours, ours.nn.functional, plain)
        there = function_of(torch, torch.nn.functional, plain)
        if here is None or there is None:
            continue
        drawn = any(word in name for word in DRAWN)
        one = run(torch, there, sample, lambda x: x)
        other = run(ours, here, sample, ours_from(torch, ours))
        if one[1] is not None and not one[0]:
            continue  # PyTorch itself does not answer
        drawn = drawn or (plain in UNSTABLE and not _is_stable(sample) and _has_ties(sample))
        word, why = verdict(one, other, drawn, tolerance)
        if word == "wrong" and dtype == "float16":  # which of the two is right doubles say
            doubles = run(torch, there, sample, doubled(torch))
            halves = [[np.asarray(a, np.float16) if a is not None and a.dtype == float else a
                       for a in stage] for stage in doubles[0]]  # fmt: skip
            word, why = verdict((halves, None), other, drawn, tolerance)
        total[word] += 1
        shown[name, word] += 1
        if verbose and word != "right" and shown[name, word] == 1:
            print(f"{word} {name}: {why[:400]}", file=sys.stdout, flush=True)
    if verbose:
        for (name, word), count in sorted(shown.items()):
            if word != "right":
                print(f"{count:4} {word} {name}")
    return total


if __name__ == "__main__":
    sys.exit(main())
