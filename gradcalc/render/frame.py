"""The frame that the JSON of every command about an expression has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcalc.check.verdict import Verdict


def framed(
    command: str,
    variables: Sequence[str],
    outputs: Sequence[str],
    at: Mapping[str, Any] | None,
    body: Mapping[str, Any],
    verdict: Verdict | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """``body`` between what was asked (``at`` is {} without a point) and what the check found."""
    return {
        "command": command,
        "variables": list(variables),
        "outputs": list(outputs),
        "at": dict(at or {}),
        **body,
        "check": checked(verdict),
        "notes": list(notes),
    }


def checked(verdict: Verdict | None) -> dict[str, Any]:
    """What JSON says of the check; one that did not run has neither passed nor failed."""
    return {"method": "none", "passed": None} if verdict is None else verdict.as_json()
