"""``gradcalc verify``: the parts of a folder, computed once more."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from gradcalc.cli.dispatch import report
from gradcalc.cli.options import Options
from gradcalc.cli.output import write
from gradcalc.cli.progress import PartCount
from gradcalc.errors import Exit, GradcalcError, UndecidedError, UsageError, count

if TYPE_CHECKING:
    from gradcalc.batch.folder import Folder
    from gradcalc.batch.manifest import Manifest
    from gradcalc.batch.plan import Part

_BLOCK = 1 << 20


def verify(options: Options) -> Exit:
    """Compare the parts with the manifest, and with what they are when they are computed now.

    Returns DISAGREES where a byte differs or a part is missing. Raises UndecidedError where inputs
    or versions are not what they were: the bytes cannot be made again.
    """
    from gradcalc.batch.folder import Folder

    path = options.folder or ""
    if not path:
        raise UsageError(
            "verify needs a folder", hint="gradcalc verify FOLDER/, what batch has written there"
        )
    folder = Folder(path if path.endswith("/") else f"{path}/")
    _pinned_as(folder)
    manifest = _read(folder)
    done = [part for part in manifest.parts if part.number in manifest.done]
    chosen = done
    if options.sample is not None and options.sample < len(done):
        chosen = sorted(random.Random(options.seed).sample(done, options.sample))
    progress, wrong = PartCount({part.number: part.input.size for part in chosen}), 0
    with progress:
        for part in chosen:
            for what in _faults(manifest, part, folder, options.threads, progress):
                wrong += 1
                progress.clear()
                error = GradcalcError(f"{folder.path}{part.name} ({part.source}): {what}")
                report(error, json=False, color=options.color)
            progress.add(part.number, manifest.done[part.number].rows)
    return _close(options, manifest, chosen, wrong)


def _pinned_as(folder: Folder) -> None:
    """numpy held as it was, before it is loaded."""
    from gradcalc.batch import reproducible
    from gradcalc.batch.folder import MANIFEST

    with folder.open(MANIFEST) as file, suppress(ValueError, TypeError):
        record = json.loads(file.read())
        if isinstance(record, dict) and record.get("reproducible"):
            reproducible.pin()


def _read(folder: Folder) -> Manifest:
    from gradcalc.batch import manifest, plan
    from gradcalc.batch.reproducible import versions

    found = manifest.read(folder)
    if found is None:
        raise UsageError(f"{folder.path} has no manifest")
    inputs = found.inputs
    try:
        manifest.require_versions(
            found.versions, versions(reproducible=found.reproducible), folder.path
        )
        now = {name: plan.again(file) for name, file in inputs.items()}
        manifest.require_inputs(inputs, now, folder.path)
    except UsageError as error:
        raise UndecidedError(f"{error.message}: its bytes cannot be computed again") from None
    return found


def _faults(
    manifest: Manifest, part: Part, folder: Folder, threads: int | None, progress: PartCount
) -> Iterator[str]:
    """What is wrong with a part; nothing, or one thing."""
    from gradcalc.batch.folder import Folder, digest
    from gradcalc.batch.job import compute

    expected = manifest.done[part.number]
    try:
        with folder.open(part.name) as file:
            is_kept = digest(file) == expected.sha256
    except UsageError as error:
        yield error.message.rpartition(": ")[2]
        return
    with tempfile.TemporaryDirectory() as name:
        beside = Folder(f"{name}/")
        again = compute(manifest.job, part, beside, threads, progress.tick)
        if is_kept and again.sha256 == expected.sha256:
            return
        with folder.open(part.name) as ours, beside.open(part.name) as true:
            at = _first_difference(ours, true)
    if is_kept:
        yield f"computed again, it differs from byte {at:,} on"
    elif at is None:
        yield "it is what is computed, and not what the manifest says"
    else:
        yield f"byte {at:,} is not what it was"


def _first_difference(ours: BinaryIO, true: BinaryIO) -> int | None:
    """Where two files differ, counted from 0; None where they don't."""
    start = 0
    while True:
        a, b = ours.read(_BLOCK), true.read(_BLOCK)
        if a != b:
            pairs = enumerate(zip(a, b, strict=False))
            return start + next((k for k, (x, y) in pairs if x != y), min(len(a), len(b)))
        if not a:
            return None
        start += len(a)


def _close(options: Options, manifest: Manifest, chosen: Sequence[Part], wrong: int) -> Exit:
    left = len(manifest.parts) - len(manifest.done)
    rows = sum(manifest.done[part.number].rows for part in chosen)
    words = f"{count(len(chosen) - wrong, 'part agrees', 'parts agree')}, computed again"
    words += f", of {len(manifest.done):,}" if len(chosen) < len(manifest.done) else ""
    words += f" ({count(rows, 'row', 'rows')})"
    words += f"; {count(wrong, 'part does', 'parts do')} not" if wrong else ""
    words += f"; {count(left, 'part is', 'parts are')} not done yet" if left else ""
    if wrong or left or not options.quiet:
        write(sys.stderr, words + "\n")
    return Exit.DISAGREES if wrong or left else Exit.DONE
