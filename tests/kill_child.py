"""A fit in a process of its own, to be ended from outside: prints "searching" when it searches, and what it found.

``python tests/kill_child.py FOLDER SECONDS [N_JOBS]``; FOLDER "-" means no checkpoint.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd


def table(n: int = 300) -> tuple[pd.DataFrame, pd.Series]:
    """Return noisy rows of a law of three inputs: a search always has something to improve."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(1, 3, (n, 3)), columns=["a", "b", "c"])
    y = X["a"] * np.exp(-X["b"]) * np.sin(2 * X["c"]) / (1 + X["c"] ** 2) + 0.01 * rng.normal(size=n)
    return X, y.rename("y")


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Give a fit in a process of its own, as soon as it searches, and end it."""
    here = Path(__file__).resolve()
    command = [sys.executable, str(here), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(here.parents[1]), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "searching\n"
            yield child
        finally:
            child.kill()


def main(folder: str, seconds: float, n_jobs: int | None) -> None:
    """Fit, and tell."""
    from eqdarts import DARTSRegressor

    warnings.simplefilter("ignore")
    told: list[float] = []

    def callback(progress: object) -> None:
        if not told:
            print("searching", flush=True)
        told.append(time.monotonic())

    model = DARTSRegressor(time_limit=seconds, n_jobs=n_jobs)
    if n_jobs is not None:
        print("searching", flush=True)
    model.fit(*table(), checkpoint=None if folder == "-" else folder, callback=callback)
    print("returned", time.time(), model.history_.stop_reason, model.equations_["loss"].min(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
