"""``gradcalc page``: one HTML file that shows backward(v) in motion, on the reader's expression."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gradcalc.calculus.kinds import KINDS, V
from gradcalc.cli.derivatives import answer, judged
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text, sink
from gradcalc.cli.question import a_point, posed, retyped, vector
from gradcalc.errors import BindingError, Exit

if TYPE_CHECKING:
    from gradcalc.engine.point import Question


def page(options: Options) -> Text | Exit:
    """The page, with what the shell says of the same question; v is (1, 1, …) unless given."""
    if options.at is None:
        raise BindingError("a page is of a point", hint=f"for example {a_point(options)}")
    problem = posed(options)
    if options.v is None:
        options = options.but(v=",".join("1" for _ in problem.graph.outputs))
    v = tuple(vector(problem, V, options))  # refused before anything is computed
    from gradcalc import __version__
    from gradcalc.engine.program import Program  # deferred: it brings numpy
    from gradcalc.page import tutorial
    from gradcalc.page.document import document
    from gradcalc.page.scene import Scene, require_readable, told
    from gradcalc.page.words import Words

    at = Program(problem.graph).at(problem.x)
    require_readable(at)
    found = answer(options, KINDS["vjp"])
    assert not isinstance(found, Text)  # there is a point
    scene = Scene(
        at,
        v,
        verdict="" if found.verdict is None else found.verdict.line,
        notes=found.notes,
        lost=told(found.lost, "note"),
        undefined=told(found.undefined),
    )
    words = Words(options.lang)
    command = retyped(options.but(out=None, open=False), "page")
    foot = words.say("foot", version=__version__, command=command)
    text = document(
        tutorial.acts(scene, words, lambda question: _line(question, options)), words, foot
    )
    checked = found.verdict is not None and bool(found.verdict.passed)
    if options.open:
        _open(text, options.out)
        return found.exit
    return Text(text, found.exit, checked, found.undefined)


def _line(question: Question, options: Options) -> str:
    """The verdict on an answer in a line; '' without one."""
    found = judged(question, options)
    return "" if found is None else found.line


def _open(text: str, path: str | None) -> None:
    """Write the page, to a file of its own unless it has one, and show it."""
    import tempfile  # deferred, as webbrowser is: 10 ms that a page for a file does not need
    import webbrowser

    if path is None:
        path = os.path.join(tempfile.mkdtemp(prefix="gradcalc-"), "page.html")
        print(f"note: the page is {path}", file=sys.stderr)
    with sink(path) as put:
        put(text)
    webbrowser.open(Path(path).absolute().as_uri())
