"""The front after the search: its graphs refitted to all rows, and `Front`, the same graphs as equations with prices.

The search uses part of the rows; the coefficients of the front come from all rows, or from 10,000 of them. The chosen
equation gets its own from all rows in the end (`eqdarts.fitting.all_rows`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eqdarts.data import Data, FitRows, draw_rows
from eqdarts.equation.equation import Equation
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.inference.constants import Snap
from eqdarts.losses import Loss
from eqdarts.primitives.table import Primitive
from eqdarts.search.archive import Archive
from eqdarts.search.evaluator import QUICK, THOROUGH
from eqdarts.selection import Candidate, choice_in_words, description_length, structure_length
from eqdarts.solver.compiled import predict_all
from eqdarts.solver.refit import refit

__all__ = [
    "MOST_ROWS",
    "Entry",
    "Front",
    "best_of",
    "fitted_rows",
    "front_of",
    "held_out_losses",
    "measured",
    "refit_front",
    "screened",
    "with_factor",
]

# A standard error falls as the root of the number of rows grows: with so many it is a hundredth of what the noise
# of one row is worth. That is enough for a choice, and a pass over a million rows for each equation takes too long.
MOST_ROWS = 10_000
MOST_JUDGED = 30_000  # rows whose loss decides between old and new coefficients
MOST_SCREENED = 300_000  # rows times members
MOST_SHORT = 30  # members besides the front, for their short descriptions
MOST_NUMBERS = 2**19  # in the Jacobian (G, K, N) of one batch; between batches the time is looked at


@dataclass(frozen=True, eq=False)
class Entry:
    """A graph, its equation, the properties that selection uses, and the data whose units the graph has."""

    member: FittedGraph
    equation: Equation
    candidate: Candidate
    data: Data


@dataclass(frozen=True, eq=False)
class Front:
    """The Pareto front, simplest first, and the index of the chosen entry.

    Parameters
    ----------
    entries : tuple of Entry
    lengths : tuple of float
        By the criterion, in nats; those of the shortest with the constants that can be exact.
    chosen : int
    free : (Equation, float), optional
        The equation that would be chosen if nothing was known of the law, and its length.
    """

    entries: tuple[Entry, ...]
    lengths: tuple[float, ...]
    chosen: int
    free: tuple[Equation, float] | None = None

    @property
    def best(self) -> Entry:
        """The chosen entry."""
        return self.entries[self.chosen]

    def with_chosen(self, equation: Equation, candidate: Candidate) -> Front:
        """Return the front with the chosen equation in another form, without entries that are then no better."""
        entries = list(self.entries)
        entries[self.chosen] = replace(self.best, equation=equation, candidate=candidate)

        def is_needed(k: int) -> bool:
            other = entries[k].candidate
            worse = other.complexity >= candidate.complexity and other.loss >= candidate.loss
            # The form may be that of an entry whose coefficients fit the same rows a hair better.
            again = other.complexity == candidate.complexity and entries[k].equation.template == equation.template
            return k == self.chosen or other.kept or not (worse or again)

        order = sorted(filter(is_needed, range(len(entries))), key=lambda k: entries[k].candidate.complexity)
        lengths = tuple(self.lengths[k] for k in order)
        return replace(self, entries=tuple(entries[k] for k in order), lengths=lengths, chosen=order.index(self.chosen))

    def with_exact(self, snaps: Iterable[Snap]) -> Front:
        """Return the front with a chosen equation that knows which of its constants became exact."""
        exact = tuple((snap.constant, snap.estimate) for snap in snaps)
        entries = list(self.entries)
        entries[self.chosen] = replace(self.best, equation=replace(self.best.equation, exact=exact))
        return replace(self, entries=tuple(entries))

    def with_digits(self, rows: FitRows, loss: Loss, box: Mapping[str, tuple[float, float]]) -> Front:
        """Return the front with equations that are printed with as many digits as the rows need, each once.

        `box` has the smallest and largest value of each column.
        """
        weight = rows.weight if rows.sigma is None else (rows.sigma / rows.sigma.min()) ** -2.0

        def entry(old: Entry) -> Entry:
            return replace(old, equation=old.equation.with_ranges(box).with_digits(rows.X, rows.y, weight, loss))

        return replace(self, entries=tuple(map(entry, self.entries)))._without_repeats()

    def _without_repeats(self) -> Front:
        """Return the front without a law that is printed as another, perhaps because both were fitted again."""
        first = {entry.equation.format(): k for k, entry in reversed(list(enumerate(self.entries)))}
        first[self.best.equation.format()] = self.chosen
        kept = sorted(first.values())
        entries, lengths = tuple(self.entries[k] for k in kept), tuple(self.lengths[k] for k in kept)
        return replace(self, entries=entries, lengths=lengths, chosen=kept.index(self.chosen))

    def as_table(self) -> pd.DataFrame:
        """Return one row for each entry: complexity, loss, and score (length minus that of the chosen entry)."""
        return pd.DataFrame(
            {
                "complexity": [entry.candidate.complexity for entry in self.entries],
                "loss": [entry.candidate.loss for entry in self.entries],
                "score": [length - self.lengths[self.chosen] for length in self.lengths],
            }
        )

    def in_words(self, criterion: str, n_refits: int, n_rows: float) -> str:
        """Return sentences that say why the equation was chosen."""
        candidates = [entry.candidate for entry in self.entries]
        texts = [entry.equation.format() for entry in self.entries]
        return choice_in_words(criterion, candidates, self.lengths, texts, n_refits, n_rows)


def fitted_rows(data: Data, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows to which coefficients are fitted: those with weight, or 10,000 of them drawn at random."""
    return draw_rows(np.flatnonzero(data.weight > 0), MOST_ROWS, rng)


