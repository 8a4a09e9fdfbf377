"""Which constants of nature, and which units of them, does a fit tell from tables that do not give them?

    OMP_NUM_THREADS=1 python benchmarks/units/constants.py

Three laws on 200 simulated rows each, with relative errors. Writes constants.csv beside this file.
"""

from __future__ import annotations

import csv
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from eqdarts import DARTSRegressor, EqdartsWarning, Equation, __version__

OUT = Path(__file__).with_suffix(".csv")
N_ROWS, SEED, SECONDS = 200, 0, 20
TABLES = (
    # name, law, ranges of the columns, relative error, units
    (
        "gravitation", "F = 6.6743e-11*m1*m2/r**2", {"m1": (1, 5), "m2": (1, 5), "r": (1, 5)}, 0.0,
        {"m1": "kg", "m2": "kg", "r": "m", "F": "N"},
    ),
    (
        "ideal gas", "p = 62.36367*n*T/V", {"n": (1, 5), "T": (250, 400), "V": (1, 10)}, 0.005,
        {"n": "mol", "T": "K", "V": "L", "p": "mmHg"},
    ),
    (
        "black body", "B = 1.474499e-50*nu**3/(exp(4.799243e-11*nu/T) - 1)", {"nu": (1e14, 1e15), "T": (3000, 8000)},
        0.01, {"nu": "Hz", "T": "K", "B": "W m-2 Hz-1"},
    ),
)  # fmt: skip


def main() -> None:
    """Fit every table and write what is told."""
    with OUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("table", "error", "law", "told", "cpu_s", "seed", "version"))
        for name, text, ranges, error, units in TABLES:
            rng = np.random.default_rng(SEED)
            X = pd.DataFrame({column: rng.uniform(*ends, N_ROWS) for column, ends in ranges.items()})
            target, formula = text.split(" = ")
            law = Equation.parse(formula, variables=list(ranges))
            y = pd.Series(law.predict(X) * (1 + error * rng.standard_normal(N_ROWS)), name=target)
            began = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EqdartsWarning)
                model = DARTSRegressor(time_limit=SECONDS, random_state=SEED).fit(X, y, units=units)
            told = str(model.equation_.check_units(units))
            cpu = round(time.process_time() - began, 1)
            writer.writerow((name, error, model.equation_.format(), told, cpu, SEED, __version__))
            print(f"{name}: {model.equation_.format()}. {told}", flush=True)


if __name__ == "__main__":
    main()
