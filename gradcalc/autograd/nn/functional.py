"""``torch.nn.functional``: the losses and activations that tutorials on autograd use."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcalc.autograd.composite import composite
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import called, declare
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations import creation, statistics
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.indexing import index
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.joining import broadcast_tensors, stack
from gradcalc.autograd.operations.reductions import clamp, where
from gradcalc.autograd.operations.statistics import vector_norm

sigmoid, tanh = FUNCTION["sigmoid"], FUNCTION["tanh"]


def _public(*names: str) -> Callable[[Any], Any]:
    """Make it a function of this module, under these names or its own."""

    def register(made: Any) -> Any:
        for name in names or (made.__name__,):
            globals()[name] = called(made, name)
        return globals()[made.__name__]

    return register


def _row(name: str, made: Any, doc: str) -> Any:
    return declare(name, made, doc, _public)


def _soft(name: str, function: Any) -> None:
    """With the axis that PyTorch used to choose."""

    def soft(x: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
        if dim is None:
            warnings.warn(
                f"Implicit dimension choice for {name} has been deprecated. Change the call to "
                "include dim=X as an argument.",
                stacklevel=3,
            )
            dim = 0 if x.ndim in (0, 1, 3) else 1
        return function(x, dim, dtype)

    _row(name, soft, function.__doc__)


for _name in ("softmax", "log_softmax"):
    _soft(_name, getattr(statistics, _name))

# --- Activations ----------------------------------------------------------------------------------


def _activation(name: str, function: Any, doc: str) -> None:
    """With PyTorch's option ``inplace``."""

    def activation(x: Tensor, *options: Any, inplace: bool = False, **named: Any) -> Any:
        return (written if inplace else function)(x, *options, **named)

    written = in_place(function)
    _row(name, activation, doc)


@composite("EluBackward0")
def _elu(x: Tensor, alpha: float = 1.0) -> Any:
    below = where(x < 0, x, 0.0)
    return where(x > 0, x, where(x < 0, alpha * below.expm1(), alpha * x))  # at 0: α, then 0


@composite("HardtanhBackward0")
def _between(x: Tensor, low: float, high: float) -> Any:
    return where(x.gt(low) & x.lt(high), x, clamp(x.detach(), low, high))


