"""How many laws of physics are found in noisy rows with the units of the columns, and how many without?

    OMP_NUM_THREADS=1 python benchmarks/units/run.py srsd --every 4 --noise 0.1
    OMP_NUM_THREADS=1 python benchmarks/units/run.py --table

Every law is fitted twice in the same process, without units and with them, on 1000 rows within 20 CPU seconds. The rows
go to `units.csv`, which is resumed. The constants of nature are columns in the suite feynman, and are missing in srsd.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from eqdarts import DARTSRegressor
from eqdarts.benchmark.found import Found, law_on_front
from eqdarts.benchmark.judge import judge
from eqdarts.benchmark.problems import UNITS, Problem, load_suite
from eqdarts.clock import count_cpu_seconds, now

OUT = Path(__file__).parent / "units.csv"
KEY = ("suite", "problem", "noise", "seed", "budget", "units")
COLUMNS = (*KEY, "recovered", "on_front", "reason", "cpu_s", "found_s", "refits", "stopped", "told", "equation")
N_ROWS = 1000
TARGET = "the value"


def _text(exponents: tuple[int, ...]) -> str:
    return " ".join(f"{base}{power}" for base, power in zip(UNITS, exponents, strict=True) if power)


def units_of(problem: Problem) -> dict[str, str]:
    """Return the units of the columns and of the target."""
    return dict(zip((*problem.variables, TARGET), map(_text, problem.units), strict=True))


def fit(problem: Problem, noise: float, seed: int, budget: float, units: dict[str, str] | None) -> dict[str, Any]:
    """Return one row of the results."""
    X, y = problem.sample(N_ROWS, seed, noise)
    began = now()
    model = DARTSRegressor(time_limit=budget, random_state=seed)
    model.fit(pd.DataFrame(X, columns=list(problem.variables)), pd.Series(y, name=TARGET), units=units)
    seconds = now() - began
    verdict = judge(model.equation_, problem, noisy=noise > 0)
    scores = model.equations_["score"].tolist()
    place = law_on_front(Found(model.equation_, model.front_, {}, scores), problem, noise, y)
    best = model.history_.best
    enough = max(1.02 * best[-1].loss, 1e-20) if best else 0.0
    return {
        "recovered": int(verdict.recovered),
        "on_front": int(verdict.recovered or place is not None),
        "reason": verdict.reason,
        "cpu_s": round(seconds, 2),
        "found_s": round(next((p.seconds for p in best if p.loss <= enough), seconds), 3),
        "refits": model.history_.n_refits,
        "stopped": model.history_.stop_reason,
        "told": str(model.equation_.check_units()) if units else "",
        "equation": str(model.equation_),
    }


def main() -> None:
    """Fit the laws and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", nargs="?", default="srsd", choices=("srsd", "feynman"))
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="number of the first law")
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=20.0)
    parser.add_argument("--only", help="laws, separated by commas")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--table", action="store_true", help="only count the rows that there are")
    arguments = parser.parse_args()
    if not arguments.table:
        _run(arguments)
    _show(arguments.out)


def _run(arguments: argparse.Namespace) -> None:
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    laws = load_suite(arguments.suite)
    chosen = laws[arguments.first :: arguments.every]
    if arguments.only:
        chosen = [law for law in laws if law.name in arguments.only.split(",")]
    done = _read(arguments.out)
    for problem in chosen:
        units = units_of(problem)
        for k, given in ((0, None), (1, units)):
            key = (problem.suite, problem.name, arguments.noise, arguments.seed, arguments.budget, k)
            if key in done:
                continue
            began = time.perf_counter()
            row = fit(problem, arguments.noise, arguments.seed, arguments.budget, given)
            _append(arguments.out, dict(zip(KEY, key, strict=True)) | row)
            print(
                *key[1:],
                row["recovered"],
                row["on_front"],
                row["cpu_s"],
                row["equation"][:90],
                row["told"][:60],
                f"{time.perf_counter() - began:.0f} s",
                flush=True,
            )


def _read(path: Path) -> dict[tuple[Any, ...], dict[str, str]]:
    if not path.exists():
        return {}
    kinds = (str, str, float, int, float, int)
    with path.open(newline="", encoding="utf-8") as file:
        return {
            tuple(kind(row[name]) for name, kind in zip(KEY, kinds, strict=True)): row for row in csv.DictReader(file)
        }


def _append(path: Path, row: dict[str, Any]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def _show(path: Path) -> None:
    every = _read(path)
    # A law counts only if it was fitted both with units and without.
    rows = {key: row for key, row in every.items() if (*key[:-1], 1 - key[-1]) in every}
    cases = dict.fromkeys((key[0], key[2], key[4]) for key in rows)
    print("suite    noise  budget  units  laws  found  on the front  median CPU s  until found")
    for suite, noise, budget in cases:
        for units in (0, 1):
            own = [
                row for key, row in rows.items() if (key[0], key[2], key[4], key[5]) == (suite, noise, budget, units)
            ]
            found, front = (sum(int(row[name]) for row in own) for name in ("recovered", "on_front"))
            cpu, until = (statistics.median(float(row[name]) for row in own) for name in ("cpu_s", "found_s"))
            print(
                f"{suite:<9}{noise:<7g}{budget:<8g}{units:<7}{len(own):<6}{found:<7}{front:<14}{cpu:<14.1f}{until:.2f}"
            )


if __name__ == "__main__":
    main()
