"""Julia, with nothing but Base, whose functions throw where numbers have an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gradcalc.code.language import (
    Array,
    Body,
    Column,
    Exported,
    Language,
    Local,
    Native,
    Signature,
    Tool,
    Vectors,
    hexadecimal,
    wrapped,
)


def _real(call: str, domain: str) -> Native:
    """A function that throws outside of its domain: NaN there."""
    return Native(f"\n{{name}}(x) = {domain} ? {call} : oftype(x, NaN)")


_POW = Native("""
function {name}(x, y)
    x < 0 && y != floor(y) && return isinf(x) ? (y > 0 ? oftype(x, Inf) : zero(x)) : oftype(x, NaN)
    return x^y
end""")


class Julia(Language):
    name = "julia"
    title = "Julia"
    also = "jl"
    frame = (["function {name}({given})"], ["end"])
    extension = ".jl"
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": "mod({0}, {1})",
        "pow": _POW,
        "sqrt": _real("sqrt(x)", "x >= 0"),
        "cbrt": "cbrt({0})",
        "exp": "exp({0})",
        "exp2": "exp2({0})",
        "expm1": "expm1({0})",
        "log": _real("log(x)", "x >= 0"),
        "log1p": _real("log1p(x)", "x >= -1"),
        "log2": _real("log2(x)", "x >= 0"),
        "log10": _real("log10(x)", "x >= 0"),
        "sin": _real("sin(x)", "isfinite(x)"),
        "cos": _real("cos(x)", "isfinite(x)"),
        "tan": _real("tan(x)", "isfinite(x)"),
        "asin": _real("asin(x)", "abs(x) <= 1"),
        "acos": _real("acos(x)", "abs(x) <= 1"),
        "atan": "atan({0})",
        "atan2": "atan({0}, {1})",
        "sinh": "sinh({0})",
        "cosh": "cosh({0})",
        "tanh": "tanh({0})",
        "asinh": "asinh({0})",
        "acosh": _real("acosh(x)", "x >= 1"),
        "atanh": _real("atanh(x)", "abs(x) <= 1"),
        "hypot": "hypot({0}, {1})",
        "abs": "abs({0})",
        "floor": "floor({0})",
        "ceil": "ceil({0})",
        "trunc": "trunc({0})",
        "round": "round({0})",
        "max": "max({0}, {1})",
        "min": "min({0}, {1})",
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
    special = ("Inf", "NaN")
    pair = "({0}, {1})"
    halves = ("{0}[1]", "{0}[2]")
    widened, narrowed = "Float64({0})", "Float32({0})"
    first = 1
    end = ""
    hidden = "_"
    keywords = (
        "abstract baremodule begin break catch const continue do else elseif end export false "
        "finally for function global if import let local macro module mutable primitive quote "
        "return struct true try type using where while in isa outer pi im Inf NaN nothing missing"
    )
    words = (
        "abs acos acosh asin asinh atan atanh cbrt ceil clamp collect cos cosh div exp eval filter "
        "floor hypot include inv join length log log10 log1p log2 map max min mod one ones print "
        "println prod rand range rem round sign sin sinh size sort sqrt string sum tan tanh trunc "
        "typeof values zero zeros"
    )
    layout = "Matrices are matrices: row i, column j is [i, j]."
    tools = (Tool("julia", ("--version",), (("{tool}", "--startup-file=no", "driver.jl"),)),)

    @property
    def real(self) -> str:
        return "Float32" if self.narrow else "Float64"

    def literal(self, value: float) -> str:
        text = super().literal(value)
        if not self.narrow or "n" in text:
            return text
        return text.replace("e", "f") if "e" in text else f"{text}f0"

    @property
    def flag_as_number(self) -> str:  # type: ignore[override]
        return f"{self.real}({{0}})"

    def element(self, array: Array, place: int) -> str:
        index = divmod(place, array.shape[1]) if len(array.shape) == 2 else (place,)
        return f"{array.name}[{', '.join(str(k + 1) for k in index)}]"

    def define(self, local: Local, text: str) -> str:
        return f"{local.name} = {text}"

    def declare(self, local: Local) -> list[str]:
        return []

    def branch(self, condition: str, then: Sequence[str], other: Sequence[str] = ()) -> list[str]:
        opposite = ["else", *self.inner(other)] if other else []
        return [f"if {condition}", *self.inner(then), *opposite, "end"]

    def loop(self, condition: str, body: Sequence[str]) -> list[str]:
        return [f"while {condition}", *self.inner(body), "end"]

    def function(self, signature: Signature, body: Body) -> list[str]:
        output = signature.output
        given = ", ".join(array.name for array in signature.inputs)
        sizes = ", ".join(map(str, output.shape))
        lines = [f"{output.name} = zeros({self.real}, {sizes})", *body.lines,
                 f"return {output.name}"]  # fmt: skip
        return [f'"{signature.doc}"', f"function {signature.name}({given})", *self.inner(lines),
                "end"]  # fmt: skip

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        given = ", ".join(array.name for array in arrays)
        return [f"function {name}({given})", *self.inner(body.lines), "end"]

    def work(self, array: Array) -> list[str]:
        return [f"{array.name} = zeros({self.real}, {array.size})"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        inside = self.inner(wrapped([str(value) for value in values]))
        return [f"const {name} = Int[", *inside, "]"]

    def constant(self, name: str, value: int) -> list[str]:
        return [f"const {name} = {value}"]

    def comment(self, lines: Sequence[str]) -> list[str]:
        return [f"# {line}".rstrip() for line in lines]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        return [*self.comment(head), *code]

    def bits(self, value: float) -> str:
        return f"0x{hexadecimal(value)}"

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places, lines = vectors.places, list[str]()
        for label, numbers in vectors.tables.items():
            lines += [f"{label} = reshape(reinterpret(Float64, UInt64[",
                      *self.inner(self.table(numbers)), f"]), {len(numbers[0])}, :)"]  # fmt: skip
        told = []
        for one in vectors.functions:
            parts = [f"given[{s + 1}:{e}, p]" for s, e in [places[a.name] for a in one.inputs]]
            call = f"{one.name}({', '.join(parts)})"
            told.append(f"vec(permutedims({call}));" if len(one.output.shape) == 2 else f"{call};")
        lines += [f"wrong = sum(1:{len(vectors.given)}) do p", "    out = [", *self.inner(told),
                  "    ]", "    count(.!(abs.(out .- wanted[:, p]) .<= room[:, p]))", "end",
                  'println("$wrong wrong")', "exit(wrong == 0 ? 0 : 1)"]  # fmt: skip
        return ["", 'if "--test" in ARGS', *self.inner(lines), "end"]

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = [f'include("{self.file_name(name)}")', *_READING.strip("\n").split("\n")]
        lines.append("for _ in 1:points")
        lines += [f"    {a.name} = get_numbers({a.size})" for a in record]
        lines += [
            f"    put_numbers({one.name}({', '.join(a.name for a in one.inputs)}))"
            for one in functions
        ]
        return "\n".join([*lines, "end", ""])


_READING = """
words = Iterators.Stateful(split(read(stdin, String)))
points = parse(Int, popfirst!(words))
get_numbers(n) = [reinterpret(Float64, parse(UInt64, popfirst!(words), base=16)) for _ in 1:n]
function put_numbers(a)
    for number in (a isa Matrix ? permutedims(a) : a)
        println(string(reinterpret(UInt64, Float64(number)), base=16, pad=16))
    end
end
"""