def _hardtanh(x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    if not x.is_floating_point():
        return clamp(x, int(min_val), int(max_val))
    return _between(x, min_val, max_val)


@composite("EluBackward0")
def _selu(x: Tensor) -> Any:
    return 1.0507009873554805 * _elu(x, 1.6732632423543772)


def _leaky(x: Tensor, negative_slope: float = 0.01) -> Any:
    return FUNCTION["leaky_relu"](x, negative_slope)


_activation("relu", FUNCTION["relu"], "x above 0, and 0 below.")
_activation("leaky_relu", _leaky, "x above 0, and a part of x below.")
_activation("silu", FUNCTION["silu"], "x σ(x).")
_activation("elu", _elu, "x above 0, and α (exp(x) - 1) below.")
_activation("selu", _selu, "``elu`` with the numbers that keep mean 0 and variance 1.")
_activation("hardtanh", _hardtanh, "x between two numbers; flat at either end, as clamp is not.")
_activation("relu6", lambda x: _hardtanh(x, 0.0, 6.0), "x between 0 and 6.")
_row("softsign", lambda x: x / (x.abs() + 1), "x/(1 + |x|).")
_row("tanhshrink", lambda x: x - tanh(x), "x - tanh(x).")
_row("softmin", lambda x, dim, dtype=None: statistics.softmax(-x, dim, dtype), "Of -x.")


@composite("GeluBackward0")
def _gelu_by_tanh(x: Tensor) -> Any:
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


@_public()
def gelu(x: Tensor, approximate: str = "none") -> Any:
    """x times the normal distribution's share below it; ``tanh``: by the usual approximation."""
    return FUNCTION["gelu"](x) if approximate == "none" else _gelu_by_tanh(x)


@composite("SoftplusBackward0")
def _softplus(x: Tensor, beta: float, threshold: float) -> Any:
    scaled = x * beta
    below = where(scaled > threshold, 0.0, scaled)
    return where(scaled > threshold, x, FUNCTION["softplus"](below) / beta)


@_public()
def softplus(x: Tensor, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(βx))/β: relu, rounded off; x itself where βx exceeds the threshold."""
    if beta == 1 and threshold == 20:
        return FUNCTION["softplus"](x)
    return _softplus(x, beta, threshold)


@_public()
@composite("LogSigmoidBackward0")
def logsigmoid(x: Tensor) -> Any:
    """log σ(x), without overflow."""
    return (-FUNCTION["softplus"](-x)).contiguous()


@_public()
def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zeros with probability p, the rest scaled up to make up for them."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return x
    keep = creation.rand(x._array.shape)._array >= p
    mask = keep / (1 - p if p < 1 else 1)
    found = x * wrap(mask.astype(x._array.dtype))
    return x.copy_(found) if inplace else found


# --- Of vectors -----------------------------------------------------------------------------------


@_public()
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
    """x Wᵀ + b."""
    out = x @ weight.t()
    return out if bias is None else out + bias


def _normalize(x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    return x / vector_norm(x, p, dim, True).clamp(min=eps).expand_as(x)


def _cosine(x: Tensor, other: Tensor, dim: int = 1, eps: float = 1e-8) -> Any:
    one, two = broadcast_tensors(x, other)
    return (_normalize(one, 2, dim, eps) * _normalize(two, 2, dim, eps)).sum(dim)


def _one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    if tensor._array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if (tensor._array < 0).any():
        raise RuntimeError("Class values must be non-negative.")
    count = int(tensor._array.max()) + 1 if num_classes < 0 else num_classes
    if (tensor._array >= count).any():
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap(np.eye(count, dtype=np.int64)[tensor._array])


_row("normalize", _normalize, "Each vector along ``dim``, brought to length 1.")
_row("cosine_similarity", _cosine, "The cosine of the angle between vectors along ``dim``.")
_row("one_hot", _one_hot, "A row of zeros with a single 1 for each class.")
_row("embedding", lambda x, weight, **_: weight[x], "The rows of ``weight`` that x names.")

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""numpy's names of the ways to fill what is added."""


@_public()
def pad(x: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """Room on both sides of the last axes (or less of them, for negative widths)."""
    if mode not in _MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    widths = [(0, 0)] * (x.ndim - len(pad) // 2)
    widths += [(pad[k], pad[k + 1]) for k in range(len(pad) - 2, -1, -2)]
    if mode != "constant":
        return _padded(x, widths, _MODES[mode])
    key = tuple(slice(max(-a, 0), n - max(-b, 0))
                for (a, b), n in zip(widths, x.shape, strict=True))  # fmt: skip
    added = [(max(a, 0), max(b, 0)) for a, b in widths]
    x = x[key] if any(a < 0 or b < 0 for a, b in widths) else x
    array = np.pad(x._array, added, constant_values=value or 0)
    inner = tuple(slice(a, a + n) for (a, _), n in zip(added, x.shape, strict=True))
    return recorded(array, "ConstantPadNdBackward0", lambda v: index(v, inner), x)


@composite("PadBackward0")
def _padded(x: Tensor, widths: Any, mode: Any) -> Any:
    for k, (before, after) in enumerate(widths):
        if before or after:
            places = np.arange(x.shape[k])
            kept = slice(max(-before, 0), len(places) - max(-after, 0))
            places = places[kept] if mode == "wrap" else places
            places = np.pad(places, (max(before, 0), max(after, 0)), mode)
            kept = slice(max(-before, 0), len(places) - max(-after, 0))
            x = x.index_select(k, wrap(places if mode == "wrap" else places[kept]))
    return x


# --- Losses ---------------------------------------------------------------------------------------


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return losses.mean() if reduction == "mean" else losses.sum()


def _loss(name: str, elementwise: Any) -> Any:
    """A loss of input and target, element by element, as one node."""

    @composite(name)
    def of_two(x: Tensor, target: Tensor, reduction: str, **options: Any) -> Any:
        return _reduced(elementwise(x, target, **options), reduction)

    def loss(x: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
             reduction: str = "mean", **options: Any) -> Any:  # fmt: skip
        if x.shape != target.shape:
            warnings.warn(
                f"Using a target size ({target.shape}) that is different to the input size "
                f"({x.shape}). This will likely lead to incorrect results due to broadcasting. "
                "Please ensure they have the same size.",
                UserWarning,
                stacklevel=4,
            )
        x = x.type_as(target) if x._array.dtype.kind == "b" else x
        return of_two(*broadcast_tensors(x, target), reduction=reduction, **options)

    return loss


def _huber(x: Tensor, t: Tensor, delta: float = 1.0) -> Any:
    d = x - t
    size = d.abs()
    return where(size < delta, 0.5 * d * d, delta * (size - 0.5 * delta))


def _smooth(x: Tensor, t: Tensor, beta: float = 1.0) -> Any:
    return _huber(x, t, beta) / beta if beta else (x - t).abs()


def _cross(x: Tensor, t: Tensor) -> Any:
    return -(t * clamp(x.log(), min=-100) + (1 - t) * clamp((-x).log1p(), min=-100))


def _weighed(name: str, elementwise: Any, doc: str) -> None:
    plain, ending = _loss(name, elementwise), "_with_logits" * ("Logits" in name)

    def of(x: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
           reduce: Any = None, reduction: str = "mean",
           pos_weight: Tensor | None = None) -> Any:  # fmt: skip
        if target.shape != x.shape:
            raise ValueError(
                f"Target size ({target.shape}) must be the same as input size ({x.shape})"
                if ending
                else f"Using a target size ({target.shape}) that is different to the input size "
                f"({x.shape}) is deprecated. Please ensure they have the same size."
            )
        if not (ending or ((x._array >= 0) & (x._array <= 1)).all()):
            raise RuntimeError("all elements of input should be between 0 and 1")
        if pos_weight is not None:
            heavier = 1 + (pos_weight - 1) * target
            losses = (1 - target) * x + heavier * FUNCTION["softplus"](-x)
        elif weight is None:
            return plain(x, target, reduction=reduction)
        else:
            losses = plain(x, target, reduction="none")
        return _reduced(losses if weight is None else losses * weight, reduction)

    _row(f"binary_cross_entropy{ending}", of, doc)


_row("mse_loss", _loss("MseLossBackward0", lambda x, t: (x - t) ** 2), "The squared differences.")
_row("huber_loss", _loss("HuberLossBackward0", _huber), "Squared near 0, straight from ``delta``.")
_row("smooth_l1_loss", _loss("SmoothL1LossBackward0", _smooth), "``huber_loss``, over ``beta``.")
_weighed("BinaryCrossEntropyBackward0", _cross, "-t log x - (1-t) log(1-x), averaged.")
_weighed("BinaryCrossEntropyWithLogitsBackward0", lambda x, t: FUNCTION["softplus"](x) - x * t,
         "-t log σ(x) - (1-t) log(1-σ(x)), without overflow, averaged.")  # fmt: skip


@_public()
def l1_loss(x: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
            reduction: str = "mean") -> Any:  # fmt: skip
    """The sizes of the differences, averaged."""
    x, target = broadcast_tensors(x, target)
    return _reduced((x - target).abs(), reduction)


@_public()
def kl_div(x: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
           reduction: str = "mean", log_target: bool = False) -> Any:  # fmt: skip
    """t (log t - x), averaged."""
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.",
            stacklevel=3,
        )
    if log_target:
        losses = target.exp() * (target - x)
    else:
        losses = FUNCTION["xlogy"](target, target) - target * x
    return losses.sum() / x.shape[0] if reduction == "batchmean" else _reduced(losses, reduction)


@composite("NllLossBackward0")
def _chosen(x: Tensor, classes: Any, share: Any, reduction: str) -> Any:
    classes, share = wrap(classes), wrap(share)
    if x.ndim == 1:
        chosen = -x[classes] * share
    else:
        chosen = -x.gather(1, classes.unsqueeze(1)).squeeze(1) * share
    return chosen.sum() / share.sum() if reduction == "mean" else _reduced(chosen, reduction)


@_public()
def nll_loss(
    x: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus what each row of x has at the class in ``target``."""
    rows, wanted = x.shape[: x.ndim - 1], target.shape
    if x.ndim and rows[:1] != wanted[:1]:
        raise ValueError(f"Expected input batch_size ({rows[0] if rows else 0}) to match target "
                         f"batch_size ({wanted[0] if wanted else 0}).")  # fmt: skip
    counts = target._array != ignore_index
    classes, most = np.where(counts, target._array, 0), x.shape[-1 if x.ndim == 1 else 1]
    outside = classes[(classes < 0) | (classes >= most)]
    if outside.size:
        raise IndexError(f"Target {outside.flat[0]} is out of bounds.")
    weights = np.ones(x.shape[-1 if x.ndim == 1 else 1], x._array.dtype)
    weights = weights if weight is None else weight._array
    share = (weights[classes] * counts).astype(x._array.dtype)
    return _chosen(x, classes, share, reduction)


@_public()
def cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """Minus the logarithm of the softmax of each row of x at the class in ``target``.

    ``target`` has whole numbers, or the probability of every class.
    """
    dim = 0 if x.ndim == 1 else 1
    logs, classes = statistics.log_softmax(x, dim), x.shape[dim]
    if target.is_floating_point():
        if target.shape[:1] != x.shape[:1]:
            raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size "
                             f"({target.shape[0] if target.ndim else 0}).")  # fmt: skip
        wanted = target * (1 - label_smoothing) + label_smoothing / classes
        losses = -(logs * wanted * (1 if weight is None else weight)).sum(dim)
        rows = 1 if x.ndim == 1 else losses.numel()
        return losses.sum() / rows if reduction == "mean" else _reduced(losses, reduction)
    given = {"weight": weight, "ignore_index": ignore_index, "reduction": reduction}
    hard = nll_loss(logs, target, **given)
    if not label_smoothing:
        return hard
    soft = [nll_loss(logs, target * 0 + k, **given) for k in range(classes)]
    return (1 - label_smoothing) * hard + label_smoothing * stack(soft).mean(0)
