"""pyoperon for ``eqdarts bench odes``: one regression of slopes for each state, and the systems that come of it.

    eqdarts bench odes --method operon --adapter benchmarks/dynamics/operon_adapter.py --python /some/venv/bin/python \\
        --time-limit 10 --out benchmarks/dynamics/peers.csv

This file runs in the Python of pyoperon and uses nothing of eqdarts. The slopes are those of smoothing splines, whose
stiffness is chosen by generalised cross-validation (scipy). The settings are those of the benchmark of single laws. Of
each state, the equation with the shortest description and the most accurate one count; of the systems of these, the
one whose trajectory is nearest to the measured values.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import warnings
from importlib.metadata import version

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from pyoperon.sklearn import SymbolicRegressor
from scipy.interpolate import make_smoothing_spline

SETTINGS = {
    "allowed_symbols": "add,sub,mul,div,constant,variable,exp,log,sin,cos,sqrt,square,tanh",
    "objectives": ["r2", "length"],
    "population_size": 1000,
    "pool_size": 1000,
    "max_length": 30,
    "max_depth": 10,
    "tournament_size": 5,
    "optimizer_iterations": 3,
    "epsilon": 1e-5,
    "generations": 1_000_000,
    "max_evaluations": 1_000_000_000,
    "n_threads": 1,
}
DIGITS = 17
ROUNDING = 1e-13  # of the single precision in which operon computes, as a share of the variance


def laws(x: np.ndarray, slope: np.ndarray, seconds: float, seed: int) -> list[str]:
    """Return the equation of one slope with the shortest description, and the most accurate one."""
    model = SymbolicRegressor(**SETTINGS, max_time=max(round(seconds), 1), random_state=seed + 1).fit(x, slope)
    n, variance = len(slope), float(np.var(slope)) or 1.0

    def length(member: dict) -> float:
        error = member["mean_squared_error"] / variance
        if not math.isfinite(error):
            return math.inf
        return n / 2 * math.log(max(error, ROUNDING)) + member["complexity"] / 2 * math.log(n)

    front = model.pareto_front_
    best = [min(front, key=length), min(front, key=lambda member: member["mean_squared_error"])]
    names = [f"x_{k}" for k in range(x.shape[1])]
    return [model.get_model_string(member["tree"], DIGITS, names) for member in best]


def main() -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    x, t = np.array(request["x"]), np.array(request["t"])
    began, wall = time.process_time(), time.perf_counter()
    courses = [make_smoothing_spline(t, column) for column in x.T]
    smooth = np.column_stack([course(t) for course in courses])
    own = request["time_limit"] / x.shape[1]
    found = [laws(smooth, course.derivative()(t), own, request["seed"]) for course in courses]
    answer = {"systems": list(zip(*found, strict=True)), "version": version("pyoperon")}
    print(json.dumps({**answer, "cpu_s": time.process_time() - began, "wall_s": time.perf_counter() - wall}))


if __name__ == "__main__":
    main()
