"""``gradcalc run``: many command lines in one process, and one summary."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradcalc
from gradcalc.cli import terminal
from gradcalc.cli.dispatch import destination, invoke, remarks, text, told
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text, sink, write
from gradcalc.cli.progress import Bar, progress
from gradcalc.cli.question import read_stdin
from gradcalc.cli.replaced import is_same
from gradcalc.errors import Exit, GradcalcError, Source, Span, UsageError, beginning
from gradcalc.errors.text import safe
from gradcalc.language.files import read_file
from gradcalc.render.answer import Answer
from gradcalc.render.errors import problem_record
from gradcalc.render.formats import FORMATS
from gradcalc.render.machine import record
from gradcalc.render.records import one_line


@dataclass
class Tally:
    """How the lines of a script ended."""

    passed: int = 0
    unchecked: int = 0
    failed: list[int] = field(default_factory=list)

    def add(self, number: int, exit: Exit, checked: bool) -> None:
        if exit is not Exit.DONE:
            self.failed.append(number)
        elif checked:
            self.passed += 1
        else:
            self.unchecked += 1

    def summary(self, seconds: float) -> str:
        total = self.passed + self.unchecked + len(self.failed)
        lines = "line" if len(self.failed) == 1 else "lines"
        listed = beginning(list(map(str, self.failed)), 10)
        where = f" ({lines} {listed})" if self.failed else ""
        return (
            f"{total} command{'' if total == 1 else 's'} in {seconds:.1f} s: {self.passed} passed, "
            f"{len(self.failed)} failed{where}, {self.unchecked} unchecked"
        )


def run(options: Options) -> Exit:
    """Run every line of the script, whatever happens to the others, and sum up.

    Returns DISAGREES when a line failed: its check, its point or its words.
    """
    commands = list(_commands(_script(options)))
    if options.out is not None:
        _require_no_other_writer(options.out, commands)
    tally, start = Tally(), time.perf_counter()
    with sink(options.out) as put:
        with progress(len(commands)) as bar:
            for number, line in commands:
                tally.add(number, *Line(number, line, options, put, bar).run())
                bar.advance()
        summary = tally.summary(time.perf_counter() - start) + "\n"
        if options.format == "table" and not options.quiet:
            put(summary)
    if options.format != "table" and not options.quiet:
        tell(summary)
    return Exit.DISAGREES if tally.failed else Exit.DONE


def _script(options: Options) -> str:
    files = options.script or []
    if options.examples and not files:
        return _examples().read_text("utf-8")
    if len(files) != 1 or options.examples:
        what = "--examples and a file" if options.examples else len(files)
        raise UsageError(
            f"run needs one file of commands, and there are {what}",
            hint="gradcalc run FILE, or - for standard input, or gradcalc run --examples",
        )
    return read_stdin() if files[0] == "-" else read_file(files[0])


def _examples() -> Path:
    """examples.txt: inside the package where a wheel was installed, else at the top of the tree."""
    package = Path(gradcalc.__file__).parent
    installed = package / "examples.txt"
    return installed if installed.exists() else package.parent / "examples.txt"


def _commands(script: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank or comments, with their numbers."""
    for number, line in enumerate(script.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _require_no_other_writer(path: str, commands: Sequence[tuple[int, str]]) -> None:
    """Refuse a script with a line that writes what the script as a whole is to write."""
    for number, line in commands:
        other = None
        with suppress(UsageError):  # a line with words of its own to mend: told in its turn
            other = destination(_words(line))
        if other is not None and is_same(path, other):
            raise UsageError(
                f"line {number} writes '{other}', and so does run --out",
                source=Source(line),
                span=Span(0, len(line)),
                hint="another file for one of the two",
            )


def _words(line: str) -> list[str]:
    """The words of a line as a shell would cut them, without a leading ``gradcalc``."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise UsageError(f"{str(error).lower()}", source=Source(line), span=_quote(line)) from None
    if words[:1] == ["gradcalc"]:
        words = words[1:]
    if not words or words[0] == "run":
        what = "a script cannot run a script" if words else "there is no command"
        raise UsageError(what, source=Source(line), span=Span(0, len(line)))
    return words


def _quote(line: str) -> Span:
    """The quote that is never closed, as good as always the last one."""
    at = max(line.rfind("'"), line.rfind('"'), 0)
    return Span(at, at + 1)


@dataclass(frozen=True)
class Line:
    """One line of a script: run it, and print what comes of it."""

    number: int
    text: str
    options: Options
    put: Callable[[str], object]
    bar: Bar

    def run(self) -> tuple[Exit, bool]:
        """Its exit code, and whether what it says was checked."""
        try:
            own, outcome = invoke(_words(self.text), self.options.format)
            options = self._merged(own)
            if isinstance(outcome, Answer):
                self._answer(options, outcome)
                verdict = outcome.verdict
                return outcome.exit, verdict is not None and verdict.passed is True
            if isinstance(outcome, Text):
                self._print(options, outcome.text)
                if outcome.error is not None:
                    self._fail(outcome.error)
                return outcome.exit, outcome.checked
            return outcome, False
        except GradcalcError as error:
            self._fail(error)
            return error.exit, False

    def _merged(self, own: Options) -> Options:
        """The options of the line, and those of ``run`` where they say something."""
        run = self.options
        return own.but(
            format=own.format if run.format == "table" else run.format,
            digits=own.digits if run.digits is None else run.digits,
            color=own.color if run.color == "auto" else run.color,
            quiet=own.quiet or run.quiet,
            out=own.out,
        )

    def _answer(self, options: Options, answer: Answer) -> None:
        if options.format == "ndjson":
            self._print(options, one_line(self._record(answer)))
            return
        self._print(options, text(self._measured(options), answer))
        if answer.undefined is not None:
            answer.undefined.message = f"line {self.number}: {answer.undefined.message}"
        for remark in remarks(options, answer):
            self._tell(remark)

    def _record(self, answer: Answer) -> dict[str, Any]:
        error = {"error": problem_record(answer.undefined)} if answer.undefined else {}
        return {"line": self.number, **record(answer), **error}

    def _measured(self, options: Options) -> Options:
        """Where the text goes decides on its width and colour: the file of the line, or of run."""
        return options.but(out=options.out or self.options.out)

    def _print(self, options: Options, text: str) -> None:
        if FORMATS[options.format].binary:
            raise UsageError(f"{options.format} is no text: it cannot stand in a script's answers")
        if options.out is not None:
            with sink(options.out) as put:
                put(text)
            return
        with self.bar.hidden():
            self.put(f"$ {safe(self.text)}\n{text}\n" if options.format == "table" else text)

    def _fail(self, error: GradcalcError) -> None:
        format = self.options.format
        if format == "ndjson":
            body = {"line": self.number, "error": problem_record(error)}
            with self.bar.hidden():
                self.put(one_line(body))
            return
        error.message = f"line {self.number}: {error.message}"
        color = terminal.wants_color(self.options.color, sys.stderr)
        self._tell(told(error, json=FORMATS[format].json, color=color))

    def _tell(self, text: str) -> None:
        with self.bar.hidden():
            tell(text)


def tell(text: str) -> None:
    """``text`` on standard error, after what standard output was given before it."""
    sys.stdout.flush()
    write(sys.stderr, text)
