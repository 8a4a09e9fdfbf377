"""Settings that every test shares: one thread, no display, the same hypothesis examples every time."""

from __future__ import annotations

import os
import signal
import threading

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"

from hypothesis import HealthCheck, settings

# A shell starts its background jobs with Ctrl-C ignored, and so would be every interrupt that a test sends.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "eqdarts", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("eqdarts")
