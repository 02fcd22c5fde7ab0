"""One hypothesis profile for all tests: the same examples in every run, and no deadlines.

``GRADCALC_LONG=1`` tries ten times as many.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gradcalc",
    derandomize=True,
    deadline=None,
    max_examples=500 if os.environ.get("GRADCALC_LONG") else 50,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("gradcalc")
