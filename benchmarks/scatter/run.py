"""Is the kind of scatter found, and do intervals hold the truth then? Six laws, four kinds, tables of 100 rows.

    OMP_NUM_THREADS=1 python benchmarks/scatter/run.py --sets 100

The form of the law is given. Its coefficients are fitted by the weights of every kind, as after a search, and a kind is
chosen. Writes results.csv beside this file: how often the right kind and a constant are chosen, and how often the 95 %
intervals of the coefficients by the kind that was chosen hold the true ones.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqdarts import Equation, __version__
from eqdarts.data import prepare
from eqdarts.fitting.front import Entry
from eqdarts.fitting.scatter import ByKind, Scatter
from eqdarts.fitting.table import Table
from eqdarts.graph.draft import Draft, DraftNode
from eqdarts.graph.fitted import FittedGraph
from eqdarts.inference.noise import NOISES, noise_of
from eqdarts.inference.uncertainty import inference
from eqdarts.selection import Candidate

Array = NDArray[np.float64]
HERE = Path(__file__).parent
ROWS, SEED = 100, 0

# The law and its true coefficients. The values of the first four span decades, those of the last two about one.
LAWS: dict[str, tuple[str, float, float]] = {
    "decay": ("a*exp(-b*x)", 5.0, 0.5),
    "power": ("a*x**b", 2.0, 1.5),
    "bell": ("a*exp(-b*(x - 5)**2)", 10.0, 0.12),
    "growth": ("a*x**2/(b + x)", 3.0, 4.0),
    "line": ("a + b*x", 3.0, 2.0),
    "saturation": ("a*x/(b + x)", 10.0, 2.0),
}
LOW, HIGH = 0.2, 10.0  # range of x
SCATTER: dict[str, Callable[[Array], Array]] = {
    "constant": lambda f: np.full_like(f, 0.1 * f.mean()),
    "relative": lambda f: 0.15 * f,
    "poisson": lambda f: 0.1 * np.sqrt(f.mean() * f),
    "both": lambda f: np.hypot(0.03 * f.mean(), 0.2 * f),
}


def one_set(law: str, kind: str, rng: np.random.Generator) -> tuple[str, list[bool]]:
    """Return the kind that is chosen for one simulated table, and whether the intervals hold the true coefficients."""
    text, *values = LAWS[law]
    true = dict(zip("ab", values, strict=True))
    x = rng.uniform(LOW, HIGH, ROWS)
    X = x[:, None]
    exact = text.replace("exp", "E").replace("a", repr(true["a"])).replace("b", repr(true["b"])).replace("E", "exp")
    f = Equation.parse(exact, ["x"]).predict(X)
    y = f + SCATTER[kind](f) * rng.normal(size=ROWS)
    fitted = Equation.parse(text).fit({"x": x}, y, start=true)
    table = Table(X, y, None, ("x",), "y")
    graph, start = Draft(1, [DraftNode("sum", [], 0.0)]).build()  # stands for the law's; only its price would count
    loss = float(np.mean((y - fitted.predict(X)) ** 2))
    candidate = Candidate(fitted.complexity, len(true), loss, structure=10.0)
    entry = Entry(FittedGraph(graph, start, 1.0), fitted, candidate, prepare(X, y, None, 0.3, rng))
    noise, _ = Scatter(table).told([entry], np.arange(ROWS))
    law_of_kind = ByKind(noise.kind, table, table.drawn(np.arange(ROWS))).settle(fitted)
    weight = noise_of(noise.kind, y, law_of_kind.predict(X))[0].weights(law_of_kind.predict(X))
    found = inference(law_of_kind, X, y, weight)
    ends = found.interval(0.95)
    return noise.kind, [bool(a <= true[name] <= b) for name, (a, b) in zip(found.names, ends, strict=True)]


def main() -> None:
    """Simulate all laws with all kinds and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, help="simulated tables for each law and kind")
    sets = parser.parse_args().sets
    fields = ["law", "kind", "sets", "right", "constant", "covered", "seed", "version", "cpu_s"]
    warnings.simplefilter("ignore")
    with (HERE / "results.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fields, lineterminator="\n")
        table.writeheader()
        for law in LAWS:
            for kind in NOISES:
                began, rng = time.process_time(), np.random.default_rng(SEED)
                results = [one_set(law, kind, rng) for _ in range(sets)]
                kinds = Counter(chosen for chosen, _ in results)
                covered = float(np.mean([inside for _, row in results for inside in row]))
                seconds = round(time.process_time() - began, 1)
                shares = (kinds[kind] / sets, kinds["constant"] / sets, round(covered, 3))
                row = dict(zip(fields, (law, kind, sets, *shares, SEED, __version__, seconds), strict=True))
                table.writerow(row)
                file.flush()
                print(row, flush=True)


if __name__ == "__main__":
    main()
