"""A check may take so long and no longer.

The budget is processor time of the thread that checks: on a busy machine a check takes longer, and
is done all the same. A clock on the wall stops it when it has waited several times as long.

``Deadline.test`` is called between the steps of a check. One step of sympy can itself run away, and
then only a signal gets us out: ``Deadline.alarm`` arms one, in the main thread on Unix; anywhere
else the prediction of the cost (``gradcalc.check.structure``) and the tests have to do.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def alarm(self) -> Iterator[None]:
        """Raise OutOfTime inside the block when the time is up, wherever it then is.

        The signal handler and a timer that was already running are put back as they were.
        """
        self.test()
        if not _can_ring():
            yield
            return

        def ring(_signal: int, _frame: FrameType | None) -> None:
            # Never earlier than the wall's clock says; by the processor's it may be too early.
            left = self.remaining
            if left <= 0:
                raise OutOfTime
            signal.setitimer(signal.ITIMER_REAL, max(left, _INSISTENCE), _INSISTENCE)

        started = time.monotonic()
        handler = signal.signal(signal.SIGALRM, ring)
        outer, interval = signal.setitimer(
            signal.ITIMER_REAL, max(self.remaining, 1e-6), _INSISTENCE
        )
        try:
            yield
        finally:
            # First silence, then the handler: a late ring must not reach the outer one.
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler if handler is not None else signal.SIG_DFL)
            if outer:
                left = outer - (time.monotonic() - started)
                signal.setitimer(signal.ITIMER_REAL, max(left, 1e-6), interval)


def _can_ring() -> bool:
    return hasattr(signal, "setitimer") and (threading.current_thread() is threading.main_thread())
