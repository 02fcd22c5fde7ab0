"""Compressed files, as they pass: gzip by Python itself, zstd by what is installed for it."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, BinaryIO

from gradcalc.batch.names import compression
from gradcalc.errors import BindingError, UsageError

_LEVEL = 6
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def of_input(path: str) -> str | None:
    """How a file is compressed: by its first bytes, or, of what can be read once, by its name."""
    if not os.path.isfile(path):
        return compression(path)
    with open(path, "rb") as file:
        start = file.read(4)
    return next((kind for mark, kind in _MAGIC.items() if start.startswith(mark)), None)


def require(path: str) -> None:
    """Refuse a file that would need what is not installed. Raises UsageError."""
    if compression(path) == "zstd":
        _zstd()


class Decompressed(io.RawIOBase):
    """What is in a compressed file; errors call it ``name``."""

    def __init__(self, kind: str, file: BinaryIO, name: str) -> None:
        super().__init__()
        self._name = name
        self._from: Any = gzip.GzipFile(fileobj=file) if kind == "gzip" else _reader(file)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._from.read(size)
            return data
        except (OSError, EOFError, zlib.error) as error:
            raise BindingError(f"{self._name} is damaged: {error}") from None
        except Exception as error:  # the libraries for zstd have errors of their own
            if "zstd" not in type(error).__name__.lower():
                raise
            raise BindingError(f"{self._name} is damaged: {error}") from None


@contextmanager
def compressed(path: str, file: BinaryIO) -> Iterator[BinaryIO]:
    """Where to write what is to be compressed into ``file``, if ``path`` asks for it."""
    kind = compression(path)
    if kind is None:
        yield file
        return
    if kind == "gzip":
        made: Any = gzip.GzipFile("", "wb", _LEVEL, file, mtime=0)
    else:
        made = _writer(file)
    with made:
        yield made


def _zstd() -> Any:
    for module in ("compression.zstd", "zstandard"):
        if find_spec(module.partition(".")[0]) is not None:
            return import_module(module)
    raise UsageError("zstd needs a library", hint="pip install zstandard, or .gz instead")


class _Frames:
    """What the frames of a zstd file hold. The library's own reader takes half a file for whole."""

    def __init__(self, zstd: Any, file: BinaryIO) -> None:
        self._new = zstd.ZstdDecompressor().decompressobj
        self._file = file
        self._frame: Any = None
        self._left = b""
        self._ready = bytearray()

    def read(self, size: int) -> bytes:
        while size < 0 or len(self._ready) < size:
            data = self._left or self._file.read(1 << 14)
            if not data:
                if self._frame is not None:
                    raise EOFError("it ends too early")
                size = len(self._ready)
                break
            self._frame, self._left = self._frame or self._new(), b""
            self._ready += self._frame.decompress(data)
            if self._frame.eof:
                self._frame, self._left = None, self._frame.unused_data
        found = bytes(self._ready[:size])
        del self._ready[:size]
        return found


def _reader(file: BinaryIO) -> Any:
    zstd = _zstd()
    return zstd.ZstdFile(file) if hasattr(zstd, "ZstdFile") else _Frames(zstd, file)


def _writer(file: BinaryIO) -> Any:
    zstd = _zstd()
    if hasattr(zstd, "ZstdFile"):
        return zstd.ZstdFile(file, "w")
    return zstd.ZstdCompressor().stream_writer(file, closefd=False)
