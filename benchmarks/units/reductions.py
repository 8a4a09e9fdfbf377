"""How many inputs are left when the search compares reductions of noisy rows, with units and without?

    OMP_NUM_THREADS=1 python benchmarks/units/reductions.py --every 3 --noise 0.1

No law is searched. For each law of the suite srsd with two inputs or more, the reductions that the evidence prefers are
applied to rows without noise: they are sound if a smooth model of what is left misses less than a tenth of the noise.
The rows go to `reductions.csv`.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from run import N_ROWS, TARGET, units_of

from eqdarts.benchmark.problems import Problem, load_suite
from eqdarts.clock import count_cpu_seconds, now
from eqdarts.data import Data, prepare
from eqdarts.fitting.dimensions import column_units
from eqdarts.search.compared import compared_reductions
from eqdarts.search.problem import training_problem
from eqdarts.search.smooth_evidence import best_fits
from eqdarts.search.structure import reduce_by

OUT = Path(__file__).parent / "reductions.csv"
COLUMNS = ("problem", "noise", "units", "inputs", "left", "missed", "sound", "cpu_s")
MOST_ROWS = 125


def rows_of(law: Problem, noise: float) -> Data:
    """Return the rows of a law, with the dimensions of their columns."""
    X, y = law.sample(N_ROWS, 0, noise)
    known = column_units((units_of(law), None, {}), law.variables, TARGET, {}, False)
    data = prepare(X, y, None, 0.3, np.random.default_rng(0))
    return data if known is None else replace(data, dimensions=known.exponents(law.variables, TARGET))


def left(law: Problem, noise: float, with_units: bool) -> dict[str, Any]:
    """Return one row of the results."""
    data = rows_of(law, noise)
    data = data if with_units else replace(data, dimensions=None)
    began = now()
    problem = training_problem(data, MOST_ROWS, np.random.default_rng(0))
    steps = compared_reductions(problem, lambda: True)
    seconds = now() - began
    exact = replace(training_problem(rows_of(law, 0.0), MOST_ROWS, np.random.default_rng(0)), dimensions=None)
    chain = steps[-1].chain if steps else ()
    reduced = reduce_by(exact, chain)
    fits = [] if reduced is None else best_fits(reduced[0])
    missed = min((fit.unexplained for fit in fits), default=1.0)
    n_left = steps[-1].problem.n_inputs if steps else problem.n_inputs
    return {
        "problem": law.name, "noise": noise, "units": int(with_units), "inputs": problem.n_inputs, "left": n_left,
        "missed": f"{missed:.2e}", "sound": int(missed < (noise or 0.01) ** 2 / 10), "cpu_s": round(seconds, 2),
    }  # fmt: skip


def main() -> None:
    """Compare the reductions of the laws, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=2)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    count_cpu_seconds()
    laws = [law for law in load_suite("srsd") if len(law.variables) > 1][:: arguments.every]
    rows = []
    with np.errstate(all="ignore"):
        for law in laws:
            rows += [left(law, arguments.noise, with_units) for with_units in (False, True)]
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print("units  laws  sound  sound and one input left  inputs left, mean  median CPU s")
    for units in (0, 1):
        own = [row for row in rows if row["units"] == units]
        sound = [row for row in own if row["sound"]]
        one = sum(row["left"] == 1 for row in sound)
        mean, cpu = statistics.mean(row["left"] for row in own), statistics.median(row["cpu_s"] for row in own)
        print(f"{units:<7}{len(own):<6}{len(sound):<7}{one:<26}{mean:<19.2f}{cpu:.2f}")


if __name__ == "__main__":
    main()
