"""``python -m sphinx -W docs build/docs`` makes a site of these pages (extra ``docs``)."""

from __future__ import annotations

from gradcalc import __version__

project = "gradcalc"
release = version = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
# Links to files of the repository, which are no pages of the site, stay as they are.
suppress_warnings = ["myst.xref_missing"]
exclude_patterns = ["_build"]
