"""PySINDy for ``eqdarts bench odes``: reads a trajectory as JSON from standard input, and prints the systems it finds.

    eqdarts bench odes --method pysindy-weak --option form=weak --adapter benchmarks/dynamics/pysindy_adapter.py \\
        --python /some/venv/bin/python --out benchmarks/dynamics/peers.csv

This file runs in the Python of PySINDy and uses nothing of eqdarts. PySINDy is asked with two libraries (cubic
polynomials, and these with sines and cosines) and four thresholds in one form: "strong", from smoothed differences, or
"weak", from integrals. Of its systems the one counts whose trajectory is nearest to the measured values.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings
from itertools import product

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pysindy as ps

THRESHOLDS = (0.01, 0.03, 0.1, 0.3)
LIBRARIES = {
    "cubic": lambda: ps.PolynomialLibrary(degree=3),
    "cubic and waves": lambda: ps.PolynomialLibrary(degree=3) + ps.FourierLibrary(n_frequencies=1),
}


def derivatives(t: np.ndarray) -> list[ps.BaseDifferentiation]:
    """Return how slopes are taken; the smoother takes times for equally far apart, so others are tried where not."""
    smoothed = ps.SmoothedFiniteDifference(smoother_kws={"window_length": 11})
    if np.allclose(np.diff(t), t[1] - t[0]):
        return [smoothed]
    return [smoothed, ps.FiniteDifference(), ps.SINDyDerivative(kind="spline", s=1e-2)]


def fit(
    x: np.ndarray, t: np.ndarray, weak: bool, library: str, threshold: float, derivative: ps.BaseDifferentiation
) -> list[str]:
    """Return the right-hand sides as text."""
    functions = LIBRARIES[library]()
    if weak:
        functions = ps.WeakPDELibrary(functions, spatiotemporal_grid=t, K=200)
    optimizer = ps.STLSQ(threshold=threshold, normalize_columns=False)
    model = ps.SINDy(optimizer=optimizer, feature_library=functions, differentiation_method=derivative)
    model.fit(x, t=t)
    names = [_readable(name) for name in model.get_feature_names()]
    return [
        " + ".join(f"({value!r})*{name}" for value, name in zip(row.tolist(), names, strict=True) if value) or "0"
        for row in np.asarray(model.coefficients())
    ]


def _readable(name: str) -> str:
    """Return a feature such as "x0^2 x1" or "sin(1 x0)" as a formula in x_0, x_1, ..."""
    name = re.sub(r"x(\d+)", r"x_\1", name).replace("^", "**")
    return re.sub(r"\s+", "*", name.strip())


def main() -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    x, t = np.array(request["x"]), np.array(request["t"])
    form = request["options"]["form"]
    began, wall = time.process_time(), time.perf_counter()
    systems = []
    ways = derivatives(t)[: 1 if form == "weak" else None]  # the weak form takes no derivatives
    for library, threshold, derivative in product(LIBRARIES, THRESHOLDS, ways):
        try:
            systems.append(fit(x, t, form == "weak", library, threshold, derivative))
        except Exception as error:  # whatever the peer raises is its failure on this run
            print(f"{form}, {library}, {threshold}: {error}", file=sys.stderr)
    answer = {"systems": systems, "version": ps.__version__, "cpu_s": time.process_time() - began}
    print(json.dumps({**answer, "wall_s": time.perf_counter() - wall}))


if __name__ == "__main__":
    main()
