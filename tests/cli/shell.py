"""Command lines: run in this process, or by a shell."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from gradcalc.cli.app import main

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
GRADCALC = f"{sys.executable} -m gradcalc"


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


def sh(script: str, **rest: object) -> subprocess.CompletedProcess[str]:
    """Run a script in which ``gradcalc`` is the command."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail\ngradcalc() {{ {GRADCALC} "$@"; }}\n{script}'],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
        check=False,
        **rest,  # type: ignore[call-overload]
    )  # type: ignore[return-value]
