"""Points and vectors: every way to write one, and every way to get it wrong."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest

from gradcalc.errors import BindingError, Exit, GradcalcError, UsageError
from gradcalc.language.points import bind, flatten, read, shape, shapes


def given(text: str) -> list[tuple[str, Any]]:
    return [(item.name, item.value) for item in read(text, "--at")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,3", [("", 2), ("", 3)]),
        ("-1e-3", [("", -1e-3)]),
        ("−1; 2", [("", -1), ("", 2)]),
        ("pi/4", [("", math.pi / 4)]),
        ("sqrt(2)*2", [("", math.sqrt(2) * 2)]),
        ("x=2", [("x", 2)]),
        ("x1=2, x2=pi/4", [("x1", 2), ("x2", math.pi / 4)]),
        ("e=3,θ=1", [("e", 3), ("θ", 1)]),
        ("a=[2,3]", [("a", [2, 3])]),
        ("a=[[1,2],[3,4]], x=1", [("a", [[1, 2], [3, 4]]), ("x", 1)]),
        ("[1,2]", [("", [1, 2])]),
        ("a=ones(3)*2", [("a", [2, 2, 2])]),
    ],
)
def test_a_point_is_numbers_and_constant_expressions(text: str, expected: Any) -> None:
    assert given(text) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"x": 2, "y": "pi/4"}', [("x", 2), ("y", math.pi / 4)]),
        ('{"a": [1, 2], "x": -0.5}', [("a", [1, 2]), ("x", -0.5)]),
        ("[2, 3]", [("", 2), ("", 3)]),
        ("[pi, 1]", [("", [math.pi, 1])]),
        ("x,y\n2,3", [("x", 2), ("y", 3)]),
        ("x\ty\n2\tpi\n", [("x", 2), ("y", math.pi)]),
        ('"x","y"\n2,3\n', [("x", 2), ("y", 3)]),
        ("2 3\n4", [("", 2), ("", 3), ("", 4)]),
        ("2,3;4", [("", 2), ("", 3), ("", 4)]),
        ("x = 2\ny = 3  # metres\n", [("x", 2), ("y", 3)]),
        ("# a comment\nx = 2", [("x", 2)]),
        ("\ufeff2", [("", 2)]),
    ],
)
def test_a_file_holds_a_point_in_any_usual_form(
    tmp_path: Path, content: str, expected: Any
) -> None:
    path = tmp_path / "point"
    path.write_text(content, encoding="utf-8")
    assert given(f"@{path}") == expected


@pytest.mark.parametrize(
    ("text", "message", "guilty"),
    [
        ("", "--at has no values", None),
        ("   ", "--at has no values", None),
        ("x", "'x' is not a number", "x"),
        ("x=y+1", "'y' is not a number", "y"),
        ("nan", "'nan' is not a number", "nan"),
        ("1/0", "'1/0' is not a finite number", "1/0"),
        ("x=log(-1)", "'log(-1)' is not a finite number", "log(-1)"),
        ("x=exp(1000)", "'exp(1000)' is not a finite number", "exp(1000)"),
        ("1e999", "'1e999' is larger than any double", "1e999"),
        ("2 3", "two numbers side by side", "3"),
        ("x=2 y=3", "a number and 'y' side by side", "y"),
        ("x:2", "unexpected ':'", ":"),
        ("x==2", "'x==2' is a condition", "x==2"),
        ("x=1>0", "'1>0' is a condition", "1>0"),
        ("a=[[1,2],[3]]", "the items of an array differ in shape", "[[1,2],[3]]"),
        ("a=[]", "the array is empty", "]"),
        ("a=zeros(0)", "an array without elements", "zeros(0)"),
        ("(1,2)", "a ',' inside parentheses", ","),
    ],
)
def test_what_is_no_point_is_refused_with_its_characters(
    text: str, message: str, guilty: str | None
) -> None:
    with pytest.raises(BindingError) as caught:
        read(text, "--at")
    error = caught.value
    assert error.message.startswith(message)
    assert error.exit is Exit.INPUT
    span = error.span
    assert (text[span.start : span.end] if span else None) == guilty


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no values"),
        ('{"x": null}', "'None' is not a finite number"),
        ('{"x": true}', "'True' is not a finite number"),
        ('{"x": NaN}', "'nan' is not a finite number"),
        ('{"x": 1e999}', "'inf' is not a finite number"),
        ('{"x": 1' + "0" * 400 + "}", "is not a finite number"),
        ('{"x": 1' + "0" * 5000 + "}", "not JSON that holds a point"),
        ('{"x": "y"}', "'y' is not a number"),
        ('{"x": "1,2"}', "'1,2' is not a finite number"),
        ('{"x": ""}', "has no values"),
        ('{"x": {}}', "'{}' is not a finite number"),
        ('{"a": []}', "'[]' is not a finite number"),
        ('{"a": [[1], [2, 3]]}', "the items of an array differ in shape"),
        ('{"a": [1, [2]]}', "the items of an array differ in shape"),
        ('{"x": 2', "not JSON"),
        ("[1, 2", "'[' is never closed"),
        ("[" * 100_000 + "]" * 100_000, "not JSON that holds a point"),
        ("x,y\n1", "2 names over 1 value"),
        ("x,y\n1,z", "'z' is not a number"),
        ("1,2\nnan,1", "is not a number"),
        ("\x00", "the character U+0000"),
    ],
)
def test_a_file_that_holds_no_point_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "point"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GradcalcError) as caught:
        read(f"@{path}", "--at")
    assert message in caught.value.message
    assert caught.value.exit is Exit.INPUT


def test_a_file_that_cannot_be_read_is_a_wrong_command_line(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for name in (tmp_path / "nowhere", tmp_path, binary, "a\x00b"):
        with pytest.raises(UsageError) as caught:
            read(f"@{name}", "--at")
        assert caught.value.exit is Exit.USAGE
        assert caught.value.message.startswith("--at: ")


def test_values_bind_by_order_or_by_name() -> None:
    assert bind(read("2,3", "--at"), ["x", "y"], "variables", "--at") == [2, 3]
    assert bind(read("y=2,x=3", "--at"), ["x", "y"], "variables", "--at") == [3, 2]
    labels = ["a[0,0]", "a[0,1]", "x"]
    assert bind(read("x=1, a=[[2,3]]", "--at"), labels, "variables", "--at") == [2, 3, 1]
    assert bind(read("[2,3],4", "--at"), labels, "variables", "--at") == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "labels", "message", "guilty", "hint"),
    [
        ("2,3", ["x"], "--at has 2 values for 1 variable: x", "3", "decimal comma? write --at 2.3"),
        ("2", ["x", "y"], "--at has 1 value for 2 variables: x, y (natural order)", "2",
         "--at x=2,y=…"),
        ("1,2,3", [], "--at has 3 values and the expression has no variables", "1", "leave --at"),
        ("x=1,2", ["x", "y"], "--at binds by name and by order at once", "2", "--at x=…,y=…"),
        ("x=1,x=2", ["x"], "--at binds 'x' twice", "2", ""),
        ("x=1,z=2", ["x"], "--at binds 'z', and the expression has no such variable", "2",
         "variables: x"),
        ("x=1", ["x", "y"], "--at has no value for y", None, "--at x=1,y=…"),
        ("a=[1,2]", ["a[0]"], "--at binds 'a[1]'", "[1,2]", "variables: a[0]"),
        ("a=1", ["a[0]"], "--at binds 'a', and", "1", "variables: a[0]"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(
    text: str, labels: list[str], message: str, guilty: str | None, hint: str
) -> None:
    with pytest.raises(BindingError) as caught:
        bind(read(text, "--at"), labels, "variables", "--at")
    error = caught.value
    assert error.message.startswith(message)
    assert hint in error.hint
    assert (text[error.span.start : error.span.end] if error.span else None) == guilty


def test_a_list_of_many_names_is_cut_short() -> None:
    with pytest.raises(BindingError) as caught:
        bind(read("1", "--v"), [f"f{i}" for i in range(1, 100)], "outputs", "--v")
    assert caught.value.message.endswith("f5, f6, … (99 in all)")


def test_shapes_and_elements_of_nested_lists() -> None:
    assert shape(2.0) == ()
    assert shape([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) == (2, 3)
    assert flatten([[1.0, 2.0], [3.0, 4.0]]) == [1, 2, 3, 4]
    assert shapes(read("a=[[1,2]],x=1", "--at")) == {"a": (1, 2)}


@pytest.mark.parametrize("text", ["3, pi", "[3, 3.141592653589793]", "3 3.141592653589793\n"])
@pytest.mark.parametrize("where", ["-", "@-"])
def test_standard_input_is_read_as_a_file_is(
    monkeypatch: pytest.MonkeyPatch, text: str, where: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert [given.value for given in read(where, "--at")] == [3.0, math.pi]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("L=1.000(2),T=2", "'1.000(2)' is a value with its uncertainty", "a product: 1.000*(2)"),
        ("6.674e-11(15)", "'6.674e-11(15)' is a value", "the value alone: 6.674e-11;"),
        ("1e", "the exponent of '1e' is missing", "a product: 1*e"),
        ("x=2.5E, y=1", "the exponent of '2.5E' is missing", "a number: 2.5E0"),
        ("1e +5", "the exponent of '1e' is missing", ""),
    ],
)
def test_half_a_number_and_a_measured_one_are_no_products(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(BindingError) as caught:
        read(text, "--at")
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [("3(4)", 12), ("1.5*(2)", 3), ("1e3", 1000), ("2e-1", 0.2), ("2*e", 2 * math.e)],
)
def test_what_means_a_product_is_one(text: str, value: float) -> None:
    assert [item.value for item in read(text, "--at")] == [value]
