"""``batch --what propagate``: the uncertainties of rows, from columns that say those of inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcalc
from gradcalc.batch.results import Request, Results
from gradcalc.batch.spread import Spread, Term, terms
from gradcalc.errors import BindingError
from tests.cli.shell import Shell

VARIABLES = ("V", "I", "phi")
COLUMNS = ("u_V", "u_I", "r_V_I", "cov_phi_phi", "cov_I_phi")


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_each_row_is_J_C_Jt_of_its_own(seed: int) -> None:
    random = np.random.default_rng(seed)
    p = gradcalc.compile("V/I*cos(phi), V/I", wrt=VARIABLES)
    said = terms(VARIABLES, 3, (*VARIABLES, *COLUMNS))
    results = Results(p, Request(("propagate",), 3, {}, (*VARIABLES, *COLUMNS), said))
    x = random.uniform(0.5, 1.0, (7, 3))
    u = random.uniform(0.0, 0.1, (7, 3))
    r, s = random.uniform(-0.6, 0.6, (2, 7))
    numbers = np.column_stack([x, u[:, 0], u[:, 1], r, u[:, 2] ** 2, s * u[:, 1] * u[:, 2]])
    found = results.at(numbers)
    for row in range(7):
        R = np.array([[1, r[row], 0], [r[row], 1, s[row]], [0, s[row], 1]])
        _, C = p.propagate(x[row], R * np.outer(u[row], u[row]))
        assert np.allclose(found[row], np.sqrt(np.diag(C)), rtol=1e-12)


def test_a_variable_that_is_called_like_an_uncertainty_is_a_variable() -> None:
    found = terms(("x", "u_x"), 2, ("x", "u_x", "u_u_x"))
    assert found == (Term("u", 1, 1, "u_u_x"),)


@pytest.mark.parametrize(
    ("header", "given", "words"),
    [
        (("x", "y"), (), "no column says how uncertain x, y are"),
        (("x", "y", "u_x", "cov_x_x"), (), "'x' has two uncertainties: cov_x_x"),
        (("x", "y", "u_x"), (0.1, 0.2), "'x' has two uncertainties: u_x"),
        (("x", "y", "u_x", "r_x_y", "r_y_x"), (), "r_x_y and r_y_x say the same"),
    ],
)
def test_what_is_said_twice_or_not_at_all(
    header: tuple[str, ...], given: tuple[float, ...], words: str
) -> None:
    with pytest.raises(BindingError, match=words):
        terms(("x", "y"), 2, header, given)


def test_an_exact_input_adds_nothing_whatever_its_slope() -> None:
    spread = Spread((Term("u", 0, 0, 0.1),), ("x", "y"))
    J = np.array([[[2.0, np.nan]]])
    assert spread(J, np.array([[1.0, 2.0]])) == pytest.approx(0.2)


def test_rows_whose_correlations_contradict_each_other_have_no_uncertainty() -> None:
    labels = ("x", "y", "z", "r_x_y", "r_x_z", "r_y_z")
    spread = Spread(terms(("x", "y", "z"), 3, labels, (1.0, 1.0, 1.0)), labels)
    J = np.ones((3, 1, 3))
    numbers = np.array([[0, 0, 0, 0.9, 0.9, 0.9], [0, 0, 0, 0.9, 0.9, -0.9], [0, 0, 0, 1, -1, -1]])
    found = spread(J, numbers).ravel()
    assert found[0] == pytest.approx((3 + 5.4) ** 0.5)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(1.0)  # x = y = -z


def rows(gradcalc: Shell, tmp_path: Path, text: str, *words: str) -> tuple[str, str, int]:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    ran = gradcalc("batch", "V/I", "--points", str(path), "--what", "propagate", *words)
    return ran.out, ran.err, ran.code


def test_rows_of_a_file(gradcalc: Shell, tmp_path: Path) -> None:
    text = "V,I,u_V,u_I\n5,0.02,0.01,0.0001\n5,0.02,-0.01,0\n5,0,1,1\n"
    out, err, code = rows(gradcalc, tmp_path, text, "--check-sample", "1")
    head, first, *others = out.splitlines()
    assert (head, others, code) == ("u_f1", ["nan", "nan"], 1)
    assert float(first) == pytest.approx(1.3462912017836262, rel=1e-15)
    assert "line 3: u_f1 is nan: u_V is -0.01, and an uncertainty is not negative" in err
    assert "line 4: f1 is inf: 5 / 0" in err
    assert "✓ sympy: 1 random row agrees" in err


def test_uncertainties_for_all_rows(gradcalc: Shell, tmp_path: Path) -> None:
    out, err, code = rows(gradcalc, tmp_path, "V,I\n5,0.02\n", "--u", "0.0001,0.01")
    assert (float(out.split()[1]), code) == (pytest.approx(1.3462912017836262), 0)
    out, err, code = rows(gradcalc, tmp_path, "V,I,d\n5,0.02,0.01\n", "--u", "0,d")
    assert (float(out.split()[1]), code) == (0.5, 0)
    out, err, code = rows(gradcalc, tmp_path, "V,I,u_V\n5,0.02,0.01\n")
    assert "note: no uncertainty is said of I, which is taken as exact" in err
    out, err, code = rows(gradcalc, tmp_path, "V,I,u_V,u_I,r_V_I\n5,0.02,1,1,-2\n")
    assert "r_V_I is -2.0, and a correlation is between -1 and 1" in err
    assert gradcalc("batch", "V/I", "--points", str(tmp_path / "rows.csv"), "--what",
                    "jvp,propagate", "--u", "1,1").code == 2  # fmt: skip


def test_a_wrong_uncertainty_is_found_by_the_sample() -> None:
    p = gradcalc.compile("V/I", wrt=["V", "I"])
    said = (Term("u", 0, 0, 0.01), Term("u", 1, 1, 1e-4))
    results = Results(p, Request(("propagate",), 2, {}, ("V", "I"), said))
    row = np.array([5.0, 0.02])
    (verdict,) = results.verdicts(row, results.at(row[None])[0], None)
    assert verdict.passed
    (verdict,) = results.verdicts(row, results.at(row[None])[0] * (1 + 1e-9), None)
    assert verdict.passed is False


def test_python_takes_covariances_and_uncertainties_of_points() -> None:
    p = gradcalc.compile("x*y, x/y")
    x = np.array([[2.0, 3.0], [1.0, 2.0]])
    value, by_u = p.propagate(x, u=[0.1, 0.2])
    assert value.shape == (2, 2)
    assert np.allclose(by_u, p.propagate(x, np.diag([0.01, 0.04]))[1], rtol=1e-14)
    assert np.allclose(by_u[1], p.propagate(x[1], u={"x": 0.1, "y": 0.2})[1], rtol=1e-14)
    one = gradcalc.propagate("x*y", at={"x": 2, "y": 3}, u={"x": 0.1, "y": 0.2})[1]
    assert one == pytest.approx(0.25)
    for wrong in ([[1, 0.5], [0.4, 1]], [[1, 2], [2, 1]], [[-1, 0], [0, 1]], [1, 2]):
        with pytest.raises(BindingError):
            p.propagate(x[0], wrong)
    with pytest.raises(BindingError, match="which one"):
        p.propagate(x[0], np.eye(2), u=[1, 1])
    with pytest.raises(BindingError, match="how uncertain"):
        p.propagate(x[0])
    with pytest.raises(BindingError, match="not negative"):
        p.propagate(x[0], u=[-1, 1])


class Number:
    """What the package ``uncertainties`` looks like from here: a value with named contributions."""

    def __init__(self, nominal_value: float, parts: dict[str, float]) -> None:
        self.nominal_value, self.parts = nominal_value, parts
        self.std_dev = sum(part**2 for part in parts.values()) ** 0.5

    def _plus(self, other: Number | float) -> Number:
        if not isinstance(other, Number):
            return Number(self.nominal_value + other, self.parts)
        names = {**self.parts, **other.parts}
        parts = {n: self.parts.get(n, 0.0) + other.parts.get(n, 0.0) for n in names}
        return Number(self.nominal_value + other.nominal_value, parts)

    __add__ = __radd__ = _plus

    def __sub__(self, other: float) -> Number:
        return self._plus(-other)

    def __rmul__(self, factor: float) -> Number:
        scaled = {n: factor * part for n, part in self.parts.items()}
        return Number(factor * self.nominal_value, scaled)


def test_numbers_with_uncertainties_stay_such_numbers() -> None:
    """Duck-typed: no package is imported."""
    p = gradcalc.compile("x*y, x - y + k")
    x, y = Number(2.0, {"a": 0.1}), Number(3.0, {"a": 0.1, "b": 0.2})
    product, difference = p.propagate({"x": x, "y": y, "k": 1.0})
    assert product.nominal_value == 6.0
    assert product.parts == pytest.approx({"a": 0.5, "b": 0.4})
    assert difference.parts == pytest.approx({"a": 0.0, "b": -0.2}, abs=1e-15)
    (again,) = gradcalc.propagate("x*y", {"x": x, "y": y})
    assert again.parts == product.parts
    assert p.propagate([1.0, x, y])[0].parts == product.parts  # in order: k, x, y


def test_numbers_of_uncertainties_themselves() -> None:
    uncertainties = pytest.importorskip("uncertainties")
    x, y = uncertainties.ufloat(2.0, 0.1), uncertainties.ufloat(3.0, 0.2)
    (product,) = gradcalc.compile("x*y").propagate(x=x, y=y)
    rest = product - x * y
    assert (rest.nominal_value, rest.std_dev) == (0.0, 0.0)
