"""MATLAB and Octave: one function, [y, J, ...] = name(x, v), in real numbers only."""

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
    Piece,
    Signature,
    Tool,
    Vectors,
    hexadecimal,
    wrapped,
)


def _real(call: str, domain: str) -> Native:
    """A function that is complex outside of its domain: NaN there."""
    return Native(f"""
function r = {{name}}(x)
    if {domain}
        r = {call};
    else
        r = NaN;
    end
end""")


_POW = Native("""
function r = {name}(x, y)
    r = abs(x)^y;
    if x < 0 && y ~= floor(y) && ~isinf(x)
        r = NaN;
    elseif (x < 0 || 1/x < 0) && y/2 ~= floor(y/2) && y == floor(y)
        r = -r;
    end
end""")

# mod and rem of the language round the quotient
_MOD = Native("""
function r = {name}(x, y)
    if y == 0 || isinf(x) || isnan(x) || isnan(y)
        r = NaN;
        return;
    end
    r = abs(x);
    b = abs(y);
    while r >= b && ~isinf(b)
        [~, e] = log2(r);
        [~, d] = log2(b);
        h = floor((e - d)/2);
        t = pow2(pow2(b, h), e - d - h);
        if t > r
            t = t/2;
        end
        r = r - t;
    end
    if x < 0
        r = -r;
    end
    if r == 0
        r = 0*sign(y);
    elseif (r < 0) ~= (y < 0)
        r = r + y;
    end
end""")


