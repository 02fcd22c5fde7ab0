"""What PyTorch, JAX and HIPS autograd answer at the treacherous points, recorded in ``peers.json``.

Run where the three are installed: ``python -m tests.treacherous.record_peers``. Each point's own
Python function is differentiated, in float64; no text is evaluated. An answer is the number, or
the message where the tool refused.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import jax
import jax.numpy as jnp
import torch

from tests.treacherous.points import POINTS, Point

RECORD = Path(__file__).with_name("peers.json")
jax.config.update("jax_enable_x64", True)


def _where(select: Callable[..., Any]) -> Callable[..., Any]:
    return lambda condition, yes, no: select(condition, yes(), no())


TORCH = SimpleNamespace(
    **{k: getattr(torch, k) for k in ("cos", "sin", "tan", "tanh", "exp", "expm1", "log", "log1p")},
    **{k: getattr(torch, k) for k in ("sqrt", "asin", "acos", "acosh", "atanh", "atan", "sigmoid")},
    **{k: getattr(torch, k) for k in ("erf", "lgamma", "floor", "sign", "abs", "relu", "hypot")},
    atan2=torch.atan2,
    erfc=torch.erfc,
    mod=torch.remainder,
    # PyTorch has neither; this is how its users write them.
    gamma=lambda x: torch.exp(torch.lgamma(x)),
    cbrt=lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    clamp=torch.clamp,
    softplus=torch.nn.functional.softplus,
    max=torch.maximum,
    min=torch.minimum,
    where=_where(torch.where),
)
JAX = SimpleNamespace(
    **{k: getattr(jnp, k) for k in ("cos", "sin", "tan", "tanh", "exp", "expm1", "log", "log1p")},
    **{k: getattr(jnp, k) for k in ("sqrt", "floor", "sign", "abs", "hypot")},
    asin=jnp.arcsin,
    acos=jnp.arccos,
    acosh=jnp.arccosh,
    atanh=jnp.arctanh,
    atan=jnp.arctan,
    atan2=jnp.arctan2,
    clamp=jnp.clip,
    erf=jax.scipy.special.erf,
    erfc=jax.scipy.special.erfc,
    gamma=jax.scipy.special.gamma,
    cbrt=jnp.cbrt,
    mod=jnp.mod,
    lgamma=jax.scipy.special.gammaln,
    sigmoid=jax.nn.sigmoid,
    softplus=jax.nn.softplus,
    relu=jax.nn.relu,
    max=jnp.maximum,
    min=jnp.minimum,
    where=_where(jnp.where),
)
# What HIPS autograd has no function for is written as its users write it.
HIPS = SimpleNamespace(
    **{k: getattr(anp, k) for k in ("cos", "sin", "tan", "tanh", "exp", "expm1", "log", "log1p")},
    **{k: getattr(anp, k) for k in ("sqrt", "floor", "sign", "abs")},
    hypot=lambda x, y: anp.sqrt(x**2 + y**2),
    asin=anp.arcsin,
    acos=anp.arccos,
    acosh=anp.arccosh,
    atanh=anp.arctanh,
    atan=anp.arctan,
    atan2=anp.arctan2,
    clamp=anp.clip,
    erf=asp.erf,
    erfc=asp.erfc,
    gamma=asp.gamma,
    cbrt=lambda x: anp.sign(x) * anp.abs(x) ** (1 / 3),
    mod=anp.mod,
    lgamma=asp.gammaln,
    sigmoid=asp.expit,
    softplus=lambda x: anp.logaddexp(0.0, x),
    relu=lambda x: anp.maximum(x, 0.0),
    max=anp.maximum,
    min=anp.minimum,
    where=_where(anp.where),
)


def _torch(point: Point) -> float:
    x = torch.tensor(point.x, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(point.function(TORCH, x), x)
    return float(slope)


def _jax(point: Point) -> float:
    return float(jax.grad(lambda x: 1.0 * point.function(JAX, x))(point.x))


def _hips(point: Point) -> float:
    return float(autograd.grad(lambda x: 1.0 * point.function(HIPS, x))(point.x))


TOOLS = {"pytorch": _torch, "jax": _jax, "autograd": _hips}


def _answer(tool: Callable[[Point], float], point: Point) -> str:
    """The slope as text, so that infinities and NaN are strict JSON."""
    try:
        slope = tool(point)
    except Exception as refusal:  # whatever a tool says is what is recorded
        return f"error: {type(refusal).__name__}: {str(refusal).splitlines()[0][:80]}"
    return "nan" if math.isnan(slope) else repr(slope)


def record() -> dict[str, Any]:
    from importlib.metadata import version

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = {name: [_answer(tool, point) for point in POINTS] for name, tool in TOOLS.items()}
    versions = {name: version("torch" if name == "pytorch" else name) for name in TOOLS}
    points = [{"text": point.text, "x": point.x} for point in POINTS]
    rows = zip(points, *answers.values(), strict=True)
    answered = [point | dict(zip(answers, row, strict=True)) for point, *row in rows]
    return {"versions": versions, "points": answered}


if __name__ == "__main__":
    found = record()
    lines = ",\n    ".join(json.dumps(row) for row in found["points"])
    versions = json.dumps(found["versions"])
    RECORD.write_text(f'{{\n  "versions": {versions},\n  "points": [\n    {lines}\n  ]\n}}\n')
