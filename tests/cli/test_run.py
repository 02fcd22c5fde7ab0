"""``gradcalc run``: every line is run, whatever happens to the others."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.cli.test_output import Screen

SCRIPT = """\
# three that work
gradcalc jacobian "x1**2+3*x2, x2**2+2*x1" --at 2,3   # the tutorial's
grad -x**2 --at 3

grad "x*y # a product" --at 1,2 --no-check
grad x*y --at 1,2 --no-check
grad "x +" --at 1
grad "log(x)" --at -1
grad "x
run again.txt
functions --format plain
"""


def test_a_script_with_lines_of_all_kinds(gradcalc: Shell) -> None:
    ran = gradcalc("run", "-", stdin=SCRIPT)
    assert ran.code == 1
    assert "$ gradcalc jacobian" in ran.out
    assert "f1      13    4    3" in ran.out
    assert "error: line 7: expected a value after '+'\n  x +\n     ^\n" in ran.err
    assert "error: line 8: f1 is nan at this point: log(-1)" in ran.err
    assert "error: line 9: no closing quotation" in ran.err
    assert "error: line 10: a script cannot run a script" in ran.err
    assert re.search(
        r"^9 commands in \d+\.\d s: 2 passed, 4 failed \(lines 7, 8, 9, 10\), 3 unchecked$",
        ran.out,
        re.MULTILINE,
    )


def test_one_json_object_a_line(gradcalc: Shell) -> None:
    script = SCRIPT.replace("functions --format plain\n", "")
    ran = gradcalc("run", "-", "--format", "ndjson", stdin=script)
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert [record["line"] for record in records] == [2, 3, 5, 6, 7, 8, 9, 10]
    assert records[0]["jacobian"] == [[4, 3], [2, 6]]
    assert records[4]["error"]["span"] == [3, 4]
    assert records[5]["error"]["code"] == 4
    assert ran.err.startswith("8 commands in ")
    assert ran.code == 1


def test_a_script_in_which_all_is_well(gradcalc: Shell, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("grad x --at 1\n# nothing else\n", encoding="utf-8")
    ran = gradcalc("run", str(script), "-f", "plain")
    assert (ran.code, ran.out) == (0, "1\n")
    assert re.fullmatch(r"1 command in \d+\.\d s: 1 passed, 0 failed, 0 unchecked\n", ran.err)
    assert gradcalc("run", str(script), "-f", "plain", "-q").err == ""


def test_lines_write_to_files_of_their_own_and_the_script_to_its(
    gradcalc: Shell, tmp_path: Path
) -> None:
    one, all_ = tmp_path / "one", tmp_path / "all"
    ran = gradcalc(
        "run", "-", "-f", "plain", "-o", str(all_),
        stdin=f"grad 2x --at 1\ngrad 3x --at 1 -o {one}\ngrad 4x --at 1\n",
    )  # fmt: skip
    assert ran.code == 0
    assert ran.out == ""
    assert one.read_text() == "3\n"
    assert all_.read_text() == "2\n4\n"


def test_a_line_with_a_folder_that_is_not_there_fails_alone(gradcalc: Shell) -> None:
    ran = gradcalc("run", "-", "-f", "plain", stdin="grad x --at 1 -o /no/x\ngrad 2x --at 1\n")
    assert (ran.code, ran.out) == (1, "2\n")
    assert "line 1: cannot write" in ran.err


def test_an_empty_script(gradcalc: Shell) -> None:
    ran = gradcalc("run", "-", stdin="# nothing\n")
    assert ran.code == 0
    assert ran.out.startswith("0 commands in ")


def test_a_bar_is_drawn_for_a_person_and_gone_at_the_end(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    ran = gradcalc("run", "-", "-f", "plain", stdin="grad x --at 1\ngrad 2x --at 1\n")
    assert ran.out == "1\n2\n"
    drawn = screen.getvalue()
    assert "1/2" in drawn
    assert "2/2" in drawn
    assert drawn.rpartition("\x1b[2K")[2].startswith(("2 commands", "\x1b"))


def test_no_bar_in_a_pipe(gradcalc: Shell) -> None:
    assert "\x1b" not in gradcalc("run", "-", stdin="grad x --at 1\n").err
