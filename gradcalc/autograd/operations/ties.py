"""Which of several equal numbers is chosen: PyTorch's partial sorts, step by step.

``kthvalue`` selects by Hoare's algorithm with the median of three as its pivot, ``topk`` by the C++
library's ``nth_element``. Where no number comes twice the order decides alone, and numpy finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Before = Callable[[int, int], bool]


def along(rows: Any, untied: Callable[[Any], Any], tied: Callable[[Any], Any]) -> Any:
    """The places chosen from each row: by its order, and ``tied(row)`` where numbers are equal."""
    order = np.argsort(rows, axis=-1, kind="stable")
    values = np.take_along_axis(rows, order, -1)
    one, other = values[:, 1:], values[:, :-1]
    equal = (one == other) | ((one != one) & (other != other))
    chosen = untied(order).copy()
    for number in np.flatnonzero(equal.any(-1)):
        chosen[number] = tied(rows[number])
    return chosen


def _before(row: Any, descending: bool = False) -> Before:
    """Whether one place goes before another: NaN is larger than any number."""
    ranks = np.unique(row, return_inverse=True)[1].reshape(-1).tolist()
    if descending:
        return lambda i, j: ranks[i] > ranks[j]
    return lambda i, j: ranks[i] < ranks[j]


def kth(row: Any, k: int) -> int:
    """The place of the number of rank k."""
    p, less = list(range(len(row))), _before(row)
    low, high = 0, len(p) - 1
    while high > low:
        if high == low + 1:
            if less(p[high], p[low]):
                _swap(p, low, high)
            break
        _swap(p, (low + high) // 2, low + 1)
        for i, j in ((low + 1, high), (low, high), (low + 1, low)):
            if less(p[j], p[i]):
                _swap(p, i, j)
        i, j, pivot = low + 1, high, p[low]
        while True:
            i += 1
            while less(p[i], pivot):
                i += 1
            j -= 1
            while less(pivot, p[j]):
                j -= 1
            if j < i:
                break
            _swap(p, i, j)
        _swap(p, low, j)
        low, high = (i if j <= k else low), (j - 1 if j >= k else high)
    return p[k]


def first(row: Any, k: int, largest: bool) -> Any:
    """The places of the k largest (or smallest), in order."""
    places, before = list(range(len(row))), _before(row, largest)
    if not k or k * 64 <= len(row):
        ranks = np.unique(row, return_inverse=True)[1].reshape(-1)
        return np.argsort(-ranks if largest else ranks, kind="stable")[:k]
    _nth_element(places, k - 1, before)
    _insertion_sort(places, 0, k - 1, before)
    return places[:k]


def _swap(p: list[int], i: int, j: int) -> None:
    p[i], p[j] = p[j], p[i]


def _nth_element(p: list[int], k: int, before: Before) -> None:
    first, last = 0, len(p)
    while last - first > 3:
        cut = _partition(p, first, last, before)
        first, last = (cut, last) if cut <= k else (first, cut)
    _insertion_sort(p, first, last, before)


def _partition(p: list[int], first: int, last: int, before: Before) -> int:
    a, b, c = first + 1, (first + last) // 2, last - 1
    if before(p[a], p[b]):
        middle = b if before(p[b], p[c]) else c if before(p[a], p[c]) else a
    else:
        middle = a if before(p[a], p[c]) else c if before(p[b], p[c]) else b
    _swap(p, first, middle)
    i, j = first + 1, last
    while True:
        while before(p[i], p[first]):
            i += 1
        j -= 1
        while before(p[first], p[j]):
            j -= 1
        if i >= j:
            return i
        _swap(p, i, j)
        i += 1


def _insertion_sort(p: list[int], first: int, last: int, before: Before) -> None:
    for i in range(first + 1, last):
        place = p.pop(i)
        j = i
        while j > first and before(place, p[j - 1]):
            j -= 1
        p.insert(j, place)
