r"""From the Pareto front to the chosen equation, by description length.

With n rows, k coefficients, s symbols of the printed equation out of an alphabet of a, and mean squared residual m, the
code for residuals, coefficients and structure takes, in nats and up to a constant,

.. math:: \tfrac n2 \log m + \tfrac k2 \log n + s \log a

(Rissanen 1978). The residual code stops at the rounding level of y: below it nothing is gained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Candidate", "choose", "description_length", "pareto"]

ROUNDING = 1e-18  # mean squared residual, as a share of the mean square of y, at which a fit is exact
ALPHABET = 12  # symbols beside the inputs: operators, functions, a number


@dataclass(frozen=True)
class Candidate:
    """What selection looks at: symbols, coefficients and mean squared residual of one equation."""

    complexity: int
    n_coefficients: int
    loss: float


def description_length(candidate: Candidate, n_rows: int, n_inputs: int, mean_square: float) -> float:
    """Return the description length in nats, up to a constant that all equations of one data set share."""
    floor = max(ROUNDING * mean_square, 1e-300)
    residuals = 0.5 * n_rows * math.log(max(candidate.loss, floor))
    coefficients = 0.5 * candidate.n_coefficients * math.log(max(n_rows, 2))
    return residuals + coefficients + candidate.complexity * math.log(ALPHABET + n_inputs)


def pareto(candidates: Sequence[Candidate]) -> list[int]:
    """Return the positions of the candidates that no other one equals with no more symbols, simplest first."""
    front: list[int] = []
    for k in sorted(range(len(candidates)), key=lambda k: (candidates[k].complexity, candidates[k].loss)):
        if math.isfinite(candidates[k].loss) and (not front or candidates[k].loss < candidates[front[-1]].loss):
            front.append(k)
    return front


def choose(candidates: Sequence[Candidate], n_rows: int, n_inputs: int, mean_square: float) -> tuple[int, list[float]]:
    """Return the position of the shortest description, ties to the simpler, and all description lengths."""
    lengths = [description_length(c, n_rows, n_inputs, mean_square) for c in candidates]
    return min(range(len(candidates)), key=lambda k: (lengths[k], candidates[k].complexity)), lengths
