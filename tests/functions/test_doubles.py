"""The higher functions step by step in doubles: within 4 ulps of mpmath, and what nothing is where
nothing is."""

from __future__ import annotations

import math
from importlib import import_module
from itertools import product
from typing import Any
from zlib import crc32

import mpmath as mp
import numpy as np
import pytest

from gradcalc.functions.digits import context
from gradcalc.functions.primitives import TABLE
from gradcalc.functions.row import Primitive
from tests.functions.test_accuracy import FEW, condition, ulps

ROWS = [primitive for primitive in TABLE if primitive.steps]
EDGES = [0.0, -0.0, 3.0, -2.0, math.inf, -math.inf, math.nan, 1e155, -1e155, 1e300, -1e300,
         1e-300, -1e-300, 8e-308, -8e-308, 2.5e-301, -5e-301, 6e-309, 7e-154, -7e-154,
         1e-77, 2e300, -2e300, 1.7e308, 3e-310]  # fmt: skip


BESIDE = [*EDGES, 1.0, 0.5, 2.5, 30.0, 1e5]


def function(primitive: Primitive) -> Any:
    return getattr(import_module(f"gradcalc.functions.doubles.{primitive.steps}"), primitive.name)


def points(primitive: Primitive) -> Any:
    """Operands, a row for each of them."""
    rng = np.random.default_rng(crc32(primitive.name.encode()))
    count = 8 if primitive.name in FEW else 40
    x = np.concatenate([rng.uniform(-2, 2, count), rng.uniform(-40, 60, count)])
    if primitive.counts or primitive.arity == 1:
        more = [rng.permutation(np.abs(x)) for _ in range(primitive.arity - 2)]
        return np.array([*[rng.integers(-2, 6, x.size)] * primitive.counts, *more, x])
    if "<= 1" in primitive.domain:  # beside parameters of every size
        x = np.concatenate([rng.uniform(0, 1, count), 10 ** rng.uniform(-6, 0, count)])
    more = [10 ** rng.uniform(-6, 3, x.size) for _ in range(primitive.arity - 1)]
    return np.array(
        [*more, x if "<= 1" in primitive.domain else more[0] * np.exp(rng.normal(0, 1, x.size))]
    )


@pytest.mark.parametrize("primitive", ROWS, ids=lambda p: p.name)
def test_within_four_ulps(primitive: Primitive) -> None:
    rows = points(primitive)
    inside = condition(primitive.domain, list(rows)) if primitive.domain else rows[0] == rows[0]
    assert inside.sum() >= 4
    ours = function(primitive)
    with context().workdps(40), mp.workdps(40), np.errstate(all="ignore"):
        for row in rows.T[inside].tolist():
            true = primitive.mpmath(*(context().mpf(x) for x in row))
            assert (
                ulps(float(ours(*map(np.float64, row))), mp.mpf(context().re(true)), mp.mpf(0)) <= 4
            ), row


@pytest.mark.parametrize("primitive", ROWS, ids=lambda p: p.name)
def test_at_the_edges_it_is_what_the_table_says(primitive: Primitive) -> None:
    ours = function(primitive)
    rng, others = np.random.default_rng(0), primitive.arity - 1 - primitive.counts
    for n, x in product(range(-3, 4) if primitive.counts else (0,), EDGES):
        row = [n] * primitive.counts + [*rng.choice(BESIDE, others), x]
        with np.errstate(all="ignore"):
            found = float(ours(*map(np.float64, row)))
            table = float(primitive.numpy(*map(np.float64, row)))
        same = found == table or (math.isnan(found) and math.isnan(table))
        assert same or abs(found - table) <= 4 * math.ulp(table), row
        if abs(x) < 10 and found == 0 == table and n >= 0:
            assert math.copysign(1, found) == math.copysign(1, table), row
