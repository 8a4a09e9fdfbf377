"""Few and many rows: does a fit to a dozen times end in 30 s, and one to 100,000 rows within its limit and 2 GB?

    OMP_NUM_THREADS=1 python benchmarks/dynamics/size.py few
    OMP_NUM_THREADS=1 python benchmarks/dynamics/size.py many [--seconds 60]

"few" is one run of twelve times of an epidemic, with a noise of 2 %; "many" are 200 runs of 500 times each, from
other starts. Each is a process of its own, because the largest memory is that of the process. A row for each is
written to size.csv beside this file.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from eqdarts import ODERegressor, __version__  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402
from eqdarts.dynamics import System  # noqa: E402
from eqdarts.solver.compiled import warm_up  # noqa: E402

TRUTH = System.parse({"S": "-0.4*S*I", "I": "0.4*S*I - 0.3*I"})
NOISE = 0.02
SIZES = {"few": (1, 12), "many": (200, 500)}  # runs, times of each


def measured(n_runs: int, n_times: int) -> list[np.ndarray]:
    """Return the states of each run, with noise."""
    rng, t = np.random.default_rng(0), np.linspace(0, 9, n_times)
    starts = [np.array([7.2, 1.0]) * (1 if k == 0 else rng.uniform(0.5, 1.5, 2)) for k in range(n_runs)]
    runs = [TRUTH.simulate(start, t) for start in starts]
    return [run + NOISE * run.std(axis=0) * rng.standard_normal(run.shape) for run in runs]


def run_one(which: str, seconds: float, seed: int) -> dict[str, Any]:
    """Fit one size; return what was found, and what it took."""
    n_runs, n_times = SIZES[which]
    runs = measured(n_runs, n_times)
    warm_up(lambda: None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    began = time.process_time()
    model = ODERegressor(time_limit=seconds, random_state=seed)
    model.fit(runs, t=np.linspace(0, 9, n_times), states=["S", "I"])
    return {
        "which": which,
        "runs": n_runs,
        "times": n_runs * n_times,
        "seconds": seconds,
        "cpu_seconds": round(time.process_time() - began, 1),
        "gb_before": round(before, 2),
        "gb_largest": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "system": model.system_.format(5).replace("\n", "; "),
        "warnings": " ".join(model.cautions_),
        "version": __version__,
    }


def main() -> None:
    """Fit the size that is asked for, and write its row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=list(SIZES))
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds of the fit")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    count_cpu_seconds()
    warnings.simplefilter("ignore")
    path = HERE / "size.csv"
    rows = (
        {row["which"]: row for row in csv.DictReader(path.open(encoding="utf-8", newline=""))} if path.exists() else {}
    )
    rows[args.which] = run_one(args.which, args.seconds, args.seed)
    print(*(f"{key}: {value}" for key, value in rows[args.which].items()), sep="\n")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[args.which]))
        writer.writeheader()
        writer.writerows(rows[which] for which in SIZES if which in rows)


if __name__ == "__main__":
    main()
