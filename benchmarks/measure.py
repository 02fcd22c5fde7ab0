"""Clocks: functions that take turns, and whole processes with their memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def installed(name: str) -> bool:
    return find_spec(name) is not None


def module(name: str) -> Any:
    """A peer, imported when its turn comes."""
    return import_module(name)


def once(
    function: Callable[[], Any], clock: Callable[[], float] = time.perf_counter
) -> tuple[float, Any]:
    """Seconds of one call, and its result."""
    start = clock()
    result = function()
    return clock() - start, result


def medians(
    functions: Mapping[str, Callable[[], Any]],
    rounds: int = 9,
    least: float = 0.002,
    clock: Callable[[], float] = time.perf_counter,
    rest: float = 0,
) -> dict[str, float]:
    """Median seconds per call. The functions take turns, so that a noisy moment strikes them all;
    each is called as often as it takes to fill ``least`` seconds, after one call to warm up. What
    runs on one thread may be timed by its processor's ``clock``, to which other work on the machine
    matters less. Threads of libraries spin for milliseconds after a call: in ``rest`` seconds those
    of the tool before fall asleep, and a call that is not timed wakes up one's own."""
    calls = {}
    for name, function in functions.items():
        function()
        took = once(function)[0]
        calls[name] = max(1, min(10_000, round(least / max(took, 1e-9))))
    found: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            if rest:
                time.sleep(rest)
                function()
            start = clock()
            for _ in range(calls[name]):
                function()
            found[name].append((clock() - start) / calls[name])
    return {name: statistics.median(times) for name, times in found.items()}


@dataclass(frozen=True)
class Run:
    """One process: wall seconds, peak resident megabytes and exit code."""

    seconds: float
    megabytes: float
    code: int


def process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end, its output thrown away."""
    start = time.perf_counter()
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return Run(time.perf_counter() - start, usage.ru_maxrss / 1024, child.returncode)


def worker(suite: str, *arguments: str, limit: float = 120) -> dict[str, float] | str:
    """The figures that ``python -m benchmarks.SUITE ARGUMENTS`` prints as JSON, or why there are
    none."""
    command = [sys.executable, "-m", f"benchmarks.{suite}", *arguments]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=limit, text=True)
    except subprocess.TimeoutExpired:
        return f"> {limit:g} s"
    if done.returncode:
        return "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1][:60]
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
