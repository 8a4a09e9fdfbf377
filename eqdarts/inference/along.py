"""What residuals show along an input, or by their own distribution: a break, a wave, two groups, clusters of rows.

Each function returns the sentences that hold, most often none.

Axes: N rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.errors import visible
from eqdarts.solver.kinks import kink_of
from eqdarts.solver.periodogram import Periodogram, periods_shown

__all__ = ["break_in_words", "clusters_in_words", "groups_in_words", "overdispersion_in_words", "wave_in_words"]

MOST_ROWS = 2000  # that are looked at
MOST_PERIODS = 100.0
HUGE = 1e100  # values of an input whose squares may overflow
LEAST_PERIODS = 1.5  # over the range: less of a period is a bend
WIDE_GAP = 0.5  # share of an input's range without rows that divides these into two clusters
FEWEST_VALUES = 6  # of an input, below which its values are groups by design
APART = 3.0  # distance of two groups of residuals, in standard deviations within a group
FEWEST_OF_GROUP, SMALLEST_GROUP = 5, 0.1  # rows of a group, and its share
GROUPED = 10.0  # nats by which two groups must describe the residuals better than one
EM_STEPS = 30
OVERDISPERSED = 1.5  # chi-square for each degree of freedom that matters


def break_in_words(r: Array, columns: Mapping[str, Array], unlikely: float) -> list[str]:
    """Say where the slope of residuals (N,) breaks along an input, if one break explains a bend that is not chance."""
    found: list[tuple[float, str, float]] = []
    for name, (x, few) in _few_rows(r, columns).items():
        kink = kink_of(np.column_stack([np.ones_like(x), x]), x, few, np.ones_like(x))
        # The place is one of about as many as there are rows; the change of slope is the second coefficient.
        if kink is not None and kink.nats(len(x)) - 1.5 * math.log(len(x)) > -math.log(unlikely):
            found.append((kink.left, name, kink.place))
    if not found:
        return []
    _, name, place = min(found)
    return [
        f"Along {visible(name)} the residuals bend at about {place:.3g}: the slope seems to break there. Try "
        f"Max(0, {visible(name)} - {place:.3g}) in a guess, or fit the rows on either side by themselves."
    ]


def wave_in_words(r: Array, columns: Mapping[str, Array], unlikely: float) -> list[str]:
    """Say with which period residuals (N,) repeat along an input, if they do."""
    found: list[tuple[float, str, float]] = []
    for name, (x, few) in _few_rows(r, columns).items():
        limit = min(periods_shown(x), MOST_PERIODS)
        if limit < LEAST_PERIODS:
            continue
        peaks = Periodogram(x, np.ones_like(x), limit).peaks(few - few.mean(), 1)
        if not peaks or peaks[0].frequency * np.ptp(x) < LEAST_PERIODS * 2 * math.pi:
            continue
        # Baluev (2008) bounds the chance of the highest peak by that of one times the number of frequencies.
        chance = 2 * limit * (1 - peaks[0].share) ** ((len(x) - 3) / 2)
        if chance < unlikely:
            found.append((chance, name, 2 * math.pi / peaks[0].frequency))
    if not found:
        return []
    _, name, period = min(found)
    return [f"Along {visible(name)} the residuals repeat with a period of about {period:.3g}: the law misses a wave."]


def _few_rows(r: Array, columns: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Return each input with residuals of at most one in size, at a part of the rows if they are many."""
    rows = spread(len(r), MOST_ROWS)
    few = r[rows] / _largest(r)
    return {name: (column[rows], few) for name, column in columns.items() if _largest(column) < HUGE}


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0)) or 1.0


def groups_in_words(r: Array) -> list[str]:
    """Say that residuals (N,) lie around two values, if two normal groups describe them much better than one."""
    n, unit = len(r), _largest(r)
    r = r / unit  # so that no square overflows
    spread = float(r.std())
    if not spread > 0 or n < 2 * FEWEST_OF_GROUP:
        return []
    low, high = (float(np.quantile(r, q)) for q in (0.2, 0.8))
    width, share = spread / 2, 0.5
    code = math.inf
    for _ in range(EM_STEPS):
        logs = np.stack([-0.5 * ((r - m) / width) ** 2 + math.log(p) for m, p in ((low, 1 - share), (high, share))])
        whole = np.logaddexp(logs[0], logs[1])
        code = n * math.log(width) - float(whole.sum())
        chance = np.exp(logs[1] - whole)  # that a row is in the upper group
        share = float(np.clip(chance.mean(), 1e-6, 1 - 1e-6))
        low, high = float(np.average(r, weights=1 - chance + 1e-12)), float(np.average(r, weights=chance + 1e-12))
        within = float(np.mean((1 - chance) * (r - low) ** 2 + chance * (r - high) ** 2))
        width = max(math.sqrt(within), 1e-6 * spread)
    one = n * math.log(spread) + 0.5 * n
    smaller = min(share, 1 - share)
    if one - code < GROUPED or high - low < APART * width or smaller < max(SMALLEST_GROUP, FEWEST_OF_GROUP / n):
        return []
    below = f"{unit * low:.3g} ({1 - share:.0%} of the rows)"
    return [
        f"The residuals lie in two groups, around {below} and {unit * high:.3g}: a column that tells the groups apart "
        "may be missing."
    ]


def clusters_in_words(columns: Mapping[str, Array]) -> list[str]:
    """Say for which inputs the rows lie in two clusters with nothing between: there the law is a guess."""
    sentences = []
    for name, column in columns.items():
        values = np.unique(column)
        if len(values) < FEWEST_VALUES:
            continue
        # Values over decades have a wide gap on one of the two scales, but not on both.
        scales = [values, np.log(values)] if values[0] > 0 else [values]
        gaps = [np.diff(scale / _largest(scale)) / np.ptp(scale / _largest(scale)) for scale in scales]
        k = int(np.argmax(gaps[0]))
        sizes = np.count_nonzero(column <= values[k]), np.count_nonzero(column > values[k])
        if min(float(gap[k]) for gap in gaps) > WIDE_GAP and min(sizes) > 1:
            sentences.append(
                f"Along {visible(name)} the rows lie in two clusters, with none between {values[k]:.3g} and "
                f"{values[k + 1]:.3g}: there the law is an interpolation that no row has tested."
            )
    return sentences


def overdispersion_in_words(squares: float, dof: float, unlikely: float) -> list[str]:
    """Say that counts scatter more than Poisson's, by the sum of squared residuals in their standard deviations."""
    from scipy.special import chdtrc

    if not dof > 0 or squares < OVERDISPERSED * dof or chdtrc(dof, squares) > unlikely:
        return []
    return [
        f"The counts scatter more than Poisson's: the variance is {squares / dof:.2g} times the mean. The standard "
        f"errors are too small, by about {math.sqrt(squares / dof):.2g} times."
    ]
