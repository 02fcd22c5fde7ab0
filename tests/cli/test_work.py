"""How much a command does: counted, not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import gradcalc as package
import gradcalc.autograd as torch
from gradcalc.engine import sweeps
from gradcalc.engine.reverse import WayBack
from tests.cli.shell import Shell

EXAMPLE = ["x1**2+3*x2, x2**2+2*x1", "--at", "2,3"]
COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>")
HOME = str(Path(package.__file__).parent)


def is_ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(HOME)


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


def test_a_small_jacobian_takes_few_calls(gradcalc: Shell) -> None:
    """Of functions of ours, where everything has been loaded. Comprehensions are none: they have
    no frame of their own from Python 3.12 on."""
    gradcalc("jacobian", *EXAMPLE, "--no-check")
    calls = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        counts = is_ours(frame) and frame.f_code.co_name not in COMPREHENSIONS
        calls += event == "call" and counts

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        gradcalc("jacobian", *EXAMPLE, "--no-check")
    finally:
        sys.setprofile(before)
    assert calls <= 500


def tensors() -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    program: Any = package.compile(EXAMPLE[0])
    program(x).backward(torch.tensor([1.0, 1.0]))
    assert x.grad is not None
    assert x.grad.tolist() == [6.0, 9.0]


@pytest.mark.parametrize("door", ["the command", "a tensor"])
def test_from_v_to_the_sweep_it_is_a_short_way(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    depths = []
    quick = WayBack._quick

    def measured(*arguments: Any) -> Any:
        frame, depth = sys._getframe(1), 1
        while frame.f_back is not None:
            depth += is_ours(frame)
            frame = frame.f_back
        depths.append(depth)
        return quick(*arguments)

    monkeypatch.setattr(WayBack, "_quick", measured)
    doors: dict[str, Callable[[], Any]] = {
        "the command": lambda: gradcalc("vjp", *EXAMPLE, "--v", "1,1", "--no-check"),
        "a tensor": tensors,
    }
    doors[door]()
    assert depths
    assert max(depths) <= 12
