"""Random texts and whole command lines, for a bounded time.

Whatever is typed, piped in or read from a file: an exit code of the table, no traceback, nothing on
the screen that a terminal would obey, and an end. GRADCALC_FUZZ=N makes N times as many examples,
and not the usual ones.
"""

from __future__ import annotations

import contextlib
import io
import os
import string
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gradcalc.cli.app import main
from gradcalc.cli.commands import COMMANDS
from gradcalc.errors import Exit, GradcalcError
from gradcalc.functions.primitives import FUNCTIONS
from gradcalc.language import parse
from gradcalc.language.points import read
from gradcalc.render.errors import problem

# Hypothesis' own hook into the garbage collector fails where a recursion is at its limit (in sympy,
# in json), and Python tells of that in a warning. What we do about the recursion is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TIMES = int(os.environ.get("GRADCALC_FUZZ", "1"))
SECONDS = 15.0
"""No example may take longer, on a busy machine: the budget of the check is set to 1 s."""

PIECES = [
    "x", "y", "x1", "a", "M", "k", "2", ".5", "1e3", "1e308", "0", "10**9", "99999999999999999999",
    "(", ")", "[", "]", ",", ";", "\n", "=", "+", "-", "*", "/", "**", "^", "%", "@", "<", "==",
    " and ", " or ", "not ", "#", "²", "√(", "·", ".", "_", ":", "::-1", "pi", "e", "\t", "\r\n",
    "\x1b[31m", "\x1b]0;t\x07", "\x00", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\ufeff", "х",
    "ｘ", "ο", "温", "\ud800", "'", '"', "\\", "[bold]", "[/]", "[link=x]", "--at", "-f", "%s",
    "zeros(2)", "ones(2,2)", "zeros(10**6)", "a = [x, 2*y]; ", "k = zeros(2); k[0] = x; ",
    "where(x>0, ", "sum(", "norm(", "dot(", "max(", *(f"{name}(" for name in FUNCTIONS),
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)

