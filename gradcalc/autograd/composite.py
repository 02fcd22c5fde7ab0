"""An operation put together from others, as one node with a name of its own.

Its way back is theirs: the parts run again on what was saved, and are differentiated. So it is
right to every order, and written once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from gradcalc.autograd.backward import grad
from gradcalc.autograd.core.grad_mode import Within, enable_grad
from gradcalc.autograd.core.node import Node
from gradcalc.autograd.core.tensor import Tensor, attach, save, tracks, wrap
from gradcalc.autograd.operations.elementwise import flat


class Composite(Node):
    level = True
    """Whether a slope that does not depend on the inputs is to be differentiable all the same."""

    def __init__(self, parts: Callable[..., Any]) -> None:
        self.parts = parts

    def backward(self, v: Any, *saved: Any) -> list[Any]:
        tracked = isinstance(v, Tensor)
        with enable_grad():
            inputs = [_alias(x if isinstance(x, Tensor) else wrap(x)) for x in saved]
            wanted = [k for k in range(len(inputs)) if self.wants(k) and inputs[k]._tracked]
            out = self.parts(*inputs)
            slopes = grad(out, [inputs[k] for k in wanted], v if tracked else wrap(v),
                          create_graph=tracked, allow_unused=True)  # fmt: skip
        flowing: list[Any] = [None] * len(inputs)
        for k, slope in zip(wanted, slopes, strict=True):
            if slope is not None:
                slope = flat(slope, *inputs) if tracked and self.level else slope
                flowing[k] = slope if tracked else slope._array
        return flowing


def _alias(x: Tensor) -> Any:
    if x._array.dtype.kind not in "fc":
        return x
    return x.view_as(x) if x._tracked else x.detach().requires_grad_()


def composite(
    name: str, level: bool = True, values: Callable[..., Any] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of tensors (in front) and options one node of this name.

    ``values`` is the same of arrays, where there is something quicker than the parts.
    """
    kind = type(name, (Composite,), {"__module__": __name__, "level": level})

    def made(parts: Callable[..., Any]) -> Callable[..., Any]:
        names = list(inspect.signature(parts).parameters)

        @wraps(parts)
        def operation(*operands: Any, **options: Any) -> Any:
            tensors = [x for x in operands if isinstance(x, Tensor)]
            options |= zip(names[len(tensors) :], operands[len(tensors) :], strict=False)
            if values is None:
                with Within(enabled=False, dual=None):
                    out = wrap(parts(*(x.detach() for x in tensors), **options)._array)
            else:
                out = wrap(values(*(x._array for x in tensors), **options))
            if not tracks(*tensors):
                return out
            node = kind(partial(parts, **options))
            node.saved = save(*tensors)
            return attach(out, node, *tensors)

        return operation

    return made
