"""Function: an operation of your own, with a forward and a backward.

>>> import gradcalc.autograd as torch
>>> class Cube(torch.autograd.Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x * x * x
...
...     @staticmethod
...     def backward(ctx, v):
...         (x,) = ctx.saved_tensors
...         return v * 3 * x * x
>>> x = torch.tensor(2.0, requires_grad=True)
>>> Cube.apply(x).backward()
>>> x.grad
tensor(12.)
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import Within, mode, watching
from gradcalc.autograd.core.node import NOWHERE, Node, as_tensors, clock, give_tangent, note
from gradcalc.autograd.core.record import several
from gradcalc.autograd.core.registry import python_type
from gradcalc.autograd.core.tensor import Tensor, edge, place, save, wrap
from gradcalc.autograd.core.views import IN_FUNCTION, one_of_several
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.inplace import move, rebase, refuse_leaf
from gradcalc.autograd.operations.structural import sum_to, view_as


class FunctionNode(Node):
    """The node of a custom function, and the ``ctx`` that its forward and backward are given."""

    function: type[Function]
    runs_on_nothing = True
    needs_input_grad: tuple[bool, ...] = ()
    _to_save: tuple[Any, ...] = ()
    _for_forward: tuple[Tensor, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _constant: tuple[Tensor, ...] = ()
    _materialize = _materialize_non_diff_grads = True
    _inputs: Sequence[tuple[Any, Any] | None] = ()  # their shapes and types
    _outs: Sequence[tuple[Any, Any] | None] = ()

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    # --- what forward may say -----------------------------------------------------------------

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for ``saved_tensors``; their versions will be checked."""
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor) -> None:
        """Keep these for ``jvp``, which finds them in ``saved_tensors``."""
        self._for_forward = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """These inputs were written in place, and are returned."""
        if not all(isinstance(x, Tensor) for x in tensors):
            raise RuntimeError("mark_dirty can only accept variables, but argument ")
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """These outputs do not require grad, whatever the inputs do."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a cotangent that never arrived is given to backward as zeros, or as None."""
        self._materialize = value

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """The old name of ``saved_tensors``."""
        warnings.warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning,
                      stacklevel=2)  # fmt: skip
        return self.saved_tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved, if it still is what it was."""
        return tuple(self.unpack(True))

    # --- the way back -------------------------------------------------------------------------

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        given = [
            wrap(np.zeros(*known)) if v is None and known is not None and self._materialize else v
            for v, known in zip(as_tensors(cotangents), self._outs, strict=True)
        ]
        with Within(enabled=tracked):
            returned = self.function._reverse()(self, *given)
            flowing = self._checked(returned if isinstance(returned, tuple) else (returned,))
        return flowing if tracked else [v if v is None else v._array for v in flowing]

    def _checked(self, returned: tuple[Any, ...]) -> list[Any]:
        """One cotangent per input, of the input's shape; PyTorch's messages where not."""
        count = len(self._inputs)
        if all(v is None for v in returned[count:]):
            returned = returned[:count]
        if len(returned) != count:
            raise RuntimeError(f"function {self.name()} returned an incorrect number of gradients "
                               f"(expected {count}, got {len(returned)})")  # fmt: skip
        flowing: list[Any] = []
        for k, (v, wanted) in enumerate(zip(returned, self._inputs, strict=True)):
            if v is None or wanted is None:
                flowing.append(None)
                continue
            if not isinstance(v, Tensor):
                raise RuntimeError(f"expected Variable or None (got {python_type(v)})")
            (shape, kind), given = wanted, v._array.shape
            if given != shape:
                ends = zip(reversed(shape), reversed(given), strict=False)
                if len(given) < len(shape) or any(n not in (1, m) for n, m in ends):
                    raise RuntimeError(
                        f"Function {self.name()} returned an invalid gradient at index {k} - got "
                        f"{list(given)} but expected shape compatible with {list(shape)}"
                    )
                v = sum_to(v, shape)
            flowing.append(v if v._array.dtype == kind else convert(v, kind))
        return flowing


class Function:
    """Subclass it with static methods ``forward(ctx, *inputs)`` and ``backward(ctx, *cotangents)``.

    ``apply`` runs forward and records the call. ``backward`` returns one cotangent per input, None
    for an input that gets none. Written in tensor operations, it can itself be differentiated.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError("You must implement the forward function for custom "
                                  "autograd.Function.")  # fmt: skip

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Turn the cotangents of the outputs into those of the inputs."""
        raise NotImplementedError("You must implement either the backward or vjp method for your "
                                  "custom autograd.Function to use it with backward mode "
                                  "AD.")  # fmt: skip

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Turn the tangents of the inputs into those of the outputs, for forward mode."""
        raise NotImplementedError("You must implement the jvp function for custom "
                                  "autograd.Function to use it with forward mode AD.")  # fmt: skip

    setup_context: Callable[..., None] | None = None
    vjp: Callable[..., Any] | None = None
    """Another name for ``backward``."""
    generate_vmap_rule = False
    _node: type[FunctionNode]

    def __init__(self) -> None:
        warnings.warn(f"{type(self)} should not be instantiated. Methods on autograd functions are "
                      "all static, so you should invoke them on the class itself. Instantiating an "
                      "autograd function will raise an error in a future version of "
                      "PyTorch.", DeprecationWarning, stacklevel=2)  # fmt: skip

    def __call__(self, *_: Any) -> Any:
        raise RuntimeError(_LEGACY)

    @classmethod
    def _reverse(cls) -> Callable[..., Any]:
        if cls.vjp is None:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError("Implementing both 'backward' and 'vjp' for a custom Function is "
                               "not allowed. You should only implement one of them.")  # fmt: skip
        return cls.vjp

    @classmethod
    def apply(cls, *inputs: Any, **options: Any) -> Any:
        """Run forward on the inputs, recorded if grad mode is on and one of them is tracked."""
        if not isinstance(inspect.getattr_static(cls, "forward"), staticmethod | classmethod):
            raise RuntimeError(_LEGACY)
        if "_node" not in vars(cls):  # ``class Cube(Function)`` makes ``CubeBackward`` nodes
            cls._node = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls})
        node = cls._node()
        context = () if cls.setup_context else (node,)
        if options or not context:
            bound = inspect.signature(cls.forward).bind(*context, *inputs, **options)
            if not context:
                bound.apply_defaults()
            inputs, options = bound.args[len(context) :], bound.kwargs
        node.needs_input_grad = tuple(isinstance(x, Tensor) and x._tracked for x in inputs)
        with Within(enabled=False, dual=None):
            returned = cls.forward(*context, *inputs, **options)
            if cls.setup_context:
                cls.setup_context(node, inputs, returned)
        return _record(node, inputs, returned)


