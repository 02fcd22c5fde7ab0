"""A data set by two workers of a Dask cluster and by one process; and what a task costs.

The Jacobian of the planar arm over 24 files, scheduler, workers and client as processes of their
own on this machine, each side in turn. Then stubs, which wait as long as parts of this data set
took and answer as parts do, through a real scheduler: what it takes of time and of memory.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.batch import ARM
from benchmarks.report import Section, Target

ROOT = Path(__file__).resolve().parents[1]
ROWS, FILES, ROUNDS = 12_000_000, 24, 3
TASKS = ((10_000, 200), (20_000, 200), (100_000, 800))
"""Of stubs, and how many threads each of two workers has for them."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


def points(folder, rows, kind, files=FILES):
    """So many rows of angles in so many files."""
    import polars

    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(files):
        q = rng.uniform(-3, 3, (rows // files, 3))
        frame = polars.DataFrame({f"q{j + 1}": q[:, j] for j in range(3)})
        if kind == "csv":
            frame.write_csv(folder / f"r{k}.csv")
        else:
            frame.write_parquet(folder / f"r{k}.parquet", row_group_size=250_000)


@contextmanager
def cluster(workers, threads, *, one_core, preload=()):
    """The address of a scheduler with such workers, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    environment = {**ENVIRONMENT, "POLARS_MAX_THREADS": "1"} if one_core else ENVIRONMENT
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    module = [sys.executable, "-m"]
    started = [
        subprocess.Popen(
            [*module, "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"],
            **quiet,
        )
    ]
    how = ["--nthreads", str(threads), "--no-nanny", "--no-dashboard", *preload]
    for _ in range(workers):
        started.append(
            subprocess.Popen([*module, "distributed.cli.dask_worker", address, *how], **quiet)
        )
    try:
        yield address, started
    finally:
        for process in started:
            process.kill()
            process.wait()


def run(words, others=()):
    """Seconds by the clock; of processors for the command, and for each of the ``others``."""
    before = [*map(processor, others)]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gradcalc", "batch", ARM, "--outputs", "x,y,heading", "-q", *words],
        env=ENVIRONMENT,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    used = [processor(pid) - start for pid, start in zip(others, before, strict=True)]
    return seconds, (usage.ru_utime + usage.ru_stime, *used)


def processor(pid):
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def throughput(kind):
    """Rows of a table: how, seconds, million rows a second, of one process, of processors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points(folder / "in", ROWS, kind)
        words = ["--points", str(folder / "in"), "-o"]
        found = {"one process, one file": [], "one process, parts": [], "two workers": []}
        with cluster(2, 1, one_core=True) as (address, started):
            others = [process.pid for process in started]
            warm = ["--points", str(folder / "in" / f"r0.{kind}"), "-o", f"{folder}/warm/"]
            run([*warm, "--cluster", address])
            run([*warm, "--cluster", address, "--restart"])
            for _ in range(ROUNDS):
                one, parts, two = (folder / name for name in (f"one.{kind}", "parts", "two"))
                for path in (parts, two):
                    shutil.rmtree(path, ignore_errors=True)
                found["one process, one file"].append(run([*words, str(one)]))
                found["one process, parts"].append(run([*words, f"{parts}/"]))
                more = ["--cluster", address]
                found["two workers"].append(run([*words, f"{two}/", *more], others))
            for part in parts.glob("part-*"):
                assert part.read_bytes() == (two / part.name).read_bytes()
    base = statistics.median(seconds for seconds, _ in found["one process, one file"])
    for how, times in found.items():
        seconds = statistics.median(seconds for seconds, _ in times)
        columns = zip(*(used for _, used in times), strict=True)
        each = " + ".join(f"{statistics.median(column):.2f}" for column in columns)
        yield how, seconds, ROWS / seconds / 1e6, seconds / base, each


TIMED = """
import time
from gradcalc.batch import cluster
from gradcalc.batch.job import compute
def timed(*words):
    start = time.perf_counter()
    done = compute(*words)
    with open({record!r}, "a") as file:
        print(time.perf_counter() - start, file=file)
    return done
cluster.compute = timed
"""


def durations():
    """Seconds that parts of two million rows took two workers, read from Parquet and written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points(folder / "in", ROWS, "parquet", files=ROWS // 2_000_000)
        (folder / "timed.py").write_text(TIMED.format(record=str(folder / "record")))
        preload = ["--preload", str(folder / "timed.py")]
        words = ["--points", str(folder / "in"), "-o", f"{folder}/out/", "--restart"]
        with cluster(2, 1, one_core=True, preload=preload) as (address, _):
            for _ in range(ROUNDS + 1):
                run([*words, "--cluster", address])
        took = [float(line) for line in (folder / "record").read_text().split()]
    return took[ROWS // 2_000_000 :]  # but for the first round, which loads what is needed


def stub(part, job, *_):
    """Waits as long as a part of 2 million rows took, and answers as it does."""
    from gradcalc.batch.job import Done

    time.sleep(job["seconds"][part.number % len(job["seconds"])])
    return Done(part.number, 2_000_000, 0, "row", (), 300_000_000, "0" * 64)


def tasks(count, threads, took):
    """Seconds in all; of the scheduler and of the client for a task; megabytes of the scheduler
    before, and at most."""
    from gradcalc.batch import cluster as engine
    from gradcalc.batch.folder import Folder
    from gradcalc.batch.inputs import Input
    from gradcalc.batch.plan import Part

    engine.task = stub
    engine._require_same_versions = lambda *_: None
    about = Input("s3://bucket/points/r00017.parquet", 1, "0", {})
    parts = [Part(k, about, (0, 2), f"part-{k:07}-r00017-g0000.parquet") for k in range(count)]
    with cluster(2, threads, one_core=False) as (address, started):
        scheduler = started[0].pid
        with engine.connected(address, dashboard=False) as client:
            client.wait_for_workers(2)
            before, used = megabytes(scheduler), processor(scheduler)
            most, start, mine = before, time.perf_counter(), time.process_time()
            job, done = {"text": ARM, "seconds": took}, 0
            for outcome in engine.outcomes(
                client, job, parts, Folder("out/"), {}, reproducible=False, said=lambda _: None
            ):
                done += outcome.rows == 2_000_000
                if done % 1000 == 0:
                    most = max(most, megabytes(scheduler))
            seconds = time.perf_counter() - start
            assert done == count
            used = processor(scheduler) - used
            mine = time.process_time() - mine
    return seconds, used / count, mine / count, before, most


def suite():
    section = Section(
        "cluster",
        "Two workers and one process; a hundred thousand tasks",
        ("distributed", "polars", "pyarrow"),
    )
    rows = []
    for kind in ("csv", "parquet"):
        for how, seconds, speed, ratio, each in throughput(kind):
            rows.append(
                [f"{kind}: {how}", f"{seconds:.2f} s", f"{speed:.2f}", f"{ratio:.2f}", each]
            )
            if how == "two workers":
                section.targets.append(
                    Target(f"{kind}: two workers / one process with one file", 1.25, ratio, " ×")
                )
    size = f"{ROWS / 1e6:g} million rows in {FILES} files"
    header = [size, "by the clock", "million rows/s", "of one process",
              "processor seconds: client + scheduler + workers"]  # fmt: skip
    section.table(header, rows)
    took, rows = durations(), []
    for count, threads in TASKS:
        seconds, used, mine, before, most = tasks(count, threads, took)
        rows.append([f"{count:,}", f"{2 * threads:,}", f"{seconds:.0f} s", f"{used * 1e3:.2f} ms",
                     f"{mine * 1e3:.2f} ms", f"{before:.0f} to {most:.0f} MB"])  # fmt: skip
    section.say(
        f"Tasks that wait as long as {len(took)} parts of 2 million rows took two workers "
        f"(Parquet, recorded just before: {min(took):.2f} to {max(took):.2f} s, "
        f"median {statistics.median(took):.2f} s) and answer as they did, through a real scheduler."
    )
    header = ["tasks", "threads", "by the clock", "scheduler, each", "client, each", "scheduler"]
    section.table(header, rows)
    return section.text()
