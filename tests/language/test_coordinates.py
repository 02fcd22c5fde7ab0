"""Points by name: from mappings, keywords, records and data frames of any library."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

import gradcalc
from gradcalc.errors import BindingError


class Frame:
    """As much of a data frame as is asked for."""

    def __init__(self, **columns: Any) -> None:
        self.data = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.column_stack(list(self.data.values())).astype(dtype)


class Arrow(Frame):
    """A table that calls its names ``column_names`` and its data ``columns``."""

    def __init__(self, **columns: Any) -> None:
        super().__init__(**columns)
        self.column_names, self.columns = self.columns, list(columns.values())


class Row(Frame):
    """A row of pandas: it has keys."""

    def __init__(self, **columns: Any) -> None:
        super().__init__(**columns)
        del self.columns

    def keys(self) -> list[str]:
        return list(self.data)


def record(**columns: Any) -> Any:
    table = np.zeros(2, [(name, float) for name in columns])
    for name, values in columns.items():
        table[name] = values
    return table


def polars(**columns: Any) -> Any:
    return pl.DataFrame(columns)


MAKERS: list[Callable[..., Any]] = [dict, Frame, Arrow, polars, record]


@pytest.mark.parametrize("make", MAKERS)
def test_columns_are_bound_by_name(make: Callable[..., Any]) -> None:
    p = gradcalc.compile("x**2*y")
    at = make(y=[2.0, 5.0], x=[3.0, 1.0])
    assert p(at).tolist() == [[18], [5]]
    assert p.gradient(at).tolist() == [[12, 9], [10, 1]]
    assert p.vjp(at, [1.0]).tolist() == [[12, 9], [10, 1]]
    assert p.hessian(at).tolist() == [[[4, 6], [6, 0]], [[10, 2], [2, 0]]]
    for wrong in (make(y=[2.0, 5.0]), make(y=[2.0, 5.0], x=[3.0, 1.0], z=[0.0, 0.0])):
        with pytest.raises(BindingError, match=r"no value for 'x'|no variable 'z'"):
            p(wrong)


@pytest.mark.parametrize("make", MAKERS[1:])
def test_the_shortcuts_take_them_too(make: Callable[..., Any]) -> None:
    at = make(e=[2.0, 5.0], x=[3.0, 1.0])
    assert gradcalc.evaluate("x**2*e", at).tolist() == [[18], [5]]


def test_one_point_by_name() -> None:
    p = gradcalc.compile("x**2*y")
    for at in ({"y": 2, "x": 3}, Row(y=2, x=3)):
        assert p(at).tolist() == [18]
        assert gradcalc.evaluate("x**2*y", at).tolist() == [18]  # type: ignore[arg-type]
    assert p(y=2, x=3).tolist() == [18]
    assert p.jacobian(y=2, x=3, mode="forward").tolist() == [[12, 9]]
    assert p.jvp(u=[1, 0], y=2, x=3).tolist() == [12]
    assert p.hvp(u=[1, 0], y=2, x=3).tolist() == [4, 6]
    assert p.sparse_jacobian(y=2, x=3).toarray().tolist() == [[12, 9]]
    with pytest.raises(BindingError, match="which one"):
        p([3, 2], y=2)


def test_a_number_stands_for_every_point() -> None:
    p = gradcalc.compile("k*x + sum(a)", shapes={"a": 2})
    at = {"k": 10.0, "x": [1, 2, 3], "a": [[1, 1], [2, 2], [3, 3]]}
    assert p(at).ravel().tolist() == [12, 24, 36]
    assert p({**at, "a": [1, 0]}).ravel().tolist() == [11, 21, 31]
    assert p({"k": 1, "x": 2, "a[0]": 3, "a[1]": 4}).tolist() == [9]


def test_a_header_of_numbers_is_none() -> None:
    frame = Frame(**{"0": [3.0], "1": [2.0]})
    frame.columns = [0, 1]  # type: ignore[list-item]
    assert gradcalc.compile("x**2*y")(frame).tolist() == [[18]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ({"a": 1, "e": 0.5}, "no variable 'e'"),
        ({"a": [1, 2], "b": [1, 2, 3]}, "'b' has 3 points, and there are 2"),
        ({"a": 1, "b": None}, "no value for 'b'"),
        ({"a": 1, "b": "2"}, "'b' is not made of numbers"),
        ({"a": 1, "b": 1j}, "'b' is not made of numbers"),
        ({"a": 1, 2: 2}, "2 is none"),
        ({"a": 1, "b": [[1]]}, r"shape \(1, 1\)"),
        (["1", "2"], "made of numbers"),
        ([1j, 2], "made of numbers"),
        (None, "no point"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(at: Any, message: str) -> None:
    with pytest.raises(BindingError, match=message):
        gradcalc.compile("a*e + b")(at)


def test_a_constant_becomes_a_variable_where_it_is_bound() -> None:
    assert gradcalc.compile("a*e", wrt=["a", "e"])({"a": 1, "e": 0.5}).tolist() == [0.5]
    assert gradcalc.gradient("a*e", {"a": 1, "e": 0.5}).tolist() == [0.5, 1]


def test_a_program_pickles_at_any_time() -> None:
    p = gradcalc.compile("r = x**2; sin(r)*y, where(x > 1, x, y)")
    before = pickle.loads(pickle.dumps(p))
    x = np.random.default_rng(0).random((2000, 2))
    expected = p(x[0]), p(x), p.jacobian(x[0]), p.jacobian(x), p.vjp(x, [1, 2]), p.jvp(x, [1, 2])
    after = pickle.loads(pickle.dumps(p))
    for q in (before, after):
        found = q(x[0]), q(x), q.jacobian(x[0]), q.jacobian(x), q.vjp(x, [1, 2]), q.jvp(x, [1, 2])
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


class Pair(NamedTuple):
    y: float
    x: float


def test_named_tuples_have_names_too() -> None:
    assert gradcalc.compile("x**2*y")(Pair(y=2, x=3)).tolist() == [18]


def test_a_frame_that_has_no_numbers_yet_is_refused() -> None:
    with pytest.raises(BindingError, match="cannot be had"):
        gradcalc.compile("x")(Broken(x=[1]))  # type: ignore[arg-type]


class Broken(Frame):
    """A frame that is lazy, as polars has them."""

    def __getitem__(self, name: str) -> Any:
        raise TypeError("collect it first")
