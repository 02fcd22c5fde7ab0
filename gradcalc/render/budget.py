"""An uncertainty budget, in every format."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcalc.errors.text import safe
from gradcalc.render.brief import brief, to_place_of
from gradcalc.render.frame import checked, framed
from gradcalc.render.numbers import aligned, shown
from gradcalc.render.records import MARKS, RECORDS, escaped, markdown, plain, separated
from gradcalc.uncertainty.propagation import DRAWS, FIRST, Propagation, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradcalc.check.verdict import Verdict
    from gradcalc.uncertainty.linear import Pair
    from gradcalc.uncertainty.montecarlo import Sampled
    from gradcalc.uncertainty.second import Second
    from gradcalc.uncertainty.verdict import Linearity

DIGITS = 5
"""Significant digits of a table, unless --digits says otherwise."""
MOST_PAIRS = 20
"""Of correlated inputs in a table; the JSON has their correlations all."""


@dataclass(frozen=True, eq=False)
class Budget:
    """What ``gradcalc propagate`` found; ``at`` is the point as it was bound, ``verdict`` that on
    values and sensitivities, ``curved`` those on the second derivatives of each output. ``quiet``:
    no more is said than what is wrong."""

    outputs: tuple[str, ...]
    at: Mapping[str, Any]
    found: Propagation
    verdict: Verdict | None
    curved: tuple[Verdict | None, ...]
    quiet: bool
    notes: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.found.linear.inputs.names

    @property
    def level(self) -> str:
        return f"{100 * self.found.setting.level:.6g} %"

    def order(self, output: int) -> list[int]:
        """The inputs, the largest contribution first."""
        sizes = abs(self.found.linear.contributions[output])
        return sorted(range(len(self.inputs)), key=lambda j: -sizes[j])


# --- for people -----------------------------------------------------------------------------------


def _table(budget: Budget, digits: int | None) -> str:
    places = digits or DIGITS
    blocks = [block for i in range(len(budget.outputs)) for block in _output(budget, i, places)]
    if len(budget.outputs) > 1:
        blocks.append(_correlations(budget))
    remarks = [f"note: {note}" for note in budget.notes] + verdicts(budget)
    blocks += [[safe(remark) for remark in remarks]] if remarks else []
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks) + "\n"


def verdicts(budget: Budget) -> list[str]:
    """On the linear intervals, on the sensitivities, on the second derivatives."""
    found = [judgement(verdict, budget, i) for i, verdict in enumerate(budget.found.verdicts)]
    found += [budget.verdict.line] if budget.verdict is not None else []
    curved = [verdict for verdict in budget.curved if verdict is not None]
    if curved:  # one for all, the one that says least for us
        worst = min(curved, key=lambda verdict: (_RANKS[verdict.passed], -verdict.max_ulp))
        mark, _, rest = worst.line.partition(" ")
        what = "second derivatives" if len(curved) == 1 else "second derivatives of each output"
        found.append(f"{mark} {what}: {rest}")
    return [line for line in found if not (budget.quiet and line.startswith("✓"))]


_RANKS = {False: 0, None: 1, True: 2}


def _output(budget: Budget, i: int, digits: int) -> Iterator[list[str]]:
    yield [_headline(budget, i)]
    yield _columns(_budget_rows(budget, i, digits), left=1)
    if budget.found.sampled is not None or not budget.found.verdicts[i].stands:
        yield _columns(_compared(budget, i, digits), left=1)


def _compared(budget: Budget, i: int, digits: int) -> list[list[str]]:
    """What each way of propagation says, to two digits more than are told."""
    rows = [["", "value", "u", f"{budget.level} from", "to"]]
    more = budget.found.setting.digits + 2
    for by, value, u, ends in budget.found.results(i):
        told = [to_place_of(x, u, more, value) for x in (value, *(ends or ()))]
        rows.append([by, told[0], shown(u, digits), *(told[1:] or ("–", "–"))])
    return rows


def _headline(budget: Budget, i: int) -> str:
    name, best = safe(budget.outputs[i]), budget.found.best(i)
    if best is None:
        return f"{name}: the linear result does not stand, and nothing better was computed"
    digits = budget.found.setting.digits
    said = f"{name} = {brief(best.value, best.u, digits)}"
    if best.by != FIRST and best.interval is None:
        return f"{said}   ({best.by})"
    if best.by != FIRST:
        assert best.interval is not None
        low, high = (to_place_of(x, best.u, digits, best.value) for x in best.interval)
        return f"{said}   {budget.level}: {low} … {high}   ({best.by})"
    if not best.u:
        return f"{said}   exact: nothing uncertain reaches it"
    linear, k = budget.found.linear, budget.found.factor(i)
    value, reach = to_place_of(best.value, best.u * k, digits), brief(0.0, best.u * k, digits)
    dof = linear.dof(i).number
    freedom = f", ν = {dof:.4g}" if dof is not None and math.isfinite(dof) else ""
    return f"{said}   {budget.level}: {value} ± {_reach(reach)} (k = {k:.4g}{freedom})"


def _reach(text: str) -> str:
    """The uncertainty of ``0.00(14)`` in full: 0.14."""
    number, _, rest = text.partition("(")
    digits, _, power = rest.partition(")")
    if "." in digits or "." not in number:
        return digits + power
    return number[: len(number) - len(digits)] + digits + power


def _budget_rows(budget: Budget, i: int, digits: int) -> list[list[str]]:
    linear = budget.found.linear
    inputs, shares = linear.inputs, linear.shares(i)
    told = any(math.isfinite(dof) for dof in inputs.dof.tolist())
    freedom = ["ν"] if told else []
    rows = [["input", "value", "u", *freedom, "sensitivity", "contribution", "share of u²"]]
    for j in budget.order(i):
        dof = (
            [shown(inputs.dof[j], digits) if math.isfinite(inputs.dof[j]) else "∞"] if told else []
        )
        x, u = float(inputs.x[j]), float(inputs.u[j])
        slopes = (linear.J[i, j], linear.contributions[i, j])
        rows.append([safe(inputs.names[j]), to_place_of(x, u), shown(u, digits), *dof,
                     *(shown(x, digits) for x in slopes), percent(shares[j])])  # fmt: skip
    pairs = linear.pairs(i)
    for pair in pairs[:MOST_PAIRS]:
        names = f"{inputs.names[pair.first]}, {inputs.names[pair.second]}"
        rows.append([safe(names), f"r = {pair.r:.4g}", "", *("" for _ in freedom), "", "",
                     percent(pair.share)])  # fmt: skip
    if len(pairs) > MOST_PAIRS:
        left = sum(pair.share for pair in pairs[MOST_PAIRS:])
        rows.append([f"{len(pairs) - MOST_PAIRS} more pairs", "", "", *("" for _ in freedom), "",
                     "", percent(left)])  # fmt: skip
    return rows


def percent(share: float) -> str:
    """A part of u² with one digit after the point, or one digit at all: '12.5 %', '0.007 %'."""
    return f"{100 * share:.1f} %" if abs(share) >= 5e-4 or not share else f"{100 * share:.1g} %"


def _columns(rows: list[list[str]], left: int) -> list[str]:
    """Texts to the left, numbers below their points, under a line of heads."""
    columns = []
    for k, (head, *cells) in enumerate(zip(*rows, strict=True)):
        width_of = cells if k < left else aligned(list(cells))
        width = max(map(len, (head, *width_of)))
        columns.append([text.ljust(width) if k < left else text.rjust(width)
                        for text in (head, *width_of)])  # fmt: skip
    lines = ["   ".join(cells) for cells in zip(*columns, strict=True)]
    return [lines[0], "─" * max(map(len, lines)), *lines[1:]]


def _correlations(budget: Budget) -> list[str]:
    matrix, by = budget.found.linear.correlation, FIRST
    if budget.found.sampled is not None and budget.found.exit:
        matrix, by = budget.found.sampled.correlation, DRAWS
    names = [safe(name) for name in budget.outputs]
    rows = [[f"correlation ({by})", *names]]
    rows += [[name, *("–" if x != x else f"{x:.3f}" for x in row)]
             for name, row in zip(names, matrix.tolist(), strict=True)]  # fmt: skip
    return _columns(rows, left=1)


def judgement(verdict: Linearity, budget: Budget, i: int) -> str:
    """The verdict on linearity in a sentence."""
    of = f" of {verdict.output}" if len(budget.outputs) > 1 else ""
    what = f"the linear interval{of}"
    digits = f"to {verdict.digits} digit{'s' * (verdict.digits > 1)} of u"
    by = f"{verdict.trials:,} trials" if verdict.trials else verdict.by
    low, high = (f"{abs(distance):.2g}" for distance in verdict.off)
    apart = f"its ends are {low} and {high} off, tolerance {verdict.tolerance:g} ({by})"
    if not verdict.judged:
        return f"not judged: {what}, {verdict.reason}"
    if verdict.stands:
        return f"✓ {what} stands {digits}: {apart}"
    if verdict.stands is None:
        wanted = f"--monte-carlo {_wanted(verdict.wanted)}" if verdict.wanted else "--significant 1"
        return f"? {what}, {digits}: {apart}, ± {verdict.noise:.2g} by chance; {wanted}"
    if verdict.reason:
        return f"✗ {what} does not stand: {verdict.reason}; {_INSTEAD}"
    best = budget.found.best(i)
    assert best is not None
    assert best.interval is not None
    ends = " … ".join(to_place_of(x, best.u, verdict.digits, best.value) for x in best.interval)
    use = f"{brief(best.value, best.u, verdict.digits)}, {budget.level}: {ends}"
    line = f"✗ {what} does not stand {digits}: {apart}; use {use}"
    return line + ("" if verdict.trials else f", or {_INSTEAD}")


_INSTEAD = "--monte-carlo 1e6"


def _wanted(trials: int) -> str:
    """Rounded up to one digit: 3e6."""
    exponent = len(str(trials)) - 1
    first = trials // 10**exponent + 1
    return f"{first}e{exponent}" if first < 10 else f"1e{exponent + 1}"


# --- for programs ---------------------------------------------------------------------------------

_HEAD = ("output", "input", "value", "u", "dof", "sensitivity", "contribution", "share")


def _rows(budget: Budget) -> Iterator[list[Any]]:
    """A line for each output and input; then the outputs themselves."""
    linear = budget.found.linear
    inputs = linear.inputs
    for i, output in enumerate(budget.outputs):
        columns = (inputs.x, inputs.u, inputs.dof, linear.J[i], linear.contributions[i],
                   linear.shares(i))  # fmt: skip
        for name, *numbers in zip(inputs.names, *(c.tolist() for c in columns), strict=True):
            yield [output, name, *numbers]
        for pair in linear.pairs(i):
            names = f"{inputs.names[pair.first]},{inputs.names[pair.second]}"
            yield [output, names, "", "", "", "", "", pair.share]
        dof = linear.dof(i).number
        yield [output, "", float(linear.value[i]), float(linear.u[i]),
               math.nan if dof is None else dof, "", "", ""]  # fmt: skip


def _record(budget: Budget) -> dict[str, Any]:
    found, linear = budget.found, budget.found.linear
    inputs, m = linear.inputs, range(len(budget.outputs))
    results = [found.results(i)[0] for i in m]
    body: dict[str, Any] = {
        "value": linear.value.tolist(),
        "u": linear.u.tolist(),
        "level": found.setting.level,
        "k": [found.factor(i) for i in m],
        "expanded": [found.factor(i) * float(linear.u[i]) for i in m],
        "dof": [linear.dof(i).number for i in m],
        "interval": [r.interval for r in results],
        "inputs": [
            {"name": name, "value": x, "u": u, "dof": dof, "distribution": shape.distribution.name}
            for name, x, u, dof, shape in zip(
                inputs.names, inputs.x.tolist(), inputs.u.tolist(), inputs.dof.tolist(),
                inputs.shapes, strict=True,
            )
        ],
        "sensitivities": linear.J.tolist(),
        "contributions": linear.contributions.tolist(),
        "shares": [linear.shares(i).tolist() for i in m],
        "pairs": [_pair(budget, i, pair) for i in m for pair in linear.pairs(i)],
        "covariance": linear.covariance.tolist(),
        "correlation": linear.correlation.tolist(),
        "second_order": [_second(budget, i, second) for i, second in enumerate(found.seconds)],
    }  # fmt: skip
    if found.sampled is not None:
        body["monte_carlo"] = _sampled(budget, found.sampled)
    body["linear"] = [_linearity(verdict) for verdict in found.verdicts]
    body["best"] = [_best(budget, i) for i in m]
    return framed("propagate", budget.inputs, budget.outputs, budget.at, body, budget.verdict,
                  budget.notes)  # fmt: skip


def _pair(budget: Budget, i: int, pair: Pair) -> dict[str, Any]:
    names = budget.inputs
    return {"output": budget.outputs[i], "inputs": [names[pair.first], names[pair.second]],
            "r": pair.r, "share": pair.share}  # fmt: skip


def _second(budget: Budget, i: int, second: Second | None) -> dict[str, Any] | None:
    if second is None:
        return None
    setting = budget.found.setting
    return {"mean": second.mean, "shift": second.shift, "u": second.u,
            "skewness": second.skewness, "kurtosis": second.kurtosis,
            "interval": second.interval(setting.level, budget.found.factor(i)),
            "check": checked(budget.curved[i])}  # fmt: skip


def _sampled(budget: Budget, sampled: Sampled) -> dict[str, Any]:
    return {
        "trials": sampled.trials,
        "seed": budget.found.setting.seed,
        "undefined": sampled.undefined,
        "mean": sampled.mean.tolist(),
        "u": sampled.u.tolist(),
        "interval": sampled.intervals.tolist(),
        "shortest": sampled.shortest.tolist(),
        "standard_error": sampled.errors.tolist(),
        "covariance": sampled.covariance.tolist(),
        "correlation": sampled.correlation.tolist(),
    }


def _linearity(verdict: Linearity) -> dict[str, Any]:
    return {"stands": verdict.stands, "by": verdict.by, "digits": verdict.digits,
            "tolerance": verdict.tolerance, "off": list(verdict.off),
            "reason": verdict.reason}  # fmt: skip


def _best(budget: Budget, i: int) -> dict[str, Any] | None:
    best: Result | None = budget.found.best(i)
    if best is None:
        return None
    return {**best._asdict(), "brief": brief(best.value, best.u, budget.found.setting.digits)}


def _markdown(budget: Budget, digits: int | None) -> str:
    parts = []
    for i in range(len(budget.outputs)):
        head, *rows = _budget_rows(budget, i, digits or DIGITS)
        cells = [[escaped(cell) for cell in row] for row in rows]
        parts.append(f"{escaped(_headline(budget, i))}\n\n{markdown(head, cells)}")
    remarks = [*budget.notes, *verdicts(budget)]
    return "\n".join([*parts, *(f"{escaped(remark)}\n" for remark in remarks)])


def _plain(budget: Budget) -> str:
    """Value, u and expanded uncertainty of each output."""
    linear = budget.found.linear
    return plain(
        [float(linear.value[i]), float(linear.u[i]), budget.found.factor(i) * float(linear.u[i])]
        for i in range(len(budget.outputs))
    )


Format = Callable[[Budget, int | None], str]


def _recorded(written: Callable[[dict[str, Any]], str]) -> Format:
    return lambda budget, digits: written(_record(budget))


def _marked(mark: str) -> Format:
    return lambda budget, digits: separated(_HEAD, _rows(budget), mark)


WRITERS: dict[str, Format] = {
    "table": _table,
    **{name: _recorded(written) for name, written in RECORDS.items()},
    **{name: _marked(mark) for name, mark in MARKS.items()},
    "plain": lambda budget, _: _plain(budget),
    "markdown": _markdown,
}
"""Formats of a budget by name."""
