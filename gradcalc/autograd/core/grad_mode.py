"""Whether operations are recorded, and whether a NaN on the way back is an error."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import wraps
from inspect import isclass, isgeneratorfunction
from types import TracebackType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    """What this thread records. The class attributes are what a new thread starts with."""

    enabled = True
    anomaly = False
    check_nan = True
    inference = False
    bare = False
    """Whether tensors are made to compute with and no more: nobody will see that they are views."""
    dual: Callable[..., None] | None = None
    """While a level of forward mode is open: what gives an operation's output its tangent."""
    packing: tuple[Any, ...] = ()
    """The innermost hooks for saved tensors: (pack, unpack), or (message,) where they are off."""
    before_writing: Callable[[Any], None] | None = None
    """What is told of a tensor that is about to be written to."""
    depth = 0
    """How many sweeps this thread is inside of."""
    evaluating: Any = None
    """The node whose way back is being run, while anomalies are detected."""
    running: Any = None
    """The sweep that this thread is in."""
    callbacks: list[Callable[[], None]] | None = None
    """What is to be done when the running sweep has finished."""
    mapped = False
    """Whether this thread is inside of vmap, whose slices are one call to PyTorch."""
    another_slice = False
    """Whether it comes back with another slice: the graph that one slice goes through is kept."""
    multithreading = True


mode = _Mode()
watching: list[None] = []
"""Not empty while some thread detects anomalies, packs what is saved, infers or carries tangents: a
cheap question for every operation to ask, and the reason to go the long way round."""


def is_grad_enabled() -> bool:
    """Whether operations on tensors that require grad are being recorded in this thread."""
    return mode.enabled


class _Switch:
    """Sets the mode inside a ``with`` block or a decorated function, and restores it after."""

    def __init__(self, value: bool) -> None:
        self._value = value
        self._before: list[bool] = []  # a stack: one object may be entered again inside itself

    def __enter__(self) -> None:
        self._before.append(mode.enabled)
        mode.enabled = self._value

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mode.enabled = self._before.pop()

    def _again(self) -> Any:
        """Another of the same, for one call of a decorated function."""
        return _Switch(self._value)

    def __call__(self, function: F) -> F:
        if isgeneratorfunction(function):
            return self._generator(function)  # type: ignore[no-any-return]
        if isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You "
                "should only decorate functions or methods. To preserve the current behavior of "
                "class decoration, you can directly decorate the `__init__` method and nothing "
                "else.",
                FutureWarning,
                stacklevel=2,
            )

        @wraps(function, updated=())
        def switched(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return switched  # type: ignore[return-value]

    def _generator(self, function: Callable[..., Any]) -> Any:
        """The generator runs in this mode, and who iterates over it in their own."""

        @wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume, given = generator.send, None
            try:
                while True:
                    with self._again():
                        value = resume(given)
                    try:
                        resume, given = generator.send, (yield value)
                    except GeneratorExit:
                        with self._again():
                            generator.close()
                        raise
                    except BaseException as error:
                        resume, given = generator.throw, error
            except StopIteration as stop:
                return stop.value
            finally:
                generator.close()

        return switched


class no_grad(_Switch):  # noqa: N801  (PyTorch's name)
    """Record nothing: results are leaves that do not require grad.

    >>> import gradcalc.autograd as torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with torch.no_grad():
    ...     (x * x).requires_grad
    False
    """

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(False)

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        # ``@no_grad`` works without parentheses too.
        return super().__new__(cls) if function is None else _Switch(False)(function)


class inference_mode(_Switch):  # noqa: N801
    """``no_grad``, and stricter: what is made inside is never to be differentiated."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)
        self._inference = [mode]

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else inference_mode()(mode)

    def __enter__(self) -> None:
        super().__enter__()
        self._inference.append(mode.inference)
        mode.inference = self._inference[0]
        watching.append(None)

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        mode.inference = self._inference.pop()
        watching.pop()

    def _again(self) -> Any:
        return inference_mode(self._inference[0])


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside of ``inference_mode``."""
    return mode.inference


class set_multithreading_enabled(_Switch):  # noqa: N801
    """PyTorch's switch for threads of its own; taken, and without effect on the sweep here."""

    def __init__(self, mode_: bool) -> None:
        super().__init__(mode_)
        self._multithreading = [mode.multithreading]
        mode.multithreading = mode_

    def __enter__(self) -> None:
        mode.multithreading = self._value

    def __exit__(self, *_: object) -> None:
        mode.multithreading = self._multithreading[0]

    def _again(self) -> Any:
        return set_multithreading_enabled(self._value)


class enable_grad(_Switch):  # noqa: N801
    """Record again, inside a ``no_grad``."""

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(True)

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _Switch(True)(function)


class set_grad_enabled(_Switch):  # noqa: N801
    """Record or not, from now on; as a context manager, until the end of the block."""

    def __init__(self, mode_: bool) -> None:
        super().__init__(bool(mode_))
        self._at_call = mode.enabled
        mode.enabled = self._value

    def __enter__(self) -> None:
        self._before.append(self._at_call)
        mode.enabled = self._value

    def __call__(self, function: F) -> F:
        mode.enabled = self._at_call  # used as a decorator: the call itself changes nothing
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self._value})"


class detect_anomaly:  # noqa: N801
    """Inside the block, backward raises where a formula returns NaN, and names its node.

    The warning that goes with it says where the forward operation was written. ``check_nan=False``
    asks for that alone, when something else is raised.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._before: list[tuple[bool, bool]] = []
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before.append((mode.anomaly, mode.check_nan))
        _watch(True, self._check_nan)

    def __exit__(self, *_: object) -> None:
        _watch(*self._before.pop())


class set_detect_anomaly:  # noqa: N801
    """Detect anomalies or not, from now on; as a context manager, until the end of the block."""

    def __init__(self, mode_: bool, check_nan: bool = True) -> None:
        self._before = mode.anomaly, mode.check_nan
        _watch(mode_, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        _watch(*self._before)


def _watch(anomaly: bool, check_nan: bool) -> None:
    if anomaly and not mode.anomaly:
        watching.append(None)
    if mode.anomaly and not anomaly:
        watching.pop()
    mode.anomaly, mode.check_nan = anomaly, check_nan


def is_anomaly_enabled() -> bool:
    """Whether this thread detects anomalies."""
    return mode.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether this thread raises where a backward formula returns NaN."""
    return mode.check_nan
