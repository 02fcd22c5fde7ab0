"""JavaScript: a module for node that also works as a script of a page."""

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

_MOD = Native("""
function {name}(x, y) {
    const r = x % y;
    if (r === 0) return y < 0 ? -0 : 0;
    return (r < 0) !== (y < 0) ? r + y : r;
}""")

# 1 to any power, and anything to the power of 0, is 1: JavaScript has NaN at 1**NaN, 1**Infinity
_POW = Native("""
function {name}(x, y) {
    return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
}""")

# Math.cbrt may be one off the nearest number, and slopes divide by its square: Newton's step, with
# y*y*y in two doubles (Dekker's products), makes it the nearest.
_CBRT = Native("""
function {name}(x) {
    const y = Math.cbrt(x);
    if (y === 0 || !Number.isFinite(y)) return y;
    if (Math.abs(x) < 1e-280) return {name}(x * 2 ** 162) / 2 ** 54;
    const high = (a) => a * 134217729 - (a * 134217729 - a);
    const p = y * y, a = high(y), b = y - a, low = a * a - p + 2 * a * b + b * b;
    const q = p * y, c = high(p), d = p - c;
    return y + (x - q - (c * a - q + c * b + d * a + d * b) - low * y) / (3 * p);
}""")


class JavaScript(Language):
    name = "javascript"
    title = "JavaScript"
    also = "js node typescript"
    extension = ".js"
    single = False
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": _MOD,
        "pow": _POW,
        "sqrt": "Math.sqrt({0})",
        "cbrt": _CBRT,
        "exp": "Math.exp({0})",
        "expm1": "Math.expm1({0})",
        "log": "Math.log({0})",
        "log1p": "Math.log1p({0})",
        "log2": "Math.log2({0})",
        "log10": "Math.log10({0})",
        "sin": "Math.sin({0})",
        "cos": "Math.cos({0})",
        "tan": "Math.tan({0})",
        "asin": "Math.asin({0})",
        "acos": "Math.acos({0})",
        "atan": "Math.atan({0})",
        "atan2": "Math.atan2({0}, {1})",
        "sinh": "Math.sinh({0})",
        "cosh": "Math.cosh({0})",
        "tanh": "Math.tanh({0})",
        "asinh": "Math.asinh({0})",
        "acosh": "Math.acosh({0})",
        "atanh": "Math.atanh({0})",
        "hypot": "Math.hypot({0}, {1})",
        "abs": "Math.abs({0})",
        "floor": "Math.floor({0})",
        "ceil": "Math.ceil({0})",
        "trunc": "Math.trunc({0})",
        "max": "Math.max({0}, {1})",
        "min": "Math.min({0}, {1})",
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} === {1}",
        "ne": "{0} !== {1}",
        "and": "{0} && {1}",
        "or": "{0} || {1}",
        "not": "!{0}",
        "where": "{0} ? {1} : {2}",
    }
    special = ("Infinity", "NaN")
    flag_as_number = "({0} ? 1 : 0)"
    number_as_flag = "{0} !== 0"
    keywords = (
        "abstract arguments async await boolean break byte case catch char class const continue "
        "debugger default delete do double else enum eval export extends false final finally float "
        "for function get goto if implements import in instanceof int interface let long native "
        "new null of package private protected public return set short static super switch "
        "synchronized this throw throws transient true try typeof undefined var void volatile "
        "while with yield NaN Infinity Math Float64Array Object Array Function Number module "
        "exports require process globalThis"
    )
    words = (
        "window document self name top parent length status event history location screen "
        "print open close stop alert fetch Date Map Set Symbol Promise Proxy JSON"
    )
    tools = (Tool("node", ("--version",), (("{tool}", "driver.js"),)),)

    def define(self, local: Local, text: str) -> str:
        return f"const {local.name} = {text};"

    def declare(self, local: Local) -> list[str]:
        return [f"let {local.name};"]

    def variables(self, own: Sequence[Local]) -> list[str]:
        return [f"let {', '.join(local.name for local in own)};"] if own else []

    def function(self, signature: Signature, body: Body) -> list[str]:
        output = signature.output
        given = ", ".join(array.name for array in signature.inputs)
        lines = [f"const {output.name} = new Float64Array({output.size});", *body.lines,
                 f"return {output.name};"]  # fmt: skip
        return [f"/** {signature.doc} */", f"function {signature.name}({given}) {{",
                *self.inner(lines), "}"]  # fmt: skip

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        given = ", ".join(array.name for array in arrays)
        return [f"function {name}({given}) {{", *self.inner(body.lines), "}"]

    def work(self, array: Array) -> list[str]:
        return [f"const {array.name} = new Float64Array({array.size});"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        inside = self.inner(wrapped([str(value) for value in values]))
        return [f"const {name} = new Int32Array([", *inside, "]);"]

    def constant(self, name: str, value: int) -> list[str]:
        return [f"const {name} = {value};"]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        public = ", ".join(name for one in exported for name in one.names)
        names = f"    module.exports = {{ {public} }};"
        export = ["", "if (typeof module !== 'undefined') {", names, "}"]
        return [*self.comment(head), '"use strict";', *code, *export]

    def bits(self, value: float) -> str:
        return f"0x{hexadecimal(value)}n"

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places = vectors.places
        lines = ["const numbers = bits => new Float64Array(new BigUint64Array(bits).buffer);"]
        for label, numbers in vectors.tables.items():
            lines += [f"const {label} = numbers([", *self.inner(self.table(numbers)), "]);"]
        width = len(vectors.given[0])
        told = []
        for one in vectors.functions:
            parts = [
                f"given.subarray({s} + p*{width}, {e} + p*{width})"
                for s, e in [places[a.name] for a in one.inputs]
            ]
            told.append(f"...{one.name}({', '.join(parts)}),")
        lines += ["const out = [];", f"for (let p = 0; p < {len(vectors.given)}; p++)",
                  "    out.push(", *self.inner(self.inner(told)), "    );",
                  "const off = (n, i) => !(Math.abs(n - wanted[i]) <= room[i]);",
                  "const wrong = out.filter(off).length;",
                  "console.log(`${wrong} wrong`);",
                  "process.exitCode = wrong ? 1 : 0;"]  # fmt: skip
        asked = "typeof process !== 'undefined' && process.argv.includes('--test')"
        return ["", f"if ({asked}) {{", *self.inner(lines), "}"]

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = [
            f"const code = require('./{self.file_name(name)}');",
            *_READING.strip("\n").split("\n"),
        ]
        lines += ["while (points-- > 0) {"]
        lines += [f"    const {a.name} = get({a.size});" for a in record]
        lines += [
            f"    put(code.{one.name}({', '.join(a.name for a in one.inputs)}));"
            for one in functions
        ]
        return "\n".join([*lines, "}", "process.stdout.write(out.join(''));", ""])


_READING = """
const words = require('fs').readFileSync(0, 'utf8').split('\\n');
const view = new DataView(new ArrayBuffer(8));
const out = [];
let place = 1, points = Number(words[0]);
function get(count) {
    const found = new Float64Array(count);
    for (let i = 0; i < count; i++) {
        view.setBigUint64(0, BigInt('0x' + words[place++]));
        found[i] = view.getFloat64(0);
    }
    return found;
}
function put(numbers) {
    for (const number of numbers) {
        view.setFloat64(0, number);
        out.push(view.getBigUint64(0).toString(16).padStart(16, '0') + '\\n');
    }
}
"""
