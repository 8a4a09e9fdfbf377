"""Forms with unknown functions, on simulated rows: is the whole law found?

    OMP_NUM_THREADS=1 python benchmarks/forms/run.py [--seconds 8] [--seed 0]

Five forms at noise 0, 0.01 and 0.1 of the spread, 200 rows each. A row of results.csv has the law, the root mean
square of its difference to the true one on fresh rows as a share of the spread, and whether that is below 1e-6, 0.005
or 0.05. `covered` says how many of the true coefficients of the outer form lie in their 95 % intervals.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import eqdarts  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402
from eqdarts.form.fit import fit_form  # noqa: E402
from eqdarts.inference import inference  # noqa: E402

N_ROWS = 200
FOUND = {0.0: 1e-6, 0.01: 5e-3, 0.1: 5e-2}
Law = Callable[[pd.DataFrame], pd.Series]
FORMS: dict[str, tuple[dict[str, tuple[float, float]], Law, dict[str, float]]] = {
    "f(conc)*exp(-k*time)": (
        {"conc": (0.1, 5), "time": (0, 4)},
        lambda d: 3 * d.conc / (1.2 + d.conc) * np.exp(-0.6 * d.time),
        {"k": 0.6},
    ),
    "a + f(x)*g(y)": ({"x": (0.5, 3), "y": (0.5, 3)}, lambda d: 1.5 + d.x**2 * np.sin(d.y), {"a": 1.5}),
    "V*f(S/K)": ({"S": (0.1, 8)}, lambda d: 3 * d.S / (2 + d.S), {}),
    "f(x1 - x2)/(r**2 + e**2)": (
        {"x1": (0, 3), "x2": (0, 3), "r": (0.5, 3)},
        lambda d: (2 + np.tanh(d.x1 - d.x2)) / (d.r**2 + 0.49),
        {"e": 0.7},
    ),
    "log(f(x)) + b*t": ({"x": (0.5, 3), "t": (0, 4)}, lambda d: np.log(1 + d.x**2) + 0.4 * d.t, {"b": 0.4}),
}


def main() -> None:
    """Fit every form at every noise, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="CPU seconds for the searches of each form")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    count_cpu_seconds()
    rows = []
    for noise in (0.01, 0.1, 0.0):
        for form in FORMS:
            rows.append(row := judged(form, noise, args.seconds, args.seed))
            print(row, flush=True)
            with (HERE / "results.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
                writer.writerows(rows)
    print(f"{sum(int(row['found']) for row in rows)} of {len(rows)} found")


def judged(form: str, noise: float, seconds: float, seed: int) -> dict[str, object]:
    """Return the row of one form at one noise."""
    ends, law, true = FORMS[form]
    rng = np.random.default_rng(seed)
    X, fresh = (pd.DataFrame({name: rng.uniform(*both, N_ROWS) for name, both in ends.items()}) for _ in range(2))
    f = law(X).to_numpy()
    y = f + noise * f.std() * rng.normal(size=N_ROWS)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = fit_form(X, y, form, time_limit=seconds, random_state=seed)
        spent = time.process_time() - began
        uncertain = inference(fit.equation, X, y)
        off = fit.equation.predict(fresh) - law(fresh).to_numpy()
    missed = float(np.sqrt(np.mean(off**2)) / f.std())
    intervals = dict(zip(uncertain.names, uncertain.interval(0.95), strict=True))
    own = [name for name in true if name in intervals]
    covered = sum(intervals[name][0] <= true[name] <= intervals[name][1] for name in own)
    return {
        "form": form,
        "noise": noise,
        "found": int(missed < FOUND[noise]),
        "missed": f"{missed:.2g}",
        "law": fit.equation.format(),
        "covered": f"{covered} of {len(own)}",
        "cpu_seconds": round(spent, 1),
        "seed": seed,
        "version": eqdarts.__version__,
    }


if __name__ == "__main__":
    main()
