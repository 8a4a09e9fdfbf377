"""What the residuals say of the measurements: rows that stand out, residuals in runs, scatter that is not even.

Axes: N rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array
from eqdarts.errors import visible
from eqdarts.inference.along import (
    break_in_words,
    clusters_in_words,
    groups_in_words,
    overdispersion_in_words,
    wave_in_words,
)

__all__ = ["Diagnosis", "diagnosis"]


FEWEST = 20  # rows from which on order and scatter are judged
FEWEST_OF_BREAK = 12  # rows from which on a break is looked for
FEWEST_OF_GRUBBS = 7  # rows from which on one stands out by the scatter of the others
UNLIKELY = 1e-3  # probability under even, independent scatter below which a sentence is worth a reader's time
NORMAL = 1.4826  # standard deviation of a normal distribution over the median absolute deviation
EXACT = 1e-9  # residuals below this share of the largest y are rounding errors
LEAST_OUT = 4.0  # usual residuals by which an outlying row misses the law, at least
MOST_NAMED = 5  # rows
UNEVEN = 2.0  # ratio of scatter between large and small values that matters


@dataclass(frozen=True)
class Diagnosis:
    """Figures of the residuals, and the sentences that follow from them.

    Parameters
    ----------
    usual : float
        Standard deviation of a normal distribution with the median of the absolute residuals.
    outlying : tuple of (int, float)
        Row, from 0, and residual in units of `usual`, the farthest first.
    runs : tuple of (str, int, float) or None
        The input along which the residuals change their sign least often for its number of rows, the number of runs of
        one sign, and the number that independent residuals have. None for few rows or exact laws.
    scatter : float or None
        Ratio of the mean absolute residuals in the upper and in the lower third of the predictions.
    sentences : tuple of str
    """

    usual: float
    outlying: tuple[tuple[int, float], ...]
    runs: tuple[str, int, float] | None
    scatter: float | None
    sentences: tuple[str, ...]

    def figures(self) -> list[tuple[str, str]]:
        """Return names and values for a table."""
        found = [("usual residual", f"{self.usual:.3g}"), ("outlying rows", str(len(self.outlying)))]
        if self.runs is not None:
            name, n, expected = self.runs
            found.append((f"runs along {visible(name)}", f"{n}, {expected:.0f} by chance"))
        if self.scatter is not None:
            found.append(("scatter of large over that of small values", f"{self.scatter:.2g}"))
        return found


def diagnosis(
    residual: Array, predicted: Array, columns: Mapping[str, Array], whole: bool = True, dof: float | None = None,
    is_robust: bool = False,
) -> Diagnosis:  # fmt: skip
    """Return what residuals (N,), in units in which even scatter is expected, say of the rows.

    Parameters
    ----------
    residual, predicted : ndarray of shape (N,)
        Rows where either is not finite are left out.
    columns : mapping of str to ndarray of shape (N,)
        The inputs of the law.
    whole : bool, default=True
        Whether these are all rows of a table, so that the number of a row names it.
    dof : float, optional
        Rows less coefficients, for residuals that have a variance of one if the counts are Poisson's.
    is_robust : bool, default=False
        Whether outlying rows count for less in the fit already.

    Notes
    -----
    The limit for an outlying row is that which one row in a hundred tables exceeds by chance. Of few rows one stands
    out if it is too far for the scatter of the others (Grubbs). Runs are judged by Wald and Wolfowitz, scatter by the
    rank correlation of the absolute residual with the prediction.
    """
    sound = np.flatnonzero(np.isfinite(residual) & np.isfinite(predicted))
    r, f = residual[sound], predicted[sound]
    if not len(r):
        return Diagnosis(0.0, (), None, None, ())
    floor = EXACT * float(np.abs(f + r).max())
    usual = NORMAL * float(np.median(np.abs(r)))
    out = _outlying(r, max(usual, floor))
    outlying = tuple((int(sound[k]), float(r[k] / max(usual, floor))) for k in out) if max(usual, floor) > 0 else ()
    sentences = [_of_outlying(outlying, whole, is_robust)] if outlying else []
    sound_columns = {name: column[sound] for name, column in columns.items()}
    sentences += clusters_in_words(sound_columns)
    sentences += [] if dof is None else overdispersion_in_words(float(r @ r), dof, UNLIKELY)
    # Rounding errors have no scatter to judge, and outlying rows would hide that of the others.
    rest = np.setdiff1d(np.arange(len(r)), out)
    if usual <= floor or len(rest) < FEWEST_OF_BREAK:
        return Diagnosis(usual, outlying, None, None, tuple(sentences))
    inner = {name: column[rest] for name, column in sound_columns.items()}
    shape = break_in_words(r[rest], inner, UNLIKELY)
    if len(rest) < FEWEST:
        return Diagnosis(usual, outlying, None, None, (*sentences, *shape))
    shape = shape or wave_in_words(r[rest], inner, UNLIKELY)
    sentences += [*shape, *groups_in_words(r[rest])]
    runs = _fewest_runs(r[rest], inner)
    if runs is not None and runs[3] < UNLIKELY and not shape:
        sentences.append(
            f"Along {visible(runs[0])} the residuals keep their sign in runs: {runs[1]} runs, where about "
            f"{runs[2]:.0f} are expected. The law misses something, or neighbouring rows are not independent."
        )
    ratio, p_value = _scatter(r[rest], f[rest])
    if p_value < UNLIKELY and not 1 / UNEVEN < ratio < UNEVEN:
        grows = "grows" if ratio > 1 else "falls"
        sentences.append(
            f"The scatter {grows} with the value: in the upper third of the values it is {ratio:.2g} times that in the "
            "lower third. Give sigma, or fit the logarithm, so that all rows count as they deserve."
        )
    return Diagnosis(usual, outlying, None if runs is None else runs[:3], ratio, tuple(sentences))


def _outlying(r: Array, usual: float) -> list[int]:
    """Return the rows that stand out, the farthest first."""
    from scipy.stats import norm

    if usual <= 0:
        return []
    limit = max(LEAST_OUT, float(norm.isf(0.005 / len(r))))
    far = np.flatnonzero(np.abs(r) > limit * usual)
    if not len(far) and FEWEST_OF_GRUBBS <= len(r) < FEWEST:
        return _apart(r)
    return [int(k) for k in far[np.argsort(-np.abs(r[far]), kind="stable")]]


def _apart(r: Array) -> list[int]:
    """Return the row that is too far for the scatter of the others, which is judged without it; or none."""
    from scipy.stats import t

    k = int(np.argmax(np.abs(r)))
    r = r / (abs(r[k]) or 1.0)  # so that no square overflows
    others = np.delete(r, k)
    size = float(np.sqrt(np.mean(others**2)))
    limit = float(t.isf(0.005 / len(r), len(r) - 2))
    return [k] if abs(r[k]) > limit * size else []


def _of_outlying(outlying: tuple[tuple[int, float], ...], whole: bool, is_robust: bool) -> str:
    farthest = abs(outlying[0][1])
    times = f"{farthest:.2g}" if farthest < 1000 else "over 1000"
    count = f"{len(outlying)} row(s) miss the law by up to {times} times the usual residual"
    if whole:
        named = ", ".join(str(row + 1) for row, _ in outlying[:MOST_NAMED])
        more = f" and {len(outlying) - MOST_NAMED} more" if len(outlying) > MOST_NAMED else ""
        count += f" (counted from 1: {named}{more})"
    if len(outlying) > MOST_NAMED:
        tails = f"{count}. So many are no single mistakes: the errors have heavy tails."
        return tails if is_robust else f'{tails} Try loss="huber".'
    return f"{count}. Check them." if is_robust else f'{count}. Check them, or fit with loss="huber".'


def _fewest_runs(r: Array, columns: Mapping[str, Array]) -> tuple[str, int, float, float] | None:
    """Return the column with the least probable number of runs: name, runs, expected runs, probability."""
    from scipy.stats import norm

    found: list[tuple[float, str, int, float]] = []
    for name, column in columns.items():
        if len(np.unique(column)) < len(column) / 2:
            continue  # in which order rows with one value come is chance
        above = r[np.argsort(column, kind="stable")] > 0
        n1, n2 = int(above.sum()), int((~above).sum())
        n = n1 + n2
        if min(n1, n2) < 2:
            continue
        runs = 1 + int(np.count_nonzero(above[1:] != above[:-1]))
        mean = 1 + 2 * n1 * n2 / n
        spread = math.sqrt((mean - 1) * (mean - 2) / (n - 1))
        found.append((float(norm.cdf((runs + 0.5 - mean) / max(spread, 1e-300))), name, runs, mean))
    if not found:
        return None
    p_value, name, runs, mean = min(found)
    return name, runs, mean, p_value * len(found)


def _scatter(r: Array, f: Array) -> tuple[float, float]:
    """Return the ratio of scatter in the upper and lower third of the predictions, and its probability by chance."""
    from scipy.stats import spearmanr

    if len(np.unique(f)) < 3:
        return 1.0, 1.0
    order = np.argsort(f, kind="stable")
    third = len(f) // 3
    low, high = (float(np.abs(r[part]).mean()) for part in (order[:third], order[-third:]))
    return high / max(low, 1e-300), float(spearmanr(np.abs(r), f).pvalue)
