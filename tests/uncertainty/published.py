"""Published uncertainty budgets, as command lines, with the figures as they were printed.

A figure agrees if ours is within half a unit of its last printed digit, and for one that comes of
draws within four standard errors more (the rule by which R's package ``propagate`` judges itself).
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from gradcalc.cli.app import main

TRIALS = 100_000


class Figure(NamedTuple):
    """A printed number: what of, the digits, and where ours stands in the JSON."""

    what: str
    printed: str
    path: tuple[str | int, ...]

    @property
    def drawn(self) -> bool:
        return self.path[0] == "monte_carlo"

    @property
    def half_a_unit(self) -> float:
        exponent = Decimal(self.printed).as_tuple().exponent
        assert isinstance(exponent, int)
        return 0.5 * 10.0**exponent

    def ours(self, record: Any) -> float:
        for key in self.path:
            record = record[key]
        return float(record)

    def room(self, record: Any, trials: int) -> float:
        """How far ours may be away."""
        if not self.drawn:
            return self.half_a_unit
        sampled, output = record["monte_carlo"], int(self.path[2])
        error = sampled["u"][output] / math.sqrt(trials)
        if self.path[1] == "interval":
            error = max(sampled["standard_error"][output])
        if self.path[1] == "shortest":  # where it lies is known to the cube root only (Grübel 1988)
            error = sampled["u"][output] / trials ** (1 / 3)
        return self.half_a_unit + 4 * error


class Example(NamedTuple):
    name: str
    source: str
    words: tuple[str, ...]
    exit: int
    figures: tuple[Figure, ...]
    stdin: str = ""

    def record(self, trials: int = TRIALS) -> tuple[Any, int]:
        """What the command prints, as JSON, and its exit code."""
        return _run(self, trials)


@cache
def _run(example: Example, trials: int) -> tuple[Any, int]:
    words = ["propagate", *example.words, "--format", "json", "--no-check"]
    if any(figure.drawn for figure in example.figures):
        words += ["--monte-carlo", str(trials)]
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(example.stdin.encode()))
    try:
        with contextlib.redirect_stdout(out):
            code = main(words)
    finally:
        sys.stdin = stdin
    out.seek(0)
    return json.loads(out.read()), code


def _value(printed: str, output: int = 0) -> Figure:
    return Figure("value", printed, ("value", output))


def _u(printed: str, output: int = 0) -> Figure:
    return Figure("u", printed, ("u", output))


def _second(printed: str, output: int = 0) -> Figure:
    return Figure("u, second order", printed, ("second_order", output, "u"))


def _drawn(mean: str, u: str, output: int = 0) -> tuple[Figure, Figure]:
    return (
        Figure("mean of draws", mean, ("monte_carlo", "mean", output)),
        Figure("u of draws", u, ("monte_carlo", "u", output)),
    )


def _ends(low: str, high: str, output: int = 0, kind: str = "interval") -> tuple[Figure, Figure]:
    return (
        Figure("95 % from", low, ("monte_carlo", kind, output, 0)),
        Figure("95 % to", high, ("monte_carlo", kind, output, 1)),
    )


def _r(printed: str, i: int, j: int) -> Figure:
    return Figure(f"r({i + 1}, {j + 1})", printed, ("correlation", i, j))


END_GAUGE = (
    "ls + d0+d1+d2 - ls*(dalpha*(thbar+Delta) + alpha*dtheta)",
    "--at", "ls=50000623(25), d0=215±5.8, d1=0±3.9, d2=0±6.7, dalpha=0±uniform(1e-6)",
    "--at", "thbar=-0.1±0.2, Delta=0±arcsine(0.5)",
    "--at", "alpha=11.5e-6±uniform(2e-6), dtheta=0±uniform(0.05)",
    "--dof", "ls=18,d0=24,d1=5,d2=8,dalpha=50,dtheta=2",
    "--level", "99",
)  # fmt: skip
IMPEDANCE = "V/I*cos(phi), V/I*sin(phi), V/I"
OBSERVED = """V,I,phi
5.007,0.019663,1.0456
4.994,0.019639,1.0438
5.005,0.019640,1.0468
4.990,0.019685,1.0428
4.999,0.019678,1.0433
"""
_ROWS = [tuple(map(float, row.split(","))) for row in OBSERVED.split()[1:]]
EVALUATED = "R,X,Z\n" + "".join(
    f"{V / A * math.cos(phi)!r},{V / A * math.sin(phi)!r},{V / A!r}\n" for V, A, phi in _ROWS
)
"""The second approach of H.2: the model at every row, and then the mean."""
TEMPERATURES = "21.521,22.012,22.512,23.003,23.507,23.999,24.513,25.002,25.503,26.010,26.511"
CORRECTIONS = "-0.171,-0.169,-0.166,-0.159,-0.164,-0.165,-0.156,-0.157,-0.159,-0.161,-0.160"
LINE = "d = t - 20; m = mean(d); slope = sum((d - m)*b)/sum((d - m)**2); y = mean(b) - slope*m;"
RESIDUAL = f"{LINE} sqrt(sum((b - y - slope*d)**2)/9)"
"""The standard deviation of the observations about the line, which is their uncertainty."""
KHP = "1000*(0.3888+gross-tare)*P/((8*C+5*H+4*O+K)*(18.64+c1+t1))"
KHP_AT = (
    "gross=0±uniform(0.15e-3),tare=0±uniform(0.15e-3),P=1±uniform(0.0005),"
    "C=12.0107±uniform(0.0008),H=1.00794±uniform(7e-5),O=15.9994±uniform(3e-4),"
    "K=39.0983±uniform(1e-4),c1=0±triangular(0.03),t1=0±{t1}"
)
MASS = (
    "(m+dm)*(1+(ra-1.2)*(1/rw-1/rr)) - 100000",
    "--at", "m=100000±0.05,dm=1.234±0.02",
    "--at", "ra=1.2±uniform(0.1),rw=8000±uniform(1000),rr=8000±uniform(50)",
)  # fmt: skip
SUM = ("a+b+c+d", "--at", "a=0,b=0,c=0,d=0", "--u")
_RECTANGLE = "uniform(sqrt(3))"

EXAMPLES = (
    Example(
        "end gauge", "JCGM 100, H.1", END_GAUGE, 1,
        (_value("50000838"), _u("32"), Figure("k (ν = 16)", "2.92", ("k", 0)), _second("34")),
    ),
    Example(
        "resistance, reactance, impedance", "JCGM 100, H.2",
        (IMPEDANCE, "--data", "-"), 0,
        (_value("127.732"), _u("0.071"), _value("219.847", 1), _value("254.260", 2),
         _u("0.236", 2), _r("-0.588", 0, 1), _r("-0.485", 0, 2), _r("0.993", 1, 2)),
        OBSERVED,
    ),
    Example(
        "the same, approach 2", "JCGM 100, H.2, Table H.4",
        ("R, X, Z", "--data", "-"), 0,
        (_value("127.732"), _u("0.071"), _value("219.847", 1), _u("0.295", 1),
         _value("254.260", 2), _u("0.236", 2), _r("-0.588", 0, 1), _r("-0.485", 0, 2),
         _r("0.993", 1, 2)),
        EVALUATED,
    ),
    Example(
        "the same from rounded inputs", "GUM Tree Calculator, documentation",
        (IMPEDANCE, "--at", "V=4.9990(32),I=0.0196610(95),phi=1.04446(75)",
         "--corr", "V,I=-0.36; V,phi=0.86; I,phi=-0.65"), 0,
        (_value("127.732"), _u("0.070"), _u("0.30", 1), _u("0.24", 2), _r("-0.59", 0, 1),
         _r("-0.49", 0, 2), _r("0.99", 1, 2)),
    ),
    Example(
        "calibration of a thermometer", "JCGM 100, H.3",
        (f"{LINE} y, slope, y + slope*(30 - 20)", "--param", f"t=[{TEMPERATURES}]",
         "--at", f"b=[{CORRECTIONS}]±0.00349756"), 0,
        (_value("-0.1712"), _u("0.0029"), _value("0.00218", 1), _u("0.00067", 1),
         _r("-0.930", 0, 1), _value("-0.1494", 2), _u("0.0041", 2)),
    ),
    Example(
        "cadmium standard", "Eurachem/CITAC QUAM, A1",
        ("1000*m*P/(V+Vr+VT)", "--at", "m=100.28±0.05,P=0.9999±uniform(0.0001)",
         "--at", "V=100±triangular(0.1),Vr=0±0.02,VT=0±uniform(0.084)"), 1,
        (_value("1002.7"), _u("0.835199")),
    ),
    Example(
        "sodium hydroxide", "Eurachem/CITAC QUAM, A2",
        (f"R*{KHP}", "--at", KHP_AT.format(t1="0.006"), "--at", "R=1±0.0005"), 0,
        (_value("0.10214"), _u("0.000100500722")),
    ),
    Example(
        "acid-base titration", "Eurachem/CITAC QUAM, A3",
        (f"R*{KHP}*(14.89+c2+t2)/(15+c3+t3)",
         "--at", KHP_AT.format(t1="uniform(15.96e-3)"),
         "--at", "R=1±0.001,c2=0±triangular(0.03),t2=0±uniform(12.6e-3)",
         "--at", "c3=0±triangular(0.02),t3=0±uniform(12.6e-3)"), 0,
        (_value("0.10139"), _u("0.0001843")),
    ),
    Example(
        "falling-ball viscometer", "NIST TN 1900, E3",
        ("mc*tm*(rb-rm)/(tc*(rb-rc))", "--at", "mc=4.63±1%,tm=61±10%,tc=36.6±15%",
         "--at", "rm=1180±0.5,rc=810±0.5,rb=2217±0.5"), 1,
        (_value("5.69"), *_drawn("5.82", "1.11"), *_ends("4.05", "8.39")),
    ),
    Example(
        "attenuator", "NIST TN 1900, E11",
        ("Ls+dLs+dLd+dLm+dLk+dLib-dLia+dL0b-dL0a",
         "--at", "Ls=30.0402(91),dLs=0.0030(25),dLd=0±0.0014,dLm=0±0.02",
         "--at", "dLk=0±0.0021,dLib=0±0.0003,dLia=0±0.0003,dL0b=0±0.002,dL0a=0±0.002"), 0,
        (_value("30.043"), _u("0.0224")),
    ),
    Example(
        "thermal expansion", "NIST TN 1900, E13",
        ("(L1-L0)/(L0*(T1-T0))", "--at", "L0=1.4999(1),T0=288.15(2),L1=1.5021(2),T1=373.10(5)"), 0,
        (_value("1.7266e-5"), _u("1.76e-6")),
    ),
    Example(
        "Stefan-Boltzmann constant", "NIST Uncertainty Machine manual, 10",
        ("32*pi**5*h*R**4*Rinf**4/(15*me**4*0.001**4*299792458**6*alpha**8)",
         "--at", "h=6.62606957(29)e-34,R=8.3144621(75),Rinf=10973731.568539(55)",
         "--at", "me=5.4857990946(22)e-4,alpha=7.2973525698(24)e-3"), 0,
        (_value("5.67037e-8"), _u("2.05e-13")),
    ),
    Example(
        "sum of four rectangles", "JCGM 101, 9.2.3",
        (*SUM, ",".join([_RECTANGLE] * 4), "--significant", "3"), 1,
        (_value("0.00"), _u("2.00"), *_ends("-3.88", "3.88")),
    ),
    Example(
        "one rectangle outweighs", "JCGM 101, 9.2.4",
        (*SUM, f"{','.join([_RECTANGLE] * 3)},uniform(10*sqrt(3))"), 1,
        (_u("10.1"), *_ends("-17.0", "17.0")),
    ),
    Example(
        "mass calibration", "JCGM 101, 9.3", MASS, 1,
        (_value("1.2340"), _u("0.0539"), _second("0.0750"), *_drawn("1.2341", "0.0754"),
         *_ends("1.0834", "1.3825", kind="shortest")),
    ),
    *(
        Example(
            f"comparison loss, x1 = {x1}", "JCGM 101, 9.4",
            ("x1^2 + x2^2", "--at", f"x1={x1}±0.005,x2=0±0.005"), 1,
            (Figure("mean, second order", mean, ("second_order", 0, "mean")),
             _second(u), *_drawn(mean, u)),
        )
        for x1, mean, u in (("0", "50e-6", "50e-6"), ("0.010", "150e-6", "112e-6"),
                            ("0.050", "2550e-6", "502e-6"))
    ),
    Example(
        "magnitude and phase", "JCGM 102, 9.2",
        ("sqrt(re^2+im^2), atan2(im, re)", "--at", "re=0.001±0.010,im=0±0.010"), 1,
        (_u("0.010"), _u("10.000", 1), *_drawn("0.013", "0.007"),
         Figure("u of draws", "1.744", ("monte_carlo", "u", 1))),
    ),
    Example(
        "logarithm of a rectangle", "NPL DEM-ES-011, 9.2",
        ("log(x)", "--at", "x=0.6±uniform(0.5)"), 1,
        (_value("-0.511"), _u("0.481"), *_drawn("-0.665", "0.606"),
         *_ends("-1.895", "0.095", kind="shortest")),
    ),
    Example(
        "X-ray fluorescence", "ENGR224",
        ("X1/X2*Yu", "--at", "X1=0.1820±0.00093,X2=0.1823±0.00058,Yu=0.6978±0.0026",
         "--dof", "X1=9,X2=19,Yu=19"), 0,
        (_value("0.6967"), _u("0.00493"), Figure("U, 95 %", "0.0101", ("expanded", 0))),
    ),
)  # fmt: skip


def table_rows() -> Iterator[str]:
    """The rows of the table in docs/uncertainty.md."""
    for example in EXAMPLES:
        record, _ = example.record()
        printed = ", ".join(f"{figure.what} {figure.printed}" for figure in example.figures)
        ours = ", ".join(_as_printed(figure, record) for figure in example.figures)
        yield f"| {example.name} | {example.source} | {printed} | {ours} |"


def _as_printed(figure: Figure, record: Any) -> str:
    """Ours with two digits more than were printed; of draws, as many."""
    places = Decimal(figure.printed).as_tuple()
    assert isinstance(places.exponent, int)
    unit = Decimal(1).scaleb(places.exponent - (0 if figure.drawn else 2))
    number = Decimal(figure.ours(record)).quantize(unit)
    return f"{number:f}" if places.exponent > -7 else f"{number:e}"
