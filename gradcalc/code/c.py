"""C99, and C++ where it is compiled as that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from gradcalc.code.language import (
    Array,
    Body,
    Column,
    Exported,
    Language,
    Local,
    Native,
    Routine,
    Signature,
    Tool,
    Vectors,
    wrapped,
)

_MOD = Native("""
static {real} {name}({real} x, {real} y)
{
    const {real} r = fmod(x, y);
    if (r == 0.0) return copysign(0.0, y);
    return (r < 0.0) != (y < 0.0) ? r + y : r;
}""")


_PAIR = Native("""
typedef struct { double hi, lo; } gc_long;
static gc_long {name}(double hi, double lo)
{
    gc_long r;
    r.hi = hi;
    r.lo = lo;
    return r;
}""")


class C(Language):
    name = "c"
    title = "C"
    also = "c99 c++ cpp"
    extension = ".c"
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": _MOD,
        "pow": "pow({0}, {1})",
        "sqrt": "sqrt({0})",
        "cbrt": "cbrt({0})",
        "exp": "exp({0})",
        "exp2": "exp2({0})",
        "expm1": "expm1({0})",
        "log": "log({0})",
        "log1p": "log1p({0})",
        "log2": "log2({0})",
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
        "abs": "fabs({0})",
        "floor": "floor({0})",
        "ceil": "ceil({0})",
        "trunc": "trunc({0})",
        "round": "rint({0})",
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} != {1}",
        "and": "{0} && {1}",
        "or": "{0} || {1}",
        "not": "!{0}",
        "where": "{0} ? {1} : {2}",
    }
    pair = "{name}({0}, {1})"
    halves = ("{0}.hi", "{0}.lo")
    natives: ClassVar[Mapping[str, Native]] = {"pair": _PAIR}
    narrowed = "((float){0})"
    keywords = (
        "auto break case char const continue default do double else enum extern float for goto if "
        "inline int long register restrict return short signed sizeof static struct switch typedef "
        "union unsigned void volatile while main errno NAN INFINITY NULL assert "
        # C++
        "and and_eq asm bitand bitor bool catch class compl constexpr delete explicit export false "
        "friend mutable namespace new not not_eq operator or or_eq private protected public "
        "template this throw true try typeid typename using virtual wchar_t xor xor_eq "
        # POSIX has these in math.h
        "j0 j1 jn y0 y1 yn gamma lgamma signgam"
    )
    words = (
        "acos asin atan atan2 ceil cos cosh exp fabs floor fmod frexp ldexp log log10 modf pow sin "
        "sinh sqrt tan tanh acosh asinh atanh cbrt copysign erf erfc exp2 expm1 fdim fma fmax fmin "
        "hypot ilogb lgamma log1p log2 logb nan nextafter remainder remquo rint round scalbn "
        "tgamma trunc abort abs atof atoi exit free malloc printf puts rand system time"
    )
    tools = tuple(
        Tool(program, ("--version",), (
            ("{tool}", "-std=c99", "-O1", "-o", "run", "driver.c", "-lm"), ("./run",),
        ))
        for program in ("gcc", "clang", "cc")
    )  # fmt: skip

    def literal(self, value: float) -> str:
        text = super().literal(value)
        return f"{text}f" if self.narrow else text

    def define(self, local: Local, text: str) -> str:
        return f"const {'int' if local.flag else self.real} {local.name} = {text};"

    def declare(self, local: Local) -> list[str]:
        return [f"{self.real} {local.name};"]

    def _type(self, pair: bool) -> str:
        return "gc_long" if pair else self.real

    def variables(self, own: Sequence[Local]) -> list[str]:
        return [f"{self._type(local.pair)} {local.name};" for local in own]

    def routine(self, one: Routine) -> list[str]:
        names = ", ".join(f"{self._type(local.pair)} {local.name}" for local in one.given)
        head = f"static {self._type(one.pair)} {one.name}({names})"
        return [head, "{", *self.inner(one.lines), "}"]

    def _parameters(self, inputs: Sequence[Array], outputs: Sequence[Array]) -> str:
        given = [f"const {self.real} {array.name}[{array.size}]" for array in inputs]
        made = [f"{self.real} {array.name}[{array.size}]" for array in outputs]
        return ", ".join([*given, *made])

    def function(self, signature: Signature, body: Body) -> list[str]:
        output = signature.output
        lines = list(body.lines)
        if body.filled:
            lines.insert(0, f"for (int k = 0; k < {output.size}; k++) {output.name}[k] = 0.0;")
        unused = _unused(signature.inputs, lines)
        return [
            f"/* {signature.doc} */",
            f"void {signature.name}({self._parameters(signature.inputs, [output])})",
            "{", *self.inner([*unused, *lines]), "}",
        ]  # fmt: skip

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        given = self._parameters(arrays[:-2], arrays[-2:])
        lines = [*_unused(arrays, body.lines), *body.lines]
        return [f"static void {name}({given})", "{", *self.inner(lines), "}"]

    def work(self, array: Array) -> list[str]:
        return [f"{self.real} {array.name}[{array.size}];"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        inside = self.inner(wrapped([str(value) for value in values]))
        return [f"static const int {name}[{max(1, len(values))}] = {{", *inside, "};"]

    def constant(self, name: str, value: int) -> list[str]:
        return [f"enum {{ {name} = {value} }};"]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        library = "tgmath.h" if self.narrow else "math.h"
        include = [f"#include <{library}>", "#ifdef __clang__",
                   "#pragma STDC FP_CONTRACT OFF  /* a product and a sum are rounded twice */",
                   "#endif"]  # fmt: skip
        return [*self.comment(head), *include, *code]

    def bits(self, value: float) -> str:
        return f"{value.hex()}f" if self.narrow else value.hex()

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places, points = vectors.places, len(vectors.given)
        widths = len(vectors.given[0]), len(vectors.wanted[0])
        lines = []
        for label, numbers in vectors.tables.items():
            lines += [f"static const {self.real} {label}[] = {{", *self.inner(self.table(numbers)),
                      "};"]  # fmt: skip
        run, start = [], 0
        for one in vectors.functions:
            given = [f"given + p*{widths[0]} + {places[array.name][0]}" for array in one.inputs]
            run.append(f"{one.name}({', '.join([*given, f'out + {start}'])});")
            start += one.output.size
        each = (
            f"if (!(fabs(out[i] - wanted[p*{widths[1]} + i]) <= room[p*{widths[1]} + i])) wrong++;"
        )
        loop = [*run, f"for (int i = 0; i < {widths[1]}; i++)", f"    {each}"]
        lines += [f"static {self.real} out[{widths[1]}];", "int wrong = 0;",
                  f"for (int p = 0; p < {points}; p++) {{", *self.inner(loop), "}",
                  'printf("%d wrong\\n", wrong);', "return wrong != 0;"]  # fmt: skip
        return ["", "#ifdef GRADCALC_TEST", "#include <stdio.h>", "int main(void)", "{",
                *self.inner(lines), "}", "#endif"]  # fmt: skip

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = [f'#include "{self.file_name(name)}"', *_READING.strip("\n").split("\n")]
        lines += [f"static {self.real} {a.name}[{max(1, a.size)}];" for a in record]
        outputs = [f"out{k}" for k in range(len(functions))]
        lines += [
            f"static {self.real} {out}[{max(1, one.output.size)}];"
            for out, one in zip(outputs, functions, strict=True)
        ]
        body = [
            *(f"for (int i = 0; i < {a.size}; i++) {a.name}[i] = get();" for a in record),
            *(f"{one.name}({', '.join([*(a.name for a in one.inputs), out])});"
              for out, one in zip(outputs, functions, strict=True)),
            *(f"for (int i = 0; i < {one.output.size}; i++) put({out}[i]);"
              for out, one in zip(outputs, functions, strict=True)),
        ]  # fmt: skip
        main = ["int points = 0;", 'if (scanf("%d", &points) != 1) return 1;',
                "while (points-- > 0) {", *self.inner(body), "}", "return 0;"]  # fmt: skip
        return "\n".join([*lines, "int main(void)", "{", *self.inner(main), "}", ""])


_READING = """
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
static double get(void)
{
    uint64_t bits;
    double number;
    if (scanf("%" SCNx64, &bits) != 1) return 0.0;
    memcpy(&number, &bits, 8);
    return number;
}
static void put(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, 8);
    printf("%016" PRIx64 "\\n", bits);
}
"""


def _unused(arrays: Sequence[Array], lines: Sequence[str]) -> list[str]:
    """So that no compiler complains."""
    text = "\n".join(lines)
    return [f"(void){array.name};" for array in arrays if f"{array.name}[" not in text]
