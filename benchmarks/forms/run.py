"""Forms with unknown functions, on simulated rows: is the whole law found, and are the functions found by themselves?

    OMP_NUM_THREADS=1 python benchmarks/forms/run.py [--seconds 8] [--seeds 0,1,2]

Five forms, and three with less common parts, at noise 0, 0.01 and 0.1 of the spread, 200 rows each. A row of
results.csv has the law, the root mean square of its difference to the true one on fresh rows as a share of the spread,
and whether that is below 1e-6, 0.005 or 0.05. `alone` says whether all functions of the form are found, by the same
measure, when each is searched by itself: in a table of its own arguments and values, with errors of the same share of
their spread and the same time for each.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from laws import FORMS, MORE, Simulated, noisy  # noqa: E402

import eqdarts  # noqa: E402
from eqdarts import DARTSRegressor  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402

FOUND = {0.0: 1e-6, 0.01: 5e-3, 0.1: 5e-2}


def main() -> None:
    """Fit every form at every noise, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="CPU seconds for each form")
    parser.add_argument("--seeds", default="0,1,2")
    args = parser.parse_args()
    count_cpu_seconds()
    rows = []
    for seed in map(int, args.seeds.split(",")):
        for noise in FOUND:
            for case in (*FORMS, *MORE):
                rows.append(row := judged(case, noise, args.seconds, seed))
                print(row, flush=True)
                with (HERE / "results.csv").open("w", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, list(row), lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)
    both = [row for row in rows if row["alone"] != ""]
    for name, own in (("five forms", both), ("less common", [row for row in rows if row["alone"] == ""])):
        alone = f", {sum(int(row['alone']) for row in own)} alone" if own is both else ""
        print(f"{name}: {sum(int(row['found']) for row in own)} of {len(own)} found{alone}")


def judged(case: Simulated, noise: float, seconds: float, seed: int) -> dict[str, object]:
    """Return the row of one form at one noise."""
    rng = np.random.default_rng(seed)
    X, fresh = case.rows(rng), case.rows(rng)
    y = noisy(case.law(X), noise, rng)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = DARTSRegressor(form=case.form, time_limit=seconds, random_state=seed).fit(X, y)
    spent = time.process_time() - began
    missed = _missed(fit, fresh, case.law(fresh))
    return {
        "form": case.form,
        "noise": noise,
        "seed": seed,
        "found": int(missed < FOUND[noise]),
        "missed": f"{missed:.2g}",
        "alone": "" if not case.inner else int(_alone(case, noise, seconds, seed)),
        "law": fit.equation_.format(),
        "functions": "; ".join(found.format() for found in fit.functions_.values()),
        "cpu_seconds": round(spent, 1),
        "version": eqdarts.__version__,
    }


def _missed(fit: DARTSRegressor, X: pd.DataFrame, true: pd.Series) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.sqrt(np.mean((fit.predict(X) - true.to_numpy()) ** 2)) / true.std())


def _alone(case: Simulated, noise: float, seconds: float, seed: int) -> bool:
    """Return whether each function of a form is found in a table of its own."""
    for arguments, values in case.inner.values():
        rng = np.random.default_rng(seed)
        X, fresh = case.rows(rng), case.rows(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = DARTSRegressor(time_limit=seconds / len(case.inner), random_state=seed)
            model.fit(arguments(X), noisy(values(X), noise, rng))
        if not _missed(model, arguments(fresh), values(fresh)) < FOUND[noise]:
            return False
    return True


if __name__ == "__main__":
    main()
