"""The lesson: the tutorial's experiments, run; a key at a time where somebody presses one."""

from __future__ import annotations

import pytest

from gradcalc.cli import lesson, terminal
from gradcalc.errors.text import cells
from gradcalc.page.lesson import BACKWARD, paragraph
from tests.cli.shell import Shell, shell


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return shell(capsys, monkeypatch)


def test_the_experiments_print_what_pytorch_prints(run: Shell) -> None:
    ran = run("lesson", "backward")
    assert ran.code == 0
    for printed in (
        "tensor(91.5000)\ntensor([15., 18.])",
        "tensor([[ 8., 81.]])",
        "tensor([[ 4., 27.]])\n\n",
        "tensor([[6., 9.]])",
        "tensor([[4., 3.],\n        [2., 6.]])",
        "vᵀ·J = [1  1] · [4  3] = [6  9]",
        "RuntimeError: Trying to backward through the graph a second time",
        "✓ sympy: 4 entries and 2 values agree",
    ):
        assert printed in ran.out, printed
    assert "any key" not in ran.out


def test_chinese_has_the_same_code_and_numbers(run: Shell) -> None:
    english, chinese = (run("lesson", "backward", "--lang", one).out for one in ("en", "zh"))
    assert "权重" in chinese
    codes = [[line for line in text.splitlines() if line.startswith("    ")]
             for text in (english, chinese)]  # fmt: skip
    assert codes[0] == codes[1]


@pytest.mark.parametrize(("key", "pieces"), [(" ", len(BACKWARD)), ("q", 1)])
def test_a_key_goes_on_and_q_ends(
    run: Shell, monkeypatch: pytest.MonkeyPatch, key: str, pieces: int
) -> None:
    pressed: list[str] = []

    def getchar() -> str:
        pressed.append(key)
        return key

    monkeypatch.setattr(terminal, "is_terminal", lambda _: True)
    monkeypatch.setattr(lesson.typer, "getchar", getchar)
    ran = run("lesson", "--color", "never")
    assert ran.code == 0
    assert len(pressed) == min(pieces, len(BACKWARD) - 1)
    assert ran.out.count("any key: on; q: end") == len(pressed)


def test_there_is_but_this_lesson(run: Shell) -> None:
    assert run("lesson", "forward").code == 2


def test_a_paragraph_fits_in_either_script() -> None:
    for text in ("v has one weight for each output. " * 9, "给每个输出一个权重。abc " * 9):
        lines = paragraph(text, 40).splitlines()
        assert max(map(cells, lines)) <= 40
        assert "".join("".join(lines).split()) == "".join(text.split())
