"""Waves on a curved trend: is the law that made the rows chosen by default?

    OMP_NUM_THREADS=1 python benchmarks/waves/run.py [--seconds 20] [--only NAME]

Each table has 468 rows of 10 t + 5 t**2 + cos(2 pi c t + 1) and normal noise of 0.2, t evenly spaced from 0 to 1: a
monthly record of 39 years. Each is fitted twice, with t and with calendar years, 1959 + 39 t, as its column. Where
another equation is chosen, `nats_behind` says how much longer the description of the law is. Where the law is not on
the front, it is fitted as a guess for that.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import eqdarts
from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds

HERE = Path(__file__).parent
N_ROWS, NOISE = 468, 0.2
FIRST_YEAR, YEARS = 1959, 39
SAME = 1e-9  # largest share of an equation's variance that the law's form may miss
# Name: periods over the rows and amplitude of each wave.
CASES = {
    "1": [(1, 1.0)], "3": [(3, 1.0)], "8": [(8, 1.0)], "20": [(20, 1.0)], "38": [(38, 1.0)],
    "100": [(100, 1.0)], "20 and 7": [(20, 1.0), (7, 0.6)],
}  # fmt: skip

Form = tuple[Equation, dict[str, float]]


def rows_of(waves: list[tuple[int, float]], as_years: bool, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the column and the target."""
    t = np.linspace(0, 1, N_ROWS)
    y = 10 * t + 5 * t**2 + NOISE * np.random.default_rng(seed).normal(size=N_ROWS)
    y += sum(size * np.cos(2 * np.pi * c * t + k) for k, (c, size) in enumerate(waves, 1))
    return pd.DataFrame({"x": FIRST_YEAR + YEARS * t if as_years else t}), y


def form_of(waves: list[tuple[int, float]], as_years: bool, is_curved: bool = True) -> Form:
    """Return the law with free coefficients, and where these start; a line with waves if it is not curved."""
    x, span = (f"(x - {FIRST_YEAR})", YEARS) if as_years else ("x", 1)
    text, start = f"p + q*{x}", {"p": 0.0, "q": 10 / span}
    if is_curved:
        text += f" + s*{x}**2"
        start |= {"s": 5 / span**2}
    for k, (c, size) in enumerate(waves, 1):
        text += f" + a{k}*cos(w{k}*{x} + u{k})"
        start |= {f"a{k}": size, f"w{k}": 2 * np.pi * c / span, f"u{k}": float(k)}
    return Equation.parse(text, ["x"]), start


def is_law(equation: Equation, waves: list[tuple[int, float]], as_years: bool, X: pd.DataFrame) -> bool:
    """Return whether an equation is a parabola with all the waves, and not with a wave or the square less."""
    less = [form_of(waves, as_years, is_curved=False)]
    less += [form_of(waves[:k] + waves[k + 1 :], as_years) for k in range(len(waves))]
    return is_of_form(equation, form_of(waves, as_years), X) and not any(is_of_form(equation, f, X) for f in less)


def is_of_form(equation: Equation, form: Form, X: pd.DataFrame) -> bool:
    """Return whether some coefficients of a form give the values of an equation at the rows."""
    values = np.asarray(equation.predict(X))
    missed = np.asarray(form[0].fit(X, values, start=form[1]).predict(X)) - values
    return bool(np.mean(missed**2) <= SAME * np.var(values))


def nats_behind(
    model: DARTSRegressor, waves: list[tuple[int, float]], as_years: bool, X: pd.DataFrame
) -> tuple[bool, float]:
    """Return whether the law is on a front, and how much longer its description is than that of the equation chosen."""
    laws = [is_law(equation, waves, as_years, X) for equation in model.front_]
    return any(laws), float(model.equations_["score"][laws].min()) if any(laws) else np.nan


def measured(name: str, as_years: bool, seed: int, seconds: float) -> dict[str, Any]:
    """Fit one table, and again with the law as a guess if it was not found."""
    waves = CASES[name]
    X, y = rows_of(waves, as_years, seed)
    began = time.process_time()
    model = DARTSRegressor(time_limit=seconds, random_state=seed).fit(X, y)
    spent = time.process_time() - began
    chosen = is_law(model.equation_, waves, as_years, X)
    found, nats = nats_behind(model, waves, as_years, X)
    if not found:
        form, start = form_of(waves, as_years)
        guesses = [form.fit(X, y, start=start)]
        given = DARTSRegressor(time_limit=seconds, random_state=seed, guesses=guesses).fit(X, y)
        _, nats = nats_behind(given, waves, as_years, X)
    return {
        "periods": name,
        "column": "years" if as_years else "t",
        "seed": seed,
        "version": eqdarts.__version__,
        "cpu_s": f"{spent:.1f}",
        "chosen_is_law": int(chosen),
        "on_front": int(found),
        "nats_behind": f"{nats:.1f}",
        "chosen": model.equation_.format(),
    }


def main() -> int:
    """Fit all tables and write the results."""
    parser = argparse.ArgumentParser(description="Fit waves on a trend, on a short column and on calendar years.")
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU seconds for each fit")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="one of the names, or all")
    parser.add_argument("--out", type=Path, default=HERE / "results.csv")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    rows = []
    for name in [given.only] if given.only else CASES:
        for as_years in (False, True):
            for seed in range(given.seeds):
                rows.append(measured(name, as_years, seed, given.seconds))
                print(*rows[-1].values(), sep="  ", file=sys.stderr, flush=True)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    chosen, found = (sum(row[kind] for row in rows) for kind in ("chosen_is_law", "on_front"))
    print(f"{chosen} of {len(rows)} fits chose the law, and {found} have it on the front")
    return 0


if __name__ == "__main__":
    sys.exit(main())
