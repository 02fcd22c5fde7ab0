"""A progress bar on standard error, where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gradcalc.cli.terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar:
    """No bar: there is nobody to see it."""

    def advance(self) -> None:
        """One more piece of work is done."""

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """While something else is written to the screen."""
        yield


class VisibleBar(Bar):
    """A bar that is drawn after each step, and gone at the end."""

    def __init__(self, display: Progress, total: int) -> None:
        self._display = display
        self._task = display.add_task("", total=total)

    def advance(self) -> None:
        self._display.advance(self._task)
        self._display.refresh()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        self._display.stop()
        yield
        sys.stdout.flush()
        self._display.start()


@contextmanager
def progress(total: int) -> Iterator[Bar]:
    """A bar for ``total`` pieces of work."""
    if not is_terminal(sys.stderr):
        yield Bar()
        return
    from rich.console import Console  # deferred: only a terminal needs rich here
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    display = Progress(
        *columns, console=Console(file=sys.stderr), transient=True, auto_refresh=False
    )
    with display:
        yield VisibleBar(display, total)
