"""Processes of a cluster that start in no time: forked from one that has imported everything."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path

PR_SET_PDEATHSIG = 1

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([
    "distributed.cli.dask_scheduler", "distributed.cli.dask_worker", "gradcalc.cli.dataset",
    "gradcalc.cli.app", "gradcalc.batch.cluster", "gradcalc.batch.rowgroups", "polars",
    "pyarrow.parquet", "polars.io.plugins", "tests.batch.processes",
])  # fmt: skip


def started(
    module: str, words: list[str], folder: Path, log: Path, most: int | None = None
) -> ForkServerProcess:
    """``main(words)`` of a module, in a folder; its standard error goes to a file.

    It ends with the process that forked it, and writes files of at most so many bytes.
    """
    process = _CONTEXT.Process(target=_run, args=(module, words, folder, log, most))
    process.start()
    return process


def _run(module: str, words: list[str], folder: Path, log: Path, most: int | None) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    limit = most or resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    os.chdir(folder)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    with open(os.devnull, "wb") as file:
        os.dup2(file.fileno(), 1)
    sys.argv = [module, *words]
    code = import_module(module).main(words)
    sys.stderr.flush()
    os._exit(code or 0)
