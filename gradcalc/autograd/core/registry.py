"""How an operation gets its names: ``torch.sum(x)``, ``x.sum()``, or both."""

from __future__ import annotations

from collections.abc import Callable
from dis import opmap
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from gradcalc.autograd.core.grad_mode import mode
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.core.versions import about_to_write

F = TypeVar("F", bound=Callable[..., Any])

NAMES: dict[str, Any] = {}
"""What has been registered under ``torch.…``: the package's own names come from here."""


def method(*names: str) -> Callable[[F], F]:
    """Make a function a method of Tensor, under these names."""

    def attach_method(function: F) -> F:
        quick = all(name.startswith("__") for name in names) or function.__name__ == "<lambda>"
        taking = function if quick else of_arguments(function)
        for name in names:
            setattr(Tensor, name, taking)
        return function

    return attach_method


def function(*names: str) -> Callable[[F], F]:
    """Make it a function of the package, under its own name and these."""

    def register(made: F) -> F:
        made.__qualname__ = made.__name__  # errors name the function, not what made it
        taking = made if isinstance(made, type) else with_out(made)
        NAMES.update(dict.fromkeys((made.__name__, *names), taking))
        return made

    return register


def operation(*names: str) -> Callable[[F], F]:
    """Both: ``torch.sum(x)`` and ``x.sum()``."""

    def register(made: F) -> F:
        return method(made.__name__, *names)(function(*names)(made))

    return register


def of_arguments(made: Callable[..., Any]) -> Any:
    """The function, whose errors speak of its arguments and not of what Python made of them."""
    if not isinstance(made, FunctionType):
        return made

    @wraps(made)
    def call(*operands: Any, **options: Any) -> Any:
        try:
            return made(*operands, **options)
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            if _is_meant(error):
                raise
            raise TypeError(_complaint(made, operands)) from None

    return call


def _is_meant(error: BaseException) -> bool:
    """Whether a ``raise`` of ours or the user's code made it, or the call itself did not fit."""
    trace = error.__traceback__
    if trace is None or trace.tb_next is None:
        return True
    while trace.tb_next is not None:
        trace = trace.tb_next
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if not module.startswith(("gradcalc.", "numpy")):
            return True
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == _RAISE and module[0] == "g"


_RAISE = opmap["RAISE_VARARGS"]


def _complaint(made: Callable[..., Any], operands: tuple[Any, ...]) -> str:
    kinds = getattr(made, "__annotations__", {})
    for k, ((name, kind), x) in enumerate(zip(kinds.items(), operands, strict=False)):
        if kind == "Tensor" and not isinstance(x, Tensor):
            name = "input" if name == "x" else name
            return (
                f"{made.__name__}(): argument '{name}' (position {k + 1}) must be Tensor, not "
                f"{type(x).__name__}"
            )
    given = ", ".join(type(x).__name__ for x in operands)
    return f"{made.__name__}() received an invalid combination of arguments - got ({given})"


def with_out(made: Callable[..., Any]) -> Callable[..., Any]:
    """The function with PyTorch's keywords ``input=``, ``other=`` and ``out=``."""

    made = of_arguments(made)

    @wraps(made)
    def call(*operands: Any, **options: Any) -> Any:
        if options:
            operands, options, out = split_options(operands, options)
            if out is not None:
                return into(out, made.__name__, operands, made(*operands, **options))
        return made(*operands, **options)

    return call


def split_options(
    operands: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """Operands that were named among the others, the rest of the options, and ``out``."""
    out = options.pop("out", None)
    for name in ("input", "other"):
        if name in options:
            operands = (options.pop(name), *operands) if name == "input" else (
                *operands, options.pop(name))  # fmt: skip
    return operands, options, out


def into(out: Any, name: str, operands: tuple[Any, ...], result: Any) -> Any:
    """``out=``: the result, written into a tensor that was given."""
    if isinstance(out, tuple):
        return tuple(into(o, name, operands, r) for o, r in zip(out, result, strict=True))
    if mode.enabled and any(isinstance(x, Tensor) and x._tracked for x in (*operands, out)):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    if any(isinstance(x, Tensor) and x._tangent is not None for x in (*operands, out)):
        raise RuntimeError(f"{name}(): an out= function cannot be used in forward mode")
    about_to_write(out)
    if out._array.shape == result._array.shape:
        out._array[...] = result._array
    else:
        out._array = result._array.astype(out._array.dtype)
    out._counter[0] += 1
    return out
