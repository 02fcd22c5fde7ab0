"""A coverage-guided fuzzer of the parser, to be run by hand; it needs ``pip install atheris``.

    python tests/fuzz/parser.py -max_total_time=600 -timeout=10 CORPUS_FOLDER

Any text must come back as a graph or as a GradcalcError whose report is safe to print.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["gradcalc.language", "gradcalc.graph", "gradcalc.render"]):
    from gradcalc.errors import GradcalcError
    from gradcalc.functions.primitives import FUNCTIONS
    from gradcalc.language import parse
    from gradcalc.language.points import read
    from gradcalc.render.errors import problem

WORDS = [
    *(f"{name}(" for name in FUNCTIONS), "sum(", "dot(", "zeros(", "ones(", "norm(", "max(",
    "where(", " and ", " or ", "not ", "**", "==", "!=", "a[", "[", "]", "x1", "a", "pi", "²",
    "√", "1e308", "0.5", "10**9", "\u202e", "\u0445", "\x1b[31m", "::", ":-1", " = ", "; ",
    "a = zeros(3); ", "\n", "M @ a", "M[0,:]", "k[1] = ", "99999999999999999999",
]  # fmt: skip
SHAPES = {"a": (3,), "M": (2, 3)}


def spelled(data: bytes) -> str:
    """ASCII as it is; a byte above it is a word of the language."""
    return "".join(chr(b) if b < 128 else WORDS[(b - 128) % len(WORDS)] for b in data)


def one(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    way = provider.ConsumeIntInRange(0, 3)
    rest = provider.ConsumeBytes(len(data))
    text = rest.decode("utf-8", "surrogatepass" if way == 3 else "replace") if way > 1 else spelled(
        rest
    )  # fmt: skip
    try:
        if way == 1:
            read(text.lstrip("@"), "--at")
        else:
            parse(text, shapes=SHAPES)
    except GradcalcError as error:
        report = problem(error)
        assert report.replace("\n", "").isprintable(), report


def forgiving(data: bytes) -> None:
    try:
        one(data)
    except UnicodeDecodeError:  # of the fuzzer's own surrogates
        return


if __name__ == "__main__":
    atheris.Setup(sys.argv, forgiving)
    atheris.Fuzz()
