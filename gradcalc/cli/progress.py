"""How far it is, on standard error, where a person is watching: a bar, or rows and their rate."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from gradcalc.cli.terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

    from gradcalc.batch.chunk import Reader
    from gradcalc.batch.stream import Tally

WORTH_TELLING = 0.1
"""Seconds from which on it is said how many they were."""


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


class LastLine:
    """A text on the terminal's last line, from the first second on, that makes way for others."""

    PATIENCE = 1.0
    PAUSE = 0.2

    def __init__(self) -> None:
        self._visible = is_terminal(sys.stderr)
        self._start = self._last = time.perf_counter()
        self._shown = False
        self.seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self.clear()

    def is_due(self) -> bool:
        now = time.perf_counter()
        return self._visible and now > max(self._start + self.PATIENCE, self._last + self.PAUSE)

    def show(self, text: str) -> None:
        """Put the text there."""
        self._last = time.perf_counter()
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
        self._shown = True

    def so_far(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def clear(self) -> None:
        """Take the line away, for another one or at the end."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


class RowCount(LastLine):
    """Rows and rate."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._part = reader.part

    def tick(self, tally: Tally) -> None:
        if self.is_due():
            part = self._part()
            percent = "" if part is None else f", {part:.0%}"
            self.show(f"{tally.rows:,} rows{percent}, {_rate(tally.rows / self.so_far())}")


class PartCount(LastLine):
    """Rows and rate, parts, and the time that is left.

    ``weights`` say how much of the work each part is. Where nobody is watching, ``logged`` writes a
    line now and then.
    """

    EVERY = 60.0

    def __init__(self, weights: Mapping[int, float], *, logged: bool = False) -> None:
        super().__init__()
        self._logged = logged and not self._visible
        self._weights = weights
        self._all = sum(weights.values()) or 1.0
        self._done: set[int] = set()
        self._aside = ""
        self.rows = 0

    def add(self, index: int, rows: int) -> None:
        """A part is done, or given up."""
        self._done.add(index)
        self.rows += rows
        self.tick(None)

    def say(self, aside: str) -> None:
        """What else there is to show: workers, retries."""
        self._aside = aside
        self.tick(None)

    def tick(self, tally: Tally | None) -> None:
        if self.is_due():
            self.show(self.text(tally.rows if tally else 0))
        elif self._logged and time.perf_counter() > self._last + self.EVERY:
            self._last = time.perf_counter()
            sys.stderr.write(f"{self.text()}\n")
            sys.stderr.flush()

    def text(self, more: int = 0) -> str:
        """What there is to say, with ``more`` rows of a part that is not done."""
        seconds, rows = self.so_far(), self.rows + more
        share = sum(self._weights[index] for index in self._done) / self._all
        words = [f"{rows:,} rows", _rate(rows / max(seconds, 1e-9))]
        words.append(f"{len(self._done):,} of {len(self._weights):,} parts")
        words += [self._aside] if self._aside else []
        words += [f"{_span(seconds / share - seconds)} left"] if share else []
        return ", ".join(words)


def _span(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def taken(rows: int, seconds: float) -> str:
    """How long it took, where that is worth telling."""
    told = seconds > WORTH_TELLING and rows
    return f" in {seconds:.2g} s ({_rate(rows / seconds)})" if told else ""


def _rate(rows: float) -> str:
    return f"{rows:,.0f} rows/s" if rows < 1e5 else f"{rows / 1e6:.2g} million rows/s"