def screened(
    members: Sequence[FittedGraph],
    data: Data,
    rows: NDArray[np.intp],
    primitives: Sequence[Primitive],
    go_on: Callable[[], bool] = lambda: True,
    in_groups: Mapping[str, Graph] | None = None,
) -> tuple[FittedGraph, ...]:
    """Return the front that `members` are by the losses they have, and the best that they are on `rows`, refitted.

    The search uses few rows, on which noise can hide the difference between laws; more rows distinguish them. The best
    are the front by symbols, and those with the shortest description, because the choice may reject all equations with
    fewer symbols, for example for the cost of a pole. `MOST_SCREENED` limits the number of members, in the order given.
    When `go_on` returns False, those with many coefficients are not refitted. `in_groups` has the graphs of
    dimensionless groups, by the keys of those that they are in the inputs: their structures are shorter.
    """
    before = front_of(members)
    kept = set(map(id, before))
    others = [member for member in members if id(member) not in kept][: MOST_SCREENED // max(len(rows), 1)]
    if not others:
        return before
    found = measured(_refitted(others, data, rows, QUICK, go_on), data, rows)
    return (*before, *dict.fromkeys((*best_of(found), *_shortest(found, data, len(rows), primitives, in_groups or {}))))


def _shortest(
    members: Sequence[FittedGraph],
    data: Data,
    n_rows: int,
    primitives: Sequence[Primitive],
    in_groups: Mapping[str, Graph],
) -> tuple[FittedGraph, ...]:
    """Return the members with the shortest descriptions, by their losses."""
    mean_square = float(np.average(data.y**2, weights=data.weight)) / max(data.variance, 1e-300)

    def length(member: FittedGraph) -> float:
        structure = structure_length(in_groups.get(member.graph.key, member.graph), primitives)
        free = member.graph.n_coefficients - member.graph.n_redundant
        candidate = Candidate(member.graph.complexity, free, member.loss, structure)
        return description_length(candidate, n_rows, data.n_inputs, mean_square, 1.0)

    return tuple(sorted((member for member in members if math.isfinite(member.loss)), key=length)[:MOST_SHORT])


def refit_front(
    front: Sequence[FittedGraph],
    data: Data,
    rows: NDArray[np.intp],
    rng: np.random.Generator,
    go_on: Callable[[], bool] = lambda: True,
) -> tuple[FittedGraph, ...]:
    """Refit every member from its present coefficients, and keep the result if it does not fit all rows worse.

    A product without a free factor gets one, because its factor of 1 holds only in scaled units.

    Parameters
    ----------
    front : sequence of FittedGraph
    data : Data
        Rows of weight zero have no influence.
    rows : ndarray of int
        The rows to fit, as `fitted_rows` gives them.
    rng : numpy.random.Generator
        Draws the rows whose losses decide, if there are more than 30,000.
    go_on : callable, optional
        When it returns False, the members with many coefficients keep those of the search.

    Returns
    -------
    tuple of FittedGraph
        In the order of `front`; the loss is the one that decided, infinite where a member is undefined.
    """
    if not front:  # as after a search that was not needed any more
        return ()
    judged = draw_rows(np.flatnonzero(data.weight > 0), MOST_JUDGED, rng)
    front = [with_factor(member) for member in front]
    refitted = _refitted(front, data, rows, go_on=go_on)
    before, after = np.split(_losses([*front, *refitted], data, judged), 2)
    return tuple(
        replace(new, loss=float(b)) if b <= a else replace(old, loss=float(a))
        for old, new, a, b in zip(front, refitted, before, after, strict=True)
    )


def held_out_losses(front: Sequence[FittedGraph], data: Data, rng: np.random.Generator) -> list[float]:
    """Return the mean squared residual, in units of y squared, of each member on the rows that are held back.

    The coefficients come from the training rows alone, 10,000 of them if there are more.
    """
    train = data.train[data.weight[data.train] > 0]
    trained = _refitted([with_factor(member) for member in front], data, draw_rows(train, MOST_ROWS, rng))
    judged = draw_rows(data.validation, MOST_JUDGED, rng)
    losses: list[float] = (_losses(trained, data, judged) * max(data.variance, 1e-300) * data.y_scale**2).tolist()
    return losses


def measured(members: Sequence[FittedGraph], data: Data, rows: NDArray[np.intp]) -> tuple[FittedGraph, ...]:
    """Return the members with the free factor that `refit_front` gives them, and with their losses on `rows`."""
    complete = [with_factor(member) for member in members]
    losses = _losses(complete, data, rows).tolist() if complete else []
    return tuple(replace(member, loss=loss) for member, loss in zip(complete, losses, strict=True))


def best_of(members: Iterable[FittedGraph]) -> tuple[FittedGraph, ...]:
    """Return the members that none with no more symbols and no more coefficients equals, simplest first."""
    archive = Archive()
    for member in members:
        archive.add(member)
    return tuple(archive.front())


def front_of(members: Sequence[FittedGraph]) -> tuple[FittedGraph, ...]:
    """Return the best members, and those of unknown loss, such as the starts of a search."""
    return (*best_of(members), *(member for member in members if not math.isfinite(member.loss)))


def with_factor(member: FittedGraph) -> FittedGraph:
    """Return the graph with a free factor: a factor of 1 in scaled units is none of the law's."""
    graph = member.graph
    if _has_factor(graph, len(graph.nodes) - 1):
        return member
    *others, last = graph.nodes
    first = graph.layout[-1].edges[0].first  # the last node's constant comes before all its others
    coefficients = (*member.coefficients[:first], 1.0, *member.coefficients[first:])
    return replace(
        member, graph=Graph(graph.n_inputs, (*others, replace(last, constant=True))), coefficients=coefficients
    )


def _has_factor(graph: Graph, j: int) -> bool:
    """Whether the coefficients of node j and below can multiply its value by any factor."""
    node = graph.nodes[j]
    if node.aggregator == "sum" or node.constant:
        return True
    sources = [e.source - graph.n_inputs for e in node.edges if e.source >= graph.n_inputs and e.primitive.homogeneous]
    readers = Counter(e.source - graph.n_inputs for n in graph.nodes for e in n.edges)
    return any(readers[k] == 1 and _has_factor(graph, k) for k in sources)


def _refitted(
    front: Sequence[FittedGraph],
    data: Data,
    rows: NDArray[np.intp],
    limits: tuple[int, float] = THOROUGH,
    go_on: Callable[[], bool] = lambda: True,
) -> list[FittedGraph]:
    """Refit the members, those with few coefficients first; what is left when `go_on` returns False stays as it is."""
    import torch

    iterations, tolerance = limits
    X, y, weight = (torch.from_numpy(values[rows]) for values in (data.X, data.y, data.weight))
    fitted = list(front)
    for first, part in enumerate(_batches(front, len(rows))):
        if first and not go_on():
            break
        graphs, starts = [front[k].graph for k in part], [front[k].coefficients for k in part]
        fits = refit(graphs, starts, X, y, weight, max_iterations=iterations, tolerance=tolerance, patience=3)
        for k, fit in zip(part, fits, strict=True):
            fitted[k] = replace(front[k], coefficients=fit.coefficients)
    return fitted


def _batches(front: Sequence[FittedGraph], n_rows: int) -> Iterator[list[int]]:
    """Yield the places of members with rising numbers of coefficients, in batches of `MOST_NUMBERS` numbers."""
    batch: list[int] = []
    for k in sorted(range(len(front)), key=lambda k: front[k].graph.n_coefficients):
        if batch and (len(batch) + 1) * max(front[k].graph.n_coefficients, 1) * n_rows > MOST_NUMBERS:
            yield batch
            batch = []
        batch.append(k)
    if batch:
        yield batch


def _losses(members: Sequence[FittedGraph], data: Data, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the mean weighted squared residual over `rows`, as a share of the variance, of each member."""
    import torch

    total = np.zeros(len(members))
    for first in range(0, len(rows), MOST_ROWS):
        part = rows[first : first + MOST_ROWS]
        graphs, coefficients = [m.graph for m in members], [m.coefficients for m in members]
        values = predict_all(graphs, coefficients, torch.from_numpy(data.X[part])).numpy()
        total += np.square(data.y[part] - values) @ data.weight[part]
    loss: NDArray[np.float64] = total / data.weight[rows].sum() / max(data.variance, 1e-300)
    return np.where(np.isnan(loss), np.inf, loss)
