"""Rust: functions of arrays, without ``unsafe`` and without allocation."""

from __future__ import annotations

import re
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
    Routine,
    Signature,
    Tool,
    Vectors,
    hexadecimal,
    wrapped,
)

_ALLOWED = "#[allow(non_snake_case, non_upper_case_globals, unused, clippy::all)]"

_TYPES = ("Real", "(Real, Real)")

_MOD = Native("""
fn {name}(x: Real, y: Real) -> Real {
    let r = x % y;
    if r == 0.0 { return Real::copysign(0.0, y); }
    if (r < 0.0) != (y < 0.0) { r + y } else { r }
}""")


class Rust(Language):
    name = "rust"
    title = "Rust"
    also = "rs"
    extension = ".rs"
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": _MOD,
        "pow": "Real::powf({0}, {1})",
        "sqrt": "Real::sqrt({0})",
        "cbrt": "Real::cbrt({0})",
        "exp": "Real::exp({0})",
        "exp2": "Real::exp2({0})",
        "expm1": "Real::exp_m1({0})",
        "log": "Real::ln({0})",
        "log1p": "Real::ln_1p({0})",
        "log2": "Real::log2({0})",
        "log10": "Real::log10({0})",
        "sin": "Real::sin({0})",
        "cos": "Real::cos({0})",
        "tan": "Real::tan({0})",
        "asin": "Real::asin({0})",
        "acos": "Real::acos({0})",
        "atan": "Real::atan({0})",
        "atan2": "Real::atan2({0}, {1})",
        "sinh": "Real::sinh({0})",
        "cosh": "Real::cosh({0})",
        "tanh": "Real::tanh({0})",
        "asinh": "Real::asinh({0})",
        "hypot": "Real::hypot({0}, {1})",
        "abs": "Real::abs({0})",
        "floor": "Real::floor({0})",
        "ceil": "Real::ceil({0})",
        "trunc": "Real::trunc({0})",
        "round": "Real::round_ties_even({0})",
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} != {1}",
        "and": "{0} && {1}",
        "or": "{0} || {1}",
        "not": "!{0}",
        "where": "if {0} { {1} } else { {2} }",
    }
    special = ("Real::INFINITY", "Real::NAN")
    pair = "({0}, {1})"
    halves = ("{0}.0", "{0}.1")
    widened, narrowed = "({0}) as f64", "({0} as f32)"
    flag_as_number = "(if {0} { 1.0 } else { 0.0 })"
    keywords = (
        "as async await break const continue crate dyn else enum extern false fn for if impl in "
        "let loop match mod move mut pub ref return self Self static struct super trait true type "
        "unsafe use where while abstract become box do final macro override priv try typeof "
        "unsized virtual yield gen f32 f64 bool char str u8 u16 u32 u64 usize i8 i16 i32 i64 isize "
        "Real main tests"
    )
    tools = (
        Tool("rustc", ("--version",), (
            ("{tool}", "--edition", "2021", "-C", "opt-level=1", "-A", "warnings", "-o", "run",
             "driver.rs"),
            ("./run",),
        )),
    )  # fmt: skip

    @property
    def real(self) -> str:
        return "f32" if self.narrow else "f64"

    def define(self, local: Local, text: str) -> str:
        return f"let {local.name}: {'bool' if local.flag else 'Real'} = {text};"

    def declare(self, local: Local) -> list[str]:
        return [f"let {local.name}: Real;"]

    def branch(self, condition: str, then: Sequence[str], other: Sequence[str] = ()) -> list[str]:
        opposite = ["} else {", *self.inner(other)] if other else []
        return [f"if {condition} {{", *self.inner(then), *opposite, "}"]

    def loop(self, condition: str, body: Sequence[str]) -> list[str]:
        return [f"while {condition} {{", *self.inner(body), "}"]

    def variables(self, own: Sequence[Local]) -> list[str]:
        return [f"let mut {local.name} = {'(0.0, 0.0)' if local.pair else '0.0'};" for local in own]

    def routine(self, one: Routine) -> list[str]:
        names = ", ".join(f"{local.name}: {_TYPES[local.pair]}" for local in one.given)
        head = f"fn {one.name}({names}) -> {_TYPES[one.pair]} {{"
        return [_ALLOWED, head, *self.inner(one.lines), "}"]

    def in_doubles(self, lines: Sequence[str]) -> list[str]:
        return [re.sub(r"\bReal\b", "f64", line) for line in lines]

    def _parameters(self, inputs: Sequence[Array], outputs: Sequence[Array]) -> str:
        given = [f"{array.name}: &[Real; {array.size}]" for array in inputs]
        made = [f"{array.name}: &mut [Real; {array.size}]" for array in outputs]
        return ", ".join([*given, *made])

    def function(self, signature: Signature, body: Body) -> list[str]:
        output, lines = signature.output, list(body.lines)
        if body.filled:
            lines.insert(0, f"{output.name}.fill(0.0);")
        given = self._parameters(signature.inputs, [output])
        return [f"/// {signature.doc}", _ALLOWED, f"pub fn {signature.name}({given}) {{",
                *self.inner(lines), "}"]  # fmt: skip

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        given = self._parameters(arrays[:-2], arrays[-2:])
        return [_ALLOWED, f"fn {name}({given}) {{", *self.inner(body.lines), "}"]

    def work(self, array: Array) -> list[str]:
        return [f"let mut {array.name}: [Real; {array.size}] = [0.0; {array.size}];"]

    def run_part(self, name: str, arrays: Sequence[Array]) -> list[str]:
        given = [f"&mut {array.name}" if array.room else array.name for array in arrays]
        return [f"{name}({', '.join(given)});"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        inside = self.inner(wrapped([str(value) for value in values]))
        return [_ALLOWED, f"pub const {name}: [usize; {len(values)}] = [", *inside, "];"]

    def constant(self, name: str, value: int) -> list[str]:
        return [_ALLOWED, f"pub const {name}: usize = {value};"]

    def comment(self, lines: Sequence[str]) -> list[str]:
        return [f"// {line}".rstrip() for line in lines]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        body = [re.sub(r"\bReal\b", self.real, line) for line in code]
        return [*self.comment(head), *body]

    def bits(self, value: float) -> str:
        return f"0x{hexadecimal(value)}"

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places, lines = vectors.places, list[str]()
        for label, numbers in vectors.tables.items():
            size = len(numbers) * len(numbers[0])
            lines += [f"let {label}: [u64; {size}] = [", *self.inner(self.table(numbers)), "];",
                      f"let {label} = {label}.map(|n| f64::from_bits(n) as Real);"]  # fmt: skip
        width, count = len(vectors.given[0]), len(vectors.wanted[0])
        loop = [f"let mut out = [0.0 as Real; {count}];"]
        start = 0
        for one in vectors.functions:
            stop = start + one.output.size
            parts = [
                f"given[p*{width} + {s}..][..{e - s}].try_into().unwrap()"
                for s, e in [places[a.name] for a in one.inputs]
            ]
            parts.append(f"(&mut out[{start}..{stop}]).try_into().unwrap()")
            loop.append(f"super::{one.name}({', '.join(parts)});")
            start = stop
        loop += [f"for i in 0..{count} {{",
                 f"    let k = p*{count} + i;",
                 "    let fits = (out[i] - wanted[k]).abs() <= room[k];",
                 "    assert!(fits, \"point {}, number {}\", p, i);",
                 "}"]  # fmt: skip
        lines += [f"for p in 0..{len(vectors.given)} {{", *self.inner(loop), "}"]
        return ["", "#[cfg(test)]", "mod tests {", "    #[allow(unused_imports)]",
                "    use std::convert::TryInto; // before the edition of 2021", "    #[test]",
                "    fn vectors() {", *self.inner(self.inner(lines)), "    }", "}"]  # fmt: skip

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = _READING.replace("{file}", name).strip("\n").split("\n")
        arrays = [(array.name, array.size) for array in record]
        arrays += [(f"out{k}", one.output.size) for k, one in enumerate(functions)]
        body = [f"let mut {name} = [0.0 as {self.real}; {size}];" for name, size in arrays]
        body += [
            f"for k in 0..{array.size} {{ {array.name}[k] = get(&mut words) as {self.real}; }}"
            for array in record
        ]
        for k, one in enumerate(functions):
            given = ", ".join([*(f"&{array.name}" for array in one.inputs), f"&mut out{k}"])
            body += [f"code::{one.name}({given});", f"for n in out{k} {{ put(n as f64); }}"]
        return "\n".join([*lines, *self.inner(self.inner(body)), "    }", "}", ""])


_READING = """
#[path = "{file}.rs"]
mod code;
use std::io::Read;
fn get<'a>(words: &mut impl Iterator<Item = &'a str>) -> f64 {
    f64::from_bits(u64::from_str_radix(words.next().unwrap(), 16).unwrap())
}
fn put(number: f64) {
    println!("{:016x}", number.to_bits());
}
fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let mut words = text.split_whitespace();
    let points: usize = words.next().unwrap().parse().unwrap();
    for _ in 0..points {
"""
