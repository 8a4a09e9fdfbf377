"""Refits per CPU-second inside the real search, and where the time goes.

    OMP_NUM_THREADS=1 python benchmarks/search_speed/run.py

Searches as `fit` runs them, each for some CPU seconds, on laws with noise, so that no search ends early. Once without
and once with a timer that notes, every few milliseconds of CPU time, which functions are running. Writes results.csv
(refits) and profile.csv (shares) beside this file.
"""

from __future__ import annotations

import argparse
import csv
import signal
import time
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from eqdarts.benchmark.problems import Problem, load_suite
from eqdarts.clock import count_cpu_seconds
from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.result import Config
from eqdarts.search.search import search

HERE = Path(__file__).parent
N_ROWS, NOISE, EVERY = 100, 0.01, 12
TICK = 0.004  # CPU seconds between two looks
LEAST_SHARE = 0.005  # functions with less are left out
PARAMETERS: dict[str, Any] = {"max_complexity": 60, "n_restarts": 128}


class Profile:
    """Counts which functions of eqdarts are running, by the process's CPU time."""

    def __init__(self) -> None:
        self.samples, self.inclusive, self.own = 0, Counter[str](), Counter[str]()

    def look(self, _: int, frame: FrameType | None) -> None:
        """Note the functions on the stack."""
        names: list[str] = []
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            if module.startswith("eqdarts."):
                names.append(f"{module.removeprefix('eqdarts.')}.{frame.f_code.co_qualname}")
            frame = frame.f_back
        if names:
            self.samples += 1
            self.own[names[0]] += 1
            self.inclusive.update(set(names))

    def __enter__(self) -> Profile:
        signal.signal(signal.SIGPROF, self.look)
        signal.setitimer(signal.ITIMER_PROF, TICK, TICK)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def rows(self) -> list[dict[str, object]]:
        """Return the functions by the share of the time in them and what they call."""
        found: list[dict[str, object]] = []
        for name, count in self.inclusive.most_common():
            share, own = count / self.samples, self.own[name] / self.samples
            if share >= LEAST_SHARE:
                found.append({"function": name, "share": round(share, 4), "own_share": round(own, 4)})
        return found


def searched(problem: Problem, seconds: float, seed: int) -> dict[str, object]:
    """Search for one law and return what was measured."""
    X, y = problem.sample(N_ROWS, seed, NOISE)
    data = prepare(X, y, np.ones(len(y)), 0.3, np.random.default_rng(seed))
    config = Config(
        resolve("default"), "auto", PARAMETERS["max_complexity"], seconds, 10**9, PARAMETERS["n_restarts"],
        problem.variables,
    )  # fmt: skip
    began = time.process_time()
    history = search(data, config, np.random.default_rng(seed)).history
    cpu = time.process_time() - began
    return {
        "problem": problem.name,
        "inputs": X.shape[1],
        "rows": N_ROWS,
        "noise": NOISE,
        "seed": seed,
        "stopped": history.stop_reason,
        "cpu_s": round(cpu, 2),
        "refits": history.n_refits,
        "refits_per_cpu_second": round(history.n_refits / cpu, 1),
    }


def write(name: str, rows: list[dict[str, object]]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="CPU seconds of each search")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    problems = load_suite("feynman")[::EVERY]
    rows: list[dict[str, object]] = []
    for problem in problems:
        rows.append(searched(problem, options.seconds, options.seed))
        print(rows[-1], flush=True)
    write("results.csv", rows)
    refits, cpu = (sum(float(str(row[key])) for row in rows) for key in ("refits", "cpu_s"))
    print(f"{refits / cpu:.0f} refits per CPU-second over all")
    with Profile() as profile:
        for problem in problems:
            searched(problem, options.seconds, options.seed)
    write("profile.csv", profile.rows())
    for row in profile.rows()[:40]:
        print(row)


if __name__ == "__main__":
    main()
