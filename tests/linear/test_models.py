"""Linear models against matrices derived by hand, fractions and mpmath."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.linear.model import Mode, stability
from gradcalc.linear.reachable import controllable, observable, touched
from tests.cli.shell import Shell
from tests.linear.systems import CSTR, QUADROTOR, SYSTEMS, System


def model(gradcalc: Shell, words: list[str], *more: str) -> dict[str, Any]:
    ran = gradcalc("linearize", *words, *more, "-f", "json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_the_matrices_are_those_derived_by_hand(gradcalc: Shell, system: System) -> None:
    found = model(gradcalc, system.words)
    with mpmath.workdps(40):
        a, b = system.matrices()
        for ours, theirs in ((found["A"], a), (found["B"], b)):
            for row, exact in zip(ours, theirs, strict=True):
                for one, other in zip(row, exact, strict=True):
                    assert one == pytest.approx(float(other), rel=1e-14, abs=0)
    assert found["C"] == np.eye(len(a)).tolist()
    assert not np.any(found["D"])
    assert found["check"]["passed"]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_eigenvalues_are_right_to_twelve_digits(gradcalc: Shell, system: System) -> None:
    """mpmath's of the matrices by hand, 60 digits; those of a chain of integrators are all 0."""
    found = [complex(v["re"], v["im"]) for v in model(gradcalc, system.words)["eigenvalues"]]
    if system is QUADROTOR:
        assert found == [0] * 12
        return
    with mpmath.workdps(60):
        theirs = mpmath.eig(mpmath.matrix(system.matrices()[0]), left=False, right=False)
        for value in theirs:
            nearest = min(found, key=lambda one, value=value: abs(one - complex(value)))
            assert abs(nearest - complex(value)) <= 1e-12 * max(1, abs(complex(value)))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_one_of_them_can_be_steered(gradcalc: Shell, system: System) -> None:
    found = model(gradcalc, system.words)
    reach = found["controllability"]
    assert (reach["rank"], reach["proven"]) == (len(found["states"]), True)


def test_an_inverted_pendulum_falls_and_a_motor_does_not(gradcalc: Shell) -> None:
    stable = {s.name: model(gradcalc, s.words)["stability"]["stable"] for s in SYSTEMS}
    assert stable == {
        "cart-pole": False, "quadrotor hover": None, "CSTR": False, "DC motor": True,
    }  # fmt: skip


def test_damping_and_frequency(gradcalc: Shell) -> None:
    zeta, omega = 0.25, 3.0
    words = [f"dx/dt = v; dv/dt = -2*{zeta}*{omega}*v - {omega**2}*x", "--states", "x,v"]
    for mode in model(gradcalc, words, "--at", "0,0")["eigenvalues"]:
        assert mode["damping"] == pytest.approx(zeta, rel=1e-14)
        assert mode["frequency"] == pytest.approx(omega, rel=1e-14)


# --- equilibria -----------------------------------------------------------------------------------


def test_a_point_that_is_none_says_by_how_much(gradcalc: Shell) -> None:
    ran = gradcalc("linearize", "dx/dt = v; dv/dt = -9.81", "--states", "x,v", "--at", "0,0")
    assert ran.code == 0
    assert "no equilibrium: dv/dt = -9.81 there" in ran.out


@pytest.mark.parametrize("x", [0.0, math.pi, -3 * math.pi])
def test_an_equilibrium_that_no_double_is_counts_as_one(gradcalc: Shell, x: float) -> None:
    found = model(gradcalc, ["dx/dt = v; dv/dt = -sin(x)", "--states", "x,v", "--at", f"{x!r},0"])
    assert found["equilibrium"]


def test_trim_finds_the_reactors_steady_state(gradcalc: Shell) -> None:
    found = model(gradcalc, CSTR.words, "--trim")
    assert found["equilibrium"]
    assert found["at"]["Tc"] == 300.0
    given = CSTR.parameters | found["at"]
    k = given["k0"] * math.exp(-given["E"] / given["T"])
    assert given["q"] / given["V"] * (given["Caf"] - given["Ca"]) == pytest.approx(
        k * given["Ca"], rel=1e-12
    )


def test_trim_finds_the_thrust_of_hovering(gradcalc: Shell) -> None:
    """No state brings a quadrotor without thrust to rest: the inputs are moved too."""
    start = {**QUADROTOR.at, "T": 0.0, "theta": 0.1, "q": 0.3}
    system = System(
        "", QUADROTOR.equations, QUADROTOR.states, QUADROTOR.inputs, start,
        QUADROTOR.parameters, None,
    )  # fmt: skip
    found = model(gradcalc, system.words, "--trim")
    assert found["equilibrium"]
    thrust = found["at"]["T"] * math.cos(found["at"]["theta"]) * math.cos(found["at"]["phi"])
    assert thrust == pytest.approx(0.5 * 9.81, rel=1e-12)
    assert found["at"]["q"] == 0
    assert "T" in found["trim"]["moved"]


