"""One command line, run: words → (options, outcome), and what is printed of either."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from gradcalc.cli import terminal
from gradcalc.cli.arguments import arranged, place, shown
from gradcalc.cli.commands import ALIASES, COMMANDS, build
from gradcalc.cli.output import Text, bytes_sink, sink, write
from gradcalc.cli.values import one_of
from gradcalc.errors import Exit, GradcalcError, Span, UsageError
from gradcalc.render.errors import note, problem, problem_json
from gradcalc.render.formats import FORMATS, SYNONYMS, by_extension

if TYPE_CHECKING:
    from gradcalc.cli.options import Options
    from gradcalc.render.answer import Answer

Outcome: TypeAlias = "Answer | Text | Exit"
"""What a command comes to: an answer, a text, or (when it has printed by itself) an exit code."""

ClickException: Any = typer.BadParameter.__mro__[2]  # typer does not export it


def invoke(words: Sequence[str], format: str = "") -> tuple[Options, Outcome]:
    """Run the command line ``words`` (without the program's name); ``format`` is the default of
    what it prints.

    Raises GradcalcError for whatever is wrong with it.
    """
    line = ["gradcalc", *words]
    name = ALIASES.get(words[0], words[0])
    if name not in COMMANDS:
        raise _unknown(line)
    command = build(name)
    try:
        arguments = arranged(words[1:], command.params, line)
        with command.make_context(f"gradcalc {name}", arguments) as context:
            note = _settled(context, format or _from_environment(), line)
            options, outcome = command.invoke(context)
            return options.but(note=note), outcome
    except typer.Exit:  # --help
        from gradcalc.cli.options import Options  # the command was built of them

        return Options(command=name), Exit.DONE
    except ClickException as error:
        raise _usage(error, line) from None


def destination(words: Sequence[str]) -> str | None:
    """The file that a command line writes; None where there is none, or the line is wrong."""
    name = ALIASES.get(words[0], words[0])
    if name not in COMMANDS or not any(word.startswith(("-o", "--out")) for word in words):
        return None
    command = build(name)
    try:
        arguments = arranged(words[1:], command.params, words)
        context = command.make_context(name, arguments, resilient_parsing=True)
    except (GradcalcError, ClickException):
        return None
    found: str | None = context.params.get("out")
    return None if found == "-" else found


def _settled(context: Any, default: str, line: Sequence[str]) -> str:
    """Settle the format: as --format says, or the extension of --out, or ``default`` as far as the
    command has it. Returns what is to be said of an extension that is not known.

    Raises UsageError for a format that is not one of the command's.
    """
    given = context.params
    out = given.get("out")
    if out == "-":
        out = given["out"] = None
    if "format" not in given or context.info_name.split()[-1] == "batch":
        return ""
    choices = COMMANDS[context.info_name.split()[-1]].formats(given)
    if context.get_parameter_source("format").name == "COMMANDLINE":
        if given["format"] not in choices:
            raise _no_format(given, choices, line)
        return ""
    if default in choices:
        given["format"] = default
    if out is None or not os.path.splitext(out)[1]:
        return ""
    extension = os.path.splitext(out)[1].lower()
    found = by_extension(out, choices) or extension.removeprefix(".")
    if found in choices:
        given["format"] = found
    elif found != "table":
        return f"no format here is called {extension}: {out} is written as {given['format']}"
    return ""


def _no_format(given: dict[str, Any], choices: Sequence[str], line: Sequence[str]) -> UsageError:
    return UsageError(
        f"there is no {given['format']} of this",
        source=shown(line),
        span=_value_of(("--format", "-f"), line),
        hint=f"--format is one of {', '.join(choices)}",
    )


def _from_environment() -> str:
    """The format that GRADCALC_FORMAT sets for all commands that have it."""
    word = os.environ.get("GRADCALC_FORMAT") or "table"
    try:
        return one_of(FORMATS, SYNONYMS)(word)
    except typer.BadParameter as error:
        raise UsageError(f"GRADCALC_FORMAT: {error.message}") from None


def emit(options: Options, outcome: Outcome) -> Exit:
    """Print an outcome as the options say, remarks on standard error, and return its exit code."""
    if isinstance(outcome, Exit):
        return outcome
    answer = outcome.text if isinstance(outcome, Text) else text(options, outcome)
    if FORMATS[options.format].binary:
        with bytes_sink(options.out) as (file, _):
            file.write(answer.encode("latin-1"))
    else:
        with sink(options.out) as put:
            put(answer)
    if options.note and not options.quiet:
        color = terminal.wants_color(options.color, sys.stderr)
        write(sys.stderr, note(options.note, color=color))
    if isinstance(outcome, Text):
        sys.stdout.flush()
        for remark in () if options.quiet else outcome.notes:
            write(sys.stderr, note(remark, color=terminal.wants_color(options.color, sys.stderr)))
        if outcome.error is not None:
            report(outcome.error, json=FORMATS[options.format].json, color=options.color)
        return outcome.exit
    sys.stdout.flush()  # the answer before the remarks about it
    for remark in remarks(options, outcome):
        write(sys.stderr, remark)
    return outcome.exit


def text(options: Options, answer: Answer) -> str:
    """The answer in the format asked for, for where it is going."""
    from gradcalc.render import render

    screen = terminal.screen(options.color, options.out)
    numbers = render(
        _quiet(answer, options) if options.quiet else answer,
        options.format,
        width=screen.width,
        digits=options.digits,
        color=screen.color,
    )
    if answer.facts is not None:
        from dataclasses import replace

        from gradcalc.render.facts import WRITERS  # deferred, as above

        shown = replace(answer.facts, notes=(), judged=None) if options.quiet else answer.facts
        numbers = WRITERS[options.format](shown, numbers, options.digits)
    if answer.formulas is None or FORMATS[options.format].json:
        return numbers
    from gradcalc.render.formulas import writer

    write = writer(options.format)
    return f"{numbers}\n{write(answer.formulas, width=screen.width)}" if write else numbers


def _quiet(answer: Answer, options: Options) -> Answer:
    """Without notes, and without the verdict unless it is bad news or a field of its own."""
    from dataclasses import replace  # deferred: an error needs none

    kept = FORMATS[options.format].json
    agreed = answer.verdict is not None and answer.verdict.passed and not kept
    return replace(answer, notes=(), verdict=None if agreed else answer.verdict)


def remarks(options: Options, answer: Answer) -> list[str]:
    """What standard error is told about an answer: what its format has no place for."""
    color = terminal.wants_color(options.color, sys.stderr)
    found = []
    if not FORMATS[options.format].remarks:
        found += [] if options.quiet else [note(text, color=color) for text in answer.notes]
        if answer.verdict is not None and not answer.verdict.passed:
            found.append(note(answer.verdict.line, color=color))
        if answer.facts is not None and not options.quiet:
            found += [note(remark, color=color) for remark in answer.facts.notes]
    if answer.lost is not None and not FORMATS[options.format].json and not options.quiet:
        width = shutil.get_terminal_size().columns
        found.append(problem(answer.lost, width=width, color=color, word="note"))
    if answer.undefined is not None:
        found.append(told(answer.undefined, json=FORMATS[options.format].json, color=color))
    return found


def report(error: GradcalcError, *, json: bool, color: str) -> Exit:
    """Print an error on standard error and return its exit code."""
    sys.stdout.flush()
    write(sys.stderr, told(error, json=json, color=terminal.wants_color(color, sys.stderr)))
    return error.exit


def told(error: GradcalcError, *, json: bool, color: bool) -> str:
    """An error for a program or for a person."""
    if json:
        return problem_json(error)
    return problem(error, width=shutil.get_terminal_size().columns, color=color)


def _usage(error: Any, line: Sequence[str]) -> UsageError:
    """What typer complains about, with a caret under the word that it is about."""
    names = getattr(getattr(error, "param", None), "opts", ())
    if not names:
        message = error.format_message().rstrip(".")
        return UsageError(message[:1].lower() + message[1:], hint=f"gradcalc {line[1]} --help")
    place = _value_of(names, line)
    if place is None:  # not typed: the environment says it
        return UsageError(f"{error.param.envvar}: {error.message}")
    return UsageError(f"{names[0]}: {error.message}", source=shown(line), span=place)


def _value_of(names: Sequence[str], line: Sequence[str]) -> Span | None:
    """Where the value of the option stands in the line."""
    for index in range(len(line) - 1, 0, -1):
        if line[index] in names:
            return place(line, index + 1)
        if line[index].partition("=")[0] in names:
            return place(line, index)
    return None


def _unknown(line: Sequence[str]) -> UsageError:
    word = line[1]
    known = [*COMMANDS, *ALIASES]
    close = get_close_matches(word, known, 1)
    if close:
        hint = f"did you mean {close[0]}?"
    elif word.isidentifier():
        hint = f"the commands are {', '.join(COMMANDS)}"
    elif word.startswith("--"):
        hint = "options come after the command: gradcalc jacobian EXPR --at …"
    else:
        hint = "say what you want to know of it: gradcalc grad EXPR --at …"
    what = "no such command" if not word.startswith("--") else "no command before"
    return UsageError(f"{what}: {word}", source=shown(line), span=place(line, 1), hint=hint)
