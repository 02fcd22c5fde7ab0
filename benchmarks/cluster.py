"""A data set by two workers of a Dask cluster and by one process; and what a task costs.

    python -m benchmarks.cluster throughput [--rows 12000000] [--rounds 3] [--kinds csv parquet]
    python -m benchmarks.cluster tasks [--count 10000] [--threads 8]

``throughput``: the Jacobian of the planar arm over 24 files, scheduler, workers and client as
processes of their own on this machine, each side in turn. ``tasks``: stubs that wait as long as
parts took and answer as parts do, through a real scheduler: what it takes of time and of memory.
"""

import argparse
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

ROOT = Path(__file__).resolve().parents[1]
FILES = 24
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


def points(folder, rows, kind):
    """So many rows of angles in 24 files."""
    import polars

    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(FILES):
        q = rng.uniform(-3, 3, (rows // FILES, 3))
        frame = polars.DataFrame({f"q{j + 1}": q[:, j] for j in range(3)})
        if kind == "csv":
            frame.write_csv(folder / f"r{k}.csv")
        else:
            frame.write_parquet(folder / f"r{k}.parquet", row_group_size=250_000)


@contextmanager
def cluster(workers, threads, *, one_core):
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
    how = ["--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
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


def throughput(rows, rounds, kinds):
    print(
        "| input | how | seconds | million rows/s | of one process "
        "| processor seconds: client + scheduler + workers |"
    )
    print("|---|---|---|---|---|---|")
    for kind in kinds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            points(folder / "in", rows, kind)
            words = ["--points", str(folder / "in"), "-o"]
            found = {"one process, one file": [], "one process, parts": [], "two workers": []}
            with cluster(2, 1, one_core=True) as (address, started):
                others = [process.pid for process in started]
                warm = ["--points", str(folder / "in" / f"r0.{kind}"), "-o", f"{folder}/warm/"]
                run([*warm, "--cluster", address])
                run([*warm, "--cluster", address, "--restart"])
                for _ in range(rounds):
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
                speed, of_one = rows / seconds / 1e6, base / seconds
                print(f"| {kind} | {how} | {seconds:.2f} | {speed:.2f} | {of_one:.2f} | {each} |")


def stub(part, *_):
    """Waits as long as a part of 2 million rows takes, and answers as it does."""
    from gradcalc.batch.job import Done

    time.sleep(1.0 + part.number % 7 / 10)
    return Done(part.number, 2_000_000, 0, "row", (), 300_000_000, "0" * 64)


def tasks(count, threads):
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
            job, done = {"text": ARM}, 0
            for outcome in engine.outcomes(
                client, job, parts, Folder("out/"), {}, reproducible=False, said=lambda _: None
            ):
                done += outcome.rows == 2_000_000
                if done % 1000 == 0:
                    most = max(most, megabytes(scheduler))
            seconds = time.perf_counter() - start
            assert done == count
            used = processor(scheduler) - used
            print(
                f"{count:,} tasks, {2 * threads} threads: {seconds:.1f} s; scheduler "
                f"{used / count * 1e3:.2f} ms a task and {before:.0f} to {most:.0f} MB; client "
                f"{(time.process_time() - mine) / count * 1e3:.2f} ms a task"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("throughput", "tasks"))
    parser.add_argument("--rows", type=int, default=12_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=("csv", "parquet"))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=8, help="of each of two workers")
    arguments = parser.parse_args()
    if arguments.what == "throughput":
        throughput(arguments.rows, arguments.rounds, arguments.kinds)
    else:
        tasks(arguments.count, arguments.threads)
