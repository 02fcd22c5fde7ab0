"""``gradcalc lesson``: a tutorial on the terminal, a key at a time; elsewhere all of it at once."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

import typer

from gradcalc.cli import terminal
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text, write
from gradcalc.errors import Exit
from gradcalc.page.lesson import BACKWARD, Piece, Reader, say
from gradcalc.page.words import Words

_WIDTH, _MOST = 80, 88


def lesson(options: Options) -> Text | Exit:
    """Every number in it is computed while it is read."""
    found = _pieces(options)
    if options.out is not None or not (
        terminal.is_terminal(sys.stdout) and terminal.is_terminal(sys.stdin)
    ):
        return Text("\n".join(found))
    key = Words(options.lang).say("lesson_next")
    for k, text in enumerate(found):
        write(sys.stdout, ("\n" if k else "") + text)
        if k < len(BACKWARD) - 1:
            write(sys.stdout, f"\n[{key}] ")
            sys.stdout.flush()
            if typer.getchar() in ("q", "Q", "\x1b", "\x04"):
                write(sys.stdout, "\n")
                break
            write(sys.stdout, "\r\x1b[K")
    return Exit.DONE


def _pieces(options: Options) -> Iterator[str]:
    """Each piece with what its code or its command prints."""
    screen = terminal.screen(options.color, options.out)
    words, reader = Words(options.lang), Reader()
    bold, plain = ("\x1b[1m", "\x1b[0m") if screen.color else ("", "")
    width = min(screen.width or _WIDTH, _MOST)
    for piece in BACKWARD:
        text = say(piece, words, width) + "\n"
        if piece.code:
            code = "".join(f"    {line}\n" for line in piece.code.splitlines())
            text += f"\n{bold}{code}{plain}\n{reader.run(piece.code)}"
        if piece.command:
            text += f"\n{bold}    $ {piece.command}{plain}\n\n{_printed(piece, options)}"
        yield text


def _printed(piece: Piece, options: Options) -> str:
    """What a command line prints."""
    from gradcalc.cli.dispatch import invoke, text  # deferred: it finds this module by its name

    made, outcome = invoke(shlex.split(piece.command)[1:])
    if isinstance(outcome, Text):
        return outcome.text
    assert not isinstance(outcome, Exit)
    return text(made.but(color=options.color, out=options.out), outcome)
