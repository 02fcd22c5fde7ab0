"""What a thread records, what it watches for, and the counters of versions."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import wraps
from inspect import isclass, isgeneratorfunction
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    """What this thread records. The class attributes are what a new thread starts with."""

    enabled = True
    inference = False
    anomaly = False
    check_nan = True
    multithreading = True
    bare = False  # tensors are made to compute with: nobody will see that they are views
    dual: Callable[..., None] | None = None  # gives an operation's output its tangent
    packing: tuple[Any, ...] = ()  # hooks for saved tensors; (message,) where they are forbidden
    before_writing: Callable[[Any], None] | None = None  # is told of what will be written to
    running: Any = None  # the sweep that this thread is in
    evaluating: Any = None  # the node whose way back is being run, while anomalies are detected
    transforming = False  # inside of a transformation of ``func``, whose results are tracked
    mapped = False  # inside of vmap, whose slices are one call to PyTorch
    another_slice = False  # which comes back with another: a graph that one goes through is kept


mode = _Mode()
watching: list[None] = []
"""Not empty while some thread detects anomalies, packs what is saved, infers or carries tangents: a
cheap question for every operation to ask, and the reason to go the long way round."""


_REASONS = frozenset({"anomaly", "dual", "inference", "packing"})


def settle(**settings: Any) -> None:
    """Give the mode these settings; ``watching`` is as long as there are reasons to watch."""
    for name, value in settings.items():
        if name in _REASONS and bool(value) != bool(getattr(mode, name)):
            watching.append(None) if value else watching.pop()
        setattr(mode, name, value)


class Within:
    """Other settings of the mode, inside a ``with`` block or a decorated function."""

    _at_call: dict[str, Any] | None = None  # what was before, if the call itself has settled it

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._before: list[dict[str, Any]] = []  # a stack: one object may be entered inside itself

    def _now(self) -> dict[str, Any]:
        return {name: getattr(mode, name) for name in self._settings}

    def __enter__(self) -> Any:
        self._before.append(self._at_call or self._now())
        settle(**self._settings)

    def __exit__(self, *_: object) -> None:
        if self._before:  # one may be left more often than it was entered
            settle(**self._before.pop())

    def __call__(self, function: F) -> F:
        if isgeneratorfunction(function):
            return self._generator(function)  # type: ignore[no-any-return]
        if isclass(function):
            warnings.warn("Decorating classes is deprecated and will be disabled in future "
                          "versions. You should only decorate functions or methods. To preserve "
                          "the current behavior of class decoration, you can directly decorate the "
                          "`__init__` method and nothing "
                          "else.", FutureWarning, stacklevel=2)  # fmt: skip

        @wraps(function, updated=())
        def switched(*args: Any, **kwargs: Any) -> Any:
            with Within(**self._settings):
                return function(*args, **kwargs)

        return switched  # type: ignore[return-value]

    def _generator(self, function: Callable[..., Any]) -> Any:
        """The generator runs in this mode, and who iterates over it in their own."""

        @wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume, given = generator.send, None
            while True:
                try:
                    with Within(**self._settings):
                        value = resume(given)
                except StopIteration as stop:
                    return stop.value
                try:
                    resume, given = generator.send, (yield value)
                except BaseException as error:  # closing it, too
                    resume, given = generator.throw, error

        return switched


class no_grad(Within):  # noqa: N801  (PyTorch's name)
    """Record nothing: results are leaves that do not require grad.

    >>> import gradcalc.autograd as torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with torch.no_grad():
    ...     (x * x).requires_grad
    False
    """

    _enabled = False

    def __init__(self) -> None:
        super().__init__(enabled=self._enabled)

    def __new__(cls, given: Any = None, mode: Any = None) -> Any:
        # ``@no_grad`` works without parentheses too.
        function = given or mode
        return cls()(function) if callable(function) else super().__new__(cls)


class enable_grad(no_grad):  # noqa: N801
    """Record again, inside a ``no_grad``."""

    _enabled = True


class inference_mode(no_grad):  # noqa: N801
    """``no_grad``, and stricter: what is made inside is never to be differentiated."""

    def __init__(self, mode: bool = True) -> None:
        Within.__init__(self, enabled=not mode, inference=mode)


class _FromNow(Within):
    """The same from now on; as a context manager, until the end of the block."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._at_call = self._now()
        settle(**settings)

    def __call__(self, function: F) -> F:
        settle(**self._at_call or {})  # used as a decorator: the call itself changes nothing
        return super().__call__(function)


class set_grad_enabled(_FromNow):  # noqa: N801
    """Record or not."""

    def __init__(self, mode: bool) -> None:
        super().__init__(enabled=bool(mode))

    def __repr__(self) -> str:
        enabled = self._settings["enabled"]
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={enabled})"


class set_multithreading_enabled(_FromNow):  # noqa: N801
    """PyTorch's switch for threads of its own; taken, and without effect on the sweep here."""

    def __init__(self, mode: bool) -> None:
        super().__init__(multithreading=mode)


class set_detect_anomaly(_FromNow):  # noqa: N801
    """Detect anomalies or not."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=mode, check_nan=check_nan)


class detect_anomaly(Within):  # noqa: N801
    """Inside the block, backward raises where a formula returns NaN, and names its node.

    The warning that goes with it says where the forward operation was written. ``check_nan=False``
    asks for that alone, when something else is raised.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=True, check_nan=check_nan)
        warnings.warn("Anomaly Detection has been enabled. This mode will increase the runtime and "
                      "should only be enabled for "
                      "debugging.", UserWarning, stacklevel=2)  # fmt: skip


# --- Version counters: one cell that all views and aliases of a memory share, one more a write ----


class Timeless(list[int]):
    """The version counter of what was made in ``inference_mode``: nothing may save its version."""

    def __getitem__(self, place: Any) -> Any:
        if mode.inference or not mode.enabled:
            return super().__getitem__(place)
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )


def about_to_write(y: Any) -> None:
    """Raise if y was made in inference mode, and this is another; tell who wants to know."""
    if type(y._counter) is Timeless and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make "
            "a clone to get a normal tensor before doing inplace update.See "
            "https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if watching and mode.before_writing is not None:
        mode.before_writing(y)
