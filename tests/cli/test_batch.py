"""``gradcalc batch``: what goes in, what comes out, and what is said of it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gradcalc.batch.names import EXTENSIONS, POLICIES, WHAT
from tests.cli.shell import ENVIRONMENT, GRADCALC, Shell, sh

# Ctrl-C may come between open() and the with that closes: Python warns of that only when asked to.
AS_A_USER = {**ENVIRONMENT, "PYTHONWARNINGS": "default::DeprecationWarning"}
NEEDS_POLARS = pytest.mark.skipif(find_spec("polars") is None, reason="polars is not installed")
EVERY = [
    pytest.param(name, marks=NEEDS_POLARS if name in ("parquet", "arrow") else ())
    for name in EXTENSIONS
]

PAIR = "x1**2+3*x2, x2**2+2*x1"
POINTS = "x1,x2\n2,3\n1,0.5\n"
SLOPES = "df1/dx1,df1/dx2,df2/dx1,df2/dx2\n4.0,3.0,2.0,6.0\n2.0,3.0,2.0,1.0\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, text: str) -> str:
    Path(name).write_text(text, "utf-8")
    return name


def test_one_record_out_for_each_row_in(gradcalc: Shell) -> None:
    ran = gradcalc("batch", PAIR, "--points", put("p.csv", POINTS))
    assert ran == (0, SLOPES, "2 rows\n")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("p.csv", "x\ninf\n1\n-inf\n1e400\nnan\n"),
        ("p.ndjson", '{"x": Infinity}\n{"x": 1}\n{"x": -Infinity}\n{"x": 1e400}\n{"x": NaN}\n'),
    ],
)
def test_infinity_is_no_coordinate(gradcalc: Shell, name: str, rows: str) -> None:
    words = ("batch", "2*x", "--points", put(name, rows), "--format", "csv", "--what", "grad")
    ran = gradcalc(*words, "--on-error", "skip")
    assert (ran.code, ran.out) == (1, "d/dx\n2.0\n")
    assert ran.err.count("inf, or larger than any double") == 3
    assert "x is nan, not a number" in ran.err
    assert gradcalc(*words, "--on-error", "nan").out == "d/dx\nnan\n2.0\nnan\nnan\nnan\n"


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1,5;2\n-2,5e1;3,25\n",
        "a;b\n1.5;2\n-2.5e1;3.25\n",
        "a\tb\n1.5\t2\n-2.5e1\t3.25\n",
        "a|b\n1.5|2\n-2.5e1|3.25\n",
        "a b\n1.5 2\n-2.5e1 3.25\n",
        "  a     b\n   1.5  2\n -2.5e1\t3.25  \n",
        "# a b\n1.5 2\n# note\n-2.5e1 3.25\n",
        "# measured on a Monday\n# a, b\n\n1.5,2\n#\n-2.5e1,3.25\n# the end\n",
        "# measured on a Monday\na,b\n1.5,2\n-2.5e1,3.25\n",
        "#a\tb\n1.5\t2\n-2.5e1\t3.25\n",
        "a b\n 0.15D+01 2.0d0\n-2.5D+01 .325D1\n",
        "a;b\n0,15D+01;2\n-2,5D+01;,325D1\n",
        "a, b\n1.5, 2\n-2.5e1, 3.25\n",
        '"a" "b"\n1.5 2\n-2.5e1 3.25\n',
        "\ufeffa;b\r\n1,5;2\r\n-2,5e1;3,25\r\n",
    ],
)
@pytest.mark.parametrize("rows", [2, 30_000])
def test_what_stands_between_columns_is_recognised(gradcalc: Shell, text: str, rows: int) -> None:
    *_, last = text.rstrip("\n").split("\n")
    if not last.startswith("#"):
        text += f"{last}\n" * (rows - 2)
    ran = gradcalc("batch", "a*b", "--points", put("p.csv", text))
    assert ran.code == 0
    assert ran.out.startswith("df1/da,df1/db\n2.0,1.5\n3.25,-25.0\n")
    assert len(ran.out.splitlines()) in (3, rows + 1)


def test_text_beside_decimal_commas_is_kept(gradcalc: Shell) -> None:
    put("p.csv", 'name;x\nBr\u00fcll, Anna;1,5\n"M\u00fcller; Bo";2,5\n')
    ran = gradcalc("batch", "2*x", "--points", "p.csv", "--what", "eval", "--keep")
    assert ran.out == 'name,x,f1\n"Br\u00fcll, Anna",1.5,3.0\nM\u00fcller; Bo,2.5,5.0\n'


def test_whose_slopes_at_kinks_can_be_said(gradcalc: Shell) -> None:
    words = ("batch", "abs(x)", "--points", put("p.csv", "x\n0\n"), "--what", "grad", "--as")
    assert gradcalc(*words, "torch").out == "d/dx\n0.0\n"
    assert gradcalc(*words, "jax").out == "d/dx\n1.0\n"


def test_the_number_of_threads_changes_nothing(gradcalc: Shell) -> None:
    np.save("p.npy", np.random.default_rng(0).normal(size=(90_000, 2)))
    words = ("batch", "sin(x1)*x2, cos(x1*x2)", "--points", "p.npy", "-o")
    for threads in ("1", "2", "5"):
        assert gradcalc(*words, f"{threads}.npy", "--threads", threads)[0] == 0
    one, two, five = (np.load(f"{threads}.npy") for threads in (1, 2, 5))
    np.testing.assert_array_equal(two, one)
    np.testing.assert_array_equal(five, one)
    assert gradcalc(*words, "0.npy", "--threads", "0")[0] == 2


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["eval"], "f1,f2\n13.0,13.0\n2.5,2.25\n"),
        (["jacobian"], SLOPES),
        (["vjp", "--v", "1,1"], "d/dx1,d/dx2\n6.0,9.0\n4.0,4.0\n"),
        (["jvp", "--u", "1,0"], "df1/du,df2/du\n4.0,2.0\n2.0,2.0\n"),
        (["eval,jvp", "--u", "1,0"], "f1,f2,df1/du,df2/du\n13.0,13.0,4.0,2.0\n2.5,2.25,2.0,2.0\n"),
        (["vjp", "--v", "x2,1"], "d/dx1,d/dx2\n14.0,15.0\n3.0,2.5\n"),
        (["jacobian", "--wrt", "x2"], "df1/dx2,df2/dx2\n3.0,6.0\n3.0,1.0\n"),
        (["jvp", "--wrt", "x2"], "df1/du,df2/du\n3.0,6.0\n3.0,1.0\n"),
        (["jvp", "--u", "x2,1"], "df1/du,df2/du\n15.0,12.0\n4.0,2.0\n"),
    ],
)
def test_what(gradcalc: Shell, words: list[str], out: str) -> None:
    ran = gradcalc("batch", PAIR, "--points", put("p.csv", POINTS), "--what", *words)
    assert (ran.code, ran.out) == (0, out)


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("format", EVERY)
def test_every_format_in_and_out(gradcalc: Shell, what: str, format: str) -> None:
    expression, vector = ("x1*sin(x2)", ["--check-sample", "2"])
    source, target = f"p.{format}", f"out.{format}"
    made = gradcalc(
        "batch", "x1,x2", "--points", put("p.csv", POINTS), "--what", "eval", "--outputs", "x1,x2",
        "-o", source,
    ) if False else gradcalc(
        "batch", "x1=a;x2=b", "--points", put("ab.csv", "a,b\n2,3\n1,0.5\n"), "--what", "eval",
        "-o", source,
    )  # fmt: skip
    assert made.code == 0, made.err
    if what in ("jvp", "hvp", "propagate"):
        vector = [*vector, "--u", "1,0"]
    ran = gradcalc("batch", expression, "--points", source, "--what", what, *vector, "-o", target)
    assert ran.code == 0, ran.err
    assert "2 random rows agree" in ran.err
    back = gradcalc("batch", expression, "--points", source, "--what", what, *vector, "-f", "csv")
    rows = [[float(x) for x in line.split(",")] for line in back.out.splitlines()[1:]]
    x1, x2 = np.array([2, 1]), np.array([3, 0.5])
    expected = {
        "eval": [x1 * np.sin(x2)],
        "jvp": [np.sin(x2)],
        "propagate": [abs(np.sin(x2))],
        "hessian": [0 * x1, np.cos(x2), np.cos(x2), -x1 * np.sin(x2)],
        "hvp": [0 * x1, np.cos(x2)],
    }.get(what, [np.sin(x2), x1 * np.cos(x2)])
    assert np.allclose(rows, np.transpose(expected), rtol=1e-15)


def test_columns_by_name(gradcalc: Shell) -> None:
    text = 'name,x2,x1\na,3,2\n"b,c",0.5,1\n'
    ran = gradcalc("batch", PAIR, "--points", put("p.csv", text))
    assert ran.out == SLOPES
    ran = gradcalc("batch", "x1*x2", "--points", "p.csv", "--what", "eval", "--keep")
    assert ran.out == 'name,x2,x1,f1\na,3.0,2.0,6.0\n"b,c",0.5,1.0,0.5\n'


ROWS = 'x,y,id\n4.0,,6\nq,2.0,007\n1.5,2.0,\n"0x1,0",,a\n'
KEPT = {
    "csv": ROWS,
    "ndjson": '{"x":4.0,"y":null,"id":6}\n{"x":"q","y":2,"id":"7"}\n'
    '{"x":1.5,"y":2,"id":null}\n{"x":true,"y":null,"id":8}\n',
}


@pytest.mark.parametrize("format", KEPT)
@pytest.mark.parametrize("loaded", [False, pytest.param(True, marks=NEEDS_POLARS)])
def test_the_cells_of_a_row_that_fails_are_kept_as_they_were(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, format: str, loaded: bool
) -> None:
    if loaded:
        import_module("polars")
    else:
        monkeypatch.delitem(sys.modules, "polars", raising=False)
    text = KEPT[format]
    ran = gradcalc("batch", "x*y", "--points", put(f"p.{format}", text), "--keep", "--what", "eval",
                   "-f", format)  # fmt: skip
    if format == "csv":
        rows, kept = (list(csv.reader(io.StringIO(t))) for t in (ran.out, text))
        assert [row[:3] for row in rows] == kept
        assert [row[3] for row in rows] == ["f1", "nan", "nan", "3.0", "nan"]
        return
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert [record.pop("f1") for record in records] == [None, None, 3.0, None]
    assert repr(records) == repr([json.loads(line) for line in text.splitlines()])


@NEEDS_POLARS
def test_what_is_null_in_parquet_is_kept_as_nothing_and_a_typed_column_stays_one(
    gradcalc: Shell,
) -> None:
    polars = import_module("polars")
    polars.DataFrame({"x": [1.0, None], "y": [None, 2], "id": ["a", None]}).write_parquet(
        "p.parquet"
    )
    words = ("batch", "x*y", "--keep", "--what", "eval", "--points")
    ran = gradcalc(*words, "p.parquet")
    assert [*csv.reader(io.StringIO(ran.out))][1:] == [
        ["1.0", "", "a", "nan"],
        ["", "2", "", "nan"],
    ]
    put("p.csv", ROWS)
    assert gradcalc(*words, "p.csv", "-o", "q.parquet").code == 1
    assert polars.read_parquet("q.parquet").dtypes == [polars.Float64] * 2 + [
        polars.String,
        polars.Float64,
    ]


@NEEDS_POLARS
def test_columns_of_a_parquet_file_are_kept_in_json(gradcalc: Shell) -> None:
    words = ("batch", "x1*x2", "--what", "eval", "--keep")
    text = 'name,x1,x2\n"b,c",2,3\n'
    assert gradcalc(*words, "--points", put("p.csv", text), "-o", "p.parquet").code == 0
    ran = gradcalc("batch", "f1+1", "--what", "grad", "--keep", "--points", "p.parquet",
                   "-f", "ndjson")  # fmt: skip
    assert (ran.code, json.loads(ran.out)) == (
        0, {"name": "b,c", "x1": 2.0, "x2": 3.0, "f1": 6.0, "d/df1": 1.0},
    )  # fmt: skip


def test_without_a_header_by_natural_order(gradcalc: Shell) -> None:
    ran = gradcalc("batch", "x2*10+x10", "--points", put("p.csv", "2,3\n4,5\n"), "--what", "eval")
    assert ran.out == "f1\n23.0\n45.0\n"


def test_an_array_variable(gradcalc: Shell) -> None:
    ran = gradcalc("batch", "sum(a**2)", "--points", put("p.csv", "a[0],a[1]\n2,3\n"))
    assert ran.out == "df1/da[0],df1/da[1]\n4.0,6.0\n"
    ran = gradcalc("batch", "sum(a**2)", "--points", put("p.ndjson", '{"a": [2, 3]}\n'))
    assert json.loads(ran.out) == {"df1/da[0]": 4.0, "df1/da[1]": 6.0}


def test_a_column_may_be_called_e(gradcalc: Shell) -> None:
    ran = gradcalc("batch", "e*x", "--points", put("p.csv", "e,x\n2,3\n"), "--what", "grad")
    assert ran.out == "d/de,d/dx\n3.0,2.0\n"


BAD = "x\n4\nabc\n-1\n1,2\n9\n"


@pytest.mark.parametrize(
    ("policy", "out"),
    [
        ("nan", "f1\n2.0\nnan\nnan\nnan\n3.0\n"),
        ("skip", "f1\n2.0\n3.0\n"),
        ("stop", "f1\n2.0\n"),
    ],
)
def test_rows_that_fail(gradcalc: Shell, policy: str, out: str) -> None:
    ran = gradcalc(
        "batch", "sqrt(x)", "--points", put("p.csv", BAD), "--what", "eval", "--on-error", policy
    )
    assert (ran.code, ran.out) == (1, out)
    if policy == "stop":
        assert ran.err == "error: p.csv, line 3: x is 'abc', not a number\n"
        return
    *lines, last = ran.err.splitlines()
    assert lines == [
        "error: p.csv, line 3: x is 'abc', not a number",
        "error: p.csv, line 4: f1 is nan: sqrt(-1)",
        "error: p.csv, line 5: 2 fields instead of 1",
    ]
    assert re.sub(r" in .* rows/s\)", "", last) == "5 rows, 3 failed"  # how long, if it is


def test_many_failures_are_counted(gradcalc: Shell) -> None:
    text = "x\n" + "?\n" * 1000 + "4\n"
    ran = gradcalc("batch", "sqrt(x)", "--points", put("p.csv", text), "--on-error", "skip")
    assert ran.out == "df1/dx\n0.25\n"
    assert len(ran.err.splitlines()) == 6
    assert ran.err.endswith("1,001 rows, 1,000 failed (the first 5 are named above)\n")


def test_an_infinite_slope_is_an_answer(gradcalc: Shell) -> None:
    ran = gradcalc("batch", "sqrt(x)", "--points", put("p.csv", "x\n0\n"))
    assert (ran.code, ran.out) == (0, "df1/dx\ninf\n")


def test_an_infinite_value_is_none(gradcalc: Shell) -> None:
    put("p.csv", "x\n0\n1\n")
    ran = gradcalc("batch", "-log(x)", "--points", "p.csv", "--what", "eval", "--check-sample", "2")
    assert (ran.code, ran.out) == (1, "f1\ninf\n-0.0\n")
    assert "line 2: f1 is inf" in ran.err
    assert "2 rows, 1 failed; ✓ sympy: 1 random row agrees" in ran.err


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["hessian"], "d2f1/dxdx,d2f1/dxdy,d2f1/dydx,d2f1/dydy\n6.0,4.0,4.0,0.0\n"),
        (["hvp", "--u", "1,10"], "d2f1/dxdu,d2f1/dydu\n46.0,4.0\n"),
        (["hvp", "--u", "y,x"], "d2f1/dxdu,d2f1/dydu\n26.0,12.0\n"),
        (["hessian", "--wrt", "y"], "d2f1/dydy\n0.0\n"),
        (["eval,hessian", "--wrt", "x"], "f1,d2f1/dxdx\n12.0,6.0\n"),
    ],
)
def test_second_derivatives(gradcalc: Shell, words: list[str], out: str) -> None:
    words = ["--what", *words, "--check-sample", "1"]
    ran = gradcalc("batch", "x**2*y", "--points", put("p.csv", "x,y\n2,3\n"), *words)
    assert (ran.code, ran.out) == (0, out)
    assert "1 random row agrees" in ran.err


OVERFLOWS = [
    ("sqrt(x*x+y*y)", "1e155,1e155", "f1 is inf"),
    ("sqrt(x*x+y*y)/1e10", "1e155,1", "f1 is inf"),
    ("atan(x)+exp(y)", "1,1000", "f1 is inf"),
    ("-log(x)+y", "0,1", "f1 is inf"),
    ("log(x)+y", "-1,1", "f1 is nan"),
    ("1/x+y", "0,1", "f1 is inf"),
    ("x*1e200*y", "1e200,1", "f1 is inf"),
    ("sin(exp(1000))+x*y", "1,2", "f1 is nan"),
    ("exp(1000)+x*y", "1,2", "f1 is inf"),
    ("x+y+1/(1-1)", "1,2", "f1 is inf"),
    ("max(x,y)*1e300", "1e20,0", "f1 is inf"),
]


@pytest.mark.parametrize("what", ["eval", "grad", "jacobian", "vjp", "jvp", "hessian", "hvp"])
@pytest.mark.parametrize(("text", "row", "why"), OVERFLOWS)
def test_a_value_that_is_not_finite_fails_whatever_is_asked(
    gradcalc: Shell, text: str, row: str, why: str, what: str
) -> None:
    words = ("batch", text, "--what", what, "--u", "1,1", "--points")
    words = tuple(word for word in words if what in ("jvp", "hvp") or word not in ("--u", "1,1"))
    other = "0.5,0.25\n"
    alone = gradcalc(*words, put("p.csv", f"x,y\n{row}\n"))
    assert alone.code == 1
    assert f"p.csv, line 2: {why}" in alone.err
    first = alone.out.splitlines()[1]
    assert what == "eval" or set(first.split(",")) == {"nan"}
    for company in (9, 99, 3000):  # the same verdict and the same text in any
        ran = gradcalc(*words, put("p.csv", f"x,y\n{row}\n" + other * company))
        assert ran.code == 1
        assert f"p.csv, line 2: {why}" in ran.err
        assert ran.out.splitlines()[1] == first


CURVE = "b1*exp(-b2*x)"


@pytest.mark.parametrize("form", ["csv", "ndjson", "npy", "bare"])
def test_slopes_in_the_parameters_over_rows_of_data(gradcalc: Shell, form: str) -> None:
    x = np.array([0.5, 1.0, 2.0])
    source = f"p.{form}"
    if form == "npy":
        np.save(source, x)
    else:
        rows = {"csv": "x\n0.5\n1\n2\n", "bare": "0.5\n1\n2\n",
                "ndjson": '{"x":0.5}\n{"x":1}\n{"x":2}\n'}  # fmt: skip
        put(source, rows[form])
    words = ("batch", CURVE, "--points", source, "-f", "csv", "--check-sample", "3")
    ran = gradcalc(*words, "--at", "b1=2,b2=0.5", "--wrt", "b1,b2")
    assert ran.code == 0
    assert ran.out.startswith("df1/db1,df1/db2\n")
    found = np.loadtxt(ran.out.splitlines(), delimiter=",", skiprows=1)
    expected = np.stack([np.exp(-x / 2), -2 * x * np.exp(-x / 2)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    everything = gradcalc(*words, "--at", "b1=2", "--at", "b2=0.5")
    assert everything.out.startswith("df1/db1,df1/db2,df1/dx\n")


def test_fixed_values_of_an_array_and_columns_called_otherwise(gradcalc: Shell) -> None:
    put("p.csv", "joint_1,x [m],q1\n2,3,100\n")
    ran = gradcalc(
        "batch", "sum(a)*q1 + x", "--points", "p.csv", "--at", "a=[1,2]", "--what", "eval,grad",
        "--map", "q1=joint_1", "--map", "x=x [m]", "--keep",
    )  # fmt: skip
    assert (ran.code, ran.out) == (
        0,
        "joint_1,x [m],q1,f1,d/da[0],d/da[1],d/dq1,d/dx\n2.0,3.0,100,9.0,2.0,2.0,3.0,1.0\n",
    )
    ran = gradcalc("batch", "q1", "--points", "p.csv", "--map", "q1=joint_1", "--what", "eval")
    assert ran.out == "f1\n2.0\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x*b"], "--map 'b=…'; the same for all rows: --at b=…"),
        (["x*y"], "called otherwise: --map 'y=y [m]'"),
        (["x*b", "--at", "2"], "--at binds by name beside --points"),
        (["x*b", "--at", "b=1", "--at", "b=2"], "twice"),
        (["x*b", "--at", "b=1,x=2"], "'x' is a column of p.csv, and --at has a value for it"),
        (["x*b", "--at", "b=1,c=2"], "--at binds 'c', and the expression has no such variable"),
        (["x*b", "--at", "b=1", "--param", "b=2"], "b"),
        (["x*b", "--map", "b=c"], "p.csv has no column 'c'"),
        (["x*b", "--map", "b"], "'b' is no name=column"),
        (["x*b", "--map", "2=x"], "not a name"),
        (["x*b", "--map", "b=x,b=x"], "--map has 'b' twice"),
    ],
)
def test_what_cannot_be_bound_beside_points(
    gradcalc: Shell, words: list[str], message: str
) -> None:
    put("p.csv", "x,y [m]\n1,2\n")
    ran = gradcalc("batch", *words, "--points", "p.csv")
    assert ran.code in (2, 3)
    assert message in ran.err


def test_hints_about_columns_can_be_typed(gradcalc: Shell) -> None:
    put("p.csv", "x,y [m]\n1,2\n")
    words = ("batch", "x*y", "--points", "p.csv", "--what", "eval")
    hint = gradcalc(*words).err
    assert "--map 'y=y [m]'" in hint
    assert gradcalc(*words, "--map", "y=y [m]").out == "f1\n2.0\n"
    assert gradcalc(*words, "--at", "y=5").out == "f1\n5.0\n"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("format", EVERY)
def test_compressed_files_in_and_out(gradcalc: Shell, format: str, suffix: str) -> None:
    put("p.csv", "x,y\n" + "".join(f"{k},{k / 7}\n" for k in range(3000)))
    words = ("batch", "a=x*1;b=y*1", "--what", "eval", "--points", "p.csv", "-o")
    assert gradcalc(*words, f"plain.{format}").code == 0
    assert gradcalc(*words, f"p.{format}{suffix}").code == 0
    whole = Path(f"p.{format}{suffix}").read_bytes()
    assert whole[:2] == {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5"}[suffix]
    words = ("batch", "a*b" if format != "npy" else "x*y", "--what", "eval", "-f", "csv")
    plain = gradcalc(*words, "--points", f"plain.{format}")
    assert (plain.code, len(plain.out.splitlines())) == (0, 3001)
    assert gradcalc(*words, "--points", f"p.{format}{suffix}") == plain
    Path(f"cut.{format}{suffix}").write_bytes(whole[: len(whole) // 2])
    cut = gradcalc(*words, "--points", f"cut.{format}{suffix}")
    assert cut.code == 3
    assert "damaged" in cut.err or "ends before" in cut.err


def test_compression_is_seen_whatever_the_name(gradcalc: Shell) -> None:
    Path("p.csv").write_bytes(gzip.compress(b"x\n2\n3\n"))
    ran = gradcalc("batch", "x*x", "--points", "p.csv", "--what", "eval")
    assert ran.out == "f1\n4.0\n9.0\n"


@pytest.mark.parametrize(
    "name", ["o.xlsx", "o.xls", "o.h5", "o.mat", "o.zip", "o.json.gz", "o.pkl"]
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    gradcalc: Shell, name: str
) -> None:
    ran = gradcalc("batch", "x", "--points", "nowhere.csv", "-o", name)
    assert (ran.code, ran.out) == (2, "")
    assert f"--out {name}: batch writes no" in ran.err
    assert not Path(name).exists()
    put("p.csv", "x\n1\n")
    ran = gradcalc("batch", "x", "--points", "p.csv", "-o", name, "--format", "csv")
    assert ran.code == 0
    assert gradcalc("batch", "x", "--points", "p.csv", "-o", "o.txt").code == 0


def test_without_a_library_zstd_is_refused_before_anything_is_read(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradcalc.batch import compression

    monkeypatch.setattr(compression, "find_spec", lambda _: None)
    ran = gradcalc("batch", "x", "--points", "nowhere.csv", "-o", "o.csv.zst")
    assert ran.code == 2
    assert "pip install zstandard" in ran.err


def test_files_of_a_folder_or_a_pattern_in_natural_order(gradcalc: Shell) -> None:
    Path("d").mkdir()
    put("d/r10.csv", "y,x\n5,100\n")
    put("d/r2.csv", "x,y\n1,2\n3,4\n")
    put("d/r3.ndjson", '{"y": 7, "x": 6}\n')
    put("d/notes.md", "nothing")
    put("d/.hidden.csv", "x,y\n0,0\n")
    words = ("batch", "10*x+y", "--what", "eval", "-f", "csv", "--points")
    for points in ("d", "d/", "d/r*"):
        ran = gradcalc(*words, points)
        assert (ran.code, ran.out) == (0, "f1\n12.0\n34.0\n67.0\n1005.0\n")
    ran = gradcalc(*words, "d/*.csv", "--keep")
    assert ran.out == "x,y,f1\n1.0,2.0,12.0\n3.0,4.0,34.0\n100.0,5.0,1005.0\n"
    put("d/r11.csv", "x,y\n1,?\n")
    assert "error: d/r11.csv, line 2: y is '?', not a number" in gradcalc(*words, "d").err
    stopped = gradcalc(*words, "d", "--on-error", "stop")
    assert stopped.err == "error: d/r11.csv, line 2: y is '?', not a number\n"
    put("d/r12.csv", "x,z\n1,2\n")
    ran = gradcalc(*words, "d")
    assert (ran.code, ran.out) == (3, "")
    assert "d/r12.csv has no column 'y', which d/r2.csv has" in ran.err


def test_a_name_with_a_star_is_a_name(gradcalc: Shell) -> None:
    put("a*.csv", "x\n1\n")
    put("ab.csv", "x\n2\n")
    assert gradcalc("batch", "x", "--points", "a*.csv", "--what", "eval").out == "f1\n1.0\n"
    assert gradcalc("batch", "x", "--points", "a?.csv", "--what", "eval").out == "f1\n1.0\n2.0\n"


def test_of_many_files_none_is_written_over(gradcalc: Shell) -> None:
    Path("d").mkdir()
    for name in ("a", "b"):
        put(f"d/{name}.csv", "x\n1\n")
    ran = gradcalc("batch", "x", "--points", "d", "-o", "d/b.csv")
    assert (ran.code, "which is read" in ran.err) == (2, True)
    assert gradcalc("batch", "x", "--points", "d/c*.csv").code == 2
    Path("e").mkdir()
    assert gradcalc("batch", "x", "--points", "e").code == 2


@pytest.mark.parametrize("installed", [False, True])
def test_what_would_make_long_input_quick_is_said_once(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    from gradcalc.cli import batch

    monkeypatch.setattr(batch, "SLOW", 0.0)
    monkeypatch.setattr(batch, "find_spec", lambda _: True if installed else None)
    ran = gradcalc("batch", PAIR, "--points", put("p.csv", POINTS))
    assert ran.err.count("pip install polars") == (not installed)
    assert gradcalc("batch", PAIR, "--points", "p.csv", "-q").err == ""


def test_failures_in_json(gradcalc: Shell) -> None:
    ran = gradcalc(
        "batch", "sqrt(x)", "--points", put("p.csv", BAD), "-f", "ndjson", "--what", "eval", "-q"
    )
    assert [json.loads(line) for line in ran.out.splitlines()] == [
        {"f1": 2.0}, {"f1": None}, {"f1": None}, {"f1": None}, {"f1": 3.0},
    ]  # fmt: skip
    first = json.loads(ran.err.splitlines()[0])
    assert first["error"]["message"] == "p.csv, line 3: x is 'abc', not a number"


@pytest.mark.parametrize(
    ("code", "words", "message"),
    [
        (2, [PAIR], "needs --points"),
        (2, ["--points", "p.csv"], "needs an expression"),
        (2, [PAIR, "--points", "nowhere.csv"], "cannot read 'nowhere.csv'"),
        (2, [PAIR, "--points", "e"], "cannot read 'e': there are no files of points"),
        (2, ["-", "--points", "-"], "both"),
        (2, [PAIR, "--points", "p.csv", "--what", "hess"], "none of"),
        (2, [PAIR, "--points", "p.csv", "--on-error", "ignore"], "none of"),
        (2, [PAIR, "--points", "p.csv", "--format", "table"], "none of"),
        (2, [PAIR, "--points", "p.csv", "-o", "no/folder.csv"], "cannot write"),
        (3, ["x1*y", "--points", "p.csv"], "p.csv has no column 'y'"),
        (3, ["x1+", "--points", "p.csv"], "x1+"),
        (3, ["x1*x2", "--points", "twice.csv"], "2 columns named 'x1'"),
        (3, ["x1", "--points", "bare.csv"], "no header and 2 columns, for 1 variables: x1"),
        (3, ["x1", "--points", "empty.csv"], "is empty"),
        (3, [PAIR, "--points", "p.csv", "--what", "grad"], "a gradient is of one output"),
        (3, [PAIR, "--points", "p.csv", "--what", "vjp"], "needs --v"),
        (3, [PAIR, "--points", "p.csv", "--what", "vjp", "--v", "1,1,1"], "3 values"),
        (3, [PAIR, "--points", "p.csv", "--what", "vjp", "--v", "x1,1,1"], "3 entries"),
        (3, [PAIR, "--points", "f1.csv", "--what", "eval", "--keep"], "two columns 'f1'"),
        (3, [PAIR, "--points", "utf16.csv"], "UTF-16"),
        (3, [PAIR, "--points", "p.csv", "--input-format", "npy"], "not an NPY file"),
    ],
)
def test_what_does_not_fit(gradcalc: Shell, code: int, words: list[str], message: str) -> None:
    put("p.csv", POINTS)
    put("twice.csv", "x1,x1,x2\n1,2,3\n")
    put("bare.csv", "1,2\n")
    put("empty.csv", "\n\n")
    put("f1.csv", "x1,x2,f1\n1,2,3\n")
    Path("e").mkdir()
    Path("utf16.csv").write_text(POINTS, "utf-16")
    ran = gradcalc("batch", *words)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err


def test_a_file_is_there_whole_or_as_it_was(gradcalc: Shell, folder: Path) -> None:
    put("out.csv", "before")
    put("p.csv", BAD)
    words = ("batch", "sqrt(x)", "--points", "p.csv", "-o", "out.csv")
    assert gradcalc(*words, "--on-error", "stop").code == 1
    assert Path("out.csv").read_text() == "before"
    assert gradcalc(*words, "--on-error", "skip").code == 1
    assert Path("out.csv").read_text() == "df1/dx\n0.25\n0.16666666666666666\n"
    assert sorted(os.listdir(folder)) == ["out.csv", "p.csv"]


def test_a_sample_is_checked(gradcalc: Shell) -> None:
    put("p.csv", "x\n" + "".join(f"{k / 7}\n" for k in range(1, 500)))
    words = ("batch", "sin(x)*x", "--points", "p.csv", "-o", "out.csv", "--check-sample")
    ran = gradcalc(*words, "3")
    assert ran.code == 0
    assert ran.err.startswith("499 rows")
    assert "✓ sympy: 3 random rows agree" in ran.err
    assert "; proven\n" in ran.err
    assert "499 random rows" in gradcalc(*words, "1000", "--budget", "600").err


def test_a_wrong_number_is_found(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcalc.batch.results import Results

    right = Results.at
    monkeypatch.setattr(Results, "at", lambda self, x: right(self, x) * (1 + 1e-9))
    put("p.csv", POINTS)
    ran = gradcalc("batch", "x1*sin(x2)", "--points", "p.csv", "--check-sample", "2")
    assert ran.code == 1
    assert "line 2: ✗ sympy: df1/dx" in ran.err


def test_a_check_that_comes_to_nothing(gradcalc: Shell) -> None:
    put("p.csv", POINTS)
    words = ("batch", "gamma(x1)**sin(x2)", "--points", "p.csv", "--check-sample", "2")
    ran = gradcalc(*words, "--budget", "0")
    assert ran.code == 5
    assert "not checked" in ran.err


def test_every_row_is_proven(gradcalc: Shell) -> None:
    put("p.csv", "x\n" + "".join(f"{k / 7}\n" for k in range(1, 50)))
    ran = gradcalc("batch", "sin(x)*x, x", "--points", "p.csv", "--what", "eval,grad", "--prove")
    assert ran.code == 3  # of two outputs there is no gradient
    ran = gradcalc("batch", "sin(x)*x", "--points", "p.csv", "--what", "eval,grad", "--prove")
    assert (ran.code, ran.err.count("\n")) == (0, 1)
    assert "✓ proven: 1" in ran.err
    rows = [line.split(",") for line in ran.out.splitlines()]
    assert rows[0] == ["f1", "d/dx", "digits"]
    assert all(float(row[2]) >= 13 for row in rows[1:])


@pytest.mark.parametrize(
    ("text", "what", "points", "code", "digits", "said"),
    [
        ("(1-cos(x))/x**2", "grad", "1e-5 2", 1, [0, 17], "line 2: ✗ arb: df1/dx is -0.00828"),
        ("1e16+x-1e16", "eval", "1 2 3", 6, [0, 17, 0], "line 4: ≈ arb"),
        ("abs(x)", "grad", "1 0", 5, [17, 0], "line 3: not checked: 1 entry not checked (kink)"),
        ("floor(exp(log(x)/2))", "eval", "5 16", 5, [17, 0], "line 3: ? arb: not decided"),
        ("x**2", "grad", "1 3", 0, [17, 17], "✓ proven: every digit"),
    ],
)
def test_rows_in_doubt_are_named(
    gradcalc: Shell, text: str, what: str, points: str, code: int, digits: list[int], said: str
) -> None:
    put("p.csv", "x\n" + "".join(f"{x}\n" for x in points.split()))
    ran = gradcalc("batch", text, "--points", "p.csv", "--what", what, "--prove")
    assert ran.code == code
    assert said in ran.err
    assert [float(row.split(",")[1]) for row in ran.out.splitlines()[1:]] == digits


def test_a_proof_needs_arb_and_a_stream(gradcalc: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    put("p.csv", POINTS)
    words = ("batch", "x1*sin(x2)", "--points", "p.csv", "--prove")
    assert gradcalc(*words, "-o", "parts/").code == 2
    monkeypatch.setitem(sys.modules, "flint", None)
    ran = gradcalc(*words)
    assert ran.code == 2
    assert "pip install python-flint" in ran.err


@pytest.mark.parametrize(
    ("terminal", "patience", "told"), [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)]
)
def test_rows_and_rate_on_a_terminal_after_a_while(
    gradcalc: Shell, monkeypatch: pytest.MonkeyPatch, terminal: bool, patience: float, told: bool
) -> None:
    from gradcalc.cli import progress

    monkeypatch.setattr(progress, "is_terminal", lambda _: terminal)
    monkeypatch.setattr(progress.RowCount, "PATIENCE", patience)
    monkeypatch.setattr(progress.RowCount, "PAUSE", 0.0)
    ran = gradcalc("batch", PAIR, "--points", put("p.csv", POINTS))
    assert ran.out == SLOPES
    assert ("2 rows, 100%, " in ran.err) is told
    assert ("rows/s" in ran.err) is told
    assert ran.err.split("\x1b[K")[-1] == "2 rows\n"  # the line is taken away in the end


def test_every_word_is_in_the_help(gradcalc: Shell) -> None:
    told = gradcalc("batch", "--help").out
    for word in (*WHAT, *EXTENSIONS, *POLICIES):
        assert word in told


# --- whole processes ------------------------------------------------------------------------------


def test_through_a_pipe() -> None:
    ran = sh(f"printf '{POINTS}' | gradcalc batch '{PAIR}' --points - | tail -n +2 | cut -d, -f1")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "4.0\n2.0\n", "2 rows\n")


@pytest.mark.parametrize("format", [name for name in EVERY if name.values != ("csv",)])
def test_every_format_through_a_pipe(format: str) -> None:
    ran = sh(
        f"printf '{POINTS}' | gradcalc batch 'x1;x2' --points - -q --what eval -f {format} |"
        f"gradcalc batch 'f1+f2' --points - -q --what eval --input-format {format} -f csv"
    )
    if format == "npy":  # no names: natural order
        assert ran.returncode == 0
    assert (ran.stdout, ran.stderr) == ("f1\n5.0\n1.5\n", "")


def test_a_slow_producer_is_answered_at_once() -> None:
    with subprocess.Popen(
        [*GRADCALC.split(), "batch", "x*x", "--points", "-", "--what", "eval"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for line, answer in ((b"x\n3\n", b"f1\n9.0\n"), (b"4\n", b"16.0\n")):
            process.stdin.write(line)
            process.stdin.flush()
            assert b"".join(process.stdout.readline() for _ in range(line.count(b"\n"))) == answer
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_reader_that_goes_away() -> None:
    endless = "(echo x; yes 0.123456789)"
    ran = sh(f"{endless} | gradcalc batch 'sin(x)' --points - | head -2; echo ${{PIPESTATUS[1]}}")
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[0] == "df1/dx"
    assert ran.stdout.splitlines()[-1] == "141"


def test_an_interruption(folder: Path) -> None:
    with subprocess.Popen(
        [*GRADCALC.split(), "batch", "sin(x)", "--points", "-", "-o", "out.csv"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=AS_A_USER,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"x\n" + b"1\n" * 100_000)
        process.stdin.flush()
        while not list(folder.glob("*.part")):
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == b""
    assert list(folder.iterdir()) == []


MEMORY = """
import re, sys
from gradcalc.cli.app import main
code = main(sys.argv[1:])
with open("/proc/self/status") as status:
    peak = re.search("VmHWM: *([0-9]+) kB", status.read().replace("\\t", " "))[1]
sys.stderr.write(f"{code} {int(peak) // 1024}")
"""


def peak(source: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, "batch", "sin(x)*cos(y)", "--points", source, "-q",
         "-o", "/dev/null", "-f", "csv"],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=True,
    )  # fmt: skip
    code, megabytes = ran.stderr.split()
    assert code == "0"
    return int(megabytes)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("format", [pytest.param("csv", marks=NEEDS_POLARS), "npy"])
def test_memory_does_not_grow_with_the_input(format: str) -> None:
    sizes = {"csv": (400_000, 1_600_000), "npy": (100_000, 300_000)}[format]
    peaks = []
    for rows in sizes:
        source = f"p{rows}.{format}"
        if format == "npy":
            np.save(source, np.random.default_rng(0).random((rows, 2)))
        else:
            line = "0.12345678901234567,0.76543210987654321\n"
            Path(source).write_text("x,y\n" + line * rows)
        peaks.append(peak(source))
        Path(source).unlink()
    assert peaks[1] < peaks[0] * 1.25
    assert peaks[1] < 400
