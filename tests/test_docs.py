"""README.md and docs/ are run: every command in them, its output compared with what they show.

Tables between ``<!-- generated: … -->`` and ``<!-- end -->`` come from the code that knows.
``python -m tests.test_docs`` writes what the commands print, and the tables, into the pages;
``python -m tests.test_docs tables`` the tables alone.
"""

from __future__ import annotations

import ast
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

import gradcalc.limits
from gradcalc.cli.app import main
from gradcalc.cli.commands import COMMANDS
from gradcalc.cli.options import Options
from gradcalc.errors import Exit
from gradcalc.render.formats import FORMATS
from tests.uncertainty.published import table_rows as published_rows

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("gradcalc/*/*.md")]
SETUP = ROOT / ".ci" / "run"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_GENERATED = re.compile(r"<!-- generated: ([\w ]+) -->\n(.*?)<!-- end -->\n", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)?(?:#([\w-]+))?\)")


class Session(NamedTuple):
    """A command and what the page says it prints, both as written."""

    command: str
    output: str


def blocks(language: str, pages: list[Path] = PAGES) -> list[tuple[str, str]]:
    """The fenced blocks in a language: the page's name and what is between the fences."""
    return [
        (page.name, body)
        for page in pages
        for name, body in _BLOCK.findall(page.read_text("utf-8"))
        if name == language
    ]


def sessions(block: str) -> list[Session]:
    """``$ command`` lines (continued after a backslash), each with the lines that follow it."""
    found: list[Session] = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Session(line[2:], ""))
        elif found[-1].command.endswith("\\\n"):
            found[-1] = Session(found[-1].command + line, "")
        else:
            found[-1] = found[-1]._replace(output=found[-1].output + line)
    return found


_WORDS = r"(?:'[^']*'|\"[^\"$`\\]*\"|[^|<>;&$`*?~{}()#\\\"'\n])+"
_OURS = re.compile(
    r"(?:(?P<before>(?:echo|printf|\{) [^\n]*?) \| )?"
    rf"gradcalc (?P<words>{_WORDS}?)"
    r"(?: \| (?P<after>\w+ [^|\n]*))?"
    r'(?P<code>; echo "exit code \$\?")?'
)
"""A command that asks no more of the shell than what can be done around it."""


def run(command: str) -> str:
    """What a person sees: standard output and error together, in a pipe, at the top of the tree."""
    command = command.replace("\\\n", " ").strip()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GRADCALC_", "NO_", "FORCE_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    ours = _OURS.fullmatch(command)
    with patch.dict(os.environ, {**kept, "PATH": path, "COLUMNS": "80"}, clear=True), chdir(ROOT):
        if ours is None:
            return by_the_shell(command)
        given = by_the_shell(ours["before"]) if ours["before"] else ""
        code, printed = in_this_process(shlex.split(ours["words"]), given)
        if ours["after"]:
            printed = by_the_shell(ours["after"], printed)
    return f"{printed}exit code {code}\n" if ours["code"] else printed


def by_the_shell(command: str, given: str = "") -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def in_this_process(words: list[str], given: str) -> tuple[int, str]:
    printed = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    stdin = io.TextIOWrapper(io.BytesIO(given.encode()), "utf-8")
    with patch.object(sys, "stdin", stdin), redirect_stdout(printed), redirect_stderr(printed):
        code = main(words)
    printed.seek(0)
    return code, printed.read()


def without_seconds(text: str) -> str:
    """How long something took is not a promise, nor is the rate that is told after a second."""
    untimed = re.sub(r"\d+(\.\d+)? (s|ms)\b", "… s", text)
    return re.sub(r" in … s \([\d,]+ rows/s\)", "", untimed)


@pytest.mark.parametrize(("page", "block"), blocks("console"))
def test_every_command_prints_what_the_page_shows(page: str, block: str) -> None:
    for command, output in sessions(block):
        printed = "\n".join(line.rstrip() for line in run(command).splitlines())
        assert without_seconds(printed) == without_seconds(output.rstrip("\n")), command


@pytest.mark.parametrize(("page", "block"), blocks("pycon"))
def test_every_python_session_prints_what_the_page_shows(page: str, block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, page, page, 0)
    failures: list[str] = []
    doctest.DocTestRunner().run(test, out=failures.append)
    assert not failures, "".join(failures)


def test_the_two_set_up_commands_are_what_continuous_integration_runs() -> None:
    commands = [line for _, block in blocks("sh", [README]) for line in block.splitlines() if line]
    assert len(commands) == 2
    script = SETUP.read_text("utf-8")
    for command in commands:
        assert command in script


