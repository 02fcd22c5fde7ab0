"""A graph as a picture: boxes in layers, operands above, with what is known of each; as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import NamedTuple

from gradcalc.errors.text import cells, safe, shortened
from gradcalc.render.layered import Layout, layered

_LETTER, _LINE, _PAD = 7.25, 15.0, 8.0  # of 12 px monospace
_PITCH = 46.0  # between layers: the slopes stand there
_EDGE = 2  # the half of a thick line, beside the outermost boxes
_SMALL = 420  # a picture that may be made a little smaller for a narrow screen
_MOST = 18  # columns of what a box is called
_LABEL = 7  # columns of a slope, ×0.3333
_PLACES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78)  # of a slope on its line
_HIGH = 0.12  # half of a slope on its line: what of it a label covers

STYLE = """
.graph{font:12px ui-monospace,Menlo,Consolas,monospace;--ink:#1c2430;--paper:#fff;--line:#8894a5;
--forward:#0b5cad;--backward:#b3410a}
.graph rect{fill:var(--paper);stroke:var(--line);rx:5px}
.graph .input rect{stroke-width:2}
.graph .output rect{stroke:var(--forward);stroke-width:2}
.graph .sum rect{stroke-dasharray:4 3}
.graph path{fill:none;stroke:var(--line)}
.graph text{fill:var(--ink);text-anchor:middle}
.graph .value{fill:var(--forward)}
.graph .cotangent,.graph .slope{fill:var(--backward)}
.graph .slope{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
"""
_DARK = "@media(prefers-color-scheme:dark){.graph{--ink:#e6ebf2;--paper:#161b22;--line:#66758a;\
--forward:#7cb7ff;--backward:#ffa366}}"


class Box(NamedTuple):
    """A node: what it is called, and in full; lines of numbers by class (``value``,
    ``cotangent``)."""

    what: str
    title: str
    kind: str
    lines: tuple[tuple[str, str], ...] = ()


class Arrow(NamedTuple):
    """From the box ``operand`` to its ``user``, with the slope."""

    operand: int
    user: int
    slope: str = ""
    title: str = ""


Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Drawing:
    """Boxes and arrows, and where they are."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    layout: Layout
    tall: float

    def middle(self, box: int) -> tuple[float, float]:
        return self.layout.x[box], self.top(self.layout.layer[box]) + self.tall / 2

    def top(self, layer: int) -> float:
        return _PAD / 2 + layer * (self.tall + _PITCH)

    @property
    def size(self) -> tuple[float, float]:
        return self.layout.width, self.top(max(self.layout.layer, default=0)) + self.tall + _PAD / 2

    def ways(self, arrow: int) -> list[Point]:
        """The points that an arrow goes through, straight down past the layers between."""
        one, layers = self.arrows[arrow], self.layout.layer
        first, last = layers[one.operand], layers[one.user]
        points = [(self.layout.x[one.operand], self.top(first) + self.tall)]
        for k, x in enumerate(self.layout.bends[arrow], first + 1):
            points += [(x, self.top(k)), (x, self.top(k) + self.tall)]
        return [*points, (self.layout.x[one.user], self.top(last))]

    @cached_property
    def labels(self) -> list[Point]:
        """The middle of the slope of each arrow: on its way into the user, halfway if there it is
        not on top of another, or of another arrow."""
        ways = [self.ways(k) for k in range(len(self.arrows))]
        passing: dict[float, list[tuple[float, float]]] = {}
        for way in ways:
            for (x, _), (to, down) in zip(way[::2], way[1::2], strict=True):
                passing.setdefault(down, []).append((x, to))
        placed: dict[float, list[Point]] = {}
        found = []
        for way in ways:
            one, other = way[-2:]
            beside = placed.setdefault(other[1], [])
            others = passing[other[1]]
            t = min(
                _PLACES,
                key=lambda t: (
                    sum(_over(_along(one, other, t), p) for p in beside),
                    _crossings((one[0], other[0]), others, t),
                ),
            )
            beside.append(_along(one, other, t))
            found.append(beside[-1])
        return found


def _along(one: Point, other: Point, t: float) -> Point:
    """A point of the curve between two, which leaves and arrives straight down."""
    (x, y), (to, down) = one, other
    return x + (to - x) * _eased(t), y + (down - y) * (1.5 * t * (1 - t) + t**3)


def _eased(t: float) -> float:
    return t * t * (3 - 2 * t)


def _over(one: Point, other: Point) -> float:
    """How much of a label lies on another."""
    across, down = (abs(a - b) for a, b in zip(one, other, strict=True))
    return max(0.0, _LABEL * _LETTER - across) * max(0.0, _LINE - 2 - down)


def _crossings(own: tuple[float, float], others: Sequence[tuple[float, float]], t: float) -> int:
    """How many of the other arrows between the same layers run through the label at ``t`` of one
    from x to x; at the same ``t`` all of them are equally far down."""
    x, to = own
    middle = x + (to - x) * _eased(t)
    half = _LABEL * _LETTER / 2
    first, last = _eased(t - _HIGH), _eased(t + _HIGH)
    count = 0
    for start, end in others:
        a, b = start + (end - start) * first - middle, start + (end - start) * last - middle
        count += min(a, b) < half and max(a, b) > -half
    return count


def wide(box: Box) -> float:
    """How wide a box has to be, with room for numbers of six digits."""
    longest = max([cells(box.what), *(len(text) for _, text in box.lines), 8])
    return longest * _LETTER + 2 * _PAD


def draw(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Drawing:
    """Lay a graph out. Operands have smaller numbers than their users."""
    boxes = tuple(box._replace(what=shortened(safe(box.what), _MOST)) for box in boxes)
    places = layered([wide(box) for box in boxes], [arrow[:2] for arrow in arrows])
    tall = _LINE * (1 + max((len(box.lines) for box in boxes), default=0)) + _PAD
    return Drawing(boxes, tuple(arrows), places, tall)


def svg(drawing: Drawing, name: str, *, alone: bool = False, prefix: str = "") -> str:
    """The picture as an SVG element called ``name``; ``alone`` as a file of its own. Box k has the
    id ``prefix`` + ``n``k, arrow k ``e``k and its slope ``w``k."""
    width, height = drawing.size
    width += 2 * _EDGE
    head = (
        f'viewBox="-{_EDGE} 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}"'
    )
    small = " small" if width <= _SMALL else ""
    space = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    style = f"<style>{STYLE}{_DARK}</style>\n" if alone else ""
    arrows = "\n".join(_arrow(drawing, k, prefix) for k in range(len(drawing.arrows)))
    slopes = "\n".join(_slope(drawing, k, prefix) for k in range(len(drawing.arrows)))
    boxes = "\n".join(_box(drawing, k, prefix) for k in range(len(drawing.boxes)))
    return (
        f'<svg{space} class="graph{small}" role="img" aria-label="{escape(safe(name))}" {head}>\n'
        f"{style}{arrows}\n{slopes}\n{boxes}\n</svg>\n"
    )


def html(drawing: Drawing, name: str) -> str:
    """A page with the picture, and what is in it as a list for whoever does not see it."""
    title = escape(safe(name))
    kinds = max((tuple(kind for kind, _ in box.lines) for box in drawing.boxes), default=())
    columns = "".join(f"<th scope=col>{kind}</th>" for kind in ("part", *kinds))
    head = f"<tr>{columns}</tr>\n"
    rows = "".join(
        f"<tr><th scope=row>{escape(safe(box.title))}</th>"
        f"{''.join(f'<td>{escape(text)}</td>' for _, text in box.lines)}</tr>\n"
        for box in drawing.boxes
    )
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>body{{font:16px system-ui;margin:1rem}}"
        "td,th{padding:.1rem .6rem;text-align:left;font:14px ui-monospace,monospace}</style>\n"
        f"<h1>{title}</h1>\n{svg(drawing, name, alone=True)}"
        f"<table>\n{head}{rows}</table>\n</html>\n"
    )


def _arrow(drawing: Drawing, k: int, prefix: str) -> str:
    points = drawing.ways(k)
    path = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for (x, y), (to, down) in zip(points[::2], points[1::2], strict=True):
        middle = _n((y + down) / 2)
        path += f"C{_n(x)} {middle} {_n(to)} {middle} {_n(to)} {_n(down)}"
        if (to, down) != points[-1]:
            path += f"V{_n(down + drawing.tall)}"
    arrow = drawing.arrows[k]
    title = f"><title>{escape(safe(arrow.title))}</title></path>" if arrow.title else "/>"
    return f'<path id="{prefix}e{k}" d="{path}"{title}'


def _slope(drawing: Drawing, k: int, prefix: str) -> str:
    (x, y), slope = drawing.labels[k], escape(drawing.arrows[k].slope)
    return f'<text id="{prefix}w{k}" class="slope" x="{_n(x)}" y="{_n(y + 4)}">{slope}</text>'


def _box(drawing: Drawing, k: int, prefix: str) -> str:
    box, (x, y) = drawing.boxes[k], drawing.middle(k)
    wanted = wide(box)
    top = y - drawing.tall / 2
    texts = [("what", box.what), *box.lines]
    lines = "".join(
        f'<text class="{kind}" x="{_n(x)}" y="{_n(top + _PAD / 2 + _LINE * (i + 0.75))}">'
        f"{escape(text)}</text>"
        for i, (kind, text) in enumerate(texts)
    )
    full = safe(box.title)
    title = f"<title>{escape(full)}</title>" if full != box.what else ""
    return (
        f'<g id="{prefix}n{k}" class="{box.kind}">{title}'
        f'<rect x="{_n(x - wanted / 2)}" y="{_n(top)}" width="{_n(wanted)}" '
        f'height="{_n(drawing.tall)}"/>{lines}</g>'
    )


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
