"""A command line is run, and what it says is held against the trees' own numbers."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any, NamedTuple

from flint import arb, ctx

from gradcalc.cli.app import main
from tests.attack import growing
from tests.attack.enclosing import enclosed
from tests.attack.finding import Finding
from tests.attack.trees import (
    TINY,
    BoundaryError,
    Tree,
    UndefinedError,
    as_double,
    curvature,
    error,
    mixed,
    slope,
    text,
    value,
    variables,
)

RIGHT = 1e-13
"""An answer that is no farther off than this is right: to condemn it is an accusation."""
SURE_OF_ITS_DIGITS = 1e-12
"""What all digits of a number are good for of which no doubt is told."""
BUDGET = "2"
EXITS = {"agrees": 0, "disagrees": 1, "undecided": 5, "few digits": 6}
BITS = 512


class Case(NamedTuple):
    """A command line; the entries' names and the values that it is asked for, with the truth of
    each: a ball, or None where there is none or it is not known."""

    words: list[str]
    key: str
    entries: list[Any]
    values: list[Any]


def run(words: list[str], stdin: str = "") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return int(code), out.getvalue(), err.getvalue()


def known(find: Callable[[], Any]) -> Any:
    """A ball, 'undefined', or None where it is not known."""
    try:
        return find()
    except UndefinedError:
        return "undefined"
    except BoundaryError:
        return None


def _point(at: Mapping[str, float]) -> list[str]:
    return ["--at", ",".join(f"{name}={number!r}" for name, number in at.items())]


# --- what is asked --------------------------------------------------------------------------------

KINDS = ("eval", "grad", "jacobian", "vjp", "jvp", "hessian", "hvp")


def asked(draw: Random, kind: str, trees: list[Tree], at: Mapping[str, float]) -> Case:
    """A command about some outputs, and the truth."""
    names = sorted(set().union(*map(variables, trees)))
    at = {name: at[name] for name in names}
    values = [known(partial(value, tree, at)) for tree in trees]
    weights = [draw.choice((1.0, -2.0, 0.5, 3.0)) for _ in (trees if kind == "vjp" else names)]
    words, entries = [kind, ", ".join(map(text, trees)), *_point(at)], []
    defined = all(isinstance(v, arb) for v in values)
    if kind in ("grad", "jacobian", "vjp", "jvp"):
        rows = [
            [known(partial(slope, t, at, n)) if defined else None for n in names] for t in trees
        ]
        rows = [[e if isinstance(e, arb) else None for e in row] for row in rows]
        if kind == "vjp":
            entries = [mixed(column, weights) for column in zip(*rows, strict=True)]
        elif kind == "jvp":
            way = dict(zip(names, weights, strict=True))
            along = [known(partial(slope, t, at, way)) if defined else None for t in trees]
            entries = [
                mixed(row, weights) if isinstance(there, arb) else None
                for row, there in zip(rows, along, strict=True)
            ]
        else:
            entries = [entry for row in rows for entry in row]
    if kind in ("hessian", "hvp"):
        square = [
            [known(partial(curvature, trees[0], at, i, j)) if defined else None
             for j in names]
            for i in names
        ]  # fmt: skip
        square = [[e if isinstance(e, arb) else None for e in row] for row in square]
        bent = [mixed(row, weights) for row in square]
        entries = bent if kind == "hvp" else [entry for row in square for entry in row]
    if kind in ("vjp", "jvp", "hvp"):
        words += ["--v" if kind == "vjp" else "--u", ",".join(map(repr, weights))]
    key = "gradient" if kind == "grad" else kind
    return Case(words, key, entries, values)


# --- what is said ---------------------------------------------------------------------------------


def judge(case: Case, more: list[str]) -> tuple[str, list[Finding]]:
    """The outcome of a command, and what is wrong with it."""
    words = [*case.words, *more, "--budget", BUDGET, "-f", "json"]
    code, out, err = run(words)
    if code not in (0, 1, 4, 5, 6) or "Traceback" in err:
        return "refused", [] if code == 3 else [Finding("crash", words, f"exit {code}: {err}")]
    if not out.strip():
        return "no answer", []
    answer = json.loads(out)
    check = answer.get("check") or {}
    outcome = check.get("outcome", "none")
    findings = []
    if code != 4 and outcome in EXITS and code != EXITS[outcome]:
        findings.append(Finding("exit code", words, f"{outcome} and exit {code}"))
    numbers = [
        math.nan if number is None else number
        for key in ("value", case.key)
        for number in _flat(answer.get(key, []))
    ]
    holes = iter([float(gap["value"]) for gap in answer.get("nonfinite", ())])
    numbers = [next(holes, math.nan) if number != number else number for number in numbers]
    truths = case.values + (case.entries if case.key != "eval" else [])
    if len(truths) != len(numbers):
        return outcome, [*findings, Finding("shape", words, f"{len(numbers)} of {len(truths)}")]
    digits = _digits(answer, len(case.values), len(numbers))
    findings += _passed(words, outcome, check, numbers, truths, digits)
    findings += _accused(words, outcome, numbers, truths)
    findings += _enclosed(words, check, truths, len(case.values))
    return outcome, findings


def _flat(numbers: Any) -> list[Any]:
    if isinstance(numbers, list):
        return [number for part in numbers for number in _flat(part)]
    return [numbers]


def _digits(answer: Any, values: int, count: int) -> list[int | None]:
    """How many digits are claimed to be right, number by number."""
    told = answer.get("certificate")
    if told:
        return [*told["value_digits"], *told["digits"]]
    least = (answer.get("check") or {}).get("digits")
    return [least] * count


def _passed(
    words: list[str], outcome: str, check: Any, numbers: Any, truths: Any, digits: Any
) -> list[Finding]:
    if outcome != "agrees":
        return []
    left_out = len(numbers) - check["checked"] - check["values"]
    wrong = []
    for number, true, claimed in zip(numbers, truths, digits, strict=True):
        if true is None or number != number:
            continue
        if isinstance(true, str):
            wrong.append(f"{number!r} where nothing is defined")
            continue
        off = error(number, true)
        if claimed == 0 and not as_double(true):
            continue  # a number that stands for 0
        if claimed is not None and off > 10.0 ** -min(claimed, 15) * (1 + 1e-9):
            wrong.append(f"{number!r}, true {true.str(20)}, {claimed} digits claimed")
        elif claimed == 17 and off:
            wrong.append(f"{number!r} is not nearest to {true.str(25)}")
        elif off > 1e-6:
            wrong.append(f"{number!r}, true {true.str(20)}")
    certain = all(d is not None for d in digits) or "certificate" in check
    if len(wrong) > (0 if certain and not left_out else left_out):
        return [Finding("passed wrong", words, "; ".join(wrong))]
    return []


def _accused(words: list[str], outcome: str, numbers: Any, truths: Any) -> list[Finding]:
    if outcome not in ("disagrees", "few digits"):
        return []
    if any(true is None or isinstance(true, str) for true in truths):
        return []
    if all(error(n, t) <= RIGHT for n, t in zip(numbers, truths, strict=True)):
        kind = "accused" if outcome == "disagrees" else "doubted"
        return [Finding(kind, words, f"{numbers} is right")]
    return []


def _enclosed(words: list[str], check: Any, truths: Any, values: int) -> list[Finding]:
    """Balls that do not hold the truth."""
    enclosures = check.get("enclosures")
    if not enclosures:
        return []
    balls = [*enclosures["values"], *enclosures["entries"]]
    missed = []
    for ball, true in zip(balls, truths, strict=False):
        if ball is None or not isinstance(true, arb):
            continue
        with ctx.workprec(BITS):
            low, high = _exact(ball["lower"]), _exact(ball["upper"])
            slack = abs(true) * arb(2) ** -70 + TINY
            if low - slack > true or high + slack < true:
                missed.append(f"{ball['decimal']} misses {true.str(30)}")
    return [Finding("enclosure", words, "; ".join(missed))] if missed else []


def _exact(text: str) -> Any:
    """C's %a, of any length."""
    if text.endswith("inf"):
        return arb.neg_inf() if text[0] == "-" else arb.pos_inf()
    sign = -1 if text[0] == "-" else 1
    mantissa, _, power = text.lstrip("-").removeprefix("0x").partition("p")
    whole, _, part = mantissa.partition(".")
    return sign * arb(int(whole + part, 16)) * arb(2) ** (int(power) - 4 * len(part))


