"""What is pasted from other languages is read where it has one meaning, refused where it has two.

The tables are of texts beside texts in our own language: both must come to the same graph.
"""

from __future__ import annotations

from typing import Any

import pytest

import gradcalc
from gradcalc.errors import ExpressionError
from gradcalc.functions.formulas import FORMULAS
from gradcalc.functions.primitives import DISPUTED, ELSEWHERE, FUNCTIONS, OPERANDS
from gradcalc.graph.graph import Graph
from gradcalc.language import parse, tokens
from gradcalc.language.structural import STRUCTURAL


def spelled(graph: Graph) -> list[str]:
    """Every output as nested calls: what a graph says, whatever the spans and node numbers."""
    texts: list[str] = []
    for node, (primitive, operands, _, _) in enumerate(graph):
        inside = ",".join(texts[operand] for operand in operands)
        leaf = graph.names.get(node) or repr(graph.constants.get(node))
        texts.append(f"{primitive.name}({inside})" if operands else leaf)
    return [texts[output] for output in graph.outputs]


def same(foreign: str, ours: str, **options: Any) -> None:
    assert spelled(parse(foreign, **options)) == spelled(parse(ours, **options)), foreign


def refused(text: str, **options: Any) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, **options)
    return caught.value


# --- names of functions ---------------------------------------------------------------------------


@pytest.mark.parametrize("word", ELSEWHERE)
def test_a_word_of_another_language_calls_our_function_and_a_note_says_so(word: str) -> None:
    name = ELSEWHERE[word]
    count = FUNCTIONS[name].arity if name in FUNCTIONS else STRUCTURAL[name].least
    operands = ", ".join(("x > 1" if name == "where" else "x", *OPERANDS[1:])[:count])
    operands = "[[x]]" if name == "trace" else operands
    same(f"{word}({operands})", f"{name}({operands})")
    assert parse(f"{word}({operands})").notes == [f"{word}(…) is read as {name}(…)"]


def test_no_word_of_another_language_is_one_of_ours_or_disputed() -> None:
    assert not ELSEWHERE.keys() & {*FUNCTIONS, *STRUCTURAL, *DISPUTED}
    assert {*ELSEWHERE.values()} <= {*FUNCTIONS, *STRUCTURAL}


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("EXP(x)", "exp(x)"),
        ("LN(x) + DEXP(y)", "log(x) + exp(y)"),
        ("Sin[x]", "sin(x)"),
        ("ArcTan[x]*Sqrt[1 + x]", "atan(x)*sqrt(1 + x)"),
        ("b1*exp[-b2*x]", "b1*exp(-b2*x)"),
        ("Max[x, y]", "max(x, y)"),
        ("IF(x > 0, x, -x)", "where(x > 0, x, -x)"),
        ("np.sin(x)", "sin(x)"),
        ("jax.numpy.sin(x)", "sin(x)"),
        ("torch.nn.functional.softplus(x)*2", "softplus(x)*2"),
        ("math.pi*math.exp(x)", "pi*exp(x)"),
        ("Math.max(x, 0) + y", "max(x, 0) + y"),
        ("np.maximum(x, y)", "max(x, y)"),
        ("np.sum([x, y])", "sum([x, y])"),
        ("sin[0] + np.cos(np.pi*x)", "sin(0) + cos(pi*x)"),
    ],
)  # fmt: skip
def test_functions_by_other_names(foreign: str, ours: str) -> None:
    same(foreign, ours)


def test_a_word_is_a_variable_wherever_it_was_one() -> None:
    assert parse("EXP*x + np").variables == ["EXP", "np", "x"]
    assert parse("exp[1]*x", shapes={"exp": (2,)}).variables == ["exp[0]", "exp[1]", "x"]
    assert parse("exp = [x, 2]; exp[0]").notes == []
    assert parse("sin + sin(x)").notes == []


@pytest.mark.parametrize("word", DISPUTED)
def test_a_word_with_two_meanings_is_refused_with_both(word: str) -> None:
    _, _, operands = DISPUTED[word][0].partition("(")
    error = refused(f"{word}({operands}")
    assert error.hint == "write {} or {}".format(*DISPUTED[word])
    for ours in DISPUTED[word]:
        assert parse(ours).outputs


@pytest.mark.parametrize(
    "around",
    ["where({}, x, y)", "({})*x", "[{}]", "x > 0 and {}", "not {}", "x > 0 ? 1 : {} ? 2 : 3"],
)
def test_smaller_than_a_negative_is_a_comparison_inside_of_anything(around: str) -> None:
    same(around.format("x<-1"), around.format("x < -1"))
    assert "R" in refused("x<-1").message


