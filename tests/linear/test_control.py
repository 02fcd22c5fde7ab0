"""Our linear models beside python-control's, in one run; the source that is printed, run."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from gradcalc.api import compile as compiled
from tests.cli.shell import Shell
from tests.linear.systems import SYSTEMS, System
from tests.linear.test_models import model

control: Any = pytest.importorskip("control", reason="python-control is not installed (bench)")


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_python_control_agrees(gradcalc: Shell, system: System) -> None:
    """Its derivatives are differences of steps of 1e-6: it has about six digits of ours."""
    states, inputs = system.states.split(","), system.inputs.split(",")
    program = compiled(system.equations, params=system.parameters, wrt=[*states, *inputs])
    theirs = control.linearize(
        control.nlsys(
            lambda t, x, u, params: program(np.concatenate([x, np.atleast_1d(u)])),
            None,
            states=states,
            inputs=inputs,
        ),
        [system.at[name] for name in states],
        [system.at[name] for name in inputs],
    )
    found = model(gradcalc, system.words)
    for ours, other in ((found["A"], theirs.A), (found["B"], theirs.B)):
        size = max(1.0, float(np.abs(other).max()))
        assert np.abs(np.array(ours) - other).max() <= 1e-4 * size
    assert (
        np.linalg.matrix_rank(control.ctrb(theirs.A, theirs.B)) <= found["controllability"]["rank"]
    )


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_the_source_for_it_is_the_model(gradcalc: Shell, system: System) -> None:
    source = gradcalc("linearize", *system.words, "-f", "python-control").out
    place: dict[str, Any] = {}
    exec(compile(source, "model", "exec"), place)
    built, found = place["system"], model(gradcalc, system.words)
    for name in "ABCD":
        assert np.array(getattr(built, name)).tolist() == found[name]
    assert built.state_labels == found["states"]
    assert built.input_labels == found["inputs"]
    assert re.search(r"^# at .*= ", source, re.MULTILINE)
