"""The rows in dimensionless groups: what the units of the columns leave of a search.

If no constant of the law has a unit, the target divided by a product of powers is a function of a few groups of the
inputs (Buckingham's theorem). If one has, there are more groups, and which they are depends on its unit. A smooth model
of the rows says whether either is so, and which unit that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from eqdarts.data import Data
from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.rewrites import shortened
from eqdarts.search.compared import FEWEST_ROWS, MOST_INPUTS, likely_by_units
from eqdarts.search.problem import Problem, training_problem
from eqdarts.search.smooth import fit_smooth
from eqdarts.search.smooth_evidence import best_fits, rows_of
from eqdarts.search.structure import Reduction, reduce, reduced_by_units

__all__ = ["InGroups", "in_groups"]

MOST_ROWS = 125  # times eight for a smooth model


@dataclass(frozen=True, eq=False)
class InGroups:
    """The rows in groups.

    Parameters
    ----------
    data : Data
    reduction : Reduction
        The groups, of the scaled inputs of the rows as given.
    given : Data
        The rows as given.
    is_noisy : bool
        Whether a smooth model of the rows as given says so.
    """

    data: Data
    reduction: Reduction
    given: Data
    is_noisy: bool

    @property
    def variance(self) -> float:
        """The loss of the best constant, in the scaled target of the rows as given."""
        X = np.asarray(self.given.X[np.arange(len(self.given.y))])
        share = np.average(self.reduction.prefactor(X) ** 2, weights=self.given.weight)
        return float(self.data.variance * share)

    def lifted(self, member: FittedGraph) -> Start:
        """Return a graph of the groups as one of the inputs."""
        draft = self.reduction.lift(Draft.from_graph(member.graph, member.coefficients), self.given.n_inputs)
        return shortened(draft.prune()).build()


def in_groups(data: Data, rng: np.random.Generator) -> InGroups | None:
    """Return the rows in the groups that their units imply; None if the rows contradict them, or there are none."""
    if data.dimensions is None or (data.origin is not None and data.origin.any()):
        return None
    problem = training_problem(data, MOST_ROWS, rng)
    for reduction in _borne_out(problem):
        # The scales of the groups are those of all rows that the search may see.
        reduced = reduce(replace(problem, train=problem.wide), reduction)
        if reduced is None or (rows := _applied(data, reduced[1])) is None:
            continue
        smooth = fit_smooth(problem.wide, problem.held)
        return InGroups(rows, reduced[1], data, smooth is not None and smooth.is_noisy)
    return None


def _borne_out(problem: Problem) -> Iterator[Reduction]:
    """Yield the reduction by units with the most evidence, if that is more than without any."""
    plain = reduced_by_units(problem.train.X, problem.dimensions) if problem.dimensions is not None else None
    if problem.n_inputs > MOST_INPUTS or len(rows_of(problem)[1]) < FEWEST_ROWS:
        if plain is not None:
            yield plain
        return
    fits = best_fits(problem)
    if not fits:
        return
    judged: list[tuple[float, int, Reduction]] = []
    for k, (price, reduction) in enumerate(likely_by_units(problem, fits[0])):
        if price and not _keeps_inputs(reduction, problem.n_inputs):
            continue
        reduced = reduce(problem, reduction)
        own = best_fits(reduced[0]) if reduced is not None else []
        if own and own[0].evidence - price >= fits[0].evidence:
            judged.append((price - own[0].evidence, k, reduction))
    yield from (reduction for _, _, reduction in sorted(judged, key=lambda row: row[:2])[:1])


def _keeps_inputs(reduction: Reduction, n_inputs: int) -> bool:
    """Whether every input is in a group or in the divisor: that one does not matter, no unit of a constant implies."""
    used = {i for part in (*reduction.groups, reduction.prefactor) for i, _ in part.parts}
    return len(used) == n_inputs


def _applied(data: Data, reduction: Reduction) -> Data | None:
    """Return all rows in groups; weights take the divisor of the target up, so that losses are those of the rows."""
    X = np.asarray(data.X[np.arange(len(data.y))])
    with np.errstate(all="ignore"):
        groups = np.stack([group(X) for group in reduction.groups], axis=1)
        factor = reduction.prefactor(X)
        y, weight = data.y / factor, data.weight * factor**2
    if not (np.isfinite(groups).all() and np.isfinite(y).all() and np.isfinite(weight).all() and weight.any()):
        return None
    units = np.array([group.unit(data.x_scale) for group in reduction.groups])
    y_unit = data.y_scale / reduction.prefactor.unit(data.x_scale)
    left = None if data.dimensions is None else reduction.dimensions(data.dimensions)
    names = tuple(f"group {k + 1}" for k in range(len(units)))
    rows = replace(data, X=groups, y=y, weight=weight / weight.mean(), x_scale=units, y_scale=y_unit)
    return replace(rows, origin=None, dimensions=left, seen_as=names)