def test_what_a_library_has_and_we_have_not_is_refused() -> None:
    assert "'foo' of this library is not known" in refused("np.foo + 1").message
    assert "unknown function 'foo'" in refused("np.foo(x)").message
    assert refused("x.real").message == "a '.' stands alone"


# --- what has one meaning -------------------------------------------------------------------------

PAPER = [
    ("(x+1)(x-1)", "(x+1)*(x-1)"),
    ("(x+1) (x-1)", "(x+1)*(x-1)"),
    ("sin(y)sin(z)", "sin(y)*sin(z)"),
    ("2sin(y)cos(z)/3", "2*sin(y)*cos(z)/3"),
    ("(x+1)y", "(x+1)*y"),
    ("x²y³", "x**2*y**3"),
    ("-x²(y+1)", "-x**2*(y+1)"),
    ("√x", "sqrt(x)"),
    ("2√x*y", "2*sqrt(x)*y"),
    ("√sin(x)", "sqrt(sin(x))"),
    ("∛x + √2", "cbrt(x) + sqrt(2)"),
    ("|x-2|", "abs(x-2)"),
    ("2|x|", "2*abs(x)"),
    ("|x||y|", "abs(x)*abs(y)"),
    ("|x + |y||", "abs(x + abs(y))"),
    ("|x|² - |(y - |z|)|", "abs(x)**2 - abs(y - abs(z))"),
    ("3–x", "3-x"),
    ("x∗y", "x*y"),
    ("（x＋1）／y", "(x+1)/y"),
    ("sin^2(x)", "sin(x)**2"),
    ("sin**2(x) + cos^{2}(x)", "sin(x)**2 + cos(x)**2"),
    ("sin²x·cos²(x)", "sin(x)**2*cos(x)**2"),
    ("tanh⁻²(x)", "tanh(x)⁻²"),
    ("n! + 2x!", "gamma(n+1) + 2*gamma(x+1)"),
    ("½x + 2½y", "(1/2)*x + (2 + 1/2)*y"),
    ("x^⅓ - ¼(x+1)", "x**(1/3) - (1/4)*(x+1)"),
    ("||x|-1| + 2||y|-1|", "abs(abs(x)-1) + 2*abs(abs(y)-1)"),
    ("eˣ + e⁻ˣ - xⁿ", "e**x + e**(-x) - x**n"),
    ("x√y", "x*sqrt(y)"),
    ("x — y", "x - y"),
    ("log₂(x) + log_10(x)", "log2(x) + log10(x)"),
    ("2ℯ*x", "2*e*x"),
]
CODE = [
    ("x.^2 + y.*z", "x**2 + y*z"),
    ("2.^x./y", "2**x/y"),
    ("[1 2; 3 4] @ [x, y]", "[[1, 2], [3, 4]] @ [x, y]"),
    ("[x 2y sin(x)]", "[x, 2*y, sin(x)]"),
    ("[x; y; 1]", "[[x], [y], [1]]"),
    ("[x y\n 1 2]", "[[x, y], [1, 2]]"),
    ("[x (y) 1]", "[x, y, 1]"),
    ("x if x>0 else -x", "where(x>0, x, -x)"),
    ("std::exp(x) + System.Math.PI*M_PI", "exp(x) + pi*pi"),
    ("sin.(x) .+ x.^2 .- 1", "sin(x) + x**2 - 1"),
    ("@. x^2", "x**2"),
    ("x.powi(2)", "x**2"),
    ("float(x>0)*(x>1).astype(float)", "(x>0)*(x>1)"),
    ("np.stack([x, y])", "[x, y]"),
    ("POWER(x; 2) + IF(x>0; x; -x)", "x**2 + where(x>0, x, -x)"),
    ("atand(x)", "atan(x)*(180/pi)"),
    ("def f(x):\n    y = x*x  # so\n    return y + 1\n", "y = x*x; y + 1"),
    ("double f(const double x, double y) {\n  double z = x*y;\n  return z*z;\n}", "z = x*y; z*z"),
    ("const f = (x) => { const y = x*x; return y + 1; };", "y = x*x; y + 1"),
    ("fn f(x: f64) -> f64 { x*x }", "x*x"),
    ("function y = f(x)\n z = x^2;\n y = z + 1;\nend", "z = x^2; y = z + 1"),
    ("function f(x)\n  return x^2\nend", "x^2"),
    ("f <- function(x) {\n y <- x^2\n y + 1 }", "y = x^2; y + 1"),
    ("function(x) x^2", "x^2"),
    ("1 if x<0 else 2 if x<1 else 3", "where(x<0, 1, where(x<1, 2, 3))"),
    ("x > 0 ? x : -x", "where(x > 0, x, -x)"),
    ("x>0 ? y>0 ? 1 : 2 : y<x ? 3 : 4", "where(x>0, where(y>0, 1, 2), where(y<x, 3, 4))"),
    ("2*(x>0 ? x : y) + 1", "2*where(x>0, x, y) + 1"),
    ("where(x>0 && y<1 || !(z>2), 1, 2)", "where(x>0 and y<1 or not z>2, 1, 2)"),
    ("where((x>0) & (y>0) | ~(z>0), 1, 2)", "where(x>0 and y>0 or not z>0, 1, 2)"),
    ("x // y", "floor(x/y)"),
    ("y := x^2; 2y", "y = x**2; 2*y"),
]
CONDITIONS = [
    ("(x>0)*x", "where(x>0, 1, 0)*x"),
    ("x*(x>0) + 0.1*x*(x<=0)", "x*where(x>0, 1, 0) + 0.1*x*where(x<=0, 1, 0)"),
    ("(x > 0.48) - x", "where(x > 0.48, 1, 0) - x"),
    ("(x ~= 0)*(x <> 1)", "where(x != 0, 1, 0)*where(x != 1, 1, 0)"),
    ("(x.GT.0 .and. .not. x .le. 1)*x", "where(x > 0 and not x <= 1, 1, 0)*x"),
    ("x > y", "where(x > y, 1, 0)"),
    ("sin(x == y)", "sin(where(x == y, 1, 0))"),
    ("c = x > 0; where(c, c, x)", "where(x > 0, where(x > 0, 1, 0), x)"),
    ("[x > 0, y]", "[where(x > 0, 1, 0), y]"),
    ("sum([x, y] > 0)", "where(x > 0, 1, 0) + where(y > 0, 1, 0)"),
    ("-(x > 0) + +(y > 0)", "-where(x > 0, 1, 0) + where(y > 0, 1, 0)"),
    ("k = zeros(2); k[0] = x > 1", "k = zeros(2); k[0] = where(x > 1, 1, 0)"),
]
LINES = [
    ("x^2\n + 3*x*y\n - y^2", "x^2 + 3*x*y - y^2"),
    ("z = x\n  + y\nz^2", "(x + y)^2"),
    ("x + y\n* z", "x + y*z"),
    ("(x + y\n* z)", "x + y*z"),
    ("x # the first\n# and\n\n+ y", "x + y"),
    ("x\n** 2\n.* y", "x**2*y"),
    ("x,\n-y", "x, -y"),
    ("x;\n+ y", "x; y"),
    ("x + ...\n  y", "x + y"),
    ("x ... so far\n + y", "x + y"),
    ("x \\\n + y", "x + y"),
    ("x & ! so far\n  & + y", "x + y"),
    ("% of MATLAB\nx^2 % two words\ny %\n", "x^2\ny"),
    ("! of Fortran\nx**2 ! so\n  ! or so\ny", "x**2\ny"),
    ("// of C\nx*x // two words\ny", "x*x\ny"),
    ("/* of C,\n again */ x /* and */ + y", "x + y"),
    ("-- of SQL\nx", "x"),
]  # fmt: skip

