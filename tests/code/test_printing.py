"""What is printed: the text of it, without running it."""

from __future__ import annotations

import pytest

import gradcalc
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.printing import generate
from gradcalc.errors import BindingError, UsageError
from gradcalc.language import parse

README = "x1**2+3*x2, x2**2+2*x1"


def printed(text: str, to: str = "c", *what: str, **options: object) -> str:
    return generate(parse(text), to, what or ("f",), **options).functions  # type: ignore[arg-type]


def test_a_jacobian_in_c() -> None:
    assert (
        printed(README, "c", "jacobian")
        == """\
/* J: dy by dx, a row for each y */
void f_jacobian(const double x[2], double J[4])
{
    const double x1 = x[0];
    const double x2 = x[1];
    J[0] = 2.0 * x1;
    J[1] = 3.0;
    J[2] = 2.0;
    J[3] = 2.0 * x2;
}
"""
    )


def test_a_function_in_javascript() -> None:
    assert (
        printed(README, "javascript")
        == """\
/** y = f(x) */
function f(x) {
    const y = new Float64Array(2);
    const x1 = x[0];
    const x2 = x[1];
    y[0] = x1 * x1 + 3.0 * x2;
    y[1] = x2 * x2 + 2.0 * x1;
    return y;
}
"""
    )


@pytest.mark.parametrize("to", LANGUAGES)
def test_numbers_are_never_whole(to: str) -> None:
    text = printed("1/2*x + 10**15*x", to)
    assert "0.5" in text
    assert "1000000000000000.0" in text or "1e" in text


def test_what_one_branch_needs_is_computed_in_that_branch() -> None:
    text = printed("r = exp(x)*sin(x); where(x > 0, r + r**2 + r**3, y)", "c")
    before, after = text.split("if (x > 0.0) {")
    assert "exp" not in before
    assert "exp" in after.split("} else {")[0]


def test_a_helper_stands_where_it_is_used_and_only_there() -> None:
    assert printed("tanh(x)").count("gc_") == 0
    assert printed("sech(x) + sech(y)").count("static double gc_sech(") == 1


@pytest.mark.parametrize("to", LANGUAGES)
def test_a_long_body_is_split(to: str) -> None:
    text = "; ".join(f"a{k} = sin(a{k - 1})*x{k}" for k in range(1, 3000))
    found = printed(f"a0 = x0; {text}; a2999, a1", to)
    assert "_part3" in found


def test_names_that_cannot_be_are_changed_and_said() -> None:
    found = generate(parse("θ*double + a_"), "c", ("f",))
    assert dict(found.renamed) == {"θ": "theta", "double": "double_"}
    assert "double is called double_, θ is called theta" in found.text()


def test_arrays_step_aside_for_variables() -> None:
    assert "const double x = xs[0];" in printed("x + y")


@pytest.mark.parametrize("name", ["double", "sin", "2f", "f g", "", "é"])
def test_names_of_functions_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        generate(parse("x"), "c", name=name)


def test_what_a_graph_has_not_is_refused() -> None:
    with pytest.raises(BindingError, match="one output"):
        generate(parse("x, y"), "c", ("gradient",))
    with pytest.raises(UsageError, match="none of"):
        generate(parse("x"), "cobol")
    with pytest.raises(UsageError, match="single precision"):
        generate(parse("x"), "javascript", single=True)


def test_a_slope_that_overflows_is_left_to_the_language() -> None:
    assert "J[0][0] = 1.0 / 1e-310" in gradcalc.compile("x/1e-310").code("python")