_LEGACY = (
    "Legacy autograd function with non-static forward method is deprecated. Please use new-style "
    "autograd function with static forward method. (Example: "
    "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
)


def _among(x: Any, tensors: Iterable[Any]) -> bool:
    return id(x) in map(id, tensors)


def _known(values: Iterable[Any]) -> list[tuple[Any, Any] | None]:
    """The shapes and types of those that are tensors."""
    return [(x._array.shape, x._array.dtype) if isinstance(x, Tensor) else None for x in values]


def _record(node: FunctionNode, inputs: Sequence[Any], returned: Any) -> Any:
    """Give the outputs their place in the graph, as far as they have one."""
    outs = list(returned) if isinstance(returned, tuple) else [returned]
    tensors = [x if isinstance(x, Tensor) else None for x in inputs]
    recorded = mode.enabled and any(node.needs_input_grad)
    if not all(_among(x, outs) for x in node._dirty):
        raise RuntimeError("Some elements marked as dirty during the forward method were not "
                           "returned as output. The inputs that are modified inplace must all be "
                           "outputs of the Function.")  # fmt: skip
    node.outputs, node.order = len(outs), next(clock)
    node._inputs = _known(tensors)
    node.next_functions = tuple(NOWHERE if x is None or not recorded else edge(x) for x in tensors)
    tangents = [None if x is None or not mode.dual else x._tangent for x in tensors]
    made = [
        _output(node, k, out, tensors, recorded) if isinstance(out, Tensor) else out
        for k, out in enumerate(outs)
    ]
    if recorded:
        differentiable = [out for out in made if isinstance(out, Tensor) and out._tracked]
        if len(differentiable) > 1:
            one_of_several(differentiable)
        node._outs = _known(outs)
        node.saved = tuple(_entry(node, k, x, outs, made) for k, x in enumerate(node._to_save))
        if watching:
            note(node)
    if any(t is not None for t in tangents):
        _tangents(node, tensors, tangents, outs, made)
    if not node._materialize_non_diff_grads:
        node._outs = [None if _among(out, node._constant) else known
                      for out, known in zip(outs, node._outs, strict=False)]  # fmt: skip
    node._to_save = node._dirty = node._constant = ()
    return tuple(made) if isinstance(returned, tuple) else made[0]


