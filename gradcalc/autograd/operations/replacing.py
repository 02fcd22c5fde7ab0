"""Views by strides, and views that take their tensor's place: ``x.transpose_(0, 1)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import mode
from gradcalc.autograd.core.record import recorded
from gradcalc.autograd.core.registry import Shape, called, declare
from gradcalc.autograd.core.tensor import Tensor, edge, place
from gradcalc.autograd.core.views import view
from gradcalc.autograd.operations.indexing import embed
from gradcalc.autograd.operations.structural import reshape_to, squeeze, t, transpose, unsqueeze


def _strided(array: Any, size: Shape, stride: Shape, offset: int) -> Any:
    return np.lib.stride_tricks.as_strided(
        array.reshape(-1)[offset:], size, tuple(n * array.itemsize for n in stride)
    )


def _as_strided(x: Tensor, size: Shape, stride: Shape, storage_offset: int | None = None) -> Tensor:
    offset = x.storage_offset() if storage_offset is None else storage_offset
    flat = reshape_to(x if x._view is None else x._view.base, (-1,))
    return _seen(flat, size, stride, offset)


def _seen(flat: Tensor, size: Shape, stride: Shape, offset: int) -> Tensor:
    out = view(flat, _strided(flat._array, size, stride, offset), _seen, size, stride, offset)
    count = flat._array.size

    def back(v: Tensor) -> Tensor:
        slots = np.array(_strided(np.arange(count), size, stride, offset))
        return embed(v, (count,), (slots,))

    return recorded(out, "AsStridedBackward0", back, flat)


as_strided = declare("as_strided", _as_strided, "The memory that x looks at, with these steps.")


def _replacing(of: Any) -> Any:
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
    setattr(Tensor, f"{_of.__name__}_", _replacing(called(_of, f"{_of.__name__}_", 1)))
Tensor.swapaxes_ = Tensor.swapdims_ = Tensor.transpose_  # type: ignore[attr-defined]
