"""What an attack has found."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """What is wrong: the kind, the command line, and what the truth is."""

    kind: str
    words: list[str]
    what: str
