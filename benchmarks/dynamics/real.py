"""Measured trajectories, and two simulated ones: which laws come out, with which rates and which warnings?

    OMP_NUM_THREADS=1 python benchmarks/dynamics/real.py [--only hare_lynx] [--seconds 30]

`--seconds` are CPU seconds for each state. Writes a row for each case to real.csv beside this file.

- theoph: a drug that is swallowed, in the blood of twelve people. One equation of second order: absorption and
  elimination. From three hours on, one of first order: elimination alone. In the slowest of the twelve 13 % are not
  absorbed then, and 0.2 % after nine hours, from when on there are too few times for a fit of a system.
- indometh: a drug that is injected, in the blood of six people, which moves between blood and tissue: second order.
- theoph_own, theoph_late_own, indometh_own: the same with groups, so that people may have constants of their own.
- hare_lynx: two states at 21 times.
- influenza: boys in bed. The susceptible ones are rebuilt: 763 less those in bed, less those who got up again, who are
  the days in bed until then over 2.2 days, for which a boy is usually infectious.
- cooling and fall: simulated with noise of 2 % of the spread.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from eqdarts import ODERegressor, __version__  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402
from eqdarts.dynamics import System  # noqa: E402
from eqdarts.dynamics.between import between_runs  # noqa: E402
from eqdarts.dynamics.flow import Formula, Sides  # noqa: E402
from eqdarts.dynamics.problem import Problem  # noqa: E402
from eqdarts.dynamics.shooting import fit_shots  # noqa: E402
from eqdarts.dynamics.smoothing import smooth_states  # noqa: E402
from eqdarts.dynamics.trajectories import of_order, read_trajectories  # noqa: E402
from eqdarts.expression.build import symbol  # noqa: E402

DATASETS = HERE.parents[1] / "datasets"
NOISE = 0.02
BOYS, STAY = 763, 2.2  # boys of the school, and days for which one is infectious
LATE, LATER = 3.0, 9.0  # hours after which most is absorbed, and all


def theoph() -> dict[str, Any]:
    """Return all times; absorption ended before the first of them where it falls at once."""
    table = pd.read_csv(DATASETS / "theoph.csv")
    return {"X": table, "t": "Time", "trajectory": "Subject", "states": ["conc"], "order": 2}


def theoph_late() -> dict[str, Any]:
    """Return the times of elimination alone."""
    table = pd.read_csv(DATASETS / "theoph.csv")
    return {"X": table[table.Time >= LATE], "t": "Time", "trajectory": "Subject", "states": ["conc"], "order": 1}


def indometh() -> dict[str, Any]:
    """Return the concentrations in blood."""
    table = pd.read_csv(DATASETS / "indometh.csv")
    return {"X": table, "t": "time", "trajectory": "Subject", "states": ["conc"], "order": 2}


def theoph_own() -> dict[str, Any]:
    """Return all times for one equation of second order, whose form is known, with constants of each person."""
    return {**theoph(), "groups": "Subject", "form": {"conc": "-a*conc - b*conc_dot"}}


def theoph_late_own() -> dict[str, Any]:
    """Return the times of elimination alone, with constants of each person."""
    return {**theoph_late(), "groups": "Subject"}


def indometh_own() -> dict[str, Any]:
    """Return the concentrations in blood, with constants of each person."""
    return {**indometh(), "groups": "Subject"}


def hare_lynx() -> dict[str, Any]:
    """Return pelts in thousands."""
    table = pd.read_csv(DATASETS / "hare_lynx.csv").set_axis(["year", "hare", "lynx"], axis=1)
    return {"X": table, "t": "year", "states": ["hare", "lynx"], "order": 1}


def influenza() -> dict[str, Any]:
    """Return infected boys, and susceptible ones as an input."""
    table = pd.read_csv(DATASETS / "school_influenza.csv").set_axis(["day", "I"], axis=1)
    until = np.concatenate([[0.0], np.cumsum((table.I[1:].to_numpy() + table.I[:-1].to_numpy()) / 2)])
    return {
        "X": table.assign(S=BOYS - table.I - until / STAY),
        "t": "day",
        "states": ["I"],
        "inputs": ["S"],
        "order": 1,
    }


def cooling() -> dict[str, Any]:
    """Return a cup of coffee, in degrees and minutes."""
    return _simulated({"T": "-0.08*(T - 21.0)"}, [[86.0]], np.linspace(0, 50, 60), 1)


def fall() -> dict[str, Any]:
    """Return a body that is dropped, and one that is thrown downwards, in metres and seconds."""
    return _simulated({"y": "9.81 - 0.05*y_dot**2"}, [[0.0, 0.0], [0.0, 25.0]], np.linspace(0, 4, 60), 2)


def _simulated(sides: dict[str, str], starts: list[list[float]], t: np.ndarray, order: int) -> dict[str, Any]:
    truth, rng = System.parse(sides, order=order), np.random.default_rng(0)
    runs = [truth.simulate(start, t)[:, : len(sides)] for start in starts]
    noisy = [run + NOISE * run.std(axis=0) * rng.standard_normal(run.shape) for run in runs]
    return {"X": noisy, "t": [t] * len(runs), "states": list(sides), "order": order}


def rates(given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the two rates of x'' = -(r1 + r2) x' - r1 r2 x, and their standard errors."""
    columns = {key: value for key, value in given.items() if key != "order"}
    problem = Problem(data := of_order(read_trajectories(**columns), 2), smooth_states(data))
    position, velocity, fast, slow = (symbol(name) for name in (*data.states, *data.velocities, "fast", "slow"))
    side = Formula(-(fast + slow) * velocity - fast * slow * position, ("fast", "slow"), (2.0, 0.2))
    sides = Sides([Formula(velocity, (), ()), side], (*data.states, *data.velocities), problem.known)
    fit = fit_shots(sides, problem.shots, np.concatenate([problem.smooth.noise, [1.0]]))
    assert fit is not None
    between = between_runs(fit)  # people differ
    information = fit.information if between is None else between.information
    return fit.theta, np.sqrt(np.diag(np.linalg.inv(information.T @ information)))


