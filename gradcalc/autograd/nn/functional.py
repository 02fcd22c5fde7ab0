"""``torch.nn.functional``: the losses and activations that tutorials on autograd use."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from gradcalc.autograd.composite import composite
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import called
from gradcalc.autograd.core.tensor import Tensor, wrap
from gradcalc.autograd.operations import creation
from gradcalc.autograd.operations.elementwise import FUNCTION
from gradcalc.autograd.operations.indexing import index
from gradcalc.autograd.operations.inplace import in_place
from gradcalc.autograd.operations.joining import stack
from gradcalc.autograd.operations.reductions import clamp, where
from gradcalc.autograd.operations.selection import gather, index_select
from gradcalc.autograd.operations.statistics import log_softmax, softmax, vector_norm
from gradcalc.autograd.operations.structural import broadcast_tensors

relu_function, sigmoid, tanh = FUNCTION["relu"], FUNCTION["sigmoid"], FUNCTION["tanh"]
log_softmax, softmax = log_softmax, softmax

# --- Activations ----------------------------------------------------------------------------------


def _in_place_too(function: Any) -> Any:
    """With PyTorch's option ``inplace``."""

    def activation(input: Tensor, *options: Any, inplace: bool = False, **named: Any) -> Any:
        return (written if inplace else function)(input, *options, **named)

    written = in_place(function)
    activation.__name__, activation.__doc__ = function.__name__, function.__doc__
    return activation


def _leaky(x: Tensor, negative_slope: float = 0.01) -> Any:
    return FUNCTION["leaky_relu"](x, negative_slope)


@composite("EluBackward0")
def _curved(x: Tensor, *, alpha: float) -> Any:
    below = where(x < 0, x, 0.0)
    return where(x > 0, x, where(x < 0, alpha * below.expm1(), alpha * x))  # at 0: α, then 0


def _elu(x: Tensor, alpha: float = 1.0) -> Any:
    return _curved(x, alpha=alpha)


def _hardtanh(x: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    if not x.is_floating_point():
        return clamp(x, int(min_val), int(max_val))

    def between(x: Tensor) -> Any:  # flat at either end, where clamp is not
        return where(x.gt(min_val) & x.lt(max_val), x, clamp(x.detach(), min_val, max_val))

    return composite("HardtanhBackward0")(between)(x)


relu = _in_place_too(relu_function)
leaky_relu, elu, silu = map(_in_place_too, (_leaky, _elu, FUNCTION["silu"]))
hardtanh = _in_place_too(_hardtanh)
relu6 = _in_place_too(lambda x: _hardtanh(x, 0.0, 6.0))
selu = _in_place_too(
    composite("EluBackward0")(lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772))
)


def gelu(input: Tensor, approximate: str = "none") -> Any:
    """x times the normal distribution's share below it; ``tanh``: by the usual approximation."""
    if approximate == "none":
        return FUNCTION["gelu"](input)
    return _gelu_by_tanh(input)


@composite("GeluBackward0")
def _gelu_by_tanh(x: Tensor) -> Any:
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(βx))/β: relu, rounded off; x itself where βx exceeds the threshold."""
    if beta == 1 and threshold == 20:
        return FUNCTION["softplus"](input)
    return _softplus(input, beta=beta, threshold=threshold)


@composite("SoftplusBackward0")
def _softplus(x: Tensor, *, beta: float, threshold: float) -> Any:
    scaled = x * beta
    below = where(scaled > threshold, 0.0, scaled)
    return where(scaled > threshold, x, FUNCTION["softplus"](below) / beta)


@composite("LogSigmoidBackward0")
def logsigmoid(input: Tensor) -> Any:
    """log σ(x), without overflow."""
    return (-FUNCTION["softplus"](-input)).contiguous()


def softsign(input: Tensor) -> Any:
    """x/(1 + |x|)."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Any:
    """x - tanh(x)."""
    return input - tanh(input)


def softmin(input: Tensor, dim: int, dtype: Any = None) -> Any:
    """The softmax of -x."""
    return softmax(-input, dim, dtype)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zeros with probability p, the rest scaled up to make up for them."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    keep = creation.rand(input._array.shape)._array >= p
    mask = keep / (1 - p if p < 1 else 1)
    found = input * wrap(mask.astype(input._array.dtype))
    return input.copy_(found) if inplace else found


