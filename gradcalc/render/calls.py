"""Calls of ``backward`` and what each left in ``x.grad``, in every format."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcalc.errors.text import safe
from gradcalc.render.frame import framed
from gradcalc.render.numbers import aligned, exact, shown
from gradcalc.render.product import product
from gradcalc.render.records import (
    MARKS,
    RECORDS,
    escaped,
    markdown,
    matrix_market,
    numpy_file,
    plain,
    separated,
)

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict


class Call(NamedTuple):
    """A call of ``y.backward``: its gradient (None: none was given), and ``x.grad`` after it."""

    gradient: list[float] | None
    grad: list[float]


@dataclass(frozen=True)
class Calls:
    """The calls on one ``y``, at one ``x``; ``at`` is the point as it was bound."""

    variables: tuple[str, ...]
    outputs: tuple[str, ...]
    at: Mapping[str, Any]
    x: Sequence[float]
    value: Sequence[float]
    calls: Sequence[Call]
    retain_graph: bool
    zero_grad: bool
    verdict: Verdict | None
    notes: tuple[str, ...]
    total: Sequence[float] = ()
    """The vector that ``x.grad`` is vᵀJ of in the end."""
    jacobian: Sequence[Sequence[float]] = ()
    """What it is multiplied by, where that is small."""

    @property
    def grads(self) -> list[list[float]]:
        return [call.grad for call in self.calls]

    def said(self, digits: int | None) -> list[str]:
        """The calls as Python has them."""
        retain = ["retain_graph=True"] if self.retain_graph else []
        return [f"y.backward({', '.join(_given(call, digits) + retain)})" for call in self.calls]


def _given(call: Call, digits: int | None) -> list[str]:
    numbers = call.gradient
    return [] if numbers is None else [f"[{', '.join(shown(v, digits) for v in numbers)}]"]


def _table(calls: Calls, digits: int | None) -> str:
    """The point, the values, a line for each call, the verdict."""

    def listed(names: Sequence[str], numbers: Sequence[float]) -> str:
        pairs = zip(map(safe, names), numbers, strict=True)
        return ", ".join(f"{name} = {shown(number, digits)}" for name, number in pairs)

    lines = [
        f"x: {listed(calls.variables, calls.x)}",
        f"y: {listed(calls.outputs, calls.value)}   grad_fn=<CompiledBackward>",
        "",
        *_lines(calls, digits),
        "",
    ]
    if made := product(calls.total, calls.jacobian, calls.grads[-1], digits):
        lines += [*made, ""]
    if len(calls.calls) > 1 and not calls.zero_grad:
        lines.append("note: gradients accumulate; --zero-grad sets .grad to None before each call")
    if calls.verdict is not None:
        lines.append(calls.verdict.line)
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(calls: Calls, digits: int | None) -> list[str]:
    """``x.grad`` after each call, a column for each variable."""
    said = ["x.grad after", *calls.said(digits)]
    columns = []
    for k, name in enumerate(calls.variables):
        numbers = aligned([shown(grad[k], digits) for grad in calls.grads])
        width = max(map(len, [name, *numbers]))
        columns.append([text.rjust(width) for text in (name, *numbers)])
    width = max(map(len, said))
    rows = zip(said, *columns, strict=True)
    return [f"{words:{width}}   {'   '.join(cells)}".rstrip() for words, *cells in rows]


def _record(calls: Calls) -> dict[str, Any]:
    body = {
        "value": calls.value,
        "retain_graph": calls.retain_graph,
        "calls": [call._asdict() for call in calls.calls],
    }
    record = framed(
        "backward", calls.variables, calls.outputs, calls.at, body, calls.verdict, calls.notes
    )
    gaps = [
        {"key": f"calls[{k}].grad", "row": "", "col": name, "value": exact(number)}
        for k, grad in enumerate(calls.grads)
        for name, number in zip(calls.variables, grad, strict=True)
        if not math.isfinite(number)
    ]
    return record | ({"nonfinite": gaps} if gaps else {})


def _markdown(calls: Calls, digits: int | None) -> str:
    rows = [
        [f"`{said}`", *(shown(x, digits) for x in grad)]
        for said, grad in zip(calls.said(digits), calls.grads, strict=True)
    ]
    return markdown(["`x.grad` after", *map(escaped, calls.variables)], rows)


def _array(calls: Calls) -> Any:
    import numpy as np

    return np.array(calls.grads)


Format = Callable[[Calls, int | None], str]


def _recorded(written: Callable[[dict[str, Any]], str]) -> Format:
    return lambda calls, digits: written(_record(calls))


def _marked(mark: str) -> Format:
    return lambda calls, digits: separated(calls.variables, calls.grads, mark)


WRITERS: dict[str, Format] = {
    "table": _table,
    **{name: _recorded(written) for name, written in RECORDS.items()},
    **{name: _marked(mark) for name, mark in MARKS.items()},
    "plain": lambda calls, _: plain(calls.grads),
    "mtx": lambda calls, _: matrix_market(_array(calls)),
    "npy": lambda calls, _: numpy_file(_array(calls)),
    "markdown": _markdown,
}
"""A row for each call, a column for each variable."""
