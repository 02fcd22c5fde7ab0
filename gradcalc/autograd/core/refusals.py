"""Element types and numbers of axes that an operation does not take, in PyTorch's words, by rows.

A row has the names, what is not taken (b for bool, i for integers, c for complex; 3 for a tensor of
three axes, 9 for one of nine or more) and the words. What is quoted is the name of PyTorch's
kernel, which "is not implemented for" the type; ``=`` goes before what is a RuntimeError there, and
not a NotImplementedError. ``name/dim`` is the operation where an axis, or several, is named.
``name()`` is a function, a name alone a row of the primitive table, whose operands have been
brought to one type. What is indented goes on with the line before it.
"""

from __future__ import annotations

from typing import Any

from gradcalc.autograd.core.dtypes import named

_TABLE = """
abs clamp                           | b   | "{name}_cpu"
abs_() absolute_()                  | c   | =In-place abs is not supported for complex tensors.
addcdiv() addcdiv_()                | bi  | =Integer division with addcdiv is no longer supported,
  and in a future  release addcdiv will perform a true division of tensor1 and tensor2. The
  historic addcdiv behavior can be implemented as (input + value * torch.trunc(tensor1 /
  tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for
  float inputs. The future addcdiv behavior is just the latter implementation: (input + value *
  tensor1 / tensor2), for all dtypes.
addcmul() addcmul_()                | b   | "addcmul_cpu_out"
amax()                              | c   | "max_values_cpu"
amin()                              | c   | "min_values_cpu"
aminmax()                           | c   | "aminmax_cpu"
argmax() argmin()                   | b   | ={name}(): does not support bool input
argmax() argmin() max()/dim min()/dim | c | ={name}(): does not support complex input
argsort() sort() msort()            | c   | = Sort does not support complex dtypes on CPU
chunk()                             | 0   | =chunk expects at least a 1-dimensional tensor
ceil floor round trunc              | b   | "{name}_vml_cpu"
ceil floor trunc                    | c   | {name} is not supported for complex inputs
clamp clip() clamp_() clip_() relu  | c   | clamp is not supported for complex types
cross()                             | b   | "cross"
diag()                              | 03456789 | =diag(): Supports 1D or 2D tensors. Got {rank}D
diff()                              | 0   | =diff expects input to be at least one-dimensional
dist                                | bi  | =norm(): input dtype should be either floating point or
  complex. Got {kind} instead.
dot() vdot() inner()                | b   | "dot"
elu() selu()                        | bic | "elu_cpu"
erf erfc erfinv lgamma round        | c   | "{name}_vml_cpu"
fliplr()                            | 01  | =Input must be >= 2-d.
flipud()                            | 0   | =Input must be >= 1-d.
floor_divide                        | bc  | "div_floor_cpu"
fmod                                | bc  | "fmod_cpu"
frac() frac_()                      | bic | "frac_cpu"
gelu()                              | bic | "GeluKernelImpl"
ge gt le lt atan2 xlogy             | c   | "{name}_cpu"
hardtanh() relu6()                  | b   | =Bool inputs not supported for hardtanh
heaviside heaviside_()              | c   | =heaviside is not yet implemented for complex tensors.
hypot                               | bic | "hypot_cpu"
kthvalue()                          | bc  | "kthvalue_cpu"
leaky_relu() silu() softplus()      | bi  | "{name}_cpu"
lerp() lerp_()                      | bi  | "lerp_kernel_tensor"
linalg.matrix_norm linalg.vector_norm | bi | ={name}: Expected a floating point or complex tensor as
  input. Got {kind}
linalg.matrix_norm                  | 01  | ={name}: The input tensor A must have at least 2
  dimensions.
log_softmax softmax log_softmax_lastdim softmax_lastdim | bic | "{name}_kernel_impl"
logaddexp                           | bi  | "logaddexp_cpu"
logsigmoid()                        | bic | "log_sigmoid_cpu"
logcumsumexp()                      | bi  | "logcumsumexp_out_cpu"
logcumsumexp()                      | c   | logcumsumexp of complex numbers is not here
logit logit_()                      | c   | "logit_cpu"
max min                             | c   | ={name}imum not implemented for complex tensors.
max() min()                         | c   | "{name}_all"
mean                                | bi  | =mean(): could not infer output dtype. Input dtype must
  be either a floating point or complex dtype. Got: {kind}
median()                            | bc  | "median_cpu"
median()/dim                        | bc  | "median_out"
mod                                 | bc  | "remainder_cpu"
nansum()                            | c   | =nansum on CPU does not support complex inputs
narrow()                            | 0   | =narrow() cannot be applied to a 0-dim tensor.
neg                                 | b   | =Negation, the `-` operator, on a bool tensor is not
  supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.
pow                                 | b   | "pow"
relu                                | b   | =Boolean inputs not supported for relu
sign() sign_()                      | c   | Unlike NumPy, torch.sign is not intended to support
  complex numbers. Please use torch.sgn instead.
signbit()                           | c   | signbit is not implemented for complex tensors.
split() split_with_sizes()          | 0   | =split expects at least a 1-dimensional tensor
std() var()                         | bi  | =std and var only support floating point and complex
  dtypes
std_mean() var_mean()               | bi  | ={name} only support floating point and complex dtypes
t() t_()                            | 3456789 | ={name}() expects a tensor with <= 2 dimensions, but
  self is {rank}D
topk()                              | b   | =topk does not support bool dtypes on CPU
topk()                              | c   | =topk does not support complex dtypes on CPU
trace()                             | b   | "trace"
trace()                             | 013456789 | =trace: expected a matrix, but got tensor with dim
  {rank}
tril() triu()                       | 01  | ={name}: input tensor must have at least 2 dimensions
unbind()                            | 0   | =Dimension specified as 0 but tensor has no dimensions
unflatten()                         | 0   | =unflatten: a 0-dim tensor has no axis to take apart
"""

Words = tuple[str, set[int], str]


def _rows() -> dict[str, list[Words]]:
    rows: dict[str, list[Words]] = {}
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        names, kinds, words = (part.strip() for part in line.split("|"))
        ranks = {int(kind) for kind in kinds if kind.isdigit()}
        ranks |= set(range(10, 65)) if 9 in ranks else set()
        for name in names.split():
            rows.setdefault(name, []).append((kinds.replace("i", "iu"), ranks, words))
    return rows


REFUSED = _rows()
"""By name: the kinds of numbers (as numpy has them) and of axes that are refused, and the words."""


def refuse(name: str, kind: Any, rank: int = -1) -> None:
    """Raise where the operation does not take numbers of this type, or as many axes."""
    for kinds, ranks, words in REFUSED.get(name, ()):
        if kind.kind not in kinds and rank not in ranks:
            continue
        words = words.format(name=name.partition("(")[0], rank=rank, kind=named(kind).older)
        if words.startswith("="):
            raise RuntimeError(words[1:])
        if words.startswith('"'):
            words += f" not implemented for '{named(kind).older}'"
        raise NotImplementedError(words)


def expect(holds: object, words: str, *values: Any, error: type[Exception] = RuntimeError) -> None:
    """Raise, with these values in its words, where it does not hold."""
    if not holds:
        raise error(words.format(*values))
