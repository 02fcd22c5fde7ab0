"""The partial derivatives of a primitive, made ready to be multiplied with a cotangent.

``gradcalc.calculus.rules`` gives a primitive's partials as a small graph. A ``Formula`` is that
graph for the operands that are wanted: which values to save on the way forward, what to compute
from them on the way back, and how each product v·∂f/∂x is formed. On tensors it is run step by
step (``products``), on arrays as code that is written once (``short``, ``long``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations.structural import no_slope
from gradcalc.calculus.rules import recipe, rule
from gradcalc.functions.primitives import CONVENTIONS, COS, DIV, MOD, OPERANDS, POW, TABLE, WHERE
from gradcalc.functions.row import Primitive

# How a product is formed; the numbers stand in ``Product.how``.
NOTHING, FLAT, SAME, NEGATED, TIMES, OVER, MINUS_OVER = range(7)
BLOCK = 16384
"""Elements at a time: they, and what is computed on the way, stay in the cache."""


FROM_OPERANDS = (DIV, MOD)
"""Whose rule reads the result, where PyTorch keeps the operands alone: it is computed again."""
_OUT = len(OPERANDS)


class Product(NamedTuple):
    """v·p: how, and the place of p among the values."""

    how: int
    place: int = 0
    mask: bool = False
    """Whether p is 0 or 1 by a comparison: PyTorch's mask, which nothing is differentiated by."""


class Formula(NamedTuple):
    """``saves`` are places in (operands…, out). Values are the saved ones, constants, results."""

    saves: tuple[int, ...]
    constants: tuple[float, ...]
    steps: tuple[tuple[Primitive, tuple[int, ...]], ...]
    products: tuple[Product, ...]
    selects: bool
    branches: bool
    """Whether a step chooses, or is flat: a 0 that comes back through it stays 0."""
    short: Callable[[Any, Any], Any] = no_slope
    """``short(saved, v)``: the products of arrays; None where a saved one was written to since."""
    long: Callable[..., None] | None = None
    """``long(v, *values, *outs)``: the same of thousands at a time, into memory that is given."""


@cache
def formula(primitive: Primitive, wanted: tuple[bool, ...]) -> Formula:
    """The formula for the operands that are wanted."""
    derived = rule(CONVENTIONS["torch"][POW.code] if primitive is POW else primitive)  # at 0**0
    graph, outputs = derived.graph, derived.outputs
    chosen = [node if wanted[k] else None for k, node in enumerate(outputs)]
    shapes = {node: _how(graph, node, primitive.selects) for node in chosen if node is not None}
    targets = {target for _, target in shapes.values() if target is not None}
    made = recipe(graph, tuple(sorted(targets)))
    inputs, steps = list(made.inputs), list(made.steps)
    if primitive in FROM_OPERANDS and _OUT in dict(inputs):
        known = dict(inputs)
        operands = tuple(known.get(role, -1 - role) for role in (0, 1))
        inputs = list(enumerate(operands))
        steps.insert(0, (known[_OUT], primitive, operands))
    computed = [node for node, _, _ in steps]
    order = [*(n for _, n in inputs), *(n for n, _ in made.constants), *computed]
    place = {node: k for k, node in enumerate(order)}
    products = []
    for k, node in enumerate(chosen):
        if node is None:
            flat = wanted[k] and primitive.partials[k] is not None
            products.append(Product(FLAT if flat else NOTHING))
            continue
        how, target = shapes[node]
        mask = target in computed and TABLE[graph.codes[target]].boolean
        products.append(Product(how, -1 if target is None else place[target], mask))
    found = Formula(
        saves=tuple(min(role, primitive.arity) for role, _ in inputs),
        constants=tuple(number for _, number in made.constants),
        steps=tuple((step, tuple(place[n] for n in below)) for _, step, below in steps),
        products=tuple(products),
        selects=primitive.selects,
        branches=any(step is WHERE or _is_flat(step) for _, step, _ in steps),
    )
    return found._replace(short=_short(found), long=_long(found))


def _is_flat(primitive: Primitive) -> bool:
    return all(partial in (None, "0") for partial in primitive.partials)


def _how(graph: Any, node: int, selects: bool) -> tuple[int, int | None]:
    """The cheapest way to multiply with this partial: by 1, by -1, by dividing, by multiplying."""
    value = graph.constants.get(node)
    if value in (1.0, -1.0):
        return (SAME if value == 1.0 else NEGATED), None
    code = graph.codes[node]
    if code == DIV.code and not selects and node not in graph.constants:
        top = graph.constants.get(graph.operands[0][node])
        if top in (1.0, -1.0):
            return (OVER if top == 1.0 else MINUS_OVER), graph.operands[1][node]
    return TIMES, node


def products(
    formula: Formula, saved: Sequence[Any], v: Any, apply: Callable[..., Any]
) -> list[Any]:
    """v·∂f/∂x for every operand, None where there is no slope to speak of (a condition).

    ``apply(primitive, *operands)`` computes on tensors.
    """
    values = [*saved, *formula.constants]
    for primitive, places in formula.steps:
        operands = [values[k] for k in places]
        # Numbers alone, as log(a) of aˣ or the slopes of leaky_relu, stay the doubles they are.
        if primitive is WHERE and not any(isinstance(x, Tensor) for x in operands[1:]):
            operands[1:] = [wrap(np.asarray(x)) for x in operands[1:]]
        if any(isinstance(x, Tensor) for x in operands):
            values.append(apply(primitive, *operands))
        else:
            values.append(np.asarray(primitive.numpy(*operands)).item())
    flowing = []
    for how, place, _ in formula.products:
        p = values[place] if how >= TIMES else None
        if formula.selects and how == TIMES:
            # Where the partial is 0 the operand has no say: nothing gets through, not a NaN.
            flowing.append(apply(WHERE, p != 0, v * p, 0.0))
        else:
            flowing.append(_MADE[how](v, p))
    return flowing


