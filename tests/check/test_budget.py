"""The alarm rings inside other people's loops, and leaves nothing behind."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from gradcalc.check.budget import Deadline, OutOfTime

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no SIGALRM here")


def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_alarm_rings() -> None:
    started = time.monotonic()
    with pytest.raises(OutOfTime), Deadline(0.05).alarm():
        spin(5)
    assert time.monotonic() - started < 1


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


def test_handler_and_timer_are_put_back() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.15)
        with pytest.raises(OutOfTime), Deadline(0.03).alarm():
            spin(5)
        assert not rung
        with Deadline(5).alarm():
            pass
        spin(0.3)
        assert rung == [True]
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
    deadline = Deadline(0.2)
    with deadline.alarm():
        time.sleep(0.3)
    assert deadline.remaining > 0.1


def test_the_wall_stops_what_only_waits() -> None:
    with pytest.raises(OutOfTime), Deadline(0.02).alarm():
        time.sleep(5)


def test_a_spent_deadline_does_not_start() -> None:
    with pytest.raises(OutOfTime), Deadline(0).alarm():
        pytest.fail("started")
