"""What a data set is put through, and what becomes of a part: plain values, which travel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from gradcalc.batch import compression, formats, header, inputs
from gradcalc.batch.folder import Folder, digest
from gradcalc.batch.places import UnreadableError
from gradcalc.batch.plan import Part
from gradcalc.batch.results import Request, Results
from gradcalc.batch.sample import Sample
from gradcalc.batch.several import Alike
from gradcalc.batch.stream import RowError, Stream, Tally
from gradcalc.calculus.conventions import under
from gradcalc.engine.program import Program
from gradcalc.errors import BindingError


@dataclass(frozen=True, slots=True)
class Job:
    """An expression, what is asked of it, and how the answers are written.

    ``names`` and ``width`` are the columns of ``first``, the first input, as which all others are
    read. ``input_format`` is None where the names of the files say it.
    """

    expression: header.Expression
    convention: str | None
    request: Request
    first: str
    names: tuple[str, ...] | None
    width: int
    input_format: str | None
    format: str
    keep: bool
    policy: str
    rows: int
    """In a part, about: where Parquet is cut."""

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "request": self.request._asdict()}

    @classmethod
    def of(cls, record: dict[str, Any]) -> Job:
        """The job of such a record."""
        plain = {name: _frozen(value) for name, value in record.items()}
        plain["expression"] = header.Expression(**record["expression"])
        request = record["request"]
        vectors = {letter: _frozen(v) for letter, v in request["vectors"].items()}
        others = {name: _frozen(value) for name, value in request.items()}
        plain["request"] = Request(**{**others, "vectors": vectors})
        return cls(**plain)


class Done(NamedTuple):
    """A part that is written: its rows, how many of them failed, the first ones that did as
    (line, reason), where ``unit`` is what is counted; and its bytes."""

    number: int
    rows: int
    failed: int
    unit: str
    first: tuple[tuple[int, str], ...]
    size: int
    sha256: str


class Lost(NamedTuple):
    """A part that could not be computed, and why."""

    number: int
    reason: str


def compute(
    job: Job,
    part: Part,
    folder: Folder,
    threads: int | None = None,
    progress: Callable[[Tally], None] = lambda _: None,
) -> Done:
    """Compute a part and write it.

    Raises BindingError or UnreadableError where the input cannot be read, RowError where a row
    fails that is not to, UsageError where the output cannot be written.
    """
    file, name, first = part.input, part.input.name, []

    def report(_: str, line: int, reason: str) -> None:
        first.append((line, reason))

    with inputs.rows(name, job.input_format, file.keys, part.groups) as rows:
        reader = inputs.Told(
            Alike(rows, job.names, job.width, name, inputs.called(job.first)), name
        )
        layout = header.fit(job.expression, reader, name)
        graph = layout.graph if job.convention is None else under(layout.graph, job.convention)
        more = job.request.labels[len(layout.columns) :]
        stream = Stream(
            header.Filled(reader) if any(isinstance(c, float) for c in layout.columns) else reader,
            Results(Program(graph), job.request, threads),
            (*layout.columns, *(header.column(layout.header, column, name) for column in more)),
            keep=job.keep,
            policy=job.policy,
            sample=Sample(0),
            report=report,
            progress=progress,
        )
        try:
            with folder.writing(part.name) as whole:
                with compression.compressed(part.name, whole) as made:
                    seeks = made is whole
                    formats.written(job.format, stream.names, stream.tables(), made, seeks)
                whole.flush()
                with open(whole.name, "rb") as written:
                    sha256 = digest(written)
                    size = written.tell()
        except RowError as error:
            error.message = f"{name}, {error.message}"
            raise
        tally, unit = stream.tally, reader.unit
    return Done(part.number, tally.rows, tally.failed, unit, tuple(first), size, sha256)


def in_order(
    job: Job,
    parts: Sequence[Part],
    folder: Folder,
    threads: int | None,
    progress: Callable[[Tally], None],
) -> Iterator[Done | Lost]:
    """The parts, one after another in this process. What ends the whole run is raised."""
    for part in parts:
        try:
            yield compute(job, part, folder, threads, progress)
        except (BindingError, UnreadableError) as error:
            yield Lost(part.number, error.message)


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
