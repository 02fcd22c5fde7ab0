"""A function of two variables on a grid: values, the slopes along both, and the lines on which it
has a kink or jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.plot.edges import Edge, edges

_ACROSS = 81
"""Places along each variable."""


@dataclass(frozen=True, eq=False)
class Surface:
    """``value`` has shape (y, x, outputs) and ``slope`` (y, x, outputs, 2)."""

    variables: tuple[str, str]
    outputs: tuple[str, ...]
    x: Floats
    y: Floats
    value: Floats
    slope: Floats
    edges: tuple[Edge, ...] = ()


def surface(program: Program, x: tuple[float, float], y: tuple[float, float]) -> Surface:
    """The program of two variables at the places of a grid."""
    across, up = (np.linspace(*ends, _ACROSS) for ends in (x, y))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    at = program.at(points)
    m = len(program.outputs)
    first, second = program.variables
    return Surface(
        (first, second),
        program.outputs,
        across,
        up,
        at.value.reshape(_ACROSS, _ACROSS, m),
        at.jacobian().reshape(_ACROSS, _ACROSS, m, 2),
        edges(program, across, up),
    )
