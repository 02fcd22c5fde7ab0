"""What was asked: the expression, the point and the vector of a command line."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence

from gradcalc.calculus.kinds import KINDS, OUTPUTS, V, Vector
from gradcalc.cli.commands import COMMANDS
from gradcalc.cli.options import Options
from gradcalc.cli.terminal import is_terminal
from gradcalc.errors import BindingError, GradcalcError, Source, Span, UsageError, beginning
from gradcalc.errors.text import quoted
from gradcalc.graph.graph import Graph
from gradcalc.language import files, parse
from gradcalc.language.files import read_file
from gradcalc.language.points import Given, bind, flatten, read
from gradcalc.language.problem import Problem, pose

STDIN = "standard input"


def posed(options: Options) -> Problem:
    """The expression at the point. Raises GradcalcError where they cannot be read or don't fit."""
    text, name = expression(options)
    problem = pose(
        text,
        name=name,
        at=values(options.at, "--at"),
        parameters=values(options.param, "--param"),
        wrt=names(options.wrt, "--wrt"),
        outputs=names(options.outputs, "--outputs"),
    )
    return under_convention(problem, options)


def under_convention(problem: Problem, options: Options) -> Problem:
    """The same with the slopes at kinks that --as asks for."""
    if options.convention is None:
        return problem
    from gradcalc.calculus.conventions import under

    return problem._replace(graph=under(problem.graph, options.convention))


def traced(options: Options) -> Graph:
    """The graph alone; a point, if there is one, says which variables are arrays."""
    if options.at is not None:
        return posed(options).graph
    text, name = expression(options)
    return parse(
        text,
        name=name,
        parameters={item.name: item.value for item in values(options.param, "--param")},
        wrt=names(options.wrt, "--wrt"),
        outputs=names(options.outputs, "--outputs"),
    )


def a_point(options: Options) -> str:
    """What could be typed for a point of the expression."""
    labels = traced(options).variables
    return f"--at {','.join(f'{label}=1' for label in labels)}" if labels else "--at …"


def expression(options: Options) -> tuple[str, str]:
    """The text, and the name of where it came from: '' for the command line."""
    words = options.expr or []
    if options.file is not None:
        if words:
            raise UsageError(f"both an expression and --input {options.file}: which one?")
        return read_file(options.file), options.file
    if not words:
        raise UsageError(
            f"{options.command} needs an expression",
            hint=f'gradcalc {options.command} "x**2 + y" …, or - for standard input, or -i FILE',
        )
    if len(words) > 1:
        raise _several(words, options)
    if words[0] == "-":
        return read_stdin(), STDIN
    return words[0], ""


def _several(words: Sequence[str], options: Options) -> UsageError:
    """More than one argument: the shell has cut the expression up, or put file names in it."""
    message = f"{len(words)} expressions, and one is wanted"
    pairs = [word for word in words if re.match(r"\w+=[^=]", word)]
    if len(pairs) == len(words) - 1:
        (text,) = (word for word in words if word not in pairs)
        line = shlex.join(["gradcalc", options.command, text])
        return UsageError(message, hint=f"{line} --at {quoted(','.join(pairs))}")
    if any(map(os.path.exists, words)):
        return UsageError(
            f"{message}: the shell has put file names in the place of a *",
            hint='quote the expression: "x * y"',
        )
    together = " ".join(words)
    try:
        parse(together)
    except GradcalcError:
        return UsageError(message)
    return UsageError(message, hint=f"quote the expression: {shlex.quote(together)}")


def read_stdin() -> str:
    if is_terminal(sys.stdin):
        print("The expression, then Ctrl-D:", file=sys.stderr)
    return files.read_stdin()


def values(texts: Sequence[str] | None, option: str) -> list[Given]:
    return [given for text in texts or () for given in read(text, option)]


def names(text: str | None, option: str) -> list[str] | None:
    """The names of a list with commas; one inside brackets (``a[0,1]``) is part of a name."""
    if text is None:
        return None
    parts: list[list[str]] = []
    inside = False
    for part in text.split(","):
        if inside:
            parts[-1].append(part)
        else:
            parts.append([part])
        opens, closes = part.rfind("["), part.rfind("]")
        inside = opens > closes or (inside and opens == closes)
    found = [",".join(pieces).strip() for pieces in parts]
    if not all(found):
        raise UsageError(
            f"{option} has an empty name", source=Source(text, option), span=Span(0, 1)
        )
    return found