def _output(
    node: FunctionNode, k: int, out: Tensor, inputs: Sequence[Any], recorded: bool
) -> Tensor:
    given, dirty = _among(out, inputs), _among(out, node._dirty)
    flat = not recorded or _among(out, node._constant) or out._array.dtype.kind not in "fc"
    if flat and given and out._tracked:
        out = out.detach()
    elif given and not dirty:
        with Within(enabled=False):
            out = view_as(out, out)  # an input that is returned, seen through this function
    elif flat and not given and out._tracked and out._view is None:
        out._edge, out._tracked = None, False
    if dirty and not flat:
        _rebase(node, k, out, given)
    elif not flat:
        place(out, (node, k))
    if dirty:
        out._counter[0] += 1
    if out._view is not None and not (given and dirty):
        out._view.creation = IN_FUNCTION  # to write to it would pass the function's backward over
    return out


def _rebase(node: FunctionNode, k: int, out: Tensor, given: bool) -> None:
    """``out`` was written to by forward, and comes from this function now."""
    if out._view is not None and node.outputs > 1:
        raise RuntimeError(
            "If your Function modifies inplace an input that is a view of another Tensor, your "
            "Function cannot return more than one Tensor. This is not supported by the current "
            "autograd engine. You should either make sure the input is not a view (using .clone() "
            "for example) or make your Function only return one Tensor (potentially splitting it "
            "into two Functions: one doing the inplace that returns a single Tensor and a second "
            "one that does the other operations)."
        )
    refuse_leaf(out, "has been")
    if not given:
        warnings.warn("ctx.mark_dirty() received a tensor that was not an input. Only input "
                      "Tensors that have been mutated should be passed to "
                      "ctx.mark_dirty().", UserWarning, stacklevel=4)  # fmt: skip
    out._grad = None
    if out._view is not None:
        move(out, node, node.next_functions[1:])
    else:
        rebase(out, (node, k))


def _entry(node: FunctionNode, k: int, x: Any, outs: Sequence[Any], made: Sequence[Any]) -> Any:
    """The k-th saved entry; of an own output without the tensor, which would be a cycle."""
    if x is None:
        return None
    if not isinstance(x, Tensor):
        raise TypeError(f"save_for_backward can only save variables, but argument {k} is of type "
                        f"{python_type(x)}")  # fmt: skip
    (entry,) = save(x)
    own = next((k for k, out in enumerate(outs) if out is x), None)
    if own is None or edge(made[own])[0] is not node:
        return entry
    node.numbers = {**node.numbers, id(x._array): own}
    return (*entry[:3], None)


