"""Two things at once: the next item is made while this one is being used."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

_GRACE = 2.0
"""Seconds for the item that is being made, when nobody wants it any more."""


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, made one ahead in another thread; what goes wrong there is raised here.

    Reading and evaluating then overlap with formatting and writing: both spend their time in numpy
    and polars, which let other threads run. A thread that waits for input does not keep the process
    alive.
    """
    line: Queue[tuple[Item] | BaseException | None] = Queue(1)
    unwanted = Event()

    def make() -> None:
        try:
            for item in items:
                line.put((item,))
                if unwanted.is_set():
                    return
        except BaseException as error:
            line.put(error)
        else:
            line.put(None)

    thread = Thread(target=make, daemon=True)
    thread.start()
    try:
        while (made := line.get()) is not None:
            if isinstance(made, BaseException):
                raise made
            yield made[0]
    finally:
        unwanted.set()
        while not line.empty():
            line.get()
        thread.join(_GRACE)
