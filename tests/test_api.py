"""The public Python calls, the examples in their docstrings, and what importing them costs."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.errors import BindingError, ExpressionError, GradcalcError

MODULES = ["gradcalc", "gradcalc.api", "gradcalc.program", "gradcalc.engine.program"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_are_true(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0


def test_every_public_name_can_be_had() -> None:
    for name in gradcalc.__all__:
        assert getattr(gradcalc, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        gradcalc.nonsense  # noqa: B018


def test_importing_the_package_imports_neither_numpy_nor_sympy() -> None:
    code = "import sys, gradcalc; print(sorted({'numpy', 'sympy', 'rich'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_syntax_error_is_found_without_numpy() -> None:
    code = (
        "import sys\nfrom gradcalc.language import parse\n"
        "try: parse('x1**2 + pi/4 * 2**3 -')\n"
        "except ValueError: print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def same(ours: Any, expected: Any) -> None:
    np.testing.assert_array_equal(ours, np.asarray(expected, dtype=float))


def test_the_tutorials_examples() -> None:
    text = "x1**2+3*x2, x2**2+2*x1"
    same(gradcalc.evaluate(text, [2, 3]), [13, 13])
    same(gradcalc.jacobian(text, [2, 3]), [[4, 3], [2, 6]])
    same(gradcalc.vjp(text, [2, 3], [1, 1]), [6, 9])
    same(gradcalc.jvp(text, [2, 3], [1, 0]), [4, 2])
    same(gradcalc.vjp("x1**2, x2**3", [2, 3], [2, 3]), [8, 81])
    same(gradcalc.gradient("mean(3*(a+3)**2)", {"a": [2, 3]}), [15, 18])
    same(gradcalc.evaluate("mean(3*(a+3)**2)", {"a": [2, 3]}), [91.5])


def test_every_call_takes_the_options_of_compile() -> None:
    same(gradcalc.jacobian("k*x - y", [1, 2], params={"k": 5}, wrt=["y", "x"]), [[-1, 5]])
    same(gradcalc.gradient("r = x**2; s = r*2", [3], outputs=["r"]), [6])
    same(gradcalc.gradient("x*y", {"x": 2, "y": 3}, wrt=["y"]), [2])
    same(gradcalc.hessian("x*y**2", {"x": 2, "y": 3}), [[0, 6], [6, 4]])
    same(gradcalc.hvp("x*y**2", [2, 3], [1, 0]), [0, 6])
    same(gradcalc.gradient("sum(a*x)", [1, 2, 3], shapes={"a": (2,)}), [3, 3, 3])
    same(gradcalc.gradient("sum(c*x)", [1], params={"c": np.array([1, 2])}), [3])


def test_a_name_in_the_point_is_a_variable_even_if_it_names_a_constant() -> None:
    same(gradcalc.gradient("e*x", {"e": 3, "x": 2}), [2, 3])


def test_a_batch_of_points_has_its_results_first() -> None:
    assert gradcalc.jacobian("x*y, x, y", np.ones((7, 2))).shape == (7, 3, 2)


def test_errors_are_of_one_family_and_also_of_pythons() -> None:
    for error, call in [
        (ExpressionError, lambda: gradcalc.compile("x +")),
        (BindingError, lambda: gradcalc.gradient("x", [1, 2])),
        (BindingError, lambda: gradcalc.gradient("x*y", {"x": 1})),
        (BindingError, lambda: gradcalc.vjp("x", [1], [1, 2])),
        (BindingError, lambda: gradcalc.gradient("x, x", [1])),
        (BindingError, lambda: gradcalc.compile("x", wrt=["y"])),
    ]:
        with pytest.raises(error) as caught:
            call()  # type: ignore[no-untyped-call]
        assert isinstance(caught.value, GradcalcError)
        assert isinstance(caught.value, ValueError)


def test_the_check_gives_its_verdict() -> None:
    assert gradcalc.verify("x1**2+3*x2, x2**2+2*x1", [2, 3]).passed


def test_whose_slopes_at_a_kink_is_the_callers_choice() -> None:
    assert gradcalc.compile("abs(x)").gradient([0]) == [0]
    assert gradcalc.compile("abs(x)", convention="jax").gradient([0]) == [1]
    assert gradcalc.gradient("abs(x)", at={"x": 0}, convention="jax") == [1]
    assert gradcalc.jacobian("hypot(x, y)", at=[0, 0], convention="jax").tolist() == [[0.5, 0.5]]
    with pytest.raises(gradcalc.GradcalcError, match="none of torch, jax"):
        gradcalc.compile("abs(x)", convention="numpy")


def test_the_api_is_listed() -> None:
    assert set(gradcalc.__all__) <= set(dir(gradcalc))


def test_a_traceback_shows_what_the_shell_shows() -> None:
    with pytest.raises(ExpressionError) as caught:
        gradcalc.compile("x +\ny + sine(x)")
    assert str(caught.value) == (
        "unknown function 'sine'\n"
        "  line 2:\n"
        "  y + sine(x)\n"
        "      ^^^^\n"
        "hint: did you mean 'sin'?  full list: gradcalc functions"
    )
    with pytest.raises(ExpressionError) as caught:
        gradcalc.compile("x + " * 100_000 + "\x1b[31m")
    assert len(str(caught.value)) < 400
    assert str(caught.value).replace("\n", "").isprintable()
