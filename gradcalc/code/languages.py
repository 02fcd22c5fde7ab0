"""The one list of languages."""

from __future__ import annotations

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
