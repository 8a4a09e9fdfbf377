"""Thirty fits whose answers must not change, to the last bit, when code is moved and not changed.

    OMP_NUM_THREADS=1 python benchmarks/same_answers/run.py            # compares; exit 1 if answers differ
    OMP_NUM_THREADS=1 python benchmarks/same_answers/run.py --write    # writes answers.csv anew

Ten laws of the benchmark suites, ten measured tables, and ten fits that use an option. Every fit ends by a count of
refits and not by a clock. One row of answers.csv holds one fact of one fit: an equation of the front, a coefficient
of the chosen equation, its standard error, or a weight of evidence. Numbers are written so that they read back to the
same bits. The file belongs to one machine, one set of pinned packages and one version of the search: write it before
a move, compare after it.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from eqdarts import DARTSRegressor, load_problem

HERE = Path(__file__).parent
ANSWERS = HERE / "answers.csv"
DATASETS = HERE.parents[1] / "datasets"

Table = tuple[pd.DataFrame, pd.Series]
Fact = tuple[str, str, str, str]  # case, kind, name, value


class Case(NamedTuple):
    """A name, and what returns the fitted estimator."""

    name: str
    fitted: Callable[[], DARTSRegressor]


def law(name: str, noise: float = 0.0, n_rows: int = 200) -> Table:
    """Return the rows of a benchmark problem."""
    problem = load_problem(name)
    X, y = problem.sample(n_rows, noise=noise)
    return pd.DataFrame(X, columns=list(problem.variables)), pd.Series(y, name="target")


def measured(name: str, inputs: tuple[str, ...], target: str) -> Table:
    """Return columns of a table in datasets/."""
    table = pd.read_csv(DATASETS / f"{name}.csv")
    return table[list(inputs)], table[target]


def model(max_refits: int = 400, **options: Any) -> DARTSRegressor:
    """Return an estimator whose result depends on no clock."""
    return DARTSRegressor(time_limit=None, max_refits=max_refits, random_state=0, **options)


def plain(table: Callable[[], Table], **options: Any) -> Callable[[], DARTSRegressor]:
    """Return what fits a table with the given options."""
    return lambda: model(**options).fit(*table())


def counts() -> Table:
    """Return counts whose mean grows with the input."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 3, 120)
    return pd.DataFrame({"x": x}), pd.Series(rng.poisson(2 + 1.5 * x**2).astype(float), name="n")


