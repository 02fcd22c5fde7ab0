"""``torch.nn`` without its layers: functions, parameters, and the clipping of gradients.

Layers and optimizers stay out. A layer is a function of its parameters, a step is
``w -= rate * w.grad`` under ``no_grad``; to ask for one is an error that says so.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcalc.autograd.backward import several
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.nn import functional as functional
from gradcalc.autograd.operations.creation import Kindred, leaf

OUT_OF_SCOPE = (
    "{} is not here: this engine has PyTorch's tensors and autograd, not its layers, optimizers "
    "and devices. Write a layer as a function of tensors that require grad (x @ w + b), and a step "
    "as w -= rate * w.grad under torch.no_grad()."
)


class Parameter(metaclass=Kindred):
    """A leaf that requires grad, on the data's memory."""

    holds = staticmethod(lambda x: x._parameter)

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        made = wrap(np.empty(0, np.float32)) if data is None else data.detach()
        made._parameter = True
        return leaf(made, requires_grad)


def clip_grad_norm_(parameters: Any, max_norm: float, norm_type: float = 2.0, **_: Any) -> Tensor:
    """Scale the gradients down until all of them together have at most this norm; returns it."""
    gradients = [x.grad for x in several(parameters) if x.grad is not None]
    sizes = [np.linalg.norm(g._array.reshape(-1), norm_type) for g in gradients]
    total = np.linalg.norm(sizes, norm_type) if sizes else 0.0
    for g in gradients:
        g.detach().mul_(float(min(max_norm / (total + 1e-6), 1.0)))
    kind = gradients[0]._array.dtype if gradients else np.float32
    return wrap(np.asarray(total, kind))


def clip_grad_value_(parameters: Any, clip_value: float, **_: Any) -> None:
    """Bring every number of the gradients between -clip_value and clip_value."""
    for x in several(parameters):
        if x.grad is not None:
            x.grad.detach().clamp_(-clip_value, clip_value)


utils = SimpleNamespace(clip_grad_norm_=clip_grad_norm_, clip_grad_value_=clip_grad_value_)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(OUT_OF_SCOPE.format(f"torch.nn.{name}"))
