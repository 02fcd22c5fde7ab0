"""What other programs put around the entries of a matrix: read as brackets of ours, or as names.

Characters keep their places, so that carets stand under what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ATTRIBUTE = re.compile(r"\s*[^\W\d]\w*(?:\.\w+)+\s*[=:](?!=)")
_TENSOR = re.compile(r"\s*<tf\.\w+[^>]*?numpy\s*=")
_SIZED = re.compile(r"(\bMatrix\s*\(\s*)\d+\s*,\s*\d+\s*,(?=\s*\[)")
_BRACES = re.compile(r"\s*(?:\w+\s*=\s*)?\{[^:\"'|]*[^:\"'|{}\s][^:\"'|]*\}\s*;?\s*")
_PAIRS = re.compile(r"\s*\{\s*(?:'[^']*'|[^\W\d]\w*(?:\[[\d,\s]*\])?)\s*:.*\}\s*", re.DOTALL)
_SCALAR = re.compile(r"\b(?:Array|DeviceArray|array|tensor)\(\s*([-+.\deE]+)[^()]*\)")


def in_brackets(text: str) -> str:
    """``{{1, 2}, {3, 4}}`` of Mathematica, ``Matrix(2, 2, [[…]])`` of Maple and a tensor of
    TensorFlow, in brackets alone."""
    label = _ATTRIBUTE.match(text)  # x.grad = tensor(…)
    if label is not None:
        text = " " * label.end() + text[label.end() :]
    tensor = _TENSOR.match(text)
    if tensor is not None and text.rstrip().endswith(">"):
        return " " * tensor.end() + text[tensor.end() : text.rindex(">")]
    text = _SIZED.sub(lambda found: found[1].ljust(len(found[0])), text)
    return text.translate(str.maketrans("{}", "[]")) if _BRACES.fullmatch(text) else text


def by_name(text: str) -> Mapping[str, str] | None:
    """``{'x': 2.0, 'y': 1.0}`` of Python and ``{x: y, y: x}``: entries by variable, else None."""
    if not _PAIRS.fullmatch(text):
        return None
    inside = _SCALAR.sub(r"\1", text.strip()[1:-1])
    found: dict[str, str] = {}
    depth, piece = 0, ""
    for char in inside + ",":
        depth += (char in "([{") - (char in ")]}")
        if char != "," or depth:
            piece += char
            continue
        name, colon, entry = piece.partition(":")
        if colon:
            found[name.strip().strip("'")] = entry.strip()
        elif piece.strip():
            return None
        piece = ""
    return found