def test_no_shell_block_escapes_the_tests() -> None:
    for page in PAGES:
        languages = {name for name, _ in _BLOCK.findall(page.read_text("utf-8"))}
        assert languages <= {"console", "pycon", "sh", "text", "yaml"}, page.name


def test_the_readme_is_a_shop_window() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 180


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for file, anchor in _LINK.findall(page.read_text("utf-8")):
        target = page.parent / file if file else page
        assert target.exists(), file
        if anchor:
            assert anchor in anchors(target), f"{file}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings can be reached by."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


# --- tables that the code knows better -------------------------------------------------------


def table(head: str, *rows: str) -> str:
    columns = head.count("|") - 1
    return "\n".join(["", head, "|" + "---|" * columns, *rows]) + "\n\n"


def cell(text: str) -> str:
    return text.replace("|", r"\|")


def exit_codes() -> str:
    rows = [f"| {code.value} | {code.meaning} |" for code in Exit]
    return table("| exit code | meaning |", *rows)


def formats() -> str:
    """Every format with the commands that have it."""
    printing = [command for command in COMMANDS.values() if "format" in command.takes]
    rows = []
    for name, format in FORMATS.items():
        having = [command.name for command in printing if name in command.formats({})]
        lacking = [command.name for command in printing if name not in command.formats({})]
        where = ", ".join(having) if len(having) < len(lacking) else "all"
        if where == "all" and lacking:
            where = f"all but {', '.join(lacking)}"
        rows.append(f"| `{name}` | {format.doc} | {where} |")
    return table("| `--format` | | commands |", *rows)


def limits() -> str:
    """Every bound of gradcalc/limits.py: its name, its value and the comment below it."""
    statements = ast.parse(Path(gradcalc.limits.__file__).read_text("utf-8")).body
    rows = []
    for bound, words in pairwise(statements):
        if isinstance(bound, ast.Assign) and isinstance(words, ast.Expr):
            (name,) = [target.id for target in bound.targets if isinstance(target, ast.Name)]
            value = getattr(gradcalc.limits, name)
            meaning = " ".join(ast.literal_eval(words.value).split())
            rows.append(f"| `{name}` | {value:,} | {cell(meaning)} |")
    return table("| bound | | of what |", *rows)


def commands() -> str:
    rows = [f"| `{c.name}` | {cell(c.summary)} | `{cell(c.example)}` |" for c in COMMANDS.values()]
    return table("| command | | for example |", *rows)


def options() -> str:
    """Every option with the commands that take it."""
    rows = []
    for row in Options.rows():
        takers = [name for name, command in COMMANDS.items() if row.name in command.takes]
        assert takers, f"no command takes {row.name}"
        *others, last = row.names or [""]
        spelled = [*others, f"{last} {row.metavar}".strip()]
        everywhere = len(takers) > len(COMMANDS) - 4
        where = "nearly all" if everywhere else ", ".join(takers)
        names = " ".join(f"`{cell(word)}`" for word in spelled if word)
        rows.append(f"| {names} | {cell(row.help)} | {where} |")
    return table("| option | | commands |", *rows)


def functions() -> str:
    return "\n" + run("gradcalc functions --format markdown") + "\n"


def published() -> str:
    """The figures of published budgets beside those of ``gradcalc propagate``."""
    return table("| example | from | published | gradcalc |", *published_rows())


TABLES: dict[str, Callable[[], str]] = {
    "exit codes": exit_codes,
    "formats": formats,
    "limits": limits,
    "commands": commands,
    "options": options,
    "functions": functions,
    "published": published,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_the_code_knows_is_written_down_somewhere(name: str) -> None:
    written = [
        (page.name, body)
        for page in PAGES
        for found, body in _GENERATED.findall(page.read_text("utf-8"))
        if found == name
    ]
    assert written
    for page, body in written:
        assert body == TABLES[name](), page


def update(*, commands: bool) -> None:
    """Fill in the tables, and what the commands of the pages print."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for _, block in blocks("console", [page]) if commands else ():
            fresh = "".join(
                f"$ {command}" + "".join(f"{line.rstrip()}\n" for line in run(command).splitlines())
                for command, _ in sessions(block)
            )
            text = text.replace(f"```console\n{block}```", f"```console\n{fresh}```")
        for name, body in _GENERATED.findall(text):
            start = f"<!-- generated: {name} -->\n"
            text = text.replace(start + body, start + TABLES[name]())
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    update(commands="tables" not in sys.argv)
