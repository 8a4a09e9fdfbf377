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
from typing import Any, NamedTuple

HERE = Path(__file__).parent
EXACT = 1e-16
RESTARTS, SEED, ROUNDS = 32, 0, 3
HIDDEN = 1, 2, 3
COLUMNS = (
    "law", "hidden", "before_argmax", "after_argmax", "after_refit", "gap", "found", "cpu_seconds",
    "updates_per_cpu_second",
)  # fmt: skip
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


class Result(NamedTuple):
    """Medians over the restarts of one supernet, and whether its law was among what it proposed."""

    before_argmax: float
    after_argmax: float
    after_refit: float
    gap: float
    found: bool
    seconds: float
    rate: float


def train_one(name: str, hidden: int, options: dict[str, Any], seed: int = SEED, restarts: int = RESTARTS) -> Result:
    """Train a supernet on a law and refit all that it proposes."""
    return train(*table(name, seed), hidden, options, restarts)[0]


def table(name: str, seed: int) -> tuple[Any, Any]:
    """Return rows of a law, and the generator that drew them."""
    import numpy as np
    import torch

    from eqdarts.data import prepare

    rng = np.random.default_rng(seed)
    X = rng.uniform(0.3, 2.5, (150, 2))
    y = LAWS[name](*torch.as_tensor(X).unbind(dim=1)).numpy()
    return prepare(X, y, None, 1 / 3, rng), rng


def train(data: Any, rng: Any, hidden: int, options: dict[str, Any], restarts: int) -> tuple[Result, list[Any]]:
    """Train a supernet and refit all that it proposes; return the (loss, graph) of each refit too."""
    import numpy as np
    import torch

    from eqdarts.primitives.table import resolve
    from eqdarts.search.relaxed.options import RelaxedOptions
    from eqdarts.search.relaxed.training import train_supernet
    from eqdarts.solver.refit import refit

    began = time.process_time()
    result = train_supernet(
        data, resolve("default"), n_hidden=hidden, n_restarts=restarts, rng=rng, options=RelaxedOptions(**options)
    )
    seconds = time.process_time() - began
    places = torch.as_tensor(data.train)
    graphs, starts = zip(*result.proposals, strict=True)
    fits = refit(graphs, starts, torch.as_tensor(data.X[:])[places], torch.as_tensor(data.y)[places])
    alpha = result.alpha
    losses = [np.nanmedian(v) for v in (alpha.loss_relaxed, alpha.loss_discrete, alpha.loss_refitted)]
    gap = np.nanmedian(alpha.loss_refitted / alpha.loss_relaxed)
    found = min(fit.loss for fit in fits) < EXACT
    medians = Result(*map(float, (*losses, gap)), found, seconds, result.n_steps * restarts / seconds)
    return medians, [(fit.loss, graph) for fit, graph in zip(fits, graphs, strict=True)]


def summary(results: list[Result]) -> str:
    """Return medians over supernets, how many laws were found, and the CPU-seconds of all."""
    middle = [statistics.median(row[k] for row in results) for k in (0, 1, 2, 3, 6)]
    n_found, seconds = sum(row.found for row in results), sum(row.seconds for row in results)
    return f"{[f'{v:.3g}' for v in middle]} found {n_found} of {len(results)}, {seconds:.1f} CPU-s"


def cells(row: Result) -> list[Any]:
    """Return a result as it is written to a table."""
    return [*(f"{v:.3g}" for v in row[:4]), int(row.found), f"{row.seconds:.2f}", f"{row.rate:.0f}"]


def compare_orders() -> None:
    """Train a supernet of each order on each law, and write what it finds."""
    prepare_process()
    with (HERE / "orders.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["order", *COLUMNS])
        for order, options in ORDERS.items():
            results = []
            for name in LAWS:
                for hidden in HIDDEN:
                    results.append(train_one(name, hidden, options))
                    writer.writerow([order, name, hidden, *cells(results[-1])])
                    file.flush()
            print(order, summary(results), flush=True)


def prepare_process() -> None:
    """Use one thread, and load the compiled code before anything is timed."""
    import torch

    from eqdarts.search.relaxed.engine import warm_up

    torch.set_num_threads(1)
    warm_up()


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
