"""An expression and a point, fitted together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.engine.program import Program
from gradcalc.errors import BindingError
from gradcalc.language.points import read
from gradcalc.language.problem import Problem, from_python, pose


def posed(text: str, at: str = "", param: str = "", **options: Any) -> Problem:
    return pose(
        text,
        at=read(at, "--at") if at else (),
        parameters=read(param, "--param") if param else (),
        **options,
    )


def test_a_point_by_order_is_in_natural_order() -> None:
    problem = posed("x10 - x2", "2,3")
    assert problem.graph.variables == ["x2", "x10"]
    assert problem.x == [2, 3]
    assert problem.at == {"x2": 2, "x10": 3}
    assert Program(problem.graph)(problem.x).tolist() == [1]


def test_a_point_by_name_declares_arrays() -> None:
    problem = posed("mean(3*(a+3)**2)", "a=[2,3]")
    assert problem.graph.variables == ["a[0]", "a[1]"]
    assert problem.at == {"a": [2, 3]}
    assert Program(problem.graph).gradient(problem.x).tolist() == [15, 18]


def test_a_name_in_the_point_is_a_variable_even_if_it_names_a_constant() -> None:
    assert posed("e*x", "e=3,x=2").graph.variables == ["e", "x"]
    assert posed("e*x", "x=2").graph.variables == ["x"]
    assert posed("2π", "π=3").graph.variables == ["pi"]


def test_a_parameter_gets_no_column() -> None:
    problem = posed("k*x + sum(c)", "x=2", "k=9.81,c=[1,2]")
    assert problem.graph.variables == ["x"]
    assert Program(problem.graph)(problem.x).tolist() == [9.81 * 2 + 3]
    with pytest.raises(BindingError, match="--param binds by name"):
        posed("k*x", "x=2", "9.81")


def test_values_whose_names_are_not_in_wrt_are_held_fixed() -> None:
    problem = posed("x*y + a[0]", "x=2,y=3,a=[5,6]", wrt=["y"])
    assert problem.graph.variables == ["y"]
    assert problem.x == [3]
    assert Program(problem.graph).gradient(problem.x).tolist() == [2]


def test_wrt_orders_values_given_by_order() -> None:
    problem = posed("x - y", "2,3", wrt=["y", "x"])
    assert problem.at == {"y": 2, "x": 3}


def test_outputs_are_chosen_by_name() -> None:
    assert posed("r = x; s = r**2", "2", outputs=["r"]).graph.output_names == ["r"]


def test_an_expression_without_variables_needs_no_point() -> None:
    problem = posed("sqrt(2)/2")
    assert problem.x == []
    assert Program(problem.graph)([]).tolist() == [2**0.5 / 2]


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("x*y", "", "no value for the variables x, y", "for example --at x=1,y=1"),
        ("x", "", "no value for the variable x", "for example --at x=1"),
        ("+".join(f"x{i}" for i in range(9)), "", "x5, … (9 in all)", "--at @FILE"),
        ("x*y", "2", "--at has 1 value for 2 variables: x, y (natural order)", "--at x=2,y=…"),
        ("x", "2,5", "--at has 2 values for 1 variable: x", "2.5"),
        ("x", "x=1,y=2", "--at binds 'y', and the expression has no such variable", "x"),
        ("x*y", "x=1", "--at has no value for y", "--at x=1,y=…"),
        ("2", "3", "--at has 1 value and the expression has no variables", "leave --at out"),
        ("a[0]*x", "x=1,a=[1,2],2", "--at binds by name and by order at once", ""),
        ("2π", "π=3,pi=4", "--at binds 'pi' twice", ""),
    ],
)
def test_a_point_that_does_not_fit_is_refused(text: str, at: str, message: str, hint: str) -> None:
    with pytest.raises(BindingError) as caught:
        posed(text, at)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_python_values_are_made_plain() -> None:
    plain = from_python({"a": np.array([[1, 2]]), "b": (1, 2.5), "x": np.float64(3), "n": 4})
    assert plain == {"a": [[1, 2]], "b": [1, 2.5], "x": 3, "n": 4}
    assert from_python(None) == {}


@pytest.mark.parametrize("value", ["abc", None, [[1], [1, 2]], [1, [2]], [], [None], {}])
def test_python_values_that_are_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(BindingError):
        from_python({"k": value})
