"""Uncertainty budgets beside packages made for them: right answers counted, and time per row."""

from __future__ import annotations

import contextlib
import io
import json
import math
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import gradcalc
from benchmarks.measure import installed, module, process
from benchmarks.report import Section, Target, seconds
from gradcalc.cli.app import main

ROWS = 1_000_000
FILES = (1_000_000, 10_000_000)
"""Rows of the files whose memory is compared."""
TRIALS = 1_000_000
MOST_SECONDS = 10
"""Of processor time, for one answer."""
NORMAL, UNIFORM, TRIANGULAR, ARCSINE = "normal", "uniform", "triangular", "arcsine"
RATIO = {NORMAL: 1.0, UNIFORM: 3**-0.5, TRIANGULAR: 6**-0.5, ARCSINE: 2**-0.5}


class Input(NamedTuple):
    """``width`` is u, or the half-width of a bounded distribution."""

    value: float
    width: float
    shape: str = NORMAL

    @property
    def u(self) -> float:
        return self.width * RATIO[self.shape]

    def __str__(self) -> str:
        spread = f"{self.width!r}" if self.shape == NORMAL else f"{self.shape}({self.width!r})"
        return f"{self.value!r}±{spread}"


class Problem(NamedTuple):
    """A model twice: as text, and as a function of a namespace of mathematics and of the inputs.
    ``right`` are the published means and uncertainties of the outputs, by draws where those differ
    from the linear ones."""

    name: str
    text: str
    model: Callable[[Any, Any], Sequence[Any]]
    inputs: dict[str, Input]
    right: tuple[tuple[str, str], ...]
    correlations: dict[tuple[str, str], float] = {}  # noqa: RUF012  (never changed)


def _named(model: Callable[..., Sequence[Any]]) -> Callable[[Any, Any], Sequence[Any]]:
    return lambda m, x: model(m, **x)


