"""Peak memory of a search that does not end: a law of prospects with learned exponents, 1000 rows, no noise.

    OMP_NUM_THREADS=1 python benchmarks/recovery/memory.py 30
    OMP_NUM_THREADS=1 python benchmarks/recovery/memory.py 300

The argument is the time limit in CPU seconds; the row is printed and appended to ``memory.csv``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pandas as pd
import torch

from eqdarts import DARTSRegressor
from eqdarts.benchmark.problems import Problem
from eqdarts.benchmark.worker import peak_rss_mb
from eqdarts.clock import count_cpu_seconds

LAW = "x**a - l*y**b"
RANGES = (("x", 0.5, 5.0), ("a", 0.4, 1.0), ("l", 1.0, 3.0), ("y", 0.5, 5.0), ("b", 0.4, 1.0))
OUT = Path(__file__).parent / "memory.csv"


def main() -> None:
    limit = float(sys.argv[1])
    torch.set_num_threads(1)
    count_cpu_seconds()
    problem = Problem("prospect", LAW, RANGES)
    X, y = problem.sample(1000, 0)
    began = time.process_time()
    model = DARTSRegressor(time_limit=limit, random_state=0).fit(pd.DataFrame(X, columns=list(problem.variables)), y)
    row = {
        "law": LAW,
        "limit": limit,
        "cpu_s": round(time.process_time() - began, 1),
        "stopped": model.history_.stop_reason,
        "refits": model.history_.n_refits,
        "peak_rss_mb": round(peak_rss_mb(), 1),
    }
    print(row)
    pd.DataFrame([row]).to_csv(OUT, mode="a", header=not OUT.exists(), index=False)


if __name__ == "__main__":
    main()
