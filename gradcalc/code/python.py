"""Python with nothing but ``math``, whose functions raise where numbers have an answer."""

from __future__ import annotations

import sys
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
    wrapped,
)


def _careful(call: str, otherwise: str) -> Native:
    """A function that says what the numbers say where ``math`` raises."""
    return Native(f"""
def {{name}}(x):
    try:
        return {call}
    except (ValueError, OverflowError):
        return {otherwise}""")


_NAN, _INF = "math.nan", "math.inf"
_WHOLE = "x if math.isinf(x) or math.isnan(x) else"

_DIV = Native("""
def {name}(x, y):
    if y != 0.0:
        return x / y
    if x != x or x == 0.0:
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)""")

_POW = Native("""
def {name}(x, y):
    try:
        return math.pow(x, y)
    except OverflowError:
        odd = y == math.floor(y) and y % 2.0 == 1.0
        return -math.inf if x < 0.0 and odd else math.inf
    except ValueError:
        if x != 0.0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2.0 == 1.0 else math.inf""")

_MOD = Native("""
def {name}(x, y):
    return x % y if y != 0.0 and not math.isinf(x) else math.nan""")


class Python(Language):
    name = "python"
    title = "Python"
    also = "py python3"
    frame = (["", "def {name}({given}):"], [])
    extension = ".py"
    single = False
    end = ""
    hidden = "_"
    patience = 20_000
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": _DIV,
        "neg": "-{0}",
        "mod": _MOD,
        "pow": _POW,
        "sqrt": _careful("math.sqrt(x)", _NAN),
        "cbrt": "math.cbrt({0})",
        "exp": _careful("math.exp(x)", _INF),
        "exp2": _careful("math.exp2(x)", _INF),
        "expm1": _careful("math.expm1(x)", _INF),
        "log": _careful("math.log(x)", "-math.inf if x == 0.0 else math.nan"),
        "log1p": _careful("math.log1p(x)", "-math.inf if x == -1.0 else math.nan"),
        "log2": _careful("math.log2(x)", "-math.inf if x == 0.0 else math.nan"),
        "log10": _careful("math.log10(x)", "-math.inf if x == 0.0 else math.nan"),
        "sin": _careful("math.sin(x)", _NAN),
        "cos": _careful("math.cos(x)", _NAN),
        "tan": _careful("math.tan(x)", _NAN),
        "asin": _careful("math.asin(x)", _NAN),
        "acos": _careful("math.acos(x)", _NAN),
        "atan": "math.atan({0})",
        "atan2": "math.atan2({0}, {1})",
        "sinh": _careful("math.sinh(x)", "math.copysign(math.inf, x)"),
        "cosh": _careful("math.cosh(x)", _INF),
        "tanh": "math.tanh({0})",
        "asinh": "math.asinh({0})",
        "acosh": _careful("math.acosh(x)", _NAN),
        "atanh": _careful(
            "math.atanh(x)", "math.copysign(math.inf, x) if abs(x) == 1.0 else math.nan"
        ),
        "hypot": "math.hypot({0}, {1})",
        "erf": "math.erf({0})",
        "erfc": "math.erfc({0})",
        "abs": "abs({0})",
        "floor": Native(f"\ndef {{name}}(x):\n    return {_WHOLE} math.copysign(math.floor(x), x)"),
        "ceil": Native(f"\ndef {{name}}(x):\n    return {_WHOLE} math.copysign(math.ceil(x), x)"),
        "trunc": Native(f"\ndef {{name}}(x):\n    return {_WHOLE} math.copysign(math.trunc(x), x)"),
        "round": Native(f"\ndef {{name}}(x):\n    return {_WHOLE} math.copysign(round(x), x)"),
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} != {1}",
        "and": "{0} and {1}",
        "or": "{0} or {1}",
        "not": "not {0}",
        "where": "{1} if {0} else {2}",
    }
    special = ("math.inf", "math.nan")
    pair = "({0}, {1})"
    flag_as_number = "float({0})"
    keywords = (
        "False None True and as assert async await break class continue def del elif else except "
        "finally for from global if import in is lambda nonlocal not or pass raise return try "
        "while with yield match case type math sys"
    )
    words = (
        "abs all any bool bytes dict dir eval exec filter float format hash help id input int iter "
        "len list map max min next object open ord pow print range repr reversed round set sorted "
        "str sum super tuple type vars zip"
    )
    layout = "Matrices are lists of rows: entry (i, j) is [i][j]."
    tools = (Tool(sys.executable, ("--version",), (("{tool}", "-I", "driver.py"),), "Python"),)

    def element(self, array: Array, place: int) -> str:
        if len(array.shape) == 2:
            i, j = divmod(place, array.shape[1])
            return f"{array.name}[{i}][{j}]"
        return f"{array.name}[{place}]"

    def define(self, local: Local, text: str) -> str:
        return f"{local.name} = {text}"

    def declare(self, local: Local) -> list[str]:
        return []

    def branch(self, condition: str, then: Sequence[str], other: Sequence[str] = ()) -> list[str]:
        opposite = ["else:", *self.inner(other)] if other else []
        return [f"if {condition}:", *self.inner(then), *opposite]

    def loop(self, condition: str, body: Sequence[str]) -> list[str]:
        return [f"while {condition}:", *self.inner(body)]

    def function(self, signature: Signature, body: Body) -> list[str]:
        output = signature.output
        given = ", ".join(array.name for array in signature.inputs)
        row = f"[0.0] * {output.shape[-1]}"
        room = row if len(output.shape) == 1 else f"[{row} for _ in range({output.shape[0]})]"
        lines = [f'"""{signature.doc}."""', f"{output.name} = {room}", *body.lines,
                 f"return {output.name}"]  # fmt: skip
        return ["", f"def {signature.name}({given}):", *self.inner(lines)]

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        given = ", ".join(array.name for array in arrays)
        return ["", f"def {name}({given}):", *self.inner(body.lines)]

    def work(self, array: Array) -> list[str]:
        return [f"{array.name} = [0.0] * {array.size}"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        return [f"{name} = [", *self.inner(wrapped([f"{value}" for value in values])), "]"]

    def constant(self, name: str, value: int) -> list[str]:
        return [f"{name} = {value}"]

    def comment(self, lines: Sequence[str]) -> list[str]:
        plain = [line.replace("\\", "\\\\").replace('"""', "'''") for line in lines]
        return [f'"""{plain[0]}', *plain[1:], '"""']

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        lines = [*self.comment(head), "", "import math", "import sys"]
        for line in code:
            if line.startswith("def "):
                while not lines[-1]:
                    lines.pop()
                lines += ["", ""]
            lines.append(line)
        return lines

    def bits(self, value: float) -> str:
        return f'"{value.hex()}"'

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places, lines = vectors.places, ["def flat(a):"]
        lines += [
            "    return [n for b in a for n in flat(b)] if hasattr(a, '__len__') else [a]",
            "",
        ]
        for label, numbers in vectors.tables.items():
            lines += [f"{label} = [float.fromhex(n) for n in [", *self.inner(self.table(numbers)),
                      "]]"]  # fmt: skip
        width = len(vectors.given[0])
        lines += ["out = []", f"for p in range({len(vectors.given)}):"]
        for one in vectors.functions:
            parts = [
                f"given[{s} + p*{width}:{e} + p*{width}]"
                for s, e in [places[a.name] for a in one.inputs]
            ]
            lines.append(f"    out += flat({one.name}({', '.join(parts)}))")
        lines += ["wrong = sum(not abs(n - w) <= r for n, w, r in zip(out, wanted, room))",
                  'print(f"{wrong} wrong")', "sys.exit(wrong != 0)"]  # fmt: skip
        asked = 'if __name__ == "__main__" and sys.argv[1:] == ["--test"]:'
        return ["", "", asked, *self.inner(lines)]

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = _READING.replace("{file}", name).strip("\n").split("\n")
        lines += ["for _ in range(points):"]
        lines += [f"    {a.name} = get({a.size})" for a in record]
        lines += [
            f"    put(code.{one.name}({', '.join(a.name for a in one.inputs)}))"
            for one in functions
        ]
        return "\n".join([*lines, ""])


_READING = """
import struct, sys
sys.path.insert(0, ".")
import {file} as code
words = iter(sys.stdin.read().split())
points = int(next(words))
def get(count):
    return [struct.unpack(">d", bytes.fromhex(next(words)))[0] for _ in range(count)]
def put(numbers):
    for number in numbers:
        if isinstance(number, list):
            put(number)
        else:
            print(struct.pack(">d", number).hex())
"""