def share_proven(check: Any) -> tuple[int, int]:
    """Numbers with an enclosure, and all."""
    enclosures = check.get("enclosures") or {"values": [], "entries": []}
    balls = [*enclosures["values"], *enclosures["entries"]]
    return sum(ball is not None for ball in balls), len(balls)


# --- the kinds of attack --------------------------------------------------------------------------

MORE = ([], [], [], ["--certify"], ["--precise"], ["--check", "arb"], ["--check", "sympy"],
        ["--check", "mpmath"])  # fmt: skip


def random_command(draw: Random) -> tuple[str, list[Finding]]:
    kind = draw.choice(KINDS)
    for _ in range(4):
        count = draw.choice((1, 1, 2)) if kind in ("eval", "jacobian", "vjp", "jvp") else 1
        trees = [growing.tree(draw, draw.choice((1, 2, 2, 3, 3, 4))) for _ in range(count)]
        at = {name: growing.coordinate(draw) for name in growing.NAMES}
        names = set().union(*map(variables, trees))
        if not names:
            continue
        if all(isinstance(known(partial(value, tree, at)), arb) for tree in trees):
            break
    if not names:
        return "no variable", []
    more = draw.choice(MORE)
    return judge(asked(draw, kind, trees, at), list(more))


def cancelled(draw: Random) -> tuple[str, list[Finding]]:
    tree, at = growing.cancellation(draw)
    kind = draw.choice(("eval", "eval", "grad", "grad", "hessian", "jacobian"))
    return judge(asked(draw, kind, [tree], at), list(draw.choice(MORE)))


