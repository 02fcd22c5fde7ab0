# ruff: noqa: A004, RUF022  (names are PyTorch's, and imported to be found here)
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

Where to read first: ``node`` (what an operation leaves behind), ``backward`` (the sweep, one
screen), ``elementwise`` (every function of the primitive table), ``structural`` (indexing and
shapes), ``inplace`` (what ``y[0] = …`` does to the graph).

The names are PyTorch's, the semantics too; the numbers are float32 unless asked otherwise. Known
differences: derivatives use the primitive table's accurate formulas (tanh′ = sech², exact to the
edges), and ``hypot`` has slope 0 at the origin, as ``norm`` does, where PyTorch answers NaN.
numpy's floating-point warnings appear on the way forward, as ``numpy.seterr`` has them.
"""

from __future__ import annotations

import math as _math
import sys as _sys

from gradcalc.autograd import (
    creation,
    dtypes,
    elementwise,
    func,
    functional,
    inplace,
    linear,
    node,
    operators,
    printing,
    reductions,
    structural,
    views,
)
from gradcalc.autograd import (
    grad_mode as grad_mode,
)
from gradcalc.autograd.backward import backward, grad
from gradcalc.autograd.creation import (
    Variable,
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    manual_seed,
    ones,
    ones_like,
    rand,
    rand_like,
    randn,
    randn_like,
    scalar_tensor,
    tensor,
    zeros,
    zeros_like,
)
from gradcalc.autograd.dtypes import (
    Size,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from gradcalc.autograd.function import Function, once_differentiable
from gradcalc.autograd.grad_mode import (
    detect_anomaly,
    enable_grad,
    is_grad_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from gradcalc.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from gradcalc.autograd.joining import cat, chunk, concat, concatenate, split, stack, unbind
from gradcalc.autograd.linear import bmm, diag, diagonal, dot, matmul, mm, movedim, mv, outer, trace
from gradcalc.autograd.reductions import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    clamp,
    clip,
    cumsum,
    logsumexp,
    max,
    maximum,
    mean,
    min,
    minimum,
    norm,
    prod,
    softmax,
    std,
    sum,
    var,
    where,
)
from gradcalc.autograd.structural import (
    broadcast_to,
    clone,
    flatten,
    flip,
    repeat,
    reshape,
    squeeze,
    t,
    transpose,
    unsqueeze,
)
from gradcalc.autograd.tensor import Tensor

__all__ = [
    "all", "allclose", "amax", "amin", "any", "arange", "argmax", "argmin", "as_tensor",
    "autograd", "backward", "bmm", "bool", "broadcast_to", "cat", "cdouble", "cfloat", "chunk",
    "clamp", "clip", "clone", "complex128", "complex64", "concat", "concatenate", "creation",
    "cumsum", "detect_anomaly", "diag", "diagonal", "dot", "double", "dtype", "dtypes", "e",
    "elementwise", "empty", "empty_like", "enable_grad", "equal", "eye", "flatten", "flip",
    "float", "float16", "float32", "float64", "from_numpy", "full", "full_like", "func",
    "Function", "functional", "get_default_dtype", "grad", "grad_mode", "gradcheck",
    "GradcheckError", "gradgradcheck", "half", "inf", "inplace", "int", "int16", "int32",
    "int64", "int8", "is_grad_enabled", "is_tensor", "linalg", "linear", "linspace",
    "logsumexp", "long", "manual_seed", "matmul", "max", "maximum", "mean", "min", "minimum",
    "mm", "movedim", "mv", "nan", "no_grad", "node", "norm", "numel", "once_differentiable",
    "ones", "ones_like", "outer", "permute", "pi", "printing", "prod", "rand", "rand_like",
    "randn", "randn_like", "reductions", "repeat", "reshape", "scalar_tensor",
    "set_default_dtype", "set_detect_anomaly", "set_grad_enabled", "short", "Size", "softmax",
    "split", "squeeze", "stack", "std", "structural", "sum", "t", "tensor", "Tensor", "trace",
    "transpose", "uint8", "unbind", "unsqueeze", "var", "Variable", "views", "where", "zeros",
    "zeros_like",
]  # fmt: skip

float = float32
double = float64
half = float16
long = int64
int = int32
short = int16
bool = dtypes.bool_
cfloat, cdouble = complex64, complex128
pi, e, inf, nan = _math.pi, _math.e, _math.inf, _math.nan

autograd = _sys.modules[__name__]
"""``torch.autograd.grad`` is ``torch.grad`` here."""
linalg = reductions
"""For ``torch.linalg.norm``."""

permute = vars(Tensor)["permute"]
globals().update(
    {
        name: operation
        for name, operation in (
            elementwise.FUNCTION | operators.ARITHMETIC | operators.COMPARISONS | operators.TESTS
        ).items()
        if name not in operators.RESHAPING
    }
)


def is_tensor(x: object) -> object:
    """Whether x is a tensor."""
    return isinstance(x, Tensor)


def numel(x: Tensor) -> object:
    """How many elements x has."""
    return x.numel()


def allclose(x: Tensor, y: Tensor, rtol: object = 1e-5, atol: object = 1e-8) -> object:
    """Whether x and y agree within the tolerances."""
    import numpy as np

    return np.bool_(np.allclose(x._array, y._array, rtol, atol)).item()  # type: ignore[arg-type]


def equal(x: Tensor, y: Tensor) -> object:
    """Whether x and y have the same shape and numbers."""
    return x.shape == y.shape and (x._array == y._array).all().item()
