"""Rows of the table as other libraries differentiate them, recorded from those libraries.

What a row says is told in ``primitives``. These differ from the rows that they stand in for at
kinks only: ``tests/explain/libraries.json`` has what PyTorch and JAX answered there.
"""

from __future__ import annotations

from typing import Any

from gradcalc.functions.declare import FUNCTIONS, OPERANDS, declare, sp
from gradcalc.functions.row import Primitive

LIBRARIES = {"torch": "PyTorch", "jax": "JAX"}
CONVENTIONS: dict[str, dict[int, Primitive]] = {name: {} for name in LIBRARIES}
"""Who takes which slope at a kink: by library, the rows that stand in for rows of the table. Where
nothing stands here, it takes what the table says: PyTorch's slopes, and ours where it has none."""
JOINED: dict[str, dict[int, tuple[Primitive, Primitive]]] = {name: {} for name in LIBRARIES}
"""The same for a row that is part of a longer function, of a norm or of the maximum of three: what
stands in for all but the last part, and for the last."""


def _instead(
    library: str, row: Primitive, *partials: str | None, sympy: Any = None, **more: Any
) -> Primitive:
    """The same function with the slopes of another library, which differ at its kinks only."""
    known = {
        "mpmath": row.mpmath_forward,
        "ball": row.ball_forward,
        "domain": row.domain,
        "kink": row.kink,
        "jump": row.jump,
        "tame": row.tame,
        "rounded": row.exact,
        "made": f"{row.name}({', '.join(OPERANDS[: row.arity])})",
        "selects": row.selects,
    }
    made = declare(
        f"{library or 'even'}_{row.name}",
        lambda *operands: row.numpy(*operands[: row.arity]),
        partials,
        sympy=sympy or row.sympy_forward,
        **known | more,
        doc=f"{row.doc}, with other slopes at kinks",
        spoken=False,
    )
    if library:
        CONVENTIONS[library][row.code] = made
    return made


# A table: a row a line.
# fmt: off

_instead("jax", FUNCTIONS["abs"], "where(x >= 0, 1, -1)",
         sympy=lambda x: sp.Piecewise((x, x >= 0), (-x, True)))
_instead("jax", FUNCTIONS["leaky_relu"], "where(x >= 0, 1, y)", "where(x >= 0, 0, x)",
         sympy=lambda x, a: sp.Piecewise((x, x >= 0), (a * x, True)))
_HYPOT, _POW = FUNCTIONS["hypot"], FUNCTIONS["pow"]
_instead("torch", _HYPOT, "x/out", "y/out")
_instead("jax", _HYPOT, "where(out == 0, 1/2, x/out)", "where(out == 0, 1/2, y/out)",
         sympy=lambda x, y: sp.Piecewise(
             ((x + y) / 2, sp.And(sp.Eq(x, 0), sp.Eq(y, 0))), (sp.sqrt(x**2 + y**2), True)))
JOINED["torch"][_HYPOT.code] = _HYPOT, _HYPOT
JOINED["jax"][_HYPOT.code] = _HYPOT, CONVENTIONS["torch"][_HYPOT.code]  # no slope if all are 0
_instead("jax", FUNCTIONS["atan2"], "y/hypot(x, y)/hypot(x, y)", "-x/hypot(x, y)/hypot(x, y)")
_TO_THE = "where(x == 0 and y >= 0, 0, out*log(x))"
_instead("torch", _POW, _POW.partials[0], _TO_THE)
_instead("jax", _POW, f"where(x == 0 and y == 0, 0/0, {_POW.partials[0]})", _TO_THE)
_instead("torch", FUNCTIONS["xlogy"], "where(x == 0 and y <= 0, 0, log(y))", "x/y")
_instead("jax", FUNCTIONS["xlogy"], "log(y)", "x/y")
_instead("jax", FUNCTIONS["clamp"],
         "heaviside(x - y)*heaviside(z - max(x, y))",
         "heaviside(y - x)*heaviside(z - max(x, y))",
         "heaviside(max(x, y) - z)",
         sympy=lambda x, lo, hi: sp.Piecewise(
             (hi, lo > hi),
             ((lo + hi) / 2, sp.And(x < lo, sp.Eq(lo, hi))),
             (lo, x < lo),
             (hi, x > hi),
             ((x + lo) / 4 + hi / 2, sp.And(sp.Eq(x, lo), sp.Eq(x, hi))),
             ((x + lo) / 2, sp.Eq(x, lo)),
             ((x + hi) / 2, sp.Eq(x, hi)),
             (x, True)))


def _shared(row: Primitive, over: str, under: str) -> None:
    """An extreme of many, which shares a tie evenly: of those that the first operand is made of,
    the part z of the slope is."""
    even = _instead(
        "", row, f"where(x == y, z, heaviside({over}))",
        f"where(x == y, 1 - z, heaviside({under}))", "0",
        sympy=lambda x, y, z: sp.Piecewise(
            (x * z + y * (1 - z), sp.Eq(x, y)), (row.sympy(x, y), True)),
        mpmath=lambda x, y, _: row.mpmath(x, y), ball=lambda x, y, _: row.ball(x, y))
    for joined in JOINED.values():
        joined[row.code] = even, even


_shared(FUNCTIONS["max"], "x - y", "y - x")
_shared(FUNCTIONS["min"], "y - x", "x - y")
