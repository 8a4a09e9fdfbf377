"""The summary of a fit as a text table: that of `eqdarts.inference.summary` for an equation, with its rivals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from eqdarts.equation.equation import Equation
from eqdarts.equation.singularities import singularities_in_range
from eqdarts.fitting.run import Run
from eqdarts.inference.breaks import breaks_in_words
from eqdarts.inference.by_loss import diagnosis_by_loss
from eqdarts.inference.leverage import deciding_row
from eqdarts.inference.summary import summary
from eqdarts.inference.uncertainty import Inference
from eqdarts.losses import loss_of
from eqdarts.report.group_summary import group_summary

__all__ = ["run_summary"]


def run_summary(run: Run, index: int | None = None, coverage: float = 0.95, profile: bool = True) -> str:
    """Return a text table: the equation, its fit, coefficients with intervals, rivals and cautions.

    Parameters
    ----------
    run : Run
    index : int, optional
        A row of the front. Default: the chosen one.
    coverage : float, default=0.95
        Coverage of the intervals.
    profile : bool, default=True
        Whether to show profile likelihood intervals too. Only for squared residuals.

    Raises
    ------
    ValueError
        If the loss gives no standard errors.
    """
    if run.groups is not None:
        return group_summary(run, index, coverage)
    shown = run.chosen if index is None else range(len(run.equations))[index]
    found = run.inference(shown)
    # Scores are differences to the equation of the summary.
    rivals = run.table.assign(
        equation=[_right_side(rival) for rival in run.equations],
        chosen=np.arange(len(run.table)) == shown,
        score=run.table["score"] - run.table["score"].iloc[shown],
    )
    snaps = run.snaps if shown == run.chosen else ()
    profile = profile and loss_of(run.loss).is_least_squares
    return summary(found, coverage, profile, rivals.to_dict("records"), snaps, _warnings(run, shown, found))


def _warnings(run: Run, k: int, inferred: Inference) -> list[str]:
    """Return further cautions about equation k."""
    found = [*filter(None, [run.undetermined_in_words(k)]), *singularities_in_range(run.equations[k]).in_words()]
    seen = diagnosis_by_loss(run.equations[k], run.rows, run.loss, run.noise)
    found += [] if seen is None else list(seen.sentences)
    found += [*filter(None, [deciding_row(inferred, run.rows)]), *breaks_in_words(inferred)]
    if run.noise.kind != "constant":
        found.append(f"{run.noise}.")
    if run.rows_in_words():
        found.append(run.rows_in_words())
    if run.knowledge:
        found.append(run.knowledge_in_words(k))
    if run.stability is not None:
        found.append(_frequencies(run.stability))
    return found


def _frequencies(table: pd.DataFrame) -> str:
    """Return a sentence with the frequency of the chosen form, and of the next one, for resampled rows."""
    own = float(table.loc[table["chosen"], "frequency"].sum())
    others = table[~table["chosen"]]
    rival = (
        f"; the next most frequent form: {others['form'].iloc[0]}, in {others['frequency'].iloc[0]:.0%}"
        if len(others)
        else ""
    )
    return f"The form is chosen for {own:.0%} of resampled rows{rival}."


def _right_side(equation: Equation) -> str:
    """Return the equation for a table: without the name of the target."""
    return replace(equation, target=None).format()