SKIPPED = [
    *("x*2 % y z", "x*2 // y z", "x*2 ! y", "x*2; % y", "% y\nx*2", "// y\nx*2", "! y\nx*2"),
    *("-- y z\nx*2", "x*2 ... + y", "x * ... y\n2", "x * & ! y\n2", "x*2 /* + y */", "x*2 /*y"),
    *("x\n% y z\n*2", "f(t) = t*2 % y z\nf(x)"),
]


@pytest.mark.parametrize("text", SKIPPED)
def test_no_word_is_skipped_without_a_note(text: str) -> None:
    same(text, "x*2")
    assert "y" in "".join(note for note in parse(text).notes if "skipped as a comment" in note)


def test_our_own_comments_and_those_without_a_word_need_no_note() -> None:
    for text in ("x*2 # y /* z", "x*2 %", "x * ...\n2", "x*2 /* */", "x % y", "x // y"):
        assert not [note for note in parse(text).notes if "skipped" in note], text


SIDES = [
    ("double z = x^2; z*y", "z = x^2; z*y"),
    ("const double z = x^2; float y := 2;", "z = x^2; y = 2"),
    ("let a = 2\nreturn a*x", "a = 2; a*x"),
    ("real(8) :: z = x**2\nz", "z = x**2; z"),
    ("=A1^2*LN(B1)", "A1**2*log(B1)"),
    ('["x**2", "y"]', "x**2; y"),
    ("['x', 'x*y',]", "x; x*y"),
    ('"x*y"', "x*y"),
    ("lambda x, y: x*y", "x*y"),
    ("@(x, y) x.*y", "x*y"),
    ("(x, y) -> x*y", "x*y"),
    ("1.5d-3*x + 2.D0", "1.5e-3*x + 2.0"),
    ("1.5d-3*x + d", "1.5*d - 3*x + d"),
    ("2d-3*x", "2*d - 3*x"),
    ("x.sin() + (x+1).pow(2)", "sin(x) + (x+1)**2"),
    ("[x, y].mean()*[x, y].dot([1, 2])", "mean([x, y])*dot([x, y], [1, 2])"),
    ("[[1, 2], [3, 4]].T @ [x, y]", "[[1, 3], [2, 4]] @ [x, y]"),
    ("log(x, b)", "log(x)/log(b)"),
    ("log(x, 10) + log(x, 2)", "log10(x) + log2(x)"),
    ("cube(x) + inv(y) + factorial(z)", "x**3 + 1/y + gamma(z + 1)"),
    ("mod(x, 2) + fmod(x, 2)", "x % 2 + (x - 2*trunc(x/2))"),
    ("sin(np.deg2rad(x))", "sin(x*(pi/180))"),
    ("cube([x, 2])", "[x, 2]**3"),
]
DEFINITIONS = [
    ("f(v) = v^2 + 1", "v^2 + 1"),
    ("f(v) = v^2\nf(x) + f(2*y)", "x^2 + (2*y)^2"),
    ("f(x, y) = x*y; g(x) = f(x, 2) + 1\ng(z)", "z*2 + 1"),
    ("f(x) = x^2; g(x) = f(x) + 1", "x^2 + 1"),
    ("f = @(x) x.^2; f(y)", "y**2"),
    ("f = lambda x: x**2\nf(y)", "y**2"),
    ("f = x -> x^2; f(3)*y", "3^2*y"),
    ("f = (x, y) => x/y; f(y, x)", "y/x"),
    ("f[x_, y_] := x^2*y; f[a, 2]", "a^2*2"),
    ("f(x) = x^2\n  + 1\ny", "x^2 + 1; y"),
    ("f(x) = [x,\n x^2]; f(y)[1]", "y^2"),
    ("f(a) = sum(a**2); f([x, y])", "x**2 + y**2"),
    ("k = 2; f(x) = k*x; f(x + 1)", "2*(x + 1)"),
    ("x = 3; f(x) = x^2; f(y) + x", "y^2 + 3"),
    ("sigmoid(x) = 1/(1+exp(-x)); sigmoid(2y)", "1/(1+exp(-(2*y)))"),
    ("max(a, b) = max(a, max(b, 0)); max(x, y)", "max(x, max(y, 0))"),
    ("f(e) = e^2", "e^2"),
]


