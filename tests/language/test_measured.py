"""Values with their uncertainties, in the forms that people write."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcalc.errors import GradcalcError
from gradcalc.language.measured import read, read_spreads

Said = list[tuple[str, float, float | None]]


def said(text: str) -> Said:
    """Names, numbers, standard uncertainties."""
    found: Said = []
    for item in read(text, "--at"):
        value = item.given.value
        numbers = value if isinstance(value, list) else [value]
        found += [(item.given.name, x, s.u if s else None)
                  for x, s in zip(numbers, item.spreads, strict=True)]  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x=4.63±0.05", [("x", 4.63, 0.05)]),
        ("x = 4.63 +- 0.05", [("x", 4.63, 0.05)]),
        ("x=4.63+/-0.05", [("x", 4.63, 0.05)]),
        (r"x=4.63 \pm 0.05", [("x", 4.63, 0.05)]),
        ("x=4.63 +/− 0.05", [("x", 4.63, 0.05)]),
        ("4.63±0.05, 61±6.1", [("", 4.63, 0.05), ("", 61, 6.1)]),
        ("x=1.000(2)", [("x", 1.0, 0.002)]),
        ("x=1.000(2)e-3", [("x", 1e-3, 2e-6)]),
        ("x=6.62606957(29)E-34", [("x", 6.62606957e-34, 2.9e-41)]),
        ("x=-1.000(12)", [("x", -1.0, 0.012)]),
        ("x=50000623(25)", [("x", 50000623, 25)]),
        ("x=12.34(0.5)", [("x", 12.34, 0.5)]),
        ("x=(1.000±0.002)e-3", [("x", 1e-3, 2e-6)]),
        ("x=-1.5±5%", [("x", -1.5, 0.075)]),
        ("x=pi/4±pi/400", [("x", math.pi / 4, math.pi / 400)]),
        ("x=1±0.1/2; y=3", [("x", 1, 0.05), ("y", 3, None)]),
        ("x=1±uniform(3)", [("x", 1, 3 / math.sqrt(3))]),
        ("x=1±triangular(3)", [("x", 1, 3 / math.sqrt(6))]),
        ("x=1±arcsine(3)", [("x", 1, 3 / math.sqrt(2))]),
        ("x=1±normal(3)", [("x", 1, 3)]),
        ("x=1±t(3, 9)", [("x", 1, 3)]),
        ("x=200±uniform(1%)", [("x", 200, 2 / math.sqrt(3))]),
        ("a=[1±0.1, 2(1), 3]", [("a", 1, 0.1), ("a", 2, 1), ("a", 3, None)]),
        ("a=[1, 2]±0.1", [("a", 1, 0.1), ("a", 2, 0.1)]),
        ("a=2*[1, 2]±0.1", [("a", 2, 0.1), ("a", 4, 0.1)]),
        ("a=[1, 200]±1%", [("a", 1, 0.01), ("a", 200, 2)]),
        ("a=[1,2]*3, x=1±1", [("a", 3, None), ("a", 6, None), ("x", 1, 1)]),
        ("x=sqrt(4)+log10(10)±1", [("x", 3, 1)]),
        ("x=2", [("x", 2, None)]),
    ],
)
def test_the_forms(text: str, expected: Said) -> None:
    found = said(text)
    assert [(name, x) for name, x, _ in found] == [(name, x) for name, x, _ in expected]
    for (_, _, u), (_, _, wanted) in zip(found, expected, strict=True):
        assert u == (None if wanted is None else pytest.approx(wanted, rel=1e-15))


@pytest.mark.parametrize(
    ("text", "words", "caret"),
    [
        ("x=4±0.1±2", "two uncertainties", "4±0.1±2"),
        ("x=4.0(1)±2", "two uncertainties", "4.0(1)±2"),
        ("x=1e3(2)", "1(2)e3", "1e3(2)"),
        ("x=1±", "missing", "±"),
        ("x=1±-1", "not negative", "-1"),
        ("x=1±unifrm(2)", "did you mean uniform(a)?", "unifrm"),
        ("x=1±uniform(2,3)", "takes 1 number", "uniform(2,3)"),
        ("x=1±t(1,0)", "above 0", "0"),
        ("x=0±5%", "percentage of 0", "5%"),
        ("x=1±y", "not a number", "y"),
        ("x=q±1", "not a number", "q"),
        ("x=1±5%%", "no uncertainty", "5%%"),
        ("a=[1±1,2]*3", "something behind it", "*3"),
        ("x=1±1e999", "larger than any double", "1e999"),
    ],
)
def test_what_cannot_be_read_is_shown_where_it_stands(text: str, words: str, caret: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        read(text, "--at")
    error = caught.value
    assert words in f"{error.message} {error.hint}"
    assert error.source is not None
    assert error.source.text == text
    assert error.span is not None
    assert text[slice(*error.span)] == caret


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.sampled_from(["±", "+-", "+/-", " ± "]))
def test_any_value_with_any_uncertainty_is_read_back(x: float, u: float, sign: str) -> None:
    assert said(f"x={x!r}{sign}{u!r}") == [("x", x, u)]


@given(st.text(st.sampled_from("x=1±+-/.(),;[]%eu 2"), max_size=14))
def test_any_text_is_read_or_refused(text: str) -> None:
    if text == "-":  # standard input
        return
    for reader in (read, read_spreads):
        with suppress(GradcalcError):
            assert reader(text, "--at")


@pytest.mark.parametrize(
    "text",
    [
        '{"x": "4.63±0.05", "y": 2}',
        "x=4.63±0.05\ny=2\n",
        "x,y\n4.63±0.05,2\n",
        "x\ty\n4.63(5)\t2\n",
    ],
)
def test_a_file_may_be_json_a_table_or_typed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "point"
    path.write_text(text)
    assert said(f"@{path}") == [("x", 4.63, 0.05), ("y", 2, None)]


def test_what_u_says_has_names_or_an_order() -> None:
    (x, (first,)), (y, (second,)) = read_spreads("x=0.1,y=5%", "--u")
    assert (x.name, first.u, y.name, second.of(2.0).u) == ("x", 0.1, "y", 0.1)
    (_, (first,)), _ = read_spreads("0.1,uniform(1)", "--u")
    assert first.u == 0.1
    ((a, spreads),) = read_spreads("a=[0.1,0.2]", "--u")
    assert (a.name, [spread.u for spread in spreads]) == ("a", [0.1, 0.2])