class Matlab(Language):
    name = "matlab"
    title = "MATLAB"
    also = "octave m"
    frame = (["function r_ = {name}({given})"], ["end"])
    extension = ".m"
    patience = 1000
    functions: ClassVar[Column] = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "neg": "-{0}",
        "mod": _MOD,
        "pow": _POW,
        "sqrt": _real("sqrt(x)", "x >= 0"),
        "cbrt": "nthroot({0}, 3)",
        "exp": "exp({0})",
        "expm1": "expm1({0})",
        "log": _real("log(x)", "x >= 0"),
        "log1p": _real("log1p(x)", "x >= -1"),
        "log2": _real("log2(x)", "x >= 0"),
        "log10": _real("log10(x)", "x >= 0"),
        "sin": "sin({0})",
        "cos": "cos({0})",
        "tan": "tan({0})",
        "asin": _real("asin(x)", "abs(x) <= 1"),
        "acos": _real("acos(x)", "abs(x) <= 1"),
        "atan": "atan({0})",
        "atan2": "atan2({0}, {1})",
        "sinh": "sinh({0})",
        "cosh": "cosh({0})",
        "tanh": "tanh({0})",
        "asinh": "asinh({0})",
        "acosh": _real("acosh(x)", "x >= 1"),
        "atanh": _real("atanh(x)", "abs(x) <= 1"),
        "hypot": "hypot({0}, {1})",
        "erf": "erf({0})",
        "erfc": "erfc({0})",
        "abs": "abs({0})",
        "sign": "sign({0})",
        "floor": "floor({0})",
        "ceil": "ceil({0})",
        "trunc": "fix({0})",
        "lt": "{0} < {1}",
        "le": "{0} <= {1}",
        "gt": "{0} > {1}",
        "ge": "{0} >= {1}",
        "eq": "{0} == {1}",
        "ne": "{0} ~= {1}",
        "and": "{0} && {1}",
        "or": "{0} || {1}",
        "not": "~{0}",
        "where": "",
    }
    special = ("Inf", "NaN")
    halves = ("{0}(1)", "{0}(2)")
    widened, narrowed = "double({0})", "single({0})"
    flag_as_number = "double({0})"
    number_as_flag = "{0} ~= 0"
    first = 1
    keywords = (
        "break case catch classdef continue else elseif end endfunction endif endwhile "
        "end_try_catch enumeration events for function global if methods otherwise parfor "
        "persistent properties return spmd switch try until do unwind_protect while varargout "
        "varargin nargout nargin ans r pi Inf NaN inf nan eps i j"
    )
    words = (
        "abs acos acosh all any asin asinh atan atan2 atanh ceil cos cosh cross det diag disp dot "
        "double erf erfc exp eye fix floor gamma hypot imag inv length linspace log log10 log2 max "
        "mean min mod norm numel ones plot prod rand real rem round sign sin single sinh size sort "
        "sparse sqrt std sum tan tanh trace var zeros"
    )
    layout = "Matrices are matrices: row i, column j is (i, j)."
    tools = (
        Tool("octave-cli", ("--version",), (("{tool}", "-qf", "driver.m"),)),
        Tool("octave", ("--version",), (("{tool}", "-qf", "driver.m"),)),
        Tool("matlab", ("-batch", "version"), (("{tool}", "-batch", "driver"),)),
    )

    @property
    def real(self) -> str:
        return "single" if self.narrow else "double"

    def choice(self, condition: Piece, then: Piece, other: Piece) -> Piece | None:
        return None

    def element(self, array: Array, place: int) -> str:
        index = divmod(place, array.shape[1]) if len(array.shape) == 2 else (place,)
        return f"{array.name}({', '.join(str(k + 1) for k in index)})"

    def define(self, local: Local, text: str) -> str:
        return f"{local.name} = {text};"

    def declare(self, local: Local) -> list[str]:
        return []

    def branch(self, condition: str, then: Sequence[str], other: Sequence[str] = ()) -> list[str]:
        opposite = ["else", *self.inner(other)] if other else []
        return [f"if {condition}", *self.inner(then), *opposite, "end"]

    def loop(self, condition: str, body: Sequence[str]) -> list[str]:
        return [f"while {condition}", *self.inner(body), "end"]

    def back(self, text: str) -> list[str]:
        return [f"r_ = {text};", "return;"]

    def own_name(self, name: str, what: str) -> str:
        return f"{name}_{'value' if what == 'f' else what}"

    def function(self, signature: Signature, body: Body) -> list[str]:
        output = signature.output
        rows, *columns = output.shape
        given = ", ".join(array.name for array in signature.inputs)
        lines = [f"% {signature.doc}", f"{output.name} = zeros({rows}, {(columns or [1])[0]}, "
                 f"'{self.real}');", *body.lines]  # fmt: skip
        return [f"function {output.name} = {signature.name}({given})", *self.inner(lines), "end"]

    def part(self, name: str, arrays: Sequence[Array], body: Body) -> list[str]:
        given, made = (", ".join(array.name for array in some) for some in (arrays, arrays[-2:]))
        return [f"function [{made}] = {name}({given})", *self.inner(body.lines), "end"]

    def work(self, array: Array) -> list[str]:
        return [f"{array.name} = zeros(1, {array.size}, '{self.real}');"]

    def run_part(self, name: str, arrays: Sequence[Array]) -> list[str]:
        given, made = (", ".join(array.name for array in some) for some in (arrays, arrays[-2:]))
        return [f"[{made}] = {name}({given});"]

    def numbers(self, name: str, values: Sequence[int]) -> list[str]:
        inside = [f"{line} ..." for line in wrapped([str(value) for value in values])]
        body = ["r = [ ...", *self.inner(inside), "];"]
        return [f"function r = {name}()", *self.inner(body), "end"]

    def constant(self, name: str, value: int) -> list[str]:
        return []

    def comment(self, lines: Sequence[str]) -> list[str]:
        return [f"% {line}".rstrip() for line in lines]

    def file(
        self, name: str, head: Sequence[str], code: Sequence[str], exported: Sequence[Exported]
    ) -> list[str]:
        inputs = list(dict.fromkeys(a.name for one in exported for a in one.signature.inputs))
        outputs = [f"out{k + 1}" for k in range(len(exported))]
        lines = []
        if f"function {name}_test()" in code:
            lines += [f"if ischar({inputs[0]}) && strcmp({inputs[0]}, '--test')",
                      f"    {name}_test();", "    return;", "end"]  # fmt: skip
        for k, one in enumerate(exported):
            own = one.signature
            text = f"{own.name}({', '.join(f'{self.real}({a.name})' for a in own.inputs)})"
            if one.shape is not None:
                places = f"{own.name}_rows(), {own.name}_cols()"
                text = f"sparse({places}, {text}, {one.shape[0]}, {one.shape[1]})"
            lines += [f"if nargout > {k - (k == 0)}", f"    out{k + 1} = {text};", "end"]
        return [
            f"function [{', '.join(outputs)}] = {name}({', '.join(inputs)})",
            *self.comment(head),
            *self.inner(lines), "end", *code,
        ]  # fmt: skip

    def bits(self, value: float) -> str:
        return f"'{hexadecimal(value)}'"

    def test(self, name: str, vectors: Vectors) -> list[str]:
        places, lines = vectors.places, ["wrong = 0;"]
        for label, numbers in vectors.tables.items():
            table = [f"{line} ..." for line in self.table(numbers)]
            lines += [f"{label} = reshape(hex2num({{ ...", *self.inner(table),
                      f"}}), {len(numbers[0])}, []);"]  # fmt: skip
        loop, first = [], 1
        for one in vectors.functions:
            parts = [f"given({s + 1}:{e}, p)" for s, e in [places[a.name] for a in one.inputs]]
            last = first + one.output.size - 1
            loop += [f"out = {one.name}({', '.join(parts)})';",
                     f"off = abs(double(out(:)) - wanted({first}:{last}, p));",
                     f"wrong = wrong + sum(~(off <= room({first}:{last}, p)));"]  # fmt: skip
            first = last + 1
        lines += [f"for p = 1:{len(vectors.given)}", *self.inner(loop), "end",
                  "fprintf('%d wrong\\n', wrong);", "if wrong", f"    error('{name} is wrong');",
                  "end"]  # fmt: skip
        return ["", f"function {name}_test()", *self.inner(lines), "end"]

    def driver(self, name: str, functions: Sequence[Signature], record: Sequence[Array]) -> str:
        outputs = [f"out{k}" for k in range(len(functions))]
        names = ", ".join(array.name for array in record)
        lines = [
            f"eval(fileread('{self.file_name(name)}'));  % the functions inside, too",
            "words = strsplit(strtrim(fileread('/dev/stdin')));",
            "points = str2double(words{1});",
            "numbers = hex2num(char(words(2:end)));",
            "place = 0;",
            "for p = 1:points",
        ]
        for array in record:
            lines += [f"    {array.name} = numbers(place + (1:{array.size}));",
                      f"    place = place + {array.size};"]  # fmt: skip
        lines.append(f"    [{', '.join(outputs)}] = {name}({names});")
        for out, one in zip(outputs, functions, strict=True):
            lines += [f"    told = full({out})';",
                      f"    if exist('{one.name}_rows')",
                      f"        at = sub2ind(size({out}), {one.name}_rows(), {one.name}_cols());",
                      f"        told = full({out}(at));",
                      "    end"]  # fmt: skip
            lines.append("    bits = num2hex(double(told(:)))';")
            lines.append("    fprintf('%s', [bits; repmat(char(10), 1, size(bits, 2))]);")
        return "\n".join([*lines, "end", ""])
