"""Small real tables: is the law that its field expects chosen by default?

    OMP_NUM_THREADS=1 python benchmarks/tables/run.py --data FOLDER [--seeds 5] [--seconds 30] [--only TEXT]

Each table is fitted with the defaults and a limit of CPU seconds. results.csv beside this file has a row for each table
and seed: the chosen equation, whether it is of the wanted form, whether the wanted form is on the front, and how many
nats it is behind. An equation is of a form if the form, fitted to the equation's own values at the rows, reproduces
them. Tables of this repository are read from datasets/; the others from FOLDER (README.md says where they can be had).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

import eqdarts
from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds

HERE = Path(__file__).parent
DATASETS = HERE.parents[1] / "datasets"
SAME = 1e-5  # largest share of an equation's variance that its form may miss

Prepare = Callable[[pd.DataFrame], pd.DataFrame]


class Case(NamedTuple):
    """A table, what is asked of it, and the forms that its field accepts."""

    file: str
    inputs: tuple[str, ...]
    target: str
    wanted: tuple[str, ...]
    prepare: Prepare = lambda table: table
    name: str = ""
    short: tuple[str, ...] = ()  # forms that lack a part of the law


def log_of(column: str) -> Prepare:
    """Return the function that puts the logarithm in the place of a column."""
    return lambda table: table.assign(**{column: np.log(table[column])})


def plants(table: pd.DataFrame) -> pd.DataFrame:
    """Return the uptake of plants with type and treatment as columns of 0 and 1."""
    return table.assign(
        M=(table["Type"] == "Mississippi").astype(float), h=(table["Treatment"] == "chilled").astype(float)
    )


CASES = (
    Case("first_principles/kepler.csv", ("a",), "target", ("k*a**1.5",)),
    Case("first_principles/newton.csv", ("r", "m1", "m2"), "target", ("log(m1*m2/r**2) + k",)),
    Case("first_principles/ideal_gas.csv", ("n", "T", "V"), "target", ("log(n*T/V) + k",)),
    Case("first_principles/planck.csv", ("nu", "T"), "target", ("3*log(nu) - h*nu/T - log(1 - exp(-h*nu/T)) + k",)),
    Case("first_principles/rydberg.csv", ("n_1", "n_2"), "target", ("-log(R*(1/n_1**2 - 1/n_2**2))",)),
    Case("first_principles/bode.csv", ("n",), "target", ("p + q*2**n", "p + q*exp(s*n)"), short=("q*exp(s*n)",)),
    Case("first_principles/hubble.csv", ("D",), "target", ("H*D", "H*D + k")),
    Case("first_principles/leavitt.csv", ("logP",), "target", ("p + q*logP",)),
    Case("first_principles/tully_fisher.csv", ("DV",), "target", ("p + q*log(DV)",)),
    Case("first_principles/tully_luminosity.csv", ("DV",), "target", ("p*DV**q",)),
    Case("first_principles/schechter.csv", ("L",), "target", ("p*log(L) - q*L + k",)),
    Case("first_principles/absorption.csv", ("Xaxis0",), "target",
         ("p*tanh(q*Xaxis0)", "p*(1 - exp(-q*Xaxis0))", "p*Xaxis0/(q + Xaxis0)")),
    Case("first_principles/supernovae_zg.csv", ("Xaxis0",), "target", ("A/(B*exp(C*Xaxis0) + exp(-D*Xaxis0))",)),
    Case("first_principles/supernovae_zr.csv", ("Xaxis0",), "target", ("A/(B*exp(C*Xaxis0) + exp(-D*Xaxis0))",)),
    Case("hard_tables/oil_viscosity.csv", ("T",), "V", ("exp(p + q/(T - s))", "exp(p + q/T + s/T**2)")),
    Case("hard_tables/oil_viscosity.csv", ("T",), "V", ("p + q/(T - s)", "p + q/T + s/T**2"), log_of("V"),
         "oil_viscosity, log"),
    Case("hard_tables/broken_line.csv", ("x",), "y", ("p + q*x + s*Max(0, x - u)",)),
    Case("hard_tables/co2_uptake.csv", ("conc", "M", "h"), "uptake",
         ("(p + q*M + s*h + u*M*h)*(1 - exp(-k*(conc - c0)))", "(p + q*M + s*h + u*M*h)*(1 - c0*exp(-k*conc))",
          "(p + q*M + s*h + u*M*h)*conc/(conc + k)"), plants),
    Case("hard_tables/ryegrass.csv", ("conc",), "rootl", ("c0 + p/(1 + (conc/q)**s)", "p/(1 + (conc/q)**s)")),
    Case("mammals.csv", ("body",), "brain", ("p*body**q",)),
    Case("solar_system.csv", ("semi_major_axis_au",), "period_days", ("k*semi_major_axis_au**1.5",)),
    Case("puromycin.csv", ("conc",), "rate", ("V*conc/(K + conc)",), lambda table: table[table["state"] == "treated"]),
    Case("pressure.csv", ("temperature",), "pressure", ("p + q/(s + temperature)",), log_of("pressure")),
    Case("trees.csv", ("Girth", "Height"), "Volume", ("k*Girth**2*Height",)),
    Case("cars.csv", ("speed",), "dist", ("p*speed + q*speed**2", "p*speed**2")),
    Case("bod.csv", ("Time",), "demand", ("p*(1 - exp(-q*Time))",)),
)  # fmt: skip


def is_of_form(equation: Equation, form: str, X: pd.DataFrame) -> bool:
    """Return whether some coefficients of a form give the values of an equation at the rows."""
    values = np.asarray(equation.predict(X))
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        return False
    law = Equation.parse(form, list(X.columns))
    for start, scale in itertools.product((1.0, 0.1, 10.0), (1.0, float(np.std(values)))):
        try:
            fitted = law.fit(X, values / scale, start=dict.fromkeys(law.free_parameters, start))
            missed = np.mean((scale * np.asarray(fitted.predict(X)) - values) ** 2)
        except ValueError:
            continue
        if missed <= SAME * np.var(values):
            return True
    return False


def is_wanted(equation: Equation, case: Case, X: pd.DataFrame) -> bool:
    """Return whether an equation is of one of the wanted forms, and of none that lacks a part of the law."""
    is_of = [any(is_of_form(equation, form, X) for form in forms) for forms in (case.wanted, case.short)]
    return is_of[0] and not is_of[1]


def measured(case: Case, folder: Path, seed: int, seconds: float) -> dict[str, Any]:
    """Fit one table with one seed."""
    path = (folder if "/" in case.file else DATASETS) / case.file
    table = case.prepare(pd.read_csv(path))
    X, y = table[list(case.inputs)], table[case.target]
    began = time.process_time()
    model = DARTSRegressor(time_limit=seconds, random_state=seed).fit(X, y)
    spent = time.process_time() - began
    on_front = [is_wanted(law, case, X) for law in model.front_]
    chosen = int(np.flatnonzero(model.equations_["chosen"])[0])
    behind = model.equations_["score"][on_front].min() if any(on_front) else np.nan
    return {
        "table": case.name or Path(case.file).stem,
        "rows": len(y),
        "seed": seed,
        "version": eqdarts.__version__,
        "cpu_s": f"{spent:.1f}",
        "wanted": int(on_front[chosen]),
        "on_front": int(any(on_front)),
        "nats_behind": f"{behind:.1f}",
        "has_wave": int("sin(" in str(model.equation_) or "cos(" in str(model.equation_)),
        "shortest": int(model.equations_["complexity"].min()),
        "chosen": model.equation_.format(),
    }


def main() -> int:
    """Fit all tables and write the results."""
    parser = argparse.ArgumentParser(description="Fit small real tables and look for the laws that one expects.")
    parser.add_argument("--data", type=Path, required=True, help="folder of first_principles/ and hard_tables/")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0, help="CPU seconds for each fit")
    parser.add_argument("--only", default="", help="only the tables whose file holds this text")
    parser.add_argument("--out", type=Path, default=HERE / "results.csv")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    rows = []
    for case in CASES:
        if given.only not in case.file:
            continue
        for seed in range(given.seeds):
            rows.append(measured(case, given.data, seed, given.seconds))
            print(*rows[-1].values(), sep="  ", file=sys.stderr, flush=True)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    n_wanted = sum(row["wanted"] for row in rows)
    print(f"{n_wanted} of {len(rows)} fits chose the wanted form; {sum(row['has_wave'] for row in rows)} have a wave")
    return 0


if __name__ == "__main__":
    sys.exit(main())
