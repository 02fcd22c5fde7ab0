"""No hint is printed that fails when it is typed, and typed it means what was meant."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from difflib import get_close_matches
from pathlib import Path

import pytest

import gradcalc.cli
import gradcalc.language
from gradcalc.cli.commands import ALIASES, COMMANDS, build
from gradcalc.errors import Exit, GradcalcError
from tests.cli.shell import Ran, Shell

# A line that is refused, and what every line comes to that its hints lead to (None: whatever).
REFUSED: list[tuple[str, str | None]] = [
    # values that the shell has cut apart, or that were not told apart
    ("grad L/T --at L=1 T=2", "0.5 -0.25"),
    ("grad L/T --at L=1, T=2", "0.5 -0.25"),
    ("grad --at L=1 T=2 L/T", "0.5 -0.25"),
    ("grad L/T --at 1 2 --no-check", "0.5 -0.25"),
    ("grad L/T L=1 T=2", "0.5 -0.25"),
    ("grad a*x --param a=2 b=3 --at 1", None),
    ("vjp x,y --at 1,2 --v 1 1", "1 1"),
    ("grad x + 1 --at 2", "1"),
    ("grad 2 * x --at 2", "2"),
    ("grad x y --at 2", None),
    ("grad x --at 1,5", "1"),
    ("eval x --at -1,05", "-1.05"),
    ("eval x --at 1,-5", "1"),
    ("grad xy --at 3,5", "5 3"),
    # names and values
    ("eval x*y", "1"),
    ("grad x*y --at 2", "1 2"),
    ("eval x*y --at 0.123456789,2,3", "0.246913578"),
    ("grad x*y --at x=2", "1 2"),
    ("grad x*y --at x=2 --at z=3 --at y=5", "5 2 0"),
    ("grad x*y --at x=pi/4", None),
    ("grad x*y --at x=1,2", "1 1"),
    ("grad x*y --at x=1,y=2,z=3", "2 1 0"),
    ("grad a+b+c+d+f+g+h+i+j --at 1", None),
    ("grad a+b+c+d+f+g+h+i+j --at a=1", None),
    ("grad x*y --wrt x --at 3", "1"),
    ("grad x*y --wrt x,x --at x=3,y=5", "5"),
    ("grad sum(a)*a[0] --wrt a,a[0] --at a=[1,2]", "4 1"),
    ("grad b*x --wrt b --param b=2 --at x=3", "3"),
    ("grad b*x --at b=2,x=3 --param b=2", None),
    ("grad b*x --at b=2,x=3,c=4 --wrt b", None),
    ("grad a*x --param 2 --at 3", "2"),
    ("grad -a*x**2 --param a --at 3", "-6"),
    ("grad a --at a", "1"),
    ("grad a*e --at 2,3", None),
    ("grad x --at ''", None),
    ("grad x --at 1.5(2)", None),
    ("grad x --at 1e", None),
    ("grad x --at 1:2", None),
    ("grad x --wrt 2x --at 1", None),
    ("eval x=1;y --outputs z --at 1", None),
    # vectors, kinds
    ("grad x,y --at 1,2", "1 0\n0 1"),
    ("vjp x,y --at 1,2", None),
    ("vjp x,y --at 1,2 --v 1,2,3", None),
    ("jvp x*y --at 2,3", "3"),
    ("hvp x*y --at 2,3 --u 1", None),
    ("backward x,y --at 1,2", None),
    ("backward x --at 1 --gradient 1 --gradient 1", None),
    ("backward 'a=[2,3]; b=a+3; mean(b)'", None),
    ("backward 2", None),
    ("grad x*y --order 2 --at 2,3", None),
    ("grad x --at 1 --certify --no-check", "1"),
    ("grad x --at 1 --precise --check differences", "1"),
    ("hessian abs(x) --at 0 --kinks error", "0"),
    ("eval log(exp(x)) --at 1000", "1000"),
    ("grad log(x-1)+x --at 1", None),
    ("grad sin(x)/x --at 0", "0"),
    ("grad 1-cos(x)-1e-16 --at 1e-8", None),
    ("jacobian x*y,x --sparse --show det --at 1,2", None),
    ("grad polygamma(n,x) --at 1,2", None),
    ("grad x*y -f mtx", None),
    ("grad x --at 1 -f pdf", None),
    ("graph x*y --at 1,2 -f csv", None),
    ("check x*x --rtol 1e-3 --at 1", None),
    ("check log(x) --claim 1/x --at -1", None),
    ("check x*y,x --claim 1,2,3,4,5,6 --at 1,2", None),
    ("check x1**2+3*x2,x2**2+2*x1 --claim 6,9 --at 2,3", None),
    ("check x1**2+3*x2,x1*x2,x1 --claim 4,3,1;3,2,0 --at 2,3", None),
    ("explain x*y --at 1,2 --u 0.1,0.1", None),
    ("plot x*y --param y=2", None),
    ("plot x*y --over z=0..1", None),
    ("plot x*y --over x", None),
    ("page x*y", None),
    ("code x*y", None),
    ("code x*y --to c --what ','", None),
    # uncertainties, linear models
    ("propagate x*y --at 1,2", None),
    ("propagate x*y --at 1,2 --u 0.1", None),
    ("propagate x*y --at 1,2 --u ''", None),
    ("propagate x*y --at 1,2 --u 0.1,0.2 --corr x", None),
    ("propagate x*y --at 1,2 --u 0.1,0.2 --dof 3", None),
    ("propagate x*y --at x=1±1,y=2 --corr x,y=0.5", None),
    ("propagate x*y --at x=1±1,y=2 --corr x,z=0.5", None),
    ("propagate x --at x=1±foo(1)", None),
    ("propagate x*y --at x=1±,y=2", None),
    ("propagate x*y --at x=1±uniforn(1),y=2", None),
    ("propagate x*y --at x=1±uniform(1,2),y=2", None),
    ("propagate x*y --at 1.0(1)±1,y=2", None),
    ("propagate a --at a=[1,2][0]±0.1", None),
    ("propagate sum(a) --at a=[1±0.1,2]±0.1", None),
    ("propagate x*y --at 1,2 --u 0.1,0.2 --corr x,y=z", None),
    ("propagate x --at x=1±%%", None),
    ("propagate x --at x=1±[1,2]", None),
    ("propagate x --at x=1 --u y", None),
    ("propagate x*y --at x=1,y=0±5%", None),
    ("linearize v,u-x --at 1,2,3", None),
    ("linearize v,-x --states x,v --trim", None),
    ("linearize v,-x --states x,v --at 1", None),
    ("linearize v,-x --states x,v -f csv", None),
    # files and rows
    ("batch b*x --points {x} --wrt b --param b=2", "1.0\n2.0"),
    ("batch b*x --points {x} --wrt b", "1.0\n2.0"),
    ("batch b*x --points {x} --at 2", None),
    ("batch b*x --points {x} --map c", None),
    ("batch b*x", None),
    ("batch x,2*x --points {x} --what grad", None),
    ("batch x,2*x --points {x} --what vjp", None),
    ("batch x --points {x} --what foo", None),
    ("batch x --points {x} -o {x}.xlsx", None),
    ("batch x --points {x} --restart", None),
    ("batch x --points {x} --dashboard", None),
    ("batch x --points {x} -o parts/ --dashboard", None),
    ("batch x --points {x} --histogram f1 -f npy", None),
    ("batch x --points {x} --histogram f1 -o x.foo", None),
    ("batch x --points {x} --histogram q", None),
    ("propagate x --at 1 --u 0.1 --plot -f json", None),
    ("verify", None),
    ("run", None),
    ("run a b", None),
    # words
    ("grad", None),
    ("grad x -o", None),
    ("grad x --att 3", "1"),
    ("grad x --at 1 --samples 3", None),
    ("grad x --at 1 --foo", None),
    ("grad --x --at 3", "1"),
    ("gradd x --at 1", "1"),
    ("foo x", None),
    ("--at 3", None),
    ("x**2", None),
    ("--version foo", None),
    ("functions foo", None),
]  # fmt: skip

ROOMS = [Path(gradcalc.cli.__file__).parent, Path(gradcalc.language.__file__).parent]
READ = {"points.py", "names.py", "problem.py", "measured.py"}
"""Of language/: the hints on expressions are typed in tests/language/test_corrections.py."""
ELSEWHERE = {
    ("code.py", "code"): "a compiler that is absent",
    ("inputs.py", "inputs_of"): "more variables than a budget has room for",
    ("inputs.py", "_observed"): "tests/cli/test_propagate.py",
    ("inputs.py", "_covariance"): "tests/cli/test_propagate.py",
    ("graph.py", "_require_readable"): "thousands of nodes",
    ("derivatives.py", "_require_printable"): "millions of entries",
    ("replaced.py", "require_no_input"): "another file",
    ("run.py", "_require_no_other_writer"): "another file",
}
"""Hints that no short line leads to."""

_OPTION = re.compile(r"(--[a-z][a-z-]*)(?: ('[^']*'|\"[^\"]*\"|[^\s;]+))?")
_ALTERNATIVES = re.compile(r"; |, or |, (?=--)")
_AWAY = re.compile(r"(?:leave out|instead of|without|leave) (--[a-z-]+)")
_NO_TEXT = re.compile(
    r"options are|is an option of|--(?:format|to) is one of|--what has more|reads as many|FOLDER"
    r"|FILE"
)
"""Lists to choose from, and a way to say it in a file."""


def options_of(words: list[str]) -> dict[str, bool]:
    """The options of a command, and whether they take a value."""
    command = build(ALIASES.get(words[0], words[0]))
    return {
        name: not parameter.is_flag
        for parameter in command.params
        if parameter.param_type_name == "option"
        for name in parameter.opts
    }


def without(words: list[str], option: str, known: dict[str, bool]) -> list[str]:
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word != option:
            kept.append(word)
        elif known.get(option):
            next(rest, None)
    return kept


def typed(hint: str, words: list[str]) -> list[list[str]]:
    """The command lines that one line of a hint leads to."""
    if _NO_TEXT.search(hint):
        return []
    if hint.startswith("gradcalc ") or ": gradcalc " in hint:
        line = hint[hint.index("gradcalc ") :].partition(", or ")[0].replace("EXPR", "x")
        return [[word.replace("…", "1") for word in shlex.split(line)[1:]]]
    if found := re.match(r"did you mean ([\w-]+)", hint):
        (wrong,) = get_close_matches(found[1], re.findall(r"[\w-]+", " ".join(words)), 1)
        return [[word.replace(wrong, found[1]) for word in words]]
    if found := re.search(r"(quote the expression|as an expression): (.+)", hint):
        given = [word for word in words[1:] if not word.startswith("--") or word == "--x"]
        place = words.index(given[0])
        end = words.index("--at") if "--at" in words else len(words)
        text = shlex.split(found[2])[0]
        return [[*words[:place], text, *words[max(end, place + 1) :]]]
    if found := re.search(r"as a product write (\S+)", hint):
        return [[found[1] if k == 1 else word for k, word in enumerate(words)]]
    if ALIASES.get(words[0], words[0]) not in COMMANDS:
        return []
    known = options_of(words)
    lines = (alternative(part, words, known) for part in _ALTERNATIVES.split(hint))
    return [line for line in lines if line != words]


def alternative(hint: str, words: list[str], known: dict[str, bool]) -> list[str]:
    """The line with the options that a part of a hint names."""
    away = _AWAY.findall(hint)
    line = words
    for option in away:
        line = without(line, option, known)
    for option, value in _OPTION.findall(_AWAY.sub("", hint)):
        assert option in known, (words, hint)
        if not known[option]:
            line = [*line, option]
            continue
        name = re.search(r"[^\W\d]\w*", words[1])
        value = shlex.split(value)[0].rstrip(",:").replace("NAME", name[0] if name else "")
        value = value.replace("…", "c" if option == "--map" else "1")
        line = line if away else without(line, option, known)
        stray = [word for word in value.split(",") if "=" in word or word.isdigit()]
        before = zip(["", *line], line, strict=False)
        line = [word for last, word in before if last in known or word.strip(",") not in stray]
        line += [option, value]
    return line


def places() -> set[tuple[str, str]]:
    """Every function of the rooms that gives an error a hint."""
    found = set()
    for path in [*ROOMS[0].glob("*.py"), *(ROOMS[1] / name for name in READ)]:
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
                words = (word for call in calls for word in call.keywords)
                if any(word.arg == "hint" for word in words):
                    found.add((path.name, function.name))
    return found


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[tuple[GradcalcError, tuple[str, str]]]:
    """All errors that are made, and where."""
    made: list[tuple[GradcalcError, tuple[str, str]]] = []
    original = GradcalcError.__init__

    def noted(self: GradcalcError, *args: object, **options: object) -> None:
        original(self, *args, **options)  # type: ignore[arg-type]
        code = sys._getframe(1).f_code
        made.append((self, (Path(code.co_filename).name, code.co_name)))

    monkeypatch.setattr(GradcalcError, "__init__", noted)
    return made


def hints(ran: Ran) -> list[str]:
    """The lines of the hint that was printed."""
    found = re.search(r"^hint: (.*(?:\n      .*)*)", ran.err, re.MULTILINE)
    return [line.strip() for line in found[1].split("\n")] if found else []


def test_what_a_hint_says_can_be_typed(
    gradcalc: Shell,
    errors: list[tuple[GradcalcError, tuple[str, str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    points = tmp_path / "x.csv"
    points.write_text("x,c\n1,2\n2,3\n")
    failed, visited, followed = [], set(), 0
    for line, answer in REFUSED:
        words = shlex.split(line.replace("{x}", "x.csv"))
        errors.clear()
        ran = gradcalc(*words)
        visited |= {place for _, place in errors}
        if ran.code == Exit.DONE and answer is None:
            failed.append((line, "is not refused"))
        for hint in hints(ran):
            for again in typed(hint, words):
                followed += 1
                plain = answer is not None and words[0] not in ("batch", "backward")
                better = gradcalc(*again, *(["-f", "plain"] if plain else []))
                if better.code in (Exit.USAGE, Exit.INPUT, 70):
                    failed.append((line, hint, shlex.join(again), better.err))
                elif answer is not None and answer not in better.out:
                    failed.append((line, hint, shlex.join(again), better.out))
    assert not failed, "\n".join(map(str, failed))
    assert followed > 80
    unseen = places() - visited - ELSEWHERE.keys()
    assert not unseen, f"no line leads to the hints of {sorted(unseen)}"
