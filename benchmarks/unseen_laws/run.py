"""How many laws that no suite lists does the search find in noisy rows, and whose fault is it where it does not?

    OMP_NUM_THREADS=1 python benchmarks/unseen_laws/run.py develop       # while the search is worked on
    OMP_NUM_THREADS=1 python benchmarks/unseen_laws/run.py held_out      # once, when the work is done
    OMP_NUM_THREADS=1 python benchmarks/unseen_laws/run.py fresh         # once, after later work

`laws.csv` holds 150 laws in eight samples. Each law is fitted on 1000 rows at noise 0.1 and 0.01 within 20 CPU
seconds, and every law that is missed is fitted again with the law as a guess. The rows go to a file of results, which
is resumed; `eqdarts bench --table` counts them.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

from eqdarts.benchmark.problems import Problem
from eqdarts.benchmark.run import run_benchmark
from eqdarts.benchmark.table import markdown

HERE = Path(__file__).parent
SAMPLES = ("develop", "held_out", "fresh", "develop_2", "fresh_2", "fresh_3", "fresh_4", "fresh_5", "fresh_6")
TIME_LIMIT = 20.0


def laws(half: str) -> list[Problem]:
    """Return the laws of one sample."""
    with (HERE / "laws.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["half"] == half]
    return [
        Problem.from_record(
            {
                "name": row["name"],
                "expression": row["expression"],
                "suite": half,
                "ranges": [(name, low, high) for name, (low, high) in json.loads(row["ranges"]).items()],
            }
        )
        for row in rows
    ]


def main() -> None:
    """Fit the laws of one half and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("half", choices=SAMPLES)
    parser.add_argument("--noise", default="0.1,0.01", help="levels, separated by commas")
    parser.add_argument("--seed", default="0", help="seeds, separated by commas")
    parser.add_argument("--time-limit", type=float, default=TIME_LIMIT, help="CPU seconds of each law")
    parser.add_argument("--out", type=Path, help="file of results; by default HALF.csv beside this script")
    parser.add_argument("--no-regret", action="store_true", help="do not fit the missed laws again")
    arguments = parser.parse_args()
    table = run_benchmark(
        laws(arguments.half),
        time_limit=arguments.time_limit,
        seeds=[int(seed) for seed in arguments.seed.split(",")],
        noise=[float(level) for level in arguments.noise.split(",")],
        out=arguments.out or HERE / f"{arguments.half}.csv",
        regret=not arguments.no_regret,
        progress=True,
    )
    print(markdown(table))


if __name__ == "__main__":
    main()
