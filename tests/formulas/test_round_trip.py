"""Formulas of the problems that we show, and of random expressions, are read again as the same
functions, and are there in milliseconds.

The ordinary run takes ten random expressions. ``GRADCALC_LONG=1`` takes 300, and every command of
README.md and examples.txt that differentiates.
"""

from __future__ import annotations

import json
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
from gradcalc.formulas.exact import UnwritableError
from gradcalc.language import parse
from tests.code.test_every_language import SPOKEN, random_texts
from tests.code.test_gate import LONG, share

COUNT = share(300) if LONG else 10
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
    asked = 0
    for command in dict.fromkeys(problems()):
        words = [word for word in shlex.split(command)[1:] if word not in ("--format", "plain")]
        if "--formulas" in words or ("--v" not in words and "vjp" in words):
            continue
        main([*words, "--formulas", "--format", "json"])
        printed = json.loads(capsys.readouterr().out or "{}").get("formulas")
        if printed:  # without a point there are only formulas, which other tests have
            asked += 1
            assert printed["check"]["passed"] is True, command
    print(f"{asked} problems")
    assert asked > 60


def test_random_formulas_are_the_same_function_when_they_are_read_again() -> None:
    able = [p for p in SPOKEN if p.differentiable and not p.ordered and not p.selects]
    seconds, agreed = [], 0
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
        told = identify(
            graph, found.kind, found.reread([]), [], Deadline(20), sympy=False, holds=found.holds()
        )
        assert told.passed is not False, (text, told.reason)
        agreed += told.passed is True  # the others have no value at any of the points
    print(
        f"{agreed} of {len(seconds)} agree; {1e3 * sum(seconds) / len(seconds):.1f} ms on average"
    )
    assert agreed > len(seconds) / 2
    assert sum(seconds) < 20e-3 * len(seconds)  # a tenth of that where nothing else runs