def directly(given: dict[str, Any]) -> np.ndarray:
    """Return the rates of two exponentials for all people, whose amplitudes are their own, by least squares."""
    table, time_, label = given["X"], given["t"], given["trajectory"]

    def residual(logs: np.ndarray) -> np.ndarray:
        parts = []
        for _, own in table.groupby(label):
            design = np.exp(-np.outer(own[time_], np.exp(logs)))
            y = own[given["states"][0]].to_numpy()
            parts.append(y - design @ np.linalg.lstsq(design, y, rcond=None)[0])
        return np.concatenate(parts)

    return np.exp(least_squares(residual, np.log([2.0, 0.2])).x)


def by_person(given: dict[str, Any]) -> tuple[float, float]:
    """Return the geometric mean of the people's own rates of one exponential, and its standard error.

    A mixed model estimates this mean. A rate that is common to all is nearer to those of people with high values.
    """
    logs = []
    for _, own in given["X"].groupby(given["trajectory"]):
        t, y = own[given["t"]].to_numpy(), own[given["states"][0]].to_numpy()

        def residual(log: np.ndarray, t: np.ndarray = t, y: np.ndarray = y) -> np.ndarray:
            course = np.exp(-np.exp(log[0]) * t)
            return y - (course @ y) / (course @ course) * course

        logs.append(float(least_squares(residual, [np.log(0.1)]).x[0]))
    mean = float(np.exp(np.mean(logs)))
    return mean, mean * float(np.std(logs, ddof=1)) / len(logs) ** 0.5


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        theoph,
        theoph_late,
        indometh,
        theoph_own,
        theoph_late_own,
        indometh_own,
        hare_lynx,
        influenza,
        cooling,
        fall,
    )
}


def run_one(name: str, seconds: float, seed: int) -> dict[str, Any]:
    """Fit one case; return what was found."""
    given = CASES[name]()
    order, form = given.pop("order"), given.pop("form", None)
    began = time.process_time()
    model = ODERegressor(order=order, form=form, time_limit=seconds * len(given["states"]), random_state=seed)
    model.fit(given.pop("X"), **given)
    table = model.coefficients_
    return {
        "case": name,
        "order": order,
        "times": model.run_.n_rows,
        "runs": model.run_.n_runs,
        "system": model.system_.format(5).replace("\n", "; "),
        "coefficients": "; ".join(
            f"{row.name} {row.estimate:.4g} +- {row.standard_error:.2g}" for row in table.itertuples(index=False)
        ),
        "rates": IN_WORDS[name](CASES[name]()) if name in IN_WORDS else "",
        "r2": "; ".join(f"{value:.4f}" for value in model.run_.r_squared),
        "structure": "; ".join(model.structure_),
        "warnings": " ".join(model.cautions_),
        "seconds": seconds,
        "seed": seed,
        "cpu_seconds": round(time.process_time() - began, 1),
        "version": __version__,
    }


def _rates_in_words(given: dict[str, Any]) -> str:
    found, error = rates(given)
    shown = "; ".join(f"{rate:.4g} +- {spread:.2g}" for rate, spread in zip(found, error, strict=True))
    return f"{shown} (two exponentials by least squares: {'; '.join(f'{rate:.4g}' for rate in directly(given))})"


def _mean_in_words(given: dict[str, Any]) -> str:
    table, words = given["X"], []
    for after in (LATE, LATER):
        mean, error = by_person({**given, "X": table[table[given["t"]] >= after]})
        words.append(f"{mean:.3g} +- {error:.2g} from {after:g} h on")
    return f"geometric mean of the people's own rates: {', '.join(words)}"


IN_WORDS = {"theoph": _rates_in_words, "indometh": _rates_in_words, "theoph_late": _mean_in_words}


def main() -> None:
    """Fit the cases that are asked for, and write their rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of cases, with commas")
    parser.add_argument("--seconds", type=float, default=30.0, help="CPU seconds for each state")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "real.csv")
    args = parser.parse_args()
    count_cpu_seconds()
    warnings.simplefilter("ignore")
    asked = args.only.split(",") if args.only else list(CASES)
    old = list(csv.DictReader(args.out.open(encoding="utf-8", newline=""))) if args.out.exists() else []
    rows = {row["case"]: row for row in old}
    for name in asked:
        rows[name] = run_one(name, args.seconds, args.seed)
        print(*(f"{key}: {value}" for key, value in rows[name].items()), "", sep="\n", flush=True)
        ordered = [rows[name] for name in CASES if name in rows]
        with args.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(ordered[0]))
            writer.writeheader()
            writer.writerows(ordered)


if __name__ == "__main__":
    main()
