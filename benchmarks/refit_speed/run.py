"""Batched Levenberg-Marquardt against scipy.optimize.least_squares on random graphs: loss, refits per CPU second.

    OMP_NUM_THREADS=1 python benchmarks/refit_speed/run.py

All start from the same coefficients on the same 100 rows. scipy gets a plain numpy residual and the exact Jacobian of
one graph, written with the same reverse sweep, and its default settings (method "trf") and "lm" (MINPACK).
Writes results.csv and search.csv beside this file; README.md says what the columns are.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from numpy_graph import NUMPY_PARTIALS, values_and_jacobian
from scipy.optimize import least_squares

from eqdarts.graph.graph import Graph
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.table import resolve
from eqdarts.solver.refit import refit
from eqdarts.solver.restarts import draw_starts

Array = NDArray[np.float64]
HERE = Path(__file__).parent
N_ROWS, N_INPUTS = 100, 3
NOISE = 0.01  # of a graph's own target, relative to its standard deviation
SAME = 1e-6  # losses are the same within this share of the variance of the target
MOST = 1e6  # values of a graph at its hidden coefficients
OFF = 0.25  # how far the starts of a search are from the hidden coefficients


class Problems(NamedTuple):
    """Graphs, their starts, and for each its target and the coefficients that made it (none for the shared target)."""

    graphs: list[Graph]
    starts: list[Array]
    X: Array
    y: Array  # (G, N)
    hidden: list[Array]


def scipy_refit(graph: Graph, start: Array, X: Array, y: Array, method: str) -> float:
    """Return the mean squared residual that scipy reaches, infinity if it gives up."""
    seen: dict[bytes, tuple[Array, Array]] = {}

    def both(theta: Array) -> tuple[Array, Array]:
        key = theta.tobytes()
        if key not in seen:
            seen.clear()
            seen[key] = values_and_jacobian(graph, theta, X)
        return seen[key]

    try:
        fit = least_squares(lambda t: both(t)[0] - y, start, jac=lambda t: both(t)[1], method=method)
    except (ValueError, np.linalg.LinAlgError):
        return float("inf")
    return float(2 * fit.cost / len(y)) if np.isfinite(fit.cost) else float("inf")


def sample(count: int, seed: int) -> Problems:
    """Return random graphs of 6 to 10 coefficients with starts that are finite, and one noisy target for all."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.3, 2.0, (N_ROWS, N_INPUTS))
    y = X[:, 0] * np.exp(-X[:, 1]) + np.sin(2 * X[:, 2]) + 0.05 * rng.normal(size=N_ROWS)
    primitives = resolve("default")
    graphs: list[Graph] = []
    starts: list[Array] = []
    while len(graphs) < count:
        graph, start = random_graph(rng, N_INPUTS, primitives)
        names = {edge.primitive.name for node in graph.nodes for edge in node.edges}
        if not 6 <= graph.n_coefficients <= 10 or not names <= set(NUMPY_PARTIALS):
            continue
        if is_finite(graph, np.array(start), X):
            graphs.append(graph)
            starts.append(np.array(start))
    return Problems(graphs, starts, X, np.tile(y, (count, 1)), [])


def is_finite(graph: Graph, theta: Array, X: Array) -> bool:
    value, jacobian = values_and_jacobian(graph, theta, X)
    return bool(np.isfinite(value).all() and np.isfinite(jacobian).all())


def with_own_targets(problems: Problems, seed: int) -> Problems:
    """Return the same graphs and starts, the target of each being the graph at hidden coefficients, and noise."""
    rng = np.random.default_rng([seed, 1])
    targets, hidden = [], []
    for graph in problems.graphs:
        while True:
            theta = draw_starts(graph, 1, rng)[0]
            value, _ = values_and_jacobian(graph, theta, problems.X)
            usable = is_finite(graph, theta, problems.X) and np.abs(value).max() < MOST
            if usable and value.std() > SAME * np.abs(value).max():
                break
        targets.append(value + NOISE * value.std() * rng.normal(size=N_ROWS))
        hidden.append(theta)
    return problems._replace(y=np.array(targets), hidden=hidden)


