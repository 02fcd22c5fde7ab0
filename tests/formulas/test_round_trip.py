"""Formulas of the problems that we show, and of random expressions, are read again as the same
functions, and are there in milliseconds.

The ordinary run takes ten random expressions. ``GRADCALC_LONG=1`` takes 300, and every command of
README.md and examples.txt that differentiates.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from gradcalc.calculus.kinds import KINDS
from gradcalc.check.budget import Deadline
from gradcalc.check.identity import identify
from gradcalc.cli.app import main
from gradcalc.formulas.derivative import derive
from gradcalc.formulas.terms import UnwritableError
from gradcalc.language import parse
from tests.code.test_every_language import SPOKEN, random_texts

LONG = bool(os.environ.get("GRADCALC_LONG"))
COUNT = 300 if LONG else 10
ROOT = Path(__file__).parents[2]


def problems() -> Iterator[str]:
    """The commands that differentiate."""
    for name in ("README.md", "examples.txt"):
        for line in (ROOT / name).read_text().splitlines():
            command = line.removeprefix("$ ").partition("; echo")[0].partition(" | ")[0]
            if command.startswith(tuple(f"gradcalc {kind} " for kind in ("grad", *KINDS))):
                yield command


@pytest.mark.skipif(not LONG, reason="GRADCALC_LONG asks sympy about every problem")
def test_the_formulas_of_every_problem_agree(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    told = []
    for command in dict.fromkeys(problems()):
        words = [word for word in shlex.split(command)[1:] if word not in ("--format", "plain")]
        if words[0] == "eval" or "--formulas" in words:
            continue
        code = main([*words, "--formulas", "--format", "json"])
        out = capsys.readouterr().out
        found = json.loads(out) if out else {}
        told.append((command, code, found.get("formulas", {}).get("check", {})))
    wrong = [one for one in told if one[1] == 1 or one[2].get("passed") is False]
    print(len(told), [o for o in told if o[2].get("passed") is not True])
    assert wrong == []


def test_random_formulas_are_the_same_function_when_they_are_read_again() -> None:
    able = [p for p in SPOKEN if p.differentiable and not p.ordered and not p.selects]
    seconds, agreed, open_ones = [], 0, []
    for text in islice(random_texts(able), COUNT):
        graph = parse(text)
        if not graph.variables:
            continue
        start = time.process_time()
        try:
            found = derive(graph, KINDS["jacobian"])
        except UnwritableError:
            continue
        seconds.append(time.process_time() - start)
        told = identify(graph, found.kind, found.reread([]), [], Deadline(20), sympy=False)
        assert told.passed is not False, (text, told.reason)
        agreed += told.passed is True
        open_ones += [text] if told.passed is None else []
    print(
        f"{agreed} of {len(seconds)} agree, at the others nothing has a value; "
        f"{1e3 * max(seconds):.1f} ms at most"
    )
    print(open_ones[:5])
