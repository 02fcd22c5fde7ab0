"""Before typer reads the command line: what starts with a minus may be an expression.

``gradcalc grad -x**2 --at 3``: an option parser sees the options -x, -*, -2. Here a word is an
option only when it is exactly one of the command's; everything else goes behind ``--``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from itertools import takewhile
from typing import Any

from gradcalc.cli.commands import having
from gradcalc.errors import Source, Span, UsageError
from gradcalc.errors.text import quoted
from gradcalc.render.formats import FORMATS

_PAIRS = r"(?:[^\W\d]\w*(?:\[[\d,]+\])?=[^=,\s]+(?:,|$))+"
_NUMBERS = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:,|$))+"


def arranged(words: Sequence[str], parameters: Sequence[Any], line: Sequence[str]) -> list[str]:
    """``words`` with all options first, then ``--``, then the arguments.

    ``parameters`` are the command's, ``line`` the whole command line that errors show. Raises
    UsageError for an option that the command does not have, or that lacks its value.
    """
    takes_value = {
        name: not parameter.is_flag
        for parameter in parameters
        if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    takes_value |= {"-h": False, "--help": False}
    offset = len(line) - len(words)
    options: list[str] = []
    arguments: list[str] = []
    rest = iter(enumerate(words, start=offset))
    for index, word in rest:
        name = word.partition("=")[0]
        if word == "--":
            arguments += [later for _, later in rest]
        elif word in takes_value:
            options.append(word)
            if takes_value[word]:
                options.append(_value(word, next(rest, (index, None))[1], takes_value, line, index))
        elif name.startswith("--") and name in takes_value:
            options.append(word)
        elif word[:2] == "-f" and word[2:] in FORMATS and "-f" in takes_value:
            options += ["-f", word[2:]]
        elif word[:2] == "--" and re.fullmatch(r"--[A-Za-z][\w-]*(=.*)?", word, re.DOTALL):
            raise _unknown(name, takes_value, line, index)
        else:
            arguments.append(word)
    if len(arguments) > 1:
        _refuse_values_apart(words, takes_value, line)
    return [*options, "--", *arguments]


def _refuse_values_apart(
    words: Sequence[str], takes_value: dict[str, bool], line: Sequence[str]
) -> None:
    """``--at L=1 T=2``: the shell has cut the values of an option apart."""
    for k, option in enumerate(words[:-2]):
        if takes_value.get(option):
            first, *others = words[k + 1 :]
            values = [first, *takewhile(partial(_is_like, first), others)]
            if len(values) > 1:
                together = ",".join(value.strip(",") for value in values)
                raise UsageError(
                    f"the values of {option} are one word",
                    source=shown(line),
                    span=place(line, len(line) - len(words) + k + 2),
                    hint=f"{option} {quoted(together)}",
                )


def _is_like(value: str, word: str) -> bool:
    """Whether both are numbers, or both values by name."""
    return any(
        re.fullmatch(kind, value) and re.fullmatch(kind, word) for kind in (_PAIRS, _NUMBERS)
    )


def _value(
    option: str, value: str | None, known: dict[str, bool], line: Sequence[str], index: int
) -> str:
    if value is not None and value not in known:
        return value
    raise UsageError(
        f"{option} needs a value",
        source=shown(line),
        span=place(line, index),
        hint=f"{option} in an expression is typed as ({option}…)" if len(option) == 2 else "",
    )


def _unknown(name: str, known: dict[str, bool], line: Sequence[str], index: int) -> UsageError:
    close = get_close_matches(name, known, 1, 0.8)
    elsewhere = having(name)
    if close:
        hint = f"did you mean {close[0]}?"
    elif elsewhere:
        hint = f"{name} is an option of {', '.join(elsewhere)}"
    else:
        hint = f"the options are {', '.join(option for option in known if option[:2] == '--')}"
    if len(name) < 5:  # --x, --sin: minus minus
        hint += f"\nas an expression: ({line[index]})"
    return UsageError(
        f"no such option: {name}", source=shown(line), span=place(line, index), hint=hint
    )


def shown(line: Sequence[str]) -> Source:
    """The command line as it could have been typed."""
    return Source(shlex.join(line))


def place(line: Sequence[str], index: int) -> Span:
    """Where the word of this number stands in ``shown(line)``."""
    start = len(shlex.join([*line[:index], ""])) - len("''")
    return Span(start, start + len(shlex.quote(line[index])))


def wants_json(words: Sequence[str]) -> bool:
    """Whether the format asked for is a JSON one, as far as can be told of a line that is wrong."""
    format = _said(words, "--format", "-f", "GRADCALC_FORMAT")
    return format in FORMATS and FORMATS[format].json


def color_choice(words: Sequence[str]) -> str:
    """What a line that is wrong says about colour."""
    choice = _said(words, "--color", "", "GRADCALC_COLOR")
    return choice if choice in ("always", "never") else "auto"


def _said(words: Sequence[str], name: str, short: str, variable: str) -> str | None:
    """The last value that the words before ``--`` give an option, or else the environment."""
    said = os.environ.get(variable)
    words = words[: words.index("--")] if "--" in words else words
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word in (name, short):
            said = value
        elif word.startswith(f"{name}="):
            said = word.partition("=")[2]
        elif short and word.startswith(short) and word[2:] in FORMATS:
            said = word[2:]
    return said
