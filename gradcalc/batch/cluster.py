"""Parts by the workers of a Dask cluster. Nothing else here knows the engine.

A task is a job and a part, some kilobytes of text; it reads its rows and writes its file where the
worker is, and the answer is one line of the manifest. So no row passes through the scheduler, and a
task that is done twice, because a worker died or a network was slow, writes the same file twice.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Any
from uuid import uuid4

from gradcalc.batch.folder import Folder
from gradcalc.batch.job import Done, Job, Lost, compute
from gradcalc.batch.places import EXTRA, UnreadableError
from gradcalc.batch.plan import Part
from gradcalc.batch.reproducible import PACKAGES, versions
from gradcalc.batch.stream import RowError
from gradcalc.engine.many import cores
from gradcalc.errors import BindingError, GradcalcError, UsageError

LOCAL = "local"

CONNECT = 15
"""Seconds for the scheduler to answer."""

JOIN = 60
"""Seconds for the first worker to come."""

TRIES = 3
"""Of a part that raises: a store may be slow for a moment."""

DEATHS = 20
"""Of workers, until the part at which they die is given up. The first few may be of its
neighbours' doing: from then on it is alone."""

AHEAD = 2
"""Parts that are with the scheduler, for each thread of the workers; the others wait here."""

_LOOK = 2.0
"""Seconds between two questions of how many workers there are."""


GONE = "the scheduler is gone"


class MismatchError(UsageError):
    """A worker has other versions than those that computed the other parts."""


@contextmanager
def connected(address: str, *, dashboard: bool) -> Iterator[Any]:
    """A client of the scheduler at ``address``, or of a cluster on this machine, ``local:N``.

    Raises UsageError where there is none, or it has no workers.
    """
    try:
        import distributed  # deferred: for this alone
    except ImportError:
        raise UsageError("--cluster needs Dask", hint=EXTRA) from None
    is_local = address.partition(":")[0] == LOCAL
    with _silence():
        found = (
            _local(distributed, address, dashboard) if is_local else _remote(distributed, address)
        )
        with found as client:
            yield client


