# ruff: noqa: E501  (the tables of programs read better unbroken)
"""Random programs on PyTorch and on this engine, side by side: needs torch (the extra ``bench``).

    python tests/autograd/differential.py operations 30000
    python tests/autograd/differential.py writes 40000 [--seed 1]

A program is text, run line by line with ``torch`` as the one or the other. What it prints of its
tensors is compared: numbers within a few ulps, shapes, strides, types, who requires grad, gradients
of first and second order. The verdicts: ``same``; ``silent``, both answer and differ, which must not
be; ``refused``, only PyTorch answers; ``answered``, only we do.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import warnings
from collections import Counter

import numpy as np

# --- Programs -----------------------------------------------------------------------------------

SHAPES = ["()", "(1,)", "(3,)", "(2, 3)", "(3, 3)", "(2, 1, 3)", "(1, 1)", "(0,)", "(2, 0)"]
UNARY = [
    "abs",
    "neg",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "rsqrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "sigmoid",
    "relu",
    "square",
    "reciprocal",
    "sign",
    "floor",
    "ceil",
    "round",
    "trunc",
    "frac",
    "erf",
    "erfc",
    "lgamma",
    "digamma",
    "isnan",
    "isfinite",
    "logical_not",
    "clone",
    "detach",
    "contiguous",
    "t",
    "ravel",
    "double",
    "float",
]
REDUCTIONS = [
    "sum",
    "mean",
    "prod",
    "var",
    "std",
    "amax",
    "amin",
    "logsumexp",
    "norm",
    "max",
    "min",
    "median",
    "any",
    "all",
    "argmax",
    "argmin",
    "cumsum",
    "softmax",
    "log_softmax",
    "count_nonzero",
    "nansum",
    "sort",
    "argsort",
    "unbind",
    "squeeze",
    "flip",
]
BINARY = ["+", "-", "*", "/", "**", "%", "<", ">=", "=="]
PAIRS = [
    "maximum",
    "minimum",
    "atan2",
    "hypot",
    "add",
    "sub",
    "mul",
    "div",
    "fmod",
    "remainder",
    "eq",
    "lt",
    "dist",
    "logaddexp",
    "xlogy",
    "true_divide",
    "floor_divide",
]
SHAPED = [
    "{x}.reshape(-1)", "{x}.flatten()", "{x}.unsqueeze(0)", "{x}.unsqueeze(-1)", "{x}.squeeze()",
    "{x}.transpose(0, -1)", "{x}.expand(2, *{x}.shape)", "{x}.repeat(2, *[1] * {x}.dim())",
    "{x}.roll(1)", "{x}.roll(1, 0)", "{x}.narrow(0, 0, 1)", "{x}.select(-1, 0)", "{x}[0]", "{x}[..., 0]",
    "{x}[None]", "{x}[:1]", "{x}[..., ::2]", "{x}[[0, 0]]", "{x}[{x} > 0]", "{x}[..., [0]]",
    "{x}[0, ..., [0, 0]]", "{x}[[0], 1:]", "{x}.tril()", "{x}.triu(1)", "{x}.diag()", "{x}.diagonal()",
    "{x}.diagonal(1)", "{x}.diag(1)", "{x}.trace()", "{x}.movedim(0, -1)", "{x}.clamp(-0.5, 0.5)",
    "{x}.clamp(min=0)", "{x}.clamp(max={x})", "{x} @ {x}", "{x} @ {y}", "{x}.outer({y})",
    "{x}.matmul({x}.t())", "{x}.topk(1)[0]", "{x}.sort()[0]", "{x}.sort(descending=True)[0]",
    "{x}.kthvalue(1)[0]", "{x}.gather(0, torch.zeros_like({x}, dtype=torch.int64))",
    "{x}.index_select(0, torch.tensor([0]))", "{x}.take(torch.tensor([0, -1]))",
    "{x}.masked_fill({x} > 0, 2.0)", "{x}.masked_select({x} > 0)", "torch.where({x} > 0, {x}, {y})",
    "torch.where({x} > 0, {x}, 0.5)", "torch.cat([{x}, {y}])", "torch.stack([{x}, {x}], -1)",
    "torch.hstack([{x}, {y}])", "torch.vstack([{x}, {y}])", "torch.cat([{x}.t(), {x}.t()])",
    "{x}.split(1)[0]", "{x}.chunk(2)[-1]", "{x}.unbind()[0]", "{x}.lerp({y}, 0.3)",
    "{x}.addcmul({x}, {y}, value=2)", "torch.add({x}, {y}, alpha=2)", "torch.sub({x}, {y}, alpha=3)",
    "torch.rsub({x}, 2)", "2 - {x}", "2 / {x}", "2 ** {x}", "{x} ** 2", "{x} ** 3", "{x} ** 0.5",
    "{x} ** -1", "{x} ** 0", "{x} % 2", "{x} // 2", "torch.div({x}, 2, rounding_mode='trunc')",
    "torch.round({x}, decimals=1)", "torch.linalg.norm({x}, 1)", "torch.linalg.norm({x}, 2)",
    "{x}.norm(1)", "{x}.norm(3)", "{x}.norm(float('inf'))", "{x}.norm(2, -1)", "{x}.var(False)",
    "torch.var_mean({x}, -1)[0]", "torch.std_mean({x})[1]", "{x}.var(0, keepdim=True)",
    "{x}.scatter_add(0, torch.zeros_like({x}, dtype=torch.int64), {x})",
    "{x}.index_add(0, torch.tensor([0]), {x}[:1])", "F.relu({x})", "F.silu({x})", "F.gelu({x})",
    "F.softplus({x})", "F.leaky_relu({x})", "F.elu({x})", "F.mse_loss({x}, {y})",
    "F.l1_loss({x}, {y})", "F.smooth_l1_loss({x}, {y})", "F.huber_loss({x}, {y})", "F.hardtanh({x})",
    "F.logsigmoid({x})", "F.normalize({x}, dim=-1)", "F.pad({x}, (1, 1))", "{x}.type(torch.float32)",
    "{x}.movedim((0, 1), (1, 0))", "{x}.unflatten(0, (1, -1))", "{x}.cumprod(0)", "{x}.diff()",
    "torch.addmm({x}, {x}, {x})", "{x}.cross({x}.flip(0))", "{x}.nan_to_num()", "{x}.view(-1)",
]  # fmt: skip
NUMBERS = [0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 0.3, 1.7, -2.5, 3.0]


def leaf(rng: random.Random, shape: str) -> str:
    count = int(np.prod(eval(shape)))
    values = [rng.choice(NUMBERS) for _ in range(count)]
    kind = rng.choice(["float64", "float64", "float32"])
    return f"torch.tensor({values}, dtype=torch.{kind}).reshape({shape})"


def operation(rng: random.Random, x: str, y: str) -> str:
    kind = rng.random()
    if kind < 0.25:
        return f"{x}.{rng.choice(UNARY)}()"
    if kind < 0.42:
        name, dim = rng.choice(REDUCTIONS), rng.choice(["", "0", "-1", "1", "(0, 1)"])
        keep = ", keepdim=True" if dim and rng.random() < 0.2 else ""
        return f"{x}.{name}({dim}{keep})"
    if kind < 0.55:
        other = rng.choice([y, x, "2", "0.5", "torch.tensor(1.5)", "torch.tensor([2])"])
        return f"{x} {rng.choice(BINARY)} {other}"
    if kind < 0.62:
        return f"torch.{rng.choice(PAIRS)}({x}, {y})"
    return rng.choice(SHAPED).format(x=x, y=y)


def operations(rng: random.Random) -> list[str]:
    """A few operations in a row, then gradients of first and second order."""
    lines = [f"x = {leaf(rng, rng.choice(SHAPES))}.requires_grad_()",
             f"y = {leaf(rng, rng.choice(SHAPES))}.requires_grad_()", "z = x"]  # fmt: skip
    for k in range(rng.randint(1, 3)):
        lines.append(f"z = {operation(rng, 'z', rng.choice(['x', 'y']))}")
        lines.append(f"z{k} = z = z if isinstance(z, torch.Tensor) else z[0]")
    lines += [
        "g = torch.autograd.grad(z.sum(), (x, y), create_graph=True, allow_unused=True)",
        "total = sum((p * p).sum() for p in g if p is not None)",
        "h = torch.autograd.grad(total, (x, y), allow_unused=True)",
    ]
    return lines


VIEWS = ["{a}[0]", "{a}[1:]", "{a}[:1]", "{a}.view(-1)", "{a}.t()", "{a}.unsqueeze(0)", "{a}[...]",
         "{a}.transpose(0, -1)", "{a}.narrow(0, 0, 1)", "{a}.select(0, 0)", "{a}.detach()",
         "{a}.expand(2, *{a}.shape)", "{a}.unbind()[0]", "{a}.split(1)[0]", "{a}.diagonal()",
         "{a}.view_as({a})", "{a}.squeeze()", "{a}.reshape(-1)", "{a}.flatten()", "{a}.clone()"]  # fmt: skip
WRITES = ["{a}.mul_(2)", "{a}.add_({b})", "{a}.mul_({b})", "{a}.zero_()", "{a}.fill_(3)",
          "{a}.copy_({b})", "{a}[0] = {b}", "{a}[0] = 1.5", "{a}[...] = {b}", "{a}[[0]] = 2.0",
          "{a}[{a} > 0] = 0.5", "{a}.sin_()", "{a}.exp_()", "{a}.relu_()", "{a}.clamp_(-1, 1)",
          "{a} += 1", "{a} *= {b}", "{a}.sub_({b}, alpha=2)", "{a}.masked_fill_({a} > 1, 0.1)",
          "{a}.pow_(2)", "{a}.sigmoid_()", "{a}.div_(2)", "{a}.neg_()", "{a}.detach_()",
          "{a}.requires_grad_()", "{a}.retain_grad()", "{a}.register_hook(lambda g: seen.append(g.clone()))",
          "{a}.register_hook(lambda g: g * 2)", "{a}.requires_grad_(False)"]  # fmt: skip
COMPUTED = ["{a} * {b}", "{a} + {b}", "{a}.sin()", "{a} ** 2", "{a}.exp()", "{a} * 2", "{a}.sum()",
            "{a}.mean() * {b}", "torch.stack([{a}, {a}])", "{a} / 3", "{a}.abs()"]  # fmt: skip


def writes(rng: random.Random) -> list[str]:
    """Views, writes through them, hooks and retained gradients, then a sweep."""
    names = ["x", "w"]
    lines = ["seen = []", f"x = {leaf(rng, rng.choice(SHAPES[2:5]))}",
             f"w = {leaf(rng, rng.choice(SHAPES[:4]))}.requires_grad_()"]  # fmt: skip
    if rng.random() < 0.6:
        lines.append("x.requires_grad_()")
    for k in range(rng.randint(3, 8)):
        a, b = rng.choice(names), rng.choice(names)
        kind, mode = rng.random(), "with torch.no_grad(): " if rng.random() < 0.12 else ""
        if kind < 0.35:
            names.append(f"v{k}")
            lines.append(f"{mode}v{k} = {rng.choice(VIEWS).format(a=a)}")
        elif kind < 0.7:
            write = rng.choice(WRITES).format(a=a, b=b)
            # PyTorch itself crashes where a hook is put on a view that no_grad wrote past.
            if "hook" not in write or not any("no_grad" in line for line in lines):
                lines.append(mode + write)
        else:
            names.append(f"v{k}")
            lines.append(f"{mode}v{k} = {rng.choice(COMPUTED).format(a=a, b=b)}")
    chosen = rng.choice(names)
    ends = [f"{chosen}.sum().backward()", f"g = torch.autograd.grad({chosen}.sum(), w, allow_unused=True)",
            f"{chosen}.sum().backward(inputs=[w])", f"({chosen}.sum() + w.sum()).backward(retain_graph=True)"]  # fmt: skip
    return [*lines, rng.choice(ends), rng.choice(ends)]


# --- Running them -------------------------------------------------------------------------------


def run(torch, lines: list[str]):
    """What is left of each tensor and list; or the line that failed, and the error's type."""
    names: dict[str, object] = {"torch": torch, "F": torch.nn.functional}
    failed = None
    for number, line in enumerate(lines):
        try:
            exec(line, names)
        except Exception as error:
            failed = failed or (number, type(error).__name__, str(error)[:60])
            if number >= len(lines) - 3:
                continue
            break
    kept = {
        name: value for name, value in names.items() if name not in ("torch", "F", "__builtins__")
    }
    return failed, {name: seen_of(torch, value, name in "xyz") for name, value in kept.items()}


