"""The summary of a fit with groups as a text table: shared constants, and those of each group, with standard errors."""

from __future__ import annotations

import textwrap

import numpy as np

from eqdarts.equation.equation import Equation
from eqdarts.equation.singularities import singularities_in_range
from eqdarts.errors import visible
from eqdarts.expression.parse import quoted
from eqdarts.expression.written import text, write
from eqdarts.fitting.run import Run
from eqdarts.inference.by_group import GroupInference, group_inference
from eqdarts.inference.summary import CAVEAT, near_one, rounded

__all__ = ["group_lines", "group_summary"]

WIDTH = 88
MOST_GROUPS = 40
MOST_RIVALS = 5


def group_summary(run: Run, index: int | None = None, coverage: float = 0.95) -> str:
    """Return a text table: the law, its fit, its constants with errors, rivals and cautions.

    Parameters
    ----------
    run : Run
    index : int, optional
        A row of the front. Default: the chosen one.
    coverage : float, default=0.95
        Coverage of the intervals of shared constants.
    """
    shown = run.chosen if index is None else range(len(run.equations))[index]
    equation = run.equations[shown]
    if run.groups is None:
        raise AssertionError
    found = group_inference(equation, run.rows, run.groups)
    cautions = [*found.notes, *singularities_in_range(equation).in_words(), *filter(None, [run.rows_in_words()])]
    cautions += filter(None, [run.knowledge_in_words(shown)])
    sections = [
        _heading(equation),
        _figures(found, len(run.groups.labels)),
        group_lines(found, coverage),
        _rivals(run, shown),
        ["warnings", *(line for caution in cautions for line in textwrap.wrap(f"- {caution}", WIDTH))]
        if cautions
        else [],
    ]
    rule = "-" * WIDTH
    body = f"\n{rule}\n".join("\n".join(lines) for lines in sections if lines)
    lines = ["=" * WIDTH, *body.split("\n"), "=" * WIDTH, *textwrap.wrap(CAVEAT, WIDTH)]
    return "\n".join(map(visible, lines))


def _heading(equation: Equation) -> list[str]:
    left = "" if equation.target is None else f"{quoted(equation.target)} = "
    lines = [equation.format(), f"form: {left}{text(write(equation.template))}"]
    if equation.groups is not None:
        lines.append(equation.groups.in_words())
    return [part for line in lines for part in textwrap.wrap(line, WIDTH)]


def _figures(found: GroupInference, n_groups: int) -> list[str]:
    scatter = "known errors" if found.sigma_known else f"{found.sigma:.4g}"
    pairs = [
        ("rows", str(found.n_rows), "R2", near_one(found.r_squared)),
        ("groups", str(n_groups), "residual standard error", scatter),
        ("constants", str(found.n_constants), "degrees of freedom", f"{found.n_rows - found.n_constants}"),
    ]
    return [f"{a:<22}{b:>10}      {c:<26}{d:>18}" for a, b, c, d in pairs]


def group_lines(found: GroupInference, coverage: float = 0.95) -> list[str]:
    """Return the constants as lines: the shared ones with intervals, then those of each group with their errors."""
    lines = []
    if found.names:
        lines.append(f"{'shared':<20}{'estimate':>13}{'std. error':>13}{f'{100 * coverage:g} % interval':>26}")
        numbers = zip(found.names, found.estimate, found.standard_error, found.interval(coverage), strict=True)
        for name, value, error, (low, high) in numbers:
            ends = f"{rounded(float(low), float(error))} .. {rounded(float(high), float(error))}"
            lines.append(f"{name:<20}{rounded(float(value), float(error), 4):>13}{error:>13.3g}{ends:>26}")
    table = found.by_group
    own = [name for name in table.columns[::2]]
    if own:
        lines.append(f"{table.index.name!s:<20}" + "".join(f"{name:>15}{'std. error':>13}" for name in own))
        for label, row in table.head(MOST_GROUPS).iterrows():
            values = (f"{rounded(row[n], row[f'{n}_error'], 4):>15}{row[f'{n}_error']:>13.3g}" for n in own)
            lines.append(f"{label!s:<20}" + "".join(values))
        if len(table) > MOST_GROUPS:
            lines.append(f"... and {len(table) - MOST_GROUPS} more in coefficients_by_group_")
    return lines


def _rivals(run: Run, shown: int) -> list[str]:
    behind = run.table["score"] - run.table["score"].iloc[shown]
    others = [k for k in np.argsort(behind, kind="stable") if k != shown][:MOST_RIVALS]
    if not others:
        return []
    lines = [f"{'rivals: longer by':<18}{'complexity':>11}{'loss':>12}   equation"]
    for k in others:
        law = run.equations[k].format()
        law = law if len(law) <= WIDTH - 44 else law[: WIDTH - 47] + "..."
        longer = f"{behind.iloc[k]:.1f} nats"
        lines.append(f"{longer:<18}{run.table['complexity'].iloc[k]:>11}{run.table['loss'].iloc[k]:>12.4g}   {law}")
    return lines
