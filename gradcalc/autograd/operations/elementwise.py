"""Elementwise operations, one for every row of the primitive table.

Forward is the row's numpy function. Backward is the row's partials times the cotangent, summed back
to each operand's shape. Nothing here knows a derivative. ``operators`` gives them their signs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import Within, mode, watching
from gradcalc.autograd.core.node import (
    FREED,
    NEVER_MODIFIED,
    NOWHERE,
    SOMEWHERE,
    Edge,
    Node,
    clock,
    detached,
    is_alone,
    note,
    type_name,
)
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import called
from gradcalc.autograd.core.tensor import Tensor, edge, wrap
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.formula import (
    TIMES,
    Formula,
    by_blocks,
    formula,
    products,
)
from gradcalc.autograd.operations.promotion import (
    VALUES,
    laid_out,
    promote,
    size_error,
)
from gradcalc.autograd.operations.structural import conj, no_slope, sum_to
from gradcalc.functions import primitives
from gradcalc.functions.primitives import FUNCTIONS, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.functions.sines import LONG

_new = object.__new__
_NOTHING = object()
_ndarray = np.ndarray
_F32, _F64 = np.dtype("float32"), np.dtype("float64")


class Elementwise(Node):
    """A primitive that was applied. ``shapes`` is None where nothing was broadcast."""

    primitive: Primitive
    formula: Formula
    shapes: tuple[tuple[int, ...], ...] | None = None
    guarded = False
    """Whether it is a step of another's formula that has branches: see ``Formula.branches``."""
    conjugates = False
    """Of complex numbers: PyTorch's convention is the conjugate of the holomorphic derivative."""

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Any:
        v = cotangents[0]
        if tracked:
            return self._of_tensors(v, self.unpack(True))
        saved = self.saved
        if saved is None:
            raise RuntimeError(FREED)
        if self.shapes is None and v.dtype is _F64 and v.size < LONG and not detached:
            found = None if self.guarded else self.formula.short(saved, v)
        elif self.guarded or self.conjugates or detached:
            found = None
        else:
            alone = v.size >= LONG and is_alone(cotangents, 0)
            found = by_blocks(self.formula, saved, v, alone) if v.size >= LONG else None
            found = self.formula.short(saved, v) if found is None else found
            found = None if found is None else self._fitted(v, found)
        if found is not None:
            return found
        with Within(bare=True):
            values = list(map(_as_tensor, self.unpack(False)))
            return [g if g is None else g._array for g in self._of_tensors(wrap(v), values)]

    def _fitted(self, v: Any, flowing: Sequence[Any]) -> Sequence[Any]:
        """Of the operands' shapes, and of v's type: a constant partial may come as a double."""
        shapes, kind = self.shapes or (v.shape,) * len(flowing), v.dtype
        return [
            None if g is None
            else sum_to(g, shape) if kind == g.dtype or g.dtype != _F64
            else convert(sum_to(g, shape), getattr(kind, "numpy", kind))
            for g, shape in zip(flowing, shapes, strict=True)
        ]  # fmt: skip

    def _of_tensors(self, v: Tensor, values: Sequence[Any]) -> Sequence[Any]:
        """The same of tensors, step by step."""
        formula = self.formula
        if self.conjugates:
            values = list(map(conj, values))
            try:
                return self._fitted(v, products(formula, values, v, _of_complex))
            except (TypeError, NotImplementedError):  # a step of the formula is of reals alone
                raise NotImplementedError(
                    f"derivative for {self.primitive.name} of complex numbers is not here"
                ) from None
        alone = sum(target is not None for target, _ in self.next_functions) == 1
        if formula.selects and not alone:  # masks: nothing is differentiated by them
            values = [x.detach() if isinstance(x, Tensor) else x for x in values]
        how = guarded if formula.branches or self.guarded else apply
        flowing: Sequence[Any] = products(formula, values, v, how)
        if self.guarded:
            taken = wrap(v._array != 0)
            flowing = [g if g is None else guarded(primitives.WHERE, taken, g, 0.0)
                       for g in flowing]  # fmt: skip
        flowing = self._fitted(v, flowing)
        # Where PyTorch multiplies by a slope, it can go on from there; where it masks, it stops.
        if mode.enabled and formula.steps and alone and len(flowing) < 3:
            flowing = [
                g if product.how < TIMES or product.mask else flat(g, *values)
                for g, product in zip(flowing, formula.products, strict=True)
            ]
        return flowing

    def place_of(self, name: str) -> int | None:
        """PyTorch's names of the saved values: self, other, exponent, result."""
        role = {"self": 0, "other": 1, "exponent": 1, "result": self.primitive.arity}.get(name)
        return self.formula.saves.index(role) if role in self.formula.saves else None


