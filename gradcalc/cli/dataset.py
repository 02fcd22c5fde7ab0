"""``gradcalc batch`` into a folder: a part for each file or some of its row groups."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gradcalc.batch import compression, places
from gradcalc.batch.names import EXTENSIONS, by_extension
from gradcalc.cli import batch as stream
from gradcalc.cli.dispatch import report
from gradcalc.cli.options import Options
from gradcalc.cli.output import write
from gradcalc.cli.progress import PartCount, taken
from gradcalc.errors import Exit, GradcalcError, UsageError, count
from gradcalc.errors.text import safe

if TYPE_CHECKING:
    from gradcalc.batch.folder import Folder
    from gradcalc.batch.job import Done, Lost
    from gradcalc.batch.manifest import Manifest
    from gradcalc.batch.plan import Part

    Outcomes = Callable[[Manifest, list[Part], Folder, PartCount], Iterator[Done | Lost]]

GOES_ON = "the same command goes on where this ended"

_PAUSE = 1.0
"""Seconds between two writings of the manifest, at least."""

_SHARE = 20
"""How many times as long as its writing takes it is left alone: with many parts it is long."""


def batch(options: Options) -> Exit:
    """One stream into one file, or with ``--out FOLDER/`` a part for each piece of the input.

    What can be the same in all runs is made so before numpy is loaded.
    """
    if options.reproducible:
        from gradcalc.batch import reproducible

        reproducible.pin()
    if options.is_folder:
        return _parts(options, options.out or "")
    for option in ("part_rows", "restart", "cluster", "dashboard"):
        if getattr(options, option):
            name = option.replace("_", "-")
            raise UsageError(f"--{name} is for parts in a folder", hint="-o FOLDER/")
    return stream.batch(options)


def _parts(options: Options, path: str) -> Exit:
    from gradcalc.batch.folder import Folder  # deferred: numpy

    _require_parts_possible(options)
    folder = Folder(path)
    manifest, before = _planned(options, folder)
    with _engine(options) as outcomes:  # nothing is written where there is no cluster
        _begin(options, manifest, before, folder)
        todo = _left(manifest, folder)
        there = len(manifest.parts) - len(todo)
        logged = options.cluster is not None and not options.quiet
        cuts = Counter(part.input.path for part in manifest.parts)
        weights = {part.number: part.input.size / cuts[part.input.path] for part in todo}
        progress = PartCount(weights, logged=logged)
        run = _Run(options, manifest, folder, progress)
        try:
            with progress:
                for outcome in outcomes(manifest, todo, folder, progress):
                    run.add(outcome)
        except BaseException as error:
            with suppress(GradcalcError):  # on a full disk the manifest stays as it was
                run.save()
            if isinstance(error, GradcalcError):
                error.hint = error.hint or GOES_ON
            raise
        run.save()
    folder.sweep()
    return run.close(there)


@contextmanager
def _engine(options: Options) -> Iterator[Outcomes]:
    """What computes parts: this process, or a cluster."""
    from gradcalc.batch.job import in_order

    if options.cluster is None:

        def here(
            manifest: Manifest, todo: list[Part], folder: Folder, progress: PartCount
        ) -> Iterator[Done | Lost]:
            return in_order(manifest.job, todo, folder, options.threads, progress.tick)

        yield here
        return
    from gradcalc.batch import cluster

    with cluster.connected(options.cluster, dashboard=options.dashboard) as client:
        if options.dashboard:
            write(sys.stderr, f"dashboard: {client.dashboard_link}\n")

        def there(
            manifest: Manifest, todo: list[Part], folder: Folder, progress: PartCount
        ) -> Iterator[Done | Lost]:
            return cluster.outcomes(
                client,
                manifest.job,
                todo,
                folder,
                manifest.versions,
                reproducible=manifest.reproducible,
                said=progress.say,
            )

        yield there


# --- what there is to do --------------------------------------------------------------------------


def _require_parts_possible(options: Options) -> None:
    if "-" in (options.points or ()):
        raise UsageError("parts in a folder are of files, and standard input is none")
    if options.dashboard and options.cluster is None:
        raise UsageError("--dashboard is the page of a cluster", hint="--cluster local")
    if options.histogram:
        raise UsageError("--histogram is of a stream, not of parts", hint="-o histogram.svg")
    if options.check_sample or options.prove:
        word = "--check-sample" if options.check_sample else "--prove"
        raise UsageError(f"{word} is of a stream, not of parts", hint="gradcalc verify FOLDER/")


def _planned(options: Options, folder: Folder) -> tuple[Manifest, Manifest | None]:
    """What there is to do, and what has been done of it: nothing, if there is to be a new start.

    Raises UsageError where the folder has something else.
    """
    from gradcalc.batch import inputs, job, plan, reproducible
    from gradcalc.batch import manifest as manifests

    before = manifests.read(folder)
    asked = stream.asking(options)
    given = options.points or []
    files = plan.looked_at(places.files(given), given)
    first = files[0].path
    format, extension = _written(options, first)
    compression.require(extension)
    rows = options.part_rows or plan.ROWS
    parts = plan.parts(files, options.input_format, rows, extension)
    with inputs.rows(first, options.input_format, files[0].keys, parts[0].groups) as reader:
        expression, _, request = asked(reader, first)
        columns = reader.names, reader.width
    now = manifests.Manifest(
        job.Job(
            expression,
            options.convention,
            request,
            first,
            *columns,
            options.input_format,
            format,
            options.keep,
            options.on_error,
            rows,
        ),
        parts,
        reproducible.versions(reproducible=options.reproducible),
        options.reproducible,
    )
    if before is not None and not options.restart:
        now.require_same(before, folder.path)
        now.done.update(before.done)
    return now, before


def _begin(options: Options, manifest: Manifest, before: Manifest | None, folder: Folder) -> None:
    """The folder, with the manifest and without what does not belong to it."""
    folder.make()
    folder.sweep()
    if before is None or options.restart:
        for part in before.parts if before is not None else ():
            folder.remove(part.name)
        manifest.save(folder)


def _written(options: Options, first: str) -> tuple[str, str]:
    """The format of the parts, as asked or as the input, and how their names end."""
    word = options.output_format or options.input_format or by_extension(first) or "csv"
    format, dot, packed = word.partition(".")
    if options.output_format and format not in EXTENSIONS:
        raise UsageError(f"batch writes no {format}")
    format = format if format in EXTENSIONS else "npy"  # npz is not written
    return format, EXTENSIONS[format][0] + dot + packed


def _left(manifest: Manifest, folder: Folder) -> list[Part]:
    """The parts that are not done, or not there as long as they were."""
    sizes = folder.sizes()
    for part in manifest.parts:
        done = manifest.done.get(part.number)
        if done is not None and sizes.get(part.name) != done.size:
            del manifest.done[part.number]
    return [part for part in manifest.parts if part.number not in manifest.done]


class _Run:
    """What has come of the parts so far: told, and written down."""

    def __init__(
        self, options: Options, manifest: Manifest, folder: Folder, progress: PartCount
    ) -> None:
        self._options = options
        self._manifest = manifest
        self._folder = folder
        self._progress = progress
        self._told = self._lost = 0
        self._saved, self._took = time.perf_counter(), 0.0
        for done in manifest.done.values():
            self._tell(done)

    def add(self, outcome: Done | Lost) -> None:
        from gradcalc.batch.job import Lost

        if isinstance(outcome, Lost):
            self._lost += 1
            part = self._manifest.parts[outcome.number]
            reason = outcome.reason.replace(part.input.path, part.input.name)  # of another folder
            rest = reason.removeprefix(part.input.name)
            rest = rest if rest != reason else f": {reason}"
            self._say(part.source + rest)
            self._progress.add(outcome.number, 0)
            return
        self._manifest.done[outcome.number] = outcome
        self._progress.add(outcome.number, outcome.rows)
        self._tell(outcome)
        if time.perf_counter() - self._saved > max(_PAUSE, _SHARE * self._took):
            self.save()

    def save(self) -> None:
        start = time.perf_counter()
        self._manifest.save(self._folder)
        self._saved = time.perf_counter()
        self._took = self._saved - start

    def close(self, there: int) -> Exit:
        """The closing line, and the exit code."""
        done = self._manifest.done.values()
        rows, failed = sum(part.rows for part in done), sum(part.failed for part in done)
        words = f"{count(rows, 'row', 'rows')} in {count(len(done), 'part', 'parts')}"
        words += taken(self._progress.rows, self._progress.seconds)
        words += f", {there:,} of them from before" if there else ""
        words += f"; {count(failed, 'row', 'rows')} failed" if failed else ""
        words += f" (the first {self._told} are named above)" if failed > self._told else ""
        words += f"; {count(self._lost, 'part', 'parts')} not done" if self._lost else ""
        bad = bool(failed or self._lost)
        if bad or not self._options.quiet:
            write(sys.stderr, safe(words) + "\n")
        return Exit.DISAGREES if bad else Exit.DONE

    def _tell(self, done: Done) -> None:
        from gradcalc.batch.stream import FEW

        part = self._manifest.parts[done.number]
        for line, reason in done.first[: max(0, FEW - self._told)]:
            self._told += 1
            self._say(f"{part.input.name}, {done.unit} {line}: {reason}")

    def _say(self, message: str) -> None:
        self._progress.clear()
        error = GradcalcError(message)
        report(error, json=stream.wants_json(self._options), color=self._options.color)
