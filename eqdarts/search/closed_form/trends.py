r"""Waves on a trend: a polynomial in one input, and waves of the same input, one after the other.

.. math:: y = \sum_{k \le K} c_k x_i^k + \sum_{j \ne i} w_j x_j + \sum_m A_m \sin(\omega_m x_i + \phi_m)

for degrees K from 0 to 3. The frequencies come from the periodogram of what the trend and the waves so far leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import Primitive, fixed_power
from eqdarts.search.growth.features import insert_feature
from eqdarts.search.growth.waves import Wave
from eqdarts.search.problem import Rows
from eqdarts.solver.periodogram import Periodogram, waves_on

__all__ = ["wave_starts"]

DEGREES = (0, 1, 2, 3)
MOST_WAVES = 3
MOST_INPUTS = 6  # with more inputs there is no trend in the others


def wave_starts(rows: Rows, primitives: tuple[Primitive, ...], limits: Sequence[float]) -> Iterator[Start]:
    """Yield polynomials with one, two and three waves, for each input.

    Parameters
    ----------
    rows : Rows
    primitives : tuple of Primitive
        What the search may use: without a sine or cosine there is nothing to yield.
    limits : sequence of float
        The largest number of periods of each input; 0 for an input that is not looked at.
    """
    d, root = rows.X.shape[1], np.sqrt(rows.weight)
    row = next((row for row in primitives if row.oscillates), None)
    if row is None:
        return
    for i in np.flatnonzero(limits).tolist():
        x = rows.X[:, i]
        along = Periodogram(x, root, limits[i])
        others = [j for j in range(d) if j != i and np.ptp(rows.X[:, j]) > 0] if d <= MOST_INPUTS else []
        for degree in DEGREES:
            powers = [fixed_power(Fraction(k)) for k in range(1, degree + 1)]
            if not set(powers) <= {LINEAR, *primitives}:
                continue
            edges = [(i, power) for power in powers] + [(j, LINEAR) for j in others]
            trend = np.column_stack([x**k for k in range(degree + 1)] + [rows.X[:, j] for j in others])
            for peaks, solution in waves_on(trend, x, rows.y, along, MOST_WAVES):
                yield _built(d, edges, [Wave(i, peak.frequency, peak.phase) for peak in peaks], solution, row)


def _built(d: int, trend: list[tuple[int, Primitive]], waves: list[Wave], solution: Array, row: Primitive) -> Start:
    """Return the sum as a start; a wave's sine and cosine are gathered into one sine."""
    edges = [DraftEdge(i, power, float(w)) for (i, power), w in zip(trend, solution[1:], strict=False)]
    draft = Draft(d, [])
    pairs = solution[1 + len(trend) :].reshape(-1, 2)
    for wave, (along, across) in zip(waves, pairs, strict=True):
        moved = wave._replace(phase=wave.phase + float(np.arctan2(across, along)))
        edge, _ = insert_feature(draft, len(draft.nodes), moved.feature(row))
        edge.weight = float(np.hypot(along, across))
        edges.append(edge)
    draft.insert(len(draft.nodes), DraftNode("sum", edges, float(solution[0])))
    return draft.prune().build()
