"""Answer → text. Errors become text in ``gradcalc.render.errors``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcalc.render.formats import FORMATS

if TYPE_CHECKING:
    from gradcalc.render.answer import Answer

__all__ = ["FORMATS", "render"]


def render(
    answer: Answer,
    format: str,
    *,
    width: int | None = None,
    digits: int | None = None,
    color: bool = False,
) -> str:
    """``answer`` in one of FORMATS, ending with a newline.

    ``width`` is how many columns a table may take (None: as many as it needs), ``digits`` how many
    significant digits people get to see (None: all). Machine formats ignore all three.
    """
    return FORMATS[format].function(answer, width=width, digits=digits, color=color)
