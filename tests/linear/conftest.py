"""The ``gradcalc`` fixture of the tests of the command line."""

from tests.cli.conftest import gradcalc as gradcalc
