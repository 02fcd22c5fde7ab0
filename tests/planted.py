"""Three rows that the table does not have, put into it before anything else is imported.

Run as a script it asks every part of the house about them, and prints what each said as JSON. There
is no edit beside the rows: a step, a function of unknown growth, and one that sympy does not know.
"""

from __future__ import annotations

from gradcalc.functions import primitives as table

STEP = table.unary(
    "staircase", lambda x: 2 * table.np.floor(x / 2), d="0", kink="x/2 == floor(x/2)",
    doc="even numbers below or equal",
    sympy=lambda x: 2 * table.sp.floor(x / 2),
    mpmath=lambda x: 2 * table.mp.floor(x / 2),
)  # fmt: skip
GROWING = table.unary(
    "shi", lambda x: table.special.shichi(x)[0], d="where(x == 0, 1, sinh(x)/x)",
    doc="hyperbolic sine integral", sympy=table.sp.Shi,
)  # fmt: skip
UNKNOWN = table.unary(
    "dawsn", table.special.dawsn, d="1 - 2*x*out", doc="Dawson's integral",
    mpmath=lambda x: table.mp.sqrt(table.mp.pi()) / 2 * table.mp.exp(-x * x) * table.mp.erfi(x),
)  # fmt: skip

import contextlib  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import mpmath  # noqa: E402
import numpy as np  # noqa: E402
from scipy import special  # noqa: E402

import gradcalc  # noqa: E402
import gradcalc.autograd as torch  # noqa: E402
from gradcalc.cli.app import main  # noqa: E402
from gradcalc.engine.narrow import is_narrow  # noqa: E402
from gradcalc.render.formats import FORMATS, FORMATS_OF  # noqa: E402
from gradcalc.render.picture import PICTURES  # noqa: E402

TRUTH: dict[str, Callable[[Any], Any]] = {
    "staircase": lambda x: 2 * mpmath.floor(x / 2),
    "shi": mpmath.shi,
    "dawsn": lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x),
}
POINT = 2.7

ASKED: dict[str, Callable[[str], Any]] = {}


def asked(question: Callable[[str], Any]) -> Callable[[str], Any]:
    ASKED[question.__name__] = question
    return question


def said(*words: str, stdin: str = "") -> str:
    """What a command line prints; its exit code first."""
    out, before = io.TextIOWrapper(io.BytesIO()), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = main(words)
    finally:
        sys.stdin = before
    out.seek(0)
    return f"{code}\n{out.read()}"


def close(ours: Any, truth: Any) -> bool:
    return bool(np.allclose(np.asarray(ours, float), np.asarray(truth, float), 1e-9, 1e-9))


def derivative(name: str, order: int) -> float:
    return float(mpmath.diff(TRUTH[name], POINT, order))


@asked
def values_and_slopes_are_those_of_mpmath(name: str) -> bool:
    text = f"{name}(x)"
    sine = float(np.sin(POINT)), float(np.cos(POINT))
    product = gradcalc.compile(f"{name}(x)*sin(x)")
    f, slope = float(TRUTH[name](POINT)), derivative(name, 1)
    both = [product.jacobian([POINT], mode) for mode in ("forward", "reverse")]
    return (
        close(gradcalc.evaluate(text, [POINT]), [f])
        and close(both, [[[slope * sine[0] + f * sine[1]]]] * 2)
        and close(gradcalc.hessian(text, [POINT]), [[derivative(name, 2)]])
        and close(gradcalc.hvp(text, [POINT], [2]), [2 * derivative(name, 2)])
        and close(gradcalc.vjp(text, [POINT], [3]), [3 * slope])
        and close(gradcalc.jvp(text, [POINT], [3]), [3 * slope])
    )


