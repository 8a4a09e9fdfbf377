"""Makes the contents of `measured-data.md`: seven measured data sets, the equation found beside the accepted law.

Run ``make docs-measured``; it takes one to two minutes and writes the table, the sections and the pictures in
``docs/measured``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot

from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds
from eqdarts.inference import inference
from eqdarts.plotting import plot_fit, plot_slices

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "measured"
SECONDS = 10  # of CPU time, so that other jobs on the machine hardly matter
COLUMNS = "| data | rows | found | accepted | 1 - R² | BIC |"


@dataclass(frozen=True)
class Case:
    """A table, its inputs and target, and the law that its field accepts."""

    name: str
    title: str
    inputs: tuple[str, ...]
    target: str
    accepted: str
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table
    settings: tuple[tuple[str, Any], ...] = ()


def _log(column: str, name: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{name: np.log(table[column])})


def _treated(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["state"] == "treated"].reset_index(drop=True)


CASES = (
    Case("solar_system", "Orbits", ("semi_major_axis_au",), "period_days", "a*semi_major_axis_au**b"),
    Case("puromycin", "Enzyme kinetics", ("conc",), "rate", "Vm*conc/(K + conc)", _treated),
    Case(
        "pressure", "Vapour pressure of mercury", ("temperature",), "log_pressure", "A - B/(C + temperature)",
        _log("pressure", "log_pressure"),
    ),
    Case("cars", "Stopping distances", ("speed",), "dist", "a*speed + b*speed**2"),
    Case("trees", "Timber", ("Girth", "Height"), "Volume", "a*Girth**2*Height"),
    Case("mammals", "Brain and body", ("body",), "log_brain", "a + b*log(body)", _log("brain", "log_brain")),
    Case("hubble_1929", "Recession of nebulae", ("distance_mpc",), "velocity_km_s", "H*distance_mpc"),
)  # fmt: skip


def _read(case: Case) -> tuple[pd.DataFrame, pd.Series]:
    table = case.prepare(pd.read_csv(ROOT / "datasets" / f"{case.name}.csv"))
    return table[list(case.inputs)], table[case.target]


def _fitted(case: Case, X: pd.DataFrame, y: pd.Series) -> DARTSRegressor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DARTSRegressor(time_limit=SECONDS, random_state=0, **dict(case.settings)).fit(X, y)


def _figures(law: Equation, X: pd.DataFrame, y: pd.Series, weight: Any) -> tuple[float, float]:
    """Return R squared and n log(RSS / n) + k log n, with k fitted numbers; RSS has weights of geometric mean one."""
    squares, n = (law.predict(X) - y) ** 2, len(y)
    rss, k = float((squares * (1.0 if weight is None else weight)).sum()), len(law.coefficients)
    return 1 - float(squares.sum()) / float(((y - y.mean()) ** 2).sum()), n * np.log(rss / n) + k * np.log(n)


def _right_side(law: Equation) -> str:
    return replace(law, target=None).mathml(4).replace("|", "&#124;")


def _shown(law: Equation) -> str:
    return f'<div class="math-block" tabindex="0">{law.mathml(5)}</div>'


def _plain(text: str) -> str:
    """Return text that Markdown shows unchanged."""
    return re.sub(r"([\\*_`$<>])", r"\\\1", text)


def _interval_lines(law: Equation, X: pd.DataFrame, y: pd.Series, weight: Any) -> list[str]:
    found = inference(law, X, y, weight)
    lines = ["| coefficient | estimate | standard error | 95 % interval |", "|---|---|---|---|"]
    for name, value, error, ends in zip(
        found.names, found.estimate, found.standard_error, found.interval(0.95), strict=True
    ):
        lines.append(f"| {name} | {value:.5g} | {error:.2g} | {ends[0]:.5g} to {ends[1]:.5g} |")
    return lines


def _section(case: Case, model: DARTSRegressor, accepted: Equation, X: pd.DataFrame, y: pd.Series, stem: str) -> str:
    lines = [f"### {case.title}", "", f"`datasets/{case.name}.csv`, {len(y)} rows.", ""]
    lines += ["Found:", "", _shown(model.equation_), ""]
    if model.snaps_:
        lines += ["Constants that became exact, with their fitted values:", ""]
        lines += [f"- {_plain(str(snap))}" for snap in model.snaps_] + [""]
    lines += ["Accepted, fitted to the same rows with the same weights by the same solver:", "", _shown(accepted), ""]
    lines += [*_interval_lines(accepted, X, y, model.run_.rows.weight), "", _plain(model.selection_), ""]
    lines += [f"![found and accepted](measured/{stem}.svg)", ""]
    return "\n".join(lines)


def _draw(model: DARTSRegressor, accepted: Equation, X: pd.DataFrame, y: pd.Series, path: Path) -> None:
    if X.shape[1] == 1:
        figure, axes = pyplot.subplots(1, 2, figsize=(7, 2.6), sharey=True)
        # Bands need errors that are known where the scatter is not the same at all rows.
        even = model.noise_.kind == "constant"
        sigma = None if even else model.noise_.std(np.asarray(model.predict(X)))
        for law, ax in zip((model.equation_, accepted), axes, strict=True):
            plot_fit(law, X, y, ax, found=inference(law, X, y, sigma=sigma))
    else:
        figure = plot_slices(model.equation_, X, y)[0].figure
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    """Write the table, the sections and the pictures."""
    OUT.mkdir(exist_ok=True)
    count_cpu_seconds()
    pyplot.rcParams.update({"svg.hashsalt": "eqdarts", "figure.constrained_layout.use": True, "font.size": 8})
    rows, sections = [COLUMNS, "|" + "---|" * (COLUMNS.count("|") - 1)], []
    for k, case in enumerate(CASES):
        X, y = _read(case)
        model = _fitted(case, X, y)
        weight = model.run_.rows.weight
        accepted = Equation.parse(case.accepted, target=case.target).fit(X, y, sample_weight=weight)
        (r2, bic), (r2_accepted, bic_accepted) = (_figures(law, X, y, weight) for law in (model.equation_, accepted))
        rows.append(
            f"| {case.title} | {len(y)} | {_right_side(model.equation_)} | {_right_side(accepted)} | {1 - r2:.2g}; "
            f"{1 - r2_accepted:.2g} | {bic - bic_accepted:+.1f} |"
        )
        stem = f"{k + 1}_{case.name}"
        sections.append(_section(case, model, accepted, X, y, stem))
        _draw(model, accepted, X, y, OUT / f"{stem}.svg")
        print(case.title, model.equation_.format(5), f"{bic - bic_accepted:+.1f}", flush=True)
    (OUT / "table.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (OUT / "sections.md").write_text("\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