def answers() -> Table:
    """Return answers that are 0 or 1."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-3, 3, 150)
    return pd.DataFrame({"x": x}), pd.Series((rng.random(150) < 1 / (1 + np.exp(-2 * x))).astype(float), name="yes")


def weighted() -> DARTSRegressor:
    """Fit rows with weights."""
    X, y = law("I.12.1", noise=0.05)
    return model().fit(X, y, sample_weight=np.random.default_rng(3).uniform(0.1, 2, len(y)))


def with_errors() -> DARTSRegressor:
    """Fit rows with known errors."""
    X, y = measured("puromycin", ("conc",), "rate")
    return model().fit(X, y, sigma=np.linspace(5, 15, len(y)))


def warm() -> DARTSRegressor:
    """Fit twice; the second fit starts from the first."""
    X, y = law("I.14.3", noise=0.01)
    found = model(max_refits=150, warm_start=True)
    return found.fit(X, y).fit(X[:150], y[:150])


def from_checkpoint() -> DARTSRegressor:
    """Fit twice; the second fit goes on from the checkpoint of the first."""
    X, y = law("I.6.2a", noise=0.01)
    with tempfile.TemporaryDirectory() as folder:
        model(max_refits=150).fit(X, y, checkpoint=folder)
        return model(max_refits=150).fit(X, y, checkpoint=folder)


LAWS = (
    ("I.12.1", 0.0), ("I.6.2a", 0.0), ("I.9.18", 0.01), ("I.16.6", 0.0), ("III.4.33", 0.0), ("Nguyen-7", 0.0),
    ("II.35.18", 0.01), ("I.34.14", 0.1), ("I.39.22", 0.0), ("II.11.27", 0.05),
)  # fmt: skip
MEASURED = (
    ("solar_system", ("semi_major_axis_au",), "period_days"),
    ("puromycin", ("conc",), "rate"),
    ("pressure", ("temperature",), "pressure"),
    ("cars", ("speed",), "dist"),
    ("trees", ("Girth", "Height"), "Volume"),
    ("mammals", ("body",), "brain"),
    ("hubble_1929", ("distance_mpc",), "velocity_km_s"),
    ("bod", ("Time",), "demand"),
    ("planets", ("mass", "period"), "eccen"),
    ("theoph", ("Wt", "Dose", "Time"), "conc"),
)
OPTIONS = (
    Case("loss huber", plain(lambda: law("I.12.1", noise=0.05), loss="huber")),
    Case("loss poisson", plain(counts, loss="poisson")),
    Case("loss bernoulli", plain(answers, loss="bernoulli", primitives="psychology")),
    Case("weights", weighted),
    Case("sigma", with_errors),
    Case("constants and bic", plain(lambda: law("I.14.3", 0.01), constants={"gravity": 9.80665}, selection="bic")),
    Case("guesses and validation", plain(lambda: law("I.12.1", 0.05), guesses=["a*mu*Nn + b"], selection="validation")),
    Case("warm start", warm),
    Case("checkpoint", from_checkpoint),
    Case("relaxed", plain(lambda: law("I.39.22"), search="relaxed", n_restarts=16)),
    Case("random", plain(lambda: law("I.39.22", 0.01), search="random")),
    Case("n_jobs", plain(lambda: law("I.9.18", 0.01), n_jobs=2, n_searches=2)),
)
CASES = (
    *(Case(f"law {name}, noise {noise:g}", plain(partial(law, name, noise))) for name, noise in LAWS),
    *(Case(f"table {name}", plain(partial(measured, name, inputs, target))) for name, inputs, target in MEASURED),
    *OPTIONS,
)


def facts(case: str, found: DARTSRegressor) -> Iterator[Fact]:
    """Yield what a fit has found."""
    for k, (equation, loss) in enumerate(zip(found.front_, found.equations_["loss"], strict=True)):
        yield case, "equation", str(k), str(equation)
        yield case, "loss", str(k), repr(float(loss))
    yield case, "chosen", "", str(found.equation_)
    yield case, "stop reason", "", f"{found.history_.stop_reason} after {found.history_.n_refits} refits"
    try:
        uncertainty = found.inference()
    except ValueError as error:  # the loss has no standard errors
        yield case, "standard error", "", str(error).split(".")[0]
    else:
        for name, value, error in zip(uncertainty.names, uncertainty.estimate, uncertainty.standard_error, strict=True):
            yield case, "coefficient", name, repr(float(value))
            yield case, "standard error", name, repr(float(error))
    for j, (_, weights) in enumerate(found.alpha_.iterrows()):
        best = weights.sort_values(ascending=False, kind="stable")[:3]
        yield case, "alpha", str(j), "; ".join(f"{name} {float(weight)!r}" for name, weight in best.items())


def all_facts(only: str) -> list[Fact]:
    """Fit every case whose name holds `only`."""
    rows: list[Fact] = []
    chosen = [case for case in CASES if only in case.name]
    for k, case in enumerate(chosen, 1):
        new = list(facts(case.name, case.fitted()))
        law_found = next(value for _, kind, _, value in new if kind == "chosen")
        print(f"{k} of {len(chosen)}  {case.name}: {law_found[:90]}", file=sys.stderr, flush=True)
        rows += new
    return rows


def written(path: Path) -> list[Fact]:
    """Return the facts in a file of this script."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(row[0], row[1], row[2], row[3]) for row in csv.reader(file)][1:]


def main() -> int:
    """Fit all, then write or compare."""
    parser = argparse.ArgumentParser(description="Compare thirty fits with the answers of an earlier version.")
    parser.add_argument("--write", action="store_true", help="write answers.csv in place of comparing with it")
    parser.add_argument("--only", default="", help="only the cases whose name holds this text")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rows = all_facts(given.only)
    if given.write:
        with ANSWERS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("case", "kind", "name", "value"))
            writer.writerows(rows)
        return 0
    before = [row for row in written(ANSWERS) if given.only in row[0]]
    differing = [(old, new) for old, new in zip(before, rows, strict=False) if old != new]
    for old, new in differing[:20]:
        print(f"before: {old}\nnow:    {new}")
    n_cases = len({row[0] for row in before})
    same = not differing and len(before) == len(rows)
    print(f"{len(rows)} facts of {n_cases} fits: " + ("the same" if same else f"{len(differing)} differ"))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
