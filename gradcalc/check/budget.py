"""A check may take so long and no longer.

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

_INSISTENCE = 0.05
"""Seconds after which the alarm rings again: sympy swallows exceptions in a few places."""


class OutOfTime(BaseException):
    """The budget is spent. Not an Exception, so that no ``except Exception`` of sympy's eats it."""


class Deadline:
    """``seconds`` from now. ``share`` gives a part of what remains to one of several attempts."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, negative when it is over."""
        return self._end - time.monotonic()

    def share(self, part: float) -> Deadline:
        """A deadline of its own, when ``part`` (0 to 1) of what remains is spent."""
        return Deadline(self.remaining * part)

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
            raise OutOfTime

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
