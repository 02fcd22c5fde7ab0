"""The application: argv in, text and an exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import gradcalc
from gradcalc.cli.arguments import color_choice, place, shown, wants_json
from gradcalc.cli.commands import ALIASES, COMMANDS, build
from gradcalc.cli.dispatch import emit, invoke, report
from gradcalc.cli.signals import Terminated, heeded
from gradcalc.cli.streams import as_unicode, prepare, why
from gradcalc.errors import Exit, GradcalcError, UsageError

INTERNAL = 70  # sysexits.h: EX_SOFTWARE
_OPTIONS = ("-h", "--help", "-V", "--version", "--install-completion", "--show-completion")


class Commands(TyperGroup):
    """All commands; each is built when it is looked up, and listed without that."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        name = ALIASES.get(cmd_name, cmd_name)
        return build(name) if name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(c.name, c.summary) for c in COMMANDS.values()])


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from gradcalc.engine.built import interpreter  # deferred: an installation's own affair

        typer.echo(f"gradcalc {gradcalc.__version__} (kernel: {interpreter()})")
        raise typer.Exit


@app.callback(epilog="gradcalc COMMAND --help says more.")
def _group(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Show the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Gradients and Jacobians of typed expressions, each checked against sympy.

    Example: gradcalc jacobian "x1**2+3*x2, x2**2+2*x1" --at 2,3
    """


def main(words: Sequence[str]) -> int:
    """Run one command line and return its exit code. Nothing that a user can type raises."""
    prepare()
    try:
        with heeded():
            code = _run(as_unicode(words))
            sys.stdout.flush()
        return int(code)
    except BrokenPipeError:
        # What is still buffered must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.PIPE_CLOSED)
    except SystemExit as ended:  # typer's own, of completion
        return ended.code if isinstance(ended.code, int) else int(Exit.DONE)
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    except Terminated as signal:
        return signal.exit
    except MemoryError:
        sys.stderr.write("error: this needs more memory than there is\n")
        return int(Exit.INPUT)
    except OSError as error:
        sys.stderr.write(f"error: {why(error)}\n")
        return int(Exit.USAGE)
    except Exception as error:
        return _apologise(error)


def _run(words: Sequence[str]) -> int:
    if os.environ.get("_GRADCALC_COMPLETE"):
        typer.main.get_command(app).main(list(words), prog_name="gradcalc")
    if not words:
        command: Any = typer.main.get_command(app)
        context = command.make_context("gradcalc", [], resilient_parsing=True)
        sys.stderr.write(command.get_help(context) + "\n")
        return Exit.USAGE
    try:
        return _about(words) if words[0] in _OPTIONS else emit(*invoke(words))
    except GradcalcError as error:
        return report(error, json=wants_json(words), color=color_choice(words))


def _about(words: Sequence[str]) -> int:
    """Help, the version, shell completion: what is not about one command, and stands alone."""
    if len(words) > 1:
        line = ["gradcalc", *words]
        command = next((word for word in words if word in COMMANDS or word in ALIASES), "COMMAND")
        raise UsageError(
            f"{words[0]} stands alone",
            source=shown(line),
            span=place(line, 2),
            hint=f"gradcalc {words[0]}, or of a command: gradcalc {command} --help",
        )
    try:
        typer.main.get_command(app).make_context("gradcalc", list(words))
    except typer.Exit as done:
        return done.exit_code
    return Exit.USAGE


def _apologise(error: Exception) -> int:
    """A mistake of ours."""
    if os.environ.get("GRADCALC_DEBUG"):
        import traceback

        traceback.print_exception(error)
    sys.stderr.write(
        f"error: internal error, {type(error).__name__}: {error}\n"
        "hint: please report it, with what GRADCALC_DEBUG=1 shows\n"
    )
    return INTERNAL
