"""The value bound for a name is the value used, whatever the name and through whichever door."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradcalc
from gradcalc.cli.app import main
from gradcalc.errors import BindingError
from gradcalc.functions.primitives import CONSTANTS, FUNCTIONS

NAMES = [
    *CONSTANTS, *FUNCTIONS, "sum", "norm", "where", "zeros", "lambda", "λ", "θ", "φ1", "x", "x2",
    "x10", "_y", "E", "I", "d", "f1", "v", "u", "at", "wrt", "S", "温", "if1",
]  # fmt: skip


class Case(NamedTuple):
    """An expression in ``names``, its value and its slopes at ``numbers``."""

    text: str
    names: tuple[str, ...]
    numbers: tuple[float, ...]
    value: float
    slopes: tuple[float, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Sums of products of powers, with small dyadic numbers: exact in doubles."""
    names = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)))
    exponents = st.tuples(*[st.integers(0, 2) for _ in names])
    terms = draw(st.lists(st.tuples(st.integers(-3, 3), exponents), min_size=1, max_size=4))
    terms.append((1, tuple(1 for _ in names)))  # every name occurs
    numbers = tuple(draw(st.sampled_from([-1.5, -0.25, 0.5, 2.0, 3.0])) for _ in names)
    text = " + ".join(
        "*".join([f"({c})", *(f"{n}**{k}" for n, k in zip(names, powers, strict=True) if k)])
        for c, powers in terms
    )

    def product(coefficient: float, powers: Sequence[int], slope: int | None = None) -> float:
        result = float(coefficient)
        for j, (x, k) in enumerate(zip(numbers, powers, strict=True)):
            result *= (k * x ** (k - 1) if k else 0.0) if j == slope else x**k
        return result

    slopes = [sum(product(c, p, j) for c, p in terms) for j in range(len(names))]
    return Case(text, names, numbers, sum(product(c, p) for c, p in terms), tuple(slopes))


def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    err, before = io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    finally:
        sys.stdin = before
    out.flush()
    return code, out.buffer.getvalue().decode(), err.getvalue()  # type: ignore[attr-defined]


def printed(*words: str, stdin: str = "") -> list[float]:
    """The numbers of the last line that a command prints."""
    code, out, err = run(*words, stdin=stdin)
    assert code == 0, (words, out, err)
    return [float(word) for word in out.splitlines()[-1].replace(",", " ").split()]


class Frame(dict[str, Any]):
    """A frame of columns that is no mapping to Python."""

    columns = property(lambda self: list(self))


def doors(case: Case, folder: Path) -> Iterator[tuple[str, Callable[[], list[float]]]]:
    """Ways of giving the values; each comes to the gradient."""
    text, names, numbers = case.text, case.names, case.numbers
    wrt, at = ",".join(names), ",".join(map(repr, numbers))
    named = ",".join(f"{n}={x}" for n, x in reversed(list(zip(names, numbers, strict=True))))
    point = dict(zip(names, numbers, strict=True))
    file, plain = str(folder / "file"), ["-f", "plain", "--no-check", "--wrt", wrt]
    csv = f"{wrt}\n{at}\n"
    batch = ["batch", text, "--what", "grad", "--wrt", wrt, "--points"]

    def written(content: str, *words: str) -> list[float]:
        Path(file).write_text(content, encoding="utf-8")
        return printed(*words)

    def saved(array: Any) -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of Greek names old numpys know nothing
            np.save(f"{file}.npy", array)
        return printed(*batch, f"{file}.npy", "-f", "csv")

    yield "by order", lambda: printed("grad", text, f"--at={at}", *plain)
    yield "by name", lambda: printed("grad", text, "--at", named, *plain)
    yield "JSON", lambda: written(json.dumps(point), "grad", text, "--at", f"@{file}", *plain)
    yield "list", lambda: written(json.dumps(numbers), "grad", text, "--at", f"@{file}", *plain)
    yield "CSV", lambda: written(csv, "grad", text, "--at", f"@{file}", *plain)
    yield "standard input", lambda: printed("grad", text, "--at", "-", *plain, stdin=csv)
    yield "header", lambda: written(csv, *batch, file, "-f", "csv")
    yield "no header", lambda: written(f"{at}\n", *batch, file, "-f", "csv")
    yield "NPY", lambda: saved(np.array([numbers]))
    yield "fields", lambda: saved(np.array([numbers], dtype=[(n, float) for n in names]))
    lines = "".join(json.dumps(point) + "\n" for _ in range(2))
    yield (
        "NDJSON",
        lambda: printed(*batch, "-", "--input-format", "ndjson", "-f", "csv", stdin=lines),
    )
    program = gradcalc.compile(text, wrt=names)
    yield "sequence", lambda: program.gradient(numbers).tolist()
    yield "mapping", lambda: program.gradient(point).tolist()
    yield "keywords", lambda: program.gradient(**point).tolist()
    yield "columns", lambda: program.gradient({n: [x, x] for n, x in point.items()})[1].tolist()
    yield "polars", lambda: program.gradient(pl.DataFrame([point]))[0].tolist()
    frame: Any = Frame({n: [x] for n, x in point.items()})
    yield "frame", lambda: gradcalc.gradient(text, frame, wrt=names).ravel().tolist()
    yield "shortcut", lambda: gradcalc.gradient(text, point, wrt=names).tolist()


