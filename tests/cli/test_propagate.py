"""``gradcalc propagate``: its inputs, its formats, its errors and exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gradcalc.limits import MOST_INPUTS
from gradcalc.render.budget import WRITERS
from gradcalc.render.formats import FIGURES, FORMATS_OF
from tests.cli.shell import Shell

OHM = ["V/I", "--at", "V=5.00(1),I=0.0200±0.5%", "--no-check"]


def record(gradcalc: Shell, *words: str) -> Any:
    return json.loads(gradcalc("propagate", *words, "-f", "json").out)


def test_the_formats_are_those_of_the_list() -> None:
    assert {*WRITERS, *FIGURES} == set(FORMATS_OF["a budget"])


def test_a_budget(gradcalc: Shell) -> None:
    ran = gradcalc("propagate", *OHM)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("f1 = 250.0(1.3)   95 %: 250.0 ± 2.6 (k = 1.96)\n")
    lines = {line.split()[0]: line.split() for line in ran.out.splitlines() if line}
    assert lines["I"] == ["I", "0.02000", "0.0001", "-12500", "-1.25", "86.2", "%"]
    assert lines["V"][-2:] == ["13.8", "%"]


def test_every_number_is_whole_in_json(gradcalc: Shell) -> None:
    found = record(gradcalc, *OHM)
    assert found["u"] == [pytest.approx((0.5**2 + 1.25**2) ** 0.5, rel=1e-15)]
    assert found["expanded"][0] == found["k"][0] * found["u"][0]
    assert found["sensitivities"] == [[-12500.0, 50.0]]
    assert found["inputs"][0] == {
        "name": "I", "value": 0.02, "u": 1e-4, "dof": None, "distribution": "normal",
    }  # fmt: skip
    assert found["best"][0]["brief"] == "250.0(1.3)"
    assert found["linear"][0]["stands"] is True


def test_csv_has_a_row_for_each_contribution(gradcalc: Shell) -> None:
    rows = list(csv.DictReader(io.StringIO(gradcalc("propagate", *OHM, "-f", "csv").out)))
    assert [row["input"] for row in rows] == ["I", "V", ""]
    assert float(rows[0]["contribution"]) == -1.25
    assert float(rows[2]["u"]) == pytest.approx(1.3462912)
    plain = gradcalc("propagate", *OHM, "-f", "plain").out.split()
    assert plain[:2] == ["250", rows[2]["u"]]


SAME = [
    ["--at", "V=5.00(1),I=0.0200(1)"],
    ["--at", "V=5,I=0.02", "--u", "V=0.01,I=0.5%"],
    ["--at", "V=5,I=0.02", "--u", "0.5%,0.01"],  # the order of the variables: I, V
    ["--at", "V=5.00(1),I=0.02", "--u", "I=uniform(1e-4*sqrt(3))"],
    ["--at", "0.0200(1), 5.00(1)"],
]


@pytest.mark.parametrize("words", SAME)
def test_the_same_inputs_in_other_words(gradcalc: Shell, words: list[str]) -> None:
    found = record(gradcalc, "V/I", *words, "--no-check")
    assert found["u"] == [pytest.approx(1.3462912017836262, rel=1e-14)]


def test_an_array_has_an_uncertainty_for_each_element_or_one_for_all(gradcalc: Shell) -> None:
    for words in (["--at", "a=[1±0.3,2±0.4]"], ["--at", "a=[1,2]", "--u", "a=[0.3,0.4]"]):
        assert record(gradcalc, "sum(a)", *words, "--no-check")["u"] == [0.5]
    found = record(gradcalc, "sum(a)", "--at", "a=[1,2]", "--u", "a=3", "--no-check")
    assert found["u"] == [pytest.approx(18**0.5)]


def test_a_covariance_from_a_file(gradcalc: Shell, tmp_path: Path) -> None:
    named = tmp_path / "c.csv"
    named.write_text("name,x,y\ny,0.02,0.09\nx,0.04,0.02\n")  # rows with names, in another order
    bare = tmp_path / "c.txt"
    bare.write_text("0.04 0.02\n0.02 0.09\n")
    typed = ["--at", "x=1±0.2,y=2±0.3", "--corr", "x,y=1/3"]
    for words in (["--at", "1,2", "--cov", str(named)], ["--at", "1,2", "--cov", str(bare)], typed):
        found = record(gradcalc, "x - y", *words, "--no-check")
        assert found["u"] == [pytest.approx(0.3)]
        assert found["pairs"][0]["r"] == pytest.approx(1 / 3)


def test_repeated_observations(gradcalc: Shell, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("time,x,y\n0,1,10\n1,2,30\n2,3,20\n")
    ran = gradcalc("propagate", "x*y + k", "--data", str(path), "--at", "k=1±0", "-f", "json",
                   "--no-check")  # fmt: skip
    found = json.loads(ran.out)
    assert found["value"] == [41.0]
    assert [i["u"] for i in found["inputs"][1:]] == pytest.approx([3**-0.5, 10 / 3**0.5])
    assert found["dof"] == [pytest.approx(2.0)]
    assert found["pairs"][0]["r"] == pytest.approx(0.5)
    assert any("nothing is called time" in note for note in found["notes"])
    assert any("no uncertainty is said of k, which is taken as exact" in n for n in found["notes"])


def test_degrees_of_freedom_with_correlated_inputs_are_refused_with_a_reason(
    gradcalc: Shell,
) -> None:
    ran = gradcalc("propagate", "x+y", "--at", "x=1±t(0.1,5),y=2±0.1", "--corr", "x,y=0.5",
                   "--no-check")  # fmt: skip
    assert "note: Welch and Satterthwaite's formula is for independent inputs: x has 5" in ran.out
    assert "(k = 1.96)" in ran.out


def test_the_linear_answer_is_refused_where_it_does_not_stand(gradcalc: Shell) -> None:
    ran = gradcalc("propagate", "x^2+y^2", "--at", "x=0±0.005,y=0±0.005", "--no-check")
    assert ran.code == 1
    assert ran.out.startswith("f1 = 5.0(5.0)e-5 ")
    assert "✗ the linear interval does not stand" in ran.out
    ran = gradcalc("propagate", "x^2", "--at", "x=0±0.005", "--no-check")
    assert ran.code == 1
    assert ran.out.startswith("f1 = 2.5(3.5)e-5   (second order)\n")
    assert "far from normal (skewness 2.8)" in ran.out
    ran = gradcalc("propagate", "abs(x)", "--at", "x=0±1", "--no-check")
    assert ran.code == 1
    assert "at x=2 the expression is 2 from its second order" in ran.out
    ran = gradcalc("propagate", "atan2(y,x)", "--at", "x=0.001±0.01,y=0±0.01", "--no-check")
    assert ran.code == 1
    assert "the linear result does not stand, and nothing better was computed" in ran.out
    assert "--monte-carlo 1e6" in ran.out


def test_too_few_draws_are_no_verdict(gradcalc: Shell) -> None:
    ran = gradcalc("propagate", "x", "--at", "x=0±9.9", "--monte-carlo", "1000", "--no-check")
    assert ran.code == 5
    assert "by chance; --monte-carlo " in ran.out


def test_draws_are_the_same_for_the_same_seed(gradcalc: Shell) -> None:
    words = ["x*y", "--at", "x=1±0.1,y=2±0.1", "--monte-carlo", "2000", "--no-check"]
    first, again, other = (
        record(gradcalc, *words, "--seed", seed)["monte_carlo"]["mean"] for seed in "778"
    )
    assert first == again != other


def test_every_sensitivity_has_its_verdict(gradcalc: Shell) -> None:
    ran = gradcalc("propagate", "V/I", "--at", "V=5.00(1),I=0.0200(1)")
    assert "2 entries and 1 value agree" in ran.out
    assert "✓ second derivatives: " in ran.out
    ran = gradcalc("propagate", "V/I", "--at", "V=5.00(1),I=0.0200(1)", "-q")
    assert "✓" not in ran.out
    ran = gradcalc("propagate", "(1-cos(x))/x^2", "--at", "x=1e-8±1e-9")
    assert ran.code == 1
    assert "true value" in ran.out
    found = record(gradcalc, "x*y, x^3", "--at", "x=1.00(1),y=2.00(1)")
    assert found["check"]["passed"] is True
    assert [one["check"]["passed"] for one in found["second_order"]] == [True, True]
    found = record(gradcalc, "(1-cos(x))/x^2", "--at", "x=1e-5±1e-6")
    assert found["second_order"][0]["check"]["passed"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x*y", "--at", "x=1,y=2"], "no input has an uncertainty"),
        (["2"], "no input has an uncertainty"),
        (["x*y", "--at", "x=1±1,y=2", "--u", "z=1"], "--u binds 'z'"),
        (["x*y", "--at", "x=1±1,y=2", "--u", "x=1"], "'x' has two uncertainties"),
        (["x*y", "--at", "x=1,y=2", "--u", "1"], "--u has 1 value for 2 variables"),
        (["x*y", "--at", "x=1±1,y=2", "--u", "1,y=2"], "by name and by order"),
        (["x*y", "--at", "x=1±1,y=2±1", "--corr", "x,y=1.5"], "this is 0.5 beyond"),
        (["x*y", "--at", "x=1±1,y=2±1", "--corr", "x,z=0.5"], "--corr binds 'z'"),
        (["x*y", "--at", "x=1±1,y=2±1", "--corr", "x,x=0.5"], "correlated with itself"),
        (["x*y", "--at", "x=1±1,y=2±1", "--corr", "x=0.5"], "a correlation is of two names"),
        (["x*y", "--at", "x=1±1,y=2±1", "--corr", "x,y=.1;y,x=.2"], "correlated with x twice"),
        (["x*y", "--at", "x=1±1,y=2", "--corr", "x,y=.9"], "no uncertainty is said of y"),
        (["x*y", "--at", "x=1±1,y=2", "--dof", "y=5"], "no uncertainty is said of y"),
        (["x+y+z", "--at", "1±1,1±1,1±1", "--corr", "x,y=.9;y,z=.9;x,z=-.9"], "contradict"),
        (["x*y", "--at", "x=1±1,y=2", "--dof", "x=0"], "above 0"),
        (["x*y", "--at", "x=1±1,y=2", "--dof", "w=3"], "--dof binds 'w'"),
        (["x*y", "--at", "x=1±1,y=2", "--dof", "3"], "--dof binds by name"),
        (["x*y", "--at", "x=1±1,k=2±1,y=2", "--wrt", "x,y"], "does not occur"),
        (["x*k", "--at", "x=1±1,k=2±1", "--wrt", "x"], "'k' has an uncertainty, and --wrt"),
        (["x", "--at", "x=1±uniform(1)", "--corr", "x,y=1"], "--corr binds 'y'"),
    ],
)
def test_what_does_not_fit_is_said(gradcalc: Shell, words: list[str], said: str) -> None:
    ran = gradcalc("propagate", *words)
    assert (ran.code, ran.out) == (3, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,y\n1,0.2\n0.1,1\n", "is not symmetric: of x and y it has 0.2, of y and x 0.1"),
        ("x,y\n1,0\n0,-1\n", "the variance of y is negative"),
        ("x,y\n1,2\n2,1\n", "x and y are correlated by 2, 1 beyond 1"),
        ("x,y\n1,2\n", "has 1 rows for 2 columns"),
        ("x,w\n1,0\n0,1\n", "has a column 'w', and the expression has no such variable"),
        ("x,v,w\n1,0,0\n0,1,0\n0,0,1\n", "has a column 'v'"),
        ("x,y\n1,\n0,1\n", "line 2"),
    ],
)
def test_what_is_no_covariance_is_said(
    gradcalc: Shell, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text)
    ran = gradcalc("propagate", "x*y", "--at", "x=1,y=2", "--cov", str(path))
    assert ran.code == 3
    assert said in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n1\n", "has 1 row of observations"),
        ("x\n1\n\nq\n", "line"),
        ("w\n1\n2\n", "has no column of the expression"),
    ],
)
def test_what_is_no_data_is_said(gradcalc: Shell, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text)
    ran = gradcalc("propagate", "x**2", "--data", str(path))
    assert ran.code == 3
    assert said in ran.err
    assert gradcalc("propagate", "x**2", "--data", str(tmp_path / "none")).code == 2


def test_other_commands_say_who_reads_uncertainties(gradcalc: Shell) -> None:
    for text in ("x=4.63±0.05", "x=1.000(2)"):
        ran = gradcalc("grad", "x**2", "--at", text)
        assert ran.code == 3
        assert "the command propagate" in ran.err


def test_an_undefined_value_is_refused(gradcalc: Shell) -> None:
    ran = gradcalc("propagate", "log(x)", "--at", "x=-1±0.1")
    assert ran.code == 4
    assert "log(-1)" in ran.err


def test_a_budget_has_so_many_inputs_at_most(gradcalc: Shell) -> None:
    point = f"a=[{','.join(['1'] * (MOST_INPUTS + 1))}]±1"
    ran = gradcalc("propagate", "sum(a)", "--at", point)
    assert ran.code == 3
    assert "2,001 variables" in ran.err


def test_a_line_of_a_script_counts_as_checked(gradcalc: Shell) -> None:
    ran = gradcalc("run", "-", stdin="propagate x^2 --at x=5.0(1)\n")
    assert ran.code == 0
    assert ran.out.endswith("1 passed, 0 failed, 0 unchecked\n")


def test_an_output_is_correlated_with_itself_by_one(gradcalc: Shell) -> None:
    found = record(gradcalc, "x/3 + y*7, x*y/9, 2", "--at", "x=1±0.3,y=1.7±0.2")
    assert [found["correlation"][k][k] for k in range(3)] == [1.0, 1.0, None]
