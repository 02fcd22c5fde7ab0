"""``gradcalc functions``"""

from __future__ import annotations

from gradcalc.cli import terminal
from gradcalc.cli.options import Options
from gradcalc.cli.output import Text
from gradcalc.render.catalogue import catalogue


def functions(options: Options) -> Text:
    """Every function of the language, with its derivative."""
    screen = terminal.screen(options.color, options.out)
    return Text(catalogue(options.format, width=screen.width, color=screen.color))
