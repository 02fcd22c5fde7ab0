"""The interpreter in C gives numpy's bits; a tape that is none is refused before it gets there.

``GRADCALC_LONG=1`` compares 100,000 random expressions instead of 60, and runs a kernel that was
compiled with the sanitizers of addresses and of undefined behaviour.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import gradcalc
from gradcalc.engine import built, kernel, many
from gradcalc.engine.grouped import Grouped
from gradcalc.engine.narrow import Narrow
from gradcalc.engine.program import Program
from gradcalc.engine.swift import Swift
from gradcalc.engine.tape import Straight, straighten
from gradcalc.errors import ExpressionError, UsageError
from gradcalc.functions.primitives import TABLE
from gradcalc.functions.row import Primitive
from tests.expressions import Case, cases

LONG = bool(os.environ.get("GRADCALC_LONG"))
COUNT = 100_000 if LONG else 60
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, 1e300, np.inf, -np.inf, np.nan, 5e-324, 1e16]
WRITTEN = [row for row in TABLE if row.arity and row.spoken]

built_here = pytest.mark.skipif(kernel.native is None, reason="the kernel in C is not in use")


def same(a: Any, b: Any) -> bool:
    """To the last bit; any NaN is like another."""
    bits = a.view(np.int64) == b.view(np.int64)
    return bool((bits | (np.isnan(a) & np.isnan(b))).all())


def points(columns: int, count: int, seed: int) -> Any:
    """Some ordinary, some special."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, columns)) * 3
    special = rng.random(found.shape) < 0.1
    found[special] = rng.choice(SPECIAL, int(special.sum()))
    return found


def agree(straight: Straight, x: Any, threads: int = 1) -> None:
    """Both interpreters run one tape: the numbers, and the rows that are suspect."""
    if straight.native is None:
        raise AssertionError("this tape is not run in C")
    ours, suspects = many.run(straight, x, threads)
    numpys, theirs = many.run(replace(straight, native=None), x, threads)
    assert same(ours, numpys)
    np.testing.assert_array_equal(suspects, theirs)


def tapes(p: Program) -> list[tuple[Straight, int]]:
    """Each with the columns that its points have."""
    machine, m, n = p._at_many_points, len(p.outputs), len(p.variables)
    return [(machine.values, n), (machine.jacobian, n), (machine.vjp, n + m), (machine.jvp, n + n)]


@built_here
@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row.name)
def test_every_function_has_numpys_bits(row: Primitive) -> None:
    first = "x > 0" if row.name == "where" else "x"
    p = gradcalc.compile(f"{row.name}({', '.join([first, 'y', 'z'][: row.arity])})")
    for straight, columns in tapes(p):
        agree(straight, points(columns, 600, row.code))


@built_here
def test_any_expression_has_numpys_bits() -> None:
    rng = random.Random(0)
    for k in range(COUNT):
        p = some_program(rng)
        count = rng.choice([1, 7, 8, 9, 100, 1025, 3000])
        for straight, columns in tapes(p):
            agree(straight, points(columns, count, k))


def some_program(rng: random.Random) -> Program:
    """Of x, y and z, two outputs."""
    while True:
        with contextlib.suppress(ExpressionError):  # a constant that overflows is refused
            return gradcalc.compile(f"{some(rng, 4)} + x*y*z, {some(rng, 3)}*x + y")


def some(rng: random.Random, depth: int) -> str:
    """A random expression."""
    if not depth or rng.random() < 0.15:
        return rng.choice(["x", "y", "z", "2", "0.7", "3"])
    inside = [some(rng, depth - 1) for _ in range(4)]
    kind = rng.random()
    if kind < 0.4:
        row = rng.choice([row for row in WRITTEN if row.arity == 1])
        return f"{row.name}({inside[0]})"
    if kind < 0.85:
        return f"({inside[0]} {rng.choice('+-*/')} {inside[1]})"
    if kind < 0.9:
        return f"where({inside[0]} < {inside[1]} and {inside[2]} != 0, {inside[2]}, {inside[3]})"
    return f"({inside[0]})**{rng.choice(['2', '3', '0.5', 'y'])}"


@built_here
def test_threads_change_no_bit() -> None:
    p = gradcalc.compile("a=q1+q2; cos(q1)+0.7*cos(a), sin(q1)+gamma(a), exp(-q1)/q2")
    x = points(2, 40_001, 1)
    once, _ = many.run(p._at_many_points.jacobian, x, 1)
    for threads in (2, 3, 5):
        assert same(once, many.run(p._at_many_points.jacobian, x, threads)[0])
    parts = [
        many.run(p._at_many_points.jacobian, x[k : k + 9_000])[0] for k in range(0, 40_001, 9_000)
    ]
    assert same(once, np.concatenate(parts))


