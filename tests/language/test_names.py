"""What a name is, and what each that was given is: a variable or a constant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcalc.engine.program import Program
from gradcalc.errors import BindingError, ExpressionError
from gradcalc.language import parse
from gradcalc.language.names import elements, is_name, spelled, unread, whole_arrays
from gradcalc.language.points import read
from gradcalc.language.problem import Problem, pose


def posed(text: str, at: str = "", param: str = "", **options: Any) -> Problem:
    return pose(
        text,
        at=read(at, "--at") if at else (),
        parameters=read(param, "--param") if param else (),
        **options,
    )


@pytest.mark.parametrize("name", ["e", "pi", "tau"])
def test_a_name_in_wrt_is_a_variable_whatever_it_is_called(name: str) -> None:
    problem = posed(f"a*{name}", "1,0.5", wrt=["a", name])
    assert problem.graph.variables == ["a", name]
    assert Program(problem.graph)([1, 0.5]).tolist() == [0.5]
    assert Program(problem.graph).gradient([1, 0.5]).tolist() == [0.5, 1]
    assert problem.graph.notes == []


def test_what_does_not_occur_has_a_column_only_if_wrt_asks_for_it() -> None:
    graph = parse("2*x", wrt=["x", "taau"])
    assert graph.variables == ["x", "taau"]
    assert graph.notes == ["taau does not occur in the expression (is it tau?): its slopes are 0"]
    assert parse("2*x", wrt=["a"], shapes={"a": (2,)}, parameters={"x": 1}).variables == [
        "a[0]",
        "a[1]",
    ]
    with pytest.raises(BindingError, match="no such variable") as caught:
        posed("2*x", "x=1,z=2")
    assert "--wrt x,z" in caught.value.hint
    assert posed("2*x", "x=1,z=2", wrt=["x", "z"]).x == [1, 2]


def test_a_parameter_that_is_not_read_is_told_of() -> None:
    assert posed("kx*2", "1", "k=3").graph.notes == [
        "k does not occur in the expression (is it kx?): its value is not used"
    ]
    assert posed("2k*x # k", "1", "k=3").graph.notes == []
    assert posed("2π*x", "1", "π=3").graph.notes == []


@pytest.mark.parametrize(
    ("text", "at", "param", "wrt", "message"),
    [
        ("x*g", "1,2", "g=9.81", ["x", "g"], "'g' is in --wrt and in --param"),
        ("x*g", "x=1,g=2", "g=9.81", None, "'g' is in --at and in --param"),
        ("x", "1", "k=1,k=2", None, "--param binds 'k' twice"),
        ("x", "1,2", "", ["x", "x"], "--wrt names 'x' twice"),
        ("2π", "1,2", "", ["pi", "π"], "--wrt names 'pi' twice"),
        ("a[0]", "1,2", "", ["a", "a[0]"], r"--wrt names 'a\[0\]' twice"),
        ("s = x; 2*s", "1", "", ["s"], "'s' is bound from outside and given a value here"),
        ("x*y", "1,2", "", ["x", "y z"], "'y z' is not a name"),
        ("x*y", "1,2", "", ["x", "2"], "'2' is not a name"),
        ("x*y", "x=1,y=2,yy=3", "", ["x"], "--at binds 'yy', and it does not occur"),
        ("x*y", "1", "", ["x"], "'y' is not in --wrt and has no value"),
    ],
)
def test_what_cannot_be_bound_is_refused_by_name(
    text: str, at: str, param: str, wrt: list[str] | None, message: str
) -> None:
    with pytest.raises((BindingError, ExpressionError), match=message):
        posed(text, at, param, wrt=wrt)


def test_a_constant_in_the_way_is_mentioned() -> None:
    with pytest.raises(BindingError) as caught:
        posed("a*e", "1,0.5")
    assert "e is a constant here; as a variable: --wrt a,e" in caught.value.hint


def test_names_are_as_the_language_has_them() -> None:
    assert [spelled(name, "") for name in (" π ", "θ", "lambda", "a[0, 1]", "x'"[:1])] == [
        "pi", "θ", "lambda", "a[0,1]", "x",
    ]  # fmt: skip
    assert elements("a", (2, 2)) == ["a[0,0]", "a[0,1]", "a[1,0]", "a[1,1]"]
    assert whole_arrays(["a[1]", "x", "a[0]", "b[1]"]) == {"a": (2,)}
    assert unread(["k", "x", "pi"], "kx + π") == ["k", "x"]


@pytest.mark.parametrize(
    "text",
    ["", " ", "2x", "x y", "x\ny", "\x1b]0;evil\x07", "x\u202e", "a\u3164", "and", "x[m]", "a[-1]",
     "x-y", "x\x00", "x,y", '"x"', "a[0", "[bold]"],
)  # fmt: skip
def test_what_is_no_name_is_refused_and_never_printed(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(BindingError, match="is not a name") as caught:
        spelled(text, "--wrt")
    assert caught.value.message.isprintable()
    with pytest.raises(BindingError):
        parse("x", wrt=[text])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"x": 1, "x": 2}', "'x' is bound twice"),
        ('{"π": 1, "pi": 2}', "--at binds 'pi' twice"),
        ('{"x\\u001b[31m": 1}', "is not a name"),
        ('{"": 1}', "'' is not a name"),
        ('x,"y\n1,2', "a quote is never closed"),
        ('x,y\n1,"2', "a quote is never closed"),
        ("x,y z\n1,2", "'y z' is not a name"),
    ],
)
def test_files_of_points_bind_names_too(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "p").write_text(content, encoding="utf-8")
    with pytest.raises(BindingError) as caught:
        pose("2π*x", at=read(f"@{tmp_path / 'p'}", "--at"))
    assert message in caught.value.message


@pytest.mark.parametrize("content", ['{"a[1]": 3, "a[0]": 2}', '"a[0]",a[1]\n2,3\n'])
def test_elements_may_be_named_one_by_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "p").write_text(content, encoding="utf-8")
    problem = pose("a[0]*10 + sum(a)", at=read(f"@{tmp_path / 'p'}", "--at"))
    assert Program(problem.graph)(problem.x).tolist() == [25]


def test_columns_are_a_sequence_or_as_they_are_typed() -> None:
    assert parse("theta*x", wrt="x,theta").variables == ["x", "theta"]
    assert parse("theta*x", wrt=["theta", "x"]).variables == ["theta", "x"]
