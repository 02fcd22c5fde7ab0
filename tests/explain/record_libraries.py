"""Records what PyTorch and JAX answer at kinks, in ``libraries.json``.

    python -m tests.explain.record_libraries

Both have to be installed; the tests read what was recorded.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("libraries.json")

ROWS: list[tuple[str, str, list[list[float]], str, str]] = [
    # ours, its variables, points, and what that is in PyTorch and in JAX
    ("abs(x)", "x", [[0], [-2]], "torch.abs(x)", "jnp.abs(x)"),
    ("sign(x)", "x", [[0]], "torch.sign(x)", "jnp.sign(x)"),
    ("relu(x)", "x", [[0], [1]], "torch.relu(x)", "jax.nn.relu(x)"),
    ("heaviside(x)", "x", [[0]], "", "jnp.heaviside(x, 0.5)"),
    ("floor(x)", "x", [[1], [0]], "torch.floor(x)", "jnp.floor(x)"),
    ("ceil(x)", "x", [[1]], "torch.ceil(x)", "jnp.ceil(x)"),
    ("trunc(x)", "x", [[1]], "torch.trunc(x)", "jnp.trunc(x)"),
    ("round(x)", "x", [[0.5]], "torch.round(x)", "jnp.round(x)"),
    ("x % y", "xy", [[2, 1], [-3, 2], [0, 2]], "torch.remainder(x, y)", "jnp.mod(x, y)"),
    ("max(x, y)", "xy", [[1, 1], [2, 1]], "torch.maximum(x, y)", "jnp.maximum(x, y)"),
    ("min(x, y)", "xy", [[1, 1], [2, 1]], "torch.minimum(x, y)", "jnp.minimum(x, y)"),
    ("max(x, y, z)", "xyz", [[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 2, 3]],
     "torch.amax(torch.stack([x, y, z]))", "jnp.max(jnp.stack([x, y, z]))"),
    ("min([x, y, z, w])", "xyzw", [[1, 1, 1, 1], [1, 2, 1, 1], [2, 2, 1, 3]],
     "torch.amin(torch.stack([x, y, z, w]))", "jnp.min(jnp.stack([x, y, z, w]))"),
    ("max(max(x, y), z)", "xyz", [[1, 1, 1]],
     "torch.maximum(torch.maximum(x, y), z)", "jnp.maximum(jnp.maximum(x, y), z)"),
    ("max([x, y, x*y])", "xy", [[1, 1]],
     "torch.amax(torch.stack([x, y, x*y]))", "jnp.max(jnp.stack([x, y, x*y]))"),
    ("clamp(x, y, z)", "xyz",
     [[-1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1], [1, 2, 0], [-1, 0, 1], [2, 0, 1]],
     "torch.clamp(x, y, z)", "jnp.clip(x, y, z)"),
    ("hypot(x, y)", "xy", [[0, 0], [3, 4]], "torch.hypot(x, y)", "jnp.hypot(x, y)"),
    ("norm([x, y])", "xy", [[0, 0], [3, 4]],
     "torch.linalg.norm(torch.stack([x, y]))", "jnp.linalg.norm(jnp.stack([x, y]))"),
    ("norm([x, y, z])", "xyz", [[0, 0, 0], [0, 0, 2]],
     "torch.linalg.norm(torch.stack([x, y, z]))", "jnp.linalg.norm(jnp.stack([x, y, z]))"),
    ("norm([x, y], 1)", "xy", [[0, 1], [0, 0]],
     "torch.linalg.norm(torch.stack([x, y]), 1)", "jnp.linalg.norm(jnp.stack([x, y]), 1)"),
    ("std([x, y])", "xy", [[1, 1], [1, 3]],
     "torch.std(torch.stack([x, y]), correction=0)", "jnp.std(jnp.stack([x, y]))"),
    ("atan2(x, y)", "xy", [[0, 0], [0, -1], [0, 1], [1, 0]],
     "torch.atan2(x, y)", "jnp.arctan2(x, y)"),
    ("x**y", "xy", [[0, 0], [0, 1], [0, 2], [0, 0.5], [2, 0]], "x**y", "x**y"),
    ("x**x", "x", [[0]], "x**x", "x**x"),
    ("0**x", "x", [[0]], "0.0**x", "0.0**x"),
    ("x**0", "x", [[0]], "x**0", "x**0"),
    ("sqrt(x)", "x", [[0]], "torch.sqrt(x)", "jnp.sqrt(x)"),
    ("xlogy(x, y)", "xy", [[0, 0], [0, 1], [0, -1]],
     "torch.xlogy(x, y)", "jax.scipy.special.xlogy(x, y)"),
    ("elu(x, 2)", "x", [[0]], "torch.nn.functional.elu(x, 2.0)", "jax.nn.elu(x, 2.0)"),
    ("leaky_relu(x)", "x", [[0], [-1]],
     "torch.nn.functional.leaky_relu(x)", "jax.nn.leaky_relu(x)"),
    ("asin(x)", "x", [[1]], "torch.asin(x)", "jnp.arcsin(x)"),
    ("acosh(x)", "x", [[1]], "torch.acosh(x)", "jnp.arccosh(x)"),
]  # fmt: skip


def _torch(text: str, names: str, point: list[float]) -> list[float]:
    import torch

    x = [torch.tensor(float(v), dtype=torch.float64, requires_grad=True) for v in point]
    eval(text, {"torch": torch} | dict(zip(names, x, strict=True))).backward()
    return [0.0 if v.grad is None else v.grad.item() for v in x]


def _jax(text: str, names: str, point: list[float]) -> list[float]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def f(*x: Any) -> Any:
        return eval(text, {"jax": jax, "jnp": jnp} | dict(zip(names, x, strict=True)))

    slopes = jax.grad(f, argnums=tuple(range(len(point))))(*map(float, point))
    return [float(slope) for slope in slopes]


def main() -> None:
    rows = []
    for text, names, points, in_torch, in_jax in ROWS:
        for point in points:
            row: dict[str, Any] = {"text": text, "at": dict(zip(names, point, strict=True))}
            row["torch"] = [repr(v) for v in _torch(in_torch, names, point)] if in_torch else None
            row["jax"] = [repr(v) for v in _jax(in_jax, names, point)]
            rows.append(json.dumps(row))
    versions = json.dumps({name: version(name) for name in ("torch", "jax")})
    lines = ",\n    ".join(rows)
    RECORDED.write_text(f'{{\n  "versions": {versions},\n  "rows": [\n    {lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
