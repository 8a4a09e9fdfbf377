"""Do nominal 95 % intervals hold the truth in 95 % of simulated data sets? Six laws, two of them with weights.

    OMP_NUM_THREADS=1 python benchmarks/coverage/run.py

For every law the inputs are drawn once; then each data set gets its own noise, is fitted from the true coefficients
(all data sets in one batch) and goes through `inference`. Counted is how often an interval holds the true coefficient,
the true value of the law at five fresh rows, and a new observation there. Writes results.csv beside this file.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts import Equation
from eqdarts.expression.build import with_values
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.inference.uncertainty import inference
from eqdarts.solver.formula import FormulaModel
from eqdarts.solver.refit import levenberg_marquardt

Array = NDArray[np.float64]
Columns = dict[str, Array]
HERE = Path(__file__).parent
FRESH = 5


@dataclass(frozen=True)
class Law:
    """A law with its true coefficients, the ranges of its inputs, and the noise (at weight one)."""

    name: str
    formula: str
    truth: dict[str, float]
    ranges: dict[str, tuple[float, float]]
    n_rows: int
    noise: float
    weight: Callable[[Columns], Array] | None = None


LAWS = (
    Law("Michaelis-Menten", "a*x/(b + x)", {"a": 212.7, "b": 0.0641}, {"x": (0.02, 1.1)}, 24, 8.0),
    Law("saturation", "a*(1 - exp(-b*x))", {"a": 2.4, "b": 0.7}, {"x": (0.1, 6.0)}, 25, 0.06),
    Law("power", "a*x**b", {"a": 1.3, "b": 1.5}, {"x": (0.2, 5.0)}, 30, 0.1, lambda rows: rows["x"] ** -2),
    Law("logistic", "a/(1 + exp(b - c*x))", {"a": 5.0, "b": 3.0, "c": 1.2}, {"x": (0.0, 6.0)}, 30, 0.15),
    Law("two inputs", "a*x**b*z + c", {"a": 0.8, "b": 2.0, "c": 1.0}, {"x": (0.5, 3.0), "z": (-1.0, 2.0)}, 40, 0.3),
    Law(
        "damped wave", "a*exp(-b*t)*cos(c*t)", {"a": 2.0, "b": 0.3, "c": 2.5}, {"t": (0.0, 6.0)}, 50, 0.1,
        lambda rows: np.where(rows["t"] < 3, 1.0, 0.25),
    ),
)  # fmt: skip


def draw(law: Law, n_rows: int, rng: np.random.Generator) -> tuple[Columns, Array, Array]:
    """Return inputs, true values and weights."""
    columns = {name: rng.uniform(*ends, n_rows) for name, ends in law.ranges.items()}
    expr = with_values(Equation.parse(law.formula, list(law.ranges)).template, law.truth)
    weight = np.ones(n_rows) if law.weight is None else law.weight(columns)
    return columns, evaluate(expr, columns, n_rows), weight


def fit_all(law: Law, columns: Columns, weight: Array, y: Array) -> Array:
    """Return the least squares coefficients (G, K) of all data sets y (G, N)."""
    formula = Equation.parse(law.formula, list(law.ranges)).template
    start = torch.tensor([list(law.truth.values())] * len(y), dtype=torch.float64)
    tensors = {name: torch.tensor(column) for name, column in columns.items()}
    linear = torch.zeros(start.shape, dtype=torch.bool)
    model = FormulaModel(compile_expression(formula), list(law.truth), tensors, y.shape[1], linear)
    root = torch.tensor(np.sqrt(weight))
    result = levenberg_marquardt(model, start, torch.tensor(y), root, tolerance=1e-13, patience=3, solver="qr")
    return np.asarray(result.coefficients.numpy())


def measure(law: Law, n_sets: int, n_profiles: int, seed: int) -> list[dict[str, object]]:
    """Return one row for each coefficient and one each for the true values and the new observations."""
    begin = time.process_time()
    rng = np.random.default_rng(seed)
    columns, values, weight = draw(law, law.n_rows, rng)
    y = values + law.noise / np.sqrt(weight) * rng.normal(size=(n_sets, law.n_rows))
    weights = None if law.weight is None else weight
    blank = Equation.parse(law.formula, list(law.ranges))
    truth = np.array(list(law.truth.values()))
    covered = np.zeros((n_sets, len(truth)))
    profiled = np.zeros((n_profiles, len(truth)))
    fresh = np.zeros((n_sets, 2))
    for k, theta in enumerate(fit_all(law, columns, weight, y)):
        parameters = dict(zip(law.truth, map(float, theta), strict=True))
        fitted = Equation(
            with_values(blank.template, parameters), blank.variables, None, blank.formula, tuple(parameters.items())
        )
        found = inference(fitted, columns, y[k], sample_weight=weights)
        covered[k] = inside(found.interval(), truth)
        if k < n_profiles:
            profiled[k] = inside(found.profile_interval(), truth)
        new, true, new_weight = draw(law, FRESH, rng)
        observed = true + law.noise / np.sqrt(new_weight) * rng.normal(size=FRESH)
        fresh[k, 0] = inside(found.predict_interval(new, observation=False), true).mean()
        fresh[k, 1] = inside(found.predict_interval(new, sample_weight=new_weight), observed).mean()
    seconds = time.process_time() - begin
    shares = [
        *zip(law.truth, covered.T, strict=True),
        ("value at fresh rows", fresh[:, 0]),
        ("new observation", fresh[:, 1]),
    ]
    return [
        {
            "law": law.name,
            "formula": law.formula,
            "weights": "yes" if law.weight else "no",
            "rows": law.n_rows,
            "what": what,
            "data_sets": n_sets,
            "coverage": round(100 * float(share.mean()), 2),
            "standard_error": round(100 * float(share.std()) / math.sqrt(n_sets), 2),
            "profile_data_sets": n_profiles if i < len(truth) else "",
            "profile_coverage": round(100 * float(profiled[:, i].mean()), 2) if n_profiles and i < len(truth) else "",
            "cpu_seconds_law": round(seconds, 1),
        }
        for i, (what, share) in enumerate(shares)
    ]


def inside(interval: Array, values: Array) -> Array:
    """Return 1 where an interval (n, 2) holds its value (n,), else 0."""
    return ((interval[:, 0] <= values) & (values <= interval[:, 1])).astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sets", type=int, default=2000, help="simulated data sets a law")
    parser.add_argument("--profiles", type=int, default=500, help="of these with profile likelihood intervals")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results.csv", help="where the table goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [
        row
        for k, law in enumerate(LAWS)
        for row in measure(law, options.sets, min(options.profiles, options.sets), options.seed + k)
    ]
    with options.out.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(f"{row['law']!s:<18}{row['what']!s:<22}{row['coverage']:>8} {row['profile_coverage']!s:>8}")
    outside = [row for row in rows if not 93 <= float(str(row["coverage"])) <= 97]
    print(f"{len(rows) - len(outside)} of {len(rows)} between 93 and 97 %")


if __name__ == "__main__":
    main()
