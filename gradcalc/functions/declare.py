"""How a row enters the table: ``unary``, ``binary``, ``ternary``; and where it is found."""

from __future__ import annotations

from typing import Any

from gradcalc.functions.row import Arithmetic, Lazy, Primitive

np: Any = Lazy("numpy")
special: Any = Lazy("scipy.special")
balls: Any = Lazy("gradcalc.functions.balls")
sp: Any = Lazy("sympy")
mp: Any = Arithmetic()

OPERANDS = ("x", "y", "z")
TABLE: list[Primitive] = []
FUNCTIONS: dict[str, Primitive] = {}
"""What may stand in call position, by name and by alias."""

ELSEWHERE: dict[str, str] = {}
"""What other languages call a function, and its name here."""

DISPUTED: dict[str, tuple[str, str]] = {}
"""A word that different languages mean differently: two ways to write it here."""


def declare(
    name: str,
    forward: Any,
    partials: tuple[str | None, ...],
    *,
    sympy: Any = None,
    mpmath: Any = None,
    ball: Any = None,
    aliases: tuple[str, ...] = (),
    spoken: bool = True,
    **rest: Any,
) -> Primitive:
    primitive = Primitive(
        name=name,
        code=len(TABLE),
        arity=len(partials),
        forward=forward,
        partials=partials,
        sympy_forward=sympy or getattr(sp, name),
        mpmath_forward=mpmath or getattr(mp, name),
        ball_forward=ball or getattr(balls, name),
        aliases=aliases,
        spoken=spoken,
        **rest,
    )
    TABLE.append(primitive)
    if spoken:
        for word in (name, *aliases):
            FUNCTIONS[word] = primitive
        known_elsewhere(name, primitive.elsewhere)
        ours = f"{name}({', '.join(OPERANDS[: len(partials)])})"
        for dispute in filter(None, primitive.disputed.split("; ")):
            word, _, other = dispute.partition(": ")
            DISPUTED[word] = (ours, other)
    return primitive


def known_elsewhere(name: str, words: str) -> None:
    """Note what other languages call the function ``name``."""
    ELSEWHERE.update(dict.fromkeys(words.split(), name))


def unary(name: str, forward: Any, *, d: str, **rest: Any) -> Primitive:
    return declare(name, forward, (d,), **rest)


def binary(name: str, forward: Any, *, dx: str | None, dy: str | None, **rest: Any) -> Primitive:
    return declare(name, forward, (dx, dy), **rest)


def ternary(
    name: str, forward: Any, *, dx: str | None, dy: str | None, dz: str | None, **rest: Any
) -> Primitive:
    return declare(name, forward, (dx, dy, dz), **rest)
