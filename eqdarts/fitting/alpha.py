"""What is said of the chosen graph: the evidence for each primitive on each edge, and structure of the law."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eqdarts.data import Data, draw_rows
from eqdarts.evidence.edges import Evidence, evidence
from eqdarts.evidence.structure import Finding, findings
from eqdarts.fitting.choice import Front, choose
from eqdarts.fitting.front import refit_front
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import Primitive
from eqdarts.search.problem import Rows, training_problem
from eqdarts.selection import CRITERIA

__all__ = ["Alpha", "structure_of"]

MOST_ROWS = 1000
MOST_SWAPS = 3
ROWS_OF_STRUCTURE = 150  # times eight for a smooth model


class Alpha:
    """Weighs the primitives of chosen graphs on at most 1000 of the rows that their coefficients come from.

    Parameters
    ----------
    data : Data
    rows : ndarray of int
    table : Table
    primitives : sequence of Primitive
    criterion : str
        A key of `eqdarts.selection.CRITERIA`; the BIC stands in for the loss on rows that are held back.
    rng : numpy.random.Generator
    """

    def __init__(
        self,
        data: Data,
        rows: NDArray[np.intp],
        table: Table,
        primitives: Sequence[Primitive],
        criterion: str,
        rng: np.random.Generator,
    ) -> None:
        self.data, self.rows, self.table, self.primitives, self.rng = data, rows, table, primitives, rng
        self.criterion = CRITERIA[criterion].stand_in.name
        self.swaps = self.criterion == criterion  # what was chosen by rows held back is not chosen again without them
        few = draw_rows(rows, MOST_ROWS, rng)
        self.seen = Rows(data.X[few], data.y[few], data.weight[few])

    def of(self, front: Front) -> Evidence:
        """Return the evidence at the chosen graph."""
        target = "y" if self.table.target is None else self.table.target
        chosen = front.members[front.chosen]
        return evidence(chosen, self.seen, self.primitives, self.table.names, target, self.criterion)

    def settled(self, front: Front, go_on: Callable[[], bool]) -> tuple[Front, Evidence]:
        """Choose again with the best swap on the front, as long as it is chosen and `go_on` says so."""
        found = self.of(front)
        for _ in range(MOST_SWAPS):
            if not self.swaps or found.better is None or not go_on():
                break
            (better,) = refit_front([found.better], self.data, self.rows, self.rng)
            members = [*front.members, better]
            new = choose(members, self.data, self.table, self.primitives, self.criterion)
            if new.members[new.chosen].graph == front.members[front.chosen].graph:
                break
            front, found = new, self.of(new)
        return front, found


def structure_of(
    front: Front, data: Data, table: Table, rng: np.random.Generator, logistic: bool = False
) -> tuple[Finding, ...]:
    """Return the structures of the chosen graph and of the data; of the log odds if the law is a probability."""
    target = "y" if table.target is None else table.target
    problem = training_problem(data, ROWS_OF_STRUCTURE, rng)
    chosen = front.members[front.chosen]
    return findings(problem, chosen, table.names, f"logit({target})" if logistic else target, rng)
