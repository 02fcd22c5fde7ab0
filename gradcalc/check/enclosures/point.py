"""A graph in balls at one point and one precision: its values, and the slopes of every node.

The value of a node is a ball that holds the true one. Its slopes are coefficients of Arb's power
series where one operand after the other moves. NaN says that there is none, or that it is not known
on which side of a step a number lies; ``Point.doubtful`` tells which of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import Any

from flint import arb, arb_series, ctx, fmpq
from flint.utils.flint_exceptions import DomainError

from gradcalc.check.budget import Deadline
from gradcalc.check.structure import Outline
from gradcalc.functions.balls import NAN, is_finite, watch
from gradcalc.functions.primitives import CONSTANT, TABLE, VARIABLE
from gradcalc.graph.graph import Graph
from gradcalc.graph.reach import needed, operands

_TESTED_EVERY = 64  # nodes between two looks at the clock
_SURE = 1 << 15
"""Bits with which a function of exact numbers shows whether it has a value."""
_MORE, _SLOWER = 4, 50.0
"""How many times more bits are tried at once, and how much longer that takes at most."""
_LONGEST = 1 << 12
"""Bits of a numerator or denominator up to which rational numbers are calculated exactly."""
_FLAT = [all(partial in (None, "0") for partial in primitive.partials) for primitive in TABLE]
_FAILURES = (ArithmeticError, ValueError, TypeError, AttributeError, DomainError)
"""What a function raises on numbers that it is not for."""


class UnenclosedError(Exception):
    """A function of the graph has no counterpart on balls: ``str`` says which."""


class Point:
    """``outline.graph`` at ``x``, in balls of ``ctx.prec`` bits: to be used at that precision.

    ``values`` has the ball of every node; ``moves`` marks the nodes that depend on an input and are
    no steps that stay where they are; ``jumping`` has the steps that are taken at this very point.
    Raises UnenclosedError and OutOfTime.
    """

    def __init__(self, outline: Outline, x: Iterable[Any], deadline: Deadline) -> None:
        self.graph: Graph = outline.graph
        self._outline = outline
        self._deadline = deadline
        self._rationals: dict[int, Any] = {}
        self._slopes: dict[int, list[tuple[int, Any]]] = {}
        self._curves: dict[int, list[tuple[int, int, bool, Any]]] = {}
        self.values: dict[int, Any] = {
            node: arb(number) for node, number in zip(self.graph.inputs, x, strict=True)
        }
        self.moves = bytearray(len(self.graph))
        self.jumping: set[int] = set()
        for count, node in enumerate(outline.nodes):
            if count % _TESTED_EVERY == 0:
                deadline.test()
            self._enter(node)

    def _enter(self, node: int) -> None:
        code, within = self.graph.codes[node], operands(self.graph, node)
        if code == VARIABLE.code:
            self.moves[node] = 1
            return
        if code == CONSTANT.code:
            self.values[node] = arb(self.graph.constants[node])
            return
        value = call(code, [self.values[operand] for operand in within])
        if not value.is_finite():
            exact = self._rational(node)
            value = value if exact is None else arb(exact)
        self.values[node] = value
        moving = [k for k, operand in enumerate(within) if self.moves[operand]]
        if moving and self._jumps(node, moving):
            self.jumping.add(node)
        self.moves[node] = bool(moving) and (not _FLAT[code] or node in self.jumping)

    def _rational(self, root: int) -> Any:
        """The value as a fraction, if it is one and not too long; else None."""
        graph, known = self.graph, self._rationals
        for node in needed(graph, [root]):
            if node in known:
                continue
            found = _fraction(self.values[node]) if node in self.values else None
            if found is None:
                below = [known[operand] for operand in operands(graph, node)]
                if below and None not in below:
                    found = _fraction(call(graph.codes[node], below))
            known[node] = found
        return known[root]

    def _jumps(self, node: int, moving: Sequence[int]) -> bool:
        """Whether a step is taken right here when an operand moves, in the node or below it."""
        graph, within = self.graph, operands(self.graph, node)
        below = [k for k in moving if within[k] in self.jumping]
        if not all(TABLE[graph.codes[within[k]]].boolean for k in below):
            return True
        for flags in product((0, 1), repeat=len(below)):  # they may turn together: a or a
            turned = {k: arb(flag) for k, flag in zip(below, flags, strict=True)}
            if below and not bool(self._call(node, turned) == self.values[node]):
                return True
        for k in moving if _FLAT[graph.codes[node]] else ():
            if k not in below:
                self._moved(node, {k: 1}, 2)
                if watch.beside:
                    return True
        return False

    def _call(self, node: int, instead: Mapping[int, Any]) -> Any:
        """The node with some of its operands, by place, replaced."""
        numbers = [self.values[operand] for operand in operands(self.graph, node)]
        return call(
            self.graph.codes[node], [instead.get(k, number) for k, number in enumerate(numbers)]
        )

    def _moved(
        self, node: int, ways: Mapping[int, int], length: int, at: Sequence[Any] = ()
    ) -> list[Any]:
        """The coefficients of the node as a power series in t, up to ``length``, when operands move
        by t times their ways. NaN where it is none, or has two sides. ``at``: other operands than
        its own."""
        numbers = at or [self.values[operand] for operand in operands(self.graph, node)]
        watch.beside, ctx.cap = False, length
        moved = {k: arb_series([numbers[k], way]) for k, way in ways.items()}
        germ = call(self.graph.codes[node], [moved.get(k, x) for k, x in enumerate(numbers)])
        if isinstance(germ, arb_series) and not watch.beside and germ.prec >= length:
            return [germ[k] for k in range(length)]
        flat = isinstance(germ, arb) and germ.is_finite() and not watch.beside
        return [germ, *([arb(0)] if flat else [NAN]) * (length - 1)]

    # --- slopes ---------------------------------------------------------------------------------

    def slopes(self, node: int) -> list[tuple[int, Any]]:
        """The operands that a slope flows to, and the slopes; NaN where the function has none."""
        known = self._slopes.get(node)
        if known is None:
            known = self._slopes[node] = self._found(node)
            self._deadline.test()
        return known

    def _found(self, node: int) -> list[tuple[int, Any]]:
        within, primitive = operands(self.graph, node), TABLE[self.graph.codes[node]]
        moving = [k for k, operand in enumerate(within) if self.moves[operand]]
        if node in self.jumping or any(
            primitive.partials[k] is None and not self._settled(within[k]) for k in moving
        ):
            return [(within[k], NAN) for k in moving]
        found = [
            (within[k], self._moved(node, {k: 1}, 2)[1])
            for k in moving
            if primitive.partials[k] is not None
        ]
        found += [(within[k], NAN) for k in moving if k < primitive.orders]
        # an operand of where or max that has no say: not even a NaN comes through
        return [pair for pair in found if not (primitive.selects and pair[1].is_zero())]

    def _settled(self, condition: int) -> bool:
        """Whether a number that stands for a condition is not 0, here and nearby."""
        value = self.values[condition]
        return condition not in self.jumping and bool(value > 0 or value < 0)

    def curves(self, node: int) -> list[tuple[int, int, bool, Any]]:
        """Pairs of operands, whether it is twice the same one, and the second derivatives."""
        known = self._curves.get(node)
        if known is None:
            known = self._curves[node] = self._bent(node)
            self._deadline.test()
        return known

    def _bent(self, node: int) -> list[tuple[int, int, bool, Any]]:
        within = operands(self.graph, node)
        smooth = dict(self.slopes(node))
        if not all(slope.is_finite() for slope in smooth.values()):
            pairs = combinations_with_replacement(smooth, 2)
            return [(x, y, x == y, NAN) for x, y in pairs]
        moving = [k for k, operand in enumerate(within) if operand in smooth]
        own = {k: self._moved(node, {k: 1}, 3)[2] for k in moving}
        found = [(within[k], within[k], True, 2 * own[k]) for k in moving]
        for j, k in ((j, k) for j in moving for k in moving if j < k):
            together = self._moved(node, {j: 1, k: 1}, 3)[2]
            found.append((within[j], within[k], False, together - own[j] - own[k]))
        return [row for row in found if not row[3].is_zero()]

    # --- why not --------------------------------------------------------------------------------

    def doubtful(self) -> list[int]:
        """The nodes with neither value nor slopes, only because these balls are too wide: on one
        side of a step, or of the edge of a domain, they have them."""
        return [node for node in self._outline.nodes if self._is_doubtful(node)]

    def _is_doubtful(self, node: int) -> bool:
        within = [self.values[operand] for operand in operands(self.graph, node)]
        if not within or not all(number.is_finite() for number in within):
            return False
        flows = self._slopes.get(node, ())
        lost = not self.values[node].is_finite() or any(s.is_nan() for _, s in flows)
        return lost and self._too_wide(node, within)

    def _too_wide(self, node: int, numbers: Sequence[Any]) -> bool:
        if all(number.is_exact() for number in numbers):
            return self._needs_bits(node, numbers)
        ends = [(number.mid(), number.lower(), number.upper()) for number in numbers]
        return self._has_all(node, product(*ends))

    def _needs_bits(self, node: int, numbers: Sequence[Any]) -> bool:
        """Whether a function of exact numbers has what it lacks with more bits, or may have: Arb
        is not interrupted, and with thousands of bits a polygamma takes minutes."""
        bits = ctx.prec
        while bits < _SURE:
            bits *= _MORE
            before = self._deadline.remaining
            with ctx.workprec(bits):
                if self._has_all(node, [numbers]):
                    return True
            if _SLOWER * (before - self._deadline.remaining) > self._deadline.remaining:
                return True
        return False

    def _has_all(self, node: int, points: Iterable[Sequence[Any]]) -> bool:
        """Whether the node has a value, or the slopes that it lacks, at one of some points."""
        code = self.graph.codes[node]
        if not self.values[node].is_finite():
            return any(call(code, numbers).is_finite() for numbers in points)
        lost = {operand for operand, slope in self._slopes[node] if slope.is_nan()}
        places = [k for k, operand in enumerate(operands(self.graph, node)) if operand in lost]
        return any(
            all(self._moved(node, {k: 1}, 2, numbers)[1].is_finite() for k in places)
            for numbers in points
        )


def call(code: int, numbers: Sequence[Any]) -> Any:
    """One primitive on balls, fractions or germs; NaN where it has no value. Raises
    UnenclosedError."""
    try:
        function = TABLE[code].ball
    except AttributeError:
        raise UnenclosedError(TABLE[code].name) from None
    try:
        found = function(*numbers)
    except _FAILURES:
        return NAN
    if not isinstance(found, arb_series):
        return found
    # Arb multiplies what has no value with a germ that is 0, and gets 0
    sound = TABLE[code].selects or all(map(is_finite, numbers))
    return found if sound and is_finite(found) else NAN


def _fraction(number: Any) -> Any:
    """A ball without width, or a fraction, as a fraction; None if it is not one, or a long one."""
    if isinstance(number, arb):
        if not number.is_finite() or not number.is_exact():
            return None
        mantissa, exponent = number.man_exp()
        if mantissa.bit_length() + abs(int(exponent)) > _LONGEST:
            return None
        number = number.fmpq()
    return number if isinstance(number, fmpq) and number.height_bits() <= _LONGEST else None