@pytest.mark.parametrize(("foreign", "ours"), SIDES)
def test_left_sides_numbers_and_methods(foreign: str, ours: str) -> None:
    same(foreign, ours)


@pytest.mark.parametrize(("foreign", "ours"), DEFINITIONS)
def test_functions_of_the_text(foreign: str, ours: str) -> None:
    bound = ["e"] if "e^2" in ours else []
    assert spelled(parse(foreign)) == spelled(parse(ours, bound=bound))


def test_a_function_that_nothing_calls_is_an_output_of_its_name() -> None:
    assert parse("f(x, y) = x*y; g(z) = z^2").output_names == ["f", "g"]
    assert parse("f(x) = x; 2*f(y)").output_names == ["f1"]
    assert parse("f(a) = sum(a)", shapes={"a": (2,)}).variables == ["a[0]", "a[1]"]


def test_derivatives_on_the_left_name_the_outputs() -> None:
    graph = parse("dx/dt = v\ndv / dt = -k*x - c*v")
    assert graph.output_names == ["dx/dt", "dv/dt"]
    assert parse("x' = v\nv' = -x").output_names == ["x'", "v'"]
    for left in ("d²x/dt²", "d^2x/dt^2", "d**2x/dt**2", "x''"):
        graph = parse(f"{left} = -k*x")
        assert graph.output_names == [left]
        assert graph.notes == []
    assert parse("dx/dt = v\ny' = x", outputs=["y'", "dx/dt"]).output_names == ["y'", "dx/dt"]
    same("x' = v\nE = x'^2/2 + x", "w = v\nE = w^2/2 + x")


