"""``torch.nn.functional``: the losses and activations that tutorials on autograd use."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from gradcalc.autograd.composite import composite
from gradcalc.autograd.core.registry import Kind, called, declare
from gradcalc.autograd.core.tensor import Tensor, tracks, wrap
from gradcalc.autograd.operations import creation, statistics
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.joining import broadcast_tensors
from gradcalc.autograd.operations.reductions import clamp, where
from gradcalc.autograd.operations.statistics import vector_norm

sigmoid, tanh = FUNCTION["sigmoid"].called("sigmoid"), FUNCTION["tanh"].called("tanh")
softplus_of = FUNCTION["softplus"].called("softplus")


def _option(name: str, default: Any) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default)


def _public(*names: str) -> Callable[[Any], Any]:
    """Make it a function of this module, under these names or its own."""

    def register(made: Any) -> Any:
        for name in names or (made.__name__,):
            globals()[name] = called(made, name)
        return globals()[made.__name__]

    return register


def _row(name: str, made: Any, doc: str) -> Any:
    return declare(name, made, doc, _public)


def _soft(name: str, function: Any, doc: str) -> None:
    """With the axis that PyTorch used to choose."""

    def soft(x: Tensor, dim: int | None = None, _stacklevel: Any = 3,
             dtype: Kind | None = None) -> Any:  # fmt: skip
        if dim is None:
            warnings.warn(
                f"Implicit dimension choice for {name} has been deprecated. Change the call to "
                "include dim=X as an argument.",
                stacklevel=3,
            )
            dim = 0 if x.ndim in (0, 1, 3) else 1
        return function(x, dim, dtype)

    _row(name, soft, doc)


for _name in ("softmax", "log_softmax"):
    _soft(_name, getattr(statistics, _name), getattr(statistics, _name).__doc__)
_soft("softmin", lambda x, dim, dtype: statistics.softmax(-x, dim, dtype), "``softmax`` of -x.")

# --- Activations ----------------------------------------------------------------------------------


def _activation(name: str, made: Any, doc: str) -> None:
    """With PyTorch's option ``inplace``, its last."""
    own = [*signature(made).parameters.values()]
    written = in_place(made)

    def activation(*given: Any, inplace: bool = False, **named: Any) -> Any:
        if len(given) > len(own):
            *given, inplace = given  # type: ignore[assignment]
        return (written if inplace else made)(*given, **named)

    activation.__signature__ = Signature([*own, _option("inplace", False)])  # type: ignore[attr-defined]
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


_selu = composite("EluBackward0")(lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772))
_activation("relu", lambda x: FUNCTION["relu"](x), "x above 0, and 0 below.")
_activation("leaky_relu", lambda x, negative_slope=0.01: FUNCTION["leaky_relu"](x, negative_slope),
            "x above 0, and a part of x below.")  # fmt: skip
_activation("silu", lambda x: FUNCTION["silu"](x), "x σ(x).")
_activation("elu", _elu, "x above 0, and α (exp(x) - 1) below.")
_activation("selu", _selu, "``elu`` with the numbers that keep mean 0 and variance 1.")
_activation("hardtanh", _hardtanh, "x between two numbers; flat at either end, as clamp is not.")
_activation("relu6", lambda x: _hardtanh(x, 0.0, 6.0), "x between 0 and 6.")
_row("softsign", lambda x: x / (x.abs() + 1), "x/(1 + |x|).")
_row("tanhshrink", lambda x: x - tanh(x), "x - tanh(x).")


_gelu_by_tanh = composite("GeluBackward0")(
    lambda x: 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))))  # fmt: skip


@composite("SoftplusBackward0")
def _softplus(x: Tensor, beta: float, threshold: float) -> Any:
    scaled = x * beta
    below = where(scaled > threshold, 0.0, scaled)
    return where(scaled > threshold, x, softplus_of(below) / beta)


@_public()
def gelu(x: Tensor, *, approximate: str = "none") -> Any:
    """x times the normal distribution's share below it; ``tanh``: by the usual approximation."""
    return FUNCTION["gelu"](x) if approximate == "none" else _gelu_by_tanh(x)


