"""CSV and TSV, written: numbers in the shortest text that reads back exactly."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gradcalc.batch.blocks import is_regular
from gradcalc.batch.chunk import Column, Floats, Table
from gradcalc.batch.columnar import as_cell, library, series, told_by_the_system

BATCH = 8192
"""Rows that polars spells at a time: fewer, larger writes."""

FEW_ROWS = 512
"""Rows below which polars takes longer for its columns (10 µs each) than for what is in them."""

DENSE = 1 / 8
"""The part of wide rows that varies from which on polars spells them sooner than Python."""

GLANCE = 64
"""Rows that show of most columns that they are not constant."""


def write(names: Sequence[str], tables: Iterator[Table], file: BinaryIO, separator: str) -> None:
    """A header, then a line for each row; numbers in the shortest text that reads back exactly."""
    header = io.StringIO()
    csv.writer(header, delimiter=separator, lineterminator="\n").writerow(names)
    file.write(header.getvalue().encode())
    file.flush()
    straight = is_regular(file)
    for table in tables:
        _write_table(table, file, separator, straight)
        file.flush()


def _write_table(table: Table, file: BinaryIO, separator: str, straight: bool) -> None:
    polars = library(8 * table.results.size)
    if polars is None or (len(table.results) < FEW_ROWS and not table.kept):
        file.write(_lines(polars, table, separator))
        return
    varying = np.ones(table.results.shape[1], bool) if table.kept else _varying(table.results)
    if not varying.any():
        file.write(_lines(polars, table, separator))
    elif straight:
        _write_by_polars(polars, table, varying, file, separator)
    else:  # through Python, so that a closed pipe is told as one
        text = io.BytesIO()
        _write_by_polars(polars, table, varying, text, separator)
        file.write(text.getbuffer())


def _varying(results: Floats) -> NDArray[np.bool_]:
    """Which columns have more than one number. Slopes are often constant: spelled once, not N
    times."""
    bits = np.ascontiguousarray(results).view(np.int64)
    varying: NDArray[np.bool_] = (bits[:GLANCE] != bits[0]).any(axis=0)
    others = np.flatnonzero(~varying)
    varying[others] = (bits[:, others] != bits[0, others]).any(axis=0)
    return varying


def _write_by_polars(
    polars: Any, table: Table, varying: NDArray[np.bool_], file: BinaryIO, separator: str
) -> None:
    """The columns that vary; constants beside one another are one column of text."""
    kept = [_as_text(polars, column) if table.gaps else column for column in table.kept]
    columns = [*kept, *np.ascontiguousarray(table.results.T[varying])]
    frame = polars.DataFrame({str(j): series(polars, c) for j, c in enumerate(columns)})
    shown = [_with_nan(polars, c) for c in frame.get_columns()] if table.gaps else frame.columns
    if not varying.all():
        numbers, first, shown = iter(shown), table.results[0].tolist(), []
        for varies, run in groupby(range(len(varying)), key=varying.item):
            if varies:
                shown += [next(numbers) for _ in run]
            else:
                text = separator.join(_spelled(first[j]) for j in run)
                shown.append(polars.lit(text).alias(f"constant {len(shown)}"))
    with told_by_the_system(polars):
        frame.select(shown).write_csv(
            file,
            include_header=False,
            separator=separator,
            null_value="nan",
            batch_size=BATCH,
            quote_style="necessary" if table.kept else "never",
        )


def _as_text(polars: Any, column: Column) -> Column:
    """A column that is kept, spelled if some of its cells are no numbers: those are as they were,
    and none is nothing."""
    found = series(polars, column)
    if isinstance(column, np.ndarray) and column.dtype == object:
        return polars.Series(list(map(_cell, column.tolist())), dtype=polars.String)
    if found.dtype.is_float() and found.null_count():
        return polars.Series(list(map(_cell, found.to_list())), dtype=polars.String)
    return found


def _cell(value: Any) -> str:
    return "" if value is None else str(_spelled(value))


def _with_nan(polars: Any, column: Any) -> Any:
    """A column in which only a NaN is null: polars would spell it NaN, the rest of us nan."""
    if column.dtype.is_float():
        return column.fill_nan(None)
    return column.cast(polars.String).fill_null("")


def _lines(polars: Any, table: Table, separator: str) -> bytes | memoryview:
    if table.kept:
        return _lines_with_text(table, separator)
    varying = _varying(table.results)
    if polars is not None and varying.sum() > DENSE * varying.size:
        return _dense_lines(polars, table, separator)
    first = np.ascontiguousarray(table.results[0])
    fields = np.where(varying, "%s", "0.0").astype(object)
    others = np.flatnonzero(~varying & (first.view(np.int64) != 0))  # 0.0 is most of a wide row
    fields[others] = [_spelled(x) for x in first[others].tolist()]
    template = (separator.join(fields) + "\n") * len(table.results)
    numbers = map(repr, table.results[:, varying].ravel().tolist())
    return (template % tuple(spelled(" ".join(numbers)).split())).encode()


def _dense_lines(polars: Any, table: Table, separator: str) -> memoryview:
    """A few wide rows: spelled as one long column, whose line ends then become separators."""
    text = io.BytesIO()
    column = polars.Series(table.results.ravel()).fill_nan(None)
    column.to_frame().write_csv(text, include_header=False, null_value="nan", batch_size=BATCH)
    characters = np.frombuffer(text.getbuffer(), np.uint8)
    ends = np.flatnonzero(characters == ord("\n")).reshape(table.results.shape)
    characters[ends[:, :-1]] = ord(separator)
    return text.getbuffer()


def _lines_with_text(table: Table, separator: str) -> bytes:
    kept = [[_spelled(value) for value in column.tolist()] for column in table.kept]
    results = [[_spelled(value) for value in column] for column in table.results.T.tolist()]
    text = io.StringIO()
    rows = zip(*kept, *results, strict=True)
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _spelled(value: Any) -> Any:
    return spelled(repr(value)) if isinstance(value, float) else as_cell(value)


_MANTISSA = re.compile(r"(\d)(?:\.(\d+))?$")


def spelled(text: str) -> str:
    """Python's floats as polars spells them: 1e-7 and 0.00001 for 1e-07 and 1e-05."""
    if "e-0" not in text:
        return text
    *starts, end = text.split("e-05")
    return "".join([*map(_written_out, starts), end]).replace("e-0", "e-")


def _written_out(text: str) -> str:
    """A text that ends with a mantissa, times 1e-5."""
    tail = text[-20:]
    return text[:-20] + _MANTISSA.sub(lambda m: f"0.0000{m[1]}{m[2] or ''}", tail)
