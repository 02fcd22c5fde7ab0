"""Python with numpy, over any number of points: the last axis is that of the variables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import ClassVar

from gradcalc.code.language import Array, Body, Column, Exported, Language, Native, Signature, Tool
from gradcalc.code.python import Python

# both ends, each where it holds
_CHOOSE = Native("""
def {name}(test, then, other, *given):
    if np.ndim(test) == 0:
        return then(*given) if test else other(*given)
    def at(place, value):
        if isinstance(value, tuple):
            return tuple(at(place, half) for half in value)
        return value[place] if np.ndim(value) else value
    found = []
    for place, end in ((test, then), (~test, other)):
        if place.any() or not place.size:
            part = end(*(at(place, value) for value in given))
            halves = part if isinstance(part, tuple) else (part,)
            found = found or [np.empty(test.shape) for _ in halves]
            for whole, half in zip(found, halves):
                whole[place] = half
    return found[0] if len(found) == 1 else tuple(found)""")

_BY_ORDER = Native("""
def {name}(function, n, *given):
    if np.ndim(n) == 0:
        return function(np.float64(n), *given)
    n, *given = np.broadcast_arrays(n, *given)
    found = np.empty(n.shape)
    for order in np.unique(n):
        found[n == order] = function(order, *(x[n == order] for x in given))
    return found""")


class Numpy(Python):
    name = "numpy"
    title = "numpy"
    also = "np"
    single = True
    eager = True
    patience = Language.patience
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": "np.mod({0}, {1})",
        "pow": "np.power({0}, {1})",
        "sqrt": "np.sqrt({0})",
        "cbrt": "np.cbrt({0})",
        "exp": "np.exp({0})",
        "exp2": "np.exp2({0})",
        "expm1": "np.expm1({0})",
        "log": "np.log({0})",
        "log1p": "np.log1p({0})",
        "log2": "np.log2({0})",
        "log10": "np.log10({0})",
        "sin": "np.sin({0})",
        "cos": "np.cos({0})",
        "tan": "np.tan({0})",
        "asin": "np.arcsin({0})",
        "acos": "np.arccos({0})",
        "atan": "np.arctan({0})",
        "atan2": "np.arctan2({0}, {1})",
        "sinh": "np.sinh({0})",
        "cosh": "np.cosh({0})",
        "tanh": "np.tanh({0})",
        "asinh": "np.arcsinh({0})",
        "acosh": "np.arccosh({0})",
        "atanh": "np.arctanh({0})",
        "logaddexp": "np.logaddexp({0}, {1})",
        "hypot": "np.hypot({0}, {1})",
        "abs": "np.abs({0})",
        "sign": "np.sign({0})",
        "floor": "np.floor({0})",
        "ceil": "np.ceil({0})",
        "trunc": "np.trunc({0})",
        "round": "np.round({0})",
        "max": "np.maximum({0}, {1})",
        "min": "np.minimum({0}, {1})",
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} != {1}",
        "and": "{0} & {1}",
        "or": "{0} | {1}",
        "not": "~{0}",
        "where": "np.where({0}, {1}, {2})",
    }
    special = ("np.inf", "np.nan")
    natives: ClassVar[Mapping[str, Native]] = {"choose": _CHOOSE, "by_order": _BY_ORDER}
    widened, narrowed = "np.asarray({0}, float)", "np.asarray({0}, np.float32)"
    flag_as_number = "np.where({0}, 1.0, 0.0)"
    keywords = f"{Python.keywords} np numpy points"
    layout = "The axes of the points come first: x[..., j], y[..., i], J[..., i, j]."
    tools = (
        Tool(sys.executable, ("-c", "import numpy; print(numpy.__version__)"),
             (("{tool}", "-I", "driver.py"),), "numpy"),
    )  # fmt: skip

    @property
    def real(self) -> str:
        return "np.float32" if self.narrow else "np.float64"

    def element(self, array: Array, place: int) -> str:
        if array.room:
            return f"{array.name}[{place}]"
        index = divmod(place, array.shape[1]) if len(array.shape) == 2 else (place,)
        return f"{array.name}[..., {', '.join(map(str, index))}]"

    def function(self, signature: Signature, body: Body) -> list[str]:
        output, names = signature.output, [array.name for array in signature.inputs]
        points = [f"{name}.shape[:-1]" for name in names]
        shape = points[0] if len(points) == 1 else f"np.broadcast_shapes({', '.join(points)})"
        sizes = f"({', '.join(map(str, output.shape))},)"
        lines = [
            f'"""{signature.doc}."""',
            *(f"{name} = np.asarray({name}, {self.real})" for name in names),
            f"{output.name} = np.zeros({shape} + {sizes}, {self.real})",
            'with np.errstate(all="ignore"):',
            *self.inner(body.lines or ["pass"]),
            f"return {output.name}",
        ]
        return ["", f"def {signature.name}({', '.join(names)}):", *self.inner(lines)]

    def work(self, array: Array) -> list[str]:
        return [f"{array.name} = [None] * {array.size}"]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        lines = super().file(name, head, code, exported)
        return ["import numpy as np" if line == "import math" else line for line in lines]

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        lines = _READING.replace("{file}", name).strip("\n").split("\n")
        place = 0
        for array in record:
            lines.append(f"{array.name} = table[:, {place}:{place + array.size}]")
            place += array.size
        told = [
            f"code.{one.name}({', '.join(a.name for a in one.inputs)}).reshape(points, -1)"
            for one in functions
        ]
        lines.append(f"put(np.concatenate([{', '.join(told)}], axis=1))")
        return "\n".join([*lines, ""])


_READING = """
import sys
sys.path.insert(0, ".")
import numpy as np
import {file} as code
head, _, rest = sys.stdin.read().partition("\\n")
points = int(head)
table = np.frombuffer(bytes.fromhex(rest), ">f8").astype(float).reshape(points, -1)
def put(numbers):
    print("\\n".join(numbers.astype(">f8").tobytes().hex(" ", 8).split()))
"""
