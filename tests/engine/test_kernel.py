"""The interpreter in C gives numpy's bits; a tape that is none is refused before it gets there.

``GRADCALC_LONG=1`` compares 100,000 random expressions instead of 60, and runs a kernel that was
compiled with the sanitizers of addresses and of undefined behaviour.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import gradcalc
from gradcalc.engine import built, kernel, many
from gradcalc.engine.program import Program
from gradcalc.engine.recorded import Recorded
from gradcalc.engine.tape import Straight, straighten
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
        p = gradcalc.compile(f"{some(rng, 4)} + x*y*z, {some(rng, 3)}*x + y")
        count = rng.choice([1, 7, 8, 9, 100, 1025, 3000])
        for straight, columns in tapes(p):
            agree(straight, points(columns, count, k))


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
    x = points(2, 70_001, 1)
    once, _ = many.run(p._at_many_points.jacobian, x, 1)
    for threads in (2, 3, 5):
        assert same(once, many.run(p._at_many_points.jacobian, x, threads)[0])


def swept_in_numpy(arguments: tuple[Any, ...], x: Any, seeds: Any) -> tuple[Any, Any]:
    """What C does with a recording, a number at a time: the values, and a row for each seed."""
    code, functions, _, numbers, edges, indices, ends, _, n_inputs, n_nodes, _ = arguments
    values, listed = np.frombuffer(numbers).copy(), np.frombuffer(indices, np.intc)
    values[:n_inputs] = x

    def places(reference: Any, count: int) -> Any:
        first, stride, start = reference
        return first + stride * np.arange(count) if start < 0 else listed[start : start + count]

    with np.errstate(all="ignore"):
        for operation, number, count, out, *references in np.frombuffer(code, np.intc).reshape(
            -1, 13
        ):
            looped = operation == kernel._LOOP
            function = functions[number] if looped else kernel._OPERATIONS[operation]
            arity = 3 if function is kernel.where else function.nin
            operands = [values[places(references[k : k + 3], count)] for k in (0, 3, 6)[:arity]]
            function(*operands, out=values[out : out + count])
    outputs = np.frombuffer(ends, np.intc).reshape(-1, 2)[:, 0]
    rows = []
    for seed in seeds:
        flows = np.zeros(n_nodes)
        np.add.at(flows, outputs, seed)
        for count, node, *references in reversed(np.frombuffer(edges, np.intc).reshape(-1, 8)):
            slopes = values[places(references[3:], count)]
            np.add.at(flows, places(references[:3], count), flows[node : node + count] * slopes)
        rows.append(flows[:n_inputs])
    return values[outputs], np.array(rows)


@built_here
def test_a_recording_is_swept_as_numpy_would(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Watched:
        sweep = staticmethod(kernel.native.sweep)

        @staticmethod
        def recorded(*arguments: Any) -> Any:
            made.append(arguments)
            return native.recorded(*arguments)

    native = kernel.native
    monkeypatch.setattr(kernel, "native", Watched)
    rng, swept = random.Random(2), 0
    for _ in range(COUNT):
        p = gradcalc.compile(f"{some(rng, 4)} + x*y*z, {some(rng, 3)}*x + y")
        run = Recorded(p.schedule)
        x = np.array([rng.uniform(0.1, 2) for _ in p.variables])
        rows = run.jacobian(x) if run.tape else None
        if rows is None:
            continue
        swept += 1
        value, expected = swept_in_numpy(made[-1], x, [[1.0, 0.0], [0.0, 1.0], [2.0, -3.0]])
        assert same(run.value(x), value)
        assert same(run.vjp(x, np.array([2.0, -3.0])), expected[2])
        if len(x) >= 2:  # else the Jacobian is made by columns
            assert same(rows, expected[:2])
    assert swept > COUNT // 8


@built_here
@settings(max_examples=60)
@given(cases())
def test_one_call_of_c_says_what_the_sweeps_say(case: Case) -> None:
    p, x = case.program(), np.asarray(case.point())
    swift, at = p.swift, p.at(x)
    u, v = np.linspace(1, 2, len(x)), np.linspace(1, 2, len(p.outputs))
    if swift is None or swift.jacobian(x) is None:
        return
    scale = at.scale("jacobian")
    assert (np.abs(swift.jacobian(x) - at.jacobian()) <= 1e-14 * scale).all()
    assert (np.abs(swift.vjp(x, v) - at.vjp(v)) <= 1e-13 * (v @ scale)).all()
    assert (np.abs(swift.jvp(x, u) - at.jvp(u)) <= 1e-13 * (scale @ u)).all()
    np.testing.assert_allclose(swift.value(x), at.value, rtol=1e-14)


@built_here
@pytest.mark.parametrize("text", ["log(x)", "x*sqrt(y)", "1/x, y", "where(x == 0, 1, sin(x)/x)"])
@pytest.mark.parametrize("x", [[0.0, 0.0], [-1.0, 4.0], [np.nan, 1.0], [1e200, 1e200]])
def test_what_is_in_doubt_is_for_the_careful_sweeps(text: str, x: list[float]) -> None:
    p = gradcalc.compile(text)
    point = np.array(x[: len(p.variables)])
    np.testing.assert_array_equal(p.jacobian(point), p.at(point).jacobian())
    np.testing.assert_array_equal(p(point), p.at(point).value)


@built_here
def test_an_error_in_a_function_of_python_arrives() -> None:
    def refuse(x: Any, out: Any) -> None:
        raise ZeroDivisionError("no")

    straight = straighten(gradcalc.compile("x*gamma(y)").graph)
    steps = tuple(
        (refuse, *step[1:]) if step[0] not in kernel.LIGHT else step for step in straight.steps
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


@pytest.mark.parametrize(
    "step", [(99, 0, 0, 0, 0, 0), (-1, 0, 0, 0, 0, 0), (0, 0, -1, 0, 0, 0), (0, 0, 0, 0, 0, 9),
             (20, 3, 0, 0, 0, 0), (20, -1, 0, 0, 0, 0), (22, 0, 0, 0, 0, 0)]
)  # fmt: skip
def test_an_instruction_with_what_is_not_there_is_refused(step: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not there"):
        kernel._refuse_malformed(np.array([step]), 4, 2)


# --- which one it is ------------------------------------------------------------------------------


def test_numpy_can_be_asked_for() -> None:
    code = (
        "import gradcalc.engine.kernel as k, gradcalc;"
        "print(k.native, gradcalc.compile('x*y')([2, 3]))"
    )
    assert python(code, GRADCALC_KERNEL="numpy") == "None [6.]\n"


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
t.COUNT = 500
t.test_any_expression_has_numpys_bits()
for row in t.WRITTEN:
    t.test_every_function_has_numpys_bits(row)
print("clean")
"""
    options = {"ASAN_OPTIONS": "detect_leaks=0", "GRADCALC_KERNEL": "c"}
    assert python(code, LD_PRELOAD=" ".join(libraries), **options).endswith("clean\n")


def test_a_malformed_recording_is_refused() -> None:
    rng = random.Random(3)
    schedule = gradcalc.compile("sin(a)*b + sin(b)*a, exp(a*b)").schedule
    run = (0, 0, 2, 4, 0, 1, -1, 0, 1, -1, 0, 1, -1)
    edge = (2, 4, 0, 1, -1, 0, 1, -1)
    for _ in range(200):
        runs, edges = list(run), list(edge)
        broken = rng.choice([runs, edges])
        spots = [2, 3, 4, 7, 10] if broken is runs else [0, 1, 2, 5]
        broken[rng.choice(spots)] = rng.choice([-1, 12, 10**6, 2**31 - 1])
        with pytest.raises(ValueError, match="not there"):
            kernel.recorded(schedule, ([tuple(runs)], []), [tuple(edges)],
                            np.zeros(0, np.intc), [], {}, 12)  # fmt: skip
