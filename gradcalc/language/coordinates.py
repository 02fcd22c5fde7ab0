"""A point or many, however they are given → an array in the order of the variables.

What has names is bound by name: mappings, data frames of whatever library, tables of Arrow, records
of numpy. What has none is bound by order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcalc.errors import BindingError, listed
from gradcalc.functions.primitives import CONSTANTS
from gradcalc.language.names import base, whole_arrays

Floats = np.ndarray[Any, np.dtype[np.float64]]

_FLOAT = np.dtype(np.float64)
_NUMBERS = (float, int, np.float64)
_BY_ORDER = (list, float, int, np.float64)


def coordinates(x: Any, variables: Sequence[str]) -> Floats:
    """``x`` as an array of shape (n,) or (N, n).

    Raises BindingError when names or counts do not fit.
    """
    plain = type(x) is np.ndarray and x.dtype == _FLOAT and x.ndim in (1, 2)
    if plain and x.shape[-1] == len(variables):  # the usual case, at no price
        return x  # type: ignore[no-any-return]
    if x is None:
        raise BindingError("there is no point", hint="in order, by name, or as keywords")
    if type(x) is dict and len(x) == len(variables):
        numbers = [x.get(name) for name in variables]
        if all(type(number) in _NUMBERS for number in numbers):
            return np.array(numbers, dtype=float)
    if not isinstance(x, _BY_ORDER):
        columns = named_values(x)
        if columns is not None:
            return _by_name(columns, variables)
    return _by_order(x, variables)


def named_values(x: Any) -> dict[str, Any] | None:
    """The values by name, if they have names: a header of numbers 0, 1, … is none."""
    if isinstance(x, Mapping):
        names: Any = list(x)
    elif isinstance(x, np.ndarray):
        names = x.dtype.names
    elif hasattr(x, "column_names"):  # a table of Arrow, whose ``columns`` are the data
        names = x.column_names
    elif hasattr(x, "columns"):  # pandas, polars and their like
        names = x.columns
    elif hasattr(x, "keys"):  # a row of pandas
        names = x.keys()
    elif hasattr(x, "_asdict"):  # a named tuple
        x = x._asdict()
        names = list(x)
    else:
        return None
    names = None if names is None else list(names)
    if names is None or (not isinstance(x, Mapping) and names == list(range(len(names)))):
        return None
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is not None:
        raise BindingError(f"a point is bound by names, and {odd!r} is none")
    if len(set(names)) < len(names):
        raise BindingError(
            f"two columns are named '{next(n for n in names if names.count(n) > 1)}'"
        )
    try:
        return {name: x[name] for name in names}
    except (TypeError, LookupError) as error:  # a lazy frame
        raise BindingError(f"the columns of this {type(x).__name__} cannot be had") from error


def _by_order(x: Any, variables: Sequence[str]) -> Floats:
    array = _numbers(x, "a point is made of numbers")
    n = len(variables)
    if array.ndim == 0 and n == 1:
        array = array.reshape(1)
    if array.ndim not in (1, 2) or array.shape[-1] != n:
        raise BindingError(
            f"a point has {n} coordinates ({listed(variables)}), this has shape {array.shape}"
        )
    return array


def _by_name(given: Mapping[str, Any], variables: Sequence[str]) -> Floats:
    """A number for each name is a point; an entry for each point under every name is many."""
    shapes = whole_arrays(variables)
    _refuse_unknown(given, variables)
    parts, count = [], None
    for label in variables:
        name = label if label in given else base(label)
        if given.get(name) is None:
            raise BindingError(
                f"no value for '{label}'", hint=f"the variables are {listed(variables)}"
            )
        values = _numbers(given[name], f"the value of '{name}' is not made of numbers")
        shape = () if name == label else shapes.get(name, ())
        extra = values.ndim - len(shape)
        if extra not in (0, 1) or values.shape[extra:] != shape:
            raise BindingError(
                f"the value of '{name}' has shape {values.shape}: {_wanted(name, shape)} is wanted"
            )
        if extra and count not in (None, len(values)):
            raise BindingError(f"'{name}' has {len(values)} points, and there are {count}")
        count = len(values) if extra else count
        inside = label[len(name) :].strip("[]")
        index: Any = (..., *map(int, inside.split(","))) if inside else ...
        parts.append(values[index])
    if count is None:
        return np.array(parts, dtype=float)
    return np.stack([np.broadcast_to(part, count) for part in parts], axis=1)


def _refuse_unknown(given: Mapping[str, Any], variables: Sequence[str]) -> None:
    known = {*variables, *map(base, variables)}
    for name in given:
        if name in known and not (name != base(name) and base(name) in given):
            continue
        if name in known:
            raise BindingError(f"'{name}' has two values: its own, and that in '{base(name)}'")
        hint = f"the variables are {listed(variables)}"
        if name in CONSTANTS:
            hint = f"{name} is a constant unless it is bound: compile(…, wrt=[…, {name!r}])"
        raise BindingError(f"the expression has no variable '{name}'", hint=hint)


def _numbers(value: Any, otherwise: str) -> Floats:
    """Raises BindingError, in the words of ``otherwise``, for text and complex numbers too."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "fiubO":
            return array.astype(float, copy=False)
    except (TypeError, ValueError):
        pass
    raise BindingError(otherwise) from None


def _wanted(name: str, shape: tuple[int, ...]) -> str:
    if not shape:
        return "a number, or one for each point"
    return f"{shape}, or (N, {', '.join(map(str, shape))}) for N points"
