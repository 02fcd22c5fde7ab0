"""``gradcalc code``: the function and its derivatives in another language, run before printed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import gradcalc
from gradcalc.calculus.conventions import under
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.cli.question import traced
from gradcalc.code.languages import LANGUAGES, by_extension
from gradcalc.code.printing import WHAT, generate
from gradcalc.errors import UndecidedError, UsageError

if TYPE_CHECKING:
    from gradcalc.graph.graph import Graph


def code(options: Options) -> Text:
    """The file, with the verdict of the gate in its head and on standard error.

    Raises WrongCodeError, and nothing is printed, where the code has other numbers than the engine;
    UndecidedError where it was to be run and cannot be.
    """
    language = _language(options)
    graph = traced(options)
    if options.convention is not None and options.at is None:
        graph = under(graph, options.convention)
    printed = generate(
        graph,
        language,
        _wanted(options.functions, graph),
        name=options.name,
        single=options.single,
        sparse=options.sparse,
    )
    from gradcalc.code.gate import judged  # deferred: it brings numpy

    verdict = judged(printed)
    if options.verify and verdict.passed is None:
        raise UndecidedError(
            f"the code was {verdict.line}",
            hint="without --verify it is printed all the same, and says so",
        )
    by = f"gradcalc {gradcalc.__version__}"
    text = printed.text(verdict.lines, verdict.vectors, by)
    return Text(
        text, notes=(*graph.notes, *_notes(printed.renamed), verdict.line, *verdict.remarks)
    )


def _language(options: Options) -> str:
    if options.to is not None:
        return options.to
    every = ", ".join(LANGUAGES)
    if options.out is None:
        raise UsageError("in which language?", hint=f"--to is one of {every}")
    found = by_extension(options.out)
    if found is None:
        ending = os.path.splitext(options.out)[1] or "none"
        raise UsageError(
            f"no language by the extension of '{options.out}' ({ending})",
            hint=f"--to is one of {every}",
        )
    return found


def _wanted(text: str, graph: Graph) -> Sequence[str]:
    """What --what says. Raises UsageError for what there is not."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in WHAT:
            close = get_close_matches(word, WHAT, 1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            raise UsageError(f"--what '{word}' is none of {', '.join(WHAT)}{meant}")
    if not words:
        raise UsageError("--what says nothing", hint=f"one or more of {', '.join(WHAT)}")
    return words


def _notes(renamed: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name} is called {new} there" for name, new in renamed]
