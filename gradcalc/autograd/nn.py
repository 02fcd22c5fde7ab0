"""``torch.nn.functional``: the few losses and activations that tutorials on autograd use.

There are no layers and no optimisers: a step is ``w -= rate * w.grad`` under ``no_grad``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, save, tracks, wrap
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.selection import gather
from gradcalc.autograd.operations.statistics import log_softmax, softmax
from gradcalc.functions.primitives import FUNCTIONS

SIGMOID = FUNCTIONS["sigmoid"]

_REDUCTIONS: dict[str, Callable[[Tensor], Any]] = {
    "mean": lambda x: x.mean(), "sum": lambda x: x.sum(), "none": lambda x: x,
}  # fmt: skip


class _Loss(Node):
    """A loss as one node: ``slope`` is by the input, ``scale`` what the reduction multiplies by."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def backward(self, v: Any, *saved: Any) -> tuple[Any, ...]:
        to_input, to_target = self.slopes(*saved)
        v = v * self.scale
        return v * to_input, v * to_target if self.wants(1) else None

    def slopes(self, x: Any, t: Any) -> tuple[Any, Any]:
        raise NotImplementedError


class MseLossBackward0(_Loss):
    def slopes(self, x: Any, t: Any) -> tuple[Any, Any]:
        return 2 * (x - t), 2 * (t - x)


class BinaryCrossEntropyWithLogitsBackward0(_Loss):
    def slopes(self, x: Any, t: Any) -> tuple[Any, Any]:
        sigmoid = FUNCTION["sigmoid"](x) if isinstance(x, Tensor) else SIGMOID.numpy(x)
        return sigmoid - t, -x


def _loss(kind: type[_Loss], losses: Any, x: Tensor, t: Tensor, reduction: str) -> Any:
    if x.shape != t.shape:
        raise ValueError(f"target {t.shape} must have the shape of the input, {x.shape}")
    whole: dict[str, Callable[..., Any]] = {"mean": np.mean, "sum": np.sum, "none": np.asarray}
    out = wrap(whole[reduction](losses))
    if not tracks(x, t):
        return out
    node = kind(1 / losses.size if reduction == "mean" else 1.0)
    node.saved = save(x, t)
    return attach(out, node, x, t)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Any:
    """The squared differences, averaged."""
    losses = np.square(input._array - target._array)
    return _loss(MseLossBackward0, losses, input, target, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Any:
    """The sizes of the differences, averaged."""
    return _REDUCTIONS[reduction]((input - target).abs())


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Any:
    """-t log σ(x) - (1-t) log(1-σ(x)), without overflow: max(x, 0) - x t + log(1 + exp(-|x|))."""
    x, t = input._array, target._array
    losses = np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))
    return _loss(BinaryCrossEntropyWithLogitsBackward0, losses, input, target, reduction)


def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Any:
    """Minus the logarithm of the softmax of each row of ``input`` at the class in ``target``."""
    chosen = gather(log_softmax(input, -1), -1, target.unsqueeze(-1)).squeeze(-1)
    return _REDUCTIONS[reduction](-chosen)


functional = SimpleNamespace(
    mse_loss=mse_loss, l1_loss=l1_loss, cross_entropy=cross_entropy, softmax=softmax,
    binary_cross_entropy_with_logits=binary_cross_entropy_with_logits, log_softmax=log_softmax,
    relu=FUNCTION["relu"], sigmoid=FUNCTION["sigmoid"], tanh=FUNCTION["tanh"],
)  # fmt: skip
