"""Scale: a million rows within memory and time; fifty inputs of which a few matter.

    python benchmarks/scale/run.py            # all; writes results.csv beside this file
    python benchmarks/scale/run.py rows       # or some of: rows, the names of INPUT_LAWS

Every case runs in a process of its own, with one thread.
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
SEED = 0
MANY_ROWS, ROW_INPUTS, ROW_LIMIT = 1_000_000, 10, 20.0
FEW_ROWS, MANY_INPUTS, INPUT_LIMIT = 1000, 50, 120.0
INPUT_LAWS = {
    "x3*exp(-x17)/(x25+x40)": (3, 17, 25, 40),
    "x5*x12/x30+sin(x44)": (5, 12, 30, 44),
    "x8*sqrt(x21**2+x33**2)*log(x47)": (8, 21, 33, 47),
}


def law_of(text: str, X: Any) -> Any:
    """Return the values of a law written in x0, x1, ... and a few functions."""
    from eqdarts import Equation

    return Equation.parse(text, [f"x{i}" for i in range(X.shape[1])]).predict(X)


def fit_case(case: str) -> dict[str, Any]:
    """Fit one case in this process and return what was measured."""
    import numpy as np

    from eqdarts import DARTSRegressor

    rng = np.random.default_rng(SEED)
    rows = case == "rows"
    law = "x0*exp(-x1)/(1+x2)+0.3*x3*x4" if rows else case
    n, d, limit = (MANY_ROWS, ROW_INPUTS, ROW_LIMIT) if rows else (FEW_ROWS, MANY_INPUTS, INPUT_LIMIT)
    X = rng.uniform(1.0, 3.0, (n, d))
    y = law_of(law, X)
    if rows:  # noise, so that the search cannot stop early
        y = y + 0.01 * np.sqrt(np.mean(y**2)) * rng.standard_normal(n)
    wall, cpu = time.perf_counter(), time.process_time()
    model = DARTSRegressor(time_limit=limit, random_state=SEED).fit(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    fresh = rng.uniform(1.0, 3.0, (1000, d))
    truth = law_of(law, fresh)
    error = float(np.mean((model.predict(fresh) - truth) ** 2) / np.var(truth))
    return {
        "case": case,
        "rows": n,
        "inputs": d,
        "time_limit": limit,
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "stopped": model.history_.stop_reason,
        "refits": model.history_.n_refits,
        "error": f"{error:.2e}",
        "inputs_found": " ".join(sorted(map(str, model.equation_.expr.free_symbols))),
        "equation": model.equation_.format(6),
    }


def main() -> None:
    """Run the cases that are asked for and write the table."""
    if sys.argv[1:2] == ["--case"]:
        print(json.dumps(fit_case(sys.argv[2])))
        return
    path = HERE / "results.csv"
    known = {row["case"]: row for row in csv.DictReader(path.open())} if path.exists() else {}
    for case in sys.argv[1:] or ["rows", *INPUT_LAWS]:
        done = subprocess.run(
            [sys.executable, __file__, "--case", case],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        known[case] = json.loads(done.stdout.splitlines()[-1])
        print(known[case])
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(known[case]))
            writer.writeheader()
            writer.writerows(known[c] for c in ("rows", *INPUT_LAWS) if c in known)


if __name__ == "__main__":
    main()
