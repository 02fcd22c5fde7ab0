"""What a row of the table knows, and when it is imported.

A row names functions of numpy, scipy, sympy and mpmath, and none of them is imported until it is
first called: the command must answer ``--help`` without them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any


class Lazy:
    """A module, or a function in one, that is imported when it is first called."""

    def __init__(self, module: str, name: str = "") -> None:
        self._module, self._name = module, name
        self._found: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        attribute = Lazy(self._module, name)
        setattr(self, name, attribute)  # made once: forwards ask for theirs at every call
        return attribute

    def __call__(self, *args: Any) -> Any:
        return self.resolve()(*args)

    def resolve(self) -> Any:
        if self._found is None:
            self._found = getattr(import_module(self._module), self._name)
        return self._found


class _Digits:
    """mpmath's function of this name, in the arithmetic that is in force when it is called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any) -> Any:
        from gradcalc.functions.digits import context  # deferred: the check's alone

        return getattr(context(), self._name)(*args)


class Arithmetic:
    """mpmath's functions by name: ``mp.exp``."""

    def __getattr__(self, name: str) -> _Digits:
        if name.startswith("_"):
            raise AttributeError(name)
        function = _Digits(name)
        setattr(self, name, function)
        return function


def _resolve(function: Any) -> Callable[..., Any]:
    resolved: Callable[..., Any] = function.resolve() if isinstance(function, Lazy) else function
    return resolved


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row of the table. ``code`` is its place in it: graphs store codes, not rows."""

    name: str
    code: int
    arity: int
    forward: Any
    partials: tuple[str | None, ...]
    sympy_forward: Any
    mpmath_forward: Any
    ball_forward: Any
    domain: str = ""
    kink: str = ""
    own: str = ""
    doc: str = ""
    aliases: tuple[str, ...] = ()
    elsewhere: str = ""
    disputed: str = ""
    symbol: str = ""
    selects: bool = False
    boolean: bool = False
    spoken: bool = True
    indifferent: bool = False
    defaults: tuple[float, ...] = ()
    plain: tuple[str | None, ...] = ()

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    @property
    def differentiable(self) -> bool:
        """Whether a cotangent can flow through any operand."""
        return any(partial not in (None, "0") for partial in self.partials)

    @property
    def ordered(self) -> bool:
        """Whether the first operand is an order: a whole number, that nothing is differentiated
        by."""
        return self.partials[:1] == (None,) and self.differentiable and not self.selects

    @cached_property
    def numpy(self) -> Callable[..., Any]:
        """The function on numpy arrays, float64 or float32; a ufunc where there is one."""
        return _resolve(self.forward)

    @cached_property
    def numpy_long(self) -> Callable[..., Any]:
        """The same on thousands of numbers at once: sooner, where there is a way."""
        from gradcalc.functions.sines import for_long_arrays  # deferred: it is made of numpy

        return for_long_arrays(self.numpy)

    @cached_property
    def sympy(self) -> Callable[..., Any]:
        """The function on sympy expressions of real symbols."""
        return _resolve(self.sympy_forward)

    @cached_property
    def mpmath(self) -> Callable[..., Any]:
        """The function on mpmath's mpf numbers, at the working precision."""
        return _resolve(self.mpmath_forward)

    @cached_property
    def ball(self) -> Callable[..., Any]:
        """The function on balls and on power series of balls; raises AttributeError if it has no
        such counterpart, and ImportError without python-flint."""
        return _resolve(self.ball_forward)
