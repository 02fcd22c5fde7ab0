"""Tensors that carry a tangent, until the level of forward mode is closed."""

from __future__ import annotations

import weakref
from typing import Any

from gradcalc.autograd.core.node import Edge, Node


class _Somewhere(Node):
    """In place of an edge for an input that has a tangent and no node."""

    order = 0

    def pull(self, cotangents: Any, tracked: bool) -> tuple[Any, ...]:
        return ()


SOMEWHERE: Edge = (_Somewhere(), 0)


duals: dict[int, weakref.ref[Any]] = {}
"""The tensors that have a tangent: it ends with the level of forward mode."""


def give_tangent(x: Any, tangent: Any) -> None:
    """x carries this tangent, until the level is closed."""
    x._tangent = tangent
    duals[id(x)] = weakref.ref(x)
