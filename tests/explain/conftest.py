"""The ``gradcalc`` fixture here too."""

from __future__ import annotations

from tests.cli.conftest import gradcalc

__all__ = ["gradcalc"]
