"""How far it is, on standard error, where a person is watching: a bar, or rows and their rate."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gradcalc.cli.terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

    from gradcalc.batch.chunk import Reader
    from gradcalc.batch.stream import Tally


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


class RowCount:
    """Rows and rate on the terminal's last line, from the first second on."""

    PATIENCE = 1.0
    PAUSE = 0.2

    def __init__(self, reader: Reader) -> None:
        self._part = reader.part
        self._visible = is_terminal(sys.stderr)
        self._start = self._last = time.perf_counter()
        self._shown = False
        self.seconds = 0.0

    def __enter__(self) -> RowCount:
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self.clear()

    def tick(self, tally: Tally) -> None:
        now = time.perf_counter()
        if not self._visible or now < max(self._start + self.PATIENCE, self._last + self.PAUSE):
            return
        self._last = now
        part = self._part()
        percent = "" if part is None else f", {part:.0%}"
        sys.stderr.write(
            f"\r\x1b[K{tally.rows:,} rows{percent}, {rate(tally.rows / (now - self._start))}"
        )
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away, for another one or at the end."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


def rate(rows: float) -> str:
    return f"{rows:,.0f} rows/s" if rows < 1e5 else f"{rows / 1e6:.2g} million rows/s"
