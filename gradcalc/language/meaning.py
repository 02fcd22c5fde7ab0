"""Values → nodes: what an operator, a call, an index or a name comes to.

The parser knows how a text is put together; this knows what it means. A value is a node number or
an array of them; errors carry the span that the parser gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcalc.errors import ExpressionError, Fix, Span
from gradcalc.functions.primitives import (
    ADD,
    AND,
    CONSTANTS,
    DIV,
    FUNCTIONS,
    MUL,
    POW,
    SUB,
    TABLE,
    VARIABLE,
    WHERE,
)
from gradcalc.graph.graph import LEFT_TO_RIGHT, Graph, LeafKey, chain, constant_key
from gradcalc.language import complaints
from gradcalc.language.arrays import (
    Sizes,
    Value,
    charge,
    elementwise,
    matmul,
    matrix_product,
    nested,
)
from gradcalc.language.structural import STRUCTURAL
from gradcalc.limits import COPIED_AT_ONCE

MATMUL = -1
"""The code of ``@``, which is no primitive: it is made of products and sums."""

FLOOR_DIVISION = -2
"""The code of Python's ``//``."""

MATRIX_CODES = {"*": -3, "/": -4, "^": -5}
"""The codes of MATLAB's and Julia's operators, which mean whole matrices where both sides are."""

_ELEMENTWISE = {-3: MUL.code, -4: DIV.code, -5: POW.code}
_FLOOR = FUNCTIONS["floor"]

INVERSE = {ADD.code: SUB.code, MUL.code: DIV.code}
_LOGICAL = {p.code for p in TABLE if p.logical}
_CONDITIONAL = {*_LOGICAL, WHERE.code}
_BOOLEAN = {p.code for p in TABLE if p.boolean}

Term = tuple[int, Value, int, int]
"""An operand of a chain: its sign (-1: subtracted, or divided by), value, start and end."""


