"""The README is run: every command in it, and its output is compared with what it shows.

``python tests/test_readme.py`` writes what the commands print now into the README.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SETUP = ROOT / ".ci" / "run"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Session(NamedTuple):
    """A command and what the README says it prints, both as written."""

    command: str
    output: str


def blocks(language: str) -> list[str]:
    return [body for name, body in _BLOCK.findall(README.read_text("utf-8")) if name == language]


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


def run(command: str) -> str:
    """What a person sees: standard output and error together, in a pipe, at the top of the tree."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GRADCALC_", "NO_", "FORCE_"))
    }
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def without_seconds(text: str) -> str:
    """How long something took is not a promise."""
    return re.sub(r"\d+(\.\d+)? (s|ms)\b", "… s", text)


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block[2:40].strip())
def test_every_command_prints_what_the_readme_shows(block: str) -> None:
    for command, output in sessions(block):
        printed = "\n".join(line.rstrip() for line in run(command).splitlines())
        assert without_seconds(printed) == without_seconds(output.rstrip("\n")), command


@pytest.mark.parametrize("block", blocks("pycon"), ids=lambda block: block[4:40].strip())
def test_every_python_session_prints_what_the_readme_shows(block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    failures: list[str] = []
    doctest.DocTestRunner().run(test, out=failures.append)
    assert not failures, "".join(failures)


def test_the_two_set_up_commands_are_what_continuous_integration_runs() -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines() if line]
    assert len(commands) == 2
    script = SETUP.read_text("utf-8")
    for command in commands:
        assert command in script


def test_no_shell_block_escapes_the_tests() -> None:
    languages = {name for name, _ in _BLOCK.findall(README.read_text("utf-8"))}
    assert languages <= {"console", "pycon", "sh", "text"}


def update() -> None:
    """Run every command of the README and write down what it prints."""
    text = README.read_text("utf-8")
    for block in blocks("console"):
        fresh = "".join(
            f"$ {command}" + "".join(f"{line.rstrip()}\n" for line in run(command).splitlines())
            for command, _ in sessions(block)
        )
        text = text.replace(f"```console\n{block}```", f"```console\n{fresh}```")
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    update()
