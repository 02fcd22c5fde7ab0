"""``gradcalc functions``"""

from __future__ import annotations

import sys

from gradcalc.cli import terminal
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.render.catalogue import catalogue


def functions(options: Options) -> Text:
    """Every function of the language, with its derivative."""
    to_file = options.out is not None
    color = (
        options.color == "always" if to_file else terminal.wants_color(options.color, sys.stdout)
    )
    width = None if to_file else terminal.width(sys.stdout)
    return Text(catalogue(options.format, width=width, color=color))
