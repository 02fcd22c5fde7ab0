"""Every planted fault that changes a number is caught by the gate.

``GRADCALC_LONG=1`` plants 600 in the printers of four languages instead of 30 in that of Python.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from gradcalc.code import gate
from gradcalc.code.language import Language
from gradcalc.code.languages import LANGUAGES
from gradcalc.code.printing import Printed, generate
from gradcalc.language import parse
from tests.code import faults
from tests.code.test_gate import LONG, here, share

PLANTED = {"python": 300, "javascript": 180, "c": 80, "numpy": 40} if LONG else {"python": 30}


@pytest.fixture(scope="module", autouse=True)
def _samples_are_kept() -> Iterator[None]:
    """What the engine says of a text is computed once, not once for every fault."""
    kept: dict[tuple[str, str], object] = {}
    sampled = gate._sampled

    def once(printed: Printed, points: int, seed: int) -> object:
        key = printed.graph.source.text, printed.language.name
        if key not in kept:
            kept[key] = sampled(printed, points, seed)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "_sampled", once)
        yield


def planted(to: str, count: int, draw: random.Random) -> Iterator[tuple[Printed, Printed, str]]:
    """Sound code, the same with a fault, and what that is."""
    made = 0
    while made < count:
        text = draw.choice(faults.TEXTS)
        sound = faults.printed(text, to)
        if draw.random() < 0.4:
            with faults.wrong_column(to, draw) as what:
                faulty = faults.printed(text, to)
        else:
            found = faults.wrong_place(sound, draw)
            if found is None:
                continue
            faulty, what = found
        if faulty.pieces != sound.pieces:
            made += 1
            yield sound, faulty, f"{text}: {what}"


@pytest.mark.parametrize("to", PLANTED)
def test_what_changes_a_number_is_caught(to: str) -> None:
    if not here(to):
        pytest.skip(f"nothing runs {to} here")
    draw, caught, harmless, missed = random.Random(0), 0, 0, []
    for k, (sound, faulty, what) in enumerate(planted(to, share(PLANTED[to]), draw)):
        if gate.judge(faulty).passed is False:
            caught += 1
        elif faults.changes_a_number(sound, faulty, k):
            missed.append(what)
        else:
            harmless += 1
    print(f"\n{to}: {caught} caught, {harmless} change no number, {len(missed)} missed")
    assert missed == []
    assert caught > share(PLANTED[to]) / 2


# --- what others got wrong ------------------------------------------------------------------------


def judged(text: str, **column: str) -> bool | None:
    """What the gate says of Python with some wrong templates."""
    kind: type[Language] = LANGUAGES["python"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "functions", {**kind.functions, **column})
        printed = generate(parse(text), "python", ("f", "gradient"))
    return gate.judge(printed).passed


KNOWN = [
    ("x*(1/3) + y/2", {"mul": "int({0}) * {1}"}),  # whole numbers for reals
    ("x/y", {"div": "({0} // {1} if {1} else math.nan)"}),  # integer division
    ("x**3", {"pow": "({0} * {1})"}),  # a**2 that C reads otherwise
    ("where(x > 0, x, y)", {"where": "{2} if {0} else {1}"}),  # branches of if_else
    ("atan2(y, x)", {"atan2": "math.atan2({1}, {0})"}),  # operand order
    ("x - y", {"sub": "{1} - {0}"}),
    ("x % y", {"mod": "math.fmod({0}, {1} or math.nan)"}),  # the sign of a remainder
    ("round(x)", {"round": "math.floor({0} + 0.5)"}),  # halves
    ("max(x, y) + relu(x)", {"gt": "{0} >= {1}"}),  # ties, in the slopes alone
]


@pytest.mark.parametrize(("text", "column"), KNOWN)
def test_known_mistakes_of_others_are_caught(text: str, column: dict[str, str]) -> None:
    assert judged(text) is True
    assert judged(text, **column) is False


@pytest.mark.parametrize(
    ("text", "constant", "other"),
    [
        ("lambertw(x)", "0.125", "0.1250001"),
        ("gamma(x)", "2.3190468138462996e-17", "-2.3190468138462996e-17"),  # log(2), its rest
        ("digamma(x)", "-0.008333333333333333", "0.008333333333333333"),
        ("besselj(0, x)", "61.0 + ", "31.0 + "),  # the terms of the series
        ("zeta(x)", "0.020475270150245015", "0.020475270150"),  # a weight of Hermite's integral
        ("gammapdf(0.1, x)", "-0.40068563438653143", "-0.4006857"),  # of log(gamma)
    ],
)
def test_a_wrong_constant_of_a_helper_is_caught(text: str, constant: str, other: str) -> None:
    printed = generate(parse(text), "python", ("f",))
    pieces = [[line.replace(constant, other) for line in piece] for piece in printed.pieces]
    assert list(map(tuple, pieces)) != list(printed.pieces)
    assert gate.judge(printed, points=256).passed is True
    assert gate.judge(printed._replace(pieces=tuple(map(tuple, pieces))), 256).passed is False


def test_a_missing_helper_is_caught() -> None:
    printed = generate(parse("sech(x)"), "python", ("f",))
    assert gate.judge(printed._replace(pieces=printed.pieces[1:])).passed is False