def timed_refit(problems: Problems, batch: int, **options: float) -> tuple[Array, float]:
    """Return the losses, and the CPU seconds of a refit, in batches of `batch` graphs."""
    X, y = torch.from_numpy(problems.X), torch.from_numpy(problems.y)
    starts = [start.tolist() for start in problems.starts]
    losses: list[float] = []
    begin = time.process_time()
    for a in range(0, len(starts), batch):
        part = slice(a, a + batch)
        losses += [fit.loss for fit in refit(problems.graphs[part], starts[part], X, y[part], **options)]
    return np.array(losses), (time.process_time() - begin) / len(starts)


def compare(name: str, problems: Problems, count: int, restarts: tuple[int, ...]) -> list[dict[str, object]]:
    """Refit with and without restarts and by scipy on the first `count` graphs; return a row for each comparison."""
    ours = {r: timed_refit(problems, len(problems.graphs), restarts=r) for r in restarts}
    threshold = SAME * problems.y[:count].var(axis=1)
    rows: list[dict[str, object]] = []
    for method in ("trf", "lm"):
        begin = time.process_time()
        loss = np.array(
            [
                scipy_refit(graph, start, problems.X, y, method)
                for graph, start, y in zip(problems.graphs[:count], problems.starts, problems.y, strict=False)
            ]
        )
        seconds = (time.process_time() - begin) / count
        for r, (own, own_seconds) in ours.items():
            rows.append(
                {
                    "target": name,
                    "starts": r + 1,
                    "against": f"scipy {method}",
                    "graphs": count,
                    "mean_coefficients": round(float(np.mean([g.n_coefficients for g in problems.graphs])), 2),
                    "same_or_lower": round(float((own[:count] <= loss + threshold).mean()), 4),
                    "scipy_same_or_lower": round(float((loss <= own[:count] + threshold).mean()), 4),
                    "refits_per_cpu_second": round(1 / own_seconds, 1),
                    "scipy_refits_per_cpu_second": round(1 / seconds, 1),
                    "ratio": round(seconds / own_seconds, 2),
                }
            )
    return rows


def as_in_a_search(problems: Problems, seed: int) -> list[dict[str, object]]:
    """Refit from starts near the hidden coefficients by few steps, as a search does; return a row for each setting."""
    rng = np.random.default_rng([seed, 2])
    near = [theta * (1 + OFF * rng.normal(size=len(theta))) for theta in problems.hidden]
    best, _ = timed_refit(problems._replace(starts=problems.hidden), 512, max_iterations=200, tolerance=1e-12)
    rows: list[dict[str, object]] = []
    for batch in (64, 256):
        for limits in ((30, 1e-3, 3), (20, 1e-3, 2)):
            options = dict(zip(("max_iterations", "tolerance", "patience"), limits, strict=True))
            loss, seconds = timed_refit(problems._replace(starts=near), batch, **options)
            speed = {"refits_per_cpu_second": round(1 / seconds, 1)}
            rows.append(
                {"batch": batch, **options, "within_1_percent": round((loss <= 1.01 * best).mean(), 4), **speed}
            )
    return rows


def write(path: Path, rows: list[dict[str, object]], seed: int, batch: int) -> None:
    run = {"batch": batch, "seed": seed}
    versions = {"torch": torch.__version__, "scipy": scipy.__version__, "python": platform.python_version()}
    complete = [{**run, **row, **versions} for row in rows]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(complete[0]))
        writer.writeheader()
        writer.writerows(complete)
    for row in rows:
        print(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--compare", type=int, default=200, help="graphs on which scipy is run as well")
    parser.add_argument("--restarts", type=int, default=64, help="of the rows with more than one start")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    unrelated = sample(options.batch, options.seed)
    own = with_own_targets(unrelated, options.seed)
    timed_refit(unrelated._replace(graphs=unrelated.graphs[:8], starts=unrelated.starts[:8], y=unrelated.y[:8]), 8)
    restarts = (0, options.restarts)
    rows = compare("unrelated", unrelated, options.compare, restarts) + compare("own", own, options.compare, restarts)
    write(HERE / "results.csv", rows, options.seed, options.batch)
    write(HERE / "search.csv", as_in_a_search(own, options.seed), options.seed, options.batch)


if __name__ == "__main__":
    main()
