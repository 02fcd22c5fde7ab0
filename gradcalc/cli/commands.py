"""The one list of commands: what each is for, which options it takes, and where its function is.

Only the command that was asked for is built: typer takes half a millisecond for each, and a syntax
error should come back at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gradcalc.render.formats import FORMATS_OF

if TYPE_CHECKING:
    from gradcalc.cli.options import Option, Options

EXPRESSION = ("expr", "file")
POINT = ("at", "param", "wrt", "outputs")
CLAIM = ("claim", "claim_from", "jac", "hessian", "v", "rtol", "atol", "samples", "seed", "range")
BENDS = ("kinks", "convention")
SPREAD = ("uncertainties", "cov", "corr", "dof", "data", "input_format")
FORMULAS = ("formulas", "simplify", "transpose", "ascii")
CHECK = ("check", "no_check", "budget", "certify", "precise", "limits")
CODE = ("to", "functions", "name", "single", "sparse", "verify")
PRINTING = ("format", "digits", "out", "color", "quiet")
"""Rows of ``cli/options.py`` that go together."""


class Command(NamedTuple):
    """A command by name. ``function`` of ``gradcalc.cli.<module>`` takes Options; what it ``shows``
    says which formats it has (``render.formats.FORMATS_OF``)."""

    name: str
    summary: str
    module: str
    function: str
    takes: tuple[str, ...]
    example: str
    shows: str = "an answer"

    def formats(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The formats that it has, with these options."""
        shows = next((what for option, what in _INSTEAD.items() if given.get(option)), self.shows)
        return FORMATS_OF[shows]

    def run(self, options: Options) -> Any:
        """What the function of the command returns: an Answer, a text, or an exit code."""
        if options.out is not None and not options.is_folder:
            from gradcalc.cli.replaced import require_no_input, require_writable  # deferred

            require_writable(options.out)
            require_no_input(options.out, options.inputs)
        function = getattr(import_module(f"gradcalc.cli.{self.module}"), self.function)
        return function(options)


def _at_a_point(*more: str) -> tuple[str, ...]:
    return (*EXPRESSION, *POINT, *more, *CHECK, *PRINTING)


def _a_slope(*more: str) -> tuple[str, ...]:
    return _at_a_point(*more, *FORMULAS, *BENDS)


_INSTEAD = {"sparse": "coordinates"} | dict.fromkeys(("claim", "claim_from", "jac"), "a ruling")
"""Options with which a command shows something else."""

_EXAMPLE = '"x1**2+3*x2, x2**2+2*x1" --at 2,3'