I_ = Input
PROBLEMS = (
    Problem(
        "JCGM 100, H.1", "ls + d0+d1+d2 - ls*(dalpha*(thbar+Delta) + alpha*dtheta)",
        _named(lambda m, ls, d0, d1, d2, dalpha, thbar, Delta, alpha, dtheta: [
            ls + d0 + d1 + d2 - ls * (dalpha * (thbar + Delta) + alpha * dtheta)]),
        {"ls": I_(50000623, 25), "d0": I_(215, 5.8), "d1": I_(0, 3.9), "d2": I_(0, 6.7),
         "dalpha": I_(0, 1e-6, UNIFORM), "thbar": I_(-0.1, 0.2), "Delta": I_(0, 0.5, ARCSINE),
         "alpha": I_(11.5e-6, 2e-6, UNIFORM), "dtheta": I_(0, 0.05, UNIFORM)},
        (("50000838", "34"),),
    ),
    Problem(
        "JCGM 100, H.2", "V/A*cos(phi), V/A*sin(phi), V/A",
        _named(lambda m, V, A, phi: [V / A * m.cos(phi), V / A * m.sin(phi), V / A]),
        {"V": I_(4.999, 0.0032), "A": I_(0.019661, 9.5e-6), "phi": I_(1.04446, 0.00075)},
        (("127.732", "0.070"), ("219.85", "0.30"), ("254.26", "0.24")),
        {("V", "A"): -0.36, ("V", "phi"): 0.86, ("A", "phi"): -0.65},
    ),
    Problem(
        "QUAM A1", "1000*m_*P/(V+Vr+VT)",
        _named(lambda m, m_, P, V, Vr, VT: [1000 * m_ * P / (V + Vr + VT)]),
        {"m_": I_(100.28, 0.05), "P": I_(0.9999, 1e-4, UNIFORM), "V": I_(100, 0.1, TRIANGULAR),
         "Vr": I_(0, 0.02), "VT": I_(0, 0.084, UNIFORM)},
        (("1002.7", "0.835"),),
    ),
    Problem(
        "TN 1900, E3", "mc*tm*(rb-rm)/(tc*(rb-rc))",
        _named(lambda m, mc, tm, rb, rm, tc, rc: [mc * tm * (rb - rm) / (tc * (rb - rc))]),
        {"mc": I_(4.63, 0.0463), "tm": I_(61, 6.1), "rm": I_(1180, 0.5), "rc": I_(810, 0.5),
         "tc": I_(36.6, 5.49), "rb": I_(2217, 0.5)},
        (("5.82", "1.11"),),
    ),
    Problem(
        "TN 1900, E13", "(L1-L0)/(L0*(T1-T0))",
        _named(lambda m, L0, L1, T0, T1: [(L1 - L0) / (L0 * (T1 - T0))]),
        {"L0": I_(1.4999, 1e-4), "T0": I_(288.15, 0.02), "L1": I_(1.5021, 2e-4),
         "T1": I_(373.1, 0.05)},
        (("1.7266e-5", "1.76e-6"),),
    ),
    Problem(
        "NIST UM 10",
        "32*pi**5*h*R**4*Rinf**4/(15*me**4*0.001**4*299792458**6*alpha**8)",
        _named(lambda m, h, R, Rinf, me, alpha: [
            32 * math.pi**5 * h * R**4 * Rinf**4
            / (15 * me**4 * 0.001**4 * 299792458.0**6 * alpha**8)]),
        {"h": I_(6.62606957e-34, 2.9e-41), "R": I_(8.3144621, 7.5e-6),
         "Rinf": I_(10973731.568539, 5.5e-5), "me": I_(5.4857990946e-4, 2.2e-13),
         "alpha": I_(7.2973525698e-3, 2.4e-12)},
        (("5.67037e-8", "2.05e-13"),),
    ),
    Problem(
        "JCGM 101, 9.3", "(m_+dm)*(1+(ra-1.2)*(1/rw-1/rr)) - 100000",
        _named(lambda m, m_, dm, ra, rw, rr: [
            (m_ + dm) * (1 + (ra - 1.2) * (1 / rw - 1 / rr)) - 100000]),
        {"m_": I_(100000, 0.05), "dm": I_(1.234, 0.02), "ra": I_(1.2, 0.1, UNIFORM),
         "rw": I_(8000, 1000, UNIFORM), "rr": I_(8000, 50, UNIFORM)},
        (("1.234", "0.0754"),),
    ),
    *(
        Problem(
            f"JCGM 101, 9.4, x1 = {x1}", "x1**2 + x2**2",
            _named(lambda m, x1, x2: [x1**2 + x2**2]),
            {"x1": I_(float(x1), 0.005), "x2": I_(0.0, 0.005)},
            ((mean, u),),
        )
        for x1, mean, u in (("0", "50e-6", "50e-6"), ("0.01", "150e-6", "112e-6"),
                            ("0.05", "2550e-6", "502e-6"))
    ),
    Problem(
        "JCGM 102, 9.2", "sqrt(re**2+im**2), atan2(im,re)",
        _named(lambda m, re, im: [m.sqrt(re**2 + im**2), _atan2(m)(im, re)]),
        {"re": I_(0.001, 0.01), "im": I_(0.0, 0.01)},
        (("0.013", "0.007"), ("0.00", "1.744")),
    ),
    Problem(
        "NPL DEM-ES-011, 9.2", "log(x)", _named(lambda m, x: [m.log(x)]),
        {"x": I_(0.6, 0.5, UNIFORM)},
        (("-0.665", "0.606"),),
    ),
)  # fmt: skip


def _atan2(m: Any) -> Any:
    return getattr(m, "atan2", None) or m.arctan2


# --- the packages: each makes a list of (mean, u) of a problem ------------------------------------

Answers = list[tuple[float, float]]


class Told(NamedTuple):
    """Answers that come with a warning: the tool says that its linear result does not hold."""

    answers: Answers


def _covariance(problem: Problem) -> np.ndarray[Any, Any]:
    names = list(problem.inputs)
    u = np.array([i.u for i in problem.inputs.values()])
    R = np.eye(len(names))
    for (a, b), r in problem.correlations.items():
        R[names.index(a), names.index(b)] = R[names.index(b), names.index(a)] = r
    return R * np.outer(u, u)


