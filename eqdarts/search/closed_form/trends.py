r"""Waves on a trend: a polynomial in one input, and waves of the same input, one after the other.

.. math:: y = \sum_{k \le K} c_k x_i^k + \sum_{j \ne i} w_j x_j + \sum_m A_m \sin(\omega_m x_i + \phi_m)

for degrees K from 0 to 3. The frequencies come from the periodogram of what the trend and the waves so far leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import Primitive, fixed_power
from eqdarts.search.growth.periodogram import Periodogram, Wave
from eqdarts.search.least_squares import least_squares
from eqdarts.search.problem import Rows

__all__ = ["wave_starts"]

DEGREES = (0, 1, 2, 3)
MOST_WAVES = 3
MOST_INPUTS = 6  # with more inputs there is no trend in the others


def wave_starts(rows: Rows, primitives: tuple[Primitive, ...], limits: list[float]) -> Iterator[Start]:
    """Yield polynomials with one, two and three waves, for each input.

    Parameters
    ----------
    rows : Rows
    primitives : tuple of Primitive
        What the search may use: without a sine or cosine there is nothing to yield.
    limits : list of float
        The largest number of periods that each input can show.
    """
    waves = [row for row in primitives if row.oscillates]
    d = rows.X.shape[1]
    if not waves:
        return
    for i in range(d):
        if not limits[i]:
            continue
        alone = Periodogram(rows.X[:, [i]], rows.weight, [limits[i]])
        others = [j for j in range(d) if j != i and np.ptp(rows.X[:, j]) > 0] if d <= MOST_INPUTS else []
        for degree in DEGREES:
            powers = [fixed_power(Fraction(k)) for k in range(1, degree + 1)]
            if set(powers) <= {LINEAR, *primitives}:
                yield from _on_trend(rows, i, others, powers, alone, waves[0])


def _on_trend(
    rows: Rows, i: int, others: list[int], powers: list[Primitive], alone: Periodogram, row: Primitive
) -> Iterator[Start]:
    """Yield a trend with more and more waves, as long as the residual has any."""
    x, root = rows.X[:, i], np.sqrt(rows.weight)
    trend = [(i, power) for power in powers] + [(j, LINEAR) for j in others]
    columns = [np.ones(len(x)), *(x ** (k + 1) for k in range(len(powers))), *(rows.X[:, j] for j in others)]
    found: list[Wave] = []
    for _ in range(MOST_WAVES):
        design = np.stack(columns, axis=1)
        residual = rows.y - design @ _weights(design, rows.y, root)
        peaks = alone.peaks(residual, 1)
        if not peaks:
            return
        found.append(peaks[0]._replace(source=i))
        angle = found[-1].frequency * x + found[-1].phase
        columns += [np.sin(angle), np.cos(angle)]
        solution = _weights(np.stack(columns, axis=1), rows.y, root)
        yield _built(rows.X.shape[1], trend, found, solution, row)


def _weights(design: Array, y: Array, root: Array) -> Array:
    size = np.sqrt(np.mean(design**2, axis=0))
    size[size == 0] = 1.0
    return least_squares(design / size * root[:, None], y * root) / size


def _built(d: int, trend: list[tuple[int, Primitive]], waves: list[Wave], solution: Array, row: Primitive) -> Start:
    """Return the sum as a start; a wave's sine and cosine are gathered into one sine."""
    edges = [DraftEdge(i, power, float(w)) for (i, power), w in zip(trend, solution[1:], strict=False)]
    draft = Draft(d, [])
    pairs = solution[1 + len(trend) :].reshape(-1, 2)
    for wave, (along, across) in zip(waves, pairs, strict=True):
        moved = wave._replace(phase=wave.phase + float(np.arctan2(across, along)))
        node, edge = moved.edges(row, d + len(draft.nodes))
        draft.insert(len(draft.nodes), node)
        edge.weight = float(np.hypot(along, across))
        edges.append(edge)
    draft.insert(len(draft.nodes), DraftNode("sum", edges, float(solution[0])))
    return draft.prune().build()
