"""Three orders of the gradient of alpha, compared on laws that are not in any suite; and bilevel updates a CPU-second.

    python benchmarks/relaxed/orders.py                         # writes orders.csv
    python benchmarks/relaxed/orders.py --before CHECKOUT       # writes speed.csv: against another checkout's code

A supernet of one, two and three hidden nodes is trained on each law. All that it proposes is refitted; the law counts
as found if a graph fits the training rows to rounding. CPU-seconds include everything but imports and compiling.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EXACT = 1e-16
RESTARTS, SEED, ROUNDS = 32, 0, 3
LAWS: dict[str, Callable[[Any, Any], Any]] = {
    "a*b - 1.3*a": lambda a, b: a * b - 1.3 * a,
    "b*log(1 + 3*a)": lambda a, b: b * (1 + 3 * a).log(),
    "a*sin(b)": lambda a, b: a * b.sin(),
    "a/(1 + b)": lambda a, b: a / (1 + b),
    "sqrt(a**2 + b**2)": lambda a, b: (a * a + b * b).sqrt(),
    "a*b + cos(2*a)": lambda a, b: a * b + (2 * a).cos(),
    "tanh(2*a - 1) + b**2": lambda a, b: (2 * a - 1).tanh() + b * b,
    "(a - b)**2/(a + b)": lambda a, b: (a - b) ** 2 / (a + b),
}
ORDERS: dict[str, dict[str, Any]] = {
    "untrained": {"n_steps": 0},
    "first": {"order": "first"},
    "second": {"order": "second"},
    "implicit": {"order": "implicit", "n_steps": 20},
}


def compare_orders() -> None:
    """Train a supernet of each order on each law, and write what it finds."""
    import numpy as np
    import torch

    from eqdarts.data import prepare
    from eqdarts.primitives.table import resolve
    from eqdarts.search.relaxed.engine import warm_up
    from eqdarts.search.relaxed.options import RelaxedOptions
    from eqdarts.search.relaxed.training import train_supernet
    from eqdarts.solver.refit import refit

    torch.set_num_threads(1)
    warm_up()
    with (HERE / "orders.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = "order,law,hidden,before_argmax,after_argmax,after_refit,gap,found,cpu_seconds,updates_per_cpu_second"
        writer.writerow(names.split(","))
        for order, given in ORDERS.items():
            rows = []
            for name, law in LAWS.items():
                for hidden in (1, 2, 3):
                    rng = np.random.default_rng(SEED)
                    X = rng.uniform(0.3, 2.5, (150, 2))
                    y = law(*torch.as_tensor(X).unbind(dim=1)).numpy()
                    data = prepare(X, y, None, 1 / 3, rng)
                    began = time.process_time()
                    result = train_supernet(
                        data, resolve("default"), n_hidden=hidden, n_restarts=RESTARTS, rng=rng,
                        options=RelaxedOptions(**given),
                    )  # fmt: skip
                    seconds = time.process_time() - began
                    places = torch.as_tensor(data.train)
                    graphs, starts = zip(*result.proposals, strict=True)
                    fits = refit(graphs, starts, torch.as_tensor(data.X[:])[places], torch.as_tensor(data.y)[places])
                    found = min(fit.loss for fit in fits) < EXACT
                    alpha = result.alpha
                    losses = [np.nanmedian(v) for v in (alpha.loss_relaxed, alpha.loss_discrete, alpha.loss_refitted)]
                    gap = np.nanmedian(alpha.loss_refitted / alpha.loss_relaxed)
                    rate = result.n_steps * RESTARTS / seconds
                    rows.append((*losses, gap, found, seconds, rate))
                    shown = [f"{v:.3g}" for v in (*losses, gap)]
                    writer.writerow([order, name, hidden, *shown, int(found), f"{seconds:.2f}", f"{rate:.0f}"])
                    file.flush()
            middle = [statistics.median(row[k] for row in rows) for k in (0, 1, 2, 3, 6)]
            total = sum(row[4] for row in rows), len(rows), sum(row[5] for row in rows)
            print(
                order, [f"{v:.3g}" for v in middle], f"found {total[0]} of {total[1]}, {total[2]:.1f} CPU-s", flush=True
            )


def train_once() -> None:
    """Print the bilevel updates a CPU-second of a supernet of three hidden nodes and 128 restarts."""
    import numpy as np
    import torch

    from eqdarts.data import prepare
    from eqdarts.primitives.table import resolve
    from eqdarts.search.relaxed.options import RelaxedOptions
    from eqdarts.search.relaxed.training import train_supernet

    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    X = rng.uniform(0.5, 3.0, (200, 3))
    data = prepare(X, X[:, 0] * X[:, 1] + np.sin(X[:, 2]), None, 0.25, rng)

    def seconds(n_steps: int) -> float:
        began = time.process_time()
        options = RelaxedOptions(n_steps=n_steps, n_samples=0)
        train_supernet(data, resolve("default"), n_hidden=3, n_restarts=128, rng=rng, options=options)
        return time.process_time() - began

    seconds(1)
    long, short = 41, 1
    took = seconds(long) - seconds(short)
    print(json.dumps({"updates": (long - short) * 128, "seconds": took}))


def compare_speed(before: str) -> None:
    """Time this code and that of the checkout `before` in turn."""
    rates: dict[str, list[float]] = {"before": [], "now": []}
    for _ in range(ROUNDS):
        for name, path in (("before", before), ("now", str(HERE.parents[1]))):
            environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
            command = [sys.executable, str(Path(__file__).resolve()), "--once"]
            done = subprocess.run(command, env=environment, cwd=path, check=True, capture_output=True, text=True)
            result = json.loads(done.stdout.splitlines()[-1])
            rates[name].append(result["updates"] / result["seconds"])
    middle = {name: statistics.median(values) for name, values in rates.items()}
    with (HERE / "speed.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "updates_per_cpu_second", "slowest", "fastest", "times_before"])
        for name, values in rates.items():
            ends = [f"{v:.0f}" for v in (middle[name], min(values), max(values))]
            writer.writerow([name, *ends, f"{middle[name] / middle['before']:.1f}"])
            print(name, *ends, f"{middle[name] / middle['before']:.1f} times before")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", metavar="CHECKOUT", help="a checkout of the code to compare with")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        train_once()
    elif given.before:
        compare_speed(given.before)
    else:
        compare_orders()
