"""Curves in Braille, surfaces in shades with arrows: for a terminal of any kind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradcalc.engine.schedule import Floats
from gradcalc.errors.text import safe
from gradcalc.plot.curve import MARK_NAMES, Curve, Mark, heights
from gradcalc.plot.surface import Surface
from gradcalc.render.numbers import shown

WIDTH, MOST, LINES = 76, 100, 11
_DIGITS = 4
_BRAILLE = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_SHADES = " ·░▒▓█"
_ARROWS = "→↗↑↖←↙↓↘"
_PANELS = 6
"""More of them nobody reads on a terminal."""


def curves(curve: Curve, width: int | None, digits: int | None = None) -> str:
    """Every output, and its slope, on a panel of its own; then what there is to say of places."""
    columns = min(width or WIDTH, MOST)
    blocks = []
    for i, name in enumerate(curve.outputs):
        marks = [mark for mark in curve.marks if mark.output == i]
        slope = f"d{name}/d{curve.variable}"
        for title, y in ((name, curve.value[:, i]), (slope, curve.slope[:, i])):
            blocks.append(_panel(title, curve.variable, curve.x, y, marks, columns))
    left_out = len(blocks) - _PANELS
    text = "\n".join(blocks[:_PANELS])
    if left_out > 0:
        text += f"\n… {left_out} more panels; -o FILE.svg has them all\n"
    said = [
        f"  {safe(curve.outputs[mark.output])}: {MARK_NAMES[mark.kind]} "
        f"{_where(mark, curve.variable, digits or 6)}"
        for mark in curve.marks
    ]
    return "\n".join([text, *said[:40]]) + ("\n" if said else "")


def _where(mark: Mark, variable: str, digits: int) -> str:
    if mark.kind == "fine":
        return safe(mark.text)
    told = f": {safe(mark.text)}" if mark.text else ""
    return f"at {safe(variable)} = {shown(mark.x, digits)}{told}"


def _panel(
    title: str, variable: str, x: Floats, y: Floats, marks: Sequence[Mark], columns: int
) -> str:
    low, high = heights(y, x)
    labels = [shown(number, _DIGITS) for number in (high, low)]
    margin = max(map(len, labels)) + 1
    across = columns - margin - 1
    grid = _drawn(x, y, low, high, across)
    lines = [f"{safe(title)}"]
    for k, row in enumerate(grid):
        label = labels[0] if k == 0 else labels[1] if k == len(grid) - 1 else ""
        lines.append(f"{label:>{margin}}┤{row}".rstrip())
    lines.append(f"{'':>{margin}}└{_axis(x, marks, across)}")
    first, last = shown(float(x[0]), _DIGITS), shown(float(x[-1]), _DIGITS)
    middle = safe(variable)
    room = across - len(first) - len(last)
    lines.append(f"{'':>{margin}} {first}{middle:^{max(room, 1)}}{last}")
    return "\n".join(lines) + "\n"


_SIGNS = {"pole": "∞", "jump": "↕", "kink": "∧", "edge": "|", "lost": "≈", "fine": "≋"}


def _axis(x: Floats, marks: Sequence[Mark], across: int) -> str:
    """The x axis, with a sign where there is something to say."""
    axis = ["─"] * across
    for mark in marks:
        place = (mark.x - x[0]) / (x[-1] - x[0]) * (across - 1)
        axis[min(max(round(place), 0), across - 1)] = _SIGNS[mark.kind]
    return "".join(axis)


def _drawn(x: Floats, y: Floats, low: float, high: float, across: int) -> list[str]:
    """Dots of a curve, from sample to sample; what is beyond the panel is cut."""
    wide, tall = 2 * across, 4 * LINES
    dots = np.zeros((tall, wide), bool)
    place = (x - x[0]) / (x[-1] - x[0]) * (wide - 1)
    with np.errstate(all="ignore"):
        level = np.clip((high - y) / (high - low), -1, 2) * (tall - 1)
    for k in range(len(x) - 1):
        if not np.isfinite(level[k : k + 2]).all():
            continue
        steps = 1 + int(max(abs(place[k + 1] - place[k]), abs(level[k + 1] - level[k])))
        for t in np.linspace(0, 1, steps + 1).tolist():
            column = round(float(place[k] + t * (place[k + 1] - place[k])))
            row = round(float(level[k] + t * (level[k + 1] - level[k])))
            if 0 <= row < tall:
                dots[row, column] = True
    return [
        "".join(chr(0x2800 + _cell(dots, 4 * i, 2 * j)) for j in range(across)).replace("⠀", " ")
        for i in range(LINES)
    ]


def _cell(dots: Floats, top: int, left: int) -> int:
    return sum(
        bit
        for i, bits in enumerate(_BRAILLE)
        for j, bit in enumerate(bits)
        if dots[top + i, left + j]
    )


def shades(surface: Surface, width: int | None, digits: int | None = None) -> str:
    """The values of every output as shades, with arrows up the gradient."""
    columns = min(width or WIDTH, MOST)
    blocks = [_shaded(surface, i, columns, digits or 6) for i in range(len(surface.outputs))]
    left_out = len(blocks) - _PANELS // 2
    text = "\n".join(blocks[: _PANELS // 2])
    return f"{text}\n… {left_out} more; -o FILE.svg has them all\n" if left_out > 0 else text


def _shaded(surface: Surface, i: int, columns: int, digits: int) -> str:
    value, slope = surface.value[:, :, i], surface.slope[:, :, i]
    low, high = heights(value)
    up = [shown(float(end), _DIGITS) for end in (surface.y[-1], surface.y[0])]
    margin = max(map(len, up)) + 1
    across, tall = columns - margin - 1, 2 * LINES - 1
    rows = np.linspace(len(surface.y) - 1, 0, tall).round().astype(int)
    places = np.linspace(0, len(surface.x) - 1, across).round().astype(int)
    lines = [f"{safe(surface.outputs[i])}, with arrows up the gradient"]
    broken = _broken(surface, i, across, tall)
    for k, row in enumerate(rows):
        label = up[0] if k == 0 else up[1] if k == tall - 1 else ""
        cells = [
            broken.get((k, j))
            or (
                _shade(value[row, column], low, high)
                if k % 3 != 1 or j % 6 != 3
                else _arrow(slope[row, column])
            )
            for j, column in enumerate(places)
        ]
        lines.append(f"{label:>{margin}}┤{''.join(cells)}".rstrip())
    first, last = (shown(float(end), _DIGITS) for end in (surface.x[0], surface.x[-1]))
    lines.append(f"{'':>{margin}}└{'─' * across}")
    room = across - len(first) - len(last)
    lines.append(f"{'':>{margin}} {first}{safe(surface.variables[0]):^{max(room, 1)}}{last}")
    steps = np.linspace(low, high, len(_SHADES) + 1)
    key = "  ".join(
        f"{shade or '·'} {shown(float(a), 3)}…{shown(float(b), 3)}"
        for shade, a, b in zip(_SHADES, steps, steps[1:], strict=False)
    )
    lines.append(f"{'':>{margin}} {key}")
    signs = dict.fromkeys(broken.values())
    if signs:
        told = "  ".join(
            f"{_SIGNS[kind]} {MARK_NAMES[kind]}" for kind in _SIGNS if _SIGNS[kind] in signs
        )
        lines.append(f"{'':>{margin}} {told}")
    return "\n".join(lines) + "\n"


def _broken(surface: Surface, i: int, across: int, tall: int) -> dict[tuple[int, int], str]:
    """The signs of kinks and jumps, by row and column."""
    found = {}
    for edge in surface.edges:
        if edge.output == i:
            x, y = edge.pieces.mean(axis=1).T
            columns = (x - surface.x[0]) / (surface.x[-1] - surface.x[0]) * (across - 1)
            rows = (surface.y[-1] - y) / (surface.y[-1] - surface.y[0]) * (tall - 1)
            for row, column in zip(rows.round().tolist(), columns.round().tolist(), strict=True):
                found[int(row), int(column)] = _SIGNS[edge.kind]
    return found


def _shade(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "×"
    level = int((value - low) / (high - low) * len(_SHADES))
    return _SHADES[min(max(level, 0), len(_SHADES) - 1)]


def _arrow(slope: Floats) -> str:
    if not np.isfinite(slope).all():
        return "×"
    if not slope.any():
        return "o"
    return _ARROWS[round(math.atan2(slope[1], slope[0]) / (math.pi / 4)) % 8]
