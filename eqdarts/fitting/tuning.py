r"""How finely the coefficients of a fitted graph are tuned: the price of huge terms that cancel.

The description length codes each coefficient as precisely as the rows give a term of the size of y: with n rows and a
residual mean square m at the cost :math:`\tfrac12 \log(n v / m)`. A coefficient theta whose own effect on the
prediction, :math:`\theta\, \partial f / \partial \theta`, is larger than y by a factor t has to be known t times more
precisely, and costs :math:`\log t` nats more: its size in standard errors is what the rows say of it (Bartlett, Desmond
and Ferreira 2022). A logarithm that is written as the difference of two huge powers pays for the cancellation; a
coefficient of an ordinary term pays nothing.

A fitted exponent beyond two pays for its size in the same way, whatever the unit of its input: near the unit the power
of any exponent is one, and `x**18` would seem to be no finer tuned than `x**2`.

The effects are those on scaled rows, so that they do not depend on the units of the inputs.

Axes: G graphs, K coefficients, N rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqdarts.data import Data
from eqdarts.equation.equation import Equation
from eqdarts.graph.fitted import FittedGraph

__all__ = ["price_of_exponents", "tuning_prices"]

USUAL_EXPONENT = 2.0

MOST_ROWS = 500
MOST_NUMBERS = 2**22  # in the Jacobian (G, K, N) of one batch


def tuning_prices(members: Sequence[FittedGraph], data: Data) -> list[float]:
    """Return the nats that the coefficients of each graph cost beyond the usual; infinite where it is undefined.

    Parameters
    ----------
    members : sequence of FittedGraph
    data : Data
        At most 500 of the rows with weight, evenly spread, are looked at.
    """
    import torch

    from eqdarts.solver.batch import Batch

    rows = np.flatnonzero(data.weight > 0)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(np.intp)]
    weight = data.weight[rows] / data.weight[rows].sum()
    size = float(np.sqrt(data.y[rows] ** 2 @ weight))
    X, share = torch.from_numpy(data.X[rows]), torch.from_numpy(weight)
    prices: list[float] = []
    most = max((member.graph.n_coefficients for member in members), default=1)
    at_once = max(MOST_NUMBERS // (max(most, 1) * len(rows)), 1)
    for first in range(0, len(members), at_once):
        part = members[first : first + at_once]
        batch = Batch([member.graph for member in part], X)
        theta = batch.pad([member.coefficients for member in part])
        _, jacobian = batch.evaluate(theta)
        effect = theta.abs() * (jacobian.square() @ share).sqrt()  # (G, K)
        excess = (effect / max(size, 1e-300)).clamp(min=1.0).log().nan_to_num(nan=torch.inf)
        prices += excess.sum(1).tolist()
    return prices


def price_of_exponents(equation: Equation) -> float:
    """Return the nats for the fitted exponents of an equation that are larger than usual."""
    import sympy

    powers = (power for power in equation.expr.atoms(sympy.Pow) if power.base.free_symbols)
    sizes = {abs(float(power.exp)) for power in powers if isinstance(power.exp, sympy.Float)}
    return float(sum(np.log(max(size / USUAL_EXPONENT, 1.0)) for size in sizes))
