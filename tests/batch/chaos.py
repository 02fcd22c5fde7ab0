"""``batch --cluster``: the bytes are those of one process, whoever dies on the way.

    GRADCALC_LONG=100 python -m pytest -n 0 tests/batch/chaos.py

Scheduler, workers and client are processes of their own on this machine. In each run something
happens to them when some parts are done: who, when and how often is drawn from the seed. Then the
same command is given again, until it ends well. So many runs are made from the seed GRADCALC_SEED
on; GRADCALC_ROWS is how many rows there are in all.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from multiprocessing.context import ForkServerProcess as Process
from pathlib import Path

import numpy as np
import pytest

from tests.batch.processes import started

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, ("distributed", "polars", "pyarrow"))),
    reason="gradcalc[cluster] is not installed",
)

RUNS = int(os.environ.get("GRADCALC_LONG", "1"))
FIRST = int(os.environ.get("GRADCALC_SEED", "0"))
ROWS = int(os.environ.get("GRADCALC_ROWS", "120000"))
FILES = 24
GROUPS = 2
PATIENCE = 240.0

ARM = "x = cos(a) + .7*cos(a+b) + .4*cos(a+b+c); y = sin(a) + .7*sin(a+b) + .4*sin(a+b+c); x, y"
WORDS = ["batch", ARM, "--what", "eval,jacobian", "--reproducible"]
KINDS = {
    "csv": ["csv"],
    "parquet": ["parquet", "--part-rows", str(ROWS // FILES // GROUPS)],
    "text of parquet": ["parquet", "--part-rows", "1", "--format", "ndjson.gz"],
}
QUICK = {  # a worker that stands still is given up, a client tells of a scheduler that is gone
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "3s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "15s",
    "DASK_DISTRIBUTED__COMM__RETRY__COUNT": "0",
    "POLARS_MAX_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "PYTHONWARNINGS": "ignore",
}


os.environ.update(QUICK)  # for the process that all others are forked from


class Cluster:
    """A scheduler and two workers, and what happens to them; ``folder`` is where the client
    writes."""

    def __init__(self, logs: Path, data: Path) -> None:
        self.folder = self.logs = logs
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.scheduler: Process | None = None
        self.workers: list[Process] = []
        self.preload: list[str] = []
        self._all: list[Process] = []

    def start(self) -> None:
        """What is missing of it."""
        if self.scheduler is None or not self.scheduler.is_alive():
            where = ["--host", self.address, "--no-dashboard", "--no-show"]
            self.scheduler = self._process("scheduler", "distributed.cli.dask_scheduler", *where)
        self.workers = [worker for worker in self.workers if worker.is_alive()]
        while len(self.workers) < 2:
            self.worker()

    def worker(self, bytes_of_a_file: int | None = None) -> None:
        how = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
        words = (self.address, *how, *self.preload)
        worker = self._process(
            "worker", "distributed.cli.dask_worker", *words, most=bytes_of_a_file
        )
        self.workers.append(worker)

    def stop(self) -> None:
        for process in self._all:
            process.kill()
            process.join()

    def attend(self, client: Process, parts: int = 1 << 30) -> None:
        """Until the client has ended, or so many parts are there; workers that have ended are
        replaced."""
        end = time.monotonic() + PATIENCE
        while client.is_alive() and len([*self.folder.glob("out/part-*")]) < parts:
            self.workers = [worker for worker in self.workers if worker.is_alive()]
            while len(self.workers) < 2:
                self.worker()
            assert time.monotonic() < end, said(self.logs)
            time.sleep(0.02)

    def client(self, kind: str) -> Process:
        place, *words = KINDS[kind]
        words = [*WORDS, "--points", str(self.data / place), *words]
        return self._process(
            "client", "gradcalc.cli.app", *words, "-o", "out/", "--cluster", self.address
        )

    def _process(self, name: str, module: str, *words: str, most: int | None = None) -> Process:
        folder = self.folder if name == "client" else self.logs
        process = started(module, [*words], folder, self.logs / f"{name}.log", most)
        self._all.append(process)
        return process


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The points as CSV and as Parquet, the same ones."""
    import polars

    folder = tmp_path_factory.mktemp("data")
    for name in ("csv", "parquet"):
        (folder / name).mkdir()
    rng = np.random.default_rng(0)
    for k in range(FILES):
        numbers = rng.uniform(-3, 3, (ROWS // FILES, 3))
        frame = polars.DataFrame({n: numbers[:, j] for j, n in enumerate("abc")})
        frame.write_csv(folder / "csv" / f"r{k}.csv")
        rows = ROWS // FILES // GROUPS
        frame.write_parquet(folder / "parquet" / f"r{k}.parquet", row_group_size=rows)
    return folder


@pytest.fixture(scope="module")
def alone(data: Path) -> Callable[[str], str]:
    """The SHA-256 of all parts one after another, made by one process."""
    known: dict[str, str] = {}

    def made(kind: str) -> str:
        if kind not in known:
            out = f"{data}/alone-{kind.replace(' ', '-')}/"
            place, *words = KINDS[kind]
            words = [*WORDS, "--points", str(data / place), *words, "-o", out]
            process = started("gradcalc.cli.app", words, data, data / "alone.log")
            process.join()
            assert process.exitcode == 0
            known[kind] = joined(Path(out))
        return known[kind]

    return made


def joined(folder: Path) -> str:
    found = hashlib.sha256()
    for part in sorted(folder.glob("part-*")):
        found.update(part.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def there(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("logs"), data)
    try:
        yield found
    finally:
        found.stop()


# --- what happens: to whom, and whether the command ends well all the same ------------------------


def kill_a_worker(there: Cluster, client: Process, rng: random.Random) -> None:
    rng.choice(there.workers).kill()


def kill_the_scheduler(there: Cluster, client: Process, rng: random.Random) -> None:
    assert there.scheduler is not None
    there.scheduler.kill()


def kill_the_client(there: Cluster, client: Process, rng: random.Random) -> None:
    client.kill()


def stop_a_worker(there: Cluster, client: Process, rng: random.Random) -> None:
    """It stands still, for good or until others have done its part."""
    stopped = rng.choice(there.workers)
    os.kill(stopped.pid or 0, signal.SIGSTOP)
    if rng.random() < 0.5:
        time.sleep(rng.uniform(1, 5))
        os.kill(stopped.pid or 0, signal.SIGCONT)
    else:
        there.workers.remove(stopped)


def fill_the_disk(there: Cluster, client: Process, rng: random.Random) -> None:
    """All workers are replaced by such as may not write so long a file."""
    size = max(part.stat().st_size for part in (there.folder / "out").glob("part-*"))
    for worker in there.workers:
        worker.kill()
    there.workers.clear()
    for _ in range(2):
        there.worker(int(size * rng.uniform(0.1, 0.9)))
    there.attend(client)
    for worker in there.workers:
        worker.kill()


def cut_a_file(there: Cluster, client: Process, rng: random.Random) -> None:
    """The input that comes last ends too early, until the command has ended."""
    *_, path = sorted((there.data / "parquet").glob("*"), key=lambda p: (len(p.name), p.name))
    whole, about = path.read_bytes(), path.stat()
    os.truncate(path, rng.randrange(about.st_size))
    try:
        there.attend(client)
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


HAPPENINGS: tuple[Callable[[Cluster, Process, random.Random], None], ...] = (
    kill_a_worker, kill_the_scheduler, kill_the_client, stop_a_worker, fill_the_disk, cut_a_file,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(FIRST, FIRST + RUNS))
def test_the_bytes_are_those_of_one_process(
    seed: int, there: Cluster, alone: Callable[[str], str], tmp_path: Path
) -> None:
    rng = random.Random(seed)
    happens = [HAPPENINGS[seed % len(HAPPENINGS)], *rng.choices(HAPPENINGS[:3], k=rng.randrange(3))]
    kind = rng.choice(["parquet", "text of parquet"] if cut_a_file in happens else [*KINDS])
    names, start = [one.__name__ for one in happens], time.monotonic()
    there.folder = tmp_path
    codes = []
    for number in range(12):
        there.start()
        client = there.client(kind)
        if happens:
            there.attend(client, rng.randrange(1, FILES - 4))
            time.sleep(rng.random() / 5)
            happens.pop(0)(there, client, rng)
        there.attend(client)
        codes.append(client.exitcode)
        if codes[-1] == 0 and not happens:
            break
        assert number < 11, said(there.logs)
    assert set(codes) <= {0, 1, 2, 3, -signal.SIGKILL}, said(there.logs)
    out = tmp_path / "out"
    assert joined(out) == alone(kind), said(there.logs)
    manifest = json.loads((out / "_manifest.json").read_text())
    assert sum(part["rows"] for part in manifest["parts"]) == ROWS // FILES * FILES
    parts = {part["name"] for part in manifest["parts"]}
    assert {path.name for path in out.iterdir()} == {"_manifest.json", *parts}
    print(f"seed {seed}: {kind}; {', '.join(names)}: {codes} in {time.monotonic() - start:.1f} s")


DEADLY = """
import os
from gradcalc.batch import cluster
from gradcalc.batch.job import compute
def deadly(job, part, *rest):
    return os._exit(1) if part.number == 5 else compute(job, part, *rest)
cluster.compute = deadly
"""


def test_a_part_at_which_workers_die_is_named_and_the_rest_is_done(
    there: Cluster, alone: Callable[[str], str], tmp_path: Path
) -> None:
    there.folder = tmp_path
    (tmp_path / "deadly.py").write_text(DEADLY)
    for worker in there.workers:
        worker.kill()
    there.workers.clear()
    there.preload = ["--preload", str(tmp_path / "deadly.py")]
    there.start()
    client = there.client("parquet")
    there.attend(client)
    told = (there.logs / "client.log").read_text()
    assert client.exitcode == 1, said(there.logs)
    assert "parquet/r2.parquet, row group 1: 20 workers died at it" in told
    assert f"{FILES * GROUPS - 1} parts" in told
    assert len([*(tmp_path / "out").glob("part-*")]) == FILES * GROUPS - 1
    for worker in there.workers:
        worker.kill()
    there.workers.clear()
    there.preload = []
    there.start()
    client = there.client("parquet")
    there.attend(client)
    assert client.exitcode == 0, said(there.logs)
    assert joined(tmp_path / "out") == alone("parquet")


def said(folder: Path) -> str:
    """What the client wrote, and the last lines of the others."""
    logs = [(path.name, path.read_text("utf-8", "replace")) for path in folder.glob("*.log")]
    return "\n".join(f"--- {name}\n{text[-3000:]}" for name, text in logs)