ATOMS = st.sampled_from(["x", "y", "2", "0.5", "1e200", "pi", "a[0]", "-3", "x1"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    unary = st.builds("{}({})".format, st.sampled_from(sorted(FUNCTIONS)), inner)
    operator = st.sampled_from(["+", "-", "*", "/", "**", "%", " < "])
    binary = st.builds("({}{}{})".format, inner, operator, inner)
    choice = st.builds("where({} > {}, {}, {})".format, inner, inner, inner, inner)
    return unary | binary | choice


expressions = st.recursive(ATOMS, _grown, max_leaves=8)
anything = expressions | texts
points = (
    st.lists(st.sampled_from(["0", "1", "-1", "2.5", "1e-300", "1e300", "pi/4"]), max_size=4)
    .map(",".join)
    | st.sampled_from(["x=0,y=0", "x=1,y=2,x1=3", "a=[1,2]", "a=[0,1],x=1,y=2", "M=[[1,2],[3,4]]"])
    | texts
)  # fmt: skip


def bounded(examples: int) -> Any:
    """The usual settings for so many examples; none is shrunk for minutes in a long run."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def harmless(text: str) -> bool:
    """Nothing but newlines and tabs controls anything, and nothing turns the writing around."""
    return not any(
        unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in text if char not in "\n\t"
    )


def run(words: list[str], stdin: str = "") -> tuple[int, str, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    start, before = time.perf_counter(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogatepass")), "utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    finally:
        sys.stdin = before
    took = time.perf_counter() - start
    assert took < SECONDS, f"{took:.1f} s for {words!r}"
    return code, _written(out), _written(err)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def sound(words: list[str], stdin: str = "") -> None:
    """Run a command line and look at all that must hold of any."""
    code, out, err = run(words, stdin)
    assert code in set(Exit), (words, err)
    assert "internal error" not in err, (words, err)
    assert "Traceback" not in err, (words, err)
    assert harmless(out), (words, out)
    assert harmless(err), (words, err)


def _told(work: Callable[[], object]) -> str:
    try:
        return str(work())
    except GradcalcError as error:
        return problem(error)


@given(anything)
@bounded(1400)
def test_any_text_is_a_graph_or_an_error_with_a_caret(text: str) -> None:
    assert harmless(_told(lambda: parse(text, shapes={"a": (2,), "M": (2, 2)}).variables))


@given(points)
@bounded(600)
def test_any_text_is_a_point_or_an_error_with_a_caret(text: str) -> None:
    assert harmless(_told(lambda: read(text.lstrip("@"), "--at")))


FORMATS = ["table", "json", "ndjson", "csv", "tsv", "plain", "markdown", "latex"]
FILES = ["f.txt", "point.json", "deep.json", "point.csv", "latin1.txt", "crlf.txt", "nul.txt",
         "script.txt", "empty", ".", "none", "[bold].txt"]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with odd files in it, from which all command lines are run."""
    path = tmp_path_factory.mktemp("fuzz")
    contents = {
        "f.txt": b"x*y, x+y\n",
        "point.json": b'{"x": 1, "y": "pi/4"}',
        "deep.json": b"[" * 900 + b"1" + b"]" * 900,
        "point.csv": b"x,y\n1,2\n",
        "latin1.txt": b"x + \xe9\xff",
        "crlf.txt": b"\xef\xbb\xbfx**2\r\n+ y\r\n",
        "nul.txt": b"x\x00y",
        "script.txt": b'grad "x**2" --at 3\n$(touch owned)\n`touch owned`\ngrad x --at 1 ;touch o',
        "empty": b"",
        "[bold].txt": b"x**\n",
    }
    for name, content in contents.items():
        (path / name).write_bytes(content)
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


OPTIONS = st.one_of(
    st.tuples(st.just("--at"), points),
    st.tuples(st.just("--at"), st.sampled_from(FILES).map("@{}".format)),
    st.tuples(st.sampled_from(["--v", "--u", "--param", "--wrt", "--outputs", "--range"]), points),
    st.tuples(st.just("--format"), st.sampled_from(FORMATS) | texts),
    st.tuples(st.just("-i"), st.sampled_from(FILES)),
    st.tuples(st.just("--check"), st.sampled_from(["sympy", "mpmath", "differences", "none"])),
    st.tuples(st.just("--mode"), st.sampled_from(["forward", "reverse", "sideways"])),
    st.tuples(st.just("--digits"), st.sampled_from(["1", "4", "17", "0", "1e3", "٣", "-1"])),
    st.tuples(st.just("--claim"), anything | st.sampled_from(FILES)),
    st.tuples(st.sampled_from(["--samples", "--seed"]), st.sampled_from(["1", "3", "-1", "x"])),
    st.tuples(st.just("--points"), st.sampled_from([*FILES, "-"])),
    st.tuples(st.just("--what"), st.sampled_from(["eval", "grad", "jacobian", "eval,grad", "x"])),
    st.tuples(st.just("--out"), st.sampled_from(["out.txt", "no/out.txt", ".", "\x1b[1m"])),
    st.tuples(st.just("--color"), st.sampled_from(["never", "auto"])),
    st.tuples(
        st.sampled_from(["--sparse", "--certify", "--precise", "--no-check", "--quiet", "-x"])
    ),
)
# An answer may be coloured where that is asked for; the environment does not ask.
lines = st.tuples(
    st.sampled_from([*COMMANDS, *COMMANDS, "", "grda"]),
    st.lists(OPTIONS, max_size=4),
    st.lists(anything | st.just("-"), min_size=0, max_size=2),
    st.booleans(),
)


@given(lines, texts)
@bounded(1200)
def test_any_command_line(
    line: tuple[str, list[tuple[str, ...]], list[str], bool], stdin: str
) -> None:
    command, options, expressions, checked = line
    extra = [] if checked or command not in COMMANDS else ["--no-check"]
    words = [command, *(word for option in options for word in option), *extra]
    if command in COMMANDS and "budget" in COMMANDS[command].takes:
        words += ["--budget", "1"]
    sound([*words, *(["--"] if expressions else []), *expressions], stdin)
    assert not list(Path().glob("*.part"))
    assert not Path("owned").exists()


@given(
    st.sampled_from(["grad", "jacobian", "vjp", "hessian", "eval", "check"]), expressions, points
)
@bounded(400)
def test_any_expression_with_its_check(command: str, text: str, point: str) -> None:
    sound([command, "--at", point, "--budget", "1", "--", text])


SCRIPT = st.lists(
    st.builds("{} '{}' --at {} {}".format, st.sampled_from([*COMMANDS, "", "rm", "$(touch owned)"]),
              anything, points, st.sampled_from(["", "--no-check", "> owned", "; touch owned"]))
    | texts,
    max_size=4,
)  # fmt: skip


@given(SCRIPT, st.sampled_from(["table", "ndjson"]))
@bounded(200)
def test_any_script(script: list[str], format: str) -> None:
    sound(["run", "-", "--format", format], "\n".join(script))
    assert not Path("owned").exists()


cells = st.text(string.printable + "\x00\x1b\u202e温", max_size=6) | st.sampled_from(
    ["1", "2.5", "nan"]
)
tables = st.lists(st.lists(cells, max_size=3).map(",".join), max_size=6).map("\n".join)


@given(tables | tables.map("x,y\n1,2\n{}".format))
@bounded(200)
def test_any_table_of_points(table: str) -> None:
    sound(["batch", "x*sqrt(y)", "--points", "-", "--what", "eval,grad"], table)