SLOW = "; ".join(["y0 = x", *(f"y{k + 1} = exp(sin(y{k}))" for k in range(60)), "y60"])


@built_here
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_ends_a_run(threads: int) -> None:
    def interrupt(*_: Any) -> None:
        raise InterruptedError

    def run() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        many.run(straight, x, threads, results)
        time.sleep(10)  # had it ended before

    straight = straighten(gradcalc.compile(SLOW).graph)
    x = np.ones((3_000_000, 1))
    results = np.full((len(x), straight.columns), np.nan)
    before = signal.signal(signal.SIGALRM, interrupt)
    with pytest.raises(InterruptedError):
        run()
    signal.signal(signal.SIGALRM, before)
    assert np.isnan(results).any()
    assert np.isfinite(many.run(straight, x[:20_000], threads)[0]).all()


@built_here
def test_several_threads_may_call_at_once_and_a_child_of_theirs() -> None:
    p = gradcalc.compile("exp(x)*y, sin(y)/x")
    x = points(2, 30_000, 2)
    once, _ = many.run(p._at_many_points.jacobian, x, 1)

    def is_right(threads: int | None) -> bool:
        return same(once, many.run(p._at_many_points.jacobian, x, threads)[0])

    with ThreadPoolExecutor(3) as callers:
        assert all(callers.map(is_right, [2, 3, None, None, 1, 100, None, -1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
        child = os.fork()
    if not child:
        signal.alarm(30)
        os._exit(0 if is_right(3) else 1)
    assert os.waitpid(child, 0)[1] == 0


def by_runs(p: Program) -> Swift:
    """C's recording of the groups of a program."""
    return Swift(Grouped(p.graph))


@built_here
def test_a_recording_says_what_the_sweeps_say_to_the_last_bit() -> None:
    rng, swept = random.Random(2), 0
    for k in range(COUNT):
        p = some_program(rng)
        run, x = by_runs(p), np.array([rng.uniform(0.1, 2) for _ in p.variables])
        swept += agrees_with_sweeps(p, run, x)
        for odd in points(len(x), 3, k):
            agrees_with_sweeps(p, run, odd)
    assert swept > COUNT // 8


WIDE = [
    "+".join(f"x{k}*sin(a) + b*x{k}**2*{k}" for k in range(1, 301)),  # sums of many into one
    "+".join(f"sin(x{k})*cos(x{k} + x{k + 1})" for k in range(2100)),  # long ones: by tangents
    "; ".join(f"y{k} = exp(x{k % 7}*a)*x{k}; y{k}" for k in range(40)),  # many seeds
    "a = x*y; a; a + x; sin(a)*(a + x)",  # outputs that are used again
    # Rows that do not meet, then columns; powers, which numpy raises by the way they lie.
    "; ".join(f"x{k}*x{k + 1} - where(x{k} > 1, x{k}**3, x{k + 2}**2)" for k in range(30)),
    "; ".join(f"3*x{k}; x{k}**3/(x{k + 1} + 1); x{k + 2}**1.5" for k in range(20)),
    "x**3; y**3; (u - v)**3*x; log(exp(u)**3 + y**3)*u; log(v)*y",
]  # fmt: skip


@built_here
@pytest.mark.parametrize("text", WIDE)
def test_so_does_one_of_a_wide_graph(text: str) -> None:
    p = gradcalc.compile(text)
    assert agrees_with_sweeps(p, by_runs(p), np.linspace(0.3, 1.2, len(p.variables)))


def agrees_with_sweeps(p: Program, run: Swift, x: Any) -> bool:
    """False where C leaves the answer to them."""
    rows = run.jacobian(x)
    if rows is None:
        return False
    assert same(rows, p._grouped.at(x).jacobian("auto"))
    sweeps, u, v = p._grouped.at(x), np.linspace(1, 2, len(x)), np.linspace(2, -3, len(p.outputs))
    assert same(run.eval(x), sweeps.value)
    for found, expected in ((run.vjp(x, v), sweeps.vjp(v)), (run.jvp(x, u), sweeps.jvp(u))):
        assert found is None or same(found, expected)  # an infinite slope may meet a 0 on one way
    return True


@built_here
def test_node_by_node_the_values_are_the_same_and_the_slopes_but_for_rounding() -> None:
    rng, swept = random.Random(4), 0
    for _ in range(COUNT):
        p = some_program(rng)
        run = Swift(Narrow(p.graph))
        x = np.array([rng.uniform(0.1, 2) for _ in p.variables])
        rows = run.jacobian(x)
        if rows is None:
            continue
        swept += 1
        at, u, v = p.at(x), np.array([1.0, -2.0, 3.0]), np.array([2.0, -3.0])
        scale = at.scale("jacobian") + 1e-300
        assert same(run.eval(x), p._grouped.at(x).value)
        assert (np.abs(rows - at.jacobian()) <= 1e-14 * scale).all()
        back, forth = run.vjp(x, v), run.jvp(x, u)
        assert back is None or (np.abs(back - v @ rows) <= 1e-14 * (np.abs(v) @ scale)).all()
        assert forth is None or (np.abs(forth - rows @ u) <= 1e-14 * (scale @ np.abs(u))).all()
    assert swept > COUNT // 8


@built_here
@settings(max_examples=60)
@given(cases())
def test_one_call_of_c_says_what_the_sweeps_say(case: Case) -> None:
    p, x = case.program(), np.asarray(case.point())
    if p.swift.jacobian(x) is None or isinstance(p._grouped, Narrow):
        return
    at, u, v = p.at(x), np.linspace(1, 2, len(x)), np.linspace(1, 2, len(p.outputs))
    assert same(p.swift.eval(x), at.value)
    assert same(p.swift.jacobian(x), at.jacobian())
    for found, expected in ((p.swift.vjp(x, v), at.vjp(v)), (p.swift.jvp(x, u), at.jvp(u))):
        assert found is None or same(found, expected)


@built_here
@pytest.mark.parametrize(
    "text",
    [
        "log(x)",
        "log2(x) + y**2",
        "x*sqrt(y)",
        "x*y*x + sin(y)",
        "1/x, y",
        "where(x == 0, 1, sin(x)/x)",
    ],
)
@pytest.mark.parametrize("x", [[0.0, 0.0], [-0.0, 1.0], [5e-324, 1.0], [-1.0, 4.0], [np.nan, 1.0],
                               [np.inf, 0.0], [1.0, np.inf], [1e200, 1e200],
                               [1e160, -1e160]])  # fmt: skip
def test_what_is_in_doubt_is_for_the_careful_sweeps(text: str, x: list[float]) -> None:
    p = gradcalc.compile(text)
    point = np.array(x[: len(p.variables)])
    np.testing.assert_array_equal(p.jacobian(point), p.at(point).jacobian())
    np.testing.assert_array_equal(p(point), p.at(point).value)


def test_without_variables_there_is_a_value() -> None:
    p = gradcalc.compile("(acosh(-2) - 1)**2 - 3, log(-2)*5, 2 + 1")
    np.testing.assert_array_equal(p([]), [np.nan, np.nan, 3])
    assert p.jacobian(np.zeros(0)).shape == (3, 0)


@built_here
def test_an_error_in_a_function_of_python_arrives() -> None:
    def refuse(x: Any, out: Any) -> None:
        raise ZeroDivisionError("no")

    straight = straighten(gradcalc.compile("x*gamma(y)").graph)
    steps = tuple(
        (refuse, *step[1:]) if step[0] not in kernel.PLAIN else step for step in straight.steps
    )
    broken = replace(straight, steps=steps)
    with pytest.raises(ZeroDivisionError):
        many.run(replace(broken, native=kernel.tape(broken)), points(2, 50, 0))


# --- tapes that are none --------------------------------------------------------------------------


def test_a_malformed_tape_is_refused() -> None:
    rng = random.Random(1)
    straight = straighten(gradcalc.compile("where(x < y, sin(x)*y, gamma(x)/y)").graph)
    refused = 0
    for _ in range(400):
        steps = [list(step) for step in straight.steps]
        broken = rng.choice([step for step in steps if step[0] is not kernel.TOTAL])
        broken[rng.choice([1, 4])] = rng.choice([-7, 99, 10**6, 2**31 - 1])
        try:
            kernel.tape(replace(straight, steps=tuple(tuple(step) for step in steps)))
        except (ValueError, KeyError):
            refused += 1
    assert refused == 400
    for place in (-1, 99, 2**31 - 1):
        with pytest.raises(ValueError, match="not there"):
            kernel.tape(replace(straight, results=(place,)))


@pytest.mark.parametrize(("operation", "function"),
                         [(99, 0), (-1, 0), (20, 3), (20, -1), (22, 0)])  # fmt: skip
def test_an_instruction_with_what_is_not_there_is_refused(operation: int, function: int) -> None:
    with pytest.raises(ValueError, match="not there"):
        kernel._refuse_unknown(np.array([operation]), np.array([function]), 2)


# --- which one it is ------------------------------------------------------------------------------


def test_numpy_can_be_asked_for() -> None:
    code = (
        "import gradcalc.engine.kernel as k, gradcalc;"
        "print(k.native, gradcalc.compile('x*y')([2, 3]))"
    )
    assert python(code, GRADCALC_KERNEL="numpy") == "None [6.]\n"


def test_what_is_compiled_from_another_source_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = SimpleNamespace(source=built.fingerprint(built.SOURCE))
    monkeypatch.setitem(sys.modules, built.EXTENSION, there)
    monkeypatch.delenv(built.VARIABLE, raising=False)
    monkeypatch.setattr(built, "_found", built._found.__wrapped__)
    assert (built.kernel(), built.interpreter()) == (there, "c")
    edited = tmp_path / "kernel.c"
    edited.write_bytes(built.SOURCE.read_bytes() + b"\n")
    monkeypatch.setattr(built, "SOURCE", edited)
    assert built.kernel() is None
    assert built.interpreter() == "numpy (the compiled kernel is of another version)"
    monkeypatch.setenv(built.VARIABLE, "numpy")
    assert (built.kernel(), built.interpreter()) == (None, "numpy")
    monkeypatch.setenv(built.VARIABLE, "c")
    with pytest.raises(UsageError, match="the compiled kernel is of another version"):
        built.kernel()


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.mark.skipif(not LONG, reason="GRADCALC_LONG compiles a kernel with sanitizers")
def test_the_sanitizers_find_nothing(tmp_path: Path) -> None:
    gcc = shutil.which("gcc")
    assert gcc, "gcc and its sanitizers are wanted here"
    source = Path(kernel.__file__).with_name("kernel.c")
    flags = [
        "-g",
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover",
        "-shared",
        "-fPIC",
    ]
    include = sysconfig.get_paths()["include"]
    flags.append(f"-DSOURCE={built.fingerprint(source)}")
    made = tmp_path / "_kernel.abi3.so"
    subprocess.run([gcc, *flags, f"-I{include}", str(source), "-o", str(made)], check=True)
    asked = [[gcc, f"-print-file-name={name}"] for name in ("libasan.so", "libubsan.so")]
    libraries = [subprocess.check_output(command, text=True).strip() for command in asked]
    code = f"""
import sys, importlib.util
spec = importlib.util.spec_from_file_location({built.EXTENSION!r}, {str(made)!r})
module = importlib.util.module_from_spec(spec)
sys.modules[{built.EXTENSION!r}] = module
spec.loader.exec_module(module)
import tests.engine.test_kernel as t
t.COUNT = 100
t.test_any_expression_has_numpys_bits()
t.test_threads_change_no_bit()
t.test_several_threads_may_call_at_once_and_a_child_of_theirs()
t.test_a_recording_says_what_the_sweeps_say_to_the_last_bit()
t.test_node_by_node_the_values_are_the_same_and_the_slopes_but_for_rounding()
t.test_a_malformed_recording_is_refused()
for x in ([0.0, 0.0], [-0.0, 1.0], [-1.0, 4.0]):
    t.test_what_is_in_doubt_is_for_the_careful_sweeps("log2(x) + y**2", x)
for text in t.WIDE:
    t.test_so_does_one_of_a_wide_graph(text)
t.test_without_variables_there_is_a_value()
for row in t.WRITTEN:
    t.test_every_function_has_numpys_bits(row)
print("clean")
"""
    options = {"ASAN_OPTIONS": "detect_leaks=0", "GRADCALC_KERNEL": "c"}
    assert python(code, LD_PRELOAD=" ".join(libraries), **options).endswith("clean\n")


def test_a_malformed_recording_is_refused() -> None:
    rng = random.Random(3)
    there = kernel.Recording(
        [(np.add, True, 2)],
        np.zeros(12),
        12,
        tuple(np.array(some) for some in ([0, 1], [0, 1], [4], [4], [4])),
        runs=[(1, 0, 2, 4, 0, 1, -1, 0, 1, -1, 0, 1, -1)],
        edges=[(2, 4, 0, 1, -1, 0, 1, -1)],
        ways=[(kernel.PARTS, 2, 4, 1, -1, 0, 1, -1, 6, 1, -1, 0, 0, 2)],
        singles=[(1, 2, 3, 5), (kernel.SLOPE + kernel.WHERE + (1 << 8), 2, 3, 5)],
        links=[(4, 3, 7), (4, ~2, 7)],
        guards=[(1, 2, 4, 1, -1)],
        indices=[0, 1],
    )  # fmt: skip
    if kernel.native:
        assert kernel.recorded(there)
    spots = {"runs": [1, 2, 3, 4, 7, 10], "edges": [0, 1, 2, 5], "singles": [1, 2, 3],
             "ways": [1, 2, 5, 8, 11, 12, 13], "links": [0, 1, 2], "guards": [1, 2],
             "indices": [0]}  # fmt: skip
    for _ in range(200):
        name = rng.choice([*spots])
        rows = [list(row) if name != "indices" else row for row in getattr(there, name)]
        row, wrong = rng.randrange(len(rows)), rng.choice([-90, 12, 10**6, 2**31 - 1])
        if name == "indices":
            rows[row] = wrong
        else:
            rows[row][rng.choice(spots[name])] = wrong
        if name == "ways" and rows[0][11] == -90:
            continue  # no order at all
        with pytest.raises(ValueError, match="not there"):
            kernel.recorded(there._replace(**{name: rows}))
