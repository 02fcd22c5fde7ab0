"""Two things at once: the next item is made while this one is being used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")

_AHEAD = 2
"""Items that are made before anybody asks for them."""

_GRACE = 0.3
"""Seconds for the item that is being made, when nobody wants it any more."""

_LONG = 60.0
"""Seconds of waiting at a time. A wait without an end lets no Ctrl-C in once polars is loaded,
whose handler of signals has the system go on waiting where it was."""


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, made ahead in another thread; what goes wrong there is raised here.

    Reading and evaluating then overlap with formatting and writing: both spend their time in numpy
    and polars, which let other threads run. A thread that waits for input does not keep the process
    alive.
    """
    made: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    wanted: SimpleQueue[bool] = SimpleQueue()

    def make() -> None:
        try:
            while wanted.get():
                made.put((next(items),))
        except StopIteration:
            made.put(None)
        except BaseException as error:
            made.put(error)

    for _ in range(_AHEAD):
        wanted.put(True)
    thread = Thread(target=make, daemon=True)
    thread.start()
    try:
        while (item := _waited_for(made)) is not None:
            if isinstance(item, BaseException):
                raise item
            wanted.put(True)
            yield item[0]
    finally:
        with suppress(Empty):
            while True:
                wanted.get_nowait()
        wanted.put(False)
        thread.join(_GRACE)


def aside(work: Callable[[], None]) -> None:
    """``work`` in another thread, what goes wrong there raised here.

    This one waits, and can be interrupted: foreign code lets no signal in until it is done.
    """
    ended: SimpleQueue[tuple[BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            ended.put((error,))
        else:
            ended.put((None,))

    Thread(target=run, daemon=True).start()
    (error,) = _waited_for(ended)
    if error is not None:
        raise error


def _waited_for(queue: SimpleQueue[Item]) -> Item:
    while True:
        try:
            return queue.get(timeout=_LONG)
        except Empty:
            continue
