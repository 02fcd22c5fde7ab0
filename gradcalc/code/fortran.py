"""Fortran 2008: a module of pure subroutines; what the language lacks is taken from C's library."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from struct import pack
from typing import ClassVar

from gradcalc.code.language import (
    Array,
    Body,
    Column,
    Exported,
    Language,
    Local,
    Native,
    Piece,
    Routine,
    Signature,
    Tool,
    Vectors,
    hexadecimal,
    wrapped,
)
from gradcalc.functions.row import Primitive

_SPECIAL = {
    "inf": ("7ff0000000000000", "7f800000"),
    "nan": ("7ff8000000000000", "7fc00000"),
}
"""What is no finite number: its bits, in double and in single precision."""
_NUMBER = re.compile(r"(-?[\d.e+-]+)_rk")
_TYPES = (("real(rk)", False, False), ("logical", True, False), ("complex(rk)", False, True))
"""Of locals: numbers, truth values and pairs."""
_LONGEST = 120
"""Characters of a line; 132 are allowed."""


def _library(function: str) -> Native:
    """A function of C's mathematical library."""
    return Native(f"""
pure function {{name}}(x) result(r)
    real(rk), intent(in) :: x
    real(rk) :: r
    interface
        pure function c_function(x) bind(c, name="{function}{{f}}") result(r)
            import :: rk
            real(rk), intent(in), value :: x
            real(rk) :: r
        end function
    end interface
    r = c_function(x)
end function""")


# of a constant divisor that is not a number, gfortran says that it is 0
_MOD = Native("""
pure function {name}(x, y) result(r)
    real(rk), intent(in) :: x, y
    real(rk) :: r
    r = modulo(x, y)
end function""")