def on_a_step(draw: Random) -> tuple[str, list[Finding]]:
    if draw.random() < 0.3:
        tree, at, rise = growing.branch(draw)
        with ctx.workprec(BITS):
            height = arb(rise) * arb(at["x"])
        case = Case(["grad", text(tree), *_point(at)], "gradient", [arb(rise)], [height])
    else:
        tree, at, parts = growing.step(draw)
        with ctx.workprec(2 * BITS):
            true = arb(parts[0]) + arb(parts[1])
        case = Case(["eval", text(tree), *_point(at)], "eval", [], [true])
    return judge(case, list(draw.choice(MORE)))


def _claim(draw: Random) -> tuple[list[str], Any, str]:
    """A formula, and its derivative as a tree and a ball at the point."""
    while True:
        tree = growing.smooth(draw, draw.choice((2, 3, 3)))
        if "x" not in variables(tree):
            continue
        at = {name: growing.coordinate(draw) for name in sorted(variables(tree))}
        right = growing.derivative(tree, "x")
        with ctx.workprec(BITS):
            true = known(partial(slope, tree, at, "x"))
            theirs = known(partial(value, right, at))
        if not isinstance(true, arb) or not isinstance(theirs, arb):
            continue
        if true.is_zero() or not 1e-290 < abs(as_double(true)) < 1e290:
            continue
        if error(as_double(theirs), true) > 1e-14:
            continue  # it cancels, so that even the double for pi shows
        words = ["check", text(tree), *_point(at), "--wrt", "x", "--budget", BUDGET, "-f", "json"]
        return words, true, text(right)


def right_claim(draw: Random) -> tuple[str, list[Finding]]:
    words, true, formula = _claim(draw)
    claim = draw.choice((formula, formula, repr(as_double(true))))
    return _ruled([*words, "--claim", claim], True, true)


def wrong_claim(draw: Random) -> tuple[str, list[Finding]]:
    words, true, formula = _claim(draw)
    off = draw.choice((1e-13, 1e-12, 1e-10, 1e-7, 1e-3, 0.5, -2.0))
    how = draw.random()
    if how < 0.4:
        claim = f"({formula})*{1 + off!r}"
    elif how < 0.5:
        claim = f"({formula}) + {as_double(true) * off!r}"
    else:
        claim = repr(as_double(true * arb(1 + off)))
    return _ruled([*words, "--claim", claim], False, true)


def _ruled(words: list[str], right: bool, true: Any) -> tuple[str, list[Finding]]:
    code, out, err = run(words)
    if not out.strip():
        return f"exit {code}", [] if code in (3, 4, 5) else [Finding("crash", words, err)]
    said = json.loads(out)["claim"]["right"]
    outcome = {True: "right", False: "wrong", None: "undecided"}[said]
    if said is None or said is right:
        return outcome, []
    kind = "right claim rejected" if right else "wrong claim accepted"
    return outcome, [Finding(kind, words, f"true {true.str(20)}")]


ATTACKS: dict[str, Callable[[Random], tuple[str, list[Finding]]]] = {
    "commands": random_command,
    "cancellations": cancelled,
    "steps": on_a_step,
    "right claims": right_claim,
    "wrong claims": wrong_claim,
    "enclosures": enclosed,
}