# --- Of vectors -----------------------------------------------------------------------------------


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
    """x Wᵀ + b."""
    out = input @ weight.t()
    return out if bias is None else out + bias


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Each vector along ``dim``, brought to length 1."""
    return input / vector_norm(input, p, dim, True).clamp(min=eps).expand_as(input)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along ``dim``."""
    x1, x2 = broadcast_tensors(x1, x2)
    one = vector_norm(x1, 2, dim, True).clamp(min=eps)
    other = vector_norm(x2, 2, dim, True).clamp(min=eps)
    return ((x1 / one) * (x2 / other)).sum(dim)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A row of zeros with a single 1 for each class."""
    count = int(tensor._array.max()) + 1 if num_classes < 0 else num_classes
    return wrap(np.eye(count, dtype=np.int64)[tensor._array])


def embedding(input: Tensor, weight: Tensor, **_: Any) -> Any:
    """The rows of ``weight`` that ``input`` names."""
    return weight[input]


_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""numpy's names of the ways to fill what is added."""


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """Room on both sides of the last axes (or less of them, for negative widths)."""
    if mode not in _MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    widths = [(0, 0)] * (input.ndim - len(pad) // 2)
    widths += [(pad[k], pad[k + 1]) for k in range(len(pad) - 2, -1, -2)]
    key = tuple(slice(max(-a, 0), n - max(-b, 0))
                for (a, b), n in zip(widths, input.shape, strict=True))  # fmt: skip
    added = [(max(a, 0), max(b, 0)) for a, b in widths]
    if mode != "constant":
        return _padded(input, widths=widths, mode=_MODES[mode])
    input = input[key] if any(a < 0 or b < 0 for a, b in widths) else input
    array = np.pad(input._array, added, constant_values=value or 0)
    inner = tuple(slice(a, a + n) for (a, _), n in zip(added, input.shape, strict=True))
    return recorded(array, "ConstantPadNdBackward0", lambda v: index(v, inner), input)


@composite("PadBackward0")
def _padded(x: Tensor, *, widths: Any, mode: Any) -> Any:
    for k, (before, after) in enumerate(widths):
        if before or after:
            places = np.arange(x.shape[k])
            kept = slice(max(-before, 0), x.shape[k] - max(-after, 0))
            places = places[kept] if mode == "wrap" else places
            places = np.pad(places, (max(before, 0), max(after, 0)), mode)
            places = (
                places if mode == "wrap" else places[max(-before, 0) : len(places) - max(-after, 0)]
            )
            x = index_select(x, k, wrap(places))
    return x


# --- Losses ---------------------------------------------------------------------------------------


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return losses.mean() if reduction == "mean" else losses.sum()


def _loss(name: str, elementwise: Any, doc: str) -> Any:
    """A loss of input and target, element by element, as one node."""

    @composite(name)
    def of_two(input: Tensor, target: Tensor, reduction: str, **options: Any) -> Any:
        return _reduced(elementwise(input, target, **options), reduction)

    def loss(input: Tensor, target: Tensor, *, reduction: str = "mean", **options: Any) -> Any:
        if input.shape != target.shape:
            warnings.warn(
                f"Using a target size ({target.shape}) that is different to the input size "
                f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
                "Please ensure they have the same size.",
                UserWarning,
                stacklevel=3,
            )
        if input._array.dtype.kind == "b":
            input = input.type_as(target)
        return of_two(*broadcast_tensors(input, target), reduction=reduction, **options)

    loss.__doc__ = doc
    return loss


def _huber(x: Tensor, t: Tensor, delta: float = 1.0) -> Any:
    d = x - t
    size = d.abs()
    return where(size < delta, 0.5 * d * d, delta * (size - 0.5 * delta))


def _smooth(x: Tensor, t: Tensor, beta: float = 1.0) -> Any:
    d = x - t
    size = d.abs()
    return where(size < beta, 0.5 * d * d / beta, size - 0.5 * beta) if beta else size


def _cross(x: Tensor, t: Tensor) -> Any:
    return -(t * clamp(x.log(), min=-100) + (1 - t) * clamp((-x).log1p(), min=-100))


def _cross_with_logits(x: Tensor, t: Tensor) -> Any:
    return FUNCTION["softplus"](x) - x * t


mse_loss = _loss(
    "MseLossBackward0", lambda x, t: (x - t) ** 2, "The squared differences, averaged."
)
huber_loss = _loss("HuberLossBackward0", _huber, "Squared near 0, straight from ``delta`` on.")
smooth_l1_loss = _loss("SmoothL1LossBackward0", _smooth, "``huber_loss``, over ``beta``.")
_bce = _loss("BinaryCrossEntropyBackward0", _cross, "")
_bce_with_logits = _loss("BinaryCrossEntropyWithLogitsBackward0", _cross_with_logits, "")


def _weighed(loss: Any, doc: str) -> Any:
    def of(input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean",
           pos_weight: Tensor | None = None, **_: Any) -> Any:  # fmt: skip
        if target.shape != input.shape:
            raise ValueError(
                f"Target size ({target.shape}) must be the same as input size ({input.shape})"
            )
        if pos_weight is not None:
            heavier = 1 + (pos_weight - 1) * target
            losses = (1 - target) * input + heavier * FUNCTION["softplus"](-input)
        elif weight is None:
            return loss(input, target, reduction=reduction)
        else:
            losses = loss(input, target, reduction="none")
        return _reduced(losses if weight is None else losses * weight, reduction)

    of.__doc__ = doc
    return of


binary_cross_entropy = _weighed(_bce, "-t log x - (1-t) log(1-x), averaged.")
binary_cross_entropy_with_logits = _weighed(
    _bce_with_logits, "-t log σ(x) - (1-t) log(1-σ(x)), without overflow, averaged."
)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", **_: Any) -> Any:
    """The sizes of the differences, averaged."""
    input, target = broadcast_tensors(input, target)
    return _reduced((input - target).abs(), reduction)


def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False,
           **_: Any) -> Any:  # fmt: skip
    """t (log t - x), averaged."""
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = FUNCTION["xlogy"](target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0]
    return _reduced(losses, reduction)


