"""Regret: whether a law that a search missed is chosen when the law is given to it.

If it is, the search is to blame. If it is not, the choice prefers another equation, and no search could do better.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.benchmark.found import Found, law_on_front
from eqdarts.benchmark.judge import is_recovered
from eqdarts.benchmark.problems import Problem

__all__ = ["REGRET_COLUMNS", "nats_behind", "regret_row"]

REGRET_COLUMNS = ("regret", "regret_nats", "regret_cpu_s", "regret_equation")
ROUGH = 1e-4  # relative change of the law's numbers before they are fitted


def regret_row(found: Found, model: Any, problem: Problem, noise: float, X: Array, y: Array) -> dict[str, Any]:
    """Return the columns of regret for a fit that had the law as a guess.

    Parameters
    ----------
    found : Found
    model : DARTSRegressor
        The estimator that found it.
    problem : Problem
    noise : float
    X, y : ndarray of shape (n, d) and (n,)
        The rows that were fitted.

    Returns
    -------
    dict
        "regret" is "search" if the law is chosen, else "choice", and "regret_nats" says by how many nats its
        description is longer than that of the equation chosen instead.
    """
    row = {"regret_cpu_s": found.record["cpu_s"], "regret_equation": str(found.equation)}
    if is_recovered(found.equation, problem, noisy=noise > 0):
        return {**row, "regret": "search", "regret_nats": 0.0}
    shortest_first = sorted(range(len(found.front)), key=lambda k: found.scores[k])
    place = law_on_front(found, problem, noise, y, shortest_first)
    # The law may be dominated, and then it has no score.
    nats = nats_behind(model, problem, X, y) if place is None else found.scores[place]
    return {**row, "regret": "choice", "regret_nats": nats}


def nats_behind(model: Any, problem: Problem, X: Array, y: Array) -> float | None:
    """Return by how many nats the law's description is longer than the chosen equation's, or None if it is not known.

    Both are fitted to the rows as graphs, as the search has them: with a factor of their own, and before constants
    became exact.
    """
    import pandas as pd

    from eqdarts.equation.equation import Equation
    from eqdarts.equation.ranges import MARGIN
    from eqdarts.equation.singularities import find_brink, find_singularities
    from eqdarts.equation.to_graph import graph_of_formula
    from eqdarts.primitives.table import resolve
    from eqdarts.selection import Candidate, description_length, singularity_price, structure_length

    names = problem.variables
    frame = pd.DataFrame(X, columns=list(names))
    box = {name: (float(column.min()), float(column.max())) for name, column in zip(names, X.T, strict=True)}
    primitives, scales = resolve(model.primitives), model.run_.scales

    def described(graph: Any, coefficients: Any) -> float:
        equation = Equation.from_graph(graph, coefficients, scales, names, rows=X)
        equation = equation.fit(frame, y)
        loss = float(np.mean((equation.predict(X) - y) ** 2))
        pole = find_singularities(equation, box).pole
        candidate = Candidate(
            equation.complexity, len(equation.coefficients), loss, structure_length(graph, primitives),
            pole=pole, brink="" if pole else find_brink(equation, box, MARGIN),
        )  # fmt: skip
        length = description_length(candidate, len(y), X.shape[1], float(np.mean(y**2)), float(np.var(y)))
        return length + singularity_price(candidate, len(y))

    try:
        law, numbers = graph_of_formula(problem.expr, {}, names, scales)
        # Numbers that are exactly 1 would be left out of the equation, and the search fits them.
        rough = np.array(numbers) * (1 + ROUGH * np.random.default_rng(0).normal(size=len(numbers)))
        nats = described(law, rough.tolist()) - described(model.graph_, model.graph_coefficients_)
    except (ValueError, RuntimeError):
        return None
    return max(nats, 0.0) if np.isfinite(nats) else None
