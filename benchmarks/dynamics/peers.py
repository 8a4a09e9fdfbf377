"""The systems of run.py by PySINDy, in its two forms, from the same measured values, with the same judge.

    python -m venv /some/venv && /some/venv/bin/pip install pysindy
    OMP_NUM_THREADS=1 python benchmarks/dynamics/peers.py --python /some/venv/bin/python [--every 6] [--noise 0,0.05]

PySINDy is asked with two libraries (cubic polynomials, and these with sines and cosines) and four thresholds in each
form: "strong", from smoothed differences, and "weak", from integrals. Of its systems the one counts whose simulated
trajectory is nearest to the measured values, the one with fewest terms among those within 0.002 of the largest R2. A
user would choose so, and has no more to choose by. A row for each form and system is written to peers.csv.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from run import ENOUGH, TIMES, judged, measured, r2_of, read_systems  # noqa: E402

from eqdarts.dynamics import System  # noqa: E402
from eqdarts.errors import FormulaError  # noqa: E402

SAME = 0.002  # R2 within which fewer terms win


def asked(python: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers of the peer."""
    command = [python, str(HERE / "pysindy_adapter.py")]
    done = subprocess.run(command, input=json.dumps(requests), stdout=subprocess.PIPE, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def chosen(
    candidates: list[list[str]], states: tuple[str, ...], start: np.ndarray, t: np.ndarray, x: np.ndarray
) -> System:
    """Return the system whose trajectory is nearest to the measured values."""
    rated: list[tuple[float, int, System]] = []
    for sides in map(list, {tuple(one) for one in candidates}):
        try:
            system = System.parse(dict(zip(states, sides, strict=True)))
        except FormulaError:
            continue
        rated.append((r2_of(x, system.simulate(start, t)), sum(side.count("(") for side in sides), system))
    best = max((r2 for r2, _, _ in rated), default=-np.inf)
    near = [one for one in rated if one[0] >= best - SAME]
    return min(near, key=lambda one: one[1])[2] if near else System.parse(dict.fromkeys(states, "0.0"))


def main() -> None:
    """Ask the peer for the systems, judge, and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="the Python of PySINDy")
    parser.add_argument("--every", type=int, default=1, help="only every K-th system")
    parser.add_argument("--first", type=int, default=0, help="place of the first of them")
    parser.add_argument("--noise", default="0,0.05")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "peers.csv")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = [
        (row, noise) for noise in map(float, args.noise.split(",")) for row in read_systems()[args.first :: args.every]
    ]
    truths = [[row["system"].simulate(start, TIMES) for start in row["starts"]] for row, _ in cases]
    seen = [measured(truth[0], noise, False, args.seed) for truth, (_, noise) in zip(truths, cases, strict=True)]
    answers = asked(args.python, [{"t": t.tolist(), "x": x.tolist()} for t, x in seen])
    rows = list(csv.DictReader(args.out.open(encoding="utf-8", newline=""))) if args.out.exists() else []
    for (row, noise), truth, (t, x), answer in zip(cases, truths, seen, answers, strict=True):
        for form, candidates in answer["found"].items():
            rows = [old for old in rows if (old["id"], old["noise"], old["form"]) != (row["id"], str(noise), form)]
            system = chosen(candidates, row["system"].states, x[0], t, x)
            spent = {"cpu_seconds": round(answer["seconds"][form], 1), "version": answer["version"]}
            found = judged(system, row, truth, noise)
            rows.append({"peer": "pysindy", "form": form, "id": row["id"], "noise": str(noise), **found, **spent})
            print(rows[-1], flush=True)
    with args.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)
    print(f"R2 above {ENOUGH} counts as reconstructed")
    for key in sorted({(row["form"], row["noise"]) for row in rows}):
        own = [row for row in rows if (row["form"], row["noise"]) == key]
        counts = {name: sum(int(row[name]) for row in own) for name in ("reconstructed", "generalised", "recovered")}
        print(*key, f"{len(own)} systems", counts)


if __name__ == "__main__":
    main()