def seen_of(torch, value, layout=False):
    if isinstance(value, (tuple, list)):
        return [seen_of(torch, part) for part in value]
    if not isinstance(value, torch.Tensor):
        return value if isinstance(value, (int, float, type(None))) else None
    with torch.no_grad():
        plain = value.detach() if value.dtype == torch.bool else value.detach() + 0
        numbers = np.array(plain.tolist(), dtype=str(value.dtype).removeprefix("torch."))
    about = [tuple(value.shape), str(value.dtype), value.requires_grad]
    if layout and value.numel() > 1 and value.dim() > 1 and 1 not in value.shape:
        about.append(value.is_contiguous())
    try:
        about.append(value.is_leaf)
    except RuntimeError:
        about.append("a view that must not be")
    grad = None
    if (value.is_leaf if about[-1] != "a view that must not be" else False) or getattr(
        value, "retains_grad", False
    ) is True:
        grad = seen_of(torch, value.grad)
    return about, numbers, grad


def alike(one, other, rough=False) -> bool:
    """Equal, numbers within rounding: that of floats where the program has some (``rough``)."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(
            alike(a, b, rough) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if one.dtype.kind not in "fc":
            return bool((one == other).all())
        rounding = 1e-4 if rough else {"float32": 1e-4, "float64": 1e-8}.get(str(one.dtype), 1e-2)
        with np.errstate(all="ignore"):
            return bool(np.allclose(one, other, rounding, rounding, equal_nan=True))
    return one == other


def verdict(theirs, ours, rough: bool) -> str:
    """``same``, ``silent``, ``refused`` or ``answered``; ``edge``: PyTorch is not finite."""
    (failed, left), (failed_here, left_here) = theirs, ours
    if failed and failed_here:
        return "same" if failed[0] == failed_here[0] else "other line"
    if failed or failed_here:
        return "answered" if failed else "refused"
    different = [name for name in left if not alike(left[name], left_here.get(name), rough)]
    if not different:
        return "same"
    return "silent" if finite(left) and not (different == ["h"] and lost(left)) else "edge"


def lost(left) -> bool:
    """Whether PyTorch's second gradient is not finite."""
    return not finite([left["h"]])