def method(options: Options) -> str:
    if options.no_check and options.check not in (None, "none"):
        raise UsageError(f"--no-check and --check {options.check}: which one?")
    how = "none" if options.no_check else options.check or "auto"
    wanted = next((name for name in ("certify", "precise", "limits") if getattr(options, name)), "")
    if wanted and how in ("none", "differences"):
        raise UsageError(
            f"--{wanted} takes its values from the check"
            + (", and differences are good for a few digits" if how == "differences" else ""),
            hint="leave out --no-check" if how == "none" else "--check sympy or --check mpmath",
        )
    return how


def one_output(graph: Graph, what: str, options: Options) -> None:
    """Raises BindingError where there are several, with what to type for all rows of a gradient, or
    for one of the others."""
    found = graph.output_names
    if len(found) == 1:
        return
    one = retyped(options.but(outputs=found[0] if found else None), options.command)
    every = "all rows at once: " + retyped(options, "jacobian")
    raise BindingError(
        f"a {what} is of one output, and there are {_named(found)}",
        source=graph.source,
        span=Span(0, len(graph.source.text)),
        hint=every
        if what == KINDS["gradient"].of_one and options.order == 1
        else f"one of them: {one}",
    )


def vector(problem: Problem, wanted: Vector, options: Options) -> list[float]:
    """The v with a number for each output or the u with one for each variable; 1 for only one."""
    letter, what = wanted
    graph = problem.graph
    labels = graph.output_names if what == OUTPUTS else graph.variables
    option = f"--{letter}"
    text: str | None = getattr(options, letter)
    if text is None:
        if len(labels) == 1:
            return [1.0]
        raise _no_v(problem, options) if wanted is V else _no_u(labels, options)
    given = read(text, option)
    try:
        return bind(given, labels, what, option)
    except BindingError as error:
        count = sum(len(flatten(item.value)) for item in given)
        by_order = not any(item.name for item in given)
        if wanted is V and by_order and count not in (0, len(labels)):
            error.message += (
                f" (PyTorch: Mismatch in shape: grad_output[0] has a shape of torch.Size([{count}])"
                f" and output[0] has a shape of torch.Size([{len(labels)}]).)"
            )
        raise


def _no_v(problem: Problem, options: Options) -> GradcalcError:
    labels = problem.graph.output_names
    ones = ",".join(["1"] * len(labels)) if len(labels) <= 8 else "1,1,…"
    return BindingError(
        f"grad can be implicitly created only for scalar outputs, and there are {_named(labels)}",
        source=problem.graph.source,
        span=everything(problem),
        hint=f"--v {ones} is the gradient of {'+'.join(labels[:8])}{'+…' * (len(labels) > 8)}\n"
        f"every row at once: {retyped(options, 'jacobian')}",
    )


def _no_u(labels: Sequence[str], options: Options) -> GradcalcError:
    first = ",".join(["1", *["0"] * (min(len(labels), 8) - 1)]) + ",…" * (len(labels) > 8)
    return BindingError(
        f"{options.command} needs --u, one number for each variable; there are {_named(labels)}",
        hint=f"--u {first} is the direction of {labels[0]}" if labels else "",
    )


def everything(problem: Problem) -> Span:
    spans = [problem.graph.span(node) for node in problem.graph.outputs]
    return Span(min(s.start for s in spans), max(s.end for s in spans))


def _named(labels: Sequence[str]) -> str:
    return f"{len(labels)}: {beginning(labels)}"


def retyped(options: Options, command: str) -> str:
    """The command line again with another command, without the options that it does not take."""
    words = ["gradcalc", command]
    expression = options.expr or []
    if not expression[:1] or not expression[0].startswith("--"):
        words, expression = words + expression, []
    for row in Options.rows():
        value = getattr(options, row.name)
        kept = row.name in COMMANDS[command].takes and value != row.default
        if kept and not row.is_argument:
            for item in value if isinstance(value, list) else [value]:
                words += [row.names[-1]] if item is True else [row.names[-1], str(item)]
    return shlex.join([*words, *(["--"] if expression else []), *expression])
