"""All that is said of a measurement model: first order, second, draws, and which of them holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from gradcalc.engine.point import At
from gradcalc.engine.program import Program
from gradcalc.errors import Exit
from gradcalc.uncertainty.inputs import Inputs
from gradcalc.uncertainty.linear import Linear
from gradcalc.uncertainty.montecarlo import Sampled, simulate
from gradcalc.uncertainty.second import Second, second
from gradcalc.uncertainty.verdict import Linearity, tolerance

FIRST, SECOND, DRAWS = "linear", "second order", "Monte Carlo"


class Result(NamedTuple):
    """What one way of propagation says of an output. ``interval`` is None where it has none."""

    by: str
    value: float
    u: float
    interval: tuple[float, float] | None


class Setting(NamedTuple):
    """``level`` is the part that intervals cover, ``digits`` are those of u that count, ``trials``
    the draws (0: none) and ``seed`` which."""

    level: float = 0.95
    digits: int = 2
    trials: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Propagation:
    """Of m outputs."""

    setting: Setting
    linear: Linear
    seconds: tuple[Second | None, ...]
    sampled: Sampled | None
    verdicts: tuple[Linearity, ...]

    def factor(self, output: int) -> float:
        return self.linear.factor(output, self.setting.level)

    def results(self, output: int) -> list[Result]:
        """By all the ways there are."""
        found = [first(self.linear, output, self.setting.level)]
        second = self.seconds[output]
        if second is not None:
            ends = second.interval(self.setting.level, self.factor(output))
            found.append(Result(SECOND, second.mean, second.u, ends))
        if self.sampled is not None:
            found.append(drawn(self.sampled, output))
        return found

    def best(self, output: int) -> Result | None:
        """The linear result where it stands, else the one that it was measured by, which may have
        no interval; None where that is no better."""
        verdict, results = self.verdicts[output], self.results(output)
        if verdict.stands is not False:
            return results[0]
        return next((r for r in results if r.by == verdict.by and verdict.replaced), None)

    @property
    def remarks(self) -> list[str]:
        """What was assumed on the way."""
        reasons = [self.linear.dof(i).reason for i in range(len(self.verdicts))]
        found = [f"{reason}; k is the normal one" for reason in dict.fromkeys(reasons) if reason]
        return found + (self.sampled.remarks if self.sampled is not None else [])

    @property
    def exit(self) -> Exit:
        codes = [verdict.exit for verdict in self.verdicts]
        return next((code for code in (Exit.DISAGREES, Exit.UNDECIDED) if code in codes), Exit.DONE)


def propagate(program: Program, at: At, inputs: Inputs, setting: Setting) -> Propagation:
    """``at`` is the program at the estimates of the inputs.

    Raises BindingError and UndefinedError for draws that cannot be had.
    """
    linear = Linear(inputs, at.value, at.jacobian())
    outputs = range(len(program.outputs))
    seconds = tuple(second(program, linear, output) for output in outputs)
    sampled = None
    if setting.trials:
        sampled = simulate(program, inputs, setting.trials, setting.seed, setting.level)
    verdicts = tuple(
        _judged(linear, output, seconds[output], sampled, setting, program.outputs[output])
        for output in outputs
    )
    return Propagation(setting, linear, seconds, sampled, verdicts)


def first(linear: Linear, output: int, level: float) -> Result:
    value, u = float(linear.value[output]), float(linear.u[output])
    reach = linear.factor(output, level) * u
    return Result(FIRST, value, u, (value - reach, value + reach))


def drawn(sampled: Sampled, output: int) -> Result:
    low, high = sampled.intervals[output].tolist()
    return Result(DRAWS, float(sampled.mean[output]), float(sampled.u[output]), (low, high))


def _judged(
    linear: Linear,
    output: int,
    second: Second | None,
    sampled: Sampled | None,
    setting: Setting,
    name: str,
) -> Linearity:
    """By draws where there are some, else by the second order."""
    line = first(linear, output, setting.level)
    assert line.interval is not None
    unit = tolerance(line.u, setting.digits)
    if sampled is not None:
        return Linearity(
            name, setting.digits, unit, line.interval, DRAWS,
            noise=float(sampled.errors[output].max()), trials=sampled.trials,
            better=drawn(sampled, output).interval,
        )  # fmt: skip
    if second is None:
        reason = "the expression is too large for its second derivatives"
        return Linearity(name, setting.digits, unit, line.interval, SECOND, reason=reason,
                         judged=False)  # fmt: skip
    ends = second.interval(setting.level, linear.factor(output, setting.level))
    verdict = Linearity(name, setting.digits, unit, line.interval, SECOND, better=ends)
    if ends is None:
        return replace(verdict, reason=_why(second), replaced=second.known and second.settled)
    if verdict.stands and second.departure > unit:
        return replace(verdict, better=None, reason=_departed(second), replaced=False)
    return verdict


def _why(second: Second) -> str:
    """No interval of second order."""
    if not second.known:
        return "the second order has no uncertainty either"
    if not second.settled:
        return f"the second order, u = {second.u:.3g}, is larger than the first"
    return (f"its distribution is far from normal (skewness {second.skewness:.2g}), and this order "
            "has no interval for it")  # fmt: skip


def _departed(second: Second) -> str:
    if math.isinf(second.departure):
        return f"at {second.place}, within the uncertainties, the expression has no value"
    return f"at {second.place} the expression is {second.departure:.2g} from its second order"