def _tangents(
    node: FunctionNode, inputs: Sequence[Any], given: Sequence[Any], outs: Sequence[Any],
    made: Sequence[Any],
) -> None:  # fmt: skip
    """Forward mode: what the function's own ``jvp`` says, and whether that can be."""
    filled = [
        wrap(np.zeros_like(x._array))
        if t is None and x is not None and node._materialize and x._array.dtype.kind in "fc"
        else t
        for x, t in zip(inputs, given, strict=True)
    ]
    versions = [None if t is None else t._counter[0] for t in filled]
    saved, node.saved = node.saved, save(*node._for_forward)
    returned = node.function.jvp(node, *filled)
    node.saved = saved
    found = returned if isinstance(returned, tuple) else (returned,)
    for number, tangent in enumerate(found):
        if tangent is not None and not isinstance(tangent, Tensor):
            raise RuntimeError(f"expected Variable or None (got {python_type(tangent)}) for grad "
                               f"output {number}.")  # fmt: skip
    if len(found) != len(made):
        raise RuntimeError("Function's jvp returned an invalid number of forward gradients "
                           f"(expected {len(made)} but got {len(found)})")  # fmt: skip
    for number, (out, was, tangent) in enumerate(zip(made, outs, found, strict=True)):
        if not isinstance(out, Tensor) or tangent is None:
            continue
        if _among(was, node._constant) or out._array.dtype.kind not in "fc":
            raise RuntimeError(f"Function's jvp returned a gradient at position {number}, but  the "
                               "corresponding forward output is not a differentiable Tensor.You "
                               "should return None at that position instead.")  # fmt: skip
        k = next((k for k, x in enumerate(inputs) if was is x), None)
        if k is not None and _among(was, node._dirty):
            if tangent is not filled[k] or tangent._counter[0] == versions[k]:
                raise RuntimeError(
                    "An inplace custom Function is not modifying the forward mode gradients "
                    "inplace. If the forward is modifying an input inplace, then the jvp function "
                    "must modify the corresponding gradient inplace."
                )
        elif out._view is not None:  # of an input: its tangent looks at the input's tangent
            seen = [t for x, t in zip(inputs, filled, strict=True)
                    if t is not None and _root(x) is out._view.base]  # fmt: skip
            problem = ("A custom Function's forward is returning a view (or an input as-is) but "
                       "the jvp is not returning a view")  # fmt: skip
            if seen and tangent._view is None:
                raise RuntimeError(f"{problem}.")
            if seen and not _among(tangent._view.base, map(_root, seen)):
                whose = "given" if seen[0]._view is None else "same base as the given"
                raise RuntimeError(f"{problem} of the {whose} grad input.")
        give_tangent(out, tangent)


def _root(x: Tensor) -> Tensor:
    return x if x._view is None else x._view.base


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward that is not itself to be differentiated: its results track nothing."""

    @wraps(backward)
    def once(ctx: Any, *cotangents: Any) -> Any:
        with Within(enabled=False):
            returned = backward(ctx, *cotangents)
        if not (mode.enabled and any(isinstance(v, Tensor) and v._tracked for v in cotangents)):
            return returned
        # What came out seems to be tracked, by a node that refuses to go back.
        outs = returned if isinstance(returned, tuple) else (returned,)
        leaves = [wrap(0) if x is None else x.detach().requires_grad_() for x in outs]
        made = several([x.detach() for x in leaves], "torch::autograd::Error",
                       [_not_twice] * len(leaves), *leaves)  # fmt: skip
        tracked = tuple(None if x is None else y for x, y in zip(outs, made, strict=True))
        return tracked if isinstance(returned, tuple) else tracked[0]

    return once


def _not_twice(*_: Any) -> Any:
    raise RuntimeError("trying to differentiate twice a function that was marked with "
                       "@once_differentiable")  # fmt: skip


class InplaceFunction(Function):
    """A function that may be asked to write its result into its first input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


FunctionCtx = FunctionNode
