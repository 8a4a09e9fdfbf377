"""Problems of noisy laws that the tests of reductions and parts use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqdarts.data import prepare
from eqdarts.search.problem import Problem, training_problem
from tests.helpers import Array

Formula = Callable[..., Array]


def noisy(law: Formula, d: int, noise: float = 0.1, n: int = 600, low: float = 0.5, high: float = 3.0) -> Problem:
    """Return the problem of n rows of a law of d inputs, the noise being a share of its root mean square."""
    rng = np.random.default_rng(3)
    X = rng.uniform(low, high, (n, d))
    f = law(*X.T)
    y = f + noise * np.sqrt(np.mean(f**2)) * rng.normal(size=n)
    return training_problem(prepare(X, y, None, 0.25, rng), 150, rng)
