"""The live numbers of the page, without a browser: values and slopes as node computes them."""

from __future__ import annotations

import json
import shutil
import subprocess

import mpmath
import numpy as np
import pytest

import gradcalc
from gradcalc.engine.program import Program
from gradcalc.explain.steps import chart
from gradcalc.page.live import live, numbers

NODE = shutil.which("node") or ""
pytestmark = pytest.mark.skipif(not NODE, reason="no node here")

TEXTS = [
    "cbrt(x)",
    "x*cbrt(x + y)**2, 1/cbrt(x*x + 1)",
    "exp(cbrt(x)*y)",
    "sinh(x)*tanh(y)",
    "asinh(x)*acosh(1 + y*y)",
    "hypot(x, y)*atan2(y, x)",
    "log1p(x*x)*expm1(y)",
    "x**y, (x*x + 1)**(y/3)",
    "sin(10*x)*cos(y), tan(x)*log(1 + y**2)",
    "asin(x/3)*acos(y/3), cosh(x)*y",
    "where(x > y, x*y, x + y), max(x, y)*abs(x)",
    "1/(1 + exp(-x*y)), sqrt(x**2 + y**2)*exp(-x)",
    "besselj(0, x)*y, erf(x)*si(y), gamma(x + 3)*lambertw(y + 2)",
]


def by_node(expression: str, inputs: object) -> list[list[float]]:
    """What a function in JavaScript makes of each of the inputs."""
    script = (
        f"const f = {expression};\nconst inputs = JSON.parse(require('fs').readFileSync(0));\n"
        "console.log(JSON.stringify(inputs.map((x) => [f(x)].flat().map(String))));"
    )
    ran = subprocess.run(
        [NODE, "-e", script], input=json.dumps(inputs), capture_output=True, text=True, check=True
    )
    return [
        [float(one.replace("Infinity", "inf")) for one in row] for row in json.loads(ran.stdout)
    ]


def test_every_value_and_slope_is_within_four_ulps_of_the_engines() -> None:
    rng = np.random.default_rng(1)
    functions, points, wanted = [], [], []
    for text in TEXTS:
        p = gradcalc.compile(text)
        parts = chart(p.at([0.5, 0.7][: len(p.variables)]))
        function, why = live(p.graph, parts)
        assert not why
        x = rng.uniform(-1.5, 2.5, (200, len(p.variables)))
        functions.append(function)
        points.append(x.tolist())
        wanted.append(Program(numbers(p.graph, parts)).at(x).value)
    at_each = "points.map((x) => [...f(Float64Array.from(x))]).flat()"
    every = f"((all) => (points) => {{ const f = all.shift(); return {at_each}; }})"
    results = by_node(f"{every}([{', '.join(functions)}])", points)
    for text, found, true in zip(TEXTS, results, wanted, strict=True):
        ours = np.array(found).reshape(true.shape)
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(true), text)
        off = np.abs(ours - true) / np.spacing(np.maximum(np.abs(true), 1e-300))
        assert np.nanmax(np.where(ours == true, 0, off)) <= 4, text


def test_the_cube_root_is_the_nearest_number() -> None:
    graph = gradcalc.compile("cbrt(x)").graph
    function, _ = live(graph, chart(gradcalc.compile("cbrt(x)").at([0.5])))
    rng = np.random.default_rng(2)
    x = [*(rng.choice([-1, 1], 500) * 10 ** rng.uniform(-322, 308, 500)).tolist(), 5e-324, 1.7e308]
    found = by_node(f"((f) => (x) => f([x])[1])({function})", x)
    with mpmath.workprec(130):
        for one, (root,) in zip(x, found, strict=True):
            true = mpmath.sign(one) * mpmath.cbrt(abs(mpmath.mpf(one)))
            assert abs(root - true) <= 0.5001 * np.spacing(abs(root)), one
    assert by_node(f"((f) => (x) => f([x])[1])({function})", [0, 8, -64]) == [[0], [2], [-4]]
