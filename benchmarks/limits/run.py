"""What a fit spends beyond its time limit, and how much memory it takes, on tables from small to a million rows.

    python benchmarks/limits/run.py            # all; writes results.csv beside this file
    python benchmarks/limits/run.py wide       # or some of CASES

Every case runs in a process of its own, with one thread. The clock counts CPU seconds, so that other work on the
machine does not change the result. The bound of the memory is rows x columns x 16 bytes + 0.6 GB, and 0.8 GB for
small tables.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CASES = {  # rows, columns, time limit
    "small": (100, 3, 1.0),
    "wide": (100, 100, 1.0),
    "usual": (1000, 5, 10.0),
    "long and wide": (200_000, 100, 10.0),
    "a million": (1_000_000, 100, 10.0),
}


def fit_case(n: int, d: int, limit: float | None, refits: int = 1_000_000) -> dict[str, Any]:
    """Fit one table in this process and return what was measured."""
    import numpy as np

    from eqdarts import DARTSRegressor, clock
    from eqdarts.solver.compiled import warm_up

    clock.count_cpu_seconds()
    warm_up(lambda: None)
    rng = np.random.default_rng(0)
    X = np.empty((n, d))
    for k in range(d):
        X[:, k] = rng.uniform(0.5, 3.0, n)
    # A step, so that no law is exact and the search uses its time.
    y = X[:, 0] * np.exp(-X[:, 1]) + X[:, 2] ** 2 + 0.1 * (X[:, 0] > 1) + 0.1 * rng.normal(size=n)
    began = time.process_time()
    model = DARTSRegressor(time_limit=limit, max_refits=refits, random_state=0).fit(X, y)
    return {
        "rows": n,
        "columns": d,
        "time_limit": limit,
        "cpu_seconds": round(time.process_time() - began, 2),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
        "bound_gb": round(max(16e-9 * n * d + 0.6, 0.8), 2),
        "equation": model.equation_.format(4),
    }


def main() -> None:
    """Run the cases that are asked for and write the table."""
    if sys.argv[1:2] == ["--case"]:
        print(json.dumps(fit_case(*json.loads(sys.argv[2]))))
        return
    path = HERE / "results.csv"
    known = {row["case"]: row for row in csv.DictReader(path.open())} if path.exists() else {}
    for case in sys.argv[1:] or CASES:
        command = [sys.executable, __file__, "--case", json.dumps(CASES[case])]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        known[case] = {"case": case, **json.loads(done.stdout.splitlines()[-1])}
        print(known[case], flush=True)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(known[case]))
            writer.writeheader()
            writer.writerows(known[c] for c in CASES if c in known)


if __name__ == "__main__":
    main()
