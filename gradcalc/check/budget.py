"""A check may take so long and no longer.

The budget is processor time of the thread that checks: on a busy machine a check takes longer, and
is done all the same. A clock on the wall stops it when it has waited several times as long.

``Deadline.test`` is called between the steps of a check. One step of sympy can itself run away, and
then only a signal gets us out: ``Deadline.alarm`` arms one, in the main thread on Unix; anywhere
else the prediction of the cost (``gradcalc.check.structure``) and the tests have to do.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

_PATIENCE = 4.0
"""How many times its processor time a check may take by the clock on the wall."""
_INSISTENCE = 0.05
"""Seconds after which the alarm rings again: sympy swallows exceptions in a few places."""

clock = time.thread_time
"""Seconds of processor time that this thread has used."""


class OutOfTime(BaseException):
    """The budget is spent. Not an Exception, so that no ``except Exception`` of sympy's eats it."""


class Deadline:
    """``seconds`` of processor time from now, for the thread that makes it.

    ``share`` gives a part of what remains to one of several attempts.
    """

    def __init__(self, seconds: float) -> None:
        self._end = clock() + seconds
        self._wall = time.monotonic() + _PATIENCE * seconds

    @property
    def remaining(self) -> float:
        """Seconds left, negative when it is over."""
        return min(self._end - clock(), self._wall - time.monotonic())

    def share(self, part: float) -> Deadline:
        """A deadline of its own, when ``part`` (0 to 1) of what remains is spent."""
        shared = Deadline(self.remaining * part)
        shared._wall = min(shared._wall, self._wall)
        return shared

    def less(self, seconds: float) -> Deadline:
        """A deadline of its own, so much earlier: for what has to be done afterwards."""
        return self.share(1 - seconds / self.remaining if seconds < self.remaining else 0.0)

    def test(self) -> None:
        """Raises OutOfTime when it is over."""
        if self.remaining <= 0:
            raise OutOfTime

    def alarm(self) -> AbstractContextManager[None]:
        """Raise OutOfTime inside the block when the time is up, wherever it then is; in an import
        when that is over.

        The signal handler and a timer that was already running are put back as they were.
        """
        self.test()
        return _Alarm(self) if _can_ring() else nullcontext()


class _Alarm:
    """No generator: a ring on the way into one or out of it would skip what puts things back."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __enter__(self) -> None:
        left = max(self._deadline.remaining, 1e-6)
        self._started = time.monotonic()
        self._around = sys._getframe(1)
        self._handler = signal.signal(signal.SIGALRM, self._ring)
        self._outer, self._interval = signal.setitimer(signal.ITIMER_REAL, left, _INSISTENCE)

    def __exit__(self, *_: object) -> None:
        # First silence, then the handler: a late ring must not reach the outer one.
        signal.setitimer(signal.ITIMER_REAL, 0)
        handler = signal.SIG_DFL if self._handler is None else self._handler
        signal.signal(signal.SIGALRM, handler)
        if self._outer:
            left = self._outer - (time.monotonic() - self._started)
            signal.setitimer(signal.ITIMER_REAL, max(left, 1e-6), self._interval)

    def _ring(self, _signal: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code in _DOORS:
            return  # inside it rings again; outside it is not to ring
        if _imports(frame, self._around):
            return  # it rings again: half of sympy would be there for all that comes after
        # Never earlier than the wall's clock says; by the processor's it may be too early.
        left = self._deadline.remaining
        if left <= 0:
            raise OutOfTime
        signal.setitimer(signal.ITIMER_REAL, max(left, _INSISTENCE), _INSISTENCE)


def _imports(frame: FrameType | None, around: FrameType) -> bool:
    """Whether a module is being imported, inside of ``around``."""
    while frame is not None and frame is not around:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


_DOORS = {_Alarm.__enter__.__code__, _Alarm.__exit__.__code__}


def _can_ring() -> bool:
    return hasattr(signal, "setitimer") and (threading.current_thread() is threading.main_thread())
