"""Standard errors of coefficients of known systems: how often do 95 % intervals contain the true value?

    OMP_NUM_THREADS=1 python benchmarks/dynamics/intervals.py [--sets 200]

Three systems are simulated at 60 times with a noise of 2 % of each state's spread, and `ODERegressor(form=...)` fits
their coefficients to the measured values. Then the same with errors of 5 % of each value, fitted as if they were the
same everywhere, and by the kind that the data show (noise="auto"). Writes intervals.csv beside this file. A set counts
as failed if the fit has not converged, or has fewer coefficients than the form, since one was made exact.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from itertools import product
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from eqdarts import ODERegressor, __version__  # noqa: E402
from eqdarts.dynamics import System  # noqa: E402

NOISE, RELATIVE = 0.02, 0.05
CASES = (("constant", "constant"), ("relative", "constant"), ("relative", "auto"))  # the errors, and the noise of a fit
# The form, its coefficients, the first states, and the last time.
SYSTEMS = {
    "Lotka-Volterra": (
        {"x": "a*x - b*x*y", "y": "c*x*y - d*y"},
        {"a": 1.1, "b": 0.4, "c": 0.1, "d": 0.4},
        (10.0, 5.0),
        20.0,
    ),
    "SIR": ({"S": "-b*S*I", "I": "b*S*I - g*I"}, {"b": 0.4, "g": 0.3}, (7.2, 1.0), 9.0),
    "Michaelis-Menten": ({"S": "-V*S/(K + S)"}, {"V": 1.3, "K": 0.7}, (4.0,), 5.0),
}
UNSETTLED = "has not converged"


def covered(name: str, n_sets: int, errors: str = "constant", kind: str = "constant") -> tuple[float, int, int]:
    """Return the share of coefficients in their intervals, the number of intervals, and of fits that do not count."""
    form, values, start, end = SYSTEMS[name]
    system = System.parse({state: _filled(side, values) for state, side in form.items()})
    t = np.linspace(0, end, 60)
    exact = system.simulate(start, t)
    true, hits, failed = np.array(list(values.values())), [], 0
    for seed in range(n_sets):
        size = NOISE * exact.std(axis=0) if errors == "constant" else RELATIVE * exact
        noise = size * np.random.default_rng(seed).standard_normal(exact.shape)
        model = ODERegressor(form=form, noise=kind, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(exact + noise, t=t, states=list(form))
        # A coefficient that two states share is one.
        ends = np.unique(np.sort(np.abs(model.coefficients_[["low", "high"]]), axis=1).round(12), axis=0)
        if len(ends) < len(true) or any(UNSETTLED in words for words in model.cautions_):
            failed += 1
            continue
        for low, high in ends:
            value = true[np.abs(true - (low + high) / 2).argmin()]
            hits.append(low <= value <= high)
    return float(np.mean(hits)), len(hits), failed


def _filled(side: str, values: dict[str, float]) -> str:
    """Return a right-hand side with numbers for its coefficients."""
    return "".join(repr(values[letter]) if letter in values else letter for letter in side)


def main() -> None:
    """Simulate, fit, and write a row for each system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=200)
    args = parser.parse_args()
    rows = []
    for name, (errors, kind) in product(SYSTEMS, CASES):
        share, n_intervals, failed = covered(name, args.sets, errors, kind)
        row = {"system": name, "errors": errors, "noise": kind, "sets": args.sets, "covered": f"{share:.3f}"}
        rows.append({**row, "intervals": n_intervals, "failed": failed, "version": __version__})
        print(rows[-1], flush=True)
    with (HERE / "intervals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
