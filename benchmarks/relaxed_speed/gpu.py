"""Bilevel updates per second of the relaxed search on a GPU and on one thread of the CPU, Weber's law.

    python benchmarks/relaxed_speed/gpu.py

Writes gpu.csv beside this file. One update is one architecture update and one weight update of one restart. Seconds are
those of the wall: a GPU has no CPU-seconds. Both sides are timed in turn in the same run.
"""

from __future__ import annotations

import csv
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from eqdarts import __version__
from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import train_supernet

PRIMITIVES = ("linear", "exp", "log", "logistic", "relu", "tanh", "reciprocal")
STEPS, ROUNDS, SEED = 20, 3, 0


def seconds(device: str, rows: int, restarts: int, order: str) -> float:
    """Return the seconds of a training of some steps, less those of a training of one step."""
    rng = np.random.default_rng(SEED)
    X = rng.uniform(0.5, 5.0, (rows, 2))
    data = prepare(X, np.log(X[:, 1] / X[:, 0]), None, 0.25, rng)

    def train(n_steps: int) -> float:
        options = RelaxedOptions(order=order, n_steps=n_steps, n_samples=0, device=device)
        began = time.perf_counter()
        train_supernet(data, resolve(PRIMITIVES), n_hidden=2, n_restarts=restarts, rng=rng, options=options)
        return time.perf_counter() - began

    first = train(1)
    return max(train(STEPS + 1) - first, 1e-9)


def main() -> None:
    """Time both sides in turn and write the table."""
    torch.set_num_threads(1)
    fields = ["device", "name", "rows", "restarts", "order", "updates_per_s", "seed", "version", "torch"]
    with (Path(__file__).parent / "gpu.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fields, lineterminator="\n")
        table.writeheader()
        for order, rows, restarts in (("first", 200, 8), ("first", 200, 256), ("first", 5000, 8), ("first", 5000, 256)):
            for device in ("cpu", "cuda"):
                took = statistics.median(seconds(device, rows, restarts, order) for _ in range(ROUNDS))
                name = torch.cuda.get_device_name() if device == "cuda" else "one thread"
                rate = round(STEPS * restarts / took, 1)
                values = (device, name, rows, restarts, order, rate, SEED, __version__, torch.__version__)
                row = dict(zip(fields, values, strict=True))
                table.writerow(row)
                file.flush()
                print(row, flush=True)


if __name__ == "__main__":
    main()
