"""The report of a fit to trajectories: one web page that loads nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from eqdarts._version import __version__
from eqdarts.dynamics.pictures import dynamics_pictures
from eqdarts.dynamics.record import Coefficient, DynamicsRun, OfGroup, OnFront
from eqdarts.dynamics.system import System
from eqdarts.equation.equation import Equation
from eqdarts.expression.mathml import rate_mathml
from eqdarts.expression.written import text, write
from eqdarts.files import write_atomically
from eqdarts.inference.summary import CAVEAT, near_one, rounded
from eqdarts.report.html import render
from eqdarts.report.words import longer_by

__all__ = ["dynamics_page", "write_dynamics_page"]


def write_dynamics_page(run: DynamicsRun, path: str | Path) -> None:
    """Write the report of a fit to a file, such as "law.html"."""
    write_atomically(Path(path), dynamics_page(run))


def dynamics_page(run: DynamicsRun) -> str:
    """Return the report as HTML."""
    system = run.system
    context = {
        "states": ", ".join(system.states),
        "n_rows": run.n_rows,
        "n_runs": run.n_runs,
        "freedom": run.freedom,
        "horizon": run.horizon,
        "laws": [_law(system, k, equation) for k, equation in enumerate(system.equations)],
        "forms": [_form(system, k) for k, equation in enumerate(system.equations) if equation.coefficients],
        "figures": _figures(run),
        "coefficients": [_coefficient(run, row, row.unit) for row in run.coefficients],
        "by_group": [[row.group, *_coefficient(run, row)] for row in run.by_group],
        "cautions": [*run.cautions, CAVEAT],
        "structure": [*run.structure, *run.scatter_in_words(), *run.guesses],
        "pictures": dynamics_pictures(run),
        "fronts": [_front(system, k, ones) for k, ones in enumerate(run.front)],
        "python": _python(run),
        "text": system.format(),
        "seconds": f"{run.seconds:.3g}",
        "settings": [(name, repr(value)[:200]) for name, value in run.params.items()],
        "version": __version__,
    }
    return render("dynamics.html", context)


def _law(system: System, k: int, equation: Equation) -> dict[str, str]:
    side, state = replace(equation, target=None), system.states[k]
    return {
        "mathml": f"{rate_mathml(state, system.time, system.order)} {side.mathml()}",
        "side": side.mathml(),
        "text": f"{system.left(state)} = {side.format()}",
    }


def _form(system: System, k: int) -> str:
    return f"{system.left(system.states[k])} = {text(write(system.equations[k].template))}"


def _figures(run: DynamicsRun) -> list[list[str]]:
    """Return a row for each state: its name, R2, and the noise."""
    return [
        [state, near_one(r2).replace("nan", "\u2013"), f"{noise:.4g}"]
        for state, r2, noise in zip(run.system.states, run.r_squared, run.noise, strict=True)
    ]


def _coefficient(run: DynamicsRun, row: Coefficient | OfGroup, unit: str = "") -> list[str]:
    error = row.standard_error
    ends = f"{rounded(row.low, error)} to {rounded(row.high, error)}".replace("inf", "\u221e")
    return [
        run.system.left(row.state),
        row.name,
        rounded(row.estimate, error),
        f"{error:.3g}".replace("inf", "\u221e"),
        f"{ends} {unit}".rstrip(),
    ]


def _front(system: System, k: int, ones: tuple[OnFront, ...]) -> dict[str, Any]:
    lines = [
        {
            "chosen": one.chosen,
            "complexity": one.equation.complexity,
            "loss": f"{one.loss:.4g}",
            "longer": longer_by(one.score),
            **_law(system, k, one.equation),
        }
        for one in ones
    ]
    return {"name": system.left(system.states[k]), "lines": lines}


def _python(run: DynamicsRun) -> str:
    """Return Python that makes the same fit."""
    given = ", ".join(f"{name}={run.params.get(name, ...)!r}" for name in run.changed).replace("Ellipsis", "...")
    system = run.system
    columns = [f"t={system.time!r}", *(["trajectory=..."] if run.n_runs > 1 else [])]
    columns += [f"inputs={list(system.inputs)!r}"] if system.inputs else []
    columns.append(f"states={list(system.states)!r}")
    columns += ["groups=..."] if run.groups else []
    lines = ["from eqdarts import ODERegressor", "", "table = ...  # the DataFrame of your rows"]
    lines += [f"model = ODERegressor({given})", f"model.fit(table, {', '.join(columns)})", 'model.report("law.html")']
    return "\n".join(lines)