class Fortran(Language):
    name = "fortran"
    title = "Fortran"
    also = "f90"
    extension = ".f90"
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": _MOD,
        "pow": "({0}**{1})",
        "sqrt": "sqrt({0})",
        "cbrt": _library("cbrt"),
        "exp": "exp({0})",
        "exp2": _library("exp2"),
        "expm1": _library("expm1"),
        "log": "log({0})",
        "log1p": _library("log1p"),
        "log2": _library("log2"),
        "log10": "log10({0})",
        "sin": "sin({0})",
        "cos": "cos({0})",
        "tan": "tan({0})",
        "asin": "asin({0})",
        "acos": "acos({0})",
        "atan": "atan({0})",
        "atan2": "atan2({0}, {1})",
        "sinh": "sinh({0})",
        "cosh": "cosh({0})",
        "tanh": "tanh({0})",
        "asinh": "asinh({0})",
        "acosh": "acosh({0})",
        "atanh": "atanh({0})",
        "hypot": "hypot({0}, {1})",
        "erf": "erf({0})",
        "erfc": "erfc({0})",
        "abs": "abs({0})",
        "floor": _library("floor"),
        "ceil": _library("ceil"),
        "trunc": _library("trunc"),
        "round": _library("rint"),
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} /= {1}",
        "and": "{0} .and. {1}",
        "or": "{0} .or. {1}",
        "not": ".not. {0}",
        "where": "merge({1}, {2}, {0})",
    }
    special = ("inf_rk", "nan_rk")
    pair = "cmplx({0}, {1}, rk)"
    halves = ("real({0}, rk)", "aimag({0})")
    widened, narrowed = "real({0}, dk)", "real({0}, rk)"
    flag_as_number = "merge(1.0_rk, 0.0_rk, {0})"
    number_as_flag = "{0} /= 0.0_rk"
    insensitive = True
    first = 1
    end = ""
    keywords = (
        "allocatable allocate assign associate asynchronous bind block call case character class "
        "close codimension common complex concurrent contains contiguous continue critical cycle "
        "data deallocate default deferred dimension do double else elseif elsewhere end enddo "
        "endfile endif entry enum enumerator equivalence error exit extends external final flush "
        "forall format function generic go goto if implicit import impure in include inout inquire "
        "integer intent interface intrinsic is kind len logical lock module namelist nopass "
        "nullify only open operator optional out parameter pass pause pointer precision print "
        "private procedure program protected public pure read real recursive result return rewind "
        "save select sequence stop submodule subroutine sync target then to type unlock use value "
        "volatile wait where while write rk dk r inf_rk nan_rk "
        "inf_dk nan_dk"
    )
    words = (
        "abs acos acosh aint anint asin asinh atan atan2 atanh bessel_j0 ceiling cmplx conjg cos "
        "cosh dble dim erf erfc exp exponent floor fraction gamma huge hypot int log log10 "
        "log_gamma max merge min mod modulo nint not precision product range scale sign sin sinh "
        "size spacing sqrt sum tan tanh tiny transfer"
    )
    layout = "Matrices are arrays of two dimensions: row i, column j is (i, j)."
    tools = (
        Tool("gfortran", ("--version",), (
            ("{tool}", "-O1", "-ffp-contract=off", "-o", "run",
             "{source}", "driver.f90"),
            ("./run",),
        )),
    )  # fmt: skip

    def literal(self, value: float) -> str:
        return f"{super().literal(value)}_rk"

    def apply(self, primitive: Primitive, operands: Sequence[Piece], template: str = "") -> Piece:
        numbers = [_NUMBER.fullmatch(piece.text) for piece in operands]
        if not all(numbers) or primitive.boolean:
            return super().apply(primitive, operands, template)
        # the compiler refuses 1/0 and acos(2): their value, bit by bit
        import numpy as np  # deferred: printing does without it

        with np.errstate(all="ignore"):
            value = float(primitive.numpy(*(np.float64(n[1]) for n in numbers if n)))
        if not math.isfinite(value):
            infinity, nan = self.special
            return Piece(nan if math.isnan(value) else f"({'-' * (value < 0)}{infinity})")
        bits = pack(">f" if self.narrow else ">d", value).hex()
        return Piece(f"real(z'{bits}', rk)")

    def element(self, array: Array, place: int) -> str:
        index = divmod(place, array.shape[1]) if len(array.shape) == 2 else (place,)
        return f"{array.name}({', '.join(str(k + 1) for k in index)})"

    def define(self, local: Local, text: str) -> str:
        return f"{local.name} = {text}"

    def declare(self, local: Local) -> list[str]:
        return []

    def branch(self, condition: str, then: Sequence[str], other: Sequence[str] = ()) -> list[str]:
        opposite = ["else", *self.inner(other)] if other else []
        return [f"if ({condition}) then", *self.inner(then), *opposite, "end if"]

    def loop(self, condition: str, body: Sequence[str]) -> list[str]:
        return [f"do while ({condition})", *self.inner(body), "end do"]

    def back(self, text: str) -> list[str]:
        return [f"r_ = {text}", "return"]

    def _declared(self, locals_: Sequence[Local]) -> list[str]:
        lines = []
        for kind, flag, pair in _TYPES:
            names = [one.name for one in locals_ if (one.flag, one.pair) == (flag, pair)]
            for start in range(0, len(names), 8):
                lines.append(f"{kind} :: {', '.join(names[start : start + 8])}")
        return lines

    def routine(self, one: Routine) -> list[str]:
        types = [f"{'complex' if local.pair else 'real'}(rk), intent(in) :: {local.name}"
                 for local in one.given]  # fmt: skip
        names = ", ".join(local.name for local in one.given)
        own = self._declared([*one.own, Local("r_", pair=one.pair)])
        return [f"pure function {one.name}({names}) result(r_)",
                *self.inner([*types, *own, *one.lines]), "end function"]  # fmt: skip

    def in_doubles(self, lines: Sequence[str]) -> list[str]:
        return [re.sub(r"\brk\b|_rk\b", lambda kind: kind[0].replace("rk", "dk"), line)
                .replace("{f}", "") for line in lines]  # fmt: skip

    def _subroutine(
        self,
        name: str,
        inputs: Sequence[Array],
        outputs: Sequence[tuple[Array, str]],
        body: Body,
        first: Sequence[str] = (),
        doc: str = "",
    ) -> list[str]:
        arrays = [(array, "in") for array in inputs]
        lines = [f"! {doc}"] if doc else []
        for array, intent in [*arrays, *outputs]:
            sizes = ", ".join(map(str, array.shape))
            lines.append(f"real(rk), intent({intent}) :: {array.name}({sizes})")
        lines += [*self._declared(body.locals), *first, *body.lines]
        given = ", ".join(array.name for array, _ in [*arrays, *outputs])
        return [f"pure subroutine {name}({given})", *self.inner(lines), "end subroutine"]

    def function(self, signature: Signature, body: Body) -> list[str]:
        output = signature.output
        zero = [f"{output.name} = 0.0_rk"] if body.filled else []
        room = [line for line in body.lines if line.startswith("real(rk) ::")]
        rest = [line for line in body.lines if line not in room]
        return self._subroutine(
            signature.name, signature.inputs, [(output, "out")], body._replace(lines=rest),
            [*room, *zero], signature.doc,
        )  # fmt: skip

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        handed = [(array, "inout") for array in arrays[-2:]]
        return self._subroutine(name, arrays[:-2], handed, body)

    def work(self, array: Array) -> list[str]:
        return [f"real(rk) :: {array.name}({array.size})"]

    def run_part(self, name: str, arrays: Sequence[Array]) -> list[str]:
        return [f"call {name}({', '.join(array.name for array in arrays)})"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        inside = wrapped([str(value) for value in values])
        lines = [f"{line} &" for line in inside]
        return [f"integer, parameter, public :: {name}({len(values)}) = [integer :: &",
                *self.inner(lines), "]"]  # fmt: skip

    def constant(self, name: str, value: int) -> list[str]:
        return [f"integer, parameter, public :: {name} = {value}"]

    def comment(self, lines: Sequence[str]) -> list[str]:
        return [f"! {line}".rstrip()[:_LONGEST] for line in lines]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        doubles = any("dk" in line for line in code)
        # variables: of constants the compiler refuses -inf, and a pair of what is not a number
        special = [f"real({kind}) :: {word}_{kind} = real(z'{bits}', {kind})"
                   for word, (double, single) in _SPECIAL.items()
                   for kind, bits in (("rk", single if self.narrow else double), ("dk", double))
                   if any(f"{word}_{kind}" in line for line in code)]  # fmt: skip
        data, procedures = _apart([line.replace("{f}", "f" * self.narrow) for line in code])
        kind = "1.0" if self.narrow else "1.0d0"
        test = [f"{name}_test"] if f"subroutine {name}_test(wrong)" in code else []
        public = ", ".join([*(one.signature.name for one in exported), *test])
        inside = ["implicit none", "private", f"public :: {public}, rk",
                  f"integer, parameter :: rk = kind({kind})",
                  *["integer, parameter :: dk = kind(1.0d0)"] * doubles,
                  *special, *data]  # fmt: skip
        lines = [*self.comment(head), f"module {name}_code", *self.inner(inside), "contains",
                 *self.inner(procedures), "end module"]  # fmt: skip
        return [piece for line in lines for piece in _folded(line)]

    def bits(self, value: float) -> str:
        return f"transfer(int(z'{hexadecimal(value)}', int64), 1.0_real64)"

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places = vectors.places
        declared, body = [], list[str]()
        for label, numbers in vectors.tables.items():
            shape = f"{len(numbers[0])}, {len(numbers)}"
            declared.append(f"real(rk) :: {label}({shape})")
            for point, row in enumerate(numbers, start=1):
                body += [f"{label}({k}, {point}) = real({self.bits(value)}, rk)"
                         for k, value in enumerate(row, start=1)]  # fmt: skip
        loop, first = [], 1
        for k, one in enumerate(vectors.functions):
            shape = ", ".join(map(str, one.output.shape))
            declared.append(f"real(rk) :: out{k}({shape})")
            parts = [f"given({s + 1}:{e}, p)" for s, e in [places[a.name] for a in one.inputs]]
            loop.append(f"call {one.name}({', '.join([*parts, f'out{k}'])})")
            last = first + one.output.size - 1
            turned = f"transpose(out{k})" if len(one.output.shape) == 2 else f"out{k}"
            off = f"abs(reshape({turned}, [{one.output.size}]) - wanted({first}:{last}, p))"
            loop.append(f"wrong = wrong + count(.not. {off} <= room({first}:{last}, p))")
            first = last + 1
        return ["", "! How many numbers of the test are wrong: 0.",
                f"subroutine {name}_test(wrong)",
                "    use, intrinsic :: iso_fortran_env, only: int64, real64",
                "    integer, intent(out) :: wrong", "    integer :: p",
                *self.inner([*declared, "wrong = 0", *body, f"do p = 1, {len(vectors.given)}",
                             *self.inner(loop), "end do"]),
                "end subroutine"]  # fmt: skip

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = [f"use {name}_code", *_READING.strip("\n").split("\n")]
        arrays = [
            *record,
            *(one.output._replace(name=f"out{k}") for k, one in enumerate(functions)),
        ]
        declared = [f"real(rk) :: {a.name}({', '.join(map(str, a.shape))})" for a in arrays]
        body = [f"call get({a.name}, {a.size})" for a in record]
        for k, one in enumerate(functions):
            given = ", ".join([*(a.name for a in one.inputs), f"out{k}"])
            body += [f"call {one.name}({given})", *_put(one.output._replace(name=f"out{k}"))]
        loop = ["read(*, *) points", "do p = 1, points", *body, "end do", "contains"]
        rest = [*_ROUTINES.strip("\n").split("\n"), "end program", ""]
        return "\n".join(["program driver", *lines, *declared, *loop, *rest])


def _put(array: Array) -> list[str]:
    if len(array.shape) == 1:
        return [f"call put({array.name}, {array.size})"]
    return [f"do i = 1, {array.shape[0]}", f"call put({array.name}(i, :), {array.shape[1]})",
            "end do"]  # fmt: skip


_READING = """
use, intrinsic :: iso_fortran_env, only: int64, real64
implicit none
integer :: points, p, i
"""

_ROUTINES = """
subroutine get(a, n)
    integer, intent(in) :: n
    real(rk), intent(out) :: a(n)
    integer(int64) :: bits
    integer :: k
    do k = 1, n
        read(*, '(Z16)') bits
        a(k) = real(transfer(bits, 1.0_real64), rk)
    end do
end subroutine
subroutine put(a, n)
    integer, intent(in) :: n
    real(rk), intent(in) :: a(n)
    integer :: k
    do k = 1, n
        write(*, '(Z16.16)') transfer(real(a(k), real64), 1_int64)
    end do
end subroutine
"""


def _apart(code: Sequence[str]) -> tuple[list[str], list[str]]:
    """Constants, which come first in a module, and procedures."""
    data: list[str] = []
    procedures: list[str] = []
    inside = False
    for line in code:
        inside = inside or line.startswith("integer, parameter")
        (data if inside else procedures).append(line)
        inside = (inside and line.endswith("&")) or (inside and line.startswith("    "))
    return data, procedures


def _folded(line: str) -> list[str]:
    """A line on as many as it takes."""
    if len(line) <= _LONGEST or line.lstrip().startswith("!"):
        return [line]
    margin = " " * (len(line) - len(line.lstrip()) + 4)
    lines = []
    while len(line) > _LONGEST:
        cut = line.rfind(" ", len(margin) + 1, _LONGEST)
        if cut < 0:
            break
        lines.append(f"{line[:cut]} &")
        line = f"{margin}{line[cut + 1 :]}"
    return [*lines, line]