_MADE: dict[int, Callable[[Any, Any], Any]] = {
    NOTHING: lambda v, p: None, FLAT: lambda v, p: no_slope(v), SAME: lambda v, p: v,
    NEGATED: lambda v, p: -v, TIMES: lambda v, p: v * p, OVER: lambda v, p: v / p,
    MINUS_OVER: lambda v, p: -(v / p),
}  # fmt: skip


# --- As code --------------------------------------------------------------------------------------


def _chosen(p: Any, v: Any) -> Any:
    return np.where(np.equal(p, 0), v.dtype.type(0), v * p)


_FORMS = {NOTHING: "None", FLAT: "no_slope(v)", SAME: "v", NEGATED: "-v",
          OVER: "v / {}", MINUS_OVER: "-(v / {})"}  # fmt: skip
_INTO = {NEGATED: "negative(v, out={1})", TIMES: "times(v, {0}, out={1})",
         OVER: "divide(v, {0}, out={1})",
         MINUS_OVER: "negative(divide(v, {0}, out={1}), out={1})"}  # fmt: skip


def _steps(formula: Formula, kind: str) -> tuple[list[str], list[str], dict[str, Any]]:
    """The names of the values, a line of code for each step, and what these call."""
    names = [f"s{k}" for k in range(len(formula.saves))]
    known: dict[str, Any] = {f"c{k}": number for k, number in enumerate(formula.constants)}
    names += known
    lines = []
    for number, (primitive, places) in enumerate(formula.steps):
        # A cosine alone is quicker by numpy than by the two tangents of the row's own for many.
        known[f"f{number}"] = getattr(primitive, "numpy" if primitive is COS else kind)
        operands = ", ".join(names[k] for k in places)
        if len(formula.products) == 1 == len(formula.steps) and primitive.numpy_times is not None:
            known["times"] = primitive.numpy_times  # the product at once, in the step's place
            names.append(operands)
        else:
            lines.append(f"    t{number} = f{number}({operands})")
            names.append(f"t{number}")
    return names, lines, known


def _made(head: str, lines: list[str], known: dict[str, Any]) -> Any:
    exec("\n".join([head, *lines]), known)
    return known["pull"]


def _short(formula: Formula) -> Any:
    names, lines, known = _steps(formula, "numpy")
    known |= {"no_slope": no_slope, "chosen": _chosen}
    saved = names[: len(formula.saves)]
    if saved:
        entries = "".join(f"({name}, n{name}, w{name}, _), " for name in saved)
        changed = " or ".join(f"n{name}[0] != w{name}" for name in saved)
        lines = [f"    {entries}= saved", f"    if {changed}: return None", *lines]
    forms = _FORMS | {TIMES: "chosen({}, v)" if formula.selects else "times(v, {})"
                      if "times" in known else "v * {}"}  # fmt: skip
    made = ", ".join(forms[how].format(names[place] if how >= TIMES else "")
                     for how, place, _ in formula.products)  # fmt: skip
    return _made("def pull(saved, v):", [*lines, f"    return {made},"], known)


def _long(formula: Formula) -> Any:
    wanted = [product for product in formula.products if product.how != NOTHING]
    if formula.selects or any(product.how not in _INTO for product in wanted):
        return None
    names, lines, known = _steps(formula, "numpy_long")
    known = {"times": np.multiply, "divide": np.divide, "negative": np.negative} | known
    outs = [f"o{k}" for k in range(len(wanted))]
    lines += [f"    {_INTO[how].format(names[place] if how >= TIMES else '', out)}"
              for out, (how, place, _) in zip(outs, wanted, strict=True)]  # fmt: skip
    return _made(
        f"def pull({', '.join(['v', *names[: len(formula.saves)], *outs])}):", lines, known
    )


def by_blocks(formula: Formula, saved: Sequence[Any], v: Any, alone: bool) -> list[Any] | None:
    """The products of long arrays of doubles that are all of one shape, and are what was saved;
    None: they are not. The last may be written over v if v is ``alone``."""
    if any(counter[0] != version for _, counter, version, _ in saved):
        return None
    arrays = [v, *(entry[0] for entry in saved)]
    if formula.long is None or any(
        type(a) is not np.ndarray or a.shape != v.shape or a.dtype != np.float64
        or not (a.ndim == 1 or a.flags.c_contiguous) for a in arrays
    ):  # fmt: skip
        return None
    wanted = [k for k, (how, _, _) in enumerate(formula.products) if how != NOTHING]
    found: list[Any] = [None] * len(formula.products)
    for k in wanted:
        found[k] = v if alone and k == wanted[-1] else np.empty(v.shape)
    rows = [a.reshape(-1) for a in (*arrays, *found) if a is not None]
    for start in range(0, v.size, BLOCK):
        formula.long(*[row[start : start + BLOCK] for row in rows])
    return found
