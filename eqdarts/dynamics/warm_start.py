"""A warm start: the laws that an earlier fit has found are fitted to new runs in any case."""

from __future__ import annotations

from collections.abc import Sequence

from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.record import DynamicsRun
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.dynamics.variants import law_of
from eqdarts.primitives.table import Primitive

__all__ = ["laws_on_fronts"]


def laws_on_fronts(run: DynamicsRun, data: Trajectories, primitives: Sequence[Primitive]) -> list[list[Law]]:
    """Return the laws on the front of each state, the chosen one first, as far as they are laws of these columns."""
    found = []
    for ones in run.front:
        ordered = sorted(ones, key=lambda one: (not one.chosen, one.score))
        usable = [one for one in ordered if set(map(str, one.equation.expr.free_symbols)) <= set(data.variables)]
        laws = (law_of(one.equation.expr, data.variables, primitives) for one in usable)
        found.append([law for law in laws if law is not None])
    return found
