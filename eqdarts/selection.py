r"""From the Pareto front to the chosen equation, by description length.

With n rows, k coefficients, s symbols of the printed equation out of an alphabet of a, mean squared residual m and
variance v of y, the code for residuals, coefficients and structure takes, in nats and up to a constant,

.. math:: \tfrac n2 \log m + \tfrac k2 \log\left(n\,(1 + v/m)\right) + s \log a

(Rissanen 1978; a coefficient is coded at the precision that the data give it, whose Fisher information grows as n v/m).
The residual code stops at the rounding level of y: below it nothing is gained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Candidate", "description_length", "select"]

ROUNDING = 1e-18  # mean squared residual, as a share of the mean square of y, at which a fit is exact
ALPHABET = 12  # symbols beside the inputs: operators, functions, a number


@dataclass(frozen=True)
class Candidate:
    """What selection looks at: symbols, coefficients and mean squared residual of one equation."""

    complexity: int
    n_coefficients: int
    loss: float


def description_length(
    candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float
) -> float:
    """Return the description length in nats, up to a constant that all equations of one data set share."""
    loss = max(candidate.loss, ROUNDING * mean_square, 1e-300)
    residuals = 0.5 * n_rows * math.log(loss)
    coefficients = 0.5 * candidate.n_coefficients * math.log(1 + n_rows * (1 + variance / loss))
    return residuals + coefficients + candidate.complexity * math.log(ALPHABET + n_inputs)


def select(
    candidates: Sequence[Candidate], n_rows: float, n_inputs: int, mean_square: float, variance: float
) -> tuple[list[int], list[float]]:
    """Return the positions of the front, simplest first, and the description lengths of its members.

    The front has at each complexity the shortest description, and of these the ones that fit better than all simpler.
    """
    lengths = [description_length(c, n_rows, n_inputs, mean_square, variance) for c in candidates]
    shortest: dict[int, int] = {}
    for k, candidate in enumerate(candidates):
        rival = shortest.get(candidate.complexity)
        if math.isfinite(candidate.loss) and (rival is None or lengths[k] < lengths[rival]):
            shortest[candidate.complexity] = k
    front: list[int] = []
    for complexity in sorted(shortest):
        k = shortest[complexity]
        if not front or candidates[k].loss < candidates[front[-1]].loss:
            front.append(k)
    return front, [lengths[k] for k in front]
