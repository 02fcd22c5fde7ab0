"""Right answers pass, wrong digits do not, and what was not compared is counted."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.calculus import kinds
from gradcalc.check.budget import Deadline
from gradcalc.check.case import Case
from gradcalc.check.digits import oracle as digits
from gradcalc.check.symbolic import oracle as symbolic
from gradcalc.check.verify import verify
from gradcalc.errors import UsageError
from gradcalc.functions.digits import exclusive

EXAMPLE = "x1**2+3*x2, x2**2+2*x1"
LONG = {"budget": 30.0}  # where the clock is not what is tested
KINDS = [("jacobian", None), ("vjp", [1.5, -2]), ("jvp", [0.5, 3]), ("eval", None)]
ONE_OUTPUT_KINDS = [("gradient", None), ("hessian", None), ("hvp", [1.0, -0.3])]
ORDINARY = [
    ("sin(x)*exp(-y/2)/(1+x**2)", [0.7, 1.3]),
    ("sqrt(x**2+y**2)*atan2(y,x)", [-1.1, 0.4]),
    ("log(x)*y**1.5+x**y+2**x", [2.5, 3.0]),
    ("tanh(3x-y)+sigmoid(x*y)+softplus(x)+erf(y)", [0.3, -0.8]),
    ("gamma(x)+lgamma(x*y)+digamma(x)+polygamma(2,y)", [2.3, 1.7]),
    ("abs(x-y)+max(x,2y)+min(x,y)+clamp(x,0,1)+relu(y)", [0.3, 1.9]),
    ("floor(3x)*y+round(y)*x+x%y+sign(x)+heaviside(y)", [0.77, 0.6]),
    ("where(x>y, x**2, sin(y))+where(not (x>1 and y<2) or x==0, x*y, 0)", [0.5, 1.5]),
    ("(-x)**3+cbrt(-x*y)+hypot(x,y)+x**(1/3)+pi*x+tau", [2.0, 3.0]),
    ("sec(x)+csc(y)+cot(x*y)+sech(x)+csch(y)+coth(x)+asinh(x)+log1p(x*y)+expm1(y)", [0.4, 0.9]),
    ("mean(exp([x,y,x*y]))+norm([x,y])+prod([x,y,3])", [0.4, 0.9]),
]


@pytest.mark.parametrize("method", ["sympy", "mpmath", "auto"])
@pytest.mark.parametrize(("kind", "vector"), KINDS)
def test_the_example_is_right(check: Any, kind: str, vector: Any, method: str) -> None:
    verdict = check(EXAMPLE, [2, 3], kind, vector, method=method, **LONG)
    assert verdict.passed
    assert verdict.checked == verdict.total == {"jacobian": 4, "eval": 0}.get(kind, 2)
    assert verdict.values == 2
    assert verdict.max_ulp == 0


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
@pytest.mark.parametrize(("text", "x"), ORDINARY)
def test_ordinary_formulas_are_right(check: Any, text: str, x: Any, method: str) -> None:
    verdict = check(text, x, "gradient", method=method, **LONG)
    assert verdict.passed, verdict.line
    assert verdict.checked == verdict.total == 2
    assert min(verdict.digits) >= 13


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
@pytest.mark.parametrize(("text", "x"), [*ORDINARY[:4], ("x**3 + y**3*sin(x)", [0.0, 0.0])])
@pytest.mark.parametrize(("kind", "vector"), ONE_OUTPUT_KINDS)
def test_one_output_and_its_second_derivatives(
    check: Any, text: str, x: Any, kind: str, vector: Any, method: str
) -> None:
    verdict = check(text, x, kind, vector, method=method, **LONG)
    assert verdict.passed, verdict.line
    assert verdict.checked == verdict.total


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
@pytest.mark.parametrize(
    ("kind", "vector"), [("jacobian", None), ("vjp", [1.5, -2]), ("jvp", [0.5, 3])]
)
@pytest.mark.parametrize("relative", [1e-11, 1e-3, -2.0])
def test_a_wrong_entry_is_found(
    check: Any, kind: str, vector: Any, method: str, relative: float
) -> None:
    def spoil(entries: Any) -> None:
        entries.flat[-1] *= 1 + relative

    verdict = check("sin(x)*y, x*exp(y)", [0.7, 1.3], kind, vector, spoil, method=method, **LONG)
    assert verdict.passed is False
    assert verdict.wrong == 1
    names = {"jacobian": "df2/dy", "vjp": "d(v·f)/dy", "jvp": "df2·u"}
    assert verdict.worst.name == names[kind]
    assert verdict.line.startswith(f"✗ {method}: {names[kind]} is ")
    assert abs(verdict.worst.ours / verdict.worst.true - 1 - relative) < 1e-14 * (1 + abs(relative))


def test_a_zero_by_structure_is_checked(check: Any) -> None:
    def spoil(entries: Any) -> None:
        entries[0, 1] = 1e-300

    for method in ("sympy", "mpmath"):
        assert check("x**2, sin(y)", [1, 2], method=method, **LONG).checked == 4
        verdict = check("x**2, sin(y)", [1, 2], spoil=spoil, method=method, **LONG)
        assert (verdict.passed, verdict.worst.name, verdict.worst.true) == (False, "df1/dy", 0)


def test_a_wrong_value_is_found() -> None:
    program = gradcalc.compile(EXAMPLE)
    for method in ("sympy", "mpmath"):
        question = program.at([2, 3]).ask("jacobian")
        verdict = verify(question, value=[13, 13.5], method=method, budget=30)
        assert verdict.passed is False
        assert verdict.line == f"✗ {method}: f2 is 13.5, true value 13"


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
@pytest.mark.parametrize(
    ("text", "x", "true"),
    [
        ("(1-cos(x))/x**2", 1e-5, -8.333333333277778e-07),
        ("log(1+x)/x", 1e-10, -0.4999999999333333),
        ("(exp(x)-1)/x", 1e-9, 0.5000000003333333),
    ],
)
def test_digits_lost_to_cancellation_fail(
    check: Any, text: str, x: float, true: float, method: str
) -> None:
    verdict = check(text, [x], "gradient", method=method, **LONG)
    assert verdict.passed is False
    assert verdict.worst.variable == "x"
    assert verdict.worst.true == pytest.approx(true, rel=1e-12)
    assert f"true value {true:.10g}"[:20] in verdict.line


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("0.1*x+0.2*x-0.3*x", [3.0]),  # 1e-17 in place of a zero
        ("x*y-y*x+sin(x)**2+cos(x)**2", [0.7, 1.1]),
        ("100*(x2-x1**2)**2+(1-x1)**2", [1.0000001, 1.0000002]),  # next to the minimum
        ("sin(1e9*x)", [0.1]),  # no arithmetic could do better with this x
    ],
)
def test_cancellation_that_is_nobodys_fault_is_not_condemned(
    check: Any, text: str, x: Any, method: str
) -> None:
    verdict = check(text, x, "gradient", method=method, **LONG)
    assert verdict.outcome in ("agrees", "few digits"), verdict.line
    assert verdict.checked == len(x)


def test_a_jump_is_not_excused_as_sensitivity(check: Any) -> None:
    # 10*0.7 rounds up to 7, the exact product is below it
    verdict = check("floor(10*x)*x", [0.7], "gradient", method="sympy", **LONG)
    assert verdict.passed is False


def test_infinite_slopes_are_compared_or_counted(check: Any) -> None:
    verdict = check("x**2, sqrt(y)", [2, 0], method="sympy", **LONG)
    assert (verdict.passed, verdict.checked, verdict.max_ulp) == (True, 4, 0)
    verdict = check("x**2, sqrt(y)", [2, 0], method="mpmath", **LONG)
    assert (verdict.passed, verdict.checked, verdict.max_ulp) == (True, 4, 0)
    verdict = check("cbrt(x)", [0], method="auto", **LONG)
    assert (verdict.passed, verdict.proven, verdict.checked) == (True, True, 1)


def test_a_finite_answer_for_an_infinite_slope_is_wrong(check: Any) -> None:
    verdict = check("sqrt(x)+x", [0], spoil=lambda J: J.fill(1e9), method="sympy", **LONG)
    assert verdict.passed is False
    assert verdict.worst.true == math.inf
    assert verdict.as_json()["worst"]["true"] is None


def test_a_wrong_infinity_is_wrong(check: Any) -> None:
    verdict = check("x**2", [3], spoil=lambda J: J.fill(math.inf), method="sympy", **LONG)
    assert verdict.passed is False


def test_a_nan_is_not_compared(check: Any) -> None:
    verdict = check("log(x), x**2", [-1], method="sympy", **LONG)
    assert verdict.values == 1
    assert verdict.passed


def test_branches_not_taken_are_left_alone(check: Any) -> None:
    for method in ("sympy", "mpmath"):
        verdict = check("where(x>0, sqrt(x), x**2)", [-1.5], "gradient", method=method, **LONG)
        assert (verdict.passed, verdict.checked, verdict.max_ulp) == (True, 1, 0)


def test_at_a_kink_sympy_checks_the_convention_and_differences_do_not(check: Any) -> None:
    verdict = check("abs(x)+y**2, x*y", [0, 3], method="sympy", **LONG)
    assert (verdict.passed, verdict.checked) == (True, 4)
    verdict = check("abs(x)+y**2, x*y", [0, 3], method="mpmath", **LONG)
    assert (verdict.passed, verdict.checked, verdict.total) == (True, 3, 4)
    assert verdict.line.endswith("1 entry not checked (kink)")


def test_a_kink_that_the_table_does_not_name_is_noticed(check: Any) -> None:
    verdict = check("where(x>0, 3x, x)+y", [0, 1], "gradient", method="mpmath", **LONG)
    assert (verdict.passed, verdict.checked, verdict.total) == (True, 1, 2)


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
def test_a_wrong_second_derivative_is_found(check: Any, method: str) -> None:
    def spoil(entries: Any) -> None:
        entries[0, 1] += 1e-3

    verdict = check("x**3*y + x*sin(y)", [1, 2], "hessian", spoil=spoil, method=method, **LONG)
    assert (verdict.passed, verdict.wrong, verdict.worst.name) == (False, 1, "d²f/dxdy")


@pytest.mark.parametrize("method", ["sympy", "mpmath"])
@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("where(x < 1/y, gamma(1/y), x)", [2.0, 0.0]),  # a NaN takes no branch
        ("x*(y + csc(x - x))", [2.0, 1.0]),  # sympy would differentiate y + zoo
        ("erf(x)*y", [-17.3, 2.0]),  # erf is 1 to 130 digits
        ("sin(y)**3 + x", [1.0, 0.0]),  # the difference is the square of the step
        ("where(y/y < 2, x, 2x)", [1.0, 0.0]),  # sympy takes y/y for 1
        ("digamma(x**0)*y", [1.0, 2.0]),  # Euler's constant
        ("x/cot(tan(csc(2.456)))*y", [1.0, 2.0]),  # the constant is what it is sensitive to
    ],
)
def test_traps_of_the_methods(check: Any, text: str, x: Any, method: str) -> None:
    assert check(text, x, method=method, **LONG).passed is not False


def test_named_constants_are_the_doubles_of_the_engine(check: Any) -> None:
    verdict = check("sin(pi*x)", [1.0], "gradient", method="sympy", **LONG)
    assert verdict.passed
    assert verdict.worst is None or verdict.worst.ulps < 4


def test_zeros_of_v_silence_undefined_rows(check: Any) -> None:
    for method in ("sympy", "mpmath"):
        verdict = check("sqrt(x), x**2", [0], "vjp", [0, 1], method=method, **LONG)
        assert (verdict.passed, verdict.checked) == (True, 1)


@pytest.mark.parametrize(("kind", "vector"), [*KINDS, *ONE_OUTPUT_KINDS])
def test_differences_judge_every_kind(check: Any, kind: str, vector: Any) -> None:
    text = "sin(x)*y + x**3" + ("" if (kind, vector) in ONE_OUTPUT_KINDS else ", x/y")
    verdict = check(text, [0.7, 1.3], kind, vector, method="differences")
    assert verdict.passed, verdict.line
    assert verdict.checked == verdict.total
    assert verdict.max_ulp < 4


def test_differences_find_a_wrong_digit(check: Any) -> None:
    def spoil(entries: Any) -> None:
        entries[1, 0] *= 1 + 1e-11

    verdict = check(EXAMPLE, [2, 3], spoil=spoil, method="differences")
    assert verdict.passed is False
    assert verdict.worst.name == "df2/dx1"
    assert check("abs(x)", [0], method="differences").passed is None


def test_no_check_is_no_pass(check: Any) -> None:
    verdict = check(EXAMPLE, [2, 3], method="none")
    assert (verdict.method, verdict.passed) == ("none", None)


def test_unknown_kinds_and_methods_are_refused(check: Any) -> None:
    program = gradcalc.compile("x")
    with pytest.raises(UsageError):
        program.at([1]).ask("laplacian")
    with pytest.raises(UsageError):
        check("x", [1], method="guess")


def test_it_works_beside_the_main_thread(check: Any) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(check(EXAMPLE, [2, 3], **LONG)))
    thread.start()
    thread.join()
    assert found[0].passed


def test_the_truth_comes_with_the_verdict(check: Any) -> None:
    verdict = check(EXAMPLE, [2, 3], spoil=lambda J: J.fill(7), method="sympy", **LONG)
    assert np.array_equal(verdict.truth, [[4, 3], [2, 6]])


@pytest.mark.parametrize(
    ("text", "x"), [("expm1(x)", 1e-310), ("log1p(x)", 1e-100), ("exp(x) - 1", 0.0), ("x - x", 3.0)]
)
def test_a_zero_is_believed_only_when_many_digits_come_to_it(text: str, x: float) -> None:
    p = gradcalc.compile(text)
    verdict = verify(p.at([x]).ask("gradient"))
    assert verdict.passed is not False


@pytest.mark.parametrize("method", ["auto", "mpmath", "differences"])
def test_a_branch_for_one_point_alone_has_not_the_slope_of_the_function(
    check: Any, method: str
) -> None:
    # x*y < (x+y)*x is 0 < x**2: false at 0 alone
    text = "acos(where(x*y < (x+y)*x, 0, asin(x)/2)) + y"
    verdict = check(text, [0.0, 1.0], method=method, **LONG)
    assert (verdict.passed, verdict.worst.name) == (False, "df1/dx")
    assert (verdict.worst.ours, verdict.worst.true) == (-0.5, 0)


@pytest.mark.parametrize(
    ("text", "x", "said"),
    [
        ("0**x", 0.0, "df1/dx is -inf, but f1 jumps here"),
        ("where(ceil(x) < -0.5, 2, x)", -1.0, "df1/dx is 0, but f1 jumps here"),
        ("where(sign(x)*2 < 1 and x < 3, x, 5)", 0.0, "df1/dx is 1, but f1 jumps here"),
    ],
)
@pytest.mark.parametrize("method", ["auto", "mpmath", "differences"])
def test_a_slope_that_does_not_exist_is_not_passed(
    check: Any, text: str, x: float, said: str, method: str
) -> None:
    verdict = check(text, [x], "gradient", method=method, **LONG)
    assert verdict.passed is False
    assert said in verdict.line


@pytest.mark.parametrize("method", ["auto", "mpmath", "differences"])
@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("x*cbrt(x)", 0.0),
        ("x**x", 0.0),
        ("x + (x**2)**x", 0.0),
        ("sqrt(x)**3", 0.0),
        ("0**x + x", 2.0),
        ("x**0", 0.0),
        ("max(x, x)", 1.0),
    ],
)
def test_a_slope_that_the_chain_rule_does_not_see(
    check: Any, text: str, x: float, method: str
) -> None:
    verdict = check(text, [x], "gradient", method=method, **LONG)
    assert verdict.passed is not False, verdict.line


def test_what_sympy_leaves_open_mpmath_judges(check: Any) -> None:
    verdict = check("x**2*y, x**0.001+y", [0.0, 3.0], **LONG)
    assert (verdict.method, verdict.passed) == ("sympy+mpmath", True)
    assert (verdict.checked, verdict.total) == (4, 4)
    assert "1 entry by mpmath" in verdict.line


def test_rounding_that_stands_for_a_zero_is_told(check: Any) -> None:
    for method in ("sympy", "mpmath"):
        verdict = check("(x+1)**3 - x**3 - 3*x**2 - 3*x - 1", [0.1], method=method, **LONG)
        assert verdict.passed
        assert "df1/dx = 8.9e-16 stands for 0, and 1 more do" in verdict.line


def test_numbers_beyond_the_doubles_are_told(check: Any) -> None:
    over = check("x**-2, x", [1e-120], **LONG)
    assert over.passed
    assert "df1/dx overflows: the true value is -2e+360" in over.line
    value = check("exp(x)", [1000.0], **LONG)
    assert "f1 overflows: the true value is 1.97007e+434" in value.line
    under = check("exp(-x**2)", [30.0], **LONG)
    assert "df1/dx underflows: the true value is -8.1" in under.line
    long = check("x**9 - log2(0.586) + y", [1e155, 1e-5], method="differences", **LONG)
    assert "df1/dx overflows: the true value is 9e+1240" in long.line
    far = check("exp(x**2)*y", [1e9, 1.0], **LONG)
    assert "df1/dx overflows: the true value is beyond 1e+1000000" in far.line


@pytest.mark.parametrize(
    "text", ["exp(exp(square(x)))", "cbrt(exp(square(x)))", "sin(exp(-x**2))", "2 % csch(x)"]
)
def test_what_no_number_of_digits_can_hold_is_left_alone(check: Any, text: str) -> None:
    for method in ("mpmath", "differences"):
        assert check(text, [1e155], "gradient", method=method, **LONG).passed is not False


@pytest.mark.parametrize("method", ["mpmath", "differences"])
@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("max(x, y) + x", [0.0, 1e-160]),  # the kink is closer than a step of 1e-40
        ("max(x, y**2) + x*y", [0.0, 1e-150]),
        ("abs(x - 1 - y) + y", [1.0, 1e-170]),
        ("tanh(x) + y", [400.0, 1.0]),  # 1 to 347 digits
        ("sigmoid(x)/y", [-800.0, 1e-5]),
        ("x**x + y", [1e155, 1.0]),
    ],
)
def test_no_step_is_too_long_and_no_digits_too_few(
    check: Any, text: str, x: Any, method: str
) -> None:
    assert check(text, x, "gradient", method=method, **LONG).passed is not False
    if method == "mpmath":
        verdict = check(text, x, "gradient", method=method, **LONG)
        assert (verdict.passed, verdict.checked) == (True, 2), verdict.line


def test_twelve_digits_at_least_or_it_is_said(check: Any) -> None:
    verdict = check("sin(1e7*x)", [0.123], "gradient", **LONG)
    assert verdict.passed
    assert "but only 10 digits are right in f1" in verdict.line


@pytest.mark.parametrize("method", ["auto", "sympy", "mpmath", "differences"])
@pytest.mark.parametrize(
    ("text", "x", "ours", "true"),
    [
        ("1e200*log(cos(x))", 1e-160, 0, -5e-121),
        ("log(1+x**2)*1e300", 1e-160, 0, 1e-20),
        ("(1-erf(x))*1e300", 20.0, 0, 5.395865611607901e124),
    ],
)
def test_what_a_sum_swallows_whole_is_not_lost_on_the_check(
    check: Any, text: str, x: float, ours: float, true: float, method: str
) -> None:
    verdict = check(text, [x], "eval", method=method, **LONG)
    assert (verdict.passed, verdict.worst.ours) == (False, ours)
    assert verdict.worst.true == pytest.approx(true, rel=1e-12)


@pytest.mark.parametrize("method", ["auto", "sympy", "mpmath", "differences"])
def test_terms_that_cancel_by_300_digits(check: Any, method: str) -> None:
    verdict = check("(1-tanh(x))*exp(2*x)", [350.0], "gradient", method=method, **LONG)
    assert verdict.passed is False
    assert verdict.truth[0] == pytest.approx(3.943870617503852e-304, rel=1e-12)


def test_an_exponent_that_swallows_one() -> None:
    # x**(x - 1) is not x**x, with however few digits
    graph, kind = gradcalc.compile("x**x").graph, kinds.KINDS["gradient"]
    case = Case(graph, (1e155,), kind, (), (1.0,), (1.0,))
    with exclusive():
        (true,) = digits.truth(case, Deadline(30)).entries
        (other,) = symbolic.truth(case, Deadline(30)).entries
        assert abs(true / other - 1) < 1e-18


def test_at_a_pole_there_is_no_second_derivative_either(check: Any) -> None:
    verdict = check("gamma(max(y, x))", [0.0, -2.5], "hvp", [0.0, 0.3], method="differences")
    assert verdict.passed is None


@pytest.mark.parametrize("method", ["auto", "mpmath", "differences"])
def test_a_kink_that_no_axis_shows(check: Any, method: str) -> None:
    verdict = check("clamp(x - y, x/3, y) - cosh(x*y)", [0.0, 0.0], method=method, **LONG)
    assert verdict.passed is not False


@pytest.mark.parametrize("method", ["auto", "mpmath", "differences"])
def test_rounding_is_no_jump(check: Any, method: str) -> None:
    text = "(((x)**2)**-1 * ((x - 0) - x)) / (0 + ((y * x) - digamma(x))) + 0*x*y"
    assert check(text, [2.0, 1e-5], "gradient", method=method, **LONG).passed


@pytest.mark.parametrize("text", ["floor(exp(x))", "floor(-exp(x))", "x*floor(exp(x))"])
def test_a_step_far_beyond_the_doubles_is_checked(text: str) -> None:
    """An exact number of some hundred digits is an infinity in doubles, not an error."""
    assert verify(gradcalc.compile(text).at([1000.0]).ask("gradient")).passed