@_public()
def softplus(x: Tensor, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(βx))/β: relu, rounded off; x itself where βx exceeds the threshold."""
    return _softplus(x, beta, threshold) if (beta, threshold) != (1, 20) else softplus_of(x)


_row("logsigmoid", composite("LogSigmoidBackward0")(lambda x: (-softplus_of(-x)).contiguous()),
     "log σ(x), without overflow.")  # fmt: skip


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


_row("linear",
     lambda x, weight, bias=None: x @ weight.t() if bias is None else x @ weight.t() + bias,
     "x Wᵀ + b.")  # fmt: skip
_row("normalize", _normalize, "Each vector along ``dim``, brought to length 1.")
_row("cosine_similarity", _cosine, "The cosine of the angle between vectors along ``dim``.")
_row("one_hot", _one_hot, "A row of zeros with a single 1 for each class.")
_row("embedding", lambda x, weight, **_: weight[x], "The rows of ``weight`` that x names.")

_MODES = {"constant": "", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
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
    if mode == "constant":
        return _filled(x, widths, value or 0)
    return _padded(x, widths, _MODES[mode])


@composite("ConstantPadNdBackward0", level=False)
def _filled(x: Tensor, widths: Any, value: float) -> Any:
    sides = [(a, b, a + n + b) for (a, b), n in zip(widths, x.shape, strict=True)]
    made = creation.full(tuple(n for *_, n in sides), value, dtype=x.dtype)
    inner = tuple(slice(max(a, 0), n - max(b, 0)) for a, b, n in sides)
    made[inner] = x[tuple(slice(max(-a, 0), n - a - max(b, 0)) for a, b, n in sides)]
    return made


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


def _replaced(size_average: Any, reduce: Any, reduction: str) -> str:
    """What is asked for, by ``reduction`` or by the two options that it has replaced."""
    if size_average is None and reduce is None:
        return reduction
    average, reduce = (True if x is None else x for x in (size_average, reduce))
    reduction = "none" if not reduce else "mean" if average else "sum"
    warnings.warn("size_average and reduce args will be deprecated, please use "
                  f"reduction='{reduction}' instead.", stacklevel=4)  # fmt: skip
    return reduction


def _reduced(losses: Any, reduction: str, share: Any = None) -> Any:
    """The losses, their sum or their mean, to which each may have a share."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if reduction == "mean" and share is not None:
        return losses.sum() / share.sum()
    return losses if reduction == "none" else getattr(losses, reduction)()


