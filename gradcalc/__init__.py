"""gradcalc: gradients and Jacobians with PyTorch's semantics and a verdict on every number.

>>> import gradcalc
>>> gradcalc.vjp("x1**2+3*x2, x2**2+2*x1", at={"x1": 2, "x2": 3}, v=[1, 1])
array([6., 9.])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Names are loaded when they are used: the command must answer --help without numpy.
_HOMES = {
    "Program": "gradcalc.program",
    "compile": "gradcalc.api",
    "trace": "gradcalc.api",
    "evaluate": "gradcalc.api",
    "gradient": "gradcalc.api",
    "jacobian": "gradcalc.api",
    "vjp": "gradcalc.api",
    "jvp": "gradcalc.api",
    "hessian": "gradcalc.api",
    "hvp": "gradcalc.api",
    "linearize": "gradcalc.api",
    "propagate": "gradcalc.api",
    "verify": "gradcalc.api",
    "GradcalcError": "gradcalc.errors",
}

__all__ = ["__version__", *_HOMES]

if TYPE_CHECKING:
    # "x as x" says to type checkers that x is public.
    from gradcalc.api import compile as compile  # noqa: A004
    from gradcalc.api import evaluate as evaluate
    from gradcalc.api import gradient as gradient
    from gradcalc.api import hessian as hessian
    from gradcalc.api import hvp as hvp
    from gradcalc.api import jacobian as jacobian
    from gradcalc.api import jvp as jvp
    from gradcalc.api import linearize as linearize
    from gradcalc.api import propagate as propagate
    from gradcalc.api import trace as trace
    from gradcalc.api import verify as verify
    from gradcalc.api import vjp as vjp
    from gradcalc.errors import GradcalcError as GradcalcError
    from gradcalc.program import Program as Program


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradcalc' has no attribute '{name}'")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
