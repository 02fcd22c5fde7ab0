"""Answers for programs: strict JSON, csv, tsv, bare numbers. Always whole, always exact.

``width``, ``digits`` and ``color`` mean nothing here; they are parameters because every format is
called alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradcalc.errors import GradcalcError
from gradcalc.render.answer import Answer
from gradcalc.render.numbers import exact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def render_json(answer: Answer, **_: Any) -> str:
    """One JSON object, a key a line and a row of a matrix a line, strict: no NaN, no Infinity."""
    fields = ",\n".join(f"  {json.dumps(k)}: {_lines(v)}" for k, v in record(answer).items())
    return f"{{\n{fields}\n}}\n"


def render_ndjson(answer: Answer, **_: Any) -> str:
    """The same object on one line."""
    return json.dumps(record(answer), allow_nan=False) + "\n"


def render_csv(answer: Answer, **_: Any) -> str:
    """A header of variables and a row for each output."""
    return _separated(answer, ",")


def render_tsv(answer: Answer, **_: Any) -> str:
    """csv with tabs."""
    return _separated(answer, "\t")


def render_plain(answer: Answer, **_: Any) -> str:
    """The bare numbers, one row a line, spaces between."""
    return "".join(" ".join(map(exact, row)) + "\n" for row in answer.matrix.tolist())


def render_mtx(answer: Answer, **_: Any) -> str:
    """MatrixMarket's dense form: column by column, a number a line."""
    rows, columns = answer.matrix.shape
    head = f"%%MatrixMarket matrix array real general\n{rows} {columns}\n"
    return head + "".join(f"{exact(x)}\n" for x in answer.matrix.T.ravel().tolist())


def render_npy(answer: Answer, **_: Any) -> str:
    """The entries as ``numpy.save`` writes them, a character for each byte."""
    import io

    import numpy as np

    file = io.BytesIO()
    np.save(file, answer.value if answer.entries is None else answer.entries)
    return file.getvalue().decode("latin-1")


def record(answer: Answer) -> dict[str, Any]:
    """The answer as the JSON object that INTERFACE promises, non-finite numbers as None."""
    fields: dict[str, Any] = {
        "command": answer.command,
        "variables": list(answer.variables),
        "outputs": list(answer.outputs),
        "at": answer.at,
        "value": answer.value.tolist(),
    }
    if answer.entries is not None:
        fields[answer.kind.name] = answer.entries.tolist()
    if answer.formulas is not None:
        from gradcalc.render.formulas import record as formulas  # deferred: they were asked for

        fields["formulas"] = formulas(answer.formulas)
    fields["check"] = _check(answer)
    if answer.certified and answer.verdict is not None:
        fields["certificate"] = _certificate(answer)
    fields["notes"] = [*answer.notes, *([_lost(answer.lost)] if answer.lost else [])]
    strict: dict[str, Any] = _strict(fields)
    gaps = [*_gaps("value", answer.outputs, ("value",), answer.value.reshape(-1, 1))]
    if answer.entries is not None:
        gaps += _gaps(answer.kind.name, answer.rows, answer.columns, answer.matrix)
    if gaps:
        strict["nonfinite"] = gaps
    return strict


def _lost(lost: GradcalcError) -> str:
    """Where the digits went, in one line: what a caret shows in a terminal."""
    source, span = lost.source, lost.span
    guilty = f" in '{source.text[span.start : span.end]}'" if source and span else ""
    return f"{lost.message}{guilty}; {lost.hint}"


def _certificate(answer: Answer) -> dict[str, Any]:
    """The true numbers as doubles, and how many digits of ours are right; null: not known."""
    verdict = answer.verdict
    assert verdict is not None
    true = verdict.truth.tolist() if verdict.truth is not None else None
    return {
        "digits": list(verdict.digits),
        "true": true,
        "value_digits": list(verdict.value_digits),
        "value_true": list(verdict.value_truth),
    }


def _check(answer: Answer) -> dict[str, Any]:
    if answer.verdict is None:
        return {"method": "none", "passed": None}
    return answer.verdict.as_json()


def _gaps(
    key: str, rows: tuple[str, ...], columns: tuple[str, ...], matrix: NDArray[np.float64]
) -> Iterator[dict[str, str]]:
    """What the nulls under ``key`` are, each with its place."""
    for row, entries in zip(rows, matrix.tolist(), strict=True):
        for column, entry in zip(columns, entries, strict=True):
            if not math.isfinite(entry):
                yield {"key": key, "row": row, "col": column, "value": exact(entry)}


def _strict(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value


def _lines(value: Any) -> str:
    """Compact JSON, but one line for each row of a matrix and for each record of a list."""
    if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
        rows = ",\n    ".join(json.dumps(row, allow_nan=False) for row in value)
        return f"[\n    {rows}\n  ]"
    return json.dumps(value, allow_nan=False)


def _separated(answer: Answer, separator: str) -> str:
    """Columns by name. A name never holds a tab; one with a comma (``a[0,1]``) is quoted in csv."""
    header = separator.join(_quoted(name, separator) for name in answer.columns)
    rows = (separator.join(map(exact, row)) for row in answer.matrix.tolist())
    return "\n".join([header, *rows, ""])


def _quoted(name: str, separator: str) -> str:
    return f'"{name}"' if separator in name else name
