"""Batched Levenberg-Marquardt against scipy.optimize.least_squares on random graphs: loss, refits per CPU second.

    OMP_NUM_THREADS=1 python benchmarks/refit_speed/run.py

Both start from the same coefficients on the same 100 rows. scipy gets a plain numpy residual and the exact Jacobian of
one graph, written with the same reverse sweep, and its default settings (method "trf") and "lm" (MINPACK).
Writes results.csv beside this file.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from scipy.optimize import least_squares

from eqdarts.graph import Graph
from eqdarts.primitives import resolve
from eqdarts.refit import refit
from eqdarts.search.random_graphs import random_graph

Array = NDArray[np.float64]
HERE = Path(__file__).parent
N_ROWS, N_INPUTS = 100, 3


def _power(u: Array, p: float) -> tuple[Array, Array, tuple[Array, ...]]:
    v = u**p
    return v, p * u ** (p - 1), (v * np.log(u),)


def _logistic(u: Array) -> tuple[Array, Array, tuple[Array, ...]]:
    v = 1 / (1 + np.exp(-u))
    return v, v * (1 - v), ()


NUMPY_PARTIALS: dict[str, Callable[..., tuple[Array, Array, tuple[Array, ...]]]] = {
    "linear": lambda u: (u, np.ones_like(u), ()),
    "power": _power,
    "reciprocal": lambda u: (1 / u, -1 / u**2, ()),
    "sqrt": lambda u: (np.sqrt(u), 0.5 / np.sqrt(u), ()),
    "square": lambda u: (u * u, 2 * u, ()),
    "cube": lambda u: (u * u * u, 3 * u * u, ()),
    "exp": lambda u: (np.exp(u), np.exp(u), ()),
    "log": lambda u: (np.log(u), 1 / u, ()),
    "sin": lambda u: (np.sin(u), np.cos(u), ()),
    "cos": lambda u: (np.cos(u), -np.sin(u), ()),
    "tanh": lambda u: (np.tanh(u), 1 - np.tanh(u) ** 2, ()),
    "logistic": _logistic,
}
for _q, _name in ((4, "power[4]"), (5, "power[5]"), (6, "power[6]"), (1.5, "power[3/2]"), (2.5, "power[5/2]"),
                  (3.5, "power[7/2]"), (-0.5, "power[-1/2]"), (-2, "power[-2]"), (-3, "power[-3]")):  # fmt: skip
    NUMPY_PARTIALS[_name] = lambda u, q=_q: (u**q, q * u ** (q - 1.0), ())


def values_and_jacobian(graph: Graph, theta: Array, X: Array) -> tuple[Array, Array]:
    """Return the prediction (n,) and Jacobian (n, K) of one graph, in numpy."""
    d = graph.n_inputs
    values = [X[:, i] for i in range(d)]
    kept = []
    for node, slots in graph.slots():
        edges = []
        for edge, own in zip(node.edges, slots.edges, strict=True):
            x = u = values[edge.source]
            coefficients = theta[own.first : own.first + own.count]
            inner = () if own.neutral else edge.primitive.inner
            scale = 1.0
            for name, c in zip(inner, coefficients, strict=False):
                u, scale = (u * c, c) if name == "scale" else (u + c, scale)
            v, slope, by_shape = NUMPY_PARTIALS[edge.primitive.name](u, *coefficients[len(inner) :])
            edges.append((x, v, slope, by_shape, inner, scale))
        constant = theta[slots.constant] if slots.constant >= 0 else float(node.aggregator == "product")
        z = np.full(len(X), constant)
        for (_, v, *_), own in zip(edges, slots.edges, strict=True):
            z = z + theta[own.weight] * v if node.aggregator == "sum" else z * v
        values.append(z)
        kept.append((edges, constant))
    delta = [np.zeros(len(X)) for _ in graph.nodes]
    delta[-1] = np.ones(len(X))
    jacobian = np.zeros((len(X), len(theta)))
    for j in range(len(graph.nodes) - 1, -1, -1):
        node, slots, (edges, constant) = graph.nodes[j], graph.layout[j], kept[j]
        if slots.constant >= 0:
            jacobian[:, slots.constant] = delta[j] * (
                np.prod([e[1] for e in edges], axis=0) if node.aggregator == "product" and edges else 1.0
            )
        for k, (edge, own) in enumerate(zip(node.edges, slots.edges, strict=True)):
            x, v, slope, by_shape, inner, scale = edges[k]
            if node.aggregator == "sum":
                jacobian[:, own.weight] = delta[j] * v
                adjoint = delta[j] * theta[own.weight]
            else:
                adjoint = delta[j] * constant
                for m, other in enumerate(edges):
                    if m != k:
                        adjoint = adjoint * other[1]
            flow = adjoint * slope
            for m, name in enumerate(inner):
                jacobian[:, own.first + m] = flow * x if name == "scale" else flow
            for m, derivative in enumerate(by_shape):
                jacobian[:, own.first + len(inner) + m] = adjoint * derivative
            if edge.source >= d:
                delta[edge.source - d] = delta[edge.source - d] + flow * scale
    return values[-1], jacobian


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


def sample(count: int, seed: int) -> tuple[list[Graph], list[Array], Array, Array]:
    """Return random graphs of 6 to 10 coefficients with starts that are finite, and a noisy target."""
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
        value, jacobian = values_and_jacobian(graph, np.array(start), X)
        if np.isfinite(value).all() and np.isfinite(jacobian).all():
            graphs.append(graph)
            starts.append(np.array(start))
    return graphs, starts, X, y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--compare", type=int, default=200, help="graphs on which scipy is run as well")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    graphs, starts, X, y = sample(options.batch, options.seed)
    tensors = torch.from_numpy(X), torch.from_numpy(y)
    refit(graphs[:8], [s.tolist() for s in starts[:8]], *tensors)
    begin = time.process_time()
    ours = refit(graphs, [s.tolist() for s in starts], *tensors)
    seconds = {"eqdarts": (time.process_time() - begin) / options.batch}
    loss = {"eqdarts": np.array([fit.loss for fit in ours[: options.compare]])}
    for method in ("trf", "lm"):
        begin = time.process_time()
        loss[method] = np.array([scipy_refit(graphs[i], starts[i], X, y, method) for i in range(options.compare)])
        seconds[method] = (time.process_time() - begin) / options.compare
    variance = float(np.var(y))
    rows = []
    for method in ("trf", "lm"):
        no_worse = loss["eqdarts"] <= loss[method] + 1e-6 * variance
        rows.append(
            {
                "against": f"scipy {method}",
                "graphs": options.compare,
                "mean_coefficients": round(float(np.mean([g.n_coefficients for g in graphs])), 2),
                "same_or_lower": round(float(no_worse.mean()), 4),
                "scipy_same_or_lower": round(float((loss[method] <= loss["eqdarts"] + 1e-6 * variance).mean()), 4),
                "refits_per_cpu_second": round(1 / seconds["eqdarts"], 1),
                "scipy_refits_per_cpu_second": round(1 / seconds[method], 1),
                "ratio": round(seconds[method] / seconds["eqdarts"], 2),
                "batch": options.batch,
                "seed": options.seed,
                "torch": torch.__version__,
                "scipy": scipy.__version__,
                "python": platform.python_version(),
            }
        )
    with (HERE / "results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
