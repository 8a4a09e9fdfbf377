"""Standard errors of coefficients of known systems: how often do 95 % intervals contain the true value?

    OMP_NUM_THREADS=1 python benchmarks/dynamics/intervals.py [--sets 200]

Three systems are simulated at 60 times with a noise of 2 % of each state's spread, and their coefficients are fitted
to the measured values, with the first states unknown. Then the same with errors of 5 % of each value, fitted as if they
were the same everywhere, and by the kind that the data show (noise="auto"). Writes intervals.csv beside this file.
"""

from __future__ import annotations

import argparse
import csv
import sys
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from eqdarts.dynamics import System  # noqa: E402
from eqdarts.dynamics.laws import Law  # noqa: E402
from eqdarts.dynamics.problem import Problem  # noqa: E402
from eqdarts.dynamics.scatter import smooth_by_kind  # noqa: E402
from eqdarts.dynamics.trajectories import read_trajectories  # noqa: E402

NOISE, RELATIVE = 0.02, 0.05
CASES = (("constant", "constant"), ("relative", "constant"), ("relative", "auto"))  # the errors, and the noise of a fit
SYSTEMS = {
    "Lotka-Volterra": ({"x": "1.1*x - 0.4*x*y", "y": "0.1*x*y - 0.4*y"}, (10.0, 5.0), 20.0),
    "SIR": ({"S": "-0.4*S*I", "I": "0.4*S*I - 0.3*I"}, (7.2, 1.0), 9.0),
    "Michaelis-Menten": ({"S": "-1.3*S/(0.7 + S)"}, (4.0,), 5.0),
}


def covered(name: str, n_sets: int, errors: str = "constant", kind: str = "constant") -> tuple[np.ndarray, int]:
    """Return how often each coefficient lies in its interval, and how many fits did not converge."""
    sides, start, end = SYSTEMS[name]
    system = System.parse(sides)
    t = np.linspace(0, end, 60)
    exact = system.simulate(start, t)
    names = (*system.states, "t")
    laws = [Law(equation.__class__(equation.expr, names), 0.0) for equation in system.equations]
    true = np.array([value for law in laws for value in law.coefficients.values()])
    hits, failed = np.zeros(len(true)), 0
    for seed in range(n_sets):
        size = NOISE * exact.std(axis=0) if errors == "constant" else RELATIVE * exact
        noise = size * np.random.default_rng(seed).standard_normal(exact.shape)
        data = read_trajectories(exact + noise, t, states=list(system.states))
        smooth, kinds = smooth_by_kind(data, [kind] * len(system.states))
        problem = Problem(data, smooth, kinds=kinds)
        fit = problem.fit_all(laws)
        if fit is None or not fit[1].converged:
            failed += 1
            continue
        error = np.sqrt(np.diag(np.linalg.inv(fit[1].information.T @ fit[1].information)))
        hits += np.abs(fit[1].theta - true) <= stats.t.ppf(0.975, fit[1].freedom) * error
    return hits / (n_sets - failed), failed


def main() -> None:
    """Simulate, fit, and write a row for each system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=200)
    args = parser.parse_args()
    rows = []
    for name, (errors, kind) in product(SYSTEMS, CASES):
        share, failed = covered(name, args.sets, errors, kind)
        row = {"system": name, "errors": errors, "noise": kind, "sets": args.sets, "covered": f"{share.mean():.3f}"}
        rows.append({**row, "each": "; ".join(f"{value:.3f}" for value in share), "failed": failed})
        print(rows[-1], flush=True)
    with (HERE / "intervals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