def test_functions_of_python_and_a_spreadsheets_pi() -> None:
    assert parse("def f(x, y): return x*y").output_names == ["f"]
    same("def f(x) -> float: return x**2\nf(y)+f(z)", "y**2 + z**2")
    same("=PI()*A1", "pi*A1")
    same("2*pi( )*def", "2*pi*def")


def test_rows_between_semicolons_are_matrices_of_matlab() -> None:
    same("[1, 2; 3, 4]*[x; y]", "[[1, 2], [3, 4]] @ [[x], [y]]")
    same("[1 2; 3 4].*x", "[[1, 2], [3, 4]]*x")
    same("[1, 2]*[x, y]; z", "[1*x, 2*y], z")
    same("[x y]*[1; 2] - [1, 2]*[x; y]", "x*1 + y*2 - (1*x + 2*y)")
    same("[x y]*[x y]'", "x*x + y*y")
    same("v = [x y]; v'*v; [1; 2]", "[[x*x, x*y], [y*x, y*y]]; [[1], [2]]")
    same("dot([x y], [1 2])*norm([1 2; 3 4]*[x y]')", "(x*1 + y*2)*hypot(1*x + 2*y, 3*x + 4*y)")
    same("diag([x y])*[1; 2]", "[[x*1 + 0*2], [0*1 + y*2]]")
    assert refused("[x, y]'*[x, y]").corrections == ("[x; y]'*[x, y]",)
    assert parse("v = [x, y]; v'*v").notes[-1].endswith("[a, b] is a column, [a b] a row")
    assert refused("[x -y]").hint == "write [x, -y] or [x - y]"
    same("[exp(x -y), x -y]", "[exp(x - y), x - y]")


def test_a_function_is_read_again_at_every_call_and_no_more_than_a_text_may_be_long() -> None:
    doubling = "f0(x) = x*y\n" + "\n".join(
        f"f{i + 1}(x) = f{i}(x + 1)*f{i}(2*x)" for i in range(40)
    )
    assert "characters" in refused(f"{doubling}\nf40(x)").message
    assert (
        "50 functions deep"
        in refused("f0(x) = x\n" + "\n".join(f"f{i + 1}(x) = f{i}(x)" for i in range(60))).message
    )
    shared = "f0(x) = x*y\n" + "\n".join(f"f{i + 1}(x) = f{i}(x)*f{i}(x)" for i in range(40))
    assert len(parse(f"{shared}\nf40(x)")) == 43


def test_an_error_in_a_function_is_where_it_was_written() -> None:
    text = "f(x) = sin(x, 2)\nf(y)"
    error = refused(text)
    assert error.span is not None
    assert text[slice(*error.span)] == "sin(x, 2)"


@pytest.mark.parametrize(("foreign", "ours"), PAPER + CODE + CONDITIONS + LINES)
def test_what_has_one_meaning_is_read(foreign: str, ours: str) -> None:
    same(foreign, ours)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n+ y", "line 2 begins with '+' and continues the one above"),
        ("x,\nz\n- y\n-y", "line 3 begins with '-' and continues the one above, and so do 1 more"),
    ],
)
def test_a_line_that_begins_with_an_operator_is_told_of(text: str, said: str) -> None:
    (note,) = parse(text).notes
    assert note.startswith(said)


