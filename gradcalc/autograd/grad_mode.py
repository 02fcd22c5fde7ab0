"""Whether operations are recorded, and whether a NaN on the way back is an error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    """What this thread records. The class attributes are what a new thread starts with."""

    enabled = True
    anomaly = False


mode = _Mode()


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

    def __call__(self, function: F) -> F:
        @wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with _Switch(self._value):
                return function(*args, **kwargs)

        return switched  # type: ignore[return-value]


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


class detect_anomaly:  # noqa: N801
    """Inside the block, a backward formula that returns NaN raises and names its node."""

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._before = mode.anomaly
        mode.anomaly = self._check_nan

    def __exit__(self, *_: object) -> None:
        mode.anomaly = self._before


class set_detect_anomaly(detect_anomaly):  # noqa: N801
    """``detect_anomaly`` that holds from the call on."""

    def __init__(self, mode_: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan and mode_)
        self.__enter__()
