"""Systems of differential equations: is each reconstructed from one trajectory, and found again?

    OMP_NUM_THREADS=1 python benchmarks/dynamics/run.py [--every 5] [--noise 0,0.05] [--thin 0] [--seconds 20]

Each system of systems.csv is simulated at 150 times from 0 to 10, from its first start. Noise is a share of each
state's spread, and `--thin 1` leaves a random half of the times out. The fit has `--seconds` CPU seconds for each
state. A system counts as reconstructed if its simulated trajectory has R2 > 0.9 (mean over the states) from the start
that was given, as generalised if it has from the other one, and its right-hand sides as recovered by the rule of
`eqdarts bench`, in the box of both trajectories. Rows that results.csv already has are not run again.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import eqdarts  # noqa: E402
from eqdarts import ODERegressor  # noqa: E402
from eqdarts.benchmark.judge import judge  # noqa: E402
from eqdarts.benchmark.problems import Problem  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402
from eqdarts.dynamics import System  # noqa: E402
from eqdarts.dynamics.record import r_squared  # noqa: E402

TIMES = np.linspace(0.0, 10.0, 150)
ENOUGH = 0.9  # R2 of a trajectory
KEY = ("id", "noise", "thinned", "seconds", "seed")


def read_systems(path: Path = HERE / "systems.csv") -> list[dict[str, Any]]:
    """Return the systems, each with its sides and starts."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        sides = json.loads(row["right_hand_sides"])
        row["system"] = System.parse({f"x_{k}": side for k, side in enumerate(sides)})
        row["starts"] = [json.loads(row[f"start_{k}"]) for k in (1, 2)]
    return rows


def measured(truth: np.ndarray, noise: float, thinned: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and the states with noise that a fit sees."""
    rng = np.random.default_rng([seed, round(1000 * noise), int(thinned)])
    values = truth + noise * truth.std(axis=0) * rng.standard_normal(truth.shape)
    rows = np.sort(rng.choice(len(TIMES), len(TIMES) // 2, replace=False)) if thinned else np.arange(len(TIMES))
    return TIMES[rows], values[rows]


def run_one(row: dict[str, Any], noise: float, thinned: bool, seconds: float, seed: int) -> dict[str, Any]:
    """Fit one system and judge it."""
    system: System = row["system"]
    truths = [system.simulate(start, TIMES) for start in row["starts"]]
    t, values = measured(truths[0], noise, thinned, seed)
    began = time.process_time()
    model = ODERegressor(time_limit=seconds * len(system.states), random_state=seed)
    model.fit(values, t=t, states=list(system.states))
    spent = time.process_time() - began
    return {
        "id": row["id"],
        "noise": noise,
        "thinned": int(thinned),
        "seconds": seconds,
        "seed": seed,
        **judged(model.system_, row, truths, noise),
        "cpu_seconds": round(spent, 1),
        "version": eqdarts.__version__,
    }


def r2_of(truth: np.ndarray, path: np.ndarray) -> float:
    """Return the mean R2 over the states; minus infinity where the system cannot be simulated."""
    return float(np.mean(np.nan_to_num(r_squared(truth, path), nan=-np.inf)))


def judged(found_system: System, row: dict[str, Any], truths: list[np.ndarray], noise: float) -> dict[str, Any]:
    """Return whether a system reconstructs, generalises and is the right one."""
    found = [
        r2_of(truth, found_system.simulate(start, TIMES)) for truth, start in zip(truths, row["starts"], strict=True)
    ]
    system: System = row["system"]
    verdicts = [_judged(found_system, system, k, truths, noise) for k in range(len(system.states))]
    return {
        "reconstructed": int(found[0] > ENOUGH),
        "generalised": int(found[1] > ENOUGH),
        "recovered": int(all(verdict == "recovered" for verdict in verdicts)),
        "r2": f"{found[0]:.6g}",
        "r2_other": f"{found[1]:.6g}",
        "verdicts": "; ".join(verdicts),
        "system": found_system.format().replace("\n", "; "),
    }


def _judged(found: System, system: System, k: int, truths: list[np.ndarray], noise: float) -> str:
    """Return the judge's reason for one right-hand side."""
    both = np.concatenate([truth[np.isfinite(truth).all(axis=1)] for truth in truths])
    ranges = tuple(
        (name, float(low), float(high)) for name, low, high in zip(system.states, both.min(0), both.max(0), strict=True)
    )
    text = str(system.equations[k])
    return judge(found.equations[k], Problem(f"{k}", text, ranges), noisy=noise > 0).reason


def main() -> None:
    """Fit the systems that are asked for and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="only every K-th system")
    parser.add_argument("--first", type=int, default=0, help="place of the first of them")
    parser.add_argument("--only", default="", help="ids of systems, with commas")
    parser.add_argument("--noise", default="0,0.05")
    parser.add_argument("--thin", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU seconds for each state")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results.csv")
    args = parser.parse_args()
    count_cpu_seconds()
    warnings.simplefilter("ignore")
    chosen = read_systems()[args.first :: args.every]
    if args.only:
        chosen = [row for row in read_systems() if row["id"] in args.only.split(",")]
    rows = list(csv.DictReader(args.out.open(encoding="utf-8", newline=""))) if args.out.exists() else []
    done = {tuple(str(row[name]) for name in KEY) for row in rows}
    for noise in map(float, args.noise.split(",")):
        for row in chosen:
            if (row["id"], str(noise), str(args.thin), str(args.seconds), str(args.seed)) in done:
                continue
            rows.append(run_one(row, noise, bool(args.thin), args.seconds, args.seed))
            print(rows[-1], flush=True)
            with args.out.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[-1]))
                writer.writeheader()
                writer.writerows(rows)
    for noise in sorted({str(row["noise"]) for row in rows}):
        own = [row for row in rows if str(row["noise"]) == noise]
        counts = {name: sum(int(row[name]) for row in own) for name in ("reconstructed", "generalised", "recovered")}
        print(f"noise {noise}: {len(own)} systems; {counts}")


if __name__ == "__main__":
    main()
