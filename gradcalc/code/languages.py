"""The one list of languages."""

from __future__ import annotations

from os.path import splitext

from gradcalc.code.arrays import Numpy
from gradcalc.code.c import C
from gradcalc.code.fortran import Fortran
from gradcalc.code.javascript import JavaScript
from gradcalc.code.julia import Julia
from gradcalc.code.language import Language
from gradcalc.code.matlab import Matlab
from gradcalc.code.python import Python
from gradcalc.code.rust import Rust

LANGUAGES: dict[str, type[Language]] = {
    one.name: one for one in (C, Python, Numpy, JavaScript, Julia, Rust, Fortran, Matlab)
}

ALSO = {word: name for name, one in LANGUAGES.items() for word in one.also.split()}
"""Other words for them."""


def by_extension(path: str) -> str | None:
    """The language that the name of a file says it is in."""
    extension = splitext(path)[1].lower()
    return next((name for name, one in LANGUAGES.items() if one.extension == extension), None)
