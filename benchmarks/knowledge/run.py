"""Few noisy rows: does a law obey what is known of it, with and without being told?

    OMP_NUM_THREADS=1 python benchmarks/knowledge/run.py [--seconds 5] [--seed 0] [--table FILE --know STATEMENT ...]

Each table of `tables.py` is fitted twice, without and with its statements. A row of results.csv says which statements
the free choice breaks, how they hold for the law with knowledge, what they cost, and for simulated rows how far both
laws are from the true one on twice the range: the root mean square, as a share of the spread of the true law.
`--table` takes a table of yours, the last column of which is the target.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from tables import Known, measured, simulated  # noqa: E402

import eqdarts  # noqa: E402
from eqdarts import DARTSRegressor, Equation  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402
from eqdarts.fitting.known import checked_knowledge, held_by  # noqa: E402
from eqdarts.fitting.table import Table  # noqa: E402

WIDER = 1.0  # how far beyond the rows laws are compared, as a share of their range


def main() -> None:
    """Fit every table without and with its statements, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="CPU seconds for each fit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a part of the name of the tables")
    parser.add_argument("--table", type=Path, help="a CSV file, the last column of which is the target")
    parser.add_argument("--know", action="append", default=[])
    parser.add_argument("--out", type=Path, default=HERE / "results.csv")
    args = parser.parse_args()
    count_cpu_seconds()
    tables = [*measured(), *simulated()]
    if args.table is not None:
        own = pd.read_csv(args.table)
        tables = [Known(args.table.stem, tuple(args.know), own.iloc[:, :-1], own.iloc[:, -1])]
    rows = []
    for table in (table for table in tables if (args.only or "") in table.name):
        rows.append(row := judged(table, args.seconds, args.seed))
        print(row, flush=True)
        with args.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows(rows)
    wrong = [row for row in rows if row["free_breaks"]]
    right = [row for row in wrong if not row["known_breaks"]]
    print(f"{len(wrong)} of {len(rows)} free choices break a statement; {len(right)} of these obey all when told")


def judged(table: Known, seconds: float, seed: int) -> dict[str, object]:
    """Return the row of one table."""
    began = time.process_time()
    given = {"time_limit": seconds, "random_state": seed}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        free = DARTSRegressor(**given).fit(table.X, table.y)
        between = time.process_time()
        known = DARTSRegressor(**given, knowledge=list(table.knowledge)).fit(table.X, table.y)
    held = known.run_.knowledge[known.run_.chosen]
    told = known.selection_.partition("This knowledge costs ")[2].partition(" nats")[0]
    return {
        "table": table.name,
        "kind": "measured" if table.law is None else "simulated",
        "rows": len(table.y),
        "knowledge": "; ".join(table.knowledge),
        "free_law": free.equation_.format(),
        "free_breaks": "; ".join(broken(table, free.equation_)),
        "known_law": known.equation_.format(),
        "known_breaks": "; ".join(one.statement for one in held if one.status == "broken"),
        "held": "; ".join(one.status for one in held),
        "cost_nats": told,
        "free_missed": missed(table, free.equation_),
        "known_missed": missed(table, known.equation_),
        "free_cpu_seconds": round(between - began, 1),
        "known_cpu_seconds": round(time.process_time() - between, 1),
        "seed": seed,
        "version": eqdarts.__version__,
    }


def broken(table: Known, equation: Equation) -> list[str]:
    """Return the statements that an equation breaks."""
    names = tuple(table.X.columns)
    rows = Table(table.X.to_numpy(dtype=float), table.y.to_numpy(dtype=float), None, names, str(table.y.name))
    rows = replace(rows, knowledge=checked_knowledge(list(table.knowledge), names, str(table.y.name)))
    return [one.statement for one in held_by(equation, rows) if one.status == "broken"]


def missed(table: Known, equation: Equation) -> str:
    """Return how far an equation is from the true law on twice the range, as a share of its spread; "" if unknown."""
    if table.law is None:
        return ""
    rng = np.random.default_rng(0)
    low, high = table.X.min(), table.X.max()
    unit = rng.random((400, len(low))) * (1 + WIDER)
    X = low + pd.DataFrame(unit, columns=table.X.columns) * (high - low)
    f = np.asarray(table.law(X), dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        off = equation.predict(X) - f
    return f"{np.sqrt(np.mean(off**2)) / f.std():.3g}"


if __name__ == "__main__":
    main()
