"""Bilevel updates per CPU-second: eqdarts' relaxed search against autora-theorist-darts 1.1.0, on Weber's law.

    python benchmarks/relaxed_speed/run.py                           # installs autora in a temporary directory
    python benchmarks/relaxed_speed/run.py --autora /path/to/python    # uses one that is there

Writes results.csv beside this file. One update is one architecture update and one weight update of one restart.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REQUIREMENTS = ("autora-theorist-darts==1.1.0", "torch==2.13.0", "numpy<2")
# The same functions under the names of the two libraries; both add the absent edge.
EQDARTS = ("linear", "exp", "log", "logistic", "relu", "tanh", "reciprocal")
AUTORA = (
    "none",
    "linear",
    "linear_exp",
    "linear_ln",
    "linear_logistic",
    "linear_relu",
    "linear_tanh",
    "linear_reciprocal",
)
ROWS, NODES, SEED, ROUNDS = 200, 2, 0, 5


def weber(seed: int) -> tuple[Any, Any]:
    """Return X (200, 2) = (S0, S1) and y = log(S1 / S0)."""
    import numpy as np

    X = np.random.default_rng(seed).uniform(0.5, 5.0, (ROWS, 2))
    return X, np.log(X[:, 1] / X[:, 0])


def eqdarts_side(restarts: int, order: str, seed: int) -> dict[str, float]:
    """Time the training of a supernet, with the way back to graphs and the refit of every restart's argmax graph."""
    import numpy as np
    import torch

    from eqdarts.data import prepare
    from eqdarts.primitives.table import resolve
    from eqdarts.search.relaxed.options import RelaxedOptions
    from eqdarts.search.relaxed.training import train_supernet

    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    data = prepare(*weber(seed), None, 0.25, rng)

    def search(n_steps: int) -> None:
        options = RelaxedOptions(order=order, n_steps=n_steps, n_samples=0)
        train_supernet(data, resolve(EQDARTS), n_hidden=NODES, n_restarts=restarts, rng=rng, options=options)

    search(2)
    steps = 100
    started = time.process_time()
    search(steps)
    return {"updates": steps * restarts, "seconds": time.process_time() - started}


def autora_side(batch_size: int, seed: int) -> dict[str, float]:
    """Time `DARTSRegressor.fit`: 20 architecture and 20 weight updates an epoch, no training of the sampled model."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import torch
    from autora.theorist.darts import DARTSRegressor

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    X, y = weber(seed)

    def fit(epochs: int) -> None:
        DARTSRegressor(
            batch_size=batch_size, num_graph_nodes=NODES, max_epochs=epochs, arch_updates_per_epoch=20,
            param_updates_per_epoch=20, param_updates_for_sampled_model=0, primitives=AUTORA,
        ).fit(X, y[:, None])  # fmt: skip

    fit(1)
    epochs = 20
    started = time.process_time()
    fit(epochs)
    return {"updates": epochs * 20, "seconds": time.process_time() - started}


CASES: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("autora-theorist-darts 1.1.0, batches of 20 rows (its default)", "autora", (20,)),
    ("autora-theorist-darts 1.1.0, batches of 200 rows", "autora", (200,)),
    ("eqdarts, 32 restarts, first order", "eqdarts", (32, "first")),
    ("eqdarts, 128 restarts, first order", "eqdarts", (128, "first")),
    ("eqdarts, 128 restarts, second order", "eqdarts", (128, "second")),
)


def measure(python: str, side: str, arguments: tuple[int, ...], seed: int) -> dict[str, float]:
    """Run one side in a process of its own, on one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [python, __file__, "--side", side, *map(str, (*arguments, seed))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def make_environment(directory: str) -> str:
    """Install autora into a new virtual environment and return its python."""
    venv.create(directory, with_pip=True)
    python = str(Path(directory) / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    return python


def compare(autora: str) -> None:
    """Measure every case in turn, `ROUNDS` times, and write the medians."""
    pythons = {"autora": autora, "eqdarts": sys.executable}
    rates: dict[str, list[float]] = {name: [] for name, _, _ in CASES}
    for number in range(ROUNDS):
        for name, side, arguments in CASES:
            result = measure(pythons[side], side, arguments, SEED + number)
            rates[name].append(result["updates"] / result["seconds"])
    medians = {name: statistics.median(values) for name, values in rates.items()}
    yardstick = max(median for name, median in medians.items() if name.startswith("autora"))
    with (HERE / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", "updates_per_cpu_second", "slowest", "fastest", "times_the_faster_autora"])
        for name, median in medians.items():
            slowest, fastest = min(rates[name]), max(rates[name])
            writer.writerow([name, f"{median:.0f}", f"{slowest:.0f}", f"{fastest:.0f}", f"{median / yardstick:.1f}"])
            print(f"{name:65s} {median:8.0f} updates per CPU-second   {median / yardstick:6.1f} x")
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread, median of {ROUNDS} rounds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--autora", metavar="PYTHON", help="a python that has autora-theorist-darts 1.1.0")
    parser.add_argument("--side", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side, *numbers = options.side
        run = {"autora": autora_side, "eqdarts": eqdarts_side}[side]
        print(json.dumps(run(*(int(n) if n.isdigit() else n for n in numbers))))
    elif options.autora:
        compare(options.autora)
    else:
        with tempfile.TemporaryDirectory() as directory:
            compare(make_environment(directory))


if __name__ == "__main__":
    main()
