"""The relaxed search and refits of a batch on a GPU against one thread of the processor: speed and agreement.

    python benchmarks/relaxed_speed/gpu.py [--device cuda]

Writes three tables beside this file. Seconds are those of the wall: a GPU has no CPU-seconds. Both sides are timed in
turn in the same run; a rate is the median of three.

- gpu.csv: bilevel updates a second. One update is one architecture update and one weight update of one restart.
- gpu_refits.csv: refits a second of the graphs that supernets propose, the same from the same starts on both sides.
- gpu_laws.csv: eight laws in no suite; from the same start, the graphs that both sides propose, and the best of each.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eqdarts import __version__
from eqdarts.data import Data, prepare
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import train_supernet
from eqdarts.solver.batch import Batch
from eqdarts.solver.refit import refit

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "relaxed"))
from orders import LAWS, table  # noqa: E402 (a script beside this folder)

STEPS, ROUNDS, SEED = 20, 3, 0
UPDATES = (  # order, rows, restarts
    ("first", 200, 8), ("first", 200, 256), ("first", 200, 2048), ("first", 5000, 8), ("first", 5000, 256),
    ("first", 20_000, 64), ("implicit", 200, 256),
)  # fmt: skip
REFITS = (200, 8), (200, 256), (5000, 64)  # rows, graphs
EXACT = 1e-16  # a loss below it is that of rounding
DTYPES = "float64", "float32"


def training_seconds(device: str, dtype: str, rows: int, restarts: int, order: str) -> float:
    """Return the seconds of a training of some steps, less those of a training of one step."""
    rng = np.random.default_rng(SEED)
    X = rng.uniform(0.5, 5.0, (rows, 2))
    data = prepare(X, np.log(X[:, 1] / X[:, 0]), None, 0.25, rng)

    def train(n_steps: int) -> float:
        options = RelaxedOptions(order=order, n_steps=n_steps, n_samples=0, device=device, dtype=dtype)
        began = time.perf_counter()
        train_supernet(data, resolve("default"), n_hidden=2, n_restarts=restarts, rng=rng, options=options)
        return time.perf_counter() - began

    first = train(1)
    return max(train(STEPS + 1) - first, 1e-9)


def compare_updates(device: str) -> None:
    """Time the training on both sides and write the table."""
    rows = []
    for order, n, restarts in UPDATES:
        for side, dtype in (("cpu", "float64"), (device, "float64"), (device, "float32")):
            took = statistics.median(training_seconds(side, dtype, n, restarts, order) for _ in range(ROUNDS))
            rows.append([*who(side), dtype, order, n, restarts, f"{STEPS * restarts / took:.1f}"])
            print(rows[-1], flush=True)
            write("gpu.csv", ["device", "name", "dtype", "order", "rows", "restarts", "updates_per_s"], rows)


def compare_refits(device: str) -> None:
    """Time refits of the same graphs from the same starts on both sides and write the table."""
    graphs, starts = proposals(table(next(iter(LAWS)), SEED)[0], "cpu", "float64", restarts=256)
    rows = []
    for n, count in REFITS:
        X = np.random.default_rng(SEED).uniform(0.3, 2.5, (n, 2))
        y = X[:, 0] * X[:, 1] - 1.3 * X[:, 0] + np.random.default_rng(1).normal(0, 0.1, n)
        losses = []
        for side in ("cpu", device):
            placed = [torch.as_tensor(v, device=side) for v in (X, y)]
            runs = [
                timed(lambda placed=placed, count=count: refit(graphs[:count], starts[:count], *placed))
                for _ in range(ROUNDS)
            ]
            took = statistics.median(seconds for seconds, _ in runs)
            losses.append([fit.loss for fit in runs[0][1]])
            same = f"{np.isclose(losses[0], losses[-1], rtol=1e-6, atol=EXACT, equal_nan=True).mean():.3f}"
            rows.append([*who(side), "float64", n, count, f"{count / took:.1f}", same])
            print(rows[-1], flush=True)
            write("gpu_refits.csv", ["device", "name", "dtype", "rows", "graphs", "refits_per_s", "same_loss"], rows)


def compare_laws(device: str) -> None:
    """Train from the same start on both sides, refit all that is proposed there, and write how far they agree."""
    rows = []
    for law in LAWS:
        data = table(law, SEED)[0]
        known = proposals(data, "cpu", "float64", restarts=32)
        best = best_law(*known, data, "cpu")
        for dtype in DTYPES:
            there = proposals(data, device, dtype, restarts=32)
            keys, others = ({graph.key for graph in graphs} for graphs, _ in (known, there))
            found = best_law(*there, data, device)
            values = [evaluate(fit, data) for fit in (best, found)]
            apart = float(np.abs(values[0] - values[1]).max() / np.std(values[0]))
            row = [law, *who(device), dtype, len(keys), len(keys & others), f"{best.loss:.3g}", f"{found.loss:.3g}"]
            rows.append([*row, f"{apart:.2g}"])
            print(rows[-1], flush=True)
            fields = [
                "law",
                "device",
                "name",
                "dtype",
                "proposed_by_cpu",
                "proposed_by_both",
                "loss_cpu",
                "loss_device",
            ]
            write("gpu_laws.csv", [*fields, "largest_difference"], rows)


def proposals(data: Data, device: str, dtype: str, restarts: int) -> tuple[list[Graph], list[tuple[float, ...]]]:
    """Return the graphs that a supernet proposes, and their starts."""
    options = RelaxedOptions(device=device, dtype=dtype)
    rng = np.random.default_rng(SEED)
    result = train_supernet(data, resolve("default"), n_hidden=2, n_restarts=restarts, rng=rng, options=options)
    graphs, starts = zip(*result.proposals, strict=True)
    return list(graphs), list(starts)


def best_law(graphs: list[Graph], starts: list[tuple[float, ...]], data: Data, device: str) -> FittedGraph:
    """Refit the graphs on the device, and return the best on the training rows."""
    X, y = (torch.as_tensor(v[data.train], device=device) for v in (data.X[:], data.y))
    return min(refit(graphs, starts, X, y), key=lambda fit: fit.loss)


def evaluate(fit: FittedGraph, data: Data) -> Any:
    """Return the values of a fitted graph at all rows."""
    batch = Batch([fit.graph], torch.as_tensor(data.X[:]))
    return batch.predict(batch.pad([fit.coefficients]))[0].numpy()


def timed(run: Callable[[], list[FittedGraph]]) -> tuple[float, list[FittedGraph]]:
    """Return the seconds that a refit takes, and what it finds."""
    began = time.perf_counter()
    found = run()
    return time.perf_counter() - began, found


def who(device: str) -> tuple[str, str]:
    """Return a device and its name."""
    return device, torch.cuda.get_device_name() if device.startswith("cuda") else "one thread"


def write(name: str, fields: list[str], rows: list[list[Any]]) -> None:
    """Write a table with seed and versions."""
    with (HERE / name).open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([*fields, "seed", "version", "torch"])
        out.writerows([*row, SEED, __version__, torch.__version__] for row in rows)


def main() -> None:
    """Time both sides in turn, compare what they find, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help='of torch, such as "cuda:1"; "cpu:0" runs torch on the CPU')
    device = parser.parse_args().device
    torch.set_num_threads(1)
    compare_updates(device)
    compare_refits(device)
    compare_laws(device)


if __name__ == "__main__":
    main()