def finite(value) -> bool:
    """Whether all of PyTorch's numbers are finite, but for those of second order."""
    if isinstance(value, dict):
        return all(finite(each) for name, each in value.items() if name not in ("h", "total"))
    if isinstance(value, (list, tuple)):
        return all(map(finite, value))
    return not isinstance(value, np.ndarray) or bool(np.isfinite(value).all())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["operations", "writes"])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument("--show", default="silent", help="verdicts to print programs of")
    parser.add_argument("--trace", action="store_true", help="say which one is run, on stderr")
    given = parser.parse_args()
    theirs, ours = importlib.import_module("torch"), importlib.import_module("gradcalc.autograd")
    theirs.set_num_threads(1)
    make = {"operations": operations, "writes": writes}[given.kind]
    found: Counter[str] = Counter()
    warnings.simplefilter("ignore")
    for number in range(given.first, given.first + given.count):
        lines = make(random.Random(f"{given.kind} {given.seed} {number}"))
        if given.trace:
            print(number, file=sys.stderr)
        one, other = run(theirs, lines), run(ours, lines)
        rough = any("float32" in line or "float()" in line for line in lines)
        word = verdict(one, other, rough)
        found[word] += 1
        if word in given.show.split(","):
            print(f"--- {word} {number}", *lines, sep="\n")
            print(
                "PyTorch:",
                one[0] or "",
                {k: v for k, v in one[1].items() if not alike(v, other[1].get(k), rough)},
            )
            print("here:   ", other[0] or "", {k: other[1].get(k) for k, v in one[1].items()
                                               if not alike(v, other[1].get(k), rough)})  # fmt: skip
    print(dict(found))
    return 1 if found["silent"] else 0


if __name__ == "__main__":
    sys.exit(main())
