"""How much a command does: counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.engine import sweeps
from tests.cli.shell import Shell


@pytest.mark.parametrize("command", ["eval", "jacobian", "vjp", "jvp"])
def test_the_values_of_a_point_are_computed_once(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """For the answer, its check, the kinks and the notes."""
    found: list[Any] = []
    forward = sweeps.forward

    def counted(schedule: Any, x: Any) -> Any:
        found.append(x)
        return forward(schedule, x)

    monkeypatch.setattr(sweeps, "forward", counted)
    vector = {"vjp": ["--v", "1,1"], "jvp": ["--u", "1,0"]}.get(command, [])
    result = gradcalc(command, "abs(x1)+3*x2, x2**2+2*x1", "--at", "0,3", *vector)
    assert result.code == 0
    assert len(found) == 1
