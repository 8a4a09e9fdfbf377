"""The words, numbers and pictures of a report about a law with constants by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from eqdarts.equation.singularities import singularities_in_range
from eqdarts.expression.written import text, write
from eqdarts.fitting.run import Run
from eqdarts.inference.by_group import GroupInference, group_inference
from eqdarts.inference.by_loss import diagnosis_by_loss
from eqdarts.inference.summary import near_one, rounded
from eqdarts.plotting import plot_groups, plot_qq, plot_residuals
from eqdarts.plotting.points import predicted
from eqdarts.plotting.style import styled
from eqdarts.report.pictures import Picture, picture
from eqdarts.report.words import Words

__all__ = ["group_pictures", "group_words"]

MOST_GROUPS = 100
DIGITS = 4


def group_words(run: Run, k: int) -> Words:
    """Return the words for equation k of a fit with groups."""
    equation = run.equations[k]
    found = _inference(run, k)
    flat, rows, _ = run.plain(k)
    n_undefined = int(np.isnan(predicted(flat, rows.X)).sum())
    careful = [*found.notes, *singularities_in_range(equation).in_words()]
    if n_undefined:
        careful.append(f"The equation is undefined at {n_undefined} of {len(rows.y)} rows.")
    seen = diagnosis_by_loss(flat, rows, run.loss)
    careful += [] if seen is None else list(seen.sentences)
    return Words(
        mathml=equation.mathml(),
        short_mathml=replace(equation, target=None).mathml(),
        short_text=equation.format(),
        text=str(equation),
        template=text(write(equation.template)),
        figures=_figures(run, k, found),
        header=["constant", "estimate", "std. error"],
        coefficients=_constants(found),
        cautions=careful,
        measurements=[] if seen is None else seen.figures(),
    )


def _inference(run: Run, k: int) -> GroupInference:
    if run.groups is None:
        raise AssertionError
    return group_inference(run.equations[k], run.rows, run.groups)


def _figures(run: Run, k: int, found: GroupInference) -> list[tuple[str, str]]:
    row, by_group = run.table.iloc[k], found.by_group
    scatter = "as given" if found.sigma_known else f"{found.sigma:.4g}"
    return [
        ("complexity", str(int(row["complexity"]))),
        ("loss", f"{row['loss']:.4g}"),
        ("R\u00b2", near_one(found.r_squared).replace("nan", "\u2013")),
        ("residual standard error", scatter),
        ("rows", str(found.n_rows)),
        (f"groups of {by_group.index.name}", str(len(by_group))),
        ("constants", str(found.n_constants)),
    ]


def _constants(found: GroupInference) -> list[list[str]]:
    """Return a line for each shared constant, then for each of every group."""
    shared = zip(found.names, found.estimate, found.standard_error, strict=True)
    lines = [[name, rounded(float(value), float(error), DIGITS), f"{error:.3g}"] for name, value, error in shared]
    table = found.by_group
    for label, row in table.head(MOST_GROUPS).iterrows():
        for name in table.columns[::2]:
            value, error = float(row[name]), float(row[f"{name}_error"])
            lines.append([f"{name}, {table.index.name} {label}", rounded(value, error, DIGITS), f"{error:.3g}"])
    return lines


def group_pictures(run: Run, k: int, units: Mapping[str, str] | None) -> list[Picture]:
    """Return the law of each group beside its rows, residuals, and their quantiles."""
    if run.groups is None:
        raise AssertionError
    flat, rows, names = run.plain(k)
    labels = run.groups.label_of_rows
    X = pd.DataFrame(run.rows.X, columns=list(run.names))
    wide = pd.DataFrame(rows.X, columns=list(names))

    @styled
    def fit() -> list[object]:
        return list(plot_groups(run.equations[k], X, rows.y, labels, units=units))

    pictures = [
        picture("The law of each group beside its measurements", fit, True),
        picture("Residuals: measured minus predicted", lambda: plot_residuals(flat, wide, rows.y, units=units)),
    ]
    if len(rows.y) > 2:
        pictures.append(picture("Residuals against a normal distribution", lambda: plot_qq(flat, wide, rows.y)))
    return pictures
