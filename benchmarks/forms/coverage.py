"""How often do 95 % intervals contain the truth, if the form is known and its functions are searched?

    OMP_NUM_THREADS=1 python benchmarks/forms/coverage.py [--draws 100]

Each form is fitted to new rows and new errors of 0.1 of the spread again and again, with the whole search. An interval
is counted for each coefficient outside of the functions, and for the value of the law at three fixed places
(`predict_interval(observation=False)`). The law that is found may be another one: its intervals count too. coverage.csv
has a row for each form and quantity.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from laws import FORMS, Simulated, noisy  # noqa: E402

from eqdarts import DARTSRegressor  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402

NOISE, PLACES, SEED = 0.1, 3, 20_000


def main() -> None:
    """Fit every form to each draw, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds for each fit")
    args = parser.parse_args()
    count_cpu_seconds()
    inside: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for draw in range(args.draws):
        for case in FORMS:
            for quantity, holds in intervals(case, args.seconds, SEED + draw):
                inside[case.form, quantity] += holds
                total[case.form, quantity] += 1
        _write(inside, total)
        print(draw, f"{sum(inside.values())} of {sum(total.values())}", flush=True)


def intervals(case: Simulated, seconds: float, seed: int) -> list[tuple[str, bool]]:
    """Return the quantities of one draw, and whether the interval of each contains the truth."""
    rng = np.random.default_rng(seed)
    X = case.rows(rng)
    places = case.rows(np.random.default_rng(0))[:PLACES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = DARTSRegressor(form=case.form, time_limit=seconds, random_state=seed, snap=False)
        model.fit(X, noisy(case.law(X), NOISE, rng))
        found = model.inference()
        ends = dict(zip(found.names, found.interval(0.95), strict=True))
        low, high = model.predict_interval(places, observation=False).T
    own = [(name, _holds(ends[name], value)) for name, value in case.outside.items()]
    true = case.law(places)
    return own + [("value of the law", bool(a <= f <= b)) for a, f, b in zip(low, true, high, strict=True)]


def _holds(ends: np.ndarray, value: float) -> bool:
    """Return whether an interval contains a value; where only the square counts, the other sign is as right."""
    low, high = ends if ends[1] > 0 else -ends[::-1]
    return bool(low <= value <= high)


def _write(inside: Counter[tuple[str, str]], total: Counter[tuple[str, str]]) -> None:
    with (HERE / "coverage.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["form", "quantity", "inside", "intervals", "percent"])
        for form, quantity in total:
            key = form, quantity
            writer.writerow([*key, inside[key], total[key], f"{100 * inside[key] / total[key]:.1f}"])
        n, k = sum(total.values()), sum(inside.values())
        writer.writerow(["all", "", k, n, f"{100 * k / n:.1f}"])


if __name__ == "__main__":
    main()
