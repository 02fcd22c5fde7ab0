"""Functions that make arrays, and that put the elements of arrays elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcalc.language.arrays import Sizes, Value, bound_size, charge
from gradcalc.language.making import Array, Maker


def zeros(make: Maker, shape: Sequence[int]) -> Array:
    return _filled(make, shape, 0.0)


def ones(make: Maker, shape: Sequence[int]) -> Array:
    return _filled(make, shape, 1.0)


def _filled(make: Maker, shape: Sequence[int], number: float) -> Array:
    if any(size < 0 for size in shape):
        raise Sizes("sizes of an array are whole numbers")
    return make.full(shape, number)


def eye(make: Maker, n: int) -> Array:
    if n < 1:
        raise Sizes("eye takes a size, 1 or more")
    unit = make.full((n, n), 0.0)
    np.fill_diagonal(unit, make.number(1))
    return unit


def diag(make: Maker, a: Value, k: int = 0) -> Array:
    array = make.array(a)
    if array.ndim == 2:
        return np.diagonal(array, k).copy()
    if array.ndim != 1:
        raise Sizes(f"diag takes a vector or a matrix, not an array of shape {array.shape}")
    size = array.size + abs(k)
    bound_size((size, size))
    made = make.full((size, size), 0.0)
    np.fill_diagonal(made[max(-k, 0) :, max(k, 0) :], array)
    return made


def transpose(make: Maker, a: Value, axes: Sequence[int] | None = None) -> Value:
    if isinstance(a, int):
        return a
    if axes is not None and sorted(axes) != list(range(a.ndim)):
        raise Sizes(f"transpose: axes are the numbers below {a.ndim} in another order")
    return a.transpose(axes)


def reshape(make: Maker, a: Value, shape: Sequence[int]) -> Array:
    array = make.stacked([a]) if isinstance(a, int) else a
    try:
        return array.reshape(tuple(shape))
    except ValueError:
        wanted = f"({', '.join(map(str, shape))})"
        raise Sizes(f"{array.size} elements do not fit the shape {wanted}") from None


def ravel(make: Maker, a: Value) -> Array:
    return make.array(a).ravel()


def concat(make: Maker, *a: Value, axis: int = 0) -> Array:
    arrays = [make.stacked([value]) if isinstance(value, int) else value for value in a]
    charge(make.graph, sum(array.size for array in arrays))
    (along,) = make.axes(arrays[0], axis)
    try:
        return np.concatenate(arrays, axis=along)
    except ValueError:
        shapes = " and ".join(dict.fromkeys(str(array.shape) for array in arrays))
        raise Sizes(f"arrays of shapes {shapes} do not join along axis {axis}") from None
