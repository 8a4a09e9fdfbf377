"""Seven measured data sets beside the laws that their fields accept.

    OMP_NUM_THREADS=1 python benchmarks/real_data/run.py      # about two CPU minutes

Each is fitted with the defaults and 10 CPU seconds. For the chosen equation and for the accepted law, fitted to the
same rows, results.csv beside this file has the coefficients with standard errors and the residual sum of squares;
`nats` is what the accepted form is longer by, when residuals, coefficients and symbols are coded as for a formula that
was typed.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds
from eqdarts.inference.uncertainty import inference
from eqdarts.selection import Candidate, description_length

HERE = Path(__file__).parent
DATASETS = HERE.parents[1] / "datasets"
SECONDS = 10.0


class Case(NamedTuple):
    """A table, what is asked of it, and the accepted law."""

    name: str
    inputs: tuple[str, ...]
    target: str
    accepted: str
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table


def logarithm(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return the function that puts the logarithm in the place of a column."""
    return lambda table: table.assign(**{column: np.log(table[column])})


CASES = (
    Case("solar_system", ("semi_major_axis_au",), "period_days", "a*semi_major_axis_au**b"),
    Case("puromycin", ("conc",), "rate", "Vm*conc/(K + conc)", lambda table: table[table["state"] == "treated"]),
    Case("pressure", ("temperature",), "pressure", "A - B/(C + temperature)", logarithm("pressure")),
    Case("cars", ("speed",), "dist", "a*speed + b*speed**2"),
    Case("trees", ("Girth", "Height"), "Volume", "a*Girth**2*Height"),
    Case("mammals", ("body",), "brain", "a + b*log(body)", logarithm("brain")),
    Case("hubble_1929", ("distance_mpc",), "velocity_km_s", "H*distance_mpc"),
)


def with_errors(equation: Equation, X: pd.DataFrame, y: pd.Series) -> str:
    """Return the coefficients with their standard errors."""
    found = inference(equation, X, y)
    pairs = zip(found.names, found.estimate, found.standard_error, strict=True)
    return "; ".join(f"{name} = {value:.6g} ({error:.2g})" for name, value, error in pairs)


def measured(case: Case) -> dict[str, Any]:
    """Fit one data set."""
    table = case.prepare(pd.read_csv(DATASETS / f"{case.name}.csv"))
    X, y = table[list(case.inputs)], table[case.target]
    model = DARTSRegressor(time_limit=SECONDS, random_state=0).fit(X, y)
    accepted = Equation.parse(case.accepted, list(case.inputs)).fit(X, y)
    laws = model.equation_, accepted
    squares = [float(((law.predict(X) - y) ** 2).sum()) for law in laws]
    lengths = [
        description_length(
            Candidate(law.complexity, len(law.coefficients), rss / len(y)),
            len(y), X.shape[1], float((y**2).mean()), float(y.var(ddof=0)),
        )
        for law, rss in zip(laws, squares, strict=True)
    ]  # fmt: skip
    return {
        "data": case.name,
        "rows": len(y),
        "chosen": model.equation_.format(),
        "coefficients": with_errors(model.equation_, X, y),
        "snapped": "; ".join(map(str, model.snaps_)),
        "rss": f"{squares[0]:.5g}",
        "accepted": case.accepted,
        "accepted_coefficients": with_errors(accepted, X, y),
        "accepted_rss": f"{squares[1]:.5g}",
        "more_coefficients": len(model.equation_.coefficients) - len(accepted.coefficients),
        "nats": f"{lengths[1] - lengths[0]:.1f}",
        "poles": "; ".join(model.singularities().in_words()),
        "stability": "; ".join(f"{row.form}: {row.frequency:.0%}" for row in model.stability(50).head(3).itertuples()),
    }


def main() -> None:
    """Fit all and write the table."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    count_cpu_seconds()
    rows = []
    for case in CASES:
        rows.append(measured(case))
        print(*(f"{key}: {value}" for key, value in rows[-1].items()), "", sep="\n", flush=True)
    with (HERE / "results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
