"""Element types that an operation does not take, in PyTorch's words: a row an operation.

A row has the names, the kinds (b for bool, i for integers, c for complex) and the words. What is
quoted is the name of PyTorch's kernel, which "is not implemented for" the type; ``=`` goes before
what is a RuntimeError there, and not a NotImplementedError. ``name/dim`` is the operation where an
axis, or several, is named. ``name()`` is a function, a name alone a row of the primitive table,
whose operands have been brought to one type. What is indented goes on with the line before it.
"""

from __future__ import annotations

from typing import Any

from gradcalc.autograd.core.dtypes import named

_TABLE = """
abs                                 | b   | "abs_cpu"
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
argmax()                            | b   | =argmax(): does not support bool input
argmax()                            | c   | =argmax(): does not support complex input
argmin()                            | b   | =argmin(): does not support bool input
argmin()                            | c   | =argmin(): does not support complex input
argsort() sort() msort()            | c   | = Sort does not support complex dtypes on CPU
atan2                               | c   | "atan2_cpu"
clamp                               | b   | "clamp_cpu"
ceil                                | b   | "ceil_vml_cpu"
ceil                                | c   | ceil is not supported for complex inputs
clamp clip() clamp_() clip_()       | c   | clamp is not supported for complex types
cross()                             | b   | "cross"
dot() vdot() inner()                | b   | "dot"
erf                                 | c   | "erf_vml_cpu"
erfc                                | c   | "erfc_vml_cpu"
erfinv                              | c   | "erfinv_vml_cpu"
floor                               | b   | "floor_vml_cpu"
floor                               | c   | floor is not supported for complex inputs
floor_divide                        | bc  | "div_floor_cpu"
fmod                                | bc  | "fmod_cpu"
frac() frac_()                      | bic | "frac_cpu"
ge                                  | c   | "ge_cpu"
gt                                  | c   | "gt_cpu"
heaviside heaviside_()              | c   | =heaviside is not yet implemented for complex tensors.
hypot                               | bic | "hypot_cpu"
kthvalue()                          | bc  | "kthvalue_cpu"
le                                  | c   | "le_cpu"
lerp() lerp_()                      | bi  | "lerp_kernel_tensor"
lgamma                              | c   | "lgamma_vml_cpu"
logaddexp                           | bi  | "logaddexp_cpu"
logcumsumexp()                      | bi  | "logcumsumexp_out_cpu"
logit logit_()                      | c   | "logit_cpu"
lt                                  | c   | "lt_cpu"
max                                 | c   | =maximum not implemented for complex tensors.
max()                               | c   | "max_all"
max()/dim                           | c   | =max(): does not support complex input
median()                            | bc  | "median_cpu"
median()/dim                        | bc  | "median_out"
min                                 | c   | =minimum not implemented for complex tensors.
min()                               | c   | "min_all"
min()/dim                           | c   | =min(): does not support complex input
mod                                 | bc  | "remainder_cpu"
nansum()                            | c   | =nansum on CPU does not support complex inputs
neg                                 | b   | =Negation, the `-` operator, on a bool tensor is not
  supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.
pow                                 | b   | "pow"
relu                                | b   | =Boolean inputs not supported for relu
relu                                | c   | clamp is not supported for complex types
round                               | b   | "round_vml_cpu"
round                               | c   | "round_vml_cpu"
sign() sign_()                      | c   | Unlike NumPy, torch.sign is not intended to support
  complex numbers. Please use torch.sgn instead.
signbit()                           | c   | signbit is not implemented for complex tensors.
topk()                              | b   | =topk does not support bool dtypes on CPU
topk()                              | c   | =topk does not support complex dtypes on CPU
trace()                             | b   | "trace"
trunc                               | b   | "trunc_vml_cpu"
trunc                               | c   | trunc is not supported for complex inputs
xlogy                               | c   | "xlogy_cpu"
"""

Words = tuple[str, str]


def _rows() -> dict[str, list[Words]]:
    rows: dict[str, list[Words]] = {}
    for line in _TABLE.strip().replace("\n  ", " ").splitlines():
        names, kinds, words = (part.strip() for part in line.split("|"))
        for name in names.split():
            rows.setdefault(name, []).append((kinds.replace("i", "iu"), words))
    return rows


REFUSED = _rows()
"""By name: the kinds of numbers that are refused, as numpy has them, and the words."""


def refuse(name: str, kind: Any) -> None:
    """Raise where the operation does not take numbers of this type."""
    for kinds, words in REFUSED.get(name, ()):
        if kind.kind not in kinds:
            continue
        if words.startswith("="):
            raise RuntimeError(words[1:])
        if words.startswith('"'):
            words += f" not implemented for '{named(kind).older}'"
        raise NotImplementedError(words)
