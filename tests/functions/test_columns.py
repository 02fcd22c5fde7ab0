"""What a row says of its function beside its slopes is true; a row that says something wrong fails.

Each law is a function of one row. It is asked of every row, and of a planted wrong one.
"""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.calculus import rules
from gradcalc.check.digits.jumps import jumps_at
from gradcalc.functions.digits import context
from gradcalc.functions.primitives import FUNCTIONS, OPERANDS, TABLE
from gradcalc.functions.row import Primitive
from gradcalc.functions.sines import sin

ROWS = [primitive for primitive in TABLE if primitive.arity]
ROW = {primitive.name: primitive for primitive in ROWS}
HALVES = [k / 2 for k in range(-6, 7)]

Law = Callable[[Primitive], bool]


def drawn(primitive: Primitive, count: int = 3000) -> Any:
    """Operands of all sizes and signs."""
    rng = np.random.default_rng(primitive.code + 1)
    shape = (primitive.arity, count)
    return rng.choice([-1.0, 1.0], shape) * 10 ** rng.uniform(-300, 300, shape)


def of(function: Callable[..., Any], *operands: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.asarray(function(*map(np.asarray, operands)), float)


# --- the laws -------------------------------------------------------------------------------------


def tame_is_quick_on_huge_numbers(row: Primitive) -> bool:
    mp = context()
    huge = [mp.ldexp(3, 700_000), mp.ldexp(-5, -700_000), mp.ldexp(7, 1)]
    start = time.process_time()
    for operands in (huge[: row.arity], huge[::-1][: row.arity]):
        row.mpmath(*map(abs, operands))
    return time.process_time() - start < 0.03  # with gmpy2 as many digits of pi take 0.06


def arithmetic_is_exact_alike(row: Primitive) -> bool:
    rng = np.random.default_rng(0)
    floats = rng.normal(size=(500, row.arity)) * 10.0 ** rng.integers(-100, 100, (500, row.arity))
    same = all(row.mpmath(*x) == row.numpy(*map(np.float64, x)) for x in floats.tolist())
    exact = row.mpmath(*[Fraction(1, 3), Fraction(2, 7)][: row.arity])
    return same and isinstance(exact, Fraction)


def scalar_is_as_accurate(row: Primitive) -> bool:
    assert row.scalar is not None
    mp = context()
    x = np.random.default_rng(0).uniform(0.01, 20, 400)
    with mp.workprec(120):
        truth = [row.mpmath(mp.mpf(number)) for number in x.tolist()]
        ours, numpys = (
            max(abs(mp.mpf(y) - t) / abs(t) for y, t in zip(found, truth, strict=True))
            for found in (map(row.scalar, x.tolist()), row.numpy(x).tolist())
        )
    return bool(ours <= 2 * max(numpys, 2.0**-53))


def quick_is_as_accurate(row: Primitive) -> bool:
    x = np.random.default_rng(0).uniform(-1e6, 1e6, 5000)
    quick = row.quick.resolve() if hasattr(row.quick, "resolve") else row.quick
    return bool((abs(quick(x) - row.numpy(x)) <= 8 * np.spacing(abs(row.numpy(x)))).all())


def tells_where_it_is_undefined(row: Primitive) -> bool:
    """Where the value is NaN although its operands are numbers, some slope is not finite."""
    if row.selects or any(partial in (None, "0") for partial in row.partials):
        return False
    operands = np.array(list(product([-2.0, -1.0, 0.0, 0.5, 3.0], repeat=row.arity))).T
    out = of(row.numpy, *operands)
    every = range(row.arity)
    with np.errstate(all="ignore"):
        slopes = rules.evaluate(rules.rule(row), list(operands), out, every)
    found = [np.broadcast_to(slope, out.shape) for slope in slopes]
    return not (np.isnan(out) & np.isfinite(found).all(axis=0)).any()


def steep_has_no_double_at_its_poles(row: Primitive) -> bool:
    halves = (np.arange(100_000) + 0.5) * np.pi
    near = np.concatenate([np.nextafter(halves, 0), halves, np.nextafter(halves, np.inf)])
    return bool(abs(of(row.numpy, near)).max() < 1e30)


def chains_to_the_same_from_either_side(row: Primitive) -> bool:
    f, (a, b, c) = row.numpy, (3.0, 4.0, 12.0)
    return bool(np.isclose(f(f(a, b), c), f(a, f(b, c)), rtol=1e-14))


def logical_is_a_word_on_conditions(row: Primitive) -> bool:
    flags = product((0.0, 1.0), repeat=row.arity)
    return row.boolean and row.symbol.isalpha() and all(row.numpy(*f) in (0, 1) for f in flags)


def jumps_where_its_sides_differ(row: Primitive) -> bool:
    """At whole and half numbers: the sides are looked at in doubles, ``jumps_at`` in mpmath."""
    mp = context()
    for operands in product(HALVES, repeat=row.arity):
        moved = [
            of(row.numpy, *operands[:k], x + step, *operands[k + 1 :])
            for k, x in enumerate(operands)
            for step in (1e-9, -1e-9)
        ]
        with np.errstate(all="ignore"):
            rise = np.array(moved) - of(row.numpy, *operands)
        differs = bool((abs(rise[np.isfinite(rise)]) > 1e-3).any())
        if differs != jumps_at(row, tuple(map(mp.mpf, operands))):
            return False
    return True


def replace(row: Primitive, **columns: Any) -> Primitive:
    """The row with other ``columns``."""
    known = {key: value for key, value in vars(row).items() if key in Primitive.__annotations__}
    return Primitive(**known | columns)


COLUMNS: dict[Law, tuple[Callable[[Primitive], Any], Primitive]] = {
    tame_is_quick_on_huge_numbers: (
        lambda row: row.tame or row.boolean,
        replace(ROW["sin"], tame=True),
    ),
    arithmetic_is_exact_alike: (
        lambda row: row.arithmetic,
        replace(ROW["div"], mpmath_forward=lambda x, y: x * (1 / y)),
    ),
    scalar_is_as_accurate: (
        lambda row: row.scalar is not None,
        replace(ROW["sin"], scalar=lambda x: math.sin(x) * (1 + 1e-14)),
    ),
    quick_is_as_accurate: (
        lambda row: row.quick is not None,
        replace(ROW["cos"], quick=sin),
    ),
    tells_where_it_is_undefined: (
        lambda row: row.tells,
        replace(ROW["log"], tells=True),
    ),
    steep_has_no_double_at_its_poles: (
        lambda row: row.steep,
        replace(ROW["exp"], steep=True),
    ),
    chains_to_the_same_from_either_side: (
        lambda row: row.chains,
        replace(ROW["atan2"], chains=True),
    ),
    logical_is_a_word_on_conditions: (
        lambda row: row.logical,
        replace(ROW["lt"], logical=True),
    ),
    jumps_where_its_sides_differ: (
        lambda row: not row.domain and not row.boolean and row.arity < 3,
        replace(ROW["floor"], kink=""),
    ),
}
"""A law, the rows that it is of, and a wrong row."""

ASKED = [(law, row) for law, (holds, _) in COLUMNS.items() for row in ROWS if holds(row)]


@pytest.mark.parametrize(("law", "row"), ASKED, ids=lambda x: getattr(x, "name", "") or x.__name__)
def test_a_column_is_true_of_its_rows(law: Law, row: Primitive) -> None:
    assert law(row)


@pytest.mark.parametrize("law", COLUMNS, ids=lambda law: law.__name__)
def test_a_column_that_is_wrong_is_found(law: Law) -> None:
    assert not law(COLUMNS[law][1])


# --- what is found out by trying ------------------------------------------------------------------


@pytest.mark.parametrize("row", [r for r in ROWS if not r.domain], ids=lambda row: row.name)
def test_what_does_not_grow_stays_near_its_operands(row: Primitive) -> None:
    operands = drawn(row)
    most = np.minimum(abs(operands).sum(axis=0) + 4, np.finfo(float).max)
    assert row.grows or row.steep or (abs(of(row.numpy, *operands)) <= most).all()


@pytest.mark.parametrize("name", ["exp", "sinh", "erfi", "mul", "leaky_relu"])
def test_what_overflows_is_found_to_grow(name: str) -> None:
    assert ROW[name].grows


def test_a_row_of_unknown_growth_is_tried() -> None:
    assert replace(ROW["sin"], forward=lambda x: np.exp(np.abs(x) / 50)).grows
    assert not replace(ROW["exp"], forward=np.cos).grows


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_whole_numbers_stay_whole_where_the_row_says_so(row: Primitive) -> None:
    operands = np.array([[1, 2, 3], [2, 1, 3], [3, 3, 1]])[: row.arity]
    with np.errstate(all="ignore"):
        found = np.asarray(row.numpy(*operands))
    assert row.whole == (found.dtype == np.int64)


@pytest.mark.parametrize("row", [r for r in ROWS if r.arity == 1], ids=lambda row: row.name)
def test_what_no_longer_moves_is_found_to_level(row: Primitive) -> None:
    if row.tame or row.boolean or row.domain:
        return
    mp = context()
    with mp.workprec(53):
        for x in (mp.mpf(200), mp.mpf(-200)):
            here, there = row.mpmath(x), row.mpmath(x + x / 1024)
            assert row.levels or here != there


# --- one fact, one place --------------------------------------------------------------------------

SOURCE = Path(gradcalc.__file__).parent
NAMES = {row.name for row in TABLE} | set(FUNCTIONS)
ELSEWHERE_TOO = {
    "autograd/operations/copies.py": "PyTorch's interface",
    "autograd/operations/operators.py": "PyTorch's interface, Python's operators",
    "autograd/operations/reductions.py": "PyTorch's interface",
    **{
        f"code/{name}.py": "a column: what a language calls them"
        for name in ("arrays", "c", "fortran", "javascript", "julia", "matlab", "python", "rust")
    },
    "autograd/operations/promotion.py": "values that PyTorch has otherwise",
    "page/pytorch.py": "a column: what PyTorch calls them",
    "render/facts.py": "keys of JSON",
    "language/tracing.py": "numpy's interface",
    "language/latex.py": "LaTeX's own words",
    "language/numpy_calls.py": "numpy's interface",
    "language/operators.py": "grammar",
    "formulas/latex.py": "LaTeX's own words and marks",
    "formulas/mathml.py": "MathML's own marks",
    "formulas/writing.py": "grammar",
}
"""Where names that are also a row's are meant as something else."""


def lists_of_names(text: str) -> list[tuple[int, list[str]]]:
    """Literal collections with two names of rows or more, and comparisons of a ``.name``."""
    found = []
    for node in ast.walk(ast.parse(text)):
        elements: list[Any] = []
        least = 2
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            elements = node.elts
        elif isinstance(node, ast.Dict):
            elements = [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute):
            elements, least = node.comparators if node.left.attr == "name" else [], 1
        names = [e.value for e in elements if isinstance(e, ast.Constant) and e.value in NAMES]
        if len(names) >= least:
            found.append((node.lineno, names))
    return found


def test_no_list_of_function_names_stands_outside_the_table() -> None:
    found = {
        str(path.relative_to(SOURCE)): lists_of_names(path.read_text())
        for path in SOURCE.rglob("*.py")
        if path.parent.name != "functions"
    }
    assert {file for file, lists in found.items() if lists} == ELSEWHERE_TOO.keys()


def test_a_list_of_function_names_is_found() -> None:
    text = "STEEP = ('tan', 'sec')\nf = {'exp': 1, 'log': 2}\nif row.name == 'hypot': pass\n"
    assert [line for line, _ in lists_of_names(text)] == [1, 2, 3]
    assert lists_of_names("OPERANDS = ('x', 'y')\nkind == 'exp'\n") == []
    assert not NAMES.intersection(OPERANDS)
