"""The result of a method, and the equation of its front that is the law."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.benchmark.judge import judge, normalised_error, within
from eqdarts.benchmark.problems import Problem

__all__ = ["Found", "law_on_front"]

SECONDS_FOR_FRONT = 40.0
LIKE_NOISE = 0.25  # clean error of a front member, as a share of the noise's variance, up to which it may be the law


@dataclass(frozen=True)
class Found:
    """The result of a method: the chosen equation and the front (text or expressions), and what it took.

    Parameters
    ----------
    equation : str, sympy.Expr or Equation
    front : sequence of the same
    record : dict
        What the row of results says of the run.
    scores : sequence of float
        For each equation of the front the nats by which its description is longer than that of the chosen one; empty
        where the method has none.
    """

    equation: Any
    front: Sequence[Any]
    record: dict[str, Any]
    scores: Sequence[float] = ()


def law_on_front(
    found: Found, problem: Problem, noise: float, y: Array, order: Iterable[int] | None = None
) -> int | None:
    """Return the position of the first equation of the front that is the law, within the seconds set aside for that.

    Parameters
    ----------
    found : Found
    problem : Problem
    noise : float
        As in `Problem.sample`.
    y : ndarray of shape (n,)
        The targets that were fitted.
    order : iterable of int, optional
        The positions in the order to look at them. Default: from the last, which fits best.

    Notes
    -----
    After noisy data only equations whose error on clean rows is that of a fit to noise are looked at: each needs a
    refit.
    """
    X, clean = problem.box(500, 0)
    limit = LIKE_NOISE * noise**2 * float(np.mean(y**2)) / (float(np.var(clean)) or 1.0) if noise else math.inf
    try:
        with within(SECONDS_FOR_FRONT):
            for k in reversed(range(len(found.front))) if order is None else order:
                member = found.front[k]
                if noise and not _error(member, problem, X, clean) <= limit:
                    continue
                if judge(member, problem, noisy=noise > 0).recovered:
                    return k
    except TimeoutError:
        pass
    return None


def _error(member: Any, problem: Problem, X: Array, y: Array) -> float:
    from eqdarts.equation.equation import Equation

    equation = Equation.parse(member, problem.variables) if isinstance(member, str) else member
    return normalised_error(equation.predict(X), y, 0.9)
