"""Answers for programs: strict JSON, csv, tsv, bare numbers. Always whole, always exact.

``width``, ``digits`` and ``color`` mean nothing here; they are parameters because every format is
called alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gradcalc.errors import GradcalcError
from gradcalc.render.answer import Answer
from gradcalc.render.frame import framed
from gradcalc.render.numbers import exact
from gradcalc.render.records import (
    matrix_market,
    numpy_file,
    one_line,
    one_object,
    plain,
    separated,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def render_json(answer: Answer, **_: Any) -> str:
    """One JSON object, a key a line and a row of a matrix a line."""
    return one_object(record(answer))


def render_ndjson(answer: Answer, **_: Any) -> str:
    """The same object on one line."""
    return one_line(record(answer))


def render_csv(answer: Answer, **_: Any) -> str:
    """A header of variables and a row for each output."""
    return separated(answer.columns, answer.matrix.tolist(), ",")


def render_tsv(answer: Answer, **_: Any) -> str:
    """csv with tabs."""
    return separated(answer.columns, answer.matrix.tolist(), "\t")


def render_plain(answer: Answer, **_: Any) -> str:
    """The bare numbers, one row a line, spaces between."""
    return plain(answer.matrix.tolist())


def render_mtx(answer: Answer, **_: Any) -> str:
    """MatrixMarket's dense form."""
    return matrix_market(answer.matrix)


def render_npy(answer: Answer, **_: Any) -> str:
    """The entries as ``numpy.save`` writes them, a character for each byte."""
    return numpy_file(answer.value if answer.entries is None else answer.entries)


def record(answer: Answer) -> dict[str, Any]:
    """The answer as the JSON object that docs/formats.md shows; what is not finite is listed."""
    body: dict[str, Any] = {"value": answer.value.tolist()}
    gaps = [*_gaps("value", answer.outputs, ("value",), answer.value.reshape(-1, 1))]
    if answer.entries is not None:
        body[answer.kind.name] = answer.entries.tolist()
        gaps += _gaps(answer.kind.name, answer.rows, answer.columns, answer.matrix)
    if answer.formulas is not None:
        from gradcalc.render.formulas import record as formulas  # deferred: they were asked for

        body["formulas"] = formulas(answer.formulas)
    if answer.facts is not None:
        from gradcalc.render.facts import as_record, gaps_of  # deferred, as above

        body["facts"] = as_record(answer.facts)
        gaps += gaps_of(answer.facts)
    notes = [*answer.notes, *([_lost(answer.lost)] if answer.lost else [])]
    found = framed(
        answer.command, answer.variables, answer.outputs, answer.at, body, answer.verdict, notes
    )
    if answer.certified and answer.verdict is not None:
        found["certificate"] = _certificate(answer)
    return found | ({"nonfinite": gaps} if gaps else {})


def _lost(lost: GradcalcError) -> str:
    """Where the digits went, in one line: what a caret shows in a terminal."""
    source, span = lost.source, lost.span
    place = f" in '{source.text[span.start : span.end]}'" if source and span else ""
    return f"{lost.message}{place}; {lost.hint}"


def _certificate(answer: Answer) -> dict[str, Any]:
    """The true numbers as doubles, how many digits of ours are right (null: not known), and how
    many of these are proven."""
    verdict = answer.verdict
    assert verdict is not None
    true = verdict.truth.tolist() if verdict.truth is not None else None
    proof = verdict.proof
    return {
        "digits": list(verdict.digits),
        "true": true,
        "proven": _proven(verdict.digits, proof.entries if proof else ()),
        "value_digits": list(verdict.value_digits),
        "value_proven": _proven(verdict.value_digits, proof.values if proof else ()),
        "value_true": list(verdict.value_truth),
    }


def _proven(digits: Sequence[int | None], balls: Sequence[Any]) -> list[int]:
    """The right digits of each number that has an enclosure, 0 for the others."""
    from gradcalc.check.verdict import Apart  # deferred: there is a verdict

    return [
        0 if ball is None or isinstance(ball, Apart) else count or 0
        for count, ball in zip(digits, balls or [None] * len(digits), strict=True)
    ]


def _gaps(
    key: str, rows: tuple[str, ...], columns: tuple[str, ...], matrix: NDArray[np.float64]
) -> Iterator[dict[str, str]]:
    """What the nulls under ``key`` are, each with its place."""
    for row, entries in zip(rows, matrix.tolist(), strict=True):
        for column, entry in zip(columns, entries, strict=True):
            if not math.isfinite(entry):
                yield {"key": key, "row": row, "col": column, "value": exact(entry)}
