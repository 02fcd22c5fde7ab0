"""A folder of part files, on a disk or in a store: each is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from gradcalc.batch.names import is_remote
from gradcalc.batch.places import system, told

MANIFEST = "_manifest.json"
"""Readers of data sets pass over what begins with an underscore."""

_TEMPORARY = re.compile(r"\.(?:part-|_manifest).*\.[0-9a-f]{32}\.tmp")


class Folder:
    """The files of ``path``. What cannot be done with them is told as UsageError.

    On a disk a file is written beside its place and renamed; a store shows it once all of it is
    there. Two that write the same file do no harm: the last one stands, whole.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._system: Any = None
        self._place = path
        if is_remote(path):
            self._system, self._place = system(path)
            self._place = self._place.rstrip("/")

    @property
    def address(self) -> str:
        """What it is called by whoever stands in another folder."""
        return self.path if self._system is not None else os.path.abspath(self.path) + os.sep

    def make(self) -> None:
        with told(self.path, "make"):
            if self._system is None:
                os.makedirs(self._place, exist_ok=True)
            else:
                with suppress(NotImplementedError, PermissionError):  # a store has no folders
                    self._system.makedirs(self._place, exist_ok=True)

    def sizes(self) -> dict[str, int]:
        """The names of all its files, with their lengths; nothing if it is not there."""
        with told(self.path, "list"):
            if self._system is not None:
                self._system.invalidate_cache()
                try:
                    found = self._system.ls(self._place, detail=True)
                except FileNotFoundError:
                    return {}
                names = {str(item["name"]).rsplit("/", 1)[-1]: item for item in found}
                return {n: int(item["size"] or 0) for n, item in names.items()
                        if n and item["type"] == "file"}  # fmt: skip
            try:
                with os.scandir(self._place) as entries:
                    return {entry.name: entry.stat().st_size for entry in entries}
            except FileNotFoundError:
                return {}

    def open(self, name: str) -> BinaryIO:
        file: BinaryIO
        with told(self._named(name)):
            if self._system is None:
                return open(os.path.join(self._place, name), "rb")
            file = self._system.open(f"{self._place}/{name}", "rb")
        return file

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A file on a disk that becomes ``name`` in the end, and is swept away if that goes
        wrong."""
        if self._system is not None:
            with tempfile.NamedTemporaryFile() as file:
                yield file  # type: ignore[misc]
                file.flush()
                with told(self._named(name), "write"):
                    self._system.put_file(file.name, f"{self._place}/{name}")
            return
        temporary = os.path.join(self._place, f".{name}.{os.urandom(16).hex()}.tmp")
        try:
            with told(self._named(name), "write"):
                made = open(temporary, "xb")  # noqa: SIM115
            try:
                with made:
                    yield made
            except OSError as error:
                with told(self._named(name), "write"):
                    raise error
            with told(self._named(name), "write"):
                os.replace(temporary, os.path.join(self._place, name))
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise

    def remove(self, name: str) -> None:
        with told(self._named(name), "remove"), suppress(FileNotFoundError):
            if self._system is None:
                os.unlink(os.path.join(self._place, name))
            else:
                self._system.rm_file(f"{self._place}/{name}")

    def sweep(self) -> None:
        """Remove what was half written when somebody was killed."""
        if self._system is None:
            for name in filter(is_temporary, self.sizes()):
                self.remove(name)

    def _named(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"


def is_temporary(name: str) -> bool:
    return _TEMPORARY.fullmatch(name) is not None


def digest(file: BinaryIO) -> str:
    """The SHA-256 of a file."""
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