COMMANDS = {
    command.name: command
    for command in (
        Command(
            "eval",
            "The values of the outputs.",
            "derivatives",
            "answer",
            _at_a_point(),
            f"gradcalc eval {_EXAMPLE}",
        ),
        Command(
            "grad",
            "The gradient of one output.",
            "derivatives",
            "answer",
            _a_slope("mode", "order"),
            'gradcalc grad "mean(3*(a+3)**2)" --at "a=[2,3]"',
        ),
        Command(
            "jacobian",
            "The Jacobian: a row for each output, a column for each variable. Alias: jac.",
            "pattern",
            "jacobian",
            _a_slope("mode", "sparse", "show"),
            f"gradcalc jacobian {_EXAMPLE}",
        ),
        Command(
            "vjp",
            "vᵀJ: what PyTorch's y.backward(v) leaves in x.grad.",
            "derivatives",
            "answer",
            _a_slope("v"),
            f"gradcalc vjp {_EXAMPLE} --v 1,1",
        ),
        Command(
            "jvp",
            "J u: the derivative of every output in direction u.",
            "derivatives",
            "answer",
            _a_slope("u"),
            f"gradcalc jvp {_EXAMPLE} --u 1,0",
        ),
        Command(
            "hessian",
            "The matrix of second derivatives of one output.",
            "derivatives",
            "answer",
            _a_slope("show"),
            'gradcalc hessian "sin(x)*y**2" --at x=1,y=2',
        ),
        Command(
            "hvp",
            "The Hessian of one output times a direction u.",
            "derivatives",
            "answer",
            _a_slope("u"),
            'gradcalc hvp "sin(x)*y**2" --at x=1,y=2 --u 1,0',
        ),
        Command(
            "linearize",
            "The linear model of equations at a point: A, B, C, D, eigenvalues.",
            "linearize",
            "linearize",
            (
                *EXPRESSION,
                *("at", "param", "states", "inputs_", "measure", "trim"),
                *("kinks", "check", "no_check", "budget", *PRINTING),
            ),
            'gradcalc linearize "dx/dt = v; dv/dt = u - sin(x)" --states x,v --inputs u --at 0,0,0',
            "a model",
        ),
        Command(
            "check",
            "Is the Jacobian right: ours, or the one that you claim?",
            "check",
            "check",
            (*EXPRESSION, *POINT, *CLAIM, "mode", *BENDS, "check", "budget", *PRINTING),
            f"gradcalc check {_EXAMPLE} --claim '2*x1, 3; 2, 2*x2'",
        ),
        Command(
            "backward",
            "PyTorch's calls of backward, one after another, with .grad after each.",
            "backward",
            "backward",
            (
                *EXPRESSION,
                *POINT,
                *("gradient", "retain_graph", "zero_grad"),
                *("check", "no_check", "budget", *BENDS, "format", "digits", "out"),
            ),
            f"gradcalc backward {_EXAMPLE} --gradient 1,0 --gradient 0,1 --retain-graph",
            "calls",
        ),
        Command(
            "explain",
            "The chain rule, step by step, over your own text.",
            "explain",
            "explain",
            (
                *EXPRESSION,
                *POINT,
                *("v", "steps", "uncertainty"),
                *SPREAD,
                *BENDS,
                *("format", "digits", "out", "color"),
            ),
            f"gradcalc explain {_EXAMPLE} --v 1,1",
            "steps",
        ),
        Command(
            "page",
            "One HTML file that shows backward(v) in motion, on your own expression.",
            "page",
            "page",
            (
                *EXPRESSION,
                *POINT,
                *("v", "lang", "open", "check", "no_check", "budget", *BENDS, "out", "color"),
            ),
            f"gradcalc page {_EXAMPLE} --v 1,1 -o page.html",
        ),
        Command(
            "plot",
            "Values and slopes over one variable or two, with poles, jumps and kinks.",
            "plot",
            "plot",
            (*EXPRESSION, *POINT, "over", "convention", *PRINTING),
            'gradcalc plot "abs(x)/(x - 1)" --over x=-2..2',
            "a plot",
        ),
        Command(
            "read",
            "What a text is read as: every operation in brackets, the role of every name.",
            "read",
            "read",
            (*EXPRESSION, *POINT, "format", "out"),
            'gradcalc read "-x^2 + 3x/2*y"',
            "steps",
        ),
        Command(
            "graph",
            "The traced graph: a listing, or for a drawing program.",
            "graph",
            "graph",
            (*EXPRESSION, *POINT, "format", "digits", "out"),
            'gradcalc graph "sin(x*y) + x" --format dot',
            "a graph",
        ),
        Command(
            "pattern",
            "Which entries of the Jacobian can be nonzero, and what that saves.",
            "pattern",
            "pattern",
            (*EXPRESSION, *POINT, "format", "out"),
            'gradcalc pattern "x1*x2, x2*x3, x3*x4, x4"',
            "a pattern",
        ),
        Command(
            "code",
            "The function and its derivatives in another language, run before it is printed.",
            "code",
            "code",
            (*EXPRESSION, *POINT, "convention", *CODE, "out", "color", "quiet"),
            'gradcalc code "x1**2+3*x2, x2**2+2*x1" --to c',
        ),
        Command(
            "propagate",
            "What the uncertainties of the inputs make of the outputs: a budget, and its verdict.",
            "propagate",
            "propagate",
            (
                *EXPRESSION,
                *POINT,
                *SPREAD,
                *("level", "significant", "monte_carlo", "seed", "plot", *BENDS),
                *("check", "no_check", "budget", "format", "digits", "out", "quiet"),
            ),
            'gradcalc propagate "V/I*cos(phi)" --at "V=4.999(3),I=0.019661±1e-5,phi=1.0444(8)"',
            "a budget",
        ),
        Command(
            "batch",
            "One record out for each row of points in: any number of rows, in little memory.",
            "dataset",
            "batch",
            (
                *EXPRESSION,
                *("points", "map", "what", "at"),
                *("param", "wrt", "outputs", "v", "u", "convention"),
                *("input_format", "output_format", "histogram", "keep", "on_error"),
                *("check_sample", "prove", "budget", "threads"),
                *("part_rows", "restart", "reproducible"),
                *("cluster", "dashboard", "out", "color", "quiet"),
            ),
            'gradcalc batch "x1**2+3*x2, x2**2+2*x1" --points points.csv -o slopes.csv',
        ),
        Command(
            "verify",
            "Compute the parts of a batch once more, and compare their bytes.",
            "verify",
            "verify",
            ("folder", "sample", "seed", "threads", "color", "quiet"),
            "gradcalc verify slopes/",
        ),
        Command(
            "functions",
            "Every function of the language, with its derivative.",
            "functions",
            "functions",
            ("format", "out", "color"),
            "gradcalc functions",
            "functions",
        ),
        Command(
            "lesson",
            "The tutorial on backward(gradient), run on your machine, a key at a time.",
            "lesson",
            "lesson",
            ("lesson", "lang", "out", "color"),
            "gradcalc lesson backward",
        ),
        Command(
            "run",
            "Run a file of gradcalc commands, one a line, with a summary.",
            "run",
            "run",
            ("script", "examples", "format", "digits", "out", "color", "quiet"),
            "gradcalc run --examples",
        ),
    )
}
ALIASES = {"jac": "jacobian"}


def having(option: str) -> list[str]:
    """The commands that take an option such as ``--v``."""
    name = option.removeprefix("--").replace("-", "_")
    return [command.name for command in COMMANDS.values() if name in command.takes]


def build(name: str) -> Any:
    """The click command of this name, whose invocation returns (Options, outcome)."""
    command = COMMANDS[name]
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(
        name,
        help=f"{command.summary}\n\nExample: {command.example}",
        context_settings={"help_option_names": ["-h", "--help"]},
    )(_callback(command))
    return typer.main.get_command(app)


def _callback(command: Command) -> Callable[..., tuple[Options, Any]]:
    """A function with the options of the command as its parameters, for typer to read."""
    from gradcalc.cli.options import Options  # deferred: the list of commands needs none of them

    def callback(**given: Any) -> tuple[Options, Any]:
        options = Options(command=command.name, **given)
        return options, command.run(options)

    hints: dict[str, Any] = {}
    parameters = []
    for name in command.takes:
        row: Option = vars(Options)[name]
        declared = row.declared("|".join(command.formats({})) if name == "format" else "")
        hints[name] = Annotated[Options.__annotations__[name], declared]
        parameters.append(
            Parameter(name, Parameter.KEYWORD_ONLY, default=row.default, annotation=hints[name])
        )
    callback.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = hints
    return callback
