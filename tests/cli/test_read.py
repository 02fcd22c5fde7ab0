"""``gradcalc read`` prints a text as it is read."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.shell import Shell


def test_the_command_prints_it(gradcalc: Shell) -> None:
    ran = gradcalc("read", "r = 2x^2\nr*sinx/e + k", "--param", "k=3")
    assert ran.code == 0
    assert ran.out == (
        "r  = 2 * (x ** 2)\nf1 = (r * sinx / e) + k\n\n"
        "sinx   variable\nx      variable\ne      constant of the language 2.718281828459045\n"
        "k      parameter 3.0\nr      named value\n"
    )
    assert "sinx is read as one variable" in ran.err
    record = json.loads(gradcalc("read", "x^2, y", "--format", "json").out)
    assert record["statements"][0] == {"name": "f1", "text": "x ** 2", "output": True}
    assert record["names"][1] == {"name": "y", "role": "variable", "more": ""}


def test_what_cannot_be_read_is_refused_as_everywhere(gradcalc: Shell) -> None:
    ran = gradcalc("read", "x +")
    assert ran.code == 3
    assert "expected a value after '+'" in ran.err


def test_notes_come_through_every_door(gradcalc: Shell, tmp_path: Path) -> None:
    said = "sinx is read as one variable"
    points = tmp_path / "points.csv"
    points.write_text("sinx\n1\n")
    for words in (
        ["grad", "sinx", "--at", "2"],
        ["eval", "sinx", "--at", "2", "-f", "plain"],
        ["check", "sinx", "--claim", "1", "--at", "2"],
        ["backward", "sinx", "--at", "2"],
        ["explain", "sinx", "--at", "2"],
        ["graph", "sinx"],
        ["pattern", "sinx"],
    ):
        ran = gradcalc(*words)
        assert said in ran.out + ran.err, words
    assert said in json.loads(gradcalc("grad", "sinx", "--at", "2", "-f", "json").out)["notes"][0]
    assert said not in gradcalc("batch", "sinx", "--points", str(points)).err
    assert "continues" in gradcalc("batch", "sinx\n+ 1", "--points", str(points)).err
