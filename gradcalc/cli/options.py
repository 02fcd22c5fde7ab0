"""Every option of every command, declared once.

A command takes some of the fields of ``Options`` (``gradcalc.cli.commands`` says which); the others
keep their defaults. Plain strings and lists: this module is all that ``--help`` needs to load.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Any

import typer

from gradcalc.batch import names as batch
from gradcalc.limits import MOST_TIMES, MOST_TRIALS
from gradcalc.linear.kinds import FACTS
from gradcalc.page.words import LANGUAGES
from gradcalc.render.formats import FORMATS, FORMATS_OF, SYNONYMS

METHODS = ("sympy", "arb", "mpmath", "differences", "none")
MODES = ("auto", "reverse", "forward")
KINKS = ("note", "error", "silent")
LESSONS = ("backward",)
CONVENTIONS = ("torch", "jax")
COLORS = ("auto", "always", "never")


def one_of(
    choices: Iterable[str], synonyms: Mapping[str, str] = MappingProxyType({})
) -> Callable[[str], str]:
    """A parser of a word that must be one of ``choices``."""
    words = tuple(choices)

    def choice(word: str) -> str:
        word = synonyms.get(word, word)
        if word in words:
            return word
        close = get_close_matches(word, words, 1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        raise typer.BadParameter(f"'{word}' is none of {', '.join(words)}{meant}")

    return choice


def some_of(choices: Iterable[str]) -> Callable[[str], str]:
    """A parser of a list with commas of such words."""
    one = one_of(choices)

    def chosen(text: str) -> str:
        return ",".join(one(word.strip()) for word in text.split(","))

    return chosen


def number(
    kind: Callable[[str], float], least: float, most: float, what: str
) -> Callable[[str], Any]:
    """A parser of a number within bounds; ``what`` says which numbers these are."""

    def within(word: str) -> float:
        try:
            value = kind(word)
        except (ValueError, OverflowError):
            value = least - 1
        if least <= value <= most:
            return value
        raise typer.BadParameter(f"'{word}' is not {what}")

    return within


def _count(word: str) -> int:
    """A whole number, as 1e6 too."""
    value = float(word)
    if value != int(value):
        raise ValueError
    return int(value)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Options:
    """What a command line said."""

    command: str = ""
    note: str = ""
    """What is to be said of the words themselves."""

    expr: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EXPR]",
            help="The expression, in quotes; with commas between outputs. '-' is stdin.",
            show_default=False,
        ),
    ] = None
    file: Annotated[
        str | None, typer.Option("--input", "-i", metavar="FILE", help="Read EXPR from a file.")
    ] = None
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POINT",
            help="The point: 2,3 in the order of the variables, x1=2,x2=pi/4 by name, or @FILE.",
            show_default=False,
        ),
    ] = None
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A constant: no column.", show_default=False),
    ] = None
    wrt: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="The variables, in this order: y,x."),
    ] = None
    outputs: Annotated[
        str | None, typer.Option(metavar="NAMES", help="The named values that are outputs: r,s.")
    ] = None
    v: Annotated[
        str | None,
        typer.Option("--v", metavar="VECTOR", help="The gradient vector of backward(v), or @FILE."),
    ] = None
    gradient: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VECTOR",
            help="The gradient of a call of backward; again for the next call.",
            show_default=False,
        ),
    ] = None
    retain_graph: Annotated[
        bool, typer.Option("--retain-graph", help="Keep the graph for the next call.")
    ] = False
    zero_grad: Annotated[
        bool, typer.Option("--zero-grad", help="Set .grad to None before each call.")
    ] = False
    steps: Annotated[
        bool, typer.Option("--steps", help="Name the rule of every step: product, quotient, chain.")
    ] = False
    lang: Annotated[
        str,
        typer.Option(
            parser=one_of(LANGUAGES), metavar="|".join(LANGUAGES), help="The language of the page."
        ),
    ] = "en"
    open: Annotated[bool, typer.Option("--open", help="Show the page in a browser.")] = False
    u: Annotated[
        str | None, typer.Option("--u", metavar="VECTOR", help="The direction, or @FILE.")
    ] = None
    claim: Annotated[
        str | None,
        typer.Option(
            metavar="JACOBIAN",
            help="A Jacobian to judge: '2*x1, 3; 2, 2*x2', numbers, a file, or - for stdin.",
        ),
    ] = None
    claim_from: Annotated[
        str | None,
        typer.Option(
            "--claim-from",
            metavar="COMMAND",
            help="A program that reads points, a line each, and prints a Jacobian for each.",
        ),
    ] = None
    jac: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION", help="A Python function to judge; it is imported and called."
        ),
    ] = None
    hessian: Annotated[
        bool, typer.Option("--hessian", help="The claim is about the second derivatives.")
    ] = False
    rtol: Annotated[
        float,
        typer.Option(
            metavar="R",
            parser=number(float, 0, 1, "a number from 0 to 1"),
            help="Let |claimed - true| <= A + R*|true| pass.",
        ),
    ] = 0.0
    atol: Annotated[
        float,
        typer.Option(
            metavar="A",
            parser=number(float, 0, 1e300, "a number from 0 on"),
            help="The same.",
        ),
    ] = 0.0
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, 1, 100_000, "a whole number from 1 to 100000"),
            help="Judge the claim at so many random points; 100 without --at.",
        ),
    ] = None
    seed: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=number(int, 0, 2**63, "a whole number from 0 on"),
            help="Which random points or draws.",
        ),
    ] = 0
    range: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOW,HIGH",
            help="Where the random points are: -2,2, or by name x=0..1,y=-pi..pi.",
            show_default=False,
        ),
    ] = None
    states: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="The states, whose derivatives the equations are: x,v."),
    ] = None
    inputs_: Annotated[
        str | None, typer.Option("--inputs", metavar="NAMES", help="The inputs: u.")
    ] = None
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR", help="What is measured: x, or y = x**2; all states by default."
        ),
    ] = None
    trim: Annotated[
        bool, typer.Option("--trim", help="Look for an equilibrium, from the point on.")
    ] = False
    order: Annotated[
        int,
        typer.Option(
            parser=number(int, 1, MOST_TIMES, f"a whole number from 1 to {MOST_TIMES}"),
            metavar="N",
            help="The derivative of order N, of one variable.",
        ),
    ] = 1
    over: Annotated[
        str | None,
        typer.Option(metavar="RANGES", help="What to draw over: x=-2..2, or x=-2..2,y=0..pi."),
    ] = None
    mode: Annotated[
        str,
        typer.Option(
            parser=one_of(MODES), metavar="|".join(MODES), help="Which sweeps make the matrix."
        ),
    ] = "auto"
    kinks: Annotated[
        str,
        typer.Option(
            parser=one_of(KINKS),
            metavar="|".join(KINKS),
            help="What to do where there is no derivative: say so, refuse, or say nothing.",
        ),
    ] = "note"
    convention: Annotated[
        str | None,
        typer.Option(
            "--as",
            parser=one_of(CONVENTIONS),
            metavar="|".join(CONVENTIONS),
            help="Whose slopes to take at kinks; without it, PyTorch's if it has any.",
        ),
    ] = None
    uncertainty: Annotated[
        bool,
        typer.Option(
            "--uncertainty", help="How the uncertainty of each input comes to each output."
        ),
    ] = False
    uncertainties: Annotated[
        list[str] | None,
        typer.Option(
            "--u",
            metavar="NAME=U",
            help="Uncertainties beside the point: x=0.1,y=5%,z=uniform(0.2), or @FILE.",
            show_default=False,
        ),
    ] = None
    cov: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The covariance of inputs: a header of names, a matrix."),
    ] = None
    corr: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B=R", help="The correlation of two inputs: x,y=0.3.", show_default=False
        ),
    ] = None
    dof: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N", help="Degrees of freedom of uncertainties: x=18.", show_default=False
        ),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Repeated observations, a column for each input: their means, with s/√n.",
        ),
    ] = None
    level: Annotated[
        float,
        typer.Option(
            metavar="PERCENT",
            parser=number(float, 1, 99.9999, "a percentage from 1 to 99.9999"),
            help="What intervals cover.",
            show_default=True,
        ),
    ] = 95.0
    significant: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=number(int, 1, 9, "a whole number from 1 to 9"),
            help="Digits of the uncertainty that count, and that the interval must stand to.",
            show_default=True,
        ),
    ] = 2
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the budget too; -o budget.svg draws it alone.")
    ] = False
    monte_carlo: Annotated[
        int | None,
        typer.Option(
            "--monte-carlo",
            metavar="N",
            parser=number(_count, 1000, MOST_TRIALS, "a number of trials, 1000 to 1e8"),
            help="Draw the inputs so many times (1e6) and see what comes out.",
        ),
    ] = None
    sparse: Annotated[
        bool,
        typer.Option("--sparse", help="Only the entries that can be nonzero, as coordinates."),
    ] = False
    show: Annotated[
        str | None,
        typer.Option(
            parser=some_of(FACTS),
            metavar=",".join(FACTS),
            help="Facts about the matrix beside it, one or more.",
        ),
    ] = None
    check: Annotated[
        str | None,
        typer.Option(
            parser=one_of(METHODS),
            metavar="|".join(METHODS),
            help="What the answer is compared with; sympy and Arb, mpmath where they leave a gap.",
        ),
    ] = None
    certify: Annotated[
        bool, typer.Option("--certify", help="How many digits of every entry are right.")
    ] = False
    formulas: Annotated[
        bool, typer.Option("--formulas", help="Formulas beside the numbers; without --at, always.")
    ] = False
    simplify: Annotated[
        bool, typer.Option("--simplify", help="Let sympy look for shorter formulas.")
    ] = False
    transpose: Annotated[
        bool, typer.Option("--transpose", help="Formulas with a row for each variable.")
    ] = False
    ascii: Annotated[
        bool, typer.Option("--ascii", help="Formulas as one types them: 2*x1, sqrt(x), x**2.")
    ] = False
    limits: Annotated[
        bool, typer.Option("--limits", help="At 0/0 and its kin the limit, if there is one.")
    ] = False
    precise: Annotated[
        bool, typer.Option("--precise", help="The true values, correctly rounded, from the check.")
    ] = False
    no_check: Annotated[bool, typer.Option("--no-check", help="The same as --check none.")] = False
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            parser=number(float, 0, 1e9, "a number of seconds"),
            help="How long the check may take.",
        ),
    ] = None
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            parser=one_of(FORMATS, SYNONYMS),
            metavar="FORMAT",
            help="How the answer is printed; GRADCALC_FORMAT sets the default.",
            show_default=True,
        ),
    ] = "table"
    digits: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, 1, 17, "a whole number from 1 to 17"),
            envvar="GRADCALC_DIGITS",
            show_envvar=True,
            help="Significant digits in tables; all of them by default.",
        ),
    ] = None
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the answer to a file."),
    ] = None
    color: Annotated[
        str,
        typer.Option(
            parser=one_of(COLORS),
            metavar="|".join(COLORS),
            envvar="GRADCALC_COLOR",
            show_envvar=True,
            help="Whether tables and errors have colour.",
        ),
    ] = "auto"
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="The answer alone: no notes, no verdict.")
    ] = False
    script: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", help="One gradcalc command a line; '-' is stdin.", show_default=False
        ),
    ] = None
    lesson: Annotated[
        str,
        typer.Argument(parser=one_of(LESSONS), metavar="|".join(LESSONS), help="Which lesson."),
    ] = "backward"
    examples: Annotated[
        bool, typer.Option("--examples", help="The examples that come with gradcalc.")
    ] = False
    points: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="The points, a row each under a header of names: a file, a folder, a pattern like "
            "'r*.csv', an address like s3://bucket/points/, or '-' for stdin; again for more.",
            show_default=False,
        ),
    ] = None
    map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="What a variable is called in the header: q1=joint_1, or 'x=x [m]'.",
            show_default=False,
        ),
    ] = None
    what: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help=f"What to compute of each row: one or more of {', '.join(batch.WHAT)}.",
            show_default=True,
        ),
    ] = "jacobian"
    input_format: Annotated[
        str | None,
        typer.Option(
            "--input-format",
            parser=one_of(batch.READ),
            metavar="|".join(batch.READ),
            help="What the input is; by its extension, or what is in it.",
        ),
    ] = None
    output_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            parser=one_of(dict.fromkeys((*batch.WRITTEN, *FORMATS_OF["a histogram"]))),
            metavar="|".join(batch.WRITTEN),
            help="What to write; by the extension of --out, or as the input. With --histogram: "
            f"{', '.join(FORMATS_OF['a histogram'])}.",
        ),
    ] = None
    histogram: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Instead of rows, how often the values of a column are where; again for more.",
            show_default=False,
        ),
    ] = None
    keep: Annotated[
        bool, typer.Option("--keep", help="Carry the columns of the input through.")
    ] = False
    on_error: Annotated[
        str,
        typer.Option(
            parser=one_of(batch.POLICIES),
            metavar="|".join(batch.POLICIES),
            help="A row that fails: write NaNs, leave it out, or end there.",
            show_default=True,
        ),
    ] = "nan"
    check_sample: Annotated[
        int,
        typer.Option(
            metavar="K",
            parser=number(int, 0, 100_000, "a whole number from 0 to 100000"),
            help="Check K random rows against sympy.",
        ),
    ] = 0
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Prove every row; a column says how many digits are right."),
    ] = False
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, 1, 1024, "a whole number from 1 to 1024"),
            help="How many threads compute, at most; as many as there are cores.",
        ),
    ] = None

    part_rows: Annotated[
        int | None,
        typer.Option(
            "--part-rows",
            metavar="N",
            parser=number(int, 1, 2**40, "a whole number from 1 on"),
            help="With --out FOLDER/: rows of Parquet in a part, about; 2 million by default.",
        ),
    ] = None
    restart: Annotated[
        bool, typer.Option("--restart", help="With --out FOLDER/: remove its parts, begin anew.")
    ] = False
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --out FOLDER/: compute on a Dask cluster, tcp://HOST:8786, or local[:N].",
        ),
    ] = None
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With --cluster: say where its page is.")
    ] = False
    reproducible: Annotated[
        bool,
        typer.Option(
            "--reproducible", help="The same bits on all processors of a kind; a little slower."
        ),
    ] = False
    folder: Annotated[
        str | None, typer.Argument(metavar="FOLDER", help="What batch --out FOLDER/ has written.")
    ] = None
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, 1, 2**40, "a whole number from 1 on"),
            help="So many parts, chosen at random; all by default.",
        ),
    ] = None

    @property
    def is_folder(self) -> bool:
        """Whether the output is a folder of parts."""
        return self.command == "batch" and self.out is not None and batch.is_folder(self.out)

    to: Annotated[
        str | None,
        typer.Option("--to", help="The language; by the extension of --out.", show_default=False),
    ] = None
    functions: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="WHAT",
            help="One or more of f, jacobian, gradient, hessian, vjp, jvp, hvp.",
            show_default=True,
        ),
    ] = "f,jacobian"
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What the function is called.", show_default=True)
    ] = "f"
    single: Annotated[bool, typer.Option("--float", help="Numbers of single precision.")] = False
    verify: Annotated[
        bool, typer.Option("--verify", help="Refuse to print what could not be run here.")
    ] = False

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


EXPRESSION = ("expr", "file")
POINT = ("at", "param", "wrt", "outputs")
CLAIM = ("claim", "claim_from", "jac", "hessian", "v", "rtol", "atol", "samples", "seed", "range")
BENDS = ("kinks", "convention")
SPREAD = ("uncertainties", "cov", "corr", "dof", "data", "input_format")
FORMULAS = ("formulas", "simplify", "transpose", "ascii")
CHECK = ("check", "no_check", "budget", "certify", "precise", "limits")
CODE = ("to", "functions", "name", "single", "sparse", "verify")
PRINTING = ("format", "digits", "out", "color", "quiet")
