"""Tensor: an array that remembers where it came from.

What a tensor knows: its numbers (``_array``), how often they were written in place (``_counter``,
one cell shared by every view and alias), whether it is tracked, and its edge, the place in the
graph that a cotangent of it goes to. Arithmetic is attached by ``operators``, shapes by
``structural``, indices by ``indexing``, writing in place by ``inplace``, ``backward`` by
``backward``.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcalc.autograd.core import dtypes
from gradcalc.autograd.core.dtypes import Size
from gradcalc.autograd.core.grad_mode import Timeless, mode, watching
from gradcalc.autograd.core.node import (
    NOWHERE,
    AccumulateGrad,
    Edge,
    Handle,
    Node,
    clock,
    detached,
    hang,
    note,
)
from gradcalc.autograd.core.numbers import Numbers

_GRAD_OF_NON_LEAF = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
    "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
    "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor."
)
_USE_DETACH = (
    " If you want to use a computed variable in a subgraph that doesn't require differentiation "
    "use var_no_grad = var.detach()."
)


class Tensor(Numbers):
    """An n-dimensional array with a gradient. Make one with ``tensor``, ``zeros``, ``randn`` …

    >>> import gradcalc.autograd as torch
    >>> x = torch.tensor([2.0, 3.0], requires_grad=True)
    >>> y = (x**2).sum()
    >>> y.backward()
    >>> x.grad
    tensor([4., 6.])
    """

    _counter: list[int]
    _tracked = False
    _edge: Edge | None = None
    _view: Any = None  # how it came from its base: a ``View``, of ``views``
    _grad: Tensor | None = None
    _retains = False
    _accumulator: weakref.ref[AccumulateGrad] | None = None
    _hooks: Any = ()
    _after_hooks: Any = ()
    _untracked_views: Any = ()
    _tangent: Tensor | None = None
    _parameter = False
    _detached = 0  # the clock when ``detach_`` took it out of its graph

    def __new__(cls, *data: Any, requires_grad: bool = False) -> Tensor:
        """``Tensor([2, 3])`` holds these numbers; ``Tensor(2, 3)`` is of that shape."""
        kind = dtypes.get_default_dtype().numpy
        if not data or isinstance(data[0], int | Size):
            array = np.zeros(data[0] if data and isinstance(data[0], Size) else data or 0, kind)
        else:
            array = np.array(data[0]._array if isinstance(data[0], Tensor) else data[0], kind)
        made = wrap(array)
        made.requires_grad = requires_grad
        return made

    if TYPE_CHECKING:  # attached by the modules that define the operations

        def __getattr__(self, name: str) -> Any: ...
        def _with(self, *others: Any) -> Tensor: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _with
        __rtruediv__ = __matmul__ = __pow__ = __lt__ = __le__ = __gt__ = __ge__ = _with
        __neg__ = __getitem__ = __setitem__ = _with

    # --- where it stands ----------------------------------------------------------------------

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it: gradients stop, and accumulate, here."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it; None for a leaf."""
        if self._edge is not None:
            return self._edge[0]
        return self._view.edge(self)[0] if self._view is not None and self._tracked else None

    output_nr = property(lambda self: edge(self)[1])
    retains_grad = property(lambda self: self._retains)
    _base = property(lambda self: self._view.base if self._view is not None else None)

    @property
    def _version(self) -> int:
        if self.is_inference():
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._counter[0]

    def is_inference(self) -> bool:
        """Whether it was made in ``inference_mode``, and is never to be differentiated."""
        return type(self._counter) is Timeless

    # --- its numbers --------------------------------------------------------------------------

    @property
    def data(self) -> Tensor:
        """The same numbers, untracked, and outside the version count: writes go unnoticed."""
        return wrap(self._array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self._tracked and value._array.dtype.kind not in "fc":
            raise RuntimeError("data set to a tensor that requires gradients must be floating "
                               "point or complex dtype")  # fmt: skip
        self._array = value._array

    def detach(self) -> Tensor:
        """The same numbers, untracked. Writing to it is writing to both, and both know."""
        alias = wrap(self._array)
        alias._counter = self._counter
        return alias

    def detach_(self) -> Tensor:
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        if self._edge is not None:
            self._detached = next(clock)
            detached[:] = [self._detached]
        self._edge, self._tracked, self._tangent = None, False, None
        for view in self._untracked_views:
            view._tracked = view._view.own
        return self

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The numbers as a numpy array that shares their memory; ``force`` detaches first."""
        if self._tracked and mode.enabled and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use "
                               "tensor.detach().numpy() instead.")  # fmt: skip
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self.ndim else self

    def __deepcopy__(self, memo: Any) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a torch.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            )
        copy = wrap(self._array.copy())
        copy._tracked = self._tracked
        copy._grad = deepcopy(self._grad, memo)
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> Any:
        """Leaves can be pickled: their numbers, and whether they require grad."""
        if not self.is_leaf:
            raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) can be "
                               "pickled: what was computed belongs to a graph. Pickle "
                               "y.detach().")  # fmt: skip
        return _unpickled, (self._array, self._tracked)

    # --- its gradient -------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        return self._tracked

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if not self.is_leaf:
            raise RuntimeError("you can only change requires_grad flags of leaf variables."
                               f"{'' if value else _USE_DETACH}")  # fmt: skip
        if value and self._array.dtype.kind not in "fc":
            raise RuntimeError("only Tensors of floating point and complex dtype can require "
                               "gradients")  # fmt: skip
        if value and self.is_inference() and not mode.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside "
                               "InferenceMode is not allowed.")  # fmt: skip
        self._tracked = value or (self._view is not None and self._view.base._tracked)
        if self._view is not None:
            self._view.own = value
        if value:
            wake_views(self)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if requires_grad and self._array.dtype.kind not in "fc":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if not requires_grad or self.is_leaf:
            self.requires_grad = requires_grad
        return self

    @property
    def grad(self) -> Tensor | None:
        """What backward has added up here: None before the first pass."""
        if self._grad is None and self._tracked and not self._retains and not self.is_leaf:
            warnings.warn(_GRAD_OF_NON_LEAF, UserWarning, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is None:
            self._grad = None
            return
        if not isinstance(value, Tensor):
            raise TypeError("assigned grad expected to be a Tensor or None but got grad of type "
                            f"{type(value).__name__}")  # fmt: skip
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value._array.dtype != self._array.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{value.dtype.in_c}' to a tensor with "
                f"grad_dtype '{self.dtype.older}'. The gradient must match the tensor's grad_dtype "
                "(defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute "
                "with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. "
                "Diverging the dtypes of a tensor and its gradient may break downstream systems "
                "that assume they match."
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(f"attempting to assign a gradient of size '{list(value.shape)}' to "
                               f"a tensor of size '{list(self.shape)}'. Please ensure that the "
                               "gradient and the tensor are the same size")  # fmt: skip
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _set_hooks(self, hooks: Any) -> None:
        self._hooks = () if hooks is None else hooks

    _backward_hooks = property(lambda self: None if self._hooks == () else self._hooks, _set_hooks)
    _grad_fn = property(lambda self: self.grad_fn)

    def _is_view(self) -> bool:
        return self._view is not None

    def _accumulate(self, v: Any, tracked: bool, alone: bool = False) -> None:
        """Add a cotangent to ``.grad``: a copy unless it is alone, then in place; out of place if
        tracked."""
        old = self._grad
        if tracked or (self._retains and old is not None):
            v = v if isinstance(v, Tensor) else wrap(np.array(v))
            v = v if v.dtype == self.dtype else v.to(self.dtype)
            # A first gradient is never the caller's own tensor, which may be written to later.
            empty = wrap(np.empty_like(v._array, order="C"))
            self._grad = empty.copy_(v) if old is None else old + v
        elif old is None:
            self._grad = wrap(np.array(v, self._array.dtype, copy=None if alone else True))
        else:
            np.add(old._array, v, out=old._array)
            old._counter[0] += 1

    def retain_grad(self) -> None:
        """Ask for ``.grad`` although this is not a leaf."""
        if not self._tracked:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.is_leaf or self._retains:
            return
        self._retains = True
        retain(self)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Handle:
        """Call ``hook(gradient)`` when the gradient is complete; it may return another."""
        if not self._tracked:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node, k = edge(self)
        owner, kind = (self, "_hooks") if self.is_leaf else (node, "tensor_hooks")
        return hang(owner, kind, (k, hook))

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Handle:
        """Call ``hook(leaf)`` after a sweep has added to its ``.grad``."""
        if not self._tracked:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf "
                               "tensors")  # fmt: skip
        return hang(self, "_after_hooks", hook)


def _never_deleted(name: str, words: str) -> None:
    def refuse(x: Tensor) -> None:
        raise RuntimeError(words)

    setattr(Tensor, name, vars(Tensor)[name].deleter(refuse))


_never_deleted("data", "Deleting tensor data is not allowed. Delete tensor instead!")
_never_deleted("requires_grad", "requires_grad must be a bool")
_never_deleted("_backward_hooks", "Deletion of _backwards_hooks not allowed!")
_never_deleted("_grad_fn", "Deletion of _grad_fn not allowed. Detach tensor instead!")


def _unpickled(array: Any, requires_grad: bool) -> Tensor:
    made = wrap(array)
    made._tracked = requires_grad
    return made


def wrap(array: Any) -> Tensor:
    """An untracked tensor around an array (or a numpy scalar, as ufuncs return for 0-d)."""
    made = _bare(Tensor)
    made._array = array if type(array) is np.ndarray else np.asarray(array)
    made._counter = Timeless([0]) if watching and mode.inference else [0]
    return made


_bare = object.__new__


def edge(x: Tensor) -> Edge:
    """Where a cotangent of x goes: its node, or the accumulator of a leaf, or nowhere."""
    if x._edge is not None:
        return x._edge
    if not x._tracked:
        return NOWHERE
    if x._view is not None:
        found: Edge = x._view.edge(x)
        if found[0] is not None or not x._view.own:
            return found
    accumulator = x._accumulator() if x._accumulator is not None else None
    if accumulator is None:
        accumulator = AccumulateGrad(x)
        x._accumulator = weakref.ref(accumulator)
    return (accumulator, 0)


def tracks(*inputs: Tensor) -> bool:
    """Whether an operation on these tensors leaves a node: to be recorded, or for its tangent."""
    if watching and mode.dual and any(x._tangent is not None for x in inputs):
        return True
    if not mode.enabled:
        return False
    return any(x._tracked for x in inputs)


def attach(out: Tensor, node: Node, *inputs: Tensor) -> Tensor:
    """Record that ``node`` made ``out`` from ``inputs``."""
    if watching and mode.dual:
        mode.dual(out, node, inputs)
        if not (mode.enabled and any(x._tracked for x in inputs)):
            return out
    node.next_functions = tuple([x._edge or edge(x) for x in inputs])
    node.order = next(clock)
    if watching:
        note(node)
    place(out, (node, 0))
    return out


def place(x: Tensor, where: Edge) -> None:
    """Put x there in the graph."""
    x._tracked = True
    if x._view is None:
        x._edge = where
    else:
        x._view.recorded, x._view.seen = where, x._counter[0]


def wake_views(base: Tensor) -> None:
    """The base has become tracked, and so have its views."""
    for each in base._untracked_views:
        each._tracked = True
    base._untracked_views = ()


def save(*tensors: Tensor) -> tuple[tuple[Any, ...], ...]:
    """The saved entries of inputs."""
    return tuple([(x._array, x._counter, x._counter[0], x) for x in tensors])


def retain(x: Tensor, before: Edge = NOWHERE) -> None:
    """Have the sweep leave x's gradient in ``.grad`` where it passes x, and no more ``before``."""
    node, number = before
    if node is not None:
        node.retained = {k: kept for k, kept in node.retained.items() if k != number}
    node, number = edge(x)
    if node is not None:
        node.retained = {**node.retained, number: weakref.ref(x)}


def _rebuild(node: Node, array: Any, counter: list[int]) -> Tensor:
    """A node's output again, as a new tensor with the same place in the graph."""
    tensor = wrap(array)
    tensor._counter = counter
    tensor._edge, tensor._tracked = (node, node.numbers.get(id(array), 0)), True
    return tensor


Node.rebuild = _rebuild
Node.place, Node.wrap = staticmethod(edge), staticmethod(wrap)
