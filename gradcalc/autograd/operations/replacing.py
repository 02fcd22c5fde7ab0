"""Views by strides, and views that take their tensor's place: ``x.transpose_(0, 1)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import mode
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import operation
from gradcalc.autograd.core.tensor import Tensor, edge, place
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.copies import storage_offset
from gradcalc.autograd.operations.indexing import embed
from gradcalc.autograd.operations.structural import (
    Shape,
    reshape_to,
    squeeze,
    t,
    transpose,
    unsqueeze,
)


def _strided(array: Any, size: Shape, stride: Shape, offset: int) -> Any:
    return np.lib.stride_tricks.as_strided(
        array.reshape(-1)[offset:], size, tuple(n * array.itemsize for n in stride)
    )


@operation()
def as_strided(x: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """The memory that x looks at, read with these steps."""
    offset = _offset(x) if storage_offset is None else storage_offset
    memory = x if x._view is None else x._view.base
    flat = reshape_to(memory, (-1,))
    size, stride = tuple(size), tuple(stride)
    out = view(flat, _strided(flat._array, size, stride, offset), _strided, size, stride, offset)
    count = flat._array.size

    def back(v: Any) -> Any:
        slots = np.array(_strided(np.arange(count), size, stride, offset))
        return embed(v, (count,), (slots,))

    return recorded(out, "AsStridedBackward0", back, flat)


_offset = storage_offset


def _replacing(of: Any) -> Any:
    """A view that takes its tensor's place: ``x.transpose_(0, 1)``."""

    def replace(x: Tensor, *options: Any) -> Tensor:
        if x._view is not None and x._tracked and mode.enabled:
            x._view.edge(x)
            x._view.refuse()
        before = x.detach()
        before._tracked, before._edge, before._view = x._tracked, x._edge, x._view
        out = of(before, *options)
        if x._view is not None:
            out._view.creation = max(x._view.creation, out._view.creation)
            x._view = out._view
        elif out._tracked and mode.enabled:
            place(x, edge(out))
        x._array = out._array
        x._counter[0] += 1
        if x._view is not None:
            x._view.seen = x._counter[0]
        return x

    return replace


for _of in (transpose, t, squeeze, unsqueeze, as_strided):
    setattr(Tensor, f"{_of.__name__}_", _replacing(_of))
Tensor.swapaxes_ = Tensor.swapdims_ = Tensor.transpose_  # type: ignore[attr-defined]
