"""Where files are: on a disk, or behind an address that fsspec can open (s3://, gs://, https://)."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, BinaryIO

from gradcalc.batch.names import by_extension, is_remote
from gradcalc.errors import GradcalcError, UsageError
from gradcalc.language.names import natural

EXTRA = 'pip install "gradcalc[cluster]"'
"""What brings the libraries for many files, other places and other machines."""

_KEY = re.compile(r"([^=/\\]+)=([^/\\]*)$")
_LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "https": "aiohttp"}
_LIBRARIES |= {"s3a": "s3fs", "gcs": "gcsfs", "http": "aiohttp", "sftp": "paramiko"}
"""What fsspec needs for an address, by how it begins."""


class UnreadableError(UsageError):
    """A file of points is not there, or may not be read."""


def files(paths: Sequence[str]) -> list[str]:
    """The files that ``paths`` mean, in natural order within each of them.

    A folder means the files of points in it and in its folders ``name=value``, a pattern those that
    it fits. A file that is called so is meant, whatever is in its name. Raises UsageError where
    there are none.
    """
    return [file for path in paths for file in (_there if is_remote(path) else _here)(path)]


def keys(path: str, given: Sequence[str]) -> dict[str, str]:
    """What the folders ``name=value`` of a partitioned data set say of a file in it, below the
    folder or the pattern that was ``given``."""
    if path in given:
        return {}
    roots = [re.split(r"[*?\[]", place)[0] for place in given]
    below = max((len(root) for root in roots if path.startswith(root)), default=0)
    found = map(_KEY.match, re.split(r"[/\\]", path[below:])[:-1])
    return {match[1]: match[2] for match in found if match}


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file to read. Raises UsageError when it cannot be."""
    if is_remote(path):
        store, name = system(path)
        with told(path):
            file = store.open(name, "rb")
    else:
        with told(path):
            file = open(path, "rb")  # noqa: SIM115
    with file:
        yield file


def stamp(path: str) -> tuple[int, str]:
    """The length of a file, and what changes when it does: its time, or what a server says."""
    if not is_remote(path):
        with told(path):
            there = os.stat(path)
        return there.st_size, str(there.st_mtime_ns)
    store, name = system(path)
    with told(path):
        about = store.info(name)
    words = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "created")
    return int(about["size"] or 0), next((str(about[w]) for w in words if about.get(w)), "")


@contextmanager
def told(path: str, what: str = "read") -> Iterator[None]:
    """Whatever a system or a server says, as UsageError; if a file is read, as UnreadableError."""
    kind = UnreadableError if what == "read" else UsageError
    try:
        yield
    except GradcalcError:
        raise
    except ValueError as error:
        reason = "not a file name" if not is_remote(path) else _first_line(error)
        raise kind(f"cannot {what} '{path}': {reason}") from None
    except OSError as error:
        cause = error.__cause__  # a web server that cannot be asked is a missing file to fsspec
        if isinstance(error, FileNotFoundError) and isinstance(cause, FileNotFoundError | None):
            reason = "no such file or directory"
        else:
            reason = (error.strerror or _first_line(cause or error)).lower()
        raise kind(f"cannot {what} '{path}': {reason}") from None
    except Exception as error:  # the libraries for stores have errors of their own
        if not is_remote(path):
            raise
        hint = ""
        if "credentials" in str(error).lower():
            hint = "as for the store's own tools: AWS_ACCESS_KEY_ID, ~/.aws/credentials, …"
        raise kind(f"cannot {what} '{path}': {_first_line(error)}", hint=hint) from None


def _here(path: str) -> list[str]:
    if os.path.isdir(path):
        found = [name for name in _inside(path) if by_extension(name)]
    elif os.path.exists(path) or not glob.has_magic(path):
        return [path]
    else:
        found = [name for name in glob.glob(path, recursive=True) if os.path.isfile(name)]
    if not found:
        raise UsageError(f"cannot read '{path}': there are no files of points")
    return sorted(found, key=natural)


def _inside(folder: str) -> Iterator[str]:
    """The files of a folder and of its partitions."""
    with told(folder):
        names = [name for name in os.listdir(folder) if name[0] != "."]
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            yield path
        elif _KEY.match(name):
            yield from _inside(path)


def _there(path: str) -> list[str]:
    store, name = system(path)
    is_web = path.startswith(("http:", "https:"))  # a ? begins a query there, and folders are pages
    with told(path):
        if is_web:
            return [path]
        if glob.has_magic(name):
            found = [str(file) for file in store.glob(name)]
        elif store.isfile(name):
            return [path]
        else:
            found = [str(file) for file in store.find(name)]
            found = [file for file in found if by_extension(file)]
    if not found:
        raise UsageError(f"cannot read '{path}': there are no files of points")
    return [store.unstrip_protocol(file) for file in sorted(found, key=natural)]


def system(path: str) -> tuple[Any, str]:
    """What opens the files at an address, and what the file is called there."""
    if find_spec("fsspec") is None:
        raise UsageError(f"cannot read '{path}': this needs fsspec", hint=EXTRA)
    import logging  # deferred, as fsspec: for files elsewhere alone

    import fsspec

    logging.lastResort = logging.NullHandler()  # what matters of it is told here
    protocol = path.partition("://")[0].rpartition("::")[2]
    try:
        store, name = fsspec.core.url_to_fs(path)
    except ImportError:
        library = _LIBRARIES.get(protocol, protocol)
        raise UsageError(f"{protocol}:// needs {library}", hint=f"pip install {library}") from None
    except ValueError as error:
        raise UsageError(f"cannot read '{path}': {_first_line(error).lower()}") from None
    return store, name


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]
