"""PySINDy as a peer: reads runs as JSON from standard input, and writes the systems that it finds to standard output.

This file runs in the Python of PySINDy and uses nothing of eqdarts. Each of a few libraries and thresholds gives one
system; who asked chooses among them.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pysindy as ps

THRESHOLDS = (0.01, 0.03, 0.1, 0.3)
LIBRARIES = {
    "cubic": lambda: ps.PolynomialLibrary(degree=3),
    "cubic and waves": lambda: ps.PolynomialLibrary(degree=3) + ps.FourierLibrary(n_frequencies=1),
}


def fit(x: np.ndarray, t: np.ndarray, weak: bool, library: str, threshold: float) -> list[str]:
    """Return the right-hand sides as text; "" where the fit fails."""
    functions = LIBRARIES[library]()
    if weak:
        functions = ps.WeakPDELibrary(functions, spatiotemporal_grid=t, K=200)
    derivative = ps.SmoothedFiniteDifference(smoother_kws={"window_length": 11})
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
    """Answer all requests."""
    warnings.simplefilter("ignore")
    answers = []
    for request in json.load(sys.stdin):
        x, t = np.array(request["x"]), np.array(request["t"])
        found: dict[str, list[list[str]]] = {}
        seconds: dict[str, float] = {}
        for form in ("strong", "weak"):
            began = time.process_time()
            found[form] = []
            for library in LIBRARIES:
                for threshold in THRESHOLDS:
                    try:
                        found[form].append(fit(x, t, form == "weak", library, threshold))
                    except Exception as error:  # whatever the peer raises is its failure on this run
                        print(f"{form}, {library}, {threshold}: {error}", file=sys.stderr)
            seconds[form] = time.process_time() - began
        answers.append({"found": found, "seconds": seconds, "version": ps.__version__})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
