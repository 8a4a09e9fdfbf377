"""From refitted graphs to the table of equations: the front, the chosen one, and its constants made exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from eqdarts.data import Data, FitRows
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.fitting.table import Table
from eqdarts.graph.fitted import FittedGraph
from eqdarts.inference.constants import Snap, snap_constants
from eqdarts.inference.constants_exponents import exponent_snaps
from eqdarts.losses import SQUARED
from eqdarts.primitives.table import Primitive
from eqdarts.selection import Candidate, choice_in_words, select, structure_length

if TYPE_CHECKING:
    from eqdarts.fitting.by_loss import Reweighting

__all__ = ["Front", "choose", "snap_chosen"]


LEAST_WRITTEN = 20  # members that are written however late it is: a choice of few is none


@dataclass(frozen=True, eq=False)
class Front:
    """The Pareto front, simplest first, and which of its members was chosen."""

    members: tuple[FittedGraph, ...]
    equations: tuple[Equation, ...]
    candidates: tuple[Candidate, ...]
    lengths: tuple[float, ...]  # by the criterion, in nats, before constants became exact
    chosen: int

    def with_chosen(self, equation: Equation, candidate: Candidate) -> Front:
        """Return the front with the chosen equation in another form, without members that are then no better."""
        equations, candidates = list(self.equations), list(self.candidates)
        equations[self.chosen], candidates[self.chosen] = equation, candidate

        def is_needed(k: int) -> bool:
            other = candidates[k]
            worse = other.complexity >= candidate.complexity and other.loss >= candidate.loss
            return k == self.chosen or not worse

        order = sorted(filter(is_needed, range(len(equations))), key=lambda k: candidates[k].complexity)
        return Front(
            tuple(self.members[k] for k in order),
            tuple(equations[k] for k in order),
            tuple(candidates[k] for k in order),
            tuple(self.lengths[k] for k in order),
            order.index(self.chosen),
        )

    def as_table(self) -> pd.DataFrame:
        """Return the front as `equations_` shows it."""
        return pd.DataFrame(
            {
                "complexity": [c.complexity for c in self.candidates],
                "loss": [c.loss for c in self.candidates],
                "score": [length - self.lengths[self.chosen] for length in self.lengths],
                "equation": [str(equation) for equation in self.equations],
                "latex": [equation.latex() for equation in self.equations],
                "chosen": [k == self.chosen for k in range(len(self.equations))],
            }
        )

    def in_words(self, criterion: str, n_refits: int, n_rows: float) -> str:
        """Say why the chosen equation was chosen."""
        texts = [equation.format() for equation in self.equations]
        return choice_in_words(criterion, self.candidates, self.lengths, texts, n_refits, n_rows)


def choose(
    members: Sequence[FittedGraph],
    data: Data,
    table: Table,
    primitives: Sequence[Primitive],
    criterion: str,
    held_out: Sequence[float] | None = None,
    reweighting: Reweighting | None = None,
    go_on: Callable[[], bool] = lambda: True,
    in_time: Callable[[], bool] = lambda: True,
) -> Front:
    """Write the members as equations, and choose.

    Parameters
    ----------
    members : sequence of FittedGraph
    data : Data
    table : Table
    primitives : sequence of Primitive
        Those that the search could use.
    criterion : str
        A key of `eqdarts.selection.CRITERIA`.
    held_out : sequence of float, optional
        Mean squared residual of each member on the rows that are held back.
    reweighting : Reweighting, optional
        What fits the equations again by another loss than squares.
    go_on : callable, optional
        Whether there may be more members than have been looked at; the promising come first.
    in_time : callable, optional
        Whether there is time for more than the `LEAST_WRITTEN` most promising.
    """
    n_rows = table.n_rows
    looked_at: dict[int, tuple[FittedGraph, Equation, Candidate]] = {}
    for k in sorted(range(len(members)), key=lambda k: _promise(members[k], n_rows)):
        if looked_at and (not go_on() or (len(looked_at) >= LEAST_WRITTEN and not in_time())):
            break
        member = members[k]
        equation = _equation(member, data, table)
        if equation is not None:
            structure = structure_length(member.graph, primitives)
            if reweighting is None:
                candidate = _candidate(equation, structure, table)
            else:
                equation = reweighting.fit(reweighting.written(equation), rough=True)
                candidate = _on_range(reweighting.candidate(equation, structure), equation, table)
            if held_out is not None:
                candidate = replace(candidate, held_out=held_out[k], n_held_out=len(data.validation))
            looked_at[k] = member, equation, candidate
    found = [looked_at[k] for k in sorted(looked_at)]
    candidates = [candidate for _, _, candidate in found]
    mean_square = float(np.average(table.y**2, weights=table.weight))
    variance = data.variance * data.y_scale**2
    front, lengths = select(candidates, n_rows, data.n_inputs, mean_square, variance, criterion)
    chosen = min(range(len(front)), key=lambda k: lengths[k])
    return Front(
        tuple(found[k][0] for k in front),
        tuple(found[k][1] for k in front),
        tuple(candidates[k] for k in front),
        tuple(lengths),
        chosen,
    )


def snap_chosen(
    front: Front,
    table: Table,
    rows: FitRows,
    constants: Mapping[str, float],
    primitives: Sequence[Primitive],
    go_on: Callable[[], bool] = lambda: True,
) -> tuple[Front, tuple[Snap, ...]]:
    """Make the constants of the chosen equation exact where its description does not become longer.

    Returns
    -------
    Front
        With the new equation and its loss on all rows in the place of the old one.
    tuple of Snap
        First of the exponents that the search itself has made exact.
    """
    old, given = front.equations[front.chosen], (rows.X, rows.y, rows.weight, rows.sigma)
    usual = {row.exponent for row in primitives if row.exponent is not None}
    exponents = exponent_snaps(old, *given, usual, go_on)
    found = snap_constants(old, *given, constants, go_on)
    candidate = _candidate(found.equation, front.candidates[front.chosen].structure, table)
    if not found.snaps or not math.isfinite(candidate.loss):  # undefined at a row that is not among `rows`
        return front, exponents
    return front.with_chosen(found.equation, candidate), (*exponents, *found.snaps)


def _promise(member: FittedGraph, n_rows: float) -> float:
    """Return a rough description length."""
    return 0.5 * n_rows * math.log(max(member.loss, 1e-24)) + 2.0 * member.graph.complexity


def _equation(member: FittedGraph, data: Data, table: Table) -> Equation | None:
    """Return the member's equation, None where folding its numbers leaves the real line."""
    scales = data.x_scale, data.y_scale
    try:
        return Equation.from_graph(
            member.graph, member.coefficients, scales, table.names, table.target, rows=table.telling
        )
    except FormulaError:
        return None


def _candidate(equation: Equation, structure: float | None, table: Table) -> Candidate:
    loss = SQUARED.mean(table.y, table.predicted(equation), table.weight)
    candidate = Candidate(equation.complexity, len(equation.coefficients), loss, structure, noise=table.noise)
    return _on_range(candidate, equation, table)


def _on_range(candidate: Candidate, equation: Equation, table: Table) -> Candidate:
    """Return the candidate with what is singular inside the range of the rows and a little outside."""
    pole = table.pole(equation)
    return replace(candidate, pole=pole, brink="" if pole else table.brink(equation))
