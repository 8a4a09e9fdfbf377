"""pyoperon for ``eqdarts bench odes``: one regression of slopes for each state, and the systems that come of it.

    eqdarts bench odes --method operon --adapter benchmarks/dynamics/operon_slopes.py --python /some/venv/bin/python \\
        --time-limit 10 --out benchmarks/dynamics/peers.csv

This file runs in the Python of pyoperon and uses nothing of eqdarts. The slopes are those of smoothing splines, whose
stiffness is chosen by generalised cross-validation (scipy). The settings are those of the benchmark of single laws. The
equations of each state with the shortest description, with the next one, and so on, make systems, of which the one
counts whose trajectory is nearest to the measured values.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "recovery" / "adapters"))

import numpy as np
from operon_adapter import fit
from protocol import Request
from scipy.interpolate import make_smoothing_spline

MOST_SYSTEMS = 5


def main() -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    given = json.load(sys.stdin)
    x, t = np.array(given["x"]), np.array(given["t"])
    began, wall = time.process_time(), time.perf_counter()
    courses = [make_smoothing_spline(t, column) for column in x.T]
    smooth = np.column_stack([course(t) for course in courses])
    own, names = given["time_limit"] / len(courses), given["states"]
    fronts = []
    for course in courses:
        request = Request(smooth, course.derivative()(t), names, given["seed"], own, {})
        texts = fit(request)[1][::-1]  # the shortest description first
        fronts.append([re.sub(r"\bX(\d+)\b", r"x_\1", text) for text in texts])
    systems = [[front[min(k, len(front) - 1)] for front in fronts] for k in range(MOST_SYSTEMS)]
    answer = {"systems": systems, "version": version("pyoperon"), "cpu_s": time.process_time() - began}
    print(json.dumps({**answer, "wall_s": time.perf_counter() - wall}))


if __name__ == "__main__":
    main()
