"""How long are the right-hand sides that count as recovered, and how long do the fits take?

    python benchmarks/dynamics/lengths.py

Reads `results.csv` and `peers.csv` beside this file. For each method and level of noise, at all times of the suite
`odes`, it prints how many of the recovered systems have more than half again as many symbols as the true one, and the
median of the CPU seconds of all systems.
"""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

from eqdarts import Equation
from eqdarts.benchmark.ode_suites import load_odes

HERE = Path(__file__).parent
LONG = 1.5  # times the symbols of the true system


def symbols(sides: list[str]) -> int:
    """Return the number of symbols of right-hand sides."""
    return sum(Equation.parse(side).complexity for side in sides)


def main() -> None:
    """Print a line for each method and level of noise."""
    true = {system.name: symbols([str(e.expr) for e in system.system.equations]) for system in load_odes()}
    runs: dict[tuple[str, str], list[dict[str, str]]] = {}
    for name in ("results.csv", "peers.csv"):
        with (HERE / name).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["problem"] in true and row["thinned"] == "0":
                    runs.setdefault((row["method"], row["noise"]), []).append(row)
    for (method, noise), rows in runs.items():
        recovered = [row for row in rows if row["recovered"] == "1"]
        sides = [[part.partition("=")[2] for part in row["found"].split("; ")] for row in recovered]
        long = sum(symbols(own) > LONG * true[row["problem"]] for own, row in zip(sides, recovered, strict=True))
        seconds = statistics.median(float(row["cpu_s"]) for row in rows)
        print(f"{method}, noise {noise}: {long} of {len(recovered)} are long; median {seconds:.2g} CPU-s")


if __name__ == "__main__":
    main()
