"""What a row of the table knows, and when it is imported.

A row names functions of numpy, scipy, sympy and mpmath, and none of them is imported until it is
first called: the command must answer ``--help`` without them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import product
from typing import Any

from gradcalc.functions.loading import loaded


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

    @property
    def name(self) -> str:
        return self._name

    def resolve(self) -> Any:
        if self._found is None:
            self._found = getattr(loaded(self._module), self._name)
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
    logical: bool = False
    jump: str = ""
    tame: bool = False
    arithmetic: bool = False
    rounded: bool = False
    scalar: Callable[[float], float] | None = None
    quick: Any = None
    times: Any = None
    tells: bool = False
    steep: bool = False
    chains: bool = False
    torch: tuple[str, ...] = ()
    defaults: tuple[float, ...] = ()
    plain: tuple[str | None, ...] = ()
    made: str = ""
    steps: str = ""

    def __init__(self, **columns: Any) -> None:
        unknown = columns.keys() - Primitive.__annotations__.keys()
        if unknown:
            raise TypeError(f"a row has no columns {', '.join(sorted(unknown))}")
        self.__dict__.update(columns)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    @property
    def differentiable(self) -> bool:
        """Whether a cotangent can flow through any operand."""
        return any(partial not in (None, "0") for partial in self.partials)

    @property
    def ordered(self) -> bool:
        """Whether the first operands are orders or parameters, never differentiated by."""
        return bool(self.orders)

    @cached_property
    def orders(self) -> int:
        """How many: one of a polygamma, two of an incomplete beta function."""
        if self.selects or not self.differentiable:
            return 0
        return next(k for k, partial in enumerate(self.partials) if partial is not None)

    @property
    def counts(self) -> bool:
        """Whether the first operand is a whole number, to which loops count."""
        return self.ordered and "x == floor(x)" in self.domain

    @cached_property
    def flows(self) -> tuple[bool, ...]:
        """Whether a slope can flow to an operand, or to an order the NaN that stands for none."""
        return tuple(
            k < self.orders or partial not in (None, "0") for k, partial in enumerate(self.partials)
        )

    @property
    def flat(self) -> bool:
        """Whether it is a step: a number, and level wherever it is smooth."""
        return bool(self.arity) and all(partial == "0" for partial in self.partials)

    @property
    def compares(self) -> bool:
        """Whether it asks how two numbers are ordered, where a branch turns as they meet."""
        return self.boolean and not self.logical and not self.indifferent

    @property
    def exact(self) -> bool:
        """Whether every processor and library gives the same number, to the last bit."""
        whole = self.flat or self.boolean or (self.selects and self.tame)
        return self.arithmetic or self.rounded or whole

    @cached_property
    def numpy(self) -> Callable[..., Any]:
        """The function on numpy arrays, float64 or float32; a ufunc where there is one."""
        return _resolve(self.forward)

    @cached_property
    def numpy_long(self) -> Callable[..., Any]:
        """The same on thousands of numbers at once: sooner, where there is a way."""
        if self.quick is None:
            return self.numpy
        from gradcalc.functions.sines import are_by_tangent  # deferred: it is made of numpy

        return _resolve(self.quick) if are_by_tangent() else self.numpy

    @cached_property
    def numpy_times(self) -> Callable[..., Any] | None:
        """``numpy_times(v, x, out=None)``: v times the function, sooner; None: there is no way."""
        return None if self.times is None else _resolve(self.times)

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

    # --- what is found out by trying ----------------------------------------------------------

    @cached_property
    def carries_nan(self) -> bool:
        """Whether the value is NaN whenever an operand is: of ``x + y`` it is, of ``x**0`` not."""
        import numpy as np

        others = product((0.0, 1.0, -2.5, np.inf, -np.inf), repeat=self.arity - 1)
        with np.errstate(all="ignore"):
            return all(
                np.isnan(self.numpy(*map(np.float64, (*other[:k], np.nan, *other[k:]))))
                for other in others
                for k in range(self.arity)
            )

    @cached_property
    def whole(self) -> bool:
        """Whether whole numbers stay whole numbers."""
        import numpy as np

        with np.errstate(all="ignore"):
            found = self.numpy(*[np.ones(1, np.int64)] * self.arity)
        return bool(found.dtype.kind == "i")

    @cached_property
    def grows(self) -> bool:
        """Whether it may be much larger than the sum of its operands: by more than 4."""
        import numpy as np

        if self.steep or not self.arity:
            return False
        rng = np.random.default_rng(0)
        sizes = 10.0 ** np.concatenate([rng.uniform(-300, 300, 2000), rng.uniform(-3, 3, 2000)])
        operands = rng.choice([-1.0, 1.0], (self.arity, 4000)) * rng.permuted(
            np.tile(sizes, (self.arity, 1)), axis=1
        )
        with np.errstate(all="ignore"):
            found = np.abs(np.asarray(self.numpy(*operands), float))
            most = np.minimum(np.abs(operands).sum(axis=0) + 4, np.finfo(float).max)
        return not bool((found <= most).all())

    @cached_property
    def slow(self) -> bool:
        """Whether its domain are the positive numbers, and it is never larger there than 1100."""
        import numpy as np

        if self.domain != "x > 0" or self.arity != 1:
            return False
        sizes = 2.0 ** np.concatenate([np.linspace(-1074, 1023.9, 1000), np.linspace(-1, 1, 1000)])
        return bool((np.abs(self.numpy(sizes)) <= 1100).all())

    @cached_property
    def positive(self) -> bool:
        """Whether it is above 0 everywhere: of one operand, found by trying where doubles do not
        vanish."""
        import numpy as np

        if self.arity != 1 or self.boolean or self.domain:
            return False
        whole = np.arange(-60, 61) / 4
        x = np.concatenate([whole, np.random.default_rng(0).uniform(-15, 15, 2000)])
        with np.errstate(all="ignore"):
            found = np.asarray(self.numpy(x), float)
        return bool((found[found == found] > 0).all())

    @cached_property
    def levels(self) -> bool:
        """Whether it is level, or straight, far from 0: so far that its digits do not tell."""
        from gradcalc.functions.digits import context

        if self.arity != 1 or self.tame or self.boolean:
            return False
        mp = context()
        return any(self._is_straight(mp, sign * mp.ldexp(1, 60)) for sign in (1, -1))

    def _is_straight(self, mp: Any, x: Any) -> bool:
        try:
            with mp.workprec(53):
                behind, here, ahead = (self.mpmath(x + k * x / 1024) for k in (-1, 0, 1))
                bend = abs(behind + ahead - 2 * here)
                return isinstance(here, mp.mpf) and bool(bend <= mp.ldexp(abs(here), -50))
        except (ArithmeticError, ValueError, NotImplementedError, MemoryError, mp.NoConvergence):
            return False
