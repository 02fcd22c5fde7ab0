"""How an operation gets its names, and what it takes.

An operation is a function; its own signature, with PyTorch's names and annotations for types, says
what it takes. From that come ``torch.sum(x)``, ``x.sum()``, ``x.sum_()``, keywords, ``out=``,
numpy's names (``axis``), and PyTorch's words where something does not fit. The function itself is
called with what it declares: a ``Shape`` is a tuple, a ``Kind`` is numpy's type.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dis import opmap
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import numpy as np

from gradcalc.autograd.core import dtypes
from gradcalc.autograd.core.grad_mode import about_to_write, mode
from gradcalc.autograd.core.refusals import REFUSED, refuse
from gradcalc.autograd.core.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

NAMES: dict[str, Any] = {}
"""What has been registered under ``torch.…``: the package's own names come from here."""

IN_PLACE: list[Callable[..., Any]] = []
"""What makes ``mul_`` of ``mul``; ``inplace`` supplies it."""

# --- What can be declared -------------------------------------------------------------------------

Number = Any
Ints = Any
Shape = tuple[int, ...]
Kind = Any
Tensors = Sequence[Tensor]


class ForeignOperandError(TypeError):
    """An operand that is neither a tensor nor a number: Python may ask the other side."""


class Type(NamedTuple):
    """A type of arguments: PyTorch's words for it, what is of it, and what is made of that."""

    words: str
    fits: Callable[[Any], bool]
    make: Callable[[Any], Any] = lambda x: x


def _is_whole(x: Any) -> bool:
    if isinstance(x, Tensor):
        return x._array.ndim == 0 and x._array.dtype.kind in "iu"
    return isinstance(x, int | np.integer) and not isinstance(x, bool)


def _is_number(x: Any) -> bool:
    if isinstance(x, Tensor):  # as a number it is not differentiated by
        return x._array.ndim == 0 and not x._tracked
    return isinstance(x, int | float | complex | np.number | np.bool_)


def _are_whole(x: Any) -> bool:
    return all(map(_is_whole, x)) if isinstance(x, list | tuple) else _is_whole(x)


def _shape(x: Any) -> Shape:
    return tuple(map(int, x)) if isinstance(x, list | tuple) else (int(x),)


_INTS = "tuple of ints"
TYPES = {
    "Tensor": Type("Tensor", lambda x: isinstance(x, Tensor)),
    "Tensors": Type("tuple of Tensors", lambda x: isinstance(x, list | tuple)),
    "int": Type("int", _is_whole, int),
    "bool": Type("bool", lambda x: isinstance(x, bool | np.bool_)),
    "float": Type("float", _is_number),
    "Number": Type("Number", _is_number),
    "Ints": Type(_INTS, _are_whole, lambda x: _shape(x) if isinstance(x, list | tuple) else int(x)),
    "Shape": Type(_INTS, lambda x: isinstance(x, list | tuple) and _are_whole(x), _shape),
    "Kind": Type("torch.dtype", lambda x: isinstance(x, dtypes.dtype | np.dtype | type),
                 dtypes.numpy_type),
    "str": Type("str", lambda x: isinstance(x, str)),
}  # fmt: skip
_ANYTHING = Type("", lambda x: True)
_BY_NAME = {"x": "Tensor", "other": "Tensor", "dim": "int", "keepdim": "bool", "dtype": "Kind",
            "dims": "Shape", "shape": "Shape", "size": "Shape", "condition": "Tensor",
            "index": "Tensor", "src": "Tensor", "source": "Tensor", "tensors": "Tensors",
            "fill_value": "Number", "s": "Number", "steps": "int", "n": "int", "target": "Tensor",
            "weight": "Tensor", "bias": "Tensor"}  # fmt: skip
"""The types of what is not annotated."""
_ALIASES = {"axis": "dim", "keepdims": "keepdim", "x1": "x", "x2": "other", "input": "x"}