def test_trim_leaves_an_equilibrium_as_it_is(gradcalc: Shell) -> None:
    words = ["dx/dt = -x", "--states", "x", "--at", "0", "--trim"]
    ran = gradcalc("linearize", *words)
    assert "the point is an equilibrium as it is" in ran.out


def test_where_there_is_none_trim_says_where_it_got_stuck(gradcalc: Shell) -> None:
    words = ["dx/dt = x**2 + 1 + u**2", "--states", "x", "--inputs", "u", "--at", "1,0", "--trim"]
    ran = gradcalc("linearize", *words)
    assert (ran.code, ran.out) == (4, "")
    assert "no equilibrium found" in ran.err
    assert "dx/dt = 1" in ran.err


# --- how far inputs reach -------------------------------------------------------------------------


def exact_rank(a: list[list[int]], b: list[list[int]]) -> int:
    """Of Kalman's matrix, in fractions."""
    columns = [[Fraction(row[j]) for row in b] for j in range(len(b[0]))]
    for k in range(len(columns) * (len(a) - 1)):
        columns.append([sum((x * y for x, y in zip(row, columns[k], strict=True)), Fraction(0))
                        for row in a])  # fmt: skip
    rank = 0
    for i in range(len(a)):
        pivot = next((c for c in columns[rank:] if c[i]), None)
        if pivot is None:
            continue
        columns.remove(pivot)
        columns.insert(rank, pivot)
        for column in columns[rank + 1 :]:
            factor = column[i] / pivot[i]
            column[:] = [x - factor * y for x, y in zip(column, pivot, strict=True)]
        rank += 1
    return rank


@st.composite
def pairs(draw: Any) -> tuple[list[list[int]], list[list[int]]]:
    n, p = draw(st.integers(1, 5)), draw(st.integers(1, 2))
    entry = st.sampled_from([0, 0, 0, 1, -1, 2, 3])
    matrix = lambda k: st.lists(  # noqa: E731
        st.lists(entry, min_size=k, max_size=k), min_size=n, max_size=n
    )
    return draw(matrix(n)), draw(matrix(p))


@given(pairs())
@settings(max_examples=60)
def test_the_staircase_has_the_rank_that_fractions_have(pair: Any) -> None:
    a, b = pair
    reach = controllable(np.array(a, float), np.array(b, float))
    assert reach.rank == exact_rank(a, b)
    assert len(reach.hidden) == len(a) - reach.rank
    assert reach.rank <= touched(np.array(a) != 0, np.array(b) != 0).sum()
    assert observable(np.array(a, float).T, np.array(b, float).T).rank == reach.rank


def test_units_do_not_change_a_rank() -> None:
    """Kalman's matrix of ten states in odd units has a rank of 3 for numpy."""
    n = 10
    a = np.diag(np.ones(n - 1), 1) - 2 * np.eye(n)
    b = np.eye(n)[:, -1:]
    units = 10.0 ** np.arange(-15, 15, 3)
    a, b = a * units[:, None] / units, b * units[:, None]
    kalman = np.hstack([np.linalg.matrix_power(a, k) @ b for k in range(n)])
    assert np.linalg.matrix_rank(kalman) < n
    assert controllable(a, b).rank == n


def test_the_modes_that_nothing_moves_are_told(gradcalc: Shell) -> None:
    words = ["dx/dt = -x; dy/dt = -2*y+x; dz/dt = -3*z + u", "--states", "x,y,z", "--inputs", "u"]
    found = model(gradcalc, words, "--at", "0,0,0,0", "--measure", "y")
    assert found["controllability"]["rank"] == 1
    assert found["controllability"]["proven"]
    hidden = sorted(v["re"] for v in found["controllability"]["hidden"])
    assert hidden == pytest.approx([-2, -1])
    assert found["observability"]["rank"] == 2


# --- how sure -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("values", "word"), [
    ([-1, -2], "stable"), ([1e-9, -2], "unstable"), ([1e-17, -2], "undecided"), ([0], "undecided"),
    ([], "stable"),
])  # fmt: skip
def test_an_eigenvalue_closer_to_the_axis_than_its_uncertainty_decides_nothing(
    values: list[float], word: str
) -> None:
    assert stability([Mode(complex(v), 1e-15 * (v != 0)) for v in values]).word == word


def test_a_margin_below_doubles_is_proven(gradcalc: Shell) -> None:
    """The block's eigenvalues are -1e-20 ± i: doubles have them on the axis."""
    words = ["x' = -e*x + y; y' = -x - e*y", "--states", "x,y", "--param", "e=1e-20"]
    ran = gradcalc("linearize", *words, "--at", "0,0")
    assert "proven stable: the eigenvalue nearest to the axis is 1e-20 left of it" in ran.out
