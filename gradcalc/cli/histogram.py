"""``gradcalc batch --histogram COLUMN``: instead of rows, how often their values are where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcalc.batch.names import WHAT
from gradcalc.cli.dispatch import emit
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.progress import RowCount
from gradcalc.cli.terminal import screen
from gradcalc.errors import BindingError, UsageError, beginning
from gradcalc.render.formats import FIGURES, FORMATS_OF, by_extension
from gradcalc.render.records import MARKS

if TYPE_CHECKING:
    from gradcalc.batch.stream import Stream
    from gradcalc.plot.histogram import Histogram

_FORMATS = FORMATS_OF["a histogram"]


def format_of(options: Options) -> str:
    """As asked, or as the file is called. Raises UsageError for what has no place here."""
    if options.keep:
        raise UsageError("--keep is of rows, and --histogram writes none")
    by_name = by_extension(options.out or "", _FORMATS)
    format = options.output_format or by_name or "table"
    if format not in _FORMATS:
        raise UsageError(f"no histogram is written as {format}",
                         hint=f"one of {', '.join(_FORMATS)}")  # fmt: skip
    if options.out and not (options.output_format or by_name):
        raise UsageError(f"--out {options.out}: what is that to be?",
                         hint=f"--format is one of {', '.join(_FORMATS)}")  # fmt: skip
    return format


def write(options: Options, stream: Stream, progress: RowCount) -> None:
    """Count all of the stream, then draw. Raises BindingError for a column that it has not."""
    from gradcalc.batch.ahead import ahead  # deferred: numpy
    from gradcalc.plot.histogram import Cells

    wanted = list(dict.fromkeys(options.histogram or ()))
    for name in wanted:
        if name not in stream.names:
            raise BindingError(
                f"--histogram: the rows would have no column '{name}'",
                hint=f"there are {beginning(stream.names)}; --what has more: {', '.join(WHAT)}",
            )
    places = [stream.names.index(name) for name in wanted]
    cells = [Cells() for _ in wanted]
    with progress:
        for table in ahead(stream.tables()):
            for place, cell in zip(places, cells, strict=True):
                cell.add(table.results[:, place])
    found = [cell.histogram(name) for name, cell in zip(wanted, cells, strict=True)]
    format = format_of(options)
    emit(options.but(format=format), Text(_drawn(found, options, format)))


def _drawn(found: list[Histogram], options: Options, format: str) -> str:
    if format in FIGURES:
        from gradcalc.plot import figures  # deferred: matplotlib

        return figures.histograms(found, format)
    from gradcalc.plot import bars, records

    if format == "table":
        return bars.histograms(found, screen(options.color, options.out).width)
    return records.bars(found, MARKS[format]) if format in MARKS else records.counted(found, format)