@given(case=cases())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_value_bound_for_a_name_is_the_value_used(case: Case, tmp_path: Path) -> None:
    for door, gradient in doors(case, tmp_path):
        assert gradient() == pytest.approx(case.slopes, rel=1e-13), (door, case)
    claim = ", ".join(map(repr, case.slopes))
    wrt, at = ",".join(case.names), ",".join(map(repr, case.numbers))
    code, out, err = run("check", case.text, "--claim", claim, "--wrt", wrt, f"--at={at}")
    assert code == 0, (case, out, err)


@given(case=cases())
@settings(max_examples=25, deadline=None)
def test_a_parameter_binds_too(case: Case) -> None:
    first, *rest = case.names
    words = ["--param", f"{first}={case.numbers[0]}"]
    if rest:
        words += ["--wrt", ",".join(rest), f"--at={','.join(map(repr, case.numbers[1:]))}"]
    assert printed("eval", case.text, "-f", "plain", *words) == pytest.approx([case.value])
    params, at = {first: case.numbers[0]}, dict(zip(rest, case.numbers[1:], strict=True))
    assert gradcalc.evaluate(case.text, at, params=params) == pytest.approx([case.value])


HOSTILE = ["x\x1b]0;owned\x07", "x\u202e", "x\ny", "x'", "x′", "2x", "x y", "", "not", 'x"', "[b]x"]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_name_binds_through_no_door(name: str, tmp_path: Path) -> None:
    """… and never reaches the terminal, or a row of a file."""
    (tmp_path / "p.json").write_text(json.dumps({name: 1, "x": 2}), encoding="utf-8")
    quoted = '"' + name.replace('"', '""') + '"'
    (tmp_path / "p.csv").write_text(f"{quoted},x\n1,2\n", encoding="utf-8")
    given = [
        ["--wrt", f"x,{name}", "--at", "1,2"],
        ["--at", f"@{tmp_path / 'p.json'}"],
        ["--at", f"@{tmp_path / 'p.csv'}"],
        ["--at", "x=1", "--param", f"{name}=2"],
        ["--at", f"x=1,{name}=2"],
        ["--at", "1", "--outputs", name],
    ]
    for words in given:
        for format in ("table", "csv", "json", "latex"):
            code, out, err = run("grad", "2*x", *words, "-f", format, "--no-check")
            assert code in (2, 3), (words, out)
            assert out == ""
            assert err.replace("\n", "").isprintable()
    for call in (
        lambda: gradcalc.compile("2*x", wrt=["x", name]),
        lambda: gradcalc.compile("2*x", params={name: 1}),
        lambda: gradcalc.compile("2*x", shapes={name: 2}),
        lambda: gradcalc.gradient("2*x", {"x": 1, name: 2}),
        lambda: gradcalc.compile("2*x")({"x": 1, name: 2}),
    ):
        with pytest.raises(BindingError) as caught:
            call()  # type: ignore[no-untyped-call]
        assert str(caught.value).replace("\n", "").isprintable()