@contextmanager
def _silence() -> Iterator[None]:
    """What Dask says on standard error is said here, where it matters."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, which are compared here, and of ports
            yield
    finally:
        logging.disable(before)


def outcomes(
    client: Any,
    job: Job,
    parts: Sequence[Part],
    folder: Folder,
    expected: Mapping[str, str],
    *,
    reproducible: bool,
    said: Callable[[str], None],
) -> Iterator[Done | Lost]:
    """What comes of the parts, as they are done. What ends the whole run is raised.

    ``said`` is told of the workers, and of parts that were tried again.
    """
    _require_same_versions(client, expected)
    work = _Work(client, (job, folder.address, dict(expected), reproducible), said)
    waiting, suspects = deque(parts), deque[Part]()
    while waiting or suspects or work.flying:
        while waiting and len(work.flying) < AHEAD * work.threads():
            work.send(waiting.popleft())
        if suspects and not work.flying:
            work.send(suspects.popleft())
        part, found = work.next()
        if isinstance(found, Done):
            yield found
        elif work.killed(part, found):
            if work.deaths[part.number] < DEATHS:
                suspects.append(part)
            else:
                yield Lost(part.number, f"{work.deaths[part.number]} workers died at it")
        elif work.is_worth_a_try(part, found):
            waiting.append(part)
        elif isinstance(found, GradcalcError):
            yield Lost(part.number, found.message)
        else:
            yield Lost(part.number, str(found).partition("\n")[0])


def task(
    part: Part, job: Job, folder: str, expected: Mapping[str, str], reproducible: bool
) -> Done | Exception:
    """A part, computed on a worker: by one thread, for each of its threads has a part.

    What is raised is an answer too: not every error can travel as one, with all it hangs on.
    """
    try:
        here = versions(reproducible=reproducible)
        for name, wanted in expected.items():
            if here.get(name) != wanted:
                return _mismatch("a worker", name, here.get(name, "none"), wanted)
        return compute(job, part, Folder(folder), 1)
    except GradcalcError as error:
        return error.with_traceback(None)
    except Exception as error:
        return RuntimeError(f"{type(error).__name__}: {error}")


class _Work:
    """The parts that are with the cluster, and how often they came back."""

    def __init__(
        self,
        client: Any,
        rest: tuple[Job, str, Mapping[str, str], bool],
        said: Callable[[str], None],
    ) -> None:
        import distributed

        as_completed: Any = distributed.as_completed
        self._client = client
        self._rest = rest
        self._said = said
        self._run = uuid4().hex[:8]  # a task of an earlier run that goes on is another one
        self._finished: Any = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._looked, self._threads = 0.0, 1
        self._sent = 0
        self.flying: dict[str, tuple[Any, Part]] = {}
        self.tries: Counter[int] = Counter()
        self.deaths: Counter[int] = Counter()

    def threads(self) -> int:
        """How many tasks run side by side, at least one."""
        if monotonic() - self._looked > _LOOK:
            with _answering():
                workers = self._client.nthreads()
            self._looked, self._threads = monotonic(), max(1, sum(workers.values()))
            again = sum(self.tries.values()) + sum(self.deaths.values())
            said = f"{len(workers):,} worker{'' if len(workers) == 1 else 's'}"
            self._said(said + (f", {again:,} retries" if again else ""))
        return self._threads

    def send(self, part: Part) -> None:
        self._sent += 1
        key = f"gradcalc-{self._run}-{part.number}-{self._sent}"
        with _answering():
            future = self._client.submit(task, part, *self._rest, key=key, pure=False)
            self._finished.add(future)
        self.flying[key] = future, part

    def next(self) -> tuple[Part, Any]:
        """The next part that comes back, and its outcome or what was raised."""
        with _answering():
            future, found = next(self._finished)
        _, part = self.flying.pop(future.key)
        if future.status not in ("finished", "error"):
            raise UsageError(GONE)
        return part, found[1] if future.status == "error" else found

    def killed(self, part: Part, error: Exception) -> bool:
        """Whether this says that workers died at the part; counts them."""
        if type(error).__name__ != "KilledWorker":
            return False
        self.deaths[part.number] += int(getattr(error, "allowed_failures", 0)) + 1
        return True

    def is_worth_a_try(self, part: Part, error: Exception) -> bool:
        """Whether the part may do better the next time. Raises what ends the run."""
        if isinstance(error, RowError | MismatchError):
            raise error
        self.tries[part.number] += 1
        if self.tries[part.number] < TRIES:
            return True
        if isinstance(error, GradcalcError) and not isinstance(
            error, BindingError | UnreadableError
        ):
            raise error
        return False


@contextmanager
def _answering() -> Iterator[None]:
    """What a client raises that has lost its scheduler, as UsageError."""
    try:
        yield
    except (OSError, RuntimeError, CancelledError, asyncio.CancelledError):
        raise UsageError(GONE) from None


def _local(distributed: Any, address: str, dashboard: bool) -> Any:
    word = address.partition(":")[2] or str(cores())
    if not word.isdecimal() or not 0 < int(word) <= 4096:
        raise UsageError(f"--cluster {address}: how many workers?", hint="--cluster local:4")
    count = int(word)
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, cores() // count)))

    @contextmanager
    def started() -> Iterator[Any]:
        with _deaf():
            made = distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                dashboard_address=":0" if dashboard else None,
                silence_logs=logging.CRITICAL,
            )
        with made as cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client

    return started()


@contextmanager
def _deaf() -> Iterator[None]:
    """Ctrl-C is for this process alone, which ends the others: threads and processes that are
    started here are never told of it, and this one is afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # not on this system
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remote(distributed: Any, address: str) -> Any:
    try:
        client = distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"there is no scheduler at {address}: {reason}",
            hint="dask scheduler, which says its address: --cluster tcp://HOST:8786",
        ) from None
    try:
        client.wait_for_workers(1, timeout=JOIN)
    except TimeoutError:
        with suppress(Exception):
            client.close()
        raise UsageError(
            f"the scheduler at {address} has no workers",
            hint=f"dask worker {address} --nworkers auto --nthreads 1",
        ) from None
    return client


def _require_same_versions(client: Any, expected: Mapping[str, str]) -> None:
    """Refuse workers with other versions before a part is written; by what needs nothing of us
    there. Raises MismatchError."""
    for name in PACKAGES:
        with _answering():
            answers = client.run(version, name, on_error="return")
        for worker, found in answers.items():
            there = "not installed" if isinstance(found, PackageNotFoundError) else found
            if isinstance(there, str) and there != expected[name]:  # else it has just died
                raise _mismatch(f"worker {worker}", name, there, expected[name])


def _mismatch(who: str, name: str, there: str, wanted: str) -> MismatchError:
    return MismatchError(
        f"{who} has {name} {there}, and the client {wanted}",
        hint="the same versions for all: their numbers, or how they are written, may differ",
    )
