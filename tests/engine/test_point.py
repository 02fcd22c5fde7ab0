"""A point is computed once, whoever asks about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.calculus.kinds import KINDS
from gradcalc.check.verify import verify
from gradcalc.engine import sweeps
from gradcalc.errors import BindingError, UsageError
from gradcalc.explain.kinks import kinks
from gradcalc.explain.steps import explain

EXAMPLE = "x1**2+3*x2, x2**2+2*x1"
VECTORS = {"vjp": [1.0, 1.0], "jvp": [1.0, 0.0], "hvp": [1.0, 0.0]}


@pytest.fixture
def sweeps_up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The points at which values are computed."""
    found: list[Any] = []
    forward = sweeps.forward

    def counted(schedule: Any, x: Any) -> Any:
        found.append(x)
        return forward(schedule, x)

    monkeypatch.setattr(sweeps, "forward", counted)
    return found


def test_one_sweep_up_for_a_jacobian_its_check_its_kinks_and_its_explanation(
    sweeps_up: list[Any],
) -> None:
    at = gradcalc.compile("abs(x)*y, x + y**2").at([0.0, 3.0])
    question = at.ask("jacobian")
    assert len(kinks(at)) == 1
    assert question.entries is not None
    assert verify(question).passed
    assert explain(at, [1.0, 1.0]).totals
    assert len(sweeps_up) == 1


@pytest.mark.parametrize("name", KINDS)
def test_a_point_answers_as_the_program_does(name: str) -> None:
    kind = KINDS[name]
    p = gradcalc.compile("x1**2*x2" if kind.of_one else EXAMPLE)
    at, vector = p.at([2.0, 3.0]), VECTORS.get(name)
    entries = at.ask(name, vector).entries
    if kind.order == 0:
        assert entries is None
        np.testing.assert_array_equal(at.value, p([2.0, 3.0]))
        return
    assert entries is not None
    assert entries.shape == kind.shape(len(p.outputs), 2)
    assert at.scale(name, vector).shape == entries.shape
    theirs = getattr(p, name)([2.0, 3.0], *([] if vector is None else [vector]))
    np.testing.assert_array_equal(entries, theirs)


def test_kinds_are_known_by_name_and_a_single_point_is_wanted_where_it_is() -> None:
    p = gradcalc.compile(EXAMPLE)
    with pytest.raises(UsageError, match="laplacian"):
        p.at([1.0, 2.0]).ask("laplacian")
    with pytest.raises(BindingError, match="one point"):
        _ = p.at([[1.0, 2.0]]).values
    with pytest.raises(BindingError, match="one point"):
        gradcalc.verify(EXAMPLE, [[1.0, 2.0]])
