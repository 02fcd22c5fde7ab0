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
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradcalc.autograd.core.grad_mode import Within, mode, watching
from gradcalc.autograd.core.node import NOWHERE, Node, clock, give_tangent, note
from gradcalc.autograd.core.registry import python_type
from gradcalc.autograd.core.tensor import Tensor, edge, place, wrap
from gradcalc.autograd.core.views import made_in_function, one_of_several
from gradcalc.autograd.operations.copies import convert
from gradcalc.autograd.operations.inplace import move, rebase, refuse_leaf
from gradcalc.autograd.operations.structural import sum_to, view_as


class FunctionNode(Node):
    """The node of a custom function, and the ``ctx`` that its forward and backward are given."""

    function: type[Function]
    runs_on_nothing = True

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._constant: tuple[Tensor, ...] = ()
        self._materialize = self._materialize_non_diff_grads = True
        self._for_forward: tuple[Tensor, ...] = ()
        self._inputs: list[tuple[Any, Any] | None] = []
        self._outs: list[Any] = []
        self._saved_outputs: dict[int, int] = {}  # by the identity of the array, which is saved
        self.needs_input_grad: tuple[bool, ...] = ()

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

    def rebuild(self, array: Any, counter: list[int]) -> Tensor:
        """A saved output as a tensor again: it may be any of several."""
        tensor: Tensor = Node.rebuild(self, array, counter)
        tensor._edge = (self, self._saved_outputs[id(array)])
        return tensor

    # --- the way back -------------------------------------------------------------------------

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        given = [self._given(k, v) for k, v in enumerate(cotangents)]
        with Within(enabled=tracked):
            returned = self.function._reverse()(self, *given)
            flowing = self._checked(returned if isinstance(returned, tuple) else (returned,))
        return flowing if tracked else [v if v is None else v._array for v in flowing]

    def _given(self, k: int, v: Any) -> Tensor | None:
        if v is not None:
            return v if isinstance(v, Tensor) else wrap(v)
        if not self._materialize or self._outs[k] is None:
            return None
        return wrap(np.zeros(*self._outs[k]))

    def _checked(self, returned: tuple[Any, ...]) -> list[Any]:
        """One cotangent per input, of the input's shape; PyTorch's messages where not."""
        count = len(self._inputs)
        if len(returned) > count and all(v is None for v in returned[count:]):
            returned = returned[:count]
        if len(returned) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{count}, got {len(returned)})"
            )
        return [self._fitted(k, v) for k, v in enumerate(returned)]

    def _fitted(self, k: int, v: Any) -> Any:
        wanted = self._inputs[k]
        if v is None or wanted is None:
            return None
        if not isinstance(v, Tensor):
            raise RuntimeError(f"expected Variable or None (got {python_type(v)})")
        shape, kind = wanted
        if not _sums_to(v._array.shape, shape):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {k} - got "
                f"{list(v.shape)} but expected shape compatible with {list(shape)}"
            )
        return convert(sum_to(v, shape), kind)


def _sums_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an operand of the target's shape could have been broadcast to ``shape``."""
    lead = len(shape) - len(target)
    if lead < 0:
        return False
    return all(n in (1, m) for n, m in zip(target, shape[lead:], strict=True))


