"""The ``gradcalc`` fixture: the command, without a new process for each call."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell, shell


@pytest.fixture
def gradcalc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in ("GRADCALC_FORMAT", "GRADCALC_COLOR", "GRADCALC_DIGITS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("gradcalc.cli.progress.WORTH_TELLING", 60.0)  # on a machine at its limits
    return shell(capsys, monkeypatch)