class Taken(NamedTuple):
    """An argument that is taken: its name, its type, whether it may be None or left out."""

    name: str
    shown: str
    type: Type
    optional: bool
    required: bool

    @classmethod
    def by(cls, parameter: inspect.Parameter) -> Taken:
        """As a parameter declares it; ``shown`` is PyTorch's name of it."""
        name, default, declared = parameter.name, parameter.default, parameter.annotation
        if declared is parameter.empty:
            declared = _BY_NAME.get(name, "Any")
        words = str(declared).removesuffix(" | None")
        return cls(name, "input" if name == "x" else name, TYPES.get(words, _ANYTHING),
                   default is None or words != declared, default is parameter.empty)  # fmt: skip


class Arguments:
    """What a function takes, as its signature says; a method's positions are counted without x."""

    def __init__(self, made: Callable[..., Any], name: str, skip: int) -> None:
        self.name, self.skip = name, skip
        parameters = inspect.signature(made).parameters.values()
        self.positional = [Taken.by(p) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.named = {p.name: Taken.by(p) for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.named |= {taken.name: taken for taken in self.positional}
        self.any_number = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.any_name = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.last = len(self.positional) - 1
        self.gathers = self.last >= 0 and self.positional[-1].type is TYPES["Shape"]

    def check(self, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments as the function wants them. TypeError, in PyTorch's words, if they are not
        what it takes."""
        if self.gathers and len(given) > self.last and _is_whole(given[self.last]):
            given = (*given[: self.last], given[self.last :])
        if named:
            self._rename(given, named)
        if len(given) > len(self.positional) and not self.any_number:
            raise TypeError(self._too_many(len(given)))
        made = [
            x if type(x) is Tensor and taken.type is _TENSOR else self._fitted(taken, x, k)
            for k, (taken, x) in enumerate(zip(self.positional, given, strict=False))
        ]
        missing = [f'"{taken.shown}"' for taken in self.positional[len(given) :]
                   if taken.required and taken.name not in named]  # fmt: skip
        if missing:
            raise TypeError(f"{self.name}() missing {len(missing)} required positional argument"
                            f"{'s' * (len(missing) == 1)}: {', '.join(missing)}")  # fmt: skip
        return (*made, *given[len(made) :])

    def _rename(self, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        for name in list(named):
            known = name if name in self.named and name != "x" else _ALIASES.get(name, name)
            if known not in self.named:
                if self.any_name:
                    continue
                raise TypeError(f"{self.name}() got an unexpected keyword argument '{name}'")
            if any(taken.name == known for taken in self.positional[: len(given)]):
                raise TypeError(f"{self.name}() got multiple values for argument '{name}'")
            named[known] = self._fitted(self.named[known], named.pop(name))

    def _fitted(self, taken: Taken, x: Any, place: int | None = None) -> Any:
        if x is None and taken.optional:
            return x
        if taken.type.fits(x):
            return taken.type.make(x)
        where = "" if place is None else f" (position {place + 1 - self.skip})"
        found = f"not {python_type(x)}"
        if taken.type.words == _INTS and isinstance(x, list | tuple):
            k = next(k for k, n in enumerate(x) if not _is_whole(n))
            found = f"but found element of type {python_type(x[k])} at pos {k}"
        raise TypeError(f"{self.name}(): argument '{taken.shown}'{where} must be "
                        f"{taken.type.words}, {found}")  # fmt: skip

    def refuse(self, row: str, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Raise where an operand is of a type that this row of the table does not take."""
        x = given[0]
        if not isinstance(x, Tensor):
            return
        kind = x._array.dtype
        if kind.kind != "f":
            others = [*given[1:], *named.values()]
            if any(type(n) is int for n in others) and f"{row}/dim" in REFUSED:
                row += "/dim"
            elif any(isinstance(n, Tensor) for n in others):  # it depends on their type together
                kind = _FLOAT
        refuse(row, kind, x._array.ndim)

    def _too_many(self, count: int) -> str:
        most, count = len(self.positional) - self.skip, count - self.skip
        if not most and self.skip and len(self.named) == 1:
            return f"TensorBase.{self.name}() takes no arguments ({count} given)"
        least = sum(taken.required for taken in self.positional) - self.skip
        number = f"{most}" if least == most else f"from {least} to {most}"
        return (f"{self.name}() takes {number} positional argument{'s' * (number != '1')} but "
                f"{count} {'was' if count == 1 else 'were'} given")  # fmt: skip


def python_type(x: Any) -> str:
    """A value's type as Python's own messages name it: those of numpy with the module."""
    kind = type(x)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


_TENSOR = TYPES["Tensor"]
_FLOAT = np.dtype(float)


# --- Names ----------------------------------------------------------------------------------------


def method(*names: str) -> Callable[[F], F]:
    """Make a function a method of Tensor, under these names."""

    def attach_method(made: F) -> F:
        for name in names:
            setattr(Tensor, name, made if name.startswith("__") else called(made, name, 1))
        return made

    return attach_method


def function(*names: str) -> Callable[[F], F]:
    """Make it a function of the package, under its own name and these."""

    def register(made: F) -> F:
        for name in (made.__name__, *names):
            NAMES[name] = made if isinstance(made, type) else called(made, name)
        return made

    return register


def operation(*names: str, in_place: bool = False) -> Callable[[F], F]:
    """Both: ``torch.sum(x)`` and ``x.sum()``; with ``in_place`` also ``x.sum_()``."""

    def register(made: F) -> F:
        made.__qualname__ = made.__name__  # errors name the function, not what made it
        if in_place:
            for name in (made.__name__, *names):
                NAMES[f"{name}_"] = IN_PLACE[0](called(made, f"{name}_", 1))
                setattr(Tensor, f"{name}_", NAMES[f"{name}_"])
        return method(made.__name__, *names)(function(*names)(made))

    return register


def declare(names: str, made: F, doc: str, how: Callable[..., Any] = operation) -> F:
    """A row: an operation that is one expression, under these names (separated by spaces)."""
    made.__name__ = made.__qualname__ = names.split()[0]
    made.__doc__ = doc
    how(*names.split())(made)
    return made


def called(made: F, name: str = "", skip: int = 0) -> F:
    """The function as users call it: see the head of this file."""
    if not inspect.isfunction(made):
        return made
    name = name or made.__name__
    takes = Arguments(made, name, skip)
    refusing = f"{name}()"

    @wraps(made)
    def call(*given: Any, **named: Any) -> Any:
        out = named.pop("out", None) if named else None
        given = takes.check(given, named)
        if refusing in REFUSED and given:
            takes.refuse(refusing, given, named)
        try:
            result = made(*given, **named)
        except ForeignOperandError as error:
            foreign = (k for k, x in enumerate(given) if str(error) == f"not {python_type(x)}")
            k = next(foreign, 1)
            raise TypeError(f"{name}(): argument '{takes.positional[k].shown}' (position "
                            f"{k + 1 - skip}) must be Tensor, {error}") from None  # fmt: skip
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            if _is_meant(error):
                raise
            kinds = ", ".join(type(x).__name__ for x in given[skip:])
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got ({kinds})"
            ) from None
        return result if out is None else into(out, name, given, result)

    return call  # type: ignore[return-value]


def _is_meant(error: BaseException) -> bool:
    """Whether a ``raise`` of ours or the user's code made it, or Python and numpy did."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if not module.startswith(("gradcalc.", "numpy")):
            return True
    if trace is None:
        return True
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == _RAISE and module[0] == "g"


_RAISE = opmap["RAISE_VARARGS"]


def into(out: Any, name: str, operands: tuple[Any, ...], result: Any) -> Any:
    """``out=``: the result, written into a tensor that was given."""
    if isinstance(out, tuple | list):
        return tuple(into(o, name, operands, r) for o, r in zip(out, result, strict=True))
    given = [x for x in (*operands, out) if isinstance(x, Tensor)]
    if mode.enabled and any(x._tracked for x in given):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    if any(x._tangent is not None for x in given):
        raise RuntimeError(f"{name}(): an out= function cannot be used in forward mode")
    about_to_write(out)
    if out._array.shape == result._array.shape:
        out._array[...] = result._array
    else:
        out._array = result._array.astype(out._array.dtype)
    out._counter[0] += 1
    return out


for _name, _made in list(vars(Tensor).items()):
    if inspect.isfunction(_made) and not _name.startswith("_"):
        setattr(Tensor, _name, called(_made, _name, 1))
