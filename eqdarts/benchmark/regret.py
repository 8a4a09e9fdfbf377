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

    The law is fitted to the rows and described as the search would describe it. Prices of singularities and what exact
    constants save are left out on both sides.
    """
    import pandas as pd

    from eqdarts.equation.equation import Equation
    from eqdarts.equation.to_graph import graph_of_formula
    from eqdarts.primitives.table import resolve
    from eqdarts.selection import Candidate, description_length, structure_length

    primitives = resolve(model.primitives)
    scales = model.x_scale_.tolist(), float(model.y_scale_)

    def length(equation: Equation, graph: Any) -> float:
        loss = float(np.mean((equation.predict(X) - y) ** 2))
        structure = structure_length(graph, primitives)
        candidate = Candidate(equation.complexity, len(equation.coefficients), loss, structure)
        return description_length(candidate, len(y), X.shape[1], float(np.mean(y**2)), float(np.var(y)))

    frame = pd.DataFrame(X, columns=list(problem.variables))
    try:
        law = Equation.parse(problem.expression, variables=problem.variables).fit(frame, y)
        graph, _ = graph_of_formula(law.expr, {}, problem.variables, *scales)
        nats = length(law, graph) - length(model.equation_, model.graph_)
    except (ValueError, RuntimeError):
        return None
    return max(nats, 0.0) if np.isfinite(nats) else None
