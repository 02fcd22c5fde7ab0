"""A plot of how cost grows, as SVG: two logarithmic axes, a line per quantity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 40, 40
COLOURS = ("#0b6e99", "#d9730d", "#0f7b6c", "#ad1a72", "#6940a5")

Line = Sequence[tuple[float, float]]


def growth(title: str, lines: Mapping[str, Line]) -> str:
    """The lines over decades of both axes; names stand where the lines end."""
    points = [point for line in lines.values() for point in line]
    x = _Axis([a for a, _ in points], LEFT, WIDTH - RIGHT)
    y = _Axis([b for _, b in points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for k in x.decades:
        at = x.place(10.0**k)
        parts.append(_stroke(at, TOP, at, HEIGHT - BOTTOM))
        parts.append(_label(at, HEIGHT - BOTTOM + 18, _power(k), "middle"))
    for k in y.decades:
        at = y.place(10.0**k)
        parts.append(_stroke(LEFT, at, WIDTH - RIGHT, at))
        parts.append(_label(LEFT - 6, at + 4, _power(k), "end"))
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        path = " ".join(f"{x.place(a):.1f},{y.place(b):.1f}" for a, b in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = line[-1]
        parts.append(_label(x.place(end[0]) + 6, y.place(end[1]) + 4, name, "start", colour))
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Whole decades around the numbers, laid out from ``start`` to ``stop``."""

    def __init__(self, numbers: Sequence[float], start: float, stop: float) -> None:
        low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
        self.decades = range(low, max(high, low + 1) + 1)
        self.start = start
        self.slope = (stop - start) / (len(self.decades) - 1)

    def place(self, number: float) -> float:
        return self.start + self.slope * (math.log10(number) - self.decades[0])


def _power(k: int) -> str:
    return "10" + str(k).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _stroke(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _label(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text {where} text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
