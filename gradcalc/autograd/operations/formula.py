"""The partial derivatives of a primitive, made ready to be multiplied with a cotangent.

``gradcalc.calculus.rules`` gives a primitive's partials as a small graph. A ``Formula`` is that
graph for the operands that are wanted: which values to save on the way forward, what to compute
from them on the way back, and how each product v·∂f/∂x is formed. It runs on arrays and on tensors
alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradcalc.autograd.operations.structural import no_slope
from gradcalc.calculus.rules import recipe, rule
from gradcalc.functions.primitives import CONVENTIONS, DIV, POW, TABLE, WHERE
from gradcalc.functions.row import Primitive
from gradcalc.functions.sines import LONG

FUSE = 4096
"""From this many elements on, a product is written over the partial: one array less to allocate."""

# How a product is formed; the numbers stand in ``Product.how``.
NOTHING, FLAT, SAME, NEGATED, TIMES, OVER, MINUS_OVER = range(7)


class Product(NamedTuple):
    """v·p: how, the place of p among the values, and whether p is ours to overwrite."""

    how: int
    place: int = 0
    fresh: bool = False
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


@cache
def formula_and_code(primitive: Primitive, wanted: tuple[bool, ...]) -> tuple[Formula, Any]:
    """The formula for the operands that are wanted, and its ``straight`` code."""
    made = formula(primitive, wanted)
    return made, straight(made)


@cache
def formula(primitive: Primitive, wanted: tuple[bool, ...]) -> Formula:
    """The formula for the operands that are wanted."""
    derived = rule(CONVENTIONS["torch"][POW.code] if primitive is POW else primitive)  # at 0**0
    graph, outputs = derived.graph, derived.outputs
    chosen = [node if wanted[k] else None for k, node in enumerate(outputs)]
    shapes = {node: _how(graph, node, primitive.selects) for node in chosen if node is not None}
    targets = {target for _, target in shapes.values() if target is not None}
    made = recipe(graph, tuple(sorted(targets)))
    computed = [node for node, _, _ in made.steps]
    order = [*(n for _, n in made.inputs), *(n for n, _ in made.constants), *computed]
    place = {node: k for k, node in enumerate(order)}
    products = []
    for k, node in enumerate(chosen):
        if node is None:
            flat = wanted[k] and primitive.partials[k] is not None
            products.append(Product(FLAT if flat else NOTHING))
            continue
        how, target = shapes[node]
        fresh = target in computed and sum(t == target for _, t in shapes.values()) == 1
        mask = target in computed and TABLE[graph.codes[target]].boolean
        products.append(Product(how, -1 if target is None else place[target], fresh, mask))
    return Formula(
        saves=tuple(min(role, primitive.arity) for role, _ in made.inputs),
        constants=tuple(number for _, number in made.constants),
        steps=tuple((step, tuple(place[n] for n in below)) for _, step, below in made.steps),
        products=tuple(products),
        selects=primitive.selects,
        branches=any(step is WHERE or _is_flat(step) for _, step, _ in made.steps),
    )


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
    formula: Formula, saved: Sequence[Any], v: Any, apply: Callable[..., Any] | None
) -> list[Any]:
    """v·∂f/∂x for every operand, None where there is no slope to speak of (a condition).

    ``apply(primitive, *operands)`` computes on tensors; None means arrays, and numpy.
    """
    _, constants, steps, wanted, selects, _ = formula
    values = [*saved, *constants]
    if apply is not None:
        for primitive, places in steps:
            values.append(apply(primitive, *[values[k] for k in places]))
    elif steps:
        short = v.size < LONG
        for primitive, places in steps:
            function = primitive.numpy if short else primitive.numpy_long
            values.append(function(*[values[k] for k in places]))
    if selects:
        return [_selected(v, product, values, apply) for product in wanted]
    arrays = apply is None
    return [_product(v, product, values, arrays) for product in wanted]


def _product(v: Any, product: Product, values: list[Any], arrays: bool) -> Any:
    how, place, fresh, _ = product
    if how == TIMES:
        p = values[place]
        if fresh and arrays and v.size >= FUSE and _alike(p, v):
            return np.multiply(p, v, out=p)
        return v * p
    if how == NOTHING:
        return None
    if how == FLAT:
        return no_slope(v)
    if how == SAME:
        return v
    if how == NEGATED:
        return -v
    p = values[place]
    ours = fresh and arrays and v.size >= FUSE and _alike(p, v)
    q = np.divide(v, p, out=p) if ours else v / p
    return q if how == OVER else -q


def _alike(p: Any, v: Any) -> bool:
    return type(p) is np.ndarray and p.shape == v.shape and p.dtype == v.dtype


def _selected(v: Any, product: Product, values: list[Any], apply: Any) -> Any:
    """Where the partial is 0 the operand has no say: nothing of v gets through, not even a NaN."""
    if product.how in (NOTHING, SAME):
        return None if product.how == NOTHING else v
    if product.how == FLAT:
        return no_slope(v)
    p = values[product.place]
    if apply is None:
        return np.where(np.equal(p, 0), v.dtype.type(0), v * p)
    return apply(WHERE, p != 0, v * p, 0.0)


def straight(formula: Formula) -> Any:
    """The products of a short array as one function of (saved entries, v); None: not to be had.

    It answers None where an entry is not what was saved any more: ``Node.unpack`` has to say so.
    """
    if formula.selects or any(how == FLAT for how, *_ in formula.products):
        return None
    known: dict[str, Any] = {f"c{k}": number for k, number in enumerate(formula.constants)}
    saved = [f"s{k}" for k in range(len(formula.saves))]
    names = [*saved, *known]
    entries = "".join(f"({name}, n{name}, w{name}, _), " for name in saved)
    lines = [f"    {entries}= saved"] if saved else []
    if saved:
        changed = " or ".join(f"n{name}[0] != w{name}" for name in saved)
        lines.append(f"    if {changed}: return None")
    for number, (primitive, places) in enumerate(formula.steps):
        known[f"f{number}"] = primitive.numpy
        lines.append(f"    t{number} = f{number}({', '.join(names[k] for k in places)})")
        names.append(f"t{number}")
    products = [_FORMS[how].format(names[place] if how >= TIMES else "")
                for how, place, *_ in formula.products]  # fmt: skip
    source = "\n".join(["def pull(saved, v):", *lines, f"    return {', '.join(products)},"])
    exec(source, known)
    return known["pull"]


_FORMS = {NOTHING: "None", SAME: "v", NEGATED: "-v", TIMES: "v * {}", OVER: "v / {}",
          MINUS_OVER: "-(v / {})"}  # fmt: skip
