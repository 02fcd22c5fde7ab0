"""The alarm rings inside other people's loops, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from gradcalc.check.budget import Deadline, OutOfTime

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no SIGALRM here")


def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_alarm_rings() -> None:
    started = time.thread_time()
    with pytest.raises(OutOfTime), Deadline(0.05).alarm():
        spin(5)
    assert time.thread_time() - started < 1


def test_the_alarm_insists() -> None:
    swallowed = []

    def deaf() -> None:
        try:
            spin(5)
        except OutOfTime as ring:
            swallowed.append(ring)
        spin(5)

    with pytest.raises(OutOfTime), Deadline(0.02).alarm():
        deaf()
    assert len(swallowed) == 1


@pytest.fixture
def rung() -> Iterator[list[bool]]:
    """A handler of somebody else's, and how often it was called."""
    calls: list[bool] = []
    before = signal.signal(signal.SIGALRM, lambda *_: calls.append(True))
    try:
        yield calls
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_handler_and_timer_are_put_back(rung: list[bool]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 1000)
    with pytest.raises(OutOfTime), Deadline(0.03).alarm():
        spin(5)
    with Deadline(5).alarm():
        pass
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < left < 1000
    assert interval == 0
    assert not rung
    signal.raise_signal(signal.SIGALRM)
    assert rung == [True]


def test_a_ring_at_the_door_leaves_nothing_behind(rung: list[bool]) -> None:
    for k in range(6000):
        with contextlib.suppress(OutOfTime), Deadline(2e-5 + k % 200 * 2e-6).alarm():
            for _ in range(k % 50):
                sum(range(30))
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    signal.raise_signal(signal.SIGALRM)
    assert rung == [True]


def test_a_timer_that_ran_out_meanwhile_rings_afterwards(rung: list[bool]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    with pytest.raises(OutOfTime), Deadline(0.05).alarm():
        spin(5)
    end = time.monotonic() + 60
    while not rung and time.monotonic() < end:
        pass
    assert rung == [True]
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_alarms_nest() -> None:
    def inner() -> None:
        with pytest.raises(OutOfTime), Deadline(0.02).alarm():
            spin(5)
        spin(5)

    with pytest.raises(OutOfTime), Deadline(0.1).alarm():
        inner()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_beside_the_main_thread_only_the_tests_count() -> None:
    seen = []

    def work() -> None:
        deadline = Deadline(0.02)
        with deadline.alarm():
            spin(0.05)
            try:
                deadline.test()
            except OutOfTime:
                seen.append("tested")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["tested"]


def test_waiting_costs_nothing() -> None:
    deadline = Deadline(10)
    with deadline.alarm():
        time.sleep(0.3)
    assert deadline.remaining > 9.9


def test_the_wall_stops_what_only_waits() -> None:
    with pytest.raises(OutOfTime), Deadline(0.02).alarm():
        time.sleep(5)


def test_a_spent_deadline_does_not_start() -> None:
    with pytest.raises(OutOfTime), Deadline(0).alarm():
        pytest.fail("started")


def test_an_import_is_never_left_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_half.py").write_text(
        "import time\nend = time.thread_time() + 0.15\n"
        "while time.thread_time() < end: pass\nREST = 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def load_and_spin() -> None:
        import_module("slow_half")
        spin(5)

    with pytest.raises(OutOfTime), Deadline(0.02).alarm():
        load_and_spin()
    assert sys.modules["slow_half"].REST == 1
    monkeypatch.delitem(sys.modules, "slow_half")


def test_the_alarm_rings_in_a_check_that_an_import_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "script.py").write_text(
        "from tests.check.test_budget import spin, Deadline, OutOfTime\nRANG = False\n"
        "try:\n    with Deadline(0.02).alarm():\n        spin(5)\n"
        "except OutOfTime:\n    RANG = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert import_module("script").RANG
    monkeypatch.delitem(sys.modules, "script")