def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100,
             reduction: str = "mean", **_: Any) -> Any:  # fmt: skip
    """Minus what each row of ``input`` has at the class in ``target``."""
    counts = target._array != ignore_index
    classes = wrap(np.where(counts, target._array, 0))
    weights = np.ones(input.shape[-1 if input.ndim == 1 else 1], input._array.dtype)
    weights = weights if weight is None else weight._array
    share = wrap((weights[classes._array] * counts).astype(input._array.dtype))

    @composite("NllLossBackward0")
    def losses(x: Tensor) -> Any:
        if x.ndim == 1:
            chosen = -x[classes] * share
        else:
            chosen = -gather(x, 1, classes.unsqueeze(1)).squeeze(1) * share
        if reduction == "mean":
            return chosen.sum() / share.sum()
        return _reduced(chosen, reduction)

    return losses(input)


def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None,
                  ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0,
                  **_: Any) -> Any:  # fmt: skip
    """Minus the logarithm of the softmax of each row of ``input`` at the class in ``target``.

    ``target`` has whole numbers, or the probability of every class.
    """
    dim = 0 if input.ndim == 1 else 1
    logs = log_softmax(input, dim)
    classes = input.shape[dim]
    if target.is_floating_point():
        wanted = target * (1 - label_smoothing) + label_smoothing / classes
        losses = -(logs * wanted * (1 if weight is None else weight)).sum(dim)
        rows = 1 if input.ndim == 1 else losses.numel()
        return losses.sum() / rows if reduction == "mean" else _reduced(losses, reduction)
    hard = nll_loss(logs, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return hard
    soft = [nll_loss(logs, target * 0 + k, weight, ignore_index, reduction)
            for k in range(classes)]  # fmt: skip
    return (1 - label_smoothing) * hard + label_smoothing * stack(soft).mean(0)


for _name, _function in list(globals().items()):
    if not _name.startswith("_") and getattr(_function, "__module__", "") == __name__:
        globals()[_name] = called(_function)