def test_lines_after_many_that_repeat_continue_them_too() -> None:
    lines = "\n".join(f"x{i}*y" for i in range(200))
    graph = parse(f"{lines}\n- z\n" + "\n".join("-x*y" for _ in range(200)))
    assert len(graph.outputs) == 200
    assert len(parse(lines + ",\n" + ",\n".join("-x*y" for _ in range(200))).outputs) == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x'*A*x", [4 * 4 + 6 * (1 + 7) + 9 * 5]),
        ("A*x", [2 * 4 + 3 * 1, 2 * 7 + 3 * 5]),
        ("A'*x + 0*x'*x", [2 * 4 + 3 * 7, 2 * 1 + 3 * 5]),
        ("x*x'", [4, 6, 6, 9]),
        ("A.*A' + 0*x'*x", [16, 7, 7, 25]),
        ("(2*x)'*(x/2)", [13]),
    ],
)
def test_matlab_multiplies_matrices(text: str, expected: list[float]) -> None:
    point = {"A": [[4.0, 1.0], [7.0, 5.0]], "x": [2.0, 3.0]}
    text = text if "'" in text else f"y = x'; {text}"
    program = gradcalc.compile(text, shapes={"A": (2, 2), "x": (2,)})
    values = program({name: point[name] for name in point if name in text}).tolist()
    assert values[-len(expected) :] == expected


@pytest.mark.parametrize("text", ["x*x + 0*(x'*x)", "A/A' ", "A'^2"])
def test_what_matlab_would_refuse_or_solve_is_refused(text: str) -> None:
    refused(text, shapes={"A": (2, 2), "x": (2,)})


def test_all_comes_at_the_end_of_a_stretch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [foreign for foreign, _ in PAPER + CODE + CONDITIONS + LINES + SIDES + DEFINITIONS]
    whole = [spelled(parse(text)) for text in texts]
    for stretch in (1, 2, 5):
        monkeypatch.setattr(tokens, "STRETCH", stretch)
        assert [spelled(parse(text)) for text in texts] == whole


@pytest.mark.parametrize("key", FORMULAS)
def test_no_formula_hides_a_function_of_ours(key: str) -> None:
    name, _, inside = key.rstrip(")").partition("(")
    assert name not in FUNCTIONS or FUNCTIONS[name].arity != inside.count(",") + 1
    same(key, FORMULAS[key])


# --- what programs print --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("Piecewise((x, x > 0), (-x, True))", "where(x > 0, x, -x)"),
        (
            "2*Piecewise((0, x < 0), (x, (x >= 0) & (x < 1)), (1, True)) + 1",
            "2*where(x < 0, 0, where(x >= 0 and x < 1, x, 1)) + 1",
        ),
        ("Piecewise((1, Eq(x, 0)), (sin(x)/x, True))", "where(x == 0, 1, sin(x)/x)"),
        ("Piecewise((Piecewise((x, x > 1), (y, True)), Ne(y, 0)), (x*y, True))",
         "where(y != 0, where(x > 1, x, y), x*y)"),
        ("Piecewise(((x + 1)*2, x > 0), (3, True))", "where(x > 0, (x + 1)*2, 3)"),
        ("[[1. 2.]\n [3. 4.]] @ [x, y]", "[[1, 2], [3, 4]] @ [x, y]"),
        ("[[[1 2]\n  [3 4]]\n\n [[5 6]\n  [7 8]]][1] @ [x, y]", "[[5, 6], [7, 8]] @ [x, y]"),
        ("array([[1., 2.],\n       [3., 4.]]) @ [x, y]", "[[1, 2], [3, 4]] @ [x, y]"),
        ("np.array([x, 2])*Matrix([1, y])", "[x, 2]*[1, y]"),
        ("norm([x, y], inf)", "norm([x, y], p=∞)"),
        ("np.linalg.norm([x, y], np.inf)", "max([abs(x), abs(y)])"),
        ("=$A$1^2*LN(B$1) + $C2", "A1^2*log(B1) + C2"),
    ],
)  # fmt: skip
def test_what_sympy_numpy_and_spreadsheets_print(foreign: str, ours: str) -> None:
    same(foreign, ours)


def test_infinity_is_the_p_of_a_norm_and_a_variable_elsewhere() -> None:
    assert parse("inf*x").variables == ["inf", "x"]
    assert parse("norm([x, y], inf)", parameters={"inf": 1.0}).variables == [
        "x",
        "y",
    ]
    same("norm([x, y], p)", "norm([x, y], 1)", parameters={"p": 1.0})


@pytest.mark.parametrize(
    "text",
    [
        "Piecewise((x, x > 0), (-x, x < 0))",
        "Piecewise((x, x > 0, 1), (2, True))",
        "Piecewise((x, x > 0) + 1, (2, True))",
        "Piecewise(x, x > 0)",
    ],
)
def test_pairs_that_are_none_are_refused_with_what_to_write(text: str) -> None:
    error = refused(text)
    assert "pairs of a value and a condition" in error.message
    for one in error.hint.removeprefix("write ").split(", or "):
        assert parse(one).outputs
