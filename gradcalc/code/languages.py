"""The one list of languages."""

from __future__ import annotations

from gradcalc.code.c import C
from gradcalc.code.javascript import JavaScript
from gradcalc.code.language import Language
from gradcalc.code.python import Python

LANGUAGES: dict[str, type[Language]] = {one.name: one for one in (C, Python, JavaScript)}
