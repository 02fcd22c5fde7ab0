"""What each tool's answer at a treacherous point is worth, and the tables that say so.

``python -m tests.treacherous.judging`` writes ``benchmarks/TREACHEROUS.md`` and
``verdicts.json`` from the recorded answers of the peers and fresh ones of gradcalc.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from mpmath import mpf

from gradcalc.cli.app import main
from gradcalc.errors import Exit
from tests.treacherous.points import POINTS, Point

HERE = Path(__file__).parent
TRUTHS: list[dict[str, Any]] = json.loads((HERE / "truths.json").read_text())
PEERS: dict[str, Any] = json.loads((HERE / "peers.json").read_text())
PAGE = HERE.parents[1] / "benchmarks" / "TREACHEROUS.md"

CLOSE = 1e-9
TITLES = {"pytorch": "PyTorch", "jax": "JAX", "autograd": "HIPS autograd"}
SILENT = ("wrong digits", "NaN where a slope exists", "a number where there is none")
SMALLEST = 2.3e-308


def verdict_of_number(slope: float, true: str) -> str:
    """The worth of a bare number: 'right', one of SILENT, or 'a choice, not said' at a kink."""
    if "|" in true or true == "jump":
        return "NaN at a kink" if math.isnan(slope) else "a choice, not said"
    if true == "undefined":
        return SILENT[2] if math.isfinite(slope) else "right"
    if math.isnan(slope):
        return SILENT[1]
    return "right" if is_close(slope, true, CLOSE) else SILENT[0]


def is_close(slope: float, true: str, tolerance: float) -> bool:
    exact = float(true)
    if math.isinf(exact) or math.isinf(slope):
        return slope == exact
    return abs(mpf(slope) - mpf(true)) <= tolerance * max(abs(mpf(true)), SMALLEST)


def peer(name: str, k: int) -> str:
    """The worth of a peer's recorded answer at point ``k``."""
    said: str = PEERS["points"][k][name]
    if said.startswith("error"):
        return "refused"
    return verdict_of_number(float(said), TRUTHS[k]["true"])


class Ours(NamedTuple):
    """gradcalc's answer: the exit code, the slope (NaN if null), and all that it said."""

    exit: int
    slope: float
    passed: bool | None
    digits: int
    notes: list[str]
    told: str
    reason: str = ""
    proven: bool = False


def ours(point: Point) -> Ours:
    """What the command prints at the point, as a script reads it."""
    out, err = io.StringIO(), io.StringIO()
    words = ["grad", point.text, "--at", f"x={point.x!r}", "--format", "json"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    found = json.loads(out.getvalue())
    (slope,) = found["gradient"]
    infinite = any("is infinite" in note for note in found["notes"])
    if slope is None:
        slope = _nonfinite(found) if infinite else math.nan
    check = found["check"]
    digits = check.get("digits", 17)
    return Ours(code, slope, check["passed"], digits, found["notes"], err.getvalue(),
                check.get("reason", ""), check["proven"])  # fmt: skip


def _nonfinite(found: dict[str, Any]) -> float:
    return float(next(item["value"] for item in found["nonfinite"] if item["key"] == "gradient"))


def worth(answer: Ours, true: str) -> str:
    """'right', 'told: …' where the answer said what is amiss, or one of SILENT."""
    if answer.exit == Exit.UNDEFINED:
        return "told: undefined in double precision, with the cause"
    if answer.exit == Exit.DISAGREES or answer.passed is False:
        return "told: ✗ with the true value"
    if answer.exit == Exit.UNDECIDED:
        return "told: not decided"
    plain = verdict_of_number(answer.slope, true)
    told = answer.proven or answer.exit == Exit.FEW_DIGITS
    if told and plain == "right" and is_close(answer.slope, true, 2.0**-50):
        return "right"
    if answer.exit == Exit.FEW_DIGITS:
        return f"told: {answer.digits} digits right"
    if any("kink" in note or "jumps" in note for note in answer.notes):
        return "told: kink or jump named"
    if answer.passed is None:
        return "told: not checked"
    if answer.slope and true == "0.0" and "stands for 0" in answer.reason:
        return "told: it stands for 0"
    if plain == "right" and is_close(answer.slope, true, 2.0**-50):
        return "right"
    if plain in (SILENT[0], "right") and is_close(answer.slope, true, 10.0 ** (1 - answer.digits)):
        return f"told: {answer.digits} digits right"
    return plain


def page() -> str:
    """The comparison, and every point, as markdown."""
    answers = [ours(point) for point in POINTS]
    columns = {"gradcalc": [worth(a, t["true"]) for a, t in zip(answers, TRUTHS, strict=True)]}
    numbers = [verdict_of_number(a.slope, t["true"]) for a, t in zip(answers, TRUTHS, strict=True)]
    counts = {"gradcalc": _counts(columns["gradcalc"], numbers)}
    for name, version in PEERS["versions"].items():
        columns[name] = [peer(name, k) for k in range(len(POINTS))]
        counts[f"{TITLES[name]} {version}"] = _counts(columns[name], columns[name])
    rows = [f"# {len(POINTS)} treacherous points", "", *EXPLANATION, ""]
    rows += ["| | right | silently wrong | at a kink, unsaid | not right, and said so |"]
    rows += ["|---|---:|---:|---:|---:|"]
    rows += [f"| {name} | " + " | ".join(map(str, row)) + " |" for name, row in counts.items()]
    rows += ["", "| expression | x | true slope | " + " | ".join(columns) + " |"]
    rows += ["|---|---:|---:|" + "---|" * len(columns)]
    for k, (point, true) in enumerate(zip(POINTS, TRUTHS, strict=True)):
        cells = [f"`{point.text}`", repr(point.x), true["true"].replace("|", "/")]
        rows.append("| " + " | ".join([*cells, *(found[k] for found in columns.values())]) + " |")
    return "\n".join(rows) + "\n"


def _counts(worths: list[str], numbers: list[str]) -> tuple[int, int, int, int]:
    """How many are right as numbers, silently wrong, a choice without a word, and the rest."""
    right = numbers.count("right")
    silent = sum(item in SILENT for item in worths)
    choice = worths.count("a choice, not said")
    return right, silent, choice, len(worths) - right - silent - choice


EXPLANATION = [
    "Made by `python -m tests.treacherous.judging`. The true slopes are differences of 900-digit",
    "mpmath values (`tests/treacherous/truth.py`); the peers were recorded in float64 by",
    "`tests/treacherous/record_peers.py`. *Right*: within a relative 1e-9, or NaN or an infinity",
    "where the function has no value. *Silently wrong*: farther off, NaN where there is a slope,",
    "or a finite number where there is no value, with nothing said. At a kink or a jump, a slope",
    "that is used without a word is counted apart. *Said so*: ✗ with the true value, the number of",
    "right digits, an error with its cause, a kink named, a check that says it did not decide; of",
    "the others, an exception, or NaN at a kink.",
]


if __name__ == "__main__":
    PAGE.write_text(page())
    verdicts = [worth(ours(p), t["true"]) for p, t in zip(POINTS, TRUTHS, strict=True)]
    (HERE / "verdicts.json").write_text(json.dumps(verdicts, indent=0, ensure_ascii=False) + "\n")