def _ours(problem: Problem, *words: str) -> Answers | Told:
    at = ",".join(f"{name}={value}" for name, value in problem.inputs.items())
    corr = [f"{a},{b}={r}" for (a, b), r in problem.correlations.items()]
    line = ["propagate", problem.text, "--at", at, "-f", "json", "--no-check", "-q", *words]
    line += [word for pair in corr for word in ("--corr", pair)]
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(out):
        warned = main(line) != 0
    out.seek(0)
    record = json.loads(out.read())
    linear = zip(record["value"], record["u"], strict=True)
    answers = [
        (one["value"], one["u"]) if one else pair
        for one, pair in zip(record["best"], linear, strict=True)
    ]
    return Told(answers) if warned else answers


def _with_draws(problem: Problem) -> Answers | Told:
    return _ours(problem, "--monte-carlo", str(TRIALS))


def _uncertainties(problem: Problem) -> Answers:
    package, umath = module("uncertainties"), module("uncertainties.umath")
    values = [i.value for i in problem.inputs.values()]
    numbers = package.correlated_values(values, _covariance(problem))
    found = problem.model(umath, dict(zip(problem.inputs, numbers, strict=True)))
    return [(f.nominal_value, f.std_dev) for f in found]


def _jacobi(problem: Problem) -> Answers:
    package, names = module("jacobi"), list(problem.inputs)

    def model(x: Any) -> Any:
        return np.array(problem.model(np, dict(zip(names, x, strict=True))))

    values = [i.value for i in problem.inputs.values()]
    mean, cov = package.propagate(model, values, _covariance(problem))
    return [(float(f), float(c) ** 0.5) for f, c in zip(mean, np.diag(cov), strict=True)]


class _FromGTC:
    """GTC's names of functions."""

    def __getattr__(self, name: str) -> Any:
        return getattr(module("GTC"), {"arctan2": "atan2"}.get(name, name))


def _gtc(problem: Problem) -> Answers:
    package = module("GTC")
    numbers = {name: package.ureal(i.value, i.u, independent=False)
               for name, i in problem.inputs.items()}  # fmt: skip
    for (a, b), r in problem.correlations.items():
        package.set_correlation(r, numbers[a], numbers[b])
    return [(f.x, f.u) for f in problem.model(_FromGTC(), numbers)]


def _gummies(problem: Problem) -> dict[str, Any]:
    package, names = module("metrolopy"), list(problem.inputs)
    if problem.correlations:
        C = _covariance(problem)
        u = np.sqrt(np.diag(C))
        made = package.gummy.create([i.value for i in problem.inputs.values()], u=list(u),
                                    correlation_matrix=C / np.outer(u, u))  # fmt: skip
        return dict(zip(names, made, strict=True))
    kinds = {
        NORMAL: lambda i: package.gummy(i.value, i.width),
        UNIFORM: lambda i: package.gummy(package.UniformDist(center=i.value, half_width=i.width)),
        TRIANGULAR: lambda i: package.gummy(
            package.TriangularDist(mode=i.value, half_width=i.width)
        ),
        ARCSINE: lambda i: package.gummy(package.ArcSinDist(center=i.value, half_width=i.width)),
    }
    return {name: kinds[i.shape](i) for name, i in problem.inputs.items()}


def _metrolopy(problem: Problem) -> Answers:
    return [(float(f.x), float(f.u)) for f in problem.model(module("metrolopy"), _gummies(problem))]


def _metrolopy_draws(problem: Problem) -> Answers:
    package = module("metrolopy")
    found = list(problem.model(package, _gummies(problem)))
    package.gummy.simulate(found, n=TRIALS)
    return [(float(f.xsim), float(f.usim)) for f in found]


def _soerp(problem: Problem) -> Answers:
    if problem.correlations:
        raise NotImplementedError("no correlations")
    package, umath = module("soerp"), module("soerp.umath")
    numbers = {name: package.N(i.value, i.u) for name, i in problem.inputs.items()}
    found = problem.model(umath, numbers)
    return [(float(f.mean), float(f.std)) for f in found]


TOOLS: dict[str, tuple[str, Callable[[Problem], Answers | Told]]] = {
    "gradcalc": ("", _ours),
    "gradcalc --monte-carlo 1e6": ("", _with_draws),
    "uncertainties": ("uncertainties", _uncertainties),
    "jacobi": ("jacobi", _jacobi),
    "GTC": ("GTC", _gtc),
    "metrolopy": ("metrolopy", _metrolopy),
    "metrolopy, 10⁶ draws": ("metrolopy", _metrolopy_draws),
    "soerp (second order)": ("soerp", _soerp),
}