def _of_one_size(x: Tensor, target: Tensor) -> Any:
    if x.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({x.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=4,
        )
    return broadcast_tensors(x.type_as(target) if x._array.dtype.kind == "b" else x, target)


_MEAN = _option("reduction", "mean")
_OLD = [_option("size_average", None), _option("reduce", None), _MEAN]
_WEIGHED = [_option("weight", None), *_OLD]


def _loss(name: str, losses: Any, node: str, doc: str, fitted: Any = _of_one_size,
          options: Any = _OLD) -> None:  # fmt: skip
    """A row: losses of input and target, and their mean, as one node if that has a name.

    ``fitted`` brings input and target together; ``options`` are taken before those of ``losses``.
    """
    one, other, *own = signature(losses).parameters.values()
    takes = Signature([one, other, *options, *own])

    def whole(x: Tensor, target: Tensor, reduction: str, weight: Any = None, **named: Any) -> Any:
        each = losses(x, target, **named)
        return _reduced(each if weight is None else each * weight, reduction)

    as_one = composite(node)(whole) if node else whole

    def loss(*given: Any, **named: Any) -> Any:
        taken = dict(zip(takes.parameters, given, strict=False)) | named
        x, target = fitted(taken.pop("x"), taken.pop("target"))
        old = taken.pop("size_average", None), taken.pop("reduce", None)
        reduction = _replaced(*old, taken.pop("reduction", "mean"))
        for argument in ("weight", "pos_weight"):
            if taken.get(argument) is not None and tracks(taken[argument]):
                raise RuntimeError(
                    f"The function '{name}' is not differentiable with respect to argument "
                    f"'{argument}'. This input cannot have requires_grad True."
                )
        return as_one(x, target, reduction=reduction, **taken)

    loss.__signature__ = takes  # type: ignore[attr-defined]
    _row(name, loss, doc)


def _huber(x: Tensor, target: Tensor, delta: float = 1.0) -> Any:
    d = x - target
    size = d.abs()
    return where(size < delta, 0.5 * d * d, delta * (size - 0.5 * delta))


def _smooth(x: Tensor, target: Tensor, beta: float = 1.0) -> Any:
    return _huber(x, target, beta) / beta if beta else (x - target).abs()


def _of_logits(x: Tensor, target: Tensor, pos_weight: Tensor | None = None) -> Any:
    if pos_weight is None:
        return softplus_of(x) - x * target
    return (1 - target) * x + (1 + (pos_weight - 1) * target) * softplus_of(-x)


def _shares(x: Tensor, target: Tensor) -> Any:
    if target.shape != x.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({x.shape}) "
            "is deprecated. Please ensure they have the same size."
        )
    if not ((x._array >= 0) & (x._array <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    return x, target


def _logits(x: Tensor, target: Tensor) -> Any:
    if target.shape != x.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({x.shape})")
    return x, target


_loss("mse_loss", lambda x, target: (x - target) ** 2, "MseLossBackward0", "Squared differences.")
_loss("l1_loss", lambda x, target: (x - target).abs(), "", "The sizes of the differences.")
_loss("smooth_l1_loss", _smooth, "SmoothL1LossBackward0", "``huber_loss``, over ``beta``.")
_loss("huber_loss", _huber, "HuberLossBackward0", "Squared near 0, straight from ``delta``.",
      options=[_MEAN])  # fmt: skip
_loss("binary_cross_entropy",
      lambda x, target: -(target * clamp(x.log(), min=-100)
                          + (1 - target) * clamp((-x).log1p(), min=-100)),
      "BinaryCrossEntropyBackward0", "-t log x - (1-t) log(1-x), averaged.",
      _shares, _WEIGHED)  # fmt: skip
_loss("binary_cross_entropy_with_logits", _of_logits, "BinaryCrossEntropyWithLogitsBackward0",
      "-t log σ(x) - (1-t) log(1-σ(x)), without overflow, averaged.",
      _logits, _WEIGHED)  # fmt: skip


@_public()
def kl_div(x: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None,
           reduction: str = "mean", log_target: bool = False) -> Any:  # fmt: skip
    """t (log t - x), averaged."""
    reduction = _replaced(size_average, reduce, reduction)
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
    if reduction == "batchmean":
        return losses.sum() / x.shape[0] if x.ndim else losses.sum()
    return _reduced(losses, reduction)


@composite("NllLossBackward0")
def _chosen(x: Tensor, classes: Any, share: Any, reduction: str) -> Any:
    dim, share = min(x.ndim - 1, 1), wrap(share)
    chosen = x.gather(dim, wrap(classes).unsqueeze(dim)).squeeze(dim)
    return _reduced(-chosen * share, reduction, share)


def _classes(x: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> Any:
    """The class of every row, 0 where it is ignored, and its share in the mean."""
    rows, wanted, most = x.shape[: x.ndim - 1], target.shape, x.shape[min(x.ndim - 1, 1)]
    if x.ndim and rows[:1] != wanted[:1]:
        raise ValueError(f"Expected input batch_size ({rows[0] if rows else 0}) to match target "
                         f"batch_size ({wanted[0] if wanted else 0}).")  # fmt: skip
    counts = target._array != ignore_index
    classes = np.where(counts, target._array, 0)
    outside = classes[(classes < 0) | (classes >= most)]
    if outside.size:
        raise IndexError(f"Target {outside.flat[0]} is out of bounds.")
    weights = np.ones(most, x._array.dtype) if weight is None else weight._array
    return classes, (weights[classes] * counts).astype(x._array.dtype)


@_public()
def nll_loss(
    x: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    """Minus what each row of x has at the class in ``target``."""
    reduction = _replaced(size_average, reduce, reduction)
    return _chosen(x, *_classes(x, target, weight, ignore_index), reduction)


@_public()
def cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None,
    ignore_index: int = -100, reduce: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """Minus the logarithm of the softmax of each row of x at the class in ``target``.

    ``target`` has whole numbers, or the probability of every class.
    """
    reduction, dim = _replaced(size_average, reduce, reduction), min(x.ndim - 1, 1)
    logs, count = statistics.log_softmax(x, dim), x.shape[dim]
    weighed = logs if weight is None else logs * weight.reshape(-1, *(1,) * (x.ndim - dim - 1))
    if target.is_floating_point():
        if target.shape[:1] != x.shape[:1]:
            raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size "
                             f"({target.shape[0] if target.ndim else 0}).")  # fmt: skip
        wanted = target * (1 - label_smoothing) + label_smoothing / count
        losses = -(weighed * wanted).sum(dim)
        return _reduced(losses, reduction)
    classes, share = _classes(x, target, weight, ignore_index)
    hard = _chosen(logs, classes, share, reduction)
    if not label_smoothing:
        return hard
    every = -weighed.sum(dim) * wrap(target._array != ignore_index)
    soft = _reduced(every, reduction, wrap(share))
    return (1 - label_smoothing) * hard + label_smoothing / count * soft
