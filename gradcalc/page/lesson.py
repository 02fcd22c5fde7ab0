"""The tutorial on ``backward(gradient)`` as a lesson: what is said, and the code and the commands
that are run after it. Nothing that they print is written down here."""

from __future__ import annotations

import contextlib
import io
from typing import Any, NamedTuple

from gradcalc.errors.text import cells
from gradcalc.page.words import Words

_EXPRESSION = '"x1**2+3*x2, x2**2+2*x1" --at 2,3'

_MEAN = """\
import torch
a = torch.tensor([2, 3], dtype=torch.float, requires_grad=True)
b = a + 3
c = b * b * 3
out = c.mean()
out.backward()
print(out.data)
print(a.grad)
"""
_APART = """\
m = torch.tensor([[2, 3]], dtype=torch.float, requires_grad=True)
n = torch.zeros(1, 2)
n[0, 0] = m[0, 0] ** 2
n[0, 1] = m[0, 1] ** 3
print(n)
n.backward({v})
print(m.grad)
"""
_COUPLED = """\
m = torch.tensor([[2, 3]], dtype=torch.float, requires_grad=True)
k = torch.zeros(1, 2)
k[0, 0] = m[0, 0] ** 2 + 3 * m[0, 1]
k[0, 1] = m[0, 1] ** 2 + 2 * m[0, 0]
print(k)
"""
_ROWS = """\
j = torch.zeros(2, 2)
k.backward(torch.tensor([[1, 0]], dtype=torch.float), retain_graph=True)
j[0] = m.grad
m.grad = torch.zeros_like(m.grad)
k.backward(torch.tensor([[0, 1]], dtype=torch.float))
j[1] = m.grad
print(j)
"""
_ONES = "torch.tensor([[1, 1]], dtype=torch.float)"


class Piece(NamedTuple):
    """``said`` is the key of a paragraph; ``code`` goes on where the piece before it ended;
    ``command`` is a line of gradcalc's; ``outputs`` are what the code calls its outputs."""

    said: str
    code: str = ""
    command: str = ""
    outputs: tuple[str, ...] = ("",)


BACKWARD = (
    Piece("lead"),
    Piece("tutorial_mean_said", _MEAN, outputs=("out",)),
    Piece("tutorial_apart_said", _APART.format(v="m.data"), outputs=("n1", "n2")),
    Piece("lesson_ones", _APART.format(v=_ONES)),
    Piece(
        "tutorial_coupled_said",
        f"{_COUPLED}k.backward({_ONES})\nprint(m.grad)\n",
        outputs=("k1", "k2"),
    ),
    Piece("lesson_steps", command=f"gradcalc explain {_EXPRESSION} --v 1,1"),
    Piece("lesson_rows", f"{_COUPLED}{_ROWS}"),
    Piece("tutorial_transposed", command=f"gradcalc jacobian {_EXPRESSION}", outputs=("k1", "k2")),
    Piece("lesson_again", "k.backward(torch.tensor([[1, 0]], dtype=torch.float))\n"),
    Piece("lesson_end"),
)


class Reader:
    """Runs the code of a lesson, piece after piece, with ``gradcalc.autograd`` as torch."""

    def __init__(self) -> None:
        import gradcalc.autograd as torch  # deferred: whoever reads --help needs none of it

        self._names: dict[str, Any] = {"torch": torch}

    def run(self, code: str) -> str:
        """What it prints; of an error, the last line that Python would."""
        file = io.StringIO()
        own = code.replace("import torch\n", "")
        with contextlib.redirect_stdout(file):
            try:
                exec(own, self._names)  # of this file alone
            except RuntimeError as error:
                print(f"RuntimeError: {error}")
        return file.getvalue()


def paragraph(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` columns; Chinese is broken between characters."""
    lines, line = [], ""
    for word in _words(text):
        if line and cells(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
    return "\n".join([*lines, line.rstrip()])


def _words(text: str) -> list[str]:
    words, word = [], ""
    for char in text:
        word += char
        if char == " " or cells(char) == 2:
            words.append(word)
            word = ""
    return [*words, word]


def say(piece: Piece, words: Words, width: int) -> str:
    return paragraph(words.of_outputs(piece.said, piece.outputs), width)
