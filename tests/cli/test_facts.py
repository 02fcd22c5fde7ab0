"""``--show``: facts about a Jacobian or a Hessian, beside it and in every format."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from tests.cli.shell import Shell

README = "x1**2+3*x2, x2**2+2*x1"
ALL = "det,rank,cond,svd,eig,inv"


def test_beside_the_jacobian_of_the_readme(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README, "--at", "2,3", "--show", ALL)
    assert ran.code == 0
    assert "determinant        18\n" in ran.out
    assert "areas are multiplied by 18 here" in ran.out
    assert "digits are lost" in ran.out
    assert ran.out.rstrip().endswith("inverse (Arb, 128 bits)")


def test_as_json(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README, "--at", "2,3", "--show", ALL, "-f", "json")
    facts = json.loads(ran.out)["facts"]
    assert facts["det"] == 18
    assert facts["rank"]["rank"] == facts["rank"]["structural"] == 2
    assert facts["inv"][0] == [1 / 3, -1 / 6]
    assert facts["eig"][0]["im"] == 0
    assert facts["check"]["proven"] == ALL.split(",")


def test_what_is_infinite_is_listed(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", "x+y, x+y", "--at", "1,2", "--show", "cond,inv", "-f", "json")
    found = json.loads(ran.out)
    assert found["facts"]["cond"]["cond"] is None
    assert found["facts"]["inv"] is None
    assert {"key": "facts.cond", "row": "", "col": "", "value": "inf"} in found["nonfinite"]


@pytest.mark.parametrize(("format", "text"), [
    ("plain", "18\n"),
    ("csv", "fact,row,column,value\ndet,,,18\n"),
    ("sympy", "Matrix([[4, 3], [2, 6]])\n18\n"),
])  # fmt: skip
def test_bare_numbers_are_the_facts_alone(gradcalc: Shell, format: str, text: str) -> None:
    ran = gradcalc("jacobian", README, "--at", "2,3", "--show", "det", "-f", format)
    assert (ran.code, ran.out) == (0, text)


def test_a_format_of_one_matrix_holds_one_fact(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README, "--at", "2,3", "--show", "det,inv", "-f", "mtx")
    assert ran.code == 2
    assert "--show inv" in ran.err


def test_in_latex(gradcalc: Shell) -> None:
    assert r"\det J = 18" in gradcalc(
        "jacobian", README, "--at", "2,3", "--show", "det", "-f", "latex"
    ).out  # fmt: skip


@pytest.mark.parametrize(("text", "at", "words"), [
    ("x**2 - y**2", "0,0", "proven indefinite: a saddle point"),
    ("x**2 + y**2", "0,0", "proven positive definite: a minimum"),
    ("x**2 + y**2", "0,3", "no stationary point, df1/dy = 6"),
    ("x**4 + y**2", "0,0", "higher derivatives decide"),
])  # fmt: skip
def test_what_a_hessian_says_of_the_point(gradcalc: Shell, text: str, at: str, words: str) -> None:
    assert words in gradcalc("hessian", text, "--at", at, "--show", "eig").out


def test_the_manipulability_of_an_arm(gradcalc: Shell) -> None:
    arm = "cos(a)+cos(a+b)+cos(a+b+c), sin(a)+sin(a+b)+sin(a+b+c)"
    ran = gradcalc("jacobian", arm, "--at", "0.1,0.4,0.2", "--show", "svd")
    assert "√det(J·Jᵀ), the manipulability" in ran.out
    straight = gradcalc("jacobian", arm, "--at", "0,0,0", "--show", "rank")
    assert "a singular point: 1 of 2 directions of the outputs cannot be reached" in straight.out


@pytest.mark.parametrize(("words", "code", "hint"), [
    (["jacobian", "x*y", "--at", "1,2", "--show", "det"], 3, "--show svd"),
    (["jacobian", README, "--at", "2,3", "--show", "dett"], 2, "did you mean det?"),
    (["jacobian", "x*y*z, x+z, y*x", "--show", "svd"], 2, "--at gives the numbers"),
    (["jacobian", "x*y", "--show", "inv"], 3, "--show svd"),
    (["jacobian", README, "--at", "2,3", "--sparse", "--show", "det"], 2, "leave out --sparse"),
    (["grad", "x", "--at", "2", "--show", "det"], 2, "option of jacobian, hessian"),
])  # fmt: skip
def test_what_cannot_be_asked(gradcalc: Shell, words: list[str], code: int, hint: str) -> None:
    ran = gradcalc(*words)
    assert ran.code == code
    assert hint in ran.err


POLAR = ["jacobian", "r*cos(t), r*sin(t)", "--show"]


@pytest.mark.parametrize(("format", "text"), [
    ("table", "det = r\n"), ("plain", "r\n"), ("csv", "det,1,1,r"), ("latex", r"\det J = r"),
    ("mathml", "<mi>r</mi>"), ("sympy", "\nr\n"), ("markdown", r"\det J = r"),
])  # fmt: skip
def test_a_determinant_as_a_formula(gradcalc: Shell, format: str, text: str) -> None:
    ran = gradcalc(*POLAR, "det", "-f", format)
    assert ran.code == 0
    assert text in ran.out


def test_an_inverse_as_formulas(gradcalc: Shell) -> None:
    ran = gradcalc(*POLAR, "inv,rank", "-f", "json")
    facts = json.loads(ran.out)["facts"]
    assert facts["inv"] == [["cos(t)", "sin(t)"], ["-sin(t)/r", "cos(t)/r"]]
    assert facts["rank"] == 2


def test_a_determinant_that_is_0_everywhere(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", "x*y, x**2*y**2", "--show", "det,rank", "--ascii")
    assert "det = 0" in ran.out
    assert "rank = 1   at nearly every point, of 2" in ran.out


def test_a_determinant_that_no_double_holds_has_its_logarithm(gradcalc: Shell) -> None:
    words = ["jacobian", "1e200*x, -3e200*y", "--at", "1,1", "--show", "det"]
    assert "determinant   -3.000000e400" in gradcalc(*words).out
    facts = json.loads(gradcalc(*words, "-f", "json").out)["facts"]
    assert facts["det"] is None
    assert facts["log10_det"] == {"sign": -1.0, "log10": pytest.approx(400.4771212547)}


def test_numbers_and_those_facts_that_are_formulas(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", README, "--at", "2,3", "--show", "det,cond", "--formulas")
    assert ran.code == 0
    assert "condition number" in ran.out
    assert "det = 4·x1·x2 - 6" in ran.out


def test_where_an_entry_is_no_number_there_are_no_facts(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", "log(x), y", "--at", "-1,1", "--show", "det")
    assert ran.code == 4
    assert "no facts: the matrix has entries that are not finite" in ran.out


FORMATS = ["table", "plain", "json", "csv", "latex", "markdown", "mathml", "sympy"]
SINGULAR = [
    "x*y, 2*x*y", "x + y, 2*x + 2*y", "sin(x)**2 + y, -cos(x)**2 + y",
    "sin(2*x) + y, 2*sin(x)*cos(x) + y", "x + y + z, x + y + z, x*y*z",
]  # fmt: skip


@pytest.mark.parametrize("text", SINGULAR)
def test_a_matrix_that_is_singular_everywhere_has_no_inverse(gradcalc: Shell, text: str) -> None:
    ran = gradcalc("jacobian", text, "--show", "det,inv")
    assert "det = 0\ninv   there is none: the matrix is singular\n" in ran.out


@pytest.mark.parametrize("format", FORMATS)
def test_that_there_is_no_inverse_is_said_in_every_format(gradcalc: Shell, format: str) -> None:
    """Of a formula and of numbers."""
    for at in ([], ["--at", "1,2"]):
        ran = gradcalc("jacobian", SINGULAR[0], "--show", "inv", "-f", format, *at)
        assert ran.code == 0
        assert "zoo" not in ran.out
        if not at or format in ("table", "latex", "markdown", "mathml"):
            assert "there is none: the matrix is singular" in ran.out + ran.err


def test_an_inverse_that_could_not_be_compared_is_not_covered_by_the_determinant(
    gradcalc: Shell,
) -> None:
    """Singular by the recurrence of gamma, which sympy does not use here."""
    ran = gradcalc("jacobian", "gamma(x+1)+y, x*gamma(x)+y", "--show", "det,inv")
    assert "inv not checked, no random point has a regular matrix" in ran.out


@pytest.mark.parametrize("format", ["table", "plain", "latex", "json"])
def test_a_name_says_one_thing_in_an_answer(gradcalc: Shell, format: str) -> None:
    """Shared parts of the matrix, its determinant and its inverse are counted on."""
    text = "x*y*z, x+y**2, z**2*x+y"
    ran = gradcalc("jacobian", text, "--show", "det,inv", "-f", format, "--ascii")
    defined: dict[str, str] = {}
    pattern = r"\b(t_?\{?\d\}?)\"?(?: = |: )\"?([^\n\",]+)"
    for name, text in re.findall(pattern, ran.out):
        assert defined.setdefault(name, text) == text
    assert len(defined) > 1 or format == "plain"


def test_facts_have_their_names_in_latex_and_mathml(gradcalc: Shell) -> None:
    for at in ([], ["--at", "2,3"]):
        words = ["jacobian", README, "--show", "det,inv", *at, "-f"]
        assert r"\qquad \det J = " in gradcalc(*words, "latex").out
        assert r"\qquad J^{-1} = " in gradcalc(*words, "latex").out
        page = ElementTree.fromstring(f"<body>{gradcalc(*words, 'mathml').out}</body>")
        _, det, inverse = ("".join(part.itertext()) for part in page)
        assert det.startswith("det(J)=")
        assert inverse.startswith("J−1=(")
        assert not any(part.tag.endswith("mtable") for part in page[1].iter())
    assert "det(H)" in "".join(
        ElementTree.fromstring(
            f"<body>{gradcalc('hessian', 'x*y', '--show', 'det', '-f', 'mathml').out}</body>"
        ).itertext()
    )


def test_facts_for_sympy_need_no_names(gradcalc: Shell) -> None:
    ran = gradcalc("jacobian", "x*y, x+y**2", "--show", "inv", "-f", "sympy")
    assert "t1" not in ran.out
    assert "1/(x - 2*y**2)" in ran.out
