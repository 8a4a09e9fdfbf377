"""Does noise alone give a law? Does an input that has nothing to do with y get into one?

    OMP_NUM_THREADS=1 python benchmarks/noise/run.py              # both; about 25 CPU minutes
    OMP_NUM_THREADS=1 python benchmarks/noise/run.py noise 20     # the first 20 sets of one
    OMP_NUM_THREADS=1 python benchmarks/noise/run.py irrelevant

noise: y is normal and independent of five inputs, half of which are normal and half uniform; its mean is 0 in half of
the sets and 3 in the others. Counted is how often the chosen equation is a constant.

irrelevant: every sixth law of the Feynman suite at noise 0.01, with five more inputs that are not in it. Counted is how
often one of these is in the chosen equation.

Limits are CPU seconds, so that a busy machine does not change the result. Writes noise.csv and irrelevant.csv beside
this file, row by row: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import csv
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eqdarts import DARTSRegressor
from eqdarts.benchmark.problems import load_suite
from eqdarts.clock import count_cpu_seconds

HERE = Path(__file__).parent
N_SETS, N_INPUTS, SIZES, NOISE_LIMIT = 200, 5, (50, 100, 200, 500), 4.0
EVERY, N_ROWS, NOISE, N_ADDED, LAW_LIMIT = 6, 300, 0.01, 5, 15.0


def noise(k: int) -> dict[str, Any]:
    """Fit set number k of pure noise."""
    rng = np.random.default_rng([k, 2026])
    n, mean = SIZES[k % len(SIZES)], 3.0 * (k // len(SIZES) % 2)
    X = rng.normal(size=(n, N_INPUTS)) if k // 8 % 2 else rng.uniform(1.0, 5.0, (n, N_INPUTS))
    y = mean + rng.normal(size=n)
    started = time.process_time()
    model = DARTSRegressor(time_limit=NOISE_LIMIT, random_state=k).fit(X, y)
    inputs = {str(s.name) for s in model.equation_.expr.free_symbols}
    scores = model.equations_.loc[~model.equations_["chosen"], "score"]
    return {
        "set": k,
        "rows": n,
        "mean": mean,
        "constant": int(not inputs),
        "next_nats": round(float(scores.min()), 3) if len(scores) else "",
        "equation": model.equation_.format(4),
        "refits": model.history_.n_refits,
        "cpu_s": round(time.process_time() - started, 1),
    }


def irrelevant(k: int) -> dict[str, Any]:
    """Fit a law with inputs beside it that have nothing to do with it."""
    problem = load_suite("feynman")[EVERY * k]
    X, y = problem.sample(N_ROWS, seed=0, noise=NOISE)
    added = np.random.default_rng([k, 2027]).uniform(1.0, 5.0, (N_ROWS, N_ADDED))
    names = [*problem.variables, *(f"extra{i}" for i in range(N_ADDED))]
    import pandas as pd

    started = time.process_time()
    model = DARTSRegressor(time_limit=LAW_LIMIT, random_state=k)
    model.fit(pd.DataFrame(np.column_stack([X, added]), columns=names), y)
    strange = sorted({str(s.name) for s in model.equation_.expr.free_symbols} - set(problem.variables))
    return {
        "law": problem.name,
        "formula": problem.expression,
        "irrelevant": " ".join(strange),
        "r2": round(float(model.score(np.column_stack([X, added]), y)), 6),
        "equation": model.equation_.format(4),
        "refits": model.history_.n_refits,
        "cpu_s": round(time.process_time() - started, 1),
    }


def run(fit: Callable[[int], dict[str, Any]], n_sets: int, path: Path) -> list[dict[str, str]]:
    """Fit the sets that are not in the file yet, and return the rows of all."""
    done = list(csv.DictReader(path.open())) if path.exists() else []
    for k in range(len(done), n_sets):
        row = fit(k)
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row, lineterminator="\n")
            if not done:
                writer.writeheader()
            writer.writerow(row)
        done.append({key: str(value) for key, value in row.items()})
        print(*row.values(), sep="  ", flush=True)
    return done


def main() -> None:
    """Run what was asked for and print the shares."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    which, most = (sys.argv[1:2] or ["both"])[0], int(sys.argv[2]) if len(sys.argv) > 2 else N_SETS
    if which in ("both", "noise"):
        rows = run(noise, most, HERE / "noise.csv")
        share = sum(row["constant"] == "1" for row in rows) / len(rows)
        print(f"noise: a constant in {100 * share:.1f} % of {len(rows)} sets")
    if which in ("both", "irrelevant"):
        n_laws = len(load_suite("feynman")[::EVERY])
        rows = run(irrelevant, min(most, n_laws), HERE / "irrelevant.csv")
        n_wrong = sum(bool(row["irrelevant"]) for row in rows)
        print(f"irrelevant: in {n_wrong} of {len(rows)} equations")


if __name__ == "__main__":
    main()