@asked
def many_points_have_what_each_has_alone(name: str) -> bool:
    program = gradcalc.compile(f"{name}(x) - {name}(x)*y, relu({name}(x)) + y")
    points = np.random.default_rng(0).choice([-900.0, -3.0, 0.0, 0.5, 2.0, 900.0], (1000, 2))
    with np.errstate(all="ignore"):
        many, values = program.jacobian(points), program(points)
        alone = np.array([program.jacobian(point) for point in points[:60]])
        singly = np.array([program(point) for point in points[:60]])
    return bool(
        np.allclose(many[:60], alone, 1e-12, equal_nan=True)
        and np.allclose(values[:60], singly, 1e-12, equal_nan=True)
        and not (np.isnan(values).any(1) & np.isfinite(many).all((1, 2))).any()
    )


@asked
def a_deep_chain_is_swept_narrowly(name: str) -> bool:
    text = "y0 = x\n" + "\n".join(f"y{k + 1} = {name}(y{k})*0.5 + x" for k in range(200))
    program = gradcalc.compile(text)
    slow = gradcalc.compile(text + "".join(f", {k}*x" for k in range(2000)))
    return (
        is_narrow(program.graph)
        and not is_narrow(slow.graph)
        and close(program.jacobian([0.3])[0], slow.jacobian([0.3])[0])
    )


@asked
def tensors_have_it(name: str) -> bool:
    x = torch.tensor([POINT], dtype=torch.float64, requires_grad=True)
    y = getattr(torch, name)(x)
    (g,) = torch.grad(y * x, x, create_graph=True)
    found = float(TRUTH[name](POINT)) + POINT * derivative(name, 1)
    second = torch.grad(g, x)[0] if name != "staircase" else torch.tensor([0.0])
    return close(g.detach().numpy(), [found]) and close(
        second.numpy(), [2 * derivative(name, 1) + POINT * derivative(name, 2)]
    )


@asked
def checks(name: str) -> dict[str, Any]:
    text, wrong = f"{name}(x)*sin(x)", gradcalc.compile(f"{name}(x)*sin(x)*(1 + 1e-9*x)")
    from gradcalc.check.verify import verify

    found = {}
    for method in ("auto", "sympy", "mpmath", "differences"):
        at = gradcalc.compile(text).at([POINT])
        truth, false = at.jacobian(), wrong.jacobian([POINT])
        question = at.ask("jacobian")
        found[method] = [verify(question, e, method=method).passed for e in (truth, false)]
    return found


@asked
def says(name: str) -> dict[str, str]:
    text = f"{name}(x)*y"
    return {
        "eval": said("eval", text, "--at", "x=0.7,y=2"),
        "grad": said("grad", text, "--at", "x=0.7,y=2"),
        "hessian": said("hessian", text, "--at", "x=0.7,y=2"),
        "explain": said("explain", text, "--at", "x=0.7,y=2"),
        "batch": said("batch", f"{name}(x)", "--points", "-", stdin="x\n0.7\n2\n"),
        "backward": said("backward", f"{name}(x)", "--at", "x=0.7"),
        "pattern": said("pattern", text),
        "functions": said("functions"),
        "turns": said("grad", f"where({name}(x) > 1, x, x**2/2)", "--at", "2"),
        "kink": said("grad", f"{name}(x)", "--at", "2"),
        **{f"graph {p}": said("graph", text, "-f", p) for p in PICTURES},
        **{f"grad {f}": said("grad", text, "--at", "x=0.7,y=2", "-f", f)
           for f in FORMATS_OF["an answer"] if not FORMATS[f].binary},
    }  # fmt: skip


def outcome(question: Callable[[str], Any], name: str) -> Any:
    try:
        return question(name)
    except Exception as error:
        return repr(error)


if __name__ == "__main__":
    rows = [STEP.name, GROWING.name, UNKNOWN.name]
    assert close(GROWING.numpy(POINT), special.shichi(POINT)[0])
    json.dump({key: {name: outcome(f, name) for name in rows} for key, f in ASKED.items()},
              sys.stdout)  # fmt: skip
