"""Claims: what is read, what is right, and what is said of one that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import gradcalc
from gradcalc.claims.claim import Claim, Matter, read_claim
from gradcalc.claims.ruling import Ruling, decide
from gradcalc.engine.program import Program
from gradcalc.errors import GradcalcError, Source

PAIR = "x1**2+3*x2, x2**2+2*x1"
AT = [2.0, 3.0]
SAMPLES = np.random.default_rng(0).uniform(-2, 2, (20, 2))


def matter(program: Program) -> Matter:
    return Matter(program.outputs, program.variables, {}, {})


def read(program: Program, text: str, name: str = "a file") -> Claim:
    about = matter(program)
    return read_claim(Source(text, name), about).fitted(about)


def judged(expression: str, claim: str, points: object = None, name: str = "a file") -> Ruling:
    program = gradcalc.compile(expression)
    if points is None:
        points = np.random.default_rng(0).uniform(0.5, 2, (20, len(program.variables)))
    where = np.atleast_2d(np.asarray(points, float))
    return decide(program, read(program, claim, name), where)


FORMULAS = [
    "2*x1, 3; 2, 2*x2",
    "2x1, 3\n2, 2x2\n",
    "# by hand\n2*x1, 3  # first; row\n2, 2*x2",
    "[[2*x1, 3], [2, 2*x2]]",
    "[2*x1, 3], [2, 2*x2]",
    "[2*x1, 3]; [2, 2*x2]",
    "J = [[2*x1, 3], [2, 2*x2]]",
    "a = 2; a*x1, 3; a, a*x2",
    "x1,x2\n2*x1,3\n2,2*x2\n",
    "x2,x1\n3,2*x1\n2*x2,2\n",
    ",x1,x2\nf1,2*x1,3\nf2,2,2*x2\n",
    "2*x1\t3\n2\t2*x2\n",
    '[["2*x1", 3], ["2", "2*x2"]]',
]
NUMBERS = [
    "4, 3; 2, 6",
    "[[4.0, 3.0], [2.0, 6.0]]",
    "[[4. 3.]\n [2. 6.]]",
    "[[4 3]\n [2 6]]\n",
    "array([[4., 3.],\n       [2., 6.]])",
    "Array([[4., 3.],\n       [2., 6.]], dtype=float32)",
    "tensor([[4., 3.],\n        [2., 6.]])",
    "tensor([[4., 3.],\n        [2., 6.]], dtype=torch.float64, grad_fn=<StackBackward0>)",
    "(tensor([4., 3.]), tensor([2., 6.]))",
    "Matrix([[4, 3], [2, 6]])",
    "4 3\n2 6\n",
    "{{4, 3}, {2, 6}}",
    "x.grad: tensor([[4., 3.],\n        [2., 6.]])",
    "g = tensor([[4., 3.], [2., 6.]], grad_fn=<MulBackward0>)",
    "J = {{4,3},{2,6}};",
    "Matrix(2, 2, [[4,3],[2,6]])",
    "<tf.Tensor: shape=(2, 2), dtype=float64, numpy=\narray([[4., 3.],\n       [2., 6.]])>",
    "     [,1] [,2]\n[1,]    4    3\n[2,]    2    6",
    "⎡4  3⎤\n⎢    ⎥\n⎣2  6⎦",
    "| 4 | 3 |\n| 2 | 6 |",
    "4.0e+00 3.0e+00\n2.0e+00 6.0e+00\n",
    "x1,x2\n4.0,3.0\n2.0,6.0\n",
    '{"variables": ["x1", "x2"], "jacobian": [[4.0, 3.0], [2.0, 6.0]]}',
    '{"variables": ["x2", "x1"], "jacobian": [[3.0, 4.0], [6.0, 2.0]]}',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_read(text: str) -> None:
    ruling = judged(PAIR, text, SAMPLES)
    assert ruling.right
    assert (ruling.points, ruling.total) == (20, 4)


@pytest.mark.parametrize("text", [*FORMULAS, *NUMBERS])
def test_numbers_are_read(text: str) -> None:
    assert judged(PAIR, text, AT).right


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_are_right_at_their_point_only(text: str) -> None:
    assert judged(PAIR, text, [2.5, 3.0]).right is False


@pytest.mark.parametrize(
    ("expression", "claim"),
    [("x*y*z", "y*z, x*z, x*y"), ("x*y*z", "y*z; x*z; x*y"), ("sin(t), t**2", "cos(t), 2t")],
)
def test_a_vector_may_lie_or_stand(expression: str, claim: str) -> None:
    assert judged(expression, claim).right


@pytest.mark.parametrize(
    "claim",
    [
        "{'y': 2.0, 'x': 3.0}",
        '{"x": 3, "y": 2}',
        "{x: y, y: x}",
        "{'x': Array(3., dtype=float32), 'y': Array(2., dtype=float32)}",
    ],
)
def test_entries_may_go_by_the_names_of_the_variables(claim: str) -> None:
    assert judged("x*y", claim, [2.0, 3.0]).right
    assert judged("x*y", claim, [2.5, 3.5]).right is (claim == "{x: y, y: x}")


def test_numbers_side_by_side_are_a_matrix_where_nothing_else_can_be_meant() -> None:
    assert judged(PAIR, "4 3\n2 6", AT, "--claim").right
    assert judged("x*y, x", "⎡y  x⎤\n⎢    ⎥\n⎣1  0⎦", SAMPLES).right


def test_a_printout_is_judged_by_the_digits_that_it_has() -> None:
    slope = float(np.cos(1.0))  # 0.5403023058681398
    assert judged("sin(x)", "tensor([0.5403])", [1.0]).right
    assert judged("sin(x)", "[0.54030231]", [1.0], "-").digits == "the 8 digits that it has"
    assert judged("sin(x)", "0.54030232", [1.0]).right is False
    assert judged("sin(x), x", "[[0.54030231]\n [1.        ]]", [1.0]).right
    assert judged("sin(x)", "tensor([0.5404])", [1.0]).right is False
    assert judged("sin(x), x", "[[0.54030235]\n [1.        ]]", [1.0]).right is False
    assert judged("sin(x)", repr(slope), [1.0]).right
    assert judged("sin(x)", "Array([0.5403023], dtype=float32)", [1.0]).right


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2*x1, 3; 2", "row 2"),
        ("2*x1, 3", "1 by 2"),
        ("2*x1, 3; 2, 2*x3", "x3"),
        ("2*x1, 3; 2, sine(x2)", "sine"),
        ("", "empty"),
        ("{}", "no matrix"),
        ("[[1 2 ... 3]]", "leaves entries out"),
        ("tensor([[1, two]])", "'two'"),
        ('{"jacobian": [[true, 1]]}', "no number"),
        ('{"jacobian": ', "JSON"),
        ("[" * 5000, "never closed|ends|expected|missing"),
        ("tensor(" * 5000, "no numbers"),
        ("1e df1/dx= tensor( ;", "not a matrix of numbers"),
        ("- x= SX(~", "not a matrix of numbers"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(GradcalcError, match=words):
        judged(PAIR, text, AT)


# --- never a false verdict ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "claim"),
    [
        ("(x**2-1)/(x-1)", "1"),
        ("sin(x)**2 + cos(x)**2", "0"),
        ("log(exp(x)*y)", "1, 1/y"),
        ("(1-cos(x))/x", "(x*sin(x)+cos(x)-1)/x**2"),
        ("x**y", "y*x**(y-1), x**y*log(x)"),
        ("sqrt(x**2+y**2)", "x/hypot(x,y), y/hypot(x,y)"),
        ("gamma(x)", "gamma(x)*digamma(x)"),
        ("0.1*x + 0.2*x - 0.3*x", "0"),  # the doubles leave 3e-17
        ("sin(x)**2 + cos(x)**2", "2*sin(x)*cos(x) - sin(2*x)"),
        ("tanh(20*x)", "20*(1-tanh(20*x)**2)"),  # as a formula; its doubles are all wrong
    ],
)
def test_the_same_derivative_in_another_form_is_right(expression: str, claim: str) -> None:
    assert judged(expression, claim).right


def test_where_our_own_digits_are_lost_the_truth_judges() -> None:
    text = "(1-cos(x))/x**2"
    assert judged(text, "sin(x)/x**2 - 2*(1-cos(x))/x**3", [1e-5]).right
    assert (
        judged(text, repr(float(gradcalc.jacobian(text, at={"x": 1e-5})[0, 0])), [1e-5]).right
        is False
    )


@pytest.mark.parametrize(
    ("expression", "claim"),
    [
        ("x", "1 + 1e-11"),
        ("x**2", "2*x + 1e-9"),
        ("exp(x)", "exp(x + 1e-11)"),
        ("x*1e-300", "1.0000001e-300"),
        ("sin(x)", "log(-x)"),
        ("x", "1/0*x"),
        ("x - x", "1e-7"),
        ("exp(exp(3) - (x - x)) + x", "1 + 1/10**9"),  # 5e8 cancels, exactly
    ],
)
def test_a_slight_error_is_an_error(expression: str, claim: str) -> None:
    assert judged(expression, claim).right is False


def test_undefined_points_are_skipped_and_counted() -> None:
    points = np.linspace(-1, 1, 20)[:, None]
    ruling = judged("log(x)", "1/x", points)
    assert (ruling.right, ruling.points, ruling.skipped) == (True, 10, 10)
    nowhere = judged("log(x)", "1/x", points[:5])
    assert (nowhere.right, nowhere.points, nowhere.skipped) == (None, 0, 5)


@pytest.mark.parametrize("claim", ["0", "1", "-1", "sign(x)"])
def test_at_a_kink_nothing_is_right_or_wrong(claim: str) -> None:
    ruling = judged("abs(x)", claim, [0.0])
    assert ruling.right is None
    assert "kink" in ruling.reason


def test_beside_a_kink_the_other_entries_are_judged() -> None:
    assert judged("abs(x), x*y", "1, 0; y, x", [0.0, 3.0]).right is None
    assert judged("abs(x), x*y", "1, 0; x, y", [0.0, 3.0]).right is False


def test_a_coincidence_at_the_point_is_mentioned() -> None:
    ruling = judged("3*x", "2*x", [1.5])
    assert ruling.right
    assert ruling.elsewhere is not None
    assert judged("3*x", "3", [1.5]).elsewhere is None


def test_without_time_nothing_is_decided() -> None:
    program = gradcalc.compile(PAIR)
    claim = read(program, "2*x1, 3; 2, 2*x2")
    assert decide(program, claim, np.array([AT]), budget=0.0).right is None


@pytest.mark.parametrize("expression", ["x**x", "sqrt(x)", "cbrt(x)", "x**-2"])
@pytest.mark.parametrize("claim", ["0", "1", "x", "1e300"])
def test_no_number_is_near_an_infinite_slope(expression: str, claim: str) -> None:
    at = 1e-120 if expression == "x**-2" else 0.0
    assert judged(expression, claim, [[at]]).right is False


def test_an_infinite_slope_may_be_claimed_one_that_is_none_may_not() -> None:
    assert judged("sqrt(x)", "1/(2*sqrt(x))", [[0.0]]).right is True
    assert judged("0**x", "0", [[0.0]]).right is None
