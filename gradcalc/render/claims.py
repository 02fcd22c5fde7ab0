"""What became of a claim, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcalc.calculus.kinds import V
from gradcalc.errors import beginning, count
from gradcalc.errors.text import clipped, safe
from gradcalc.render.frame import framed
from gradcalc.render.numbers import shown

if TYPE_CHECKING:
    from gradcalc.claims.claim import Claim, Tested
    from gradcalc.claims.ruling import Ruling, Subject, Wrong
    from gradcalc.engine.program import Program
    from gradcalc.engine.schedule import Floats

_LISTED = 6  # wrong entries, and coordinates of a point, that are written out
_LONGEST = 40  # characters of an entry's text


def as_text(subject: Subject, ruling: Ruling, where: str, *, quiet: bool = False) -> str:
    """Some lines: the verdict, what differs, what our own Jacobian is worth."""
    program = subject.program
    lines = [_headline(program, ruling, where)]
    lines += [f"  {_wrong(wrong, ruling.verdict is not None)}" for wrong in ruling.wrong[:_LISTED]]
    if len(ruling.wrong) > _LISTED:
        lines.append(f"  … and {len(ruling.wrong) - _LISTED:,} more")
    if ruling.diagnosis is not None:
        lines.append(f"diagnosis: {ruling.diagnosis.text}")
    if not quiet:
        lines += [f"note: {note}" for note in notes(program, ruling)]
        if ruling.verdict is not None:
            lines.append(f"our own {_name(subject)}: {ruling.verdict.line}")
    return "".join(f"{safe(line)}\n" for line in lines)


def notes(program: Program, ruling: Ruling) -> list[str]:
    """What should be known besides."""
    found = []
    if ruling.elsewhere is not None:
        wrong, x = ruling.elsewhere
        found.append(
            f"right at this point only: at {_point(program, x)}, {_wrong(wrong)}; "
            "--samples 100 tries other points"
        )
    if ruling.verdict is not None and ruling.verdict.passed is False:
        found.append("judged against the true values: our own are inaccurate here")
    if ruling.verdict is None and ruling.right is not None:
        found.append("our own Jacobian has not been checked")
    return found


def as_record(
    subject: Subject, claim: Claim | Tested, ruling: Ruling, where: str
) -> dict[str, Any]:
    """The JSON object."""
    program = subject.program
    at = (
        None if ruling.at is None else dict(zip(program.variables, ruling.at.tolist(), strict=True))
    )
    diagnosis = ruling.diagnosis
    verdict = ruling.verdict
    body = {
        "claim": {
            "kind": subject.kind.name,
            "right": ruling.right,
            "where": where,
            "points": ruling.points,
            "skipped": ruling.skipped,
            "entries": ruling.total,
            "precision": claim.printed or None,
            "max_ulp": ruling.max_ulp,
            "at": at,
            "wrong": [
                {
                    "output": wrong.output,
                    "variable": wrong.variable,
                    "text": wrong.text,
                    "claimed": wrong.claimed,
                    "exact": wrong.exact,
                }
                for wrong in ruling.wrong
            ],
            "diagnosis": diagnosis and {"kind": diagnosis.kind, "text": diagnosis.text},
            "reason": ruling.reason or None,
        },
    }
    return framed(
        "check", program.variables, program.outputs, at, body, verdict, notes(program, ruling)
    )


def _name(subject: Subject) -> str:
    return subject.kind.rows if subject.kind.vector is V else subject.kind.title


def _headline(program: Program, ruling: Ruling, where: str) -> str:
    entries = count(ruling.total, "entry", "entries")
    skipped = f" ({ruling.skipped:,} skipped: undefined there)" if ruling.skipped else ""
    if ruling.right is None:
        at = f" at {_point(program, ruling.at)}" if ruling.at is not None else ""
        return f"? the claim is not decided{at}: {ruling.reason}"
    if ruling.right:
        exact = ruling.max_ulp == 0 or ruling.digits
        worst = "" if exact else f", worst {ruling.max_ulp:.2g} ulp"
        to = f" to {ruling.digits}" if ruling.digits else ""
        return f"✓ the claim is right{to}: {entries} {where}{skipped}{worst}"
    at = "" if ruling.at is None or not len(ruling.at) else f" at {_point(program, ruling.at)}"
    differ = "differs" if len(ruling.wrong) == 1 else "differ"
    return f"✗ the claim is wrong{at}: {len(ruling.wrong):,} of {entries} {differ}"


def _wrong(wrong: Wrong, known: bool = True) -> str:
    claimed, text = shown(wrong.claimed, None), wrong.text.strip()
    if text and not _is_number(text):
        claimed = f"{clipped(text, _LONGEST)} = {claimed}"
    place = f"row {wrong.output}, column {wrong.variable}"
    return f"{place}: claimed {claimed}, {'exact' if known else 'ours'} {shown(wrong.exact)}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _point(program: Program, x: Floats | None) -> str:
    if x is None:
        return ""
    pairs = [f"{v}={shown(c, None)}" for v, c in zip(program.variables, x.tolist(), strict=True)]
    return beginning(pairs, _LISTED)
