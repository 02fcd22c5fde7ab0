"""The law of propagation on arrays, J C Jᵀ, and on numbers of the package ``uncertainties``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcalc.engine.program import Program
from gradcalc.engine.schedule import Floats
from gradcalc.errors import BindingError

_ASYMMETRY = 1e-9  # of a covariance that was printed, in parts of its entries


def covariance(J: Floats, cov: Any) -> Floats:
    """J C Jᵀ, shape (m, m), or (N, m, m) where J or C has N of them."""
    C = np.asarray(cov, float)
    n = J.shape[-1]
    if C.ndim not in (2, 3) or C.shape[-2:] != (n, n) or (
        C.ndim == J.ndim == 3 and len(C) != len(J)
    ):  # fmt: skip
        raise BindingError(f"a covariance of {n} variables has shape ({n}, {n}), this {C.shape}")
    turned = np.swapaxes(C, -1, -2)
    sizes = np.sqrt(np.abs(np.einsum("...ii->...i", C)))
    unit = sizes[..., :, None] * sizes[..., None, :]
    if (np.einsum("...ii->...i", C) < 0).any():
        raise BindingError("a variance is not negative")
    if (np.abs(C - turned) > _ASYMMETRY * unit).any():
        raise BindingError("a covariance is symmetric")
    if (np.abs(C) > unit * (1 + _ASYMMETRY)).any():
        raise BindingError("no correlation is beyond 1 or -1")
    found: Floats = J @ C @ np.swapaxes(J, -1, -2)
    return found


def of_independent(J: Floats, u: Floats) -> Floats:
    """The same of variables with standard uncertainties u, shape (n,) or (N, n)."""
    if (u < 0).any():
        raise BindingError("an uncertainty is not negative")
    with np.errstate(invalid="ignore"):
        w = J * u[..., None, :]
    w[np.isnan(w) & (u[..., None, :] == 0)] = 0.0  # what is exact adds nothing
    found: Floats = w @ np.swapaxes(w, -1, -2)
    return found


def through(program: Program, x: Any) -> list[Any]:
    """The values at numbers with ``nominal_value`` and ``std_dev``, linear in them by their own
    arithmetic, so that they remember where they come from."""
    if isinstance(x, Mapping):
        at = program.at({name: _nominal(value) for name, value in x.items()})
        values = [x.get(name) for name in program.variables]
    else:
        values = list(x) if hasattr(x, "__len__") else [x]
        at = program.at([_nominal(value) for value in values])
    uncertain = [j for j, value in enumerate(values) if hasattr(value, "nominal_value")]
    if not uncertain:
        raise BindingError(
            "how uncertain is the point?", hint="propagate(x, cov), propagate(x, u=…), or ufloats"
        )
    nominal = at.x.tolist()
    return [
        sum((slopes[j] * (values[j] - nominal[j]) for j in uncertain if slopes[j]), value)
        for value, slopes in zip(at.value.tolist(), at.jacobian().tolist(), strict=True)
    ]


def _nominal(value: Any) -> Any:
    return getattr(value, "nominal_value", value)
