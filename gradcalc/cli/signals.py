"""SIGTERM and SIGHUP end a command as Ctrl-C does: what is half written is swept up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Terminated(BaseException):
    """A signal came; ``exit`` is the code by which shells know that it did."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit = 128 + number


@contextmanager
def heeded() -> Iterator[None]:
    """Raise Terminated when a signal comes that would end the process, and is not ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    found = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in found:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in found:
            signal.signal(number, signal.SIG_DFL)


def _raise(number: int, _: Any) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second one would end the sweeping
    raise Terminated(number)