def _as_tensor(x: Any) -> Any:
    """An array, or numpy's number, as a tensor; a number of Python's stays one."""
    return x if x is None or type(x) in (int, float, complex) else wrap(x)


def guarded(primitive: Primitive, *operands: Any) -> Tensor:
    """``apply``, for a formula with branches: nothing comes back through a branch not taken."""
    out = OPERATIONS[primitive].general(*operands)
    if out._edge is not None and isinstance(out._edge[0], Elementwise):
        out._edge[0].guarded = True
    return out


def flat(g: Any, *values: Any) -> Any:
    """g, computed from these values, as something that depends on them: a slope that does not
    change as its point does (relu′) is differentiable all the same."""
    if not isinstance(g, Tensor) or g._tracked:
        return g
    sources = [x for x in values if isinstance(x, Tensor) and x._tracked and x.shape == g.shape]
    if not sources:
        return g
    return recorded(g.detach(), "FlatBackward0", (no_slope,) * len(sources), *sources)


def _of_complex(primitive: Primitive, *operands: Any) -> Tensor:
    """``apply``, where a formula may compare: users may not, complex numbers have no order."""
    if not primitive.boolean:
        return apply(primitive, *operands)
    return wrap(np.asarray(primitive.numpy(*(getattr(x, "_array", x) for x in operands))))


def node_class(primitive: Primitive, name: str = "") -> type[Elementwise]:
    """The node of a primitive, under PyTorch's name."""
    name = name or next(iter(primitive.torch), f"{primitive.name.capitalize()}Backward0")
    return type(name, (Elementwise,), {"primitive": primitive, "__module__": __name__})


