"""Every option of every command, a row each.

A command takes some of the rows of ``Options`` (``gradcalc.cli.commands`` says which); the others
keep their defaults. Plain strings and lists: ``--help`` of a command loads nothing else.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Self

import typer

from gradcalc.batch import names as batch
from gradcalc.cli.values import Choice, count, number, one_of
from gradcalc.limits import MOST_TIMES, MOST_TRIALS
from gradcalc.render.formats import FORMATS, FORMATS_OF, SYNONYMS

METHODS = ("sympy", "arb", "mpmath", "differences", "none")
MODES = ("auto", "reverse", "forward")
KINKS = ("note", "error", "silent")
LESSONS = ("backward",)
CONVENTIONS = ("torch", "jax")
COLORS = ("auto", "always", "never")


def _facts() -> Choice:
    from gradcalc.linear.kinds import FACTS  # deferred: start-up

    return Choice(tuple(FACTS), several=True)


def _languages() -> Choice:
    from gradcalc.page.words import LANGUAGES  # deferred, as above

    return Choice(tuple(LANGUAGES))


def _targets() -> Choice:
    from gradcalc.code.languages import ALSO, LANGUAGES  # deferred, as above

    return Choice(tuple(LANGUAGES), ALSO)


class Option:
    """A row: what an option is called, what follows it, and what it is where it is not given.

    ``value`` is what ``--help`` shows for the value, or the words among which it chooses.
    """

    name: str
    """Of the field."""

    def __init__(
        self,
        value: str | Choice | Callable[[], Choice],
        help: str,
        *names: str,
        default: Any = None,
        parser: Callable[[str], Any] | None = None,
        envvar: str | None = None,
        is_argument: bool = False,
    ) -> None:
        self.help, self.names, self.default, self.is_argument = help, names, default, is_argument
        self._value, self._parser, self._envvar = value, parser, envvar

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if not self.is_argument and not self.names:
            self.names = (f"--{name.replace('_', '-')}",)

    @property
    def metavar(self) -> str:
        return str(self._value() if callable(self._value) else self._value)

    def declared(self, metavar: str = "") -> Any:
        """The row as typer has it; ``metavar`` where the command says more of the value."""
        value = self._value() if callable(self._value) else self._value
        said: dict[str, Any] = {
            "metavar": metavar or str(value) or None,
            "help": self.help,
            "parser": value.parser if isinstance(value, Choice) else self._parser,
            "show_default": self.default is not None,
        }
        if self.is_argument:
            return typer.Argument(**said)
        show = self._envvar is not None
        return typer.Option(*self.names, envvar=self._envvar, show_envvar=show, **said)


def option(*row: Any, **more: Any) -> Any:
    return Option(*row, **more)


def argument(*row: Any, **more: Any) -> Any:
    return Option(*row, is_argument=True, **more)


def flag(help: str, *names: str) -> Any:
    return Option("", help, *names, default=False)


class Options:
    """What a command line said."""

    def __init__(self, command: str = "", note: str = "", **given: Any) -> None:
        self.command = command
        self.note = note
        """What is to be said of the words themselves."""
        self.__dict__.update(self.defaults() | given)

    def but(self, **changes: Any) -> Self:
        """The same but for these."""
        return type(self)(**{**self.__dict__, **changes})

    # fmt: off
    expr: list[str] | None = argument("[EXPR]",
        "The expression, in quotes; with commas between outputs. '-' is stdin.")
    file: str | None = option("FILE", "Read EXPR from a file.", "--input", "-i")
    at: list[str] | None = option("POINT",
        "The point: 2,3 in the order of the variables, x1=2,x2=pi/4 by name, or @FILE.")
    param: list[str] | None = option("NAME=VALUE", "A constant: no column.")
    wrt: str | None = option("NAMES", "The variables, in this order: y,x.")
    outputs: str | None = option("NAMES", "The values that are outputs: r,s, or f1.")
    v: str | None = option("VECTOR", "The gradient vector of backward(v), or @FILE.")
    gradient: list[str] | None = option("VECTOR",
        "The gradient of a call of backward; again for the next call.")
    retain_graph: bool = flag("Keep the graph for the next call.")
    zero_grad: bool = flag("Set .grad to None before each call.")
    steps: bool = flag("Name the rule of every step: product, quotient, chain.")
    lang: str = option(_languages, "The language of the page.", default="en")
    open: bool = flag("Show the page in a browser.")
    u: str | None = option("VECTOR", "The direction, or @FILE.")
    claim: str | None = option("JACOBIAN",
        "A Jacobian to judge: '2*x1, 3; 2, 2*x2', numbers, a file, or - for stdin.")
    claim_from: str | None = option("COMMAND",
        "A program that reads points, a line each, and prints a Jacobian for each.")
    jac: str | None = option("MODULE:FUNCTION",
        "A Python function to judge; it is imported and called.")
    hessian: bool = flag("The claim is about the second derivatives.")
    rtol: float = option("R",
        "Let |claimed - true| <= A + R*|true| pass.",
        parser=number(float, 0, 1, "a number from 0 to 1"), default=0.0)
    atol: float = option("A", "The same.",
        parser=number(float, 0, 1e300, "a number from 0 on"), default=0.0)
    samples: int | None = option("N",
        "Judge the claim at so many random points; 100 without --at.",
        parser=number(int, 1, 100_000, "a whole number from 1 to 100000"))
    seed: int = option("N",
        "Which random points or draws.", parser=number(int, 0, 2**63, "a whole number from 0 on"),
        default=0)
    range: list[str] | None = option("LOW,HIGH",
        "Where the random points are: -2,2, or by name x=0..1,y=-pi..pi.")
    states: str | None = option("NAMES", "The states, whose derivatives the equations are: x,v.")
    inputs_: str | None = option("NAMES", "The inputs: u.", "--inputs")
    measure: str | None = option("EXPR", "What is measured: x, or y = x**2; all states by default.")
    trim: bool = flag("Look for an equilibrium, from the point on.")
    order: int = option("N",
        "The derivative of order N, of one variable.",
        parser=number(int, 1, MOST_TIMES, f"a whole number from 1 to {MOST_TIMES}"), default=1)
    over: str | None = option("RANGES", "What to draw over: x=-2..2, or x=-2..2,y=0..pi.")
    mode: str = option(Choice(MODES), "Which sweeps make the matrix.", default="auto")
    kinks: str = option(Choice(KINKS),
        "What to do where there is no derivative: say so, refuse, or say nothing.", default="note")
    convention: str | None = option(Choice(CONVENTIONS),
        "Whose slopes to take at kinks; without it, PyTorch's if it has any.", "--as")
    uncertainty: bool = flag("How the uncertainty of each input comes to each output.")
    uncertainties: list[str] | None = option("NAME=U",
        "Uncertainties beside the point: x=0.1,y=5%,z=uniform(0.2), or @FILE.", "--u")
    cov: str | None = option("FILE", "The covariance of inputs: a header of names, a matrix.")
    corr: list[str] | None = option("A,B=R", "The correlation of two inputs: x,y=0.3.")
    dof: list[str] | None = option("NAME=N", "Degrees of freedom of uncertainties: x=18.")
    data: str | None = option("FILE",
        "Repeated observations, a column for each input: their means, with s/√n.")
    level: float = option("PERCENT", "What intervals cover.",
        parser=number(float, 1, 99.9999, "a percentage from 1 to 99.9999"), default=95.0)
    significant: int = option("N",
        "Digits of the uncertainty that count, and that the interval must stand to.",
        parser=number(int, 1, 9, "a whole number from 1 to 9"), default=2)
    plot: bool = flag("Draw the budget too; -o budget.svg draws it alone.")
    monte_carlo: int | None = option("N",
        "Draw the inputs so many times (1e6) and see what comes out.",
        parser=number(count, 1000, MOST_TRIALS, "a number of trials, 1000 to 1e8"))
    sparse: bool = flag("Only the entries that can be nonzero, as coordinates.")
    show: str | None = option(_facts,
        "Facts about the matrix beside it, one or more.")
    check: str | None = option(Choice(METHODS),
        "What the answer is compared with; sympy and Arb, mpmath where they leave a gap.")
    certify: bool = flag("How many digits of every entry are right.")
    formulas: bool = flag("Formulas beside the numbers; without --at, always.")
    simplify: bool = flag("Let sympy look for shorter formulas.")
    transpose: bool = flag("Formulas with a row for each variable.")
    ascii: bool = flag("Formulas as one types them: 2*x1, sqrt(x), x**2.")
    limits: bool = flag("At 0/0 and its kin the limit, if there is one.")
    precise: bool = flag("The true values, correctly rounded, from the check.")
    no_check: bool = flag("The same as --check none.")
    budget: float | None = option("SECONDS",
        "How long the check may take.", parser=number(float, 0, 1e9, "a number of seconds"))
    format: str = option("FORMAT",
        "How the answer is printed; GRADCALC_FORMAT sets the default.", "--format", "-f",
        parser=one_of(FORMATS, SYNONYMS), default="table")
    digits: int | None = option("N",
        "Significant digits in tables; all of them by default.",
        parser=number(int, 1, 17, "a whole number from 1 to 17"), envvar="GRADCALC_DIGITS")
    out: str | None = option("FILE", "Write the answer to a file.", "--out", "-o")
    color: str = option(Choice(COLORS),
        "Whether tables and errors have colour.", default="auto", envvar="GRADCALC_COLOR")
    quiet: bool = flag("The answer alone: no notes, no verdict.", "--quiet", "-q")
    script: list[str] | None = argument("FILE", "One gradcalc command a line; '-' is stdin.")
    lesson: str = argument(Choice(LESSONS), "Which lesson.", default="backward")
    examples: bool = flag("The examples that come with gradcalc.")
    points: list[str] | None = option("FILE",
        "The points, a row each under a header of names: a file, a folder, a pattern like "
        "'r*.csv', an address like s3://bucket/points/, or '-' for stdin; again for more.")
    map: list[str] | None = option("NAME=COLUMN",
        "What a variable is called in the header: q1=joint_1, or 'x=x [m]'.")
    what: str = option("WHAT",
        f"What to compute of each row: one or more of {', '.join(batch.WHAT)}.",
        default="jacobian")
    input_format: str | None = option(Choice(tuple(batch.READ)),
        "What the input is; by its extension, or what is in it.")
    output_format: str | None = option("|".join(batch.WRITTEN),
        "What to write; by the extension of --out, or as the input. With --histogram: "
        f"{', '.join(FORMATS_OF['a histogram'])}.", "--format", "-f",
        parser=one_of(dict.fromkeys((*batch.WRITTEN, *FORMATS_OF["a histogram"]))))
    histogram: list[str] | None = option("COLUMN",
        "Instead of rows, how often the values of a column are where; again for more.")
    keep: bool = flag("Carry the columns of the input through.")
    on_error: str = option(Choice(batch.POLICIES),
        "A row that fails: write NaNs, leave it out, or end there.", default="nan")
    check_sample: int = option("K",
        "Check K random rows against sympy.",
        parser=number(int, 0, 100_000, "a whole number from 0 to 100000"), default=0)
    prove: bool = flag("Prove every row; a column says how many digits are right.")
    threads: int | None = option("N",
        "How many threads compute, at most; as many as there are cores.",
        parser=number(int, 1, 1024, "a whole number from 1 to 1024"))
    part_rows: int | None = option("N",
        "With --out FOLDER/: rows of Parquet in a part, about; 2 million by default.",
        parser=number(int, 1, 2**40, "a whole number from 1 on"))
    restart: bool = flag("With --out FOLDER/: remove its parts, begin anew.")
    cluster: str | None = option("ADDRESS",
        "With --out FOLDER/: compute on a Dask cluster, tcp://HOST:8786, or local[:N].")
    dashboard: bool = flag("With --cluster: say where its page is.")
    reproducible: bool = flag("The same bits on all processors of a kind; a little slower.")
    folder: str | None = argument("FOLDER", "What batch --out FOLDER/ has written.")
    sample: int | None = option("N",
        "So many parts, chosen at random; all by default.",
        parser=number(int, 1, 2**40, "a whole number from 1 on"))
    to: str | None = option(_targets, "The language; by the extension of --out.")
    functions: str = option("WHAT",
        "One or more of f, jacobian, gradient, hessian, vjp, jvp, hvp.", "--what",
        default="f,jacobian")
    name: str = option("NAME", "What the function is called.", default="f")
    single: bool = flag("Numbers of single precision.", "--float")
    verify: bool = flag("Refuse to print what could not be run here.")
    # fmt: on

    @classmethod
    def rows(cls) -> Iterator[Option]:
        return (row for row in vars(cls).values() if isinstance(row, Option))

    @classmethod
    @cache
    def defaults(cls) -> dict[str, Any]:
        return {row.name: row.default for row in cls.rows()}

    @property
    def is_folder(self) -> bool:
        """Whether the output is a folder of parts."""
        return self.command == "batch" and self.out is not None and batch.is_folder(self.out)

    @property
    def inputs(self) -> list[str]:
        """The files that are read, - for standard input."""
        files = [self.file, *(self.points or ()), self.claim, self.cov, self.data]
        files += self.script or ()
        values = [*(self.at or ()), *(self.param or ()), self.v, self.u, *(self.gradient or ())]
        values += self.uncertainties or ()
        files += [text[1:] for text in values if text and text.startswith("@")]
        dashes = ["-" for text in (*(self.expr or ()), *values) if text == "-"]
        return [name for name in files if name] + dashes
