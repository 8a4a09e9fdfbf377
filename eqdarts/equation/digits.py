"""How many digits of its numbers an equation needs on paper: as many as the rows deserve, and not more.

Six digits of 0.3*(year - 2007)**2, multiplied out, are another law: the terms are a million times larger than what is
left of them. So the printed numbers are tried on the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.expression.program import evaluate
from eqdarts.expression.written import MOST_DIGITS, Written, free_numbers, template
from eqdarts.losses import SQUARED, Loss

__all__ = ["DIGITS", "FEWEST", "MOST", "digits_needed"]


DIGITS = 6  # where no rows have said how many are needed
FEWEST, MOST = 4, MOST_DIGITS
LARGEST_RISE = 0.01  # of the loss by rounding
SHIFT = 0.2  # of the coefficients, in standard errors, that the rows hardly notice
EXACT = 1e-9  # residuals below this share of y are rounding errors
MOST_ROWS = 10_000


def digits_needed(
    law: Written,
    constants: Mapping[str, float],
    columns: Mapping[str, Array],
    y: Array,
    weight: Array | None = None,
    loss: Loss = SQUARED,
) -> int | None:
    """Return the fewest significant digits at which the printed equation has the loss of the equation.

    Parameters
    ----------
    law : Written
        The equation as it is printed.
    constants : mapping of str to float
        The names in it that are printed as names and have values.
    columns : mapping of str to ndarray of shape (n,)
        Its inputs. Of more than 10,000 rows only that many, evenly spread, are used.
    y : ndarray of shape (n,)
    weight : ndarray of shape (n,), optional
    loss : Loss, default=SQUARED

    Returns
    -------
    int or None
        From 4 to 17; None if the equation is undefined at a row, or has no number to round.

    Notes
    -----
    Rounding may raise the loss by 1 %, and by no more than 0.04 / n: the coefficients then move by no more than 0.2
    standard errors together. A likelihood may rise by 0.02 nats in all. A fit with residuals below 1e-9 of y is exact.
    """
    picked = spread(len(y), MOST_ROWS)
    rows = {name: column[picked] for name, column in columns.items()}
    y, weight = y[picked], None if weight is None else weight[picked]
    formula, values = template(law, lambda k: f"\0{k}")  # no coefficient, constant or column has such a name
    numbers = dict(zip(values, free_numbers(law), strict=True))
    if not values or not len(y):
        return None
    known = {name: np.asarray(value) for name, value in constants.items()}

    def loss_at(digits: int | None) -> float:
        shown = {name: np.asarray(float(number.shown(digits))) for name, number in numbers.items()}
        return loss.mean(y, evaluate(formula, {**rows, **known, **shown}, len(y)), weight)

    fitted = loss_at(None)
    if not math.isfinite(fitted):
        return None
    most = _largest_loss(fitted, y, weight, loss)
    return next((digits for digits in range(FEWEST, MOST) if loss_at(digits) <= most), MOST)


def _largest_loss(fitted: float, y: Array, weight: Array | None, loss: Loss) -> float:
    """Return the largest mean loss that the printed equation may have."""
    n = len(y) if weight is None else int(np.count_nonzero(weight))
    if loss.is_likelihood:
        return fitted + max(min(LARGEST_RISE * abs(fitted), 0.5 * SHIFT**2 / n), EXACT)
    exact: float = (EXACT * float(np.sqrt(np.mean(y**2)))) ** loss.power
    return max(fitted * (1 + min(LARGEST_RISE, SHIFT**2 / n)), exact)
