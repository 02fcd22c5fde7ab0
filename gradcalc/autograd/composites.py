"""Operations put together from others: one node each, whose way back is theirs."""

from __future__ import annotations

from typing import Any

from gradcalc.autograd.core.node import type_name
from gradcalc.autograd.core.registry import operation
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.nn.composite import composite
from gradcalc.autograd.operations.joining import cat, stack, unbind
from gradcalc.autograd.operations.linear import matmul
from gradcalc.autograd.operations.operators import ARITHMETIC
from gradcalc.autograd.operations.statistics import logsumexp
from gradcalc.autograd.operations.structural import axis


@composite("CumprodBackward0", level=False)
def _cumprod(x: Tensor, *, dim: int) -> Any:
    products: list[Any] = []
    for part in unbind(x, dim):
        products.append(products[-1] * part if products else part)
    return stack(products, dim) if products else x.clone()


@operation()
def cumprod(x: Tensor, dim: int, dtype: Any = None) -> Any:
    """Running products along ``dim``."""
    x = x if dtype is None else x.to(dtype)
    return _cumprod(x, dim=axis(dim, x.ndim)) if x.ndim else x.clone()


@composite("LogcumsumexpBackward0", level=False)
def _logcumsumexp(x: Tensor, *, dim: int) -> Any:
    lengths = range(1, x.shape[dim] + 1)
    return cat([logsumexp(x.narrow(dim, 0, n), dim, True) for n in lengths], dim)


@operation()
def logcumsumexp(x: Tensor, dim: int) -> Any:
    """log of the running sums of exp(x) along ``dim``."""
    if x._array.dtype.kind not in "f":
        kind = type_name(x._array.dtype)
        raise NotImplementedError(f"\"logcumsumexp\" not implemented for '{kind}'")
    return _logcumsumexp(x, dim=axis(dim, x.ndim)) if x.ndim else x.clone()


def _added(name: str, ranks: tuple[int, int], node: str) -> Any:
    @composite(node, level=False)
    def sum_of(x: Tensor, one: Tensor, other: Tensor, *, beta: float, alpha: float) -> Any:
        product = matmul(one, other)
        return ARITHMETIC["add"](x if beta == 1 else x * beta, product, alpha=alpha)

    def added(x: Tensor, one: Tensor, other: Tensor, *, beta: float = 1, alpha: float = 1) -> Any:
        if (one.ndim, other.ndim) != ranks:
            raise RuntimeError(
                f"{name}: expected a {ranks[0]}D and a {ranks[1]}D tensor, got {one.ndim}D and "
                f"{other.ndim}D"
            )
        if x._array.dtype.kind in "iub":
            beta, alpha = int(beta), int(alpha)
        return sum_of(x, one, other, beta=beta, alpha=alpha)

    added.__name__ = name
    added.__doc__ = "β x + α times the matrix product."
    return operation()(added)


addmm = _added("addmm", (2, 2), "AddmmBackward0")
addmv = _added("addmv", (2, 1), "AddmvBackward0")
baddbmm = _added("baddbmm", (3, 3), "BaddbmmBackward0")


@operation()
def diff(
    x: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Any:  # fmt: skip
    """The differences of neighbours along ``dim``, n times over."""
    if not x.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    parts = [part for part in (prepend, x, append) if part is not None and n]
    x, k = cat(parts, dim) if len(parts) > 1 else x, axis(dim, x.ndim)
    for _ in range(min(n, x.shape[k])):
        length = x.shape[k] - 1
        low, high = x.narrow(k, 0, length), x.narrow(k, 1, length)
        x = high ^ low if x._array.dtype.kind == "b" else high - low
    return x


@composite("LinalgCrossBackward0", level=False)
def _cross(a: Tensor, b: Tensor, *, dim: int) -> Any:
    (a0, a1, a2), (b0, b1, b2) = unbind(a, dim), unbind(b, dim)
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], dim)


@operation()
def cross(x: Tensor, other: Tensor, dim: int | None = None) -> Any:
    """The cross product along ``dim``, the first axis of length 3 by default."""
    k = next((k for k, n in enumerate(x.shape) if n == 3), -1) if dim is None else dim
    if k >= x.ndim or x.ndim == 0 or x.shape[k] != 3:
        raise RuntimeError("linalg.cross: inputs dimension must have length 3.")
    return _cross(x, other, dim=axis(k, x.ndim))