class Function:
    """Subclass it with static methods ``forward(ctx, *inputs)`` and ``backward(ctx, *cotangents)``.

    ``apply`` runs forward and records the call. ``backward`` returns one cotangent per input, None
    for an input that gets none. Written in tensor operations, it can itself be differentiated.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Turn the cotangents of the outputs into those of the inputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    setup_context: Callable[..., None] | None = None
    vjp: Callable[..., Any] | None = None
    """Another name for ``backward``."""
    generate_vmap_rule = False
    jvp: Callable[..., Any] | None = None
    """``jvp(ctx, *tangents)``: the tangents of the outputs, for forward mode."""

    def __init__(self) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *_: Any) -> Any:
        raise RuntimeError(_LEGACY)

    @classmethod
    def _reverse(cls) -> Callable[..., Any]:
        if cls.vjp is None:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
        return cls.vjp

    @classmethod
    def apply(cls, *inputs: Any, **options: Any) -> Any:
        """Run forward on the inputs, recorded if grad mode is on and one of them is tracked."""
        if not isinstance(inspect.getattr_static(cls, "forward"), staticmethod | classmethod):
            raise RuntimeError(_LEGACY)
        if cls.setup_context is not None:
            bound = inspect.signature(cls.forward).bind(*inputs, **options)
            bound.apply_defaults()
            inputs, options = bound.args, bound.kwargs
        elif options:
            bound = inspect.signature(cls.forward).bind(None, *inputs, **options)
            inputs, options = bound.args[1:], bound.kwargs
        node = _node_of(cls)()
        node.needs_input_grad = tuple(isinstance(x, Tensor) and x._tracked for x in inputs)
        with Within(enabled=False, dual=None):
            if cls.setup_context is None:
                returned = cls.forward(node, *inputs, **options)
            else:
                returned = cls.forward(*inputs, **options)
                cls.setup_context(node, inputs, returned)
        return _record(node, inputs, returned)


_LEGACY = (
    "Legacy autograd function with non-static forward method is deprecated. Please use new-style "
    "autograd function with static forward method. (Example: "
    "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
)


def _node_of(cls: type[Function]) -> type[FunctionNode]:
    """``class Cube(Function)`` makes ``CubeBackward`` nodes."""
    made = cls.__dict__.get("_node")
    if made is None:
        made = type(f"{cls.__name__}Backward", (FunctionNode,), {"function": cls})
        cls._node = made  # type: ignore[attr-defined]
    return made


def _record(node: FunctionNode, inputs: Sequence[Any], returned: Any) -> Any:
    """Give the outputs their place in the graph, as far as they have one."""
    outs = list(returned) if isinstance(returned, tuple) else [returned]
    tensors = [x if isinstance(x, Tensor) else None for x in inputs]
    recorded = mode.enabled and any(node.needs_input_grad)
    if any(all(x is not out for out in outs) for x in node._dirty):
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. "
            "The inputs that are modified inplace must all be outputs of the Function."
        )
    node.outputs = len(outs)
    node.order = next(clock)
    node._inputs = [None if x is None else (x._array.shape, x._array.dtype) for x in tensors]
    node.next_functions = tuple(NOWHERE if x is None or not recorded else edge(x) for x in tensors)
    tangents = [None if x is None or not mode.dual else x._tangent for x in tensors]
    made = [
        _output(node, k, out, tensors, recorded) if isinstance(out, Tensor) else out
        for k, out in enumerate(outs)
    ]
    differentiable = [out for out in made if isinstance(out, Tensor) and out._tracked and recorded]
    if len(differentiable) > 1:
        one_of_several(differentiable)
    if recorded:
        node._outs = [(out._array.shape, out._array.dtype) if isinstance(out, Tensor) else None
                      for out in outs]  # fmt: skip
        node.saved = tuple(_entry(node, k, outs, made) for k in range(len(node._to_save)))
        if watching:
            note(node)
    if any(t is not None for t in tangents):
        _tangents(node, tensors, tangents, outs, made)
    if not node._materialize_non_diff_grads:
        node._outs = [None if any(out is x for x in node._constant) else known
                      for out, known in zip(outs, node._outs, strict=False)]  # fmt: skip
    node._to_save = node._dirty = node._constant = ()
    return tuple(made) if isinstance(returned, tuple) else made[0]


def _output(
    node: FunctionNode, k: int, out: Tensor, inputs: Sequence[Any], recorded: bool
) -> Tensor:
    constant = not recorded or any(out is x for x in node._constant)
    given = any(out is x for x in inputs)
    dirty = any(out is x for x in node._dirty)
    if constant or out._array.dtype.kind not in "fc":
        if given and out._tracked:
            out = out.detach()
        elif given and not dirty:
            out = _as_it_is(out)
        elif out._tracked and out._view is None:
            out._edge, out._tracked = None, False
    elif dirty:
        _rebase(node, k, out, given)
    else:
        if given:
            out = _as_it_is(out)
        place(out, (node, k))
    if not (given and dirty):
        made_in_function(out)
    return out


def _as_it_is(out: Tensor) -> Tensor:
    """An input that is returned, seen through this function."""
    with Within(enabled=False):
        return view_as(out, out)


def _rebase(node: FunctionNode, k: int, out: Tensor, given: bool) -> None:
    """``out`` was written to by forward, and comes from this function now."""
    refuse_leaf(out, "has been")
    if not given:
        warnings.warn(
            "Only input Tensors should be given to ctx.mark_dirty(). If a Tensor is not an input, "
            "there is no need to pass it to mark_dirty().",
            UserWarning,
            stacklevel=4,
        )
    if out._view is not None and node.outputs > 1:
        raise RuntimeError(
            "If your Function modifies inplace an input that is a view of another Tensor, your "
            "Function cannot return more than one Tensor. This is not supported by the current "
            "autograd engine. You should either make sure the input is not a view (using .clone() "
            "for example) or make your Function only return one Tensor (potentially splitting it "
            "into two Functions: one doing the inplace that returns a single Tensor and a second "
            "one that does the other operations)."
        )
    out._counter[0] += 1
    out._grad = None
    if out._view is not None:
        move(out, node, node.next_functions[1:])
    else:
        rebase(out, (node, k))


def _tangents(
    node: FunctionNode, inputs: Sequence[Any], given: Sequence[Any], outs: Sequence[Any],
    made: Sequence[Any],
) -> None:  # fmt: skip
    """Forward mode: what the function's own ``jvp`` says, and whether that can be."""
    kind = node.function
    if kind.jvp is None:
        raise RuntimeError(
            f"Trying to use forward AD with {kind.__name__} that does not support it because it "
            "has not been implemented yet: You must implement the jvp function for custom "
            "autograd.Function to use it with forward mode AD."
        )
    filled = [
        wrap(np.zeros_like(x._array))
        if t is None and x is not None and node._materialize and x._array.dtype.kind in "fc"
        else t
        for x, t in zip(inputs, given, strict=True)
    ]
    versions = [None if t is None else t._counter[0] for t in filled]
    saved, node.saved = node.saved, tuple((x._array, x._counter, x._counter[0], x)
                                          for x in node._for_forward)  # fmt: skip
    returned = kind.jvp(node, *filled)
    node.saved = saved
    found = returned if isinstance(returned, tuple) else (returned,)
    if len(found) != len(made):
        raise RuntimeError(
            f"{kind.__name__}.jvp returned an incorrect number of forward gradients (expected "
            f"{len(made)} got {len(found)})"
        )
    for out, was, tangent in zip(made, outs, found, strict=True):
        if not isinstance(out, Tensor) or tangent is None:
            continue
        if any(was is x for x in node._constant) or out._array.dtype.kind not in "fc":
            raise RuntimeError(
                f"{kind.__name__}.jvp returned a forward gradient for an output that is not "
                "differentiable. You should return None at that position instead."
            )
        k = next((k for k, x in enumerate(inputs) if was is x), None)
        if k is not None and any(was is x for x in node._dirty):
            if tangent is not filled[k] or tangent._counter[0] == versions[k]:
                raise RuntimeError(
                    "An inplace custom Function is not modifying the forward mode gradients "
                    "inplace. If the forward is modifying an input inplace, then the jvp function "
                    "must modify the corresponding gradient inplace."
                )
        elif k is not None or (
            was._view is not None
            and any(was._view.base is _root(x) for x in inputs if x is not None)
        ):
            _check_view(tangent, filled if k is None else [filled[k]])
        if tangent.shape != out.shape:
            raise RuntimeError(
                f"Forward gradients {list(tangent.shape)} must have the shape of the output, "
                f"{list(out.shape)}"
            )
        give_tangent(out, tangent)


