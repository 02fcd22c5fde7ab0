"""Records and rows as programs read them: strict JSON, csv, bare numbers, MatrixMarket; and the
table of markdown. Every command writes them here."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.errors.text import safe
from gradcalc.render.numbers import exact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MARKDOWN_ACTIVE = re.compile(r"([\\`*_|<>\[\]])")


def strict(value: Any) -> Any:
    """The same for JSON, which has no NaN and no Infinity: they are None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    return value


def one_object(record: Mapping[str, Any]) -> str:
    """One JSON object, a key a line, and a line for each row of a matrix and record of a list."""
    pairs = (f"  {json.dumps(key)}: {_lines(value)}" for key, value in strict(record).items())
    fields = ",\n".join(pairs)
    return f"{{\n{fields}\n}}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
        rows = ",\n    ".join(json.dumps(row, allow_nan=False) for row in value)
        return f"[\n    {rows}\n  ]"
    return json.dumps(value, allow_nan=False)


def one_line(record: Mapping[str, Any]) -> str:
    """The same object on one line."""
    return json.dumps(strict(record), allow_nan=False) + "\n"


RECORDS = {"json": one_object, "ndjson": one_line}
"""The formats of one record."""


def separated(header: Sequence[str], rows: Iterable[Iterable[Any]], mark: str) -> str:
    """csv: a header and rows of texts and numbers; what holds the mark is quoted."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=mark, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return file.getvalue()


MARKS = {"csv": ",", "tsv": "\t"}
"""The formats of rows under a header."""


def plain(rows: Iterable[Iterable[Any]]) -> str:
    """Bare numbers, one row a line, spaces between."""
    return "".join(" ".join(map(_text, row)) + "\n" for row in rows)


def _text(cell: Any) -> str:
    return exact(cell) if isinstance(cell, float) else str(cell)


def matrix_market(matrix: NDArray[np.float64]) -> str:
    """MatrixMarket's dense form: column by column, a number a line."""
    rows, columns = matrix.shape
    head = f"%%MatrixMarket matrix array real general\n{rows} {columns}\n"
    return head + "".join(f"{exact(x)}\n" for x in matrix.T.ravel().tolist())


def numpy_file(array: NDArray[np.float64]) -> str:
    """As ``numpy.save`` writes it, a character for each byte."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue().decode("latin-1")


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table; the first ``left`` columns are text, the others numbers. Cells are markdown."""
    marks = ["---"] * left + ["---:"] * (len(header) - left)
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, marks, *rows))


def escaped(text: str) -> str:
    """``text`` as markdown shows it as it is."""
    return _MARKDOWN_ACTIVE.sub(r"\\\1", safe(text))