class Operation:
    """A primitive as a function on tensors and numbers. ``torch.sin`` is one."""

    def __init__(self, primitive: Primitive) -> None:
        self.primitive = primitive
        self.__name__ = primitive.name
        self.__doc__ = primitive.doc
        self._node = node_class(primitive)
        beside = [(k, name) for k, name in enumerate(primitive.torch[1:]) if name]
        self._number_place: int | None
        self._number_place, name = beside[0] if beside else (None, "")
        self._beside_number = node_class(primitive, name)
        self._formulas: dict[tuple[bool, ...], Formula] = {}
        self._flows = any(partial is not None for partial in primitive.partials)

    @cached_property
    def forward(self) -> Callable[..., Any]:
        """The function on arrays: the row's, but for what PyTorch has another value for."""
        return VALUES.get(self.primitive.name, self.primitive.numpy)

    @cached_property
    def _holds_for_complex(self) -> bool:
        """Whether the row is one of a function of complex numbers, too."""
        row = self.primitive
        if row is primitives.WHERE or row in (primitives.EQ, primitives.NE):
            return True
        return not row.selects and "D" in "".join(getattr(row.numpy, "types", ()))

    @cached_property
    def quick(self) -> Callable[..., Tensor]:
        """A plain function for the common case, double or float tensors: half the overhead."""
        if self.primitive in _ARITHMETIC:
            return quick_binary(self, self.general)
        return self.general if self.primitive.arity > 1 else _quick_unary(self, self.general)

    def __repr__(self) -> str:
        return f"<elementwise {self.primitive.name}>"

    def __call__(self, *operands: Any) -> Tensor:
        """The result, recorded if grad mode is on and an operand is tracked."""
        return self.quick(*operands)

    def called(self, name: str, skip: int = 0) -> Callable[..., Tensor]:
        """The same as users call it: a function of this name, or (``skip`` is 1) a method, whose
        own operand its messages do not count."""

        def looked_at(*operands: Any, **options: Any) -> Tensor:
            return _checked(self, name, skip)(*operands, **options)

        way = -1 if self.primitive.counts and skip else 1  # x.polygamma(n)

        def call(*operands: Any, **options: Any) -> Tensor:
            try:
                return self.quick(*operands[::way], **options)
            except TypeError:
                return looked_at(*operands, **options)

        if self.primitive.arity == 1:
            call = _quick_unary(self, looked_at)
        call.__name__ = call.__qualname__ = name
        call.__doc__ = self.__doc__
        return call

    def general(self, *operands: Any) -> Tensor:
        """The same, whatever the operands are."""
        if len(operands) != self.primitive.arity:
            _checked(self, self.__name__)(*operands)
        arrays, kind = _floats_alone(operands)
        if watching or kind is None:
            operands = tuple(promote(self.primitive, operands))
            arrays = [x._array if type(x) is Tensor else x for x in operands]
            kind = next((a.dtype for a in arrays if type(a) is _ndarray), None)
        if kind is not None and kind.kind == "c":
            if self.__name__ in OF_COMPLEX:
                return OF_COMPLEX[self.__name__](*operands)
            if not self._holds_for_complex:
                raise NotImplementedError(
                    f"\"{self.__name__}_cpu\" not implemented for '{type_name(kind)}'"
                )
        try:
            array = self.forward(*arrays)
        except ValueError as error:
            raise size_error(arrays, error) from None
        if array.dtype is not kind and kind is not None and kind.kind == "f" == array.dtype.kind:
            array = array.astype(kind)
        if array.ndim > 1 and array.strides != getattr(arrays[0], "strides", None):
            array = laid_out(array, arrays)
        out = wrap(array)
        if not self._flows:
            return out
        if (
            watching
            and mode.dual
            and any(getattr(x, "_tangent", None) is not None for x in operands)
        ):
            # A node for the tangent alone: every operand that has a say counts.
            says = [type(x) is Tensor and (x._tracked or x._tangent is not None) for x in operands]
            node = self._attach(out, operands, arrays, [SOMEWHERE if s else NOWHERE for s in says])
            out._edge, out._tracked = None, False
            mode.dual(out, node, operands)
        if mode.enabled:
            edges = [(x._edge or edge(x)) if type(x) is Tensor else NOWHERE for x in operands]
            for target, _ in edges:
                if target is not None:
                    node = self._attach(out, operands, arrays, edges)
                    if watching:
                        note(node)
                    break
        return out

    def _attach(
        self, out: Tensor, operands: Sequence[Any], arrays: list[Any], edges: list[Edge]
    ) -> Node:
        wanted = tuple([target is not None for target, _ in edges])
        chosen = self._formulas.get(wanted)
        if chosen is None:
            chosen = self._formulas[wanted] = formula(self.primitive, wanted)
        array, number = out._array, self._number_place
        beside = number is not None and type(operands[number]) is not Tensor
        node = (self._beside_number if beside and array.dtype.kind == "f" else self._node)()
        node.conjugates = array.dtype.kind == "c"
        node.next_functions = tuple(edges)
        node.order = next(clock)
        node.formula = chosen
        saved: list[tuple[Any, ...]] = []
        for place in chosen.saves:
            if place == len(arrays):
                saved.append((array, out._counter, 0, None))
                continue
            x = operands[place]
            counter = x._counter if type(x) is Tensor else NEVER_MODIFIED
            saved.append((arrays[place], counter, counter[0], x))
        node.saved = saved
        for a in arrays:
            if type(a) is _ndarray and (a.shape != array.shape or node.conjugates):
                node.shapes = tuple([np.shape(a) for a in arrays])
        out._edge, out._tracked = (node, 0), True
        return node


def _floats_alone(operands: Sequence[Any]) -> tuple[list[Any], Any]:
    """The arrays of tensors that are all of doubles, or of floats, beside numbers at most, and
    their element type; None: they are not."""
    kind = None
    arrays: list[Any] = []
    for x in operands:
        if type(x) is Tensor:
            array = x._array
            arrays.append(array)
            if kind is None:
                kind = array.dtype
            elif array.dtype is not kind:
                return arrays, None
        elif type(x) is float or type(x) is int:
            arrays.append(x)
        else:
            return arrays, None
    return arrays, kind if kind is _F64 or kind is _F32 else None


@cache
def _checked(operation: Operation, name: str, skip: int = 0) -> Callable[..., Tensor]:
    """``general``, with its arguments looked at and refused in PyTorch's words."""

    way = -1 if operation.primitive.counts and skip else 1

    def of_one(x: Tensor) -> Tensor:
        return operation.general(x)

    def of_two(x: Any, other: Any) -> Tensor:
        return operation.general(*(x, other)[::way])

    def of_three(x: Any, other: Any, value: Any) -> Tensor:
        return operation.general(x, other, value)

    return called((of_one, of_two, of_three)[operation.primitive.arity - 1], name, skip)


