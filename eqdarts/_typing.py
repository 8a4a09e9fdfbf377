"""Types that many modules name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Expr", "Ints"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Expr = Any  # sympy.Expr; sympy is imported when the first formula is read