def _is_right(answers: Answers, problem: Problem, drawn: bool) -> bool:
    """Every mean and uncertainty as printed, half a unit of the last digit allowed; of draws four
    of their standard errors more."""
    for (mean, u), (printed_mean, printed_u) in zip(answers, problem.right, strict=True):
        error = 4 * u / TRIALS**0.5 if drawn else 0.0
        if abs(mean - float(printed_mean)) > _half(printed_mean) + error:
            return False
        if not abs(u - float(printed_u)) <= _half(printed_u) + error:
            return False
    return True


def _half(printed: str) -> float:
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5000001 * 10.0**exponent


def _outcome(tool: Callable[[Problem], Answers | Told], problem: Problem, drawn: bool) -> str:
    """Right, or what was said instead; in a process of its own, for one of them never ends."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(
        target=_say, args=(tool, problem, drawn, there)
    )
    child.start()
    there.close()
    try:
        said: str = here.recv()
    except EOFError:
        said = "– (no end)"
    child.join()
    return said


def _say(
    tool: Callable[[Problem], Answers | Told], problem: Problem, drawn: bool, pipe: Any
) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = tool(problem)
    except Exception as error:
        pipe.send(f"– ({type(error).__name__})")
        return
    answers = found.answers if isinstance(found, Told) else found
    told = ", ".join(f"{mean:.5g} ± {u:.3g}" for mean, u in answers)
    if _is_right(answers, problem, drawn):
        pipe.send("right")
    else:
        pipe.send(f"warned: {told}" if isinstance(found, Told) else f"**{told}**")


def _count(section: Section) -> int:
    tools = {name: tool for name, (package, tool) in TOOLS.items()
             if not package or installed(package)}  # fmt: skip
    outcomes = {
        name: [_outcome(tool, problem, "1e6" in name or "10⁶" in name) for problem in PROBLEMS]
        for name, tool in tools.items()
    }
    section.say(
        "Published budgets, each with the mean and the uncertainty that its source ends with (by "
        "draws, where it says that the linear ones do not hold): right to the printed digits, "
        "**wrong and not a word about it**, or with a warning that the linear answer does not hold."
    )
    section.table(
        ["", *tools],
        [[p.name, *(outcomes[name][k] for name in tools)] for k, p in enumerate(PROBLEMS)],
    )
    section.table(
        ["of " + str(len(PROBLEMS)), *tools],
        [[word, *(str(sum(o.startswith(mark) for o in outcomes[name])) for name in tools)]
         for word, mark in (("right", "right"), ("not right, and says so", "warned"),
                            ("wrong in silence", "**"), ("cannot", "–"))],
    )  # fmt: skip
    ours = [*outcomes["gradcalc"], *outcomes["gradcalc --monte-carlo 1e6"]]
    return sum(outcome.startswith("**") for outcome in ours)


# --- time -----------------------------------------------------------------------------------------

TEXT, ORDER = "V/I*cos(phi)", ["V", "I", "phi"]


def _points(rows: int) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    x = random.uniform([4.0, 0.01, 0.5], [6.0, 0.03, 1.2], (rows, 3))
    return x, x * 1e-3


def _row_by_row() -> dict[str, tuple[int, Callable[[], Any]]]:
    """The loops of the packages, over as many rows as they do in a moment."""
    found: dict[str, tuple[int, Callable[[], Any]]] = {}
    x, u = (a.tolist() for a in _points(200))
    rows = list(zip(x, u, strict=True))
    if installed("uncertainties"):
        ufloat, cos = module("uncertainties").ufloat, module("uncertainties.umath").cos

        def by_uncertainties() -> list[float]:
            numbers = ([ufloat(a, b) for a, b in zip(*row, strict=True)] for row in rows)
            return [(V / A * cos(phi)).std_dev for V, A, phi in numbers]

        found["uncertainties"] = 200, by_uncertainties
    if installed("GTC"):
        ureal, gtc_cos = module("GTC").ureal, module("GTC").cos

        def by_gtc() -> list[float]:
            numbers = ([ureal(a, b) for a, b in zip(*row, strict=True)] for row in rows)
            return [(V / A * gtc_cos(phi)).u for V, A, phi in numbers]

        found["GTC"] = 200, by_gtc
    if installed("metrolopy"):
        gummy, gummy_cos = module("metrolopy").gummy, module("metrolopy").cos

        def by_metrolopy() -> list[float]:
            numbers = ([gummy(a, b) for a, b in zip(*row, strict=True)] for row in rows)
            return [float((V / A * gummy_cos(phi)).u) for V, A, phi in numbers]

        found["metrolopy"] = 200, by_metrolopy
    if installed("jacobi"):
        propagate = module("jacobi").propagate

        def by_jacobi() -> list[float]:
            return [float(propagate(lambda p: p[0] / p[1] * np.cos(p[2]), a, np.array(b) ** 2)[1])
                    for a, b in rows[:20]]  # fmt: skip

        found["jacobi"] = 20, by_jacobi
    return found


def _processor(functions: dict[str, Callable[[], Any]], rounds: int = 5) -> dict[str, float]:
    """Median seconds of processor time, which others at work leave alone. They take turns."""
    found: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds + 1):  # the first warms up
        for name, function in functions.items():
            start = time.process_time()
            function()
            found[name].append(time.process_time() - start)
    return {name: statistics.median(times[1:]) for name, times in found.items()}


def _times(section: Section) -> float:
    p = gradcalc.compile(TEXT, wrt=ORDER)
    x, u = _points(ROWS)
    loops = _row_by_row()
    turns: dict[str, Callable[[], Any]] = {"gradcalc": lambda: p.propagate(x, u=u, threads=1)}
    took = _processor(turns | {name: loop for name, (_, loop) in loops.items()})
    each = {"gradcalc": took["gradcalc"] / ROWS}
    each |= {name: took[name] / count for name, (count, _) in loops.items()}
    section.say(
        f"`{TEXT}`, independent uncertainties, processor time; {ROWS:,} rows at once on one "
        "thread, the packages row by row:"
    )
    section.table(["", *each], [
        ["a row", *(seconds(one) for one in each.values())],
        ["of gradcalc", *(f"{one / each['gradcalc']:,.0f} ×" for one in each.values())],
    ])  # fmt: skip
    return each["gradcalc"] * 1e6


def _memory(section: Section) -> float:
    """Peak memory of ``batch --what propagate`` over files of 10⁶ and 10⁷ rows."""
    block = "".join(f"{','.join(map(repr, row))}\n" for row in np.hstack(_points(100_000)).tolist())
    peaks, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for count in FILES:
            path = Path(folder) / "rows.csv"
            with path.open("w") as file:
                file.write("V,I,phi,u_V,u_I,u_phi\n")
                for _ in range(count // 100_000):
                    file.write(block)
            out = str(Path(folder) / "out.csv")
            words = ["batch", TEXT, "--points", str(path), "--what", "eval,propagate", "-o", out]
            before = _children()
            run = process([sys.executable, "-m", "gradcalc", *words])
            assert run.code == 0
            took = _children() - before
            peaks.append(run.megabytes)
            rows.append([f"{count:,} rows", f"{took:.3g} s", f"{run.megabytes:.0f} MB"])
    section.say("`batch --what eval,propagate`, CSV to CSV, a whole process:")
    section.table(["", "processor time", "peak memory"], rows)
    return peaks[1] / peaks[0]


def _children() -> float:
    """Seconds of processor time of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def suite() -> str:
    section = Section(
        "uncertainty", "Uncertainty budgets, side by side",
        ["uncertainties", "jacobi", "metrolopy", "GTC", "soerp"],
    )  # fmt: skip
    silent = _count(section)
    row = _times(section)
    growth = _memory(section)
    section.targets = [
        Target("wrong answers of gradcalc that it says nothing about", 0, silent),
        Target(f"a row of `{TEXT}`", 0.3, row, " µs"),
        Target("memory of 10⁷ rows, of that of 10⁶", 1.2, growth, " ×"),
    ]
    return section.text()
