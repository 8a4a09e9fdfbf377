"""The law from another side: a table with an input as its response, and the relation found there solved for the target.

A law is a relation between columns, and it may be short from one side only: an input that stands under a root, a sum
and a square in the law is itself a plain product of the others. So the search climbs in the same rows with that input
as the target; what is found is solved for the target as a graph, and each branch is refitted on the data as given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from eqdarts._typing import Array
from eqdarts.data import moments
from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import Start
from eqdarts.graph.inverted import solved_for
from eqdarts.graph.rewrites import shortened
from eqdarts.search.evaluator import Trials
from eqdarts.search.problem import Problem, Rows
from eqdarts.search.smooth import fit_smooth

__all__ = ["Side", "places_to_look_from", "seen_from"]

FEWEST_VALUES = 12  # of an input that may be a response
MOST_INPUTS, FEWEST_ROWS = 9, 50  # beyond these there are too many sides, or too little to tell a law from noise
NEAR = 0.03  # loss of a relation that is worth a solution


@dataclass
class Side:
    """One input as the response.

    Parameters
    ----------
    place : int
        The input. In the rows of `trials` the target stands in its place.
    trials : Trials
    climb : callable
        Gives the search on these rows a round.
    """

    place: int
    trials: Trials
    climb: Callable[[], None]
    seen: set[int] = field(default_factory=set)

    @property
    def loss(self) -> float:
        """The best loss, infinite if there is none."""
        return self.trials.archive.best_loss

    def solutions(self) -> Iterator[Start]:
        """Yield the relations found since the last call, solved for the target, the best first."""
        new = [m for m in self.trials.archive.front() if m.loss < NEAR and id(m) not in self.seen]
        self.seen.update(map(id, new))
        for member in sorted(new, key=lambda m: m.loss):
            for solution in solved_for(Draft.from_graph(member.graph, member.coefficients), self.place):
                graph, coefficients = shortened(solution).build()
                if all(map(math.isfinite, coefficients)):
                    yield graph, coefficients


def places_to_look_from(problem: Problem, has_time: Callable[[], bool]) -> list[int]:
    """Return the inputs that may be responses, those of which a smooth model leaves least first."""
    losses: list[tuple[float, int]] = []
    is_small = 1 < problem.n_inputs <= MOST_INPUTS and len(problem.train.y) >= FEWEST_ROWS
    for place in range(problem.n_inputs) if is_small else ():
        if not has_time():
            break
        other = seen_from(problem, place)
        smooth = None if other is None else fit_smooth(other.wide, other.held)
        if smooth is not None:
            losses.append((smooth.loss, place))
    return [place for _, place in sorted(losses)]


def seen_from(problem: Problem, place: int) -> Problem | None:
    """Return the problem of an input, with the target among the inputs; None for an input of few values."""
    if len(np.unique(problem.wide.X[:, place])) < FEWEST_VALUES:
        return None

    def turned(rows: Rows) -> Rows:
        X: Array = rows.X.copy()
        X[:, place] = rows.y
        return Rows(X, rows.X[:, place].copy(), rows.weight)

    units = problem.units.copy()
    units[place] = problem.y_unit
    return replace(
        problem,
        train=turned(problem.train),
        held=turned(problem.held),
        wide=turned(problem.wide),
        variance=max(moments(problem.wide.X[:, place], problem.wide.weight)[1], 1e-300),
        units=units,
        y_unit=float(problem.units[place]),
    )
