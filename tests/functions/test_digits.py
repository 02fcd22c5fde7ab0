"""Many digits without a trace: the user's own mpmath, and other threads, notice nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import mpmath
import pytest

import gradcalc
from gradcalc.check.verify import verify
from gradcalc.functions.digits import context, exclusive


def test_outside_the_block_the_arithmetic_is_the_users() -> None:
    assert context() is mpmath.mp
    with exclusive():
        ours = context()
        assert ours is not mpmath.mp
        with exclusive():
            assert context() is ours
    assert context() is mpmath.mp


def test_the_precision_is_put_back_even_by_an_alarm() -> None:
    with exclusive():
        before = context().dps
        with pytest.raises(KeyboardInterrupt):
            _interrupted()
        assert context().dps == before


def _interrupted() -> None:
    with exclusive():
        context().dps = 1000
        raise KeyboardInterrupt


@pytest.mark.parametrize("method", ["sympy", "mpmath", "differences"])
def test_a_check_never_changes_the_users_precision(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    for name in ("workdps", "workprec", "extradps", "extraprec"):
        monkeypatch.setattr(mpmath.mp, name, None)
    program = gradcalc.compile("x**y*sin(x)")
    x = [0.7, 1.3]
    verdict = verify(program.at(x).ask("gradient"), method=method)
    assert verdict.passed


def test_threads_check_side_by_side() -> None:
    """Each at its own precision, beside a user of mpmath with a precision of his."""
    texts = ["sin(1e50*x)+x", "exp(x)/gamma(x)", "(1-cos(x/1e6))*1e12", "x**x*log(x)"] * 6

    def judged(text: str) -> tuple[bool | None, float]:
        program = gradcalc.compile(text)
        x = [1.25]
        verdict = verify(program.at(x).ask("gradient"),
                         method="mpmath", budget=60)  # fmt: skip
        return verdict.passed, float(verdict.truth[0])

    with mpmath.workdps(33), ThreadPoolExecutor(4) as pool:
        together = list(pool.map(judged, texts))
        assert mpmath.mp.dps == 33
    assert together == [judged(text) for text in texts]