def _root(x: Tensor) -> Tensor:
    return x if x._view is None else x._view.base


def _check_view(tangent: Tensor, given: Sequence[Any]) -> None:
    """An output that looks at an input has a tangent that looks at the input's tangent."""
    problem = "A custom Function's forward is returning a view (or an input as-is) but the jvp is "
    if tangent._view is None:
        raise RuntimeError(problem + "not returning a view.")
    known = [t for t in given if t is not None]
    if all(tangent._view.base is not _root(t) for t in known):
        whose = "same base as the given" if known and known[0]._view is not None else "given"
        raise RuntimeError(f"{problem}not returning a view of the {whose} grad input.")


def _entry(node: FunctionNode, k: int, outs: Sequence[Any], made: Sequence[Any]) -> Any:
    """The k-th saved entry; of an own output without the tensor, which would be a cycle."""
    x = node._to_save[k]
    if x is None:
        return None
    if not isinstance(x, Tensor):
        raise TypeError(f"save_for_backward can only save variables, but argument {k} is of type "
                        f"{python_type(x)}")  # fmt: skip
    own = next((k for k, out in enumerate(outs) if out is x), None)
    if own is None or edge(made[own])[0] is not node:
        return (x._array, x._counter, x._counter[0], x)
    node._saved_outputs[id(x._array)] = own
    return (x._array, x._counter, x._counter[0], None)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward that is not itself to be differentiated: its results track nothing."""

    @wraps(backward)
    def once(ctx: Any, *cotangents: Any) -> Any:
        with Within(enabled=False):
            returned = backward(ctx, *cotangents)
        if not (mode.enabled and any(isinstance(v, Tensor) and v._tracked for v in cotangents)):
            return returned
        outs = returned if isinstance(returned, tuple) else (returned,)
        # What came out seems to be tracked, by a node that refuses to go back.
        node = Error()
        leaves = [None if out is None else out.detach().requires_grad_() for out in outs]
        node.next_functions = tuple(NOWHERE if x is None else edge(x) for x in leaves)
        node.outputs, node.order = len(outs), next(clock)
        for k, out in enumerate(leaves):
            if out is not None:
                leaves[k] = out = out.detach()
                place(out, (node, k))
        return tuple(leaves) if isinstance(returned, tuple) else leaves[0]

    return once


class Error(Node):
    """In place of a derivative that was not written."""

    runs_on_nothing = True

    def pull(self, cotangents: Sequence[Any], tracked: bool) -> Sequence[Any]:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


class InplaceFunction(Function):
    """A function that may be asked to write its result into its first input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


FunctionCtx = FunctionNode
