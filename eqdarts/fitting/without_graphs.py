"""The record of a fit whose laws are not graphs: those with constants by group, and those of a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from eqdarts.equation.equation import Equation
from eqdarts.fitting.known import about_knowledge, held_by
from eqdarts.fitting.run import Run
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.table import Table
from eqdarts.history import SearchHistory
from eqdarts.selection import CRITERIA, Candidate, choice_in_words

__all__ = ["Ranked", "run_without_graphs"]


@dataclass(frozen=True, eq=False)
class Ranked:
    """A front of laws, simplest first.

    Parameters
    ----------
    equations : tuple of Equation
    candidates : sequence of Candidate
    lengths : sequence of float
        In nats; the shortest is chosen.
    free : (Equation, float)
        The law that would be chosen if nothing was known, and its length.
    """

    equations: tuple[Equation, ...]
    candidates: Sequence[Candidate]
    lengths: Sequence[float]
    free: tuple[Equation, float]

    @property
    def chosen(self) -> int:
        """The place of the chosen law."""
        return min(range(len(self.lengths)), key=lambda k: self.lengths[k])

    def as_table(self) -> pd.DataFrame:
        """Return one row for each law: complexity, loss, and score (length minus that of the chosen law)."""
        best = self.lengths[self.chosen]
        return pd.DataFrame(
            {
                "complexity": [candidate.complexity for candidate in self.candidates],
                "loss": [candidate.loss for candidate in self.candidates],
                "score": [length - best for length in self.lengths],
            }
        )

    def in_words(self, settings: FitSettings, n_refits: int, n_rows: float) -> str:
        """Return sentences that say why the law was chosen."""
        texts = [equation.format() for equation in self.equations]
        criterion = CRITERIA[settings.selection].stand_in.name
        return choice_in_words(criterion, self.candidates, self.lengths, texts, n_refits, n_rows)


def run_without_graphs(
    front: Ranked,
    table: Table,
    settings: FitSettings,
    history: SearchHistory,
    words: Sequence[str],
    n_all: int,
    **more: Any,
) -> Run:
    """Return the record of a fit.

    Parameters
    ----------
    front : Ranked
    table : Table
        The rows to which the laws were fitted.
    settings : FitSettings
    history : SearchHistory
    words : sequence of str
        Sentences about the choice; what the knowledge of the user says is added.
    n_all : int
        Number of rows that were given.
    **more
        Further fields of `Run`.
    """
    chosen, n_inputs = front.chosen, len(table.names)
    knowledge = tuple(held_by(equation, table) for equation in front.equations) if table.knowledge else ()
    cost = front.free[0], front.lengths[chosen] - front.free[1]
    return Run(
        equations=front.equations,
        table=front.as_table(),
        chosen=chosen,
        selection=" ".join([*words, *about_knowledge(front.equations, chosen, knowledge, cost)]),
        knowledge=knowledge,
        structure=(),
        rows=replace(table.drawn(np.arange(len(table.y))), n_all=n_all),
        names=table.names,
        named=table.named,
        loss=settings.loss if isinstance(settings.loss, str) else repr(settings.loss),
        x_scale=np.ones(n_inputs),
        y_scale=1.0,
        x_origin=np.zeros(n_inputs),
        logistic=False,
        graph=None,
        members=(),
        kept=(),
        alpha=pd.DataFrame(),
        history=history,
        params=settings.given,
        settings=settings.written(),
        changed=settings.changed,
        **{"snaps": (), **more},
    )
