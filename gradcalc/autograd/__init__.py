# ruff: noqa: F401  (imported to be found here, under PyTorch's names)
"""PyTorch's autograd, on numpy: eager tensors that remember how they were made.

>>> import gradcalc.autograd as torch
>>> x = torch.tensor([2.0, 3.0], requires_grad=True)
>>> y = torch.zeros(2)
>>> y[0] = x[0] ** 2 + 3 * x[1]
>>> y[1] = x[1] ** 2 + 2 * x[0]
>>> y
tensor([13., 13.], grad_fn=<CopySlices>)
>>> y.backward(torch.tensor([1.0, 1.0]))  # vᵀJ with v = (1, 1)
>>> x.grad
tensor([6., 9.])

Where to read first: README.md in this folder (the idea, a drawing, what holds), ``core/node`` (what
an operation leaves behind), ``sweep`` (one screen), ``operations/elementwise`` (every
function of the primitive table), ``operations/inplace`` (what ``y[0] = …`` does to the graph).

The names are PyTorch's, the semantics too; the numbers are float32 unless asked otherwise. Known
differences:

- Derivatives use the primitive table's accurate formulas (tanh′ = sech², exact to the edges). Where
  such a formula saves the input and PyTorch's saves the result (tanh, sigmoid), another of the two
  must not be written to before backward. ``hypot`` has slope 0 at the origin, as ``norm`` does.
- Where PyTorch's second derivatives are NaN (‖x‖ and x**x at 0, atan2 at the origin) they are often
  numbers here; outside a function's domain slopes are NaN, as its values are. Equal numbers are
  sorted stably, always. The second derivative of clamp is 0 here, and refused there.
- Several integers and slices are one node, and so is a vector times a matrix; PyTorch has several.
- A first gradient is a copy of whatever anybody else holds: PyTorch may keep that itself.
- Conjugates are computed when they are asked for; PyTorch sets a bit.
- ``vmap`` and ``is_grads_batched`` are loops; ``save`` and ``load`` have a format of their own.
- Lists may be assigned to slots, and arrays of numpy multiplied with tensors that require grad;
  ``atan2``, ``hypot`` and ``logaddexp`` take numbers beside a tensor.
- Not here: layers, optimizers, devices, named axes, sparse tensors, bfloat16 (numpy has no such
  numbers), einsum, determinants and solves.
"""

from __future__ import annotations

import math as _math
import sys as _sys
import warnings as _warnings
from types import SimpleNamespace as _SimpleNamespace
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from gradcalc.autograd import (
    forward_ad,
    func,
    function,
    functional,
    graph,
    nn,
    printing,
    program,
)
from gradcalc.autograd import gradcheck as checking
from gradcalc.autograd.backward import GradientEdge, backward, grad
from gradcalc.autograd.core import dtypes, grad_mode, node, views
from gradcalc.autograd.core.dtypes import Size, device, dtype, get_default_dtype, set_default_dtype
from gradcalc.autograd.core.grad_mode import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
    set_multithreading_enabled,
)
from gradcalc.autograd.core.registry import NAMES as _NAMES
from gradcalc.autograd.core.registry import called as _called
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.function import Function, once_differentiable
from gradcalc.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from gradcalc.autograd.graph import queue_callback, run_backward
from gradcalc.autograd.operations import (
    complexes,
    copies,
    creation,
    elementwise,
    inplace,
    joining,
    linear,
    operators,
    reductions,
    selection,
    statistics,
    structural,
)
from gradcalc.autograd.printing import set_printoptions

if _TYPE_CHECKING:  # what is registered is found by its name, and by its documentation

    def __getattr__(name: str) -> _Any: ...


vmap = func.vmap
pi, e, inf, nan = _math.pi, _math.e, _math.inf, _math.nan
globals().update(
    {name: dtypes.SHORT[name] for name in dtypes.SHORT if name not in ("char", "byte")}
)
globals().update({kind.name: kind for kind in dtypes.ALL if kind.name != "bool"})
globals().update(_NAMES)

__all__ = sorted([*_NAMES, *(name for name in dir() if not name.startswith("_"))])

# numpy's "divide by zero" and "overflow": infinities are results here, as they are in PyTorch.
_warnings.filterwarnings(
    "ignore", category=RuntimeWarning, module=r"gradcalc\.(autograd|functions)\b"
)

_NAMES["Variable"]._execution_engine = _SimpleNamespace(
    queue_callback=queue_callback, run_backward=run_backward
)
autograd = _sys.modules[__name__]
"""``torch.autograd.grad`` is ``torch.grad`` here."""
linalg = _SimpleNamespace(
    norm=_called(statistics.linalg_norm), vector_norm=_called(statistics.vector_norm),
    matrix_norm=_called(statistics.matrix_norm), svdvals=linear.svdvals,
)  # fmt: skip

cuda = _SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
"""So that ``"cuda" if torch.cuda.is_available() else "cpu"`` finds its answer."""
