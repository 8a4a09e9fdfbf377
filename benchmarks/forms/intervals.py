"""How often do 95 % intervals of a form contain the truth, if what its functions look like is known?

    OMP_NUM_THREADS=1 python benchmarks/forms/intervals.py [--draws 200]

Each form is fitted to new rows and new errors of 0.1 of the spread again and again. The formulas of the functions are
given, with wrong coefficients, in the place of those that a search finds; the coefficients of the whole law are fitted
as after a search. An interval is counted for each coefficient outside of the functions that the rows determine, and for
the law's value at three fixed places. intervals.csv has a row for each form and quantity.
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

from laws import FORMS, N_ROWS, Simulated, noisy  # noqa: E402

from eqdarts import Equation  # noqa: E402
from eqdarts.form.laws import Formula, laws_of_all  # noqa: E402
from eqdarts.form.read import read_form  # noqa: E402
from eqdarts.form.smooth import FormProblem  # noqa: E402
from eqdarts.inference import inference  # noqa: E402
from eqdarts.inference.linearised import form_of  # noqa: E402

NOISE, PLACES, SEED = 0.1, 3, 20_000
NORMAL = 1.96


def main() -> None:
    """Fit every form to each draw, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200)
    args = parser.parse_args()
    inside: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for draw in range(args.draws):
        for case in FORMS:
            for quantity, holds in intervals(case, SEED + draw):
                inside[case.form, quantity] += holds
                total[case.form, quantity] += 1
    _write(inside, total)
    print(f"{sum(inside.values())} of {sum(total.values())}")


def intervals(case: Simulated, seed: int) -> list[tuple[str, bool]]:
    """Return the quantities of one draw, and whether the interval of each contains the truth."""
    rng = np.random.default_rng(seed)
    X, places = case.rows(rng), case.rows(np.random.default_rng(0))[:PLACES]
    y = noisy(case.law(X), NOISE, rng)
    names = tuple(case.ends)
    form = read_form(case.form, names)
    columns = {name: X[name].to_numpy() for name in names}
    problem = FormProblem(form, columns, y, np.ones(N_ROWS), {})
    known = {name: [Formula(Equation.parse(text, form.names_of(name)), 0.0)] for name, text in case.formulas.items()}
    start = {name: 1.2 * case.outside.get(name, 1.0) for name in form.coefficients}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (law,) = laws_of_all(problem, (None, {}, names, "y"), known, start)
        found = inference(law.equation, X, y)
    ends = dict(zip(found.names, found.interval(0.95), strict=True))
    own = [(name, _holds(ends[name], value)) for name, value in case.outside.items()]
    whole = form_of(law.equation)
    at = {name: places[name].to_numpy() for name in names}
    f, jacobian = whole.at(whole.estimate, at, PLACES)
    error = np.sqrt(np.einsum("nk,kl,nl->n", jacobian, found.covariance, jacobian))
    holds = np.abs(f - case.law(places).to_numpy()) <= NORMAL * error
    return own + [("value of the law", bool(one)) for one in holds]


def _holds(ends: np.ndarray, value: float) -> bool:
    """Return whether an interval contains a value; where only the square counts, the other sign is as right."""
    low, high = ends if ends[1] > 0 else -ends[::-1]
    return bool(low <= value <= high)


def _write(inside: Counter[tuple[str, str]], total: Counter[tuple[str, str]]) -> None:
    with (HERE / "intervals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["form", "quantity", "inside", "intervals", "percent"])
        for form, quantity in total:
            key = form, quantity
            writer.writerow([*key, inside[key], total[key], f"{100 * inside[key] / total[key]:.1f}"])
        n, k = sum(total.values()), sum(inside.values())
        writer.writerow(["all", "", k, n, f"{100 * k / n:.1f}"])


if __name__ == "__main__":
    main()
