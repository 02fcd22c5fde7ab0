"""What a folder of parts is made of, and which of them are done: JSON that stands beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcalc.batch.folder import MANIFEST, Folder, is_temporary
from gradcalc.batch.inputs import Input
from gradcalc.batch.job import Done, Job
from gradcalc.batch.plan import Part
from gradcalc.errors import UsageError, count, listed

VERSION = 1

BEGIN_ANEW = "--restart removes its parts and begins anew; or another folder"

PROMISE = (
    "the same bytes from every machine of this kind that has these processor features, this C "
    "library and these versions, by any number of workers and threads"
)


@dataclass
class Manifest:
    """The job, its parts in order, the versions that computed them, and those that are done."""

    job: Job
    parts: Sequence[Part]
    versions: Mapping[str, str]
    reproducible: bool
    done: dict[int, Done] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Input]:
        """The files by name."""
        return {part.input.path: part.input for part in self.parts}

    def save(self, folder: Folder) -> None:
        with folder.writing(MANIFEST) as file:
            for line in self._lines():
                file.write(line.encode())

    def _lines(self) -> Iterator[str]:
        """Strict enough for any reader, and a line for each input and part."""
        inputs = self.inputs
        place = {path: k for k, path in enumerate(inputs)}
        head = {
            "manifest": VERSION,
            "job": self.job.record(),
            "versions": self.versions,
            "reproducible": PROMISE if self.reproducible else None,
        }
        yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "inputs": [\n'
        files = (json.dumps(file._asdict(), ensure_ascii=False) for file in inputs.values())
        yield ",\n".join(files)
        yield '\n ],\n "parts": [\n'
        for k, part in enumerate(self.parts):
            about = {"name": part.name, "input": place[part.input.path], "groups": part.groups}
            done = self.done.get(part.number)
            more = {name: value for name, value in done._asdict().items() if name != "number"} if (
                done) else {}  # fmt: skip
            comma = ",\n" if k + 1 < len(self.parts) else "\n"
            yield json.dumps({**about, **more}, ensure_ascii=False) + comma
        yield " ]\n}\n"

    def require_same(self, other: Manifest, path: str) -> None:
        """Refuse to go on with what ``other`` has begun. Raises UsageError, which says why."""
        mine, theirs = self.job.record(), other.job.record()
        for name, value in _flat(mine):
            before = dict(_flat(theirs)).get(name)
            if value != before:
                what = f"other {name}" if name.endswith("s") else f"another {name}"
                raise UsageError(
                    f"{path} was begun with {what}: {_short(before)}, now {_short(value)}",
                    hint=BEGIN_ANEW,
                )
        require_versions(other.versions, self.versions, path)
        require_inputs(other.inputs, self.inputs, path)


def require_versions(before: Mapping[str, str], now: Mapping[str, str], path: str) -> None:
    """Refuse other versions than those that have a say in the bytes. Raises UsageError."""
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            has, is_now = before.get(name, "none"), now.get(name, "none")
            raise UsageError(
                f"{path} was begun with {name} {has}, and this is {is_now}", hint=BEGIN_ANEW
            )


def require_inputs(before: Mapping[str, Input], now: Mapping[str, Input], path: str) -> None:
    """Refuse files that have changed since. Raises UsageError."""
    for name in {**before, **now}:
        file = now.get(name, before.get(name))
        assert file is not None
        if name not in now:
            what = "is gone"
        elif name not in before:
            what = "is new"
        elif file.size != before[name].size:
            what = f"has {count(file.size, 'byte', 'bytes')}, not {before[name].size:,}"
        elif file != before[name]:
            what = "has changed"
        else:
            continue
        raise UsageError(f"{file.name} {what} since {path} was begun", hint=BEGIN_ANEW)


def read(folder: Folder) -> Manifest | None:
    """The manifest of a folder, None where there is none.

    Raises UsageError where the folder has other files and none, or one that cannot be read.
    """
    names = folder.sizes()
    if MANIFEST not in names:
        others = sorted(name for name in names if not is_temporary(name))
        if others:
            raise UsageError(
                f"{folder.path} holds something else: {listed(others, 3)}",
                hint="a folder of its own for the parts",
            )
        return None
    with folder.open(MANIFEST) as file:
        text = file.read()
    try:
        return _of(json.loads(text))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(
            f"{folder.path}{MANIFEST} cannot be read: {type(error).__name__}",
            hint="another version of gradcalc wrote it, or nobody did; another folder",
        ) from None


def _of(record: dict[str, Any]) -> Manifest:
    if record["manifest"] != VERSION:
        raise ValueError
    inputs = [Input(**about) for about in record["inputs"]]
    parts, done = [], {}
    for k, about in enumerate(record["parts"]):
        groups = None if about["groups"] is None else (about["groups"][0], about["groups"][1])
        parts.append(Part(k, inputs[about["input"]], groups, about["name"]))
        if "sha256" in about:
            more = {name: about[name] for name in Done._fields[1:]}
            first = tuple((line, reason) for line, reason in about["first"])
            done[k] = Done(k, **{**more, "first": first})
    reproducible = record["reproducible"] is not None
    return Manifest(Job.of(record["job"]), parts, record["versions"], reproducible, done)


def _flat(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings with names for people."""
    for name, value in record.items():
        if name in ("expression", "request"):
            yield from _flat(value)
        else:
            yield name.replace("_", " "), json.loads(json.dumps(value))


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
