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
screen), ``elementwise`` (every function of the primitive table), ``structural`` and ``indexing``
(shapes, ``x[key]``), ``inplace`` (what ``y[0] = …`` does to the graph). Every other operation is a
node with its formula, in ``operators``, ``reductions``, ``statistics``, ``linear``, ``joining`` and
``selection``.

The names are PyTorch's, the semantics too; the numbers are float32 unless asked otherwise. Known
differences:

- Derivatives use the primitive table's accurate formulas (tanh′ = sech², exact to the edges). Where
  such a formula saves the input and PyTorch's saves the result, another of the two must not be
  written to before backward. ``hypot`` has slope 0 at the origin, as ``norm`` does, not NaN.
- An index with several parts is one node, and so is a vector times a matrix; PyTorch has several.
- Lists may be assigned to slots, and arrays of numpy multiplied with tensors that require grad.
- Not here: ``torch.nn`` beyond a few losses, optimisers, saved-tensor hooks, devices, einsum,
  scatter, cumprod, determinants and solves.
"""

from __future__ import annotations

import math as _math
import sys as _sys
import warnings as _warnings
from types import SimpleNamespace as _SimpleNamespace

from gradcalc.autograd import func, functional, nn, printing, program
from gradcalc.autograd.backward import backward, grad
from gradcalc.autograd.core import dtypes, node, views
from gradcalc.autograd.core import grad_mode as grad_mode
from gradcalc.autograd.core.dtypes import (
    Size,
    complex64,
    complex128,
    device,
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
from gradcalc.autograd.core.grad_mode import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_anomaly_enabled,
    is_grad_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from gradcalc.autograd.core.tensor import Tensor
from gradcalc.autograd.func import vmap
from gradcalc.autograd.function import Function, once_differentiable
from gradcalc.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from gradcalc.autograd.operations import (
    creation,
    elementwise,
    inplace,
    linear,
    operators,
    reductions,
    selection,
    statistics,
    structural,
)
from gradcalc.autograd.operations.creation import (
    DoubleTensor,
    FloatTensor,
    LongTensor,
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
    logspace,
    manual_seed,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    scalar_tensor,
    tensor,
    zeros,
    zeros_like,
)
from gradcalc.autograd.operations.joining import (
    cat,
    chunk,
    concat,
    concatenate,
    hstack,
    split,
    stack,
    unbind,
    vstack,
)
from gradcalc.autograd.operations.linear import (
    bmm,
    diag,
    diagonal,
    dot,
    matmul,
    mm,
    movedim,
    mv,
    outer,
    trace,
)
from gradcalc.autograd.operations.operators import allclose, equal
from gradcalc.autograd.operations.reductions import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    clamp,
    clip,
    count_nonzero,
    cumsum,
    max,
    maximum,
    mean,
    min,
    minimum,
    prod,
    sum,
    where,
)
from gradcalc.autograd.operations.selection import (
    argsort,
    gather,
    index_select,
    masked_fill,
    masked_select,
    median,
    narrow,
    nonzero,
    roll,
    select,
    sort,
    take,
    topk,
    tril,
    triu,
)
from gradcalc.autograd.operations.statistics import (
    dist,
    log_softmax,
    logsumexp,
    norm,
    softmax,
    std,
    var,
)
from gradcalc.autograd.operations.structural import (
    broadcast_tensors,
    broadcast_to,
    clone,
    flatten,
    flip,
    repeat,
    reshape,
    squeeze,
    t,
    tile,
    transpose,
    unsqueeze,
)
from gradcalc.autograd.printing import set_printoptions

__all__ = [
    "all", "allclose", "amax", "amin", "any", "arange", "argmax", "argmin", "argsort", "as_tensor",
    "autograd", "backward", "bmm", "bool", "broadcast_tensors", "broadcast_to", "cat", "cdouble",
    "cfloat", "chunk", "clamp", "clip", "clone", "complex128", "complex64", "concat",
    "concatenate", "count_nonzero", "creation", "cuda", "cumsum", "detect_anomaly", "device",
    "diag", "diagonal", "dist", "dot", "double", "DoubleTensor", "dtype", "dtypes", "e",
    "elementwise", "empty", "empty_like", "enable_grad", "equal", "eye", "flatten", "flip",
    "float", "float16", "float32", "float64", "FloatTensor", "from_numpy", "full", "full_like",
    "func", "Function", "functional", "gather", "get_default_dtype", "grad", "grad_mode",
    "gradcheck", "GradcheckError", "gradgradcheck", "half", "hstack", "index_select", "inf",
    "inference_mode", "inplace", "int", "int16", "int32", "int64", "int8", "is_anomaly_enabled",
    "is_grad_enabled", "is_tensor", "linalg", "linear", "linspace", "log_softmax", "logspace",
    "logsumexp", "long", "LongTensor", "manual_seed", "masked_fill", "masked_select", "matmul",
    "max", "maximum", "mean", "median", "min", "minimum", "mm", "movedim", "mv", "nan", "narrow",
    "nn", "no_grad", "node", "nonzero", "norm", "normal", "numel", "once_differentiable", "ones",
    "ones_like", "operators", "outer", "permute", "pi", "printing", "prod", "program", "rand",
    "rand_like", "randint", "randn", "randn_like", "randperm", "reductions", "repeat", "reshape",
    "roll", "scalar_tensor", "select", "selection", "set_default_dtype", "set_detect_anomaly",
    "set_grad_enabled", "set_printoptions", "short", "Size", "softmax", "sort", "split", "squeeze",
    "stack", "statistics", "std", "structural", "sum", "t", "take", "tensor", "Tensor", "tile",
    "topk", "trace", "transpose", "tril", "triu", "uint8", "unbind", "unsqueeze", "var",
    "Variable", "views", "vmap", "vstack", "where", "zeros", "zeros_like",
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

# numpy's "divide by zero" and "overflow": infinities are results here, as they are in PyTorch.
_warnings.filterwarnings(
    "ignore", category=RuntimeWarning, module=r"gradcalc\.(autograd\b|functions\.(primitives|row)$)"
)

autograd = _sys.modules[__name__]
"""``torch.autograd.grad`` is ``torch.grad`` here."""
linalg = statistics
"""For ``torch.linalg.norm``."""

cuda = _SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
"""So that ``"cuda" if torch.cuda.is_available() else "cpu"`` finds its answer."""

permute = vars(Tensor)["permute"]
globals().update(  # ``torch.sin_(x)`` and the like
    {f"{name}_": getattr(Tensor, f"{name}_") for name in elementwise.FUNCTION
     if hasattr(Tensor, f"{name}_")}
)  # fmt: skip
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
