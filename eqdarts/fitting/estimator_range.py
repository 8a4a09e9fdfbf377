"""What a fitted estimator says about the range of its rows: extrapolation, and poles inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from eqdarts.equation.ranges import MARGIN
from eqdarts.equation.singularities import Singularities, singularities_in_range

__all__ = ["RangeMixin"]


class RangeMixin:
    """Where the equations of the front were learned, and where they may not be trusted."""

    def outside(self: Any, X: Any, index: int | None = None, margin: float = MARGIN) -> NDArray[np.bool_]:
        """Return which rows lie outside the range of the training rows, in an input that is in the equation.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        margin : float, default=0.05
            How far outside is not outside yet, as a share of the width of the range. `predict` warns at 0.05.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self._equation(index).outside(X, margin))

    def singularities(self: Any, index: int | None = None) -> Singularities:
        """Return the poles of an equation inside the range of the training rows, and where it is undefined there.

        Parameters
        ----------
        index : int, optional
            A row of `equations_`. Default: the chosen one.

        Returns
        -------
        Singularities
            Its `status` is "none" (proved by interval arithmetic), "found" or "unknown".
        """
        check_is_fitted(self)
        return singularities_in_range(self._equation(index))
