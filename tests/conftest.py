"""Settings that every test shares: one thread, no display, the same hypothesis examples every time."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"

from hypothesis import HealthCheck, settings

settings.register_profile(
    "eqdarts", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("eqdarts")