class Meaning:
    """Makes the nodes of one text in ``graph``. ``variables`` has the value of each seen so far."""

    def __init__(
        self,
        graph: Graph,
        shapes: Mapping[str, tuple[int, ...]],
        parameters: Mapping[str, Any],
        bound: frozenset[str],
        *,
        flags_are_numbers: bool,
    ) -> None:
        self.graph = graph
        self.shapes = shapes
        self.parameters = parameters
        self.bound = bound
        self.flags_are_numbers = flags_are_numbers
        self.variables: dict[str, Value] = {}
        self.called = 0  # characters that were read in calls of functions of the text
        self.conditions: set[int] = set()  # nodes that are true or false

    # --- names --------------------------------------------------------------------------------

    def leaf(self, name: str, span: Span) -> Value:
        """A parameter, a constant, or a variable: a scalar, or an array of the declared shape."""
        if name in self.parameters:
            return self._parameter(self.parameters[name], name, span)
        if name in CONSTANTS and name not in self.bound:
            return self.graph.constant(CONSTANTS[name], span, name)
        return self.variable(name, span)

    def variable(self, name: str, span: Span) -> Value:
        """A variable, whatever else has its name."""
        value = self.variables.get(name)
        if value is None:
            shape = self.shapes.get(name) if self.shapes else None
            value = self._array(name, shape, span) if shape else self.graph.variable(name, span)
            self.variables[name] = value
        return value

    def key(self, name: str) -> LeafKey | None:
        """What the node of ``leaf`` is known by; None for an array."""
        if name in self.parameters:
            value = self.parameters[name]
            return None if isinstance(value, list) else constant_key(value, name)
        if name in CONSTANTS and name not in self.bound:
            return constant_key(CONSTANTS[name], name)
        return None if self.shapes.get(name) else (VARIABLE, name)

    def _array(self, name: str, shape: tuple[int, ...], span: Span) -> Value:
        import numpy as np  # deferred: only arrays need it here

        labels = [f"{name}[{','.join(map(str, i))}]" for i in np.ndindex(*shape)]
        nodes = [self.graph.variable(label, span) for label in labels]
        return np.array(nodes, dtype=np.int64).reshape(shape)

    def _parameter(self, value: Any, name: str, span: Span) -> Value:
        if isinstance(value, list):
            inside = f"{name.removesuffix(']')}," if name.endswith("]") else f"{name}["
            return nested([
                self._parameter(item, f"{inside}{k}]", span) for k, item in enumerate(value)
            ])  # fmt: skip
        return self.graph.constant(value, span, name)

    def is_bound(self, name: str) -> bool:
        """Whether the point or a parameter gives ``name`` its value."""
        return name in self.bound or name in self.parameters

    # --- operators ----------------------------------------------------------------------------

    def apply(self, code: int, operands: tuple[Value, ...], start: int, end: int) -> Value:
        """The primitive of scalars or arrays; conditions and numbers are kept apart."""
        if self.conditions or code in _CONDITIONAL:
            operands = self.fitting(operands, Span(start, end), code)
        count = len(operands)
        x = operands[0]
        y = operands[1] if count > 1 else -1
        z = operands[2] if count > 2 else -1
        if type(x) is not int or type(y) is not int or type(z) is not int or code < 0:
            return self._over_arrays(code, operands, Span(start, end))
        node = self.graph.apply(code, x, y, z, start, end)
        if code in _BOOLEAN:
            self.conditions.add(node)
        return node

    def _over_arrays(self, code: int, operands: tuple[Value, ...], span: Span) -> Value:
        try:
            if code == MATMUL:
                return matmul(self.graph, operands[0], operands[1], span)
            if code == FLOOR_DIVISION:
                return self._floor_division(operands, span)
            if code in _ELEMENTWISE:
                return self._of_matrices(code, operands, span)
            result = elementwise(self.graph, code, operands, span)
        except Sizes as sizes:
            raise self.error(str(sizes), span=span) from None
        if code in _BOOLEAN and not isinstance(result, int):
            self.conditions.update(result.ravel().tolist())
        return result

    def fitting(
        self, operands: tuple[Value, ...], span: Span, code: int = ADD.code
    ) -> tuple[Value, ...]:
        """The operands as the primitive wants them: a condition is 1 or 0 where a number is wanted.
        Raises ExpressionError for a number where a condition is wanted."""
        if self.flags_are_numbers or not (self.conditions or code in _CONDITIONAL):
            return operands
        for place, operand in enumerate(operands):
            wants_condition = code in _LOGICAL or (code == WHERE.code and place == 0)
            if self._is_condition(operand) == wants_condition:
                continue
            if wants_condition:
                text = self.graph.source.text[span.start : span.end]
                raise self.error(*complaints.condition(text), span)
            operands = (*operands[:place], self._as_number(operand), *operands[place + 1 :])
        return operands

    def _as_number(self, condition: Value) -> Value:
        """1 where it holds, else 0: a ``where``, whose step every check knows of."""
        if not isinstance(condition, int):
            import numpy as np  # already loaded

            numbers = [self._as_number(node) for node in condition.ravel().tolist()]
            return np.array(numbers, dtype=np.int64).reshape(condition.shape)
        span = self.graph.span(condition)
        one, zero = self.graph.constant(1.0, span), self.graph.constant(0.0, span)
        return self.graph.apply(WHERE.code, condition, one, zero, *span)

    def number(self, value: Value, span: Span) -> Value:
        """What an output comes to: no condition, and no array without elements."""
        value = self.fitting((value,), span)[0]
        if not isinstance(value, int) and not value.size:
            raise self.error("an array without elements has no values", span=span)
        return value

    def _is_condition(self, value: Value) -> bool:
        if isinstance(value, int):
            return value in self.conditions
        return bool(value.size) and int(value.flat[0]) in self.conditions

    def _floor_division(self, operands: tuple[Value, ...], span: Span) -> Value:
        numbers = [self.graph.constants.get(x, 0.5) if type(x) is int else 0.5 for x in operands]
        if all(map(float.is_integer, numbers)):
            x, y = (f"{number:.0f}" for number in numbers)
            error = self.error(*complaints.whole_ratio(x, y), span)
            error.fixes = Fix(*span, f"floor({x}/{y})"), Fix(*span, f"({x}/{y})")
            raise error
        return self.apply(_FLOOR.code, (self.apply(DIV.code, operands, *span),), *span)

    def _of_matrices(self, code: int, operands: tuple[Value, ...], span: Span) -> Value:
        """``*``, ``/`` or ``^`` in a text of MATLAB or Julia."""
        a, b = operands
        if code == MATRIX_CODES["*"] and not isinstance(a, int) and not isinstance(b, int):
            return matrix_product(self.graph, a, b, span)
        wrong = b if code == MATRIX_CODES["/"] else a
        if code != MATRIX_CODES["*"] and not isinstance(wrong, int):
            symbol = next(sign for sign, other in MATRIX_CODES.items() if other == code)
            raise Sizes(f"'{symbol}' of a matrix; of its elements it is '.{symbol}'")
        return self.apply(_ELEMENTWISE[code], operands, *span)

    def transposed(self, value: Value, span: Span) -> Value:
        """``A'``: a vector is a column, its transpose a row."""
        if isinstance(value, int):
            raise self.error(*complaints.prime(self.graph.source.text[span.start : span.end]), span)
        if value.ndim == 1:
            return value.reshape(1, -1)
        return value[0] if value.shape[0] == 1 else value.T

    def chain(self, code: int, terms: list[Term]) -> Value:
        """Left to right while short, as Python would to the bit; a balanced tree when long."""
        if len(terms) <= LEFT_TO_RIGHT:
            _, value, start, _ = terms[0]
            inverse, apply = INVERSE[code], self.graph.apply
            for sign, operand, _, end in terms[1:]:
                one = code if sign > 0 else inverse
                if type(value) is int and type(operand) is int and not self.conditions:
                    value = apply(one, value, operand, -1, start, end)
                else:
                    value = self.apply(one, (value, operand), start, end)
            return value
        if not self.conditions and all(type(value) is int for _, value, _, _ in terms):
            return self._tree_of_scalars(code, terms)
        while len(terms) > 1:
            odd = terms[-1:] if len(terms) % 2 else []
            pairs = zip(terms[::2], terms[1::2], strict=False)
            terms = [self._joined(code, left, right) for left, right in pairs] + odd
        return terms[0][1]

    def _joined(self, code: int, left: Term, right: Term) -> Term:
        """Neighbours: +a+b, +a-b, -a+b or -a-b, as one signed term."""
        (sign, a, start, _), (other, b, _, end) = left, right
        if sign == other:
            return sign, self.apply(code, (a, b), start, end), start, end
        if sign < 0:
            a, b = b, a
        return 1, self.apply(INVERSE[code], (a, b), start, end), start, end

    def _tree_of_scalars(self, code: int, terms: list[Term]) -> int:
        """The same, level by level: a sum of a million terms is twenty steps."""
        import numpy as np  # deferred: short sums need none

        columns = np.array(terms).T
        while (count := columns.shape[1]) > 1:
            left, right = columns[:, : count - 1 : 2], columns[:, 1::2]
            signs, others = left[0], right[0]
            codes = np.where(signs == others, code, INVERSE[code])
            xs, ys = np.where(signs < others, (right[1], left[1]), (left[1], right[1]))
            nodes = self.graph.apply_all(codes, xs, ys, left[2], right[3])
            pairs = np.stack([np.maximum(signs, others), nodes, left[2], right[3]])
            columns = np.hstack([pairs, columns[:, 2 * len(nodes) :]])
        return int(columns[1, 0])

    def comparison(self, terms: list[Term], last: Value, end: int) -> Value:
        """``a < b < c`` is ``a < b and b < c``, as in Python."""
        start = terms[0][2]
        operands = [term[1] for term in terms[1:]] + [last]
        result: Value | None = None
        for (code, left, _, _), right in zip(terms, operands, strict=True):
            test = self.apply(code, (left, right), start, end)
            result = test if result is None else self.apply(
                AND.code, (result, test), start, end
            )  # fmt: skip
        assert result is not None
        return result

    # --- calls, arrays, items -----------------------------------------------------------------

    def call(
        self,
        name: str,
        operands: tuple[Value, ...],
        span: Span,
        keywords: Mapping[str, Value] | None = None,
    ) -> Value:
        """A function by name: of whole arrays, or a primitive over elements."""
        structural = STRUCTURAL.get(name)
        if structural is not None:
            if not structural.least <= len(operands) <= structural.most:
                raise self.wrong_count(name, len(operands), span)
            operands = self.fitting(operands, span)
            try:
                return structural.build(self.graph, operands, span, keywords)
            except Sizes as sizes:
                raise self.error(str(sizes), span=span) from None
        primitive = FUNCTIONS[name]
        left_out = primitive.arity - len(operands)
        if left_out == 0:
            return self.apply(primitive.code, operands, *span)
        if 0 < left_out <= len(primitive.defaults):
            defaults = primitive.defaults[-left_out:]
            operands += tuple(self.graph.constant(value, span) for value in defaults)
        if len(operands) != primitive.arity:
            nodes = [operand for operand in operands if isinstance(operand, int)]
            if primitive.chains and len(nodes) == len(operands) > 2:
                return chain(self.graph, primitive.code, nodes, span)
            raise self.wrong_count(name, len(operands), span)
        return self.apply(primitive.code, operands, *span)

    def wrong_count(self, name: str, got: int, span: Span) -> ExpressionError:
        message = f"{name} takes {complaints.arity(name)}, got {got}"
        text = self.graph.source.text[slice(*span)]
        hint = complaints.decimal_comma(text) if got == 2 else ""
        return self.error(message, hint or complaints.usage(name), span)

    def array(self, items: tuple[Value, ...], span: Span) -> Value:
        """``[a, b, …]``."""
        items = self.fitting(items, span)
        try:
            charge(self.graph, sum(1 if isinstance(i, int) else i.size for i in items))
            return nested(items)
        except Sizes as sizes:
            raise self.error(str(sizes), span=span) from None

    def item(self, array: Value, index: tuple[Any, ...], whole: Span, inside: Span) -> Value:
        """``array[index]``; ``whole`` is all of that text and ``inside`` the brackets."""
        text = self.graph.source.text
        if isinstance(array, int):
            raise self.error(
                f"'{text[whole.start : inside.start]}' is a number, not an array",
                'bind it as one, --at "a=[2,3]", or make one: a = zeros(2)',
                whole,
            )
        try:
            picked: Any = array[index]
        except IndexError:
            raise self.error(
                f"index {text[inside.start : inside.end]} is out of range for an array of shape "
                f"{array.shape}",
                "indices count from 0; -1 is the last",
                inside,
            ) from None
        return int(picked) if picked.ndim == 0 else picked

    def with_item(self, array: Value, index: Any, value: Value, span: Span) -> Value:
        """``k[i] = value``: a new array; the text traces item assignment out of place."""
        assert not isinstance(array, int)
        try:
            charge(self.graph, 1 + array.size // COPIED_AT_ONCE)
        except Sizes as sizes:
            raise self.error(str(sizes), span=span) from None
        changed = array.copy()
        try:
            changed[index] = value
        except ValueError:
            item, room = getattr(value, "shape", ()), array[index].shape
            message = f"a value of shape {item} does not fit into an item of shape {room}"
            raise self.error(message, span=span) from None
        return changed

    def error(self, message: str, hint: str = "", span: Span | None = None) -> ExpressionError:
        return ExpressionError(message, source=self.graph.source, span=span, hint=hint)
