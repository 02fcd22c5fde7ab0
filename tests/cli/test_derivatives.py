"""The commands that answer with numbers."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

TUTORIAL = "x1**2+3*x2, x2**2+2*x1"


def answered(gradcalc: Shell, *words: str, **rest: Any) -> dict[str, Any]:
    ran = gradcalc(*words, "-f", "json", **rest)
    assert ran.code == 0, ran.err
    record: dict[str, Any] = json.loads(ran.out)
    return record


def test_the_jacobian_of_the_tutorial(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", TUTORIAL, "--at", "2,3")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Jacobian: ∂ row / ∂ column\n"
        "\n"
        "     value   x1   x2\n"
        "at            2    3\n"
        "────────────────────\n"
        "f1      13    4    3\n"
        "f2      13    2    6\n"
        "\n"
        "✓ sympy: 4 entries and 2 values agree, exact; proven\n"
    )


@pytest.mark.parametrize(
    ("words", "key", "entries"),
    [
        (["jac", TUTORIAL, "--at", "2,3"], "jacobian", [[4, 3], [2, 6]]),
        (["vjp", TUTORIAL, "--at", "2,3", "--v", "1,1"], "vjp", [6, 9]),
        (["vjp", "x1**2, x2**3", "--at", "2,3", "--v", "2,3"], "vjp", [8, 81]),
        (["vjp", "x1**2, x2**3", "--at", "2,3", "--v", "f2=3,f1=2"], "vjp", [8, 81]),
        (["vjp", "x**2", "--at", "3"], "vjp", [6]),
        (["jvp", TUTORIAL, "--at", "2,3", "--u", "1,0"], "jvp", [4, 2]),
        (["grad", "mean(3*(a+3)**2)", "--at", "a=[2,3]"], "gradient", [15, 18]),
        (["grad", "x*y", "--at", "x=2", "--at", "y=5"], "gradient", [5, 2]),
        (["grad", "x*y", "--at", "5,2", "--wrt", "y,x"], "gradient", [2, 5]),
        (["grad", "k*x", "--at", "2", "--param", "k=9.81"], "gradient", [9.81]),
        (["grad", "x**2", "--at", "3", "--mode", "forward"], "gradient", [6]),
        (["hessian", "x**2*y", "--at", "1,2"], "hessian", [[4, 2], [2, 0]]),
        (["hvp", "x**2*y", "--at", "1,2", "--u", "1,0"], "hvp", [4, 2]),
        (["check", TUTORIAL, "--at", "2,3"], "jacobian", [[4, 3], [2, 6]]),
        (["grad", "-x**2", "--at", "3"], "gradient", [-6]),
        (["grad", "x*y", "--at", "-1,2"], "gradient", [2, -1]),
    ],
)
def test_entries(gradcalc: Shell, words: list[str], key: str, entries: list[Any]) -> None:
    record = answered(gradcalc, *words)
    assert record[key] == entries
    assert record["check"]["passed"] is True


def test_the_values_of_an_array(gradcalc: Shell) -> None:
    record = answered(gradcalc, "grad", "mean(3*(a+3)**2)", "--at", "a=[2,3]")
    assert record["value"] == [91.5]
    assert record["variables"] == ["a[0]", "a[1]"]
    assert record["at"] == {"a": [2, 3]}


def test_named_outputs(gradcalc: Shell) -> None:
    record = answered(gradcalc, "eval", "r = x**2; s = r + 1", "--at", "3", "--outputs", "s,r")
    assert record["outputs"] == ["s", "r"]
    assert record["value"] == [10, 9]


@pytest.mark.parametrize("method", ["sympy", "mpmath", "differences"])
def test_the_method_of_the_check(gradcalc: Shell, method: str) -> None:
    record = answered(gradcalc, "grad", "x*sin(x)", "--at", "1", "--check", method)
    assert record["check"]["method"] == method
    assert record["check"]["passed"] is True


@pytest.mark.parametrize("option", [["--no-check"], ["--check", "none"]])
def test_an_unchecked_answer_is_not_called_passed(gradcalc: Shell, option: list[str]) -> None:
    record = answered(gradcalc, "grad", "x**2", "--at", "1", *option)
    assert record["check"] == {"method": "none", "passed": None}
    assert "✓" not in gradcalc("grad", "x**2", "--at", "1", *option).out


def test_expressions_from_standard_input_and_from_a_file(gradcalc: Shell, tmp_path: Path) -> None:
    assert answered(gradcalc, "grad", "-", "--at", "3", stdin="x**2\n")["gradient"] == [6]
    file = tmp_path / "model.txt"
    file.write_text("# area\nr = 2*x\nr*x\n", encoding="utf-8")
    assert answered(gradcalc, "grad", "-i", str(file), "--at", "3")["gradient"] == [12]


def test_points_and_vectors_from_files(gradcalc: Shell, tmp_path: Path) -> None:
    point, vector = tmp_path / "p.json", tmp_path / "v.txt"
    point.write_text('{"x1": 2, "x2": "1 + 2"}', encoding="utf-8")
    vector.write_text("1\n1\n", encoding="utf-8")
    record = answered(gradcalc, "vjp", TUTORIAL, "--at", f"@{point}", "--v", f"@{vector}")
    assert record["vjp"] == [6, 9]


def test_a_kink_is_noted(gradcalc: Shell) -> None:
    assert "kink at x = 0" in answered(gradcalc, "grad", "abs(x)", "--at", "0")["notes"][0]
    assert "note: abs(x) has a kink at x = 0" in gradcalc("grad", "abs(x)", "--at", "0").out
    plain = gradcalc("grad", "abs(x)", "--at", "0", "-f", "plain")
    assert plain.out == "0\n"
    assert plain.err.startswith("note: abs(x) has a kink at x = 0")


# --- PyTorch's gradient vector -------------------------------------------------------------------


def test_vjp_without_a_vector_is_refused_with_pytorchs_reason_and_two_ways_out(
    gradcalc: Shell,
) -> None:
    words = ["-a*b, b", "--at", "a=2,b=3", "--wrt", "b,a", "-f", "plain"]
    ran = gradcalc("vjp", *words)
    assert ran.code == 3
    assert "grad can be implicitly created only for scalar outputs, and there are 2" in ran.err
    assert "--v 1,1 is the gradient of f1+f2" in ran.err
    pasted = shlex.split(ran.err.partition("every row at once: gradcalc ")[2])
    assert pasted[0] == "jacobian"
    assert gradcalc(*pasted).out == "-2 -3\n1 0\n"


def test_a_line_to_paste_survives_an_expression_that_looks_like_an_option(
    gradcalc: Shell,
) -> None:
    ran = gradcalc("vjp", "--at", "a=2", "-f", "plain", "--", "--a, a")
    pasted = shlex.split(ran.err.partition("every row at once: gradcalc ")[2])
    assert gradcalc(*pasted).out == "1\n1\n"


def test_a_vector_of_the_wrong_length_is_counted_with_pytorchs_words(gradcalc: Shell) -> None:
    ran = gradcalc("vjp", TUTORIAL, "--at", "2,3", "--v", "1,1,1")
    assert ran.code == 3
    assert "--v has 3 values for 2 outputs: f1, f2" in ran.err
    assert "grad_output[0] has a shape of torch.Size([3])" in ran.err


@pytest.mark.parametrize(
    ("words", "hint", "found"),
    [
        (["grad"], "all rows at once", "1 0\n0 1\n"),
        (["hessian"], "one of them", "0 0\n0 0\n"),
        (["hvp", "--u", "1,0"], "one of them", "0 0\n"),
    ],
)
def test_one_output_is_wanted(gradcalc: Shell, words: list[str], hint: str, found: str) -> None:
    ran = gradcalc(*words, "x, y", "--at", "1,2")
    assert ran.code == 3
    assert "there are 2: f1, f2" in ran.err
    pasted = shlex.split(ran.err.partition(f"{hint}: gradcalc ")[2])
    assert gradcalc(*pasted, "-f", "plain").out == found


@pytest.mark.parametrize("form", [[], ["--sparse"]])
@pytest.mark.parametrize(
    ("text", "point", "code"),
    [
        ("log(x)", "-1", 4),
        ("log(x), y", "-1,1", 4),
        ("1/0*x, exp(1000)*x", "0", 4),
        ("exp(x)/y", "800,0", 4),
        ("sqrt(max(x1,x2))", "0,-1", 0),
        ("1e308*x*10*y", "1,1", 4),
        ("x*y", "1,2", 0),
    ],
)
def test_a_sparse_jacobian_ends_as_a_dense_one(
    gradcalc: Shell, form: list[str], text: str, point: str, code: int
) -> None:
    ran = gradcalc("jacobian", text, *form, "--at", point)
    assert ran.code == code
    assert ("at this point" in ran.err) is (code == 4)
    ran = gradcalc("jacobian", text, *form, "--at", point, "-f", "json")
    assert ran.code == code


def test_the_vector_of_one_output_is_a_one_even_where_the_value_is_infinite(
    gradcalc: Shell,
) -> None:
    ran = gradcalc("vjp", "polygamma(x, y)", "--at", "0,0")
    assert ran.code == 4
    assert ran.out.splitlines()[5].split()[:3] == ["f1", "1", "-inf"]


def test_true_values_are_those_of_the_doubles_and_this_is_said(gradcalc: Shell) -> None:
    ran = gradcalc("eval", "log(e) - 1", "--precise")
    assert "so is e = 2.718281828459045: true is what is true of them" in ran.out
    assert "so is" not in gradcalc("eval", "log(e) - 1", "--precise", "--param", "e=2").out
    assert "so is" not in gradcalc("eval", "log(e) - 1").out


def test_what_differs_by_rounding_alone_is_no_limit(gradcalc: Shell) -> None:
    text = "abs(x)*y+gamma(y), where(x>0,sin(x*y),x^3)/y"
    ran = gradcalc("vjp", text, "--at", "x=0,y=1.5", "--v", "2,-1")
    assert ran.code == 0
    assert "limit" not in ran.out + ran.err


@pytest.mark.parametrize(("v", "sum_"), [
    ("1,-2", "f1 - 2·f2"), ("-1,1", "-f1 + f2"), ("0.5,0", "0.5·f1 + 0·f2"),
])  # fmt: skip
def test_the_sum_of_outputs_reads_alike_everywhere(gradcalc: Shell, v: str, sum_: str) -> None:
    """With numbers and without a point, and where it is explained."""
    for words in (["vjp", "x*y, x", "--at", "1,2"], ["explain", "x*y, x", "--at", "1,2"]):
        assert sum_ in gradcalc(*words, f"--v={v}").out
    formulas = gradcalc("vjp", "x*y, x", f"--v={v}").out.replace("1/2", "0.5")
    assert f"the gradient of {sum_}\n" in formulas
