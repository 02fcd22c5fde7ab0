"""A shell in miniature: one command line run in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from gradcalc.cli.app import main


class Ran(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


Shell = Callable[..., Ran]


def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A function that runs words as a command line, with ``stdin`` as its standard input."""

    def run(*words: str, stdin: str = "") -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(words)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
