"""Islands of the relaxed search: supernets trained on one form of the problem, behind one outer function after another.

The data as given and every reduced form of them are islands, as in the default search. A round trains one supernet on
what stands inside of an outer function, and refits what it proposes, behind that function, on the island's own rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.data import Data
from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.graph.rewrites import shortened
from eqdarts.search.closed_form.outer import behind
from eqdarts.search.evaluator import EXACT, SCREEN
from eqdarts.search.growth.moves import deletions
from eqdarts.search.implicit.island import Island, score
from eqdarts.search.problem import Problem
from eqdarts.search.relaxed.training import TrainedSupernet, train_supernet
from eqdarts.search.running import Running
from eqdarts.search.structure import Group, Reduction

__all__ = ["RelaxedIsland", "reduced_names", "training_data"]

SHARE = 0.15  # share of what is left of the budget that one supernet may take
PROMISING = 32  # proposals of a round that are refitted beyond screening
LEANER = 8  # of these, those of which each part is taken away in turn
IN_TURN = 2  # rounds in which the outer functions have their turns
NEW = 10  # proposals that a round must have tried, not to be idle
FEWEST_ROWS = 8  # at which an outer function must be defined


class RelaxedIsland(Island):
    """One form of the problem, on which supernets are trained.

    Parameters
    ----------
    running : Running
        The search, which has the options and keeps the trajectories of alpha.
    given : object
        The arguments of `Island`.
    """

    def __init__(self, running: Running, *given: Any) -> None:
        super().__init__(*given)
        self.running = running
        self.hidden = itertools.cycle(running.config.relaxed.n_hidden)

    def begin(self) -> list[FittedGraph]:
        """Fit constants and power products; order the outer functions by how simple the law looks behind them."""
        kept = self.trials.add([start for _, start in self._seeds()])
        simplicity = {} if self.smooth is None else self.smooth.outer
        self.outer = sorted(self._outer_functions(), key=lambda o: simplicity.get(o[0], 1.0))
        return kept

    @property
    def is_able(self) -> bool:
        """Whether supernets can be trained: always."""
        return True

    @property
    def patience(self) -> int:
        """Rounds in a row that come upon nothing new, after which there is nothing left to try."""
        return 2 if self.is_exact else super().patience

    def round(self) -> list[FittedGraph]:
        """Train one supernet and refit what it proposes; return what entered the archive."""
        self.rounds += 1
        exact = next((m for m in self.trials.obeying.front() if m.loss <= EXACT), None)
        if exact is not None:  # from here on only shorter forms are of interest
            self.trials.max_complexity = min(self.trials.max_complexity, exact.graph.complexity - 1)
        return self.propose()

    def propose(self) -> list[FittedGraph]:
        """Train one supernet behind the next outer function and refit what it proposes; return what was kept."""
        before = self.trials.archive.best_loss
        name, factor, target = self._next_outer()
        trained = self.attempt("training of a supernet", partial(self._trained, target), lambda: None)
        if trained is None:
            self.found_new = False
            return []
        supernet, unit = trained
        starts = list(self._proposed(supernet, unit, name, factor))
        self.found_new = len(starts) > NEW
        kept = self._refitted(starts)
        if self.running.alpha is None or self.trials.archive.best_loss < before:
            self.running.alpha = supernet.alpha
        return kept

    def _next_outer(self) -> tuple[str, float, Array]:
        """Return an outer function: at first in turn, then by lot, more often one behind which the law is simple."""
        k = self.rounds - 1 if self.rounds <= IN_TURN else int(self.rng.geometric(0.4)) - 1
        return self.outer[min(k, len(self.outer) - 1)]

    def _refitted(self, starts: list[Start]) -> list[FittedGraph]:
        """Refit starts: all a little, the best more, and the very best with each part taken away too."""
        screened = self.trials.fit(starts, SCREEN)
        members = sorted((m for m, _ in screened if math.isfinite(m.loss)), key=score)[:PROMISING]
        again = self.trials.fit([(m.graph, m.coefficients) for m in members])
        leaner = self.trials.fit(list(self._leaner(sorted((m for m, _ in again), key=score)[:LEANER])))
        kept = [m for m, kept in (*screened, *again, *leaner) if kept]
        self.trials.refine(kept)
        return kept

    def _trained(self, target: Array) -> tuple[TrainedSupernet, float] | None:
        """Train a supernet on the rows where the target (N,) is defined; return it and the unit of its target."""
        config, budget = self.running.config, self.trials.budget
        data = training_data(self.trials.problem, target, self.rng)
        if data is None:
            return None
        began = budget.spent()
        most = SHARE * (1 - began)
        trained = train_supernet(
            data,
            self.primitives,
            n_hidden=next(self.hidden),
            n_restarts=config.n_restarts,
            rng=self.rng,
            options=config.relaxed,
            should_stop=lambda: budget.spent() - began >= most,
            spent=lambda: (budget.spent() - began) / most,
            on_progress=lambda _: self.running.report(),
            names=reduced_names(config.names, self.chain),
        )
        return trained, data.y_scale

    def _proposed(self, trained: TrainedSupernet, unit: float, name: str, factor: float) -> Iterator[Start]:
        """Yield what a supernet proposes, times `unit` and behind the outer function."""
        n_inputs = self.trials.problem.n_inputs
        for graph, coefficients in trained.proposals:
            draft = Draft.from_graph(graph, coefficients)
            draft.nodes[-1].scale(unit)
            start = behind(name, factor, draft.nodes[-1], n_inputs, draft.nodes[:-1]).prune().build()
            if self.trials.is_admissible(start[0]):
                yield start

    def _leaner(self, members: list[FittedGraph]) -> Iterator[Start]:
        """Yield members with one part less: what it costs to do without a part tells what it is worth."""
        for member in members:
            draft = Draft.from_graph(member.graph, member.coefficients)
            for start in (shortened(draft).build(), *deletions(draft)):
                if self.trials.is_admissible(start[0]):
                    yield start


def reduced_names(names: tuple[str, ...], chain: Sequence[Reduction]) -> tuple[str, ...] | None:
    """Return what the inputs are called after a chain of reductions, such as "x/y"; None if the names are not known.

    A sum is written without its weights.
    """
    for reduction in chain:
        if any(i >= len(names) for group in reduction.groups for i, _ in group.parts):
            return None
        names = tuple(_group_name(names, group) for group in reduction.groups)
    return names


def _group_name(names: tuple[str, ...], group: Group) -> str:
    if group.is_input:
        return names[group.parts[0][0]]
    if group.kind == "exponent":
        (base, _), (exponent, _) = group.parts
        return f"{names[exponent]}*log({names[base]})"

    def power(i: int, p: float) -> str:
        return names[i] if p == 1 else f"{names[i]}**{p:.3g}"

    if group.kind == "sum":
        terms = (f" {'-' if w < 0 else '+'} {power(i, p)}" for i, w, p in group.terms)
        return "".join(terms).removeprefix(" + ").strip()
    return "*".join(power(i, p) for i, p in group.parts)


def training_data(problem: Problem, target: Array, rng: np.random.Generator) -> Data | None:
    """Return the rows of a problem for a supernet, with `target` (N,) on the training rows in the place of its own.

    The training rows are split anew: alpha sees a fourth of them, w the others. None if the target is hardly defined.
    """
    train = problem.train
    sound = np.flatnonzero(np.isfinite(target))
    if len(sound) < FEWEST_ROWS:
        return None
    rows = rng.permutation(sound)
    n_validation = len(rows) // 3
    X, weight = train.X[rows], train.weight[rows]
    unit = max(float(np.sqrt(np.mean(target[rows] ** 2))), 1e-300)
    places = np.arange(len(rows))
    return Data(X, target[rows] / unit, weight, places[n_validation:], places[:n_validation], np.ones(X.shape[1]), unit)
