"""How long a fit takes that ends by itself: on small measured tables, and from a fresh process to its answer.

    OMP_NUM_THREADS=1 python benchmarks/search_speed/stops.py

Each of six measured tables is fitted twice, with the defaults and a limit of 60 CPU seconds: once as it is, and once
without the two rules that end a noisy search early. Then ``a*b/c**2`` on 1000 rows is fitted in fresh processes, once
without noise and once with 1 %. The cache of compiled code is warm. Writes stops.csv beside this file.
"""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds
from eqdarts.solver.compiled import warm_up

HERE = Path(__file__).parent
DATASETS = HERE.parents[1] / "datasets"
SECONDS = 60.0
TABLES: dict[str, tuple[list[str], str]] = {
    "solar_system": (["semi_major_axis_au"], "period_days"),
    "puromycin": (["conc"], "rate"),
    "trees": (["Girth", "Height"], "Volume"),
    "mammals": (["body"], "brain"),
    "pressure": (["temperature"], "pressure"),
    "cars": (["speed"], "dist"),
}
RULES = "eqdarts.search.prospects.Prospects.are_poor", "eqdarts.search.evaluator.Trials.is_stale"
FRESH = """
import time
import numpy as np, pandas as pd
from eqdarts import DARTSRegressor
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.uniform(1, 5, (1000, 3)), columns=["a", "b", "c"])
y = X["a"] * X["b"] / X["c"] ** 2
y += NOISE * np.sqrt(np.mean(y**2)) * rng.normal(size=1000)
print(DARTSRegressor(random_state=0).fit(X, y).equation_)
print(time.process_time())
"""


Fit = tuple[Equation, float, str]


def fitted(X: pd.DataFrame, y: pd.Series) -> Fit:
    """Return the equation, the CPU seconds of the fit, and why the search ended."""
    began = time.process_time()
    model = DARTSRegressor(time_limit=SECONDS, random_state=0).fit(X, y)
    return model.equation_, time.process_time() - began, str(model.history_.stop_reason)


def without_rules(fit: Callable[[], Fit]) -> Fit:
    with patch(RULES[0], lambda *_: False), patch(RULES[1], lambda *_: False):
        return fit()


def of_table(name: str) -> dict[str, object]:
    """Fit one table twice."""
    table = pd.read_csv(DATASETS / f"{name}.csv")
    if name == "puromycin":
        table = table[table["state"] == "treated"]
    inputs, target = TABLES[name]
    X, y = table[inputs], table[target]
    equation, cpu, reason = fitted(X, y)
    longer, cpu_longer, _ = without_rules(lambda: fitted(X, y))
    same = np.allclose(equation.predict(X), longer.predict(X), rtol=1e-4)
    return {
        "case": name,
        "cpu_s": f"{cpu:.2f}",
        "ended": reason,
        "equation": equation,
        "cpu_s_without_rules": f"{cpu_longer:.2f}",
        "equation_without_rules": longer,
        "same": int(same),
    }


def from_fresh_process(noise: float) -> dict[str, object]:
    """Return the CPU seconds of a process until it has told its answer, and until it has ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", FRESH.replace("NOISE", str(noise))], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    equation, answered = done.stdout.split("\n")[:2]
    return {
        "case": f"a*b/c**2 in a fresh process with noise {noise}",
        "cpu_s": f"{float(answered):.2f}",
        "equation": equation,
        "process_cpu_s": f"{cpu:.2f}",
    }


def main() -> None:
    """Fit all and write the table."""
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    warm_up(lambda: print("compiling", file=sys.stderr))
    rows = [from_fresh_process(noise) for noise in (0.0, 0.01)]
    for row in rows:
        print(row, flush=True)
    for name in TABLES:
        rows.append(of_table(name))
        print(rows[-1], flush=True)
    with (HERE / "stops.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[-1], "process_cpu_s"], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