OF_COMPLEX: dict[str, Callable[..., Tensor]] = {}
"""What stands in for a row where the numbers are complex; ``complexes`` has them."""


def _quick_unary(operation: Operation, otherwise: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """``operation`` for one tensor, with what every call would look up again held in closure."""
    forward, node_class = operation.forward, operation._node
    forward_long = operation.primitive.numpy_long if operation._flows else forward
    chosen = formula(operation.primitive, (True,))

    def call(x: Any = _NOTHING, *more: Any, **named: Any) -> Tensor:
        if type(x) is not Tensor or watching or more or named:
            return otherwise(*(() if x is _NOTHING else (x, *more)), **named)
        array = x._array
        if array.dtype is not _F64 and array.dtype is not _F32:
            return otherwise(x)
        result = (forward if array.size < LONG else forward_long)(array)
        if result.dtype is not array.dtype and result.dtype is _F64:
            result = result.astype(_F32)
        if array.ndim > 1 and array.strides != result.strides:
            result = laid_out(result, (array,))
        out = _new(Tensor)
        out._array = result if type(result) is _ndarray else np.asarray(result)
        out._counter = [0]
        if x._tracked and mode.enabled and operation._flows:
            node = node_class()
            node.next_functions = (x._edge or edge(x),)
            node.order = next(clock)
            node.formula = chosen
            node.saved = [
                (array, x._counter, x._counter[0], x)
                if place == 0
                else (out._array, out._counter, 0, None)
                for place in chosen.saves
            ]
            out._edge = (node, 0)
            out._tracked = True
        return out

    return call


_ARITHMETIC = (primitives.ADD, primitives.SUB, primitives.MUL, primitives.DIV)


def quick_binary(operation: Operation, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a tensor beside another or a number; the rest is left to ``otherwise``."""
    forward, tensors_node, number_node = operation.forward, operation._node, operation._node
    if operation._number_place == 1:
        number_node = operation._beside_number
    both, first, second = (formula(operation.primitive, wanted)
                           for wanted in ((True, True), (True, False), (False, True)))  # fmt: skip

    def call(x: Any, y: Any) -> Any:
        if type(x) is not Tensor or watching:
            return otherwise(x, y)
        a, beside = x._array, type(y) is Tensor
        kind = a.dtype
        b = y._array if beside else y
        if beside:
            if b.dtype is not kind:
                return otherwise(x, y)
        elif type(y) is not float and type(y) is not int:
            return otherwise(x, y)
        if kind is not _F64 and kind is not _F32:
            return otherwise(x, y)
        try:
            array = forward(a, b)
        except ValueError:
            return otherwise(x, y)
        if array.ndim > 1 and array.strides != a.strides:
            array = laid_out(array, (a, b))
        out = _new(Tensor)
        out._array = array if type(array) is _ndarray else np.asarray(array)
        out._counter = [0]
        if not mode.enabled:
            return out
        if beside and y._tracked:
            node = tensors_node()
            if x._tracked:
                node.next_functions = (x._edge or edge(x), y._edge or edge(y))
                node.formula = both
            else:
                node.next_functions = (NOWHERE, y._edge or edge(y))
                node.formula = second
        elif x._tracked:
            node = tensors_node() if beside else number_node()
            node.next_functions = (x._edge or edge(x), NOWHERE)
            node.formula = first
        else:
            return out
        node.order = next(clock)
        saved: list[Any] = []
        for place in node.formula.saves:
            if place == 0:
                saved.append((a, x._counter, x._counter[0], x))
            elif place == 2:
                saved.append((out._array, out._counter, 0, None))
            elif beside:
                saved.append((b, y._counter, y._counter[0], y))
            else:
                saved.append((b, NEVER_MODIFIED, 0, y))
        node.saved = saved
        shape = array.shape
        if a.shape != shape or (beside and b.shape != shape):
            node.shapes = (a.shape, b.shape if beside else ())
        out._edge = (node, 0)
        out._tracked = True
        return out

    return call


OPERATIONS: dict[Primitive, Operation] = {
    primitive: Operation(primitive) for primitive in TABLE if primitive.arity
}


def apply(primitive: Primitive, *operands: Any) -> Tensor:
    """A primitive on tensors: how formulas compute when their results are to be tracked."""
    return OPERATIONS[primitive].quick(*operands)


FUNCTION: dict[str, Operation] = {name: OPERATIONS[p] for name, p in FUNCTIONS.items()}
"""What the table calls in call position: ``FUNCTION["sin"]``."""
