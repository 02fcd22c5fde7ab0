"""A formula in simple LaTeX is read as it looks; carets stand under the LaTeX itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.errors import GradcalcError, Span
from gradcalc.language import parse
from tests.language.test_foreign import refused, same


@pytest.mark.parametrize(
    ("latex", "ours"),
    [
        (r"\frac{n}{m}", "n/m"),
        (r"\sqrt{x}", "sqrt(x)"),
        (r"a \cdot b \times c", "a*b*c"),
        (r"\frac{mv^2}{r} + \sqrt[3]{x+1}", "m*v^2/r + cbrt(x+1)"),
        (r"\sin^2 x \cos(y)", "sin(x)^2*cos(y)"),
        (r"\dfrac12 xy", "1/2*x*y"),
        (r"\exp{-x} e^{-\frac{x^2}{2}}", "exp(-x)*e**(-(x**2/2))"),
        (r"\left(\frac{x}{y}\right)^2", "(x/y)**2"),
        (r"\theta_1 \sin\left(\omega t\right)", "theta_1*sin(omega*t)"),
        (r"2\pi r", "2*pi*r"),
        (r"x^{23} \ln y", "x**23*log(y)"),
        (r"\alpha x_{max}", "alpha*x_max"),
        (r"|x-2|\,|y|\ln x", "abs(x-2)*abs(y)*log(x)"),
        (r"\mathrm{erf}(x)", "erf(x)"),
        (r"\frac{\frac{a}{b}}{c}", "a/b/c"),
        (r"$\sqrt{x^2+y^2}$", "sqrt(x**2+y**2)"),
        (r"f(x) = \sqrt{x}; f(y)", "sqrt(y)"),
        (r"x \\ \sqrt y", "x\nsqrt(y)"),
        ("e^{-x}*xy^{2} + x^{a^{b}}", "e^(-x)*xy^2 + x^(a^b)"),
        ("x^{2}y^{-1}(y+1) - e^{-x}y", "x²*y⁻¹*(y+1) - e^(-x)*y"),
        ("sin^{2}(x) + 2^{10}x", "sin(x)^2 + 2^10*x"),
        ("x_{1}^{2} + x_1y", "x_1^2 + x_1*y"),
        ("$xy^2$.", "x*y^2"),
        ("$$x^2$$", "x^2"),
        (r"\(x^2\)", "x^2"),
        (r"\[\log_{10} x + \log_2(y)\]", "log10(x) + log2(y)"),
        (r"\dot{x} = v; \dot v = -k x", "x_dot = v; v_dot = -k*x"),
        (r"m\ddot{\theta}_1 + \vec x \cdot \boldsymbol{y}", "m*theta_ddot_1 + x*y"),
        (r"\hat{\beta}_0 + \widehat{\beta_1} \bar x", "beta_hat_0 + beta_1_hat*x_bar"),
        (r"\frac{dx}{dt} = v \\ \frac{\partial v_1}{\partial t} = -x", "dx/dt = v\ndv_1/dt = -x"),
        (r"\frac{d^2\theta}{d t^{2}} = \frac{dx}{dt}", "d2theta/dt2 = d*x/(d*t)"),
        (r"\begin{align*} \dot x &= v, \\ y &= \sqrt x \end{align*}", "x_dot = v\ny = sqrt(x)"),
    ],
)
def test_formulas(latex: str, ours: str) -> None:
    same(latex, ours)


@pytest.mark.parametrize(
    ("latex", "guilty"),
    [
        (r"\foo x", r"\foo"),
        (r"\tan^{-1}(x)", r"\tan"),
        (r"\log_3 x", r"\log"),
        ("1/x^{2}y", "1/x^{2}y"),
        ("sin^{n}(x)", None),
        (r"\sin 2x", r"\sin"),
        (r"\frac{x}{y", "y"),
        (r"\frac{x", "x"),
        (r"\sqrt{x}}", "}"),
        (r"\ln x + x^23", "23"),
        (r"\sqrt x + 1/2x", "1/2x"),
        (r"\pi x(y+1)", "x"),
        (r"\frac{x}{}", None),
        (r"\sqrt", None),
        (r"\dot{x+y}", r"\dot"),
        (r"\hat{x", "{"),
        (r"\begin{cases} x \end{cases}", r"\begin"),
    ],
)
def test_what_is_in_doubt_or_not_known_is_refused_under_the_latex(
    latex: str, guilty: str | None
) -> None:
    error = refused(latex)
    assert error.span is not None
    assert error.source is not None
    assert error.source.text == latex
    assert guilty is None or latex[slice(*error.span)].strip() == guilty


def test_nodes_have_their_characters_in_the_latex_and_a_note_says_what_was_read() -> None:
    graph = parse(r"\frac{ab}{2}")
    assert graph.text(graph.outputs[0]) == r"\frac{ab}{2}"
    assert graph.notes == ["the LaTeX is read as ((a*b)/(2))"]


PIECES = st.sampled_from(
    [r"\frac", r"\sqrt", r"\dot", r"\begin", r"\end", "{align}", "{dt}",
     r"\sin", r"\left", r"\cdot", r"\pi", r"\text", "{", "}", "(", ")", "[",
     "]", "^", "_", "|", "x", "y", "12", "3", "+", "/", "=", " ", "\n", "\\", "$", "&", ","]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_latex_is_read_or_refused_with_a_span_inside_it(text: str) -> None:
    text = r"\pi" + text
    try:
        graph = parse(text)
    except GradcalcError as error:
        spans = [error.span or Span(0, 0)]
    else:
        spans = [graph.span(node) for node in range(len(graph))]
    assert all(0 <= span.start <= span.end <= len(text) + 1 for span in spans)
