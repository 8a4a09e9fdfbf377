"""From refitted graphs to the chosen law: write all, price all, select, weigh, and make constants exact.

Writing a graph as an equation takes most of the time and is the only one of the three passes that may be stopped, by an
interrupt or a time limit. What was written by then is priced and selected from as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import Data, FitRows, draw_rows
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.evidence.edges import Evidence, evidence
from eqdarts.evidence.structure import Finding, findings
from eqdarts.expression.origins import symbols_of_origins
from eqdarts.failures import Failures
from eqdarts.fitting.front import Entry, Front, held_out_losses, refit_front
from eqdarts.fitting.known import contradicts, is_broken
from eqdarts.fitting.table import Table
from eqdarts.fitting.tuning import price_of_exponents, tuning_prices
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.graph.two_valued import is_straight_in
from eqdarts.inference.constants import Snap, Snapping, promised_by_constants, snap_constants
from eqdarts.inference.constants_exponents import exponent_snaps
from eqdarts.losses import SQUARED
from eqdarts.primitives.table import LINEAR, Primitive
from eqdarts.search.problem import Rows, training_problem
from eqdarts.selection import CRITERIA, Candidate, length_with_prices, select, structure_length

__all__ = [
    "LEAST_WRITTEN",
    "ExactForms",
    "Weighing",
    "about_guesses",
    "always_told",
    "by_exact_constants",
    "no_longer_than",
    "on_range",
    "price_all",
    "select_front",
    "snap_chosen",
    "squared",
    "structure_of",
    "with_held_out",
    "without_cancelling",
    "write_all",
]

SHORT = 20  # symbols up to which the best graph of each size is written early
LEAST_WRITTEN = 10  # members that are written even after the time limit, so that there is a choice
MOST_ROWS = 1000  # rows on which the primitives of the chosen graph are weighed
MOST_SWAPS = 3
FAR, BETTER = 1e50, 0.5  # magnitude of a far column; share of the loss of all others, of a law that is missed
LEAST_CANCELLING = 2.3  # nats, one more digit
SAME_LOSS = 0.01
SAME_LAW = 1e-2  # mean square of the differences of two forms of one law, as a share of that of the residuals
EXACT = 1e-9  # residuals below this share of y are rounding errors
NOISELESS = 1e-14  # mean square of residuals, as a share of y's, below which all forms of a law are exact
FEWEST_ROWS = 100  # from which on a law can be chosen for its ones: on fewer a number near one is often chance
MOST_RIVALS, MOST_BESIDE = 8, 20  # of the front, and of the others, whose constants become exact before the choice
ROWS_OF_STRUCTURE = 150  # times eight for a smooth model

Written = tuple[FittedGraph, Equation]
Price = Callable[[Equation, float | None], Candidate]


# --- the three passes ---


def write_all(
    members: Sequence[FittedGraph],
    data: Data,
    table: Table,
    always: Collection[str] = (),
    go_on: Callable[[int], bool] = lambda _: True,
    settle: Callable[[Equation], Equation] = lambda equation: equation,
    failures: Failures | None = None,
    in_groups: Mapping[str, Graph] | None = None,
) -> list[Written]:
    """Write the members as equations: first those that are always shown, then short and promising ones in turn.

    A rough description length says which members are promising. On a noisy table these are long graphs. Without the
    best graph of each small size a reader would not see how little a short law misses.

    Parameters
    ----------
    members : sequence of FittedGraph
    data : Data
        Data whose units the members have.
    table : Table
    always : collection of str
        Keys of the graphs that are written first, by `always_told`.
    go_on : callable, optional
        ``go_on(n)`` -> whether to write more equations when n are written.
    settle : callable, optional
        Fits an equation again if the loss is not that of least squares.
    failures : Failures, optional
        Records that an equation was left out after a numerical error.
    in_groups : mapping of str to Graph, optional
        Graphs of dimensionless groups by the keys of the members that they are: these are as promising.

    Returns
    -------
    list of (FittedGraph, Equation)
        In the order of `members`, without those with a number that is not real or finite.
    """
    failures = Failures() if failures is None else failures
    written: dict[int, Written] = {}
    lost = math.inf
    for k in _order(members, table.n_rows, always, in_groups or {}):
        if not go_on(len(written)):
            break
        write = partial(_written, members[k], data, table, settle)
        equation = failures.attempt("writing of an equation", write, lambda: None)
        if equation is not None:
            written[k] = members[k], equation
        else:
            lost = min(lost, members[k].loss)
    far = [name for name, scale in zip(table.names, data.x_scale, strict=True) if not 1 / FAR <= scale <= FAR]
    if far and lost < BETTER * min((member.loss for member, _ in written.values()), default=math.inf):
        failures.note("laws with numbers that no float holds, such as 1e-400", f"use other units for {', '.join(far)}")
    return [written[k] for k in sorted(written)]


def _written(member: FittedGraph, data: Data, table: Table, settle: Callable[[Equation], Equation]) -> Equation | None:
    """Return the member's equation, None if it has a number that is not real or finite."""
    graph, coefficients = member.graph, member.coefficients
    try:
        equation = settle(
            Equation.from_graph(graph, coefficients, data.scales, table.names, table.target, rows=table.telling)
        )
        # Settled coefficients can overflow where those of the search did not; writing shows it.
        equation.complexity  # noqa: B018
    except FormulaError:
        return None
    # Without inputs it explains nothing: a factor such as 1e-400 became 0.
    underflows = not equation.expr.free_symbols and member.loss < BETTER and bool(graph.nodes[-1].edges)
    return None if underflows else equation


def always_told(members: Sequence[FittedGraph], n_rows: float, guesses: Collection[str] = ()) -> frozenset[str]:
    """Return the keys of the graphs that a front always has: the constant, the best line, the user's guesses."""
    lines = [member for member in members if _is_line(member.graph)]
    told = [member.graph.key for member in members if not any(node.edges for node in member.graph.nodes)]
    if lines:
        told.append(min(lines, key=lambda member: _promise(member, n_rows)).graph.key)
    return frozenset((*told, *guesses))


def _is_line(graph: Graph) -> bool:
    """Whether a graph is a sum of inputs, with weights and perhaps a constant."""
    (node, *others) = graph.nodes
    return (
        not others and node.aggregator == "sum" and bool(node.edges) and all(e.primitive is LINEAR for e in node.edges)
    )


def _order(
    members: Sequence[FittedGraph], n_rows: float, always: Collection[str], in_groups: Mapping[str, Graph]
) -> list[int]:
    """Return the places of the members in the order in which they are written."""
    seen = [replace(member, graph=in_groups.get(member.graph.key, member.graph)) for member in members]
    promising = sorted(range(len(members)), key=lambda k: _promise(seen[k], n_rows))
    smallest: dict[int, int] = {}
    for k in sorted(range(len(members)), key=lambda k: members[k].loss):
        smallest.setdefault(members[k].graph.complexity, k)
    short = [smallest[size] for size in sorted(smallest) if size <= SHORT]
    first = [k for k in promising if members[k].graph.key in always]
    in_turn = (k for pair in zip_longest(short, promising) for k in pair if k is not None)
    return list(dict.fromkeys((*first, *in_turn)))


def price_all(
    written: Sequence[Written],
    data: Data,
    table: Table,
    primitives: Sequence[Primitive],
    price: Price | None = None,
    always: Collection[str] = (),
    failures: Failures | None = None,
) -> list[Entry]:
    """Measure the properties that selection uses: loss, structure, tuning, singularities and doubtful waves.

    Parameters
    ----------
    written : sequence of (FittedGraph, Equation)
    data : Data
        Data whose units the graphs have.
    table : Table
    primitives : sequence of Primitive
        Those that the search could use. They determine the number of possible structures.
    price : callable, optional
        ``price(equation, structure)`` -> Candidate, for another loss than squared residuals.
    always : collection of str
        Keys of the graphs that stay on the front in any case.
    failures : Failures, optional
        Records that an equation was left out after a numerical error.
    """
    failures = Failures() if failures is None else failures
    members = [member for member, _ in written]
    tunings = failures.attempt("price of tuning", lambda: tuning_prices(members, data), lambda: [0.0] * len(members))

    def entry(member: FittedGraph, equation: Equation, tuning: float) -> Entry:
        structure = structure_length(member.graph, primitives)
        if table.units is not None and data.seen_as is None:
            structure = min(structure, table.length_by_units(member.graph, equation, primitives))
        # The same law with origins has no such numbers, so it is not charged for them.
        structure += 0.0 if data.scales.origin.any() else table.length_of_cancelling(equation)
        candidate = squared(equation, structure, table) if price is None else price(equation, structure)
        candidate = replace(candidate, tuning=tuning + price_of_exponents(equation), kept=member.graph.key in always)
        return Entry(member, equation, on_range(candidate, equation, table), data)

    found = [
        failures.attempt("price of an equation", partial(entry, *pair, tuning), lambda: None)
        for pair, tuning in zip(written, tunings, strict=True)
    ]
    return [priced for priced in found if priced is not None]


def without_cancelling(entries: Sequence[Entry], table: Table) -> list[Entry]:
    """Return the entries without laws whose numbers cancel, where one is as good that differs by its origins only.

    2e-52*exp(0.4*T) has fewer symbols than 3*exp(0.4*(T - 300)), and would take its place on the front.
    """
    rounding = (EXACT * float(np.sqrt(np.mean(table.y**2)))) ** 2
    there = [
        (entry.candidate, entry.candidate.complexity - symbols_of_origins(entry.equation.expr, table.origins))
        for entry in entries
        if entry.data.scales.origin.any()
    ]

    def has_twin(entry: Entry) -> bool:
        own = entry.candidate
        if entry.data.scales.origin.any() or table.length_of_cancelling(entry.equation) < LEAST_CANCELLING:
            return False
        most = (1 + SAME_LOSS) * abs(own.loss) + rounding
        return any(
            c.n_coefficients <= own.n_coefficients and symbols <= own.complexity and c.loss <= most
            for c, symbols in there
            if c.kept or not own.kept
        )

    return [entry for entry in entries if not there or not has_twin(entry)]


def with_held_out(entries: Sequence[Entry], rng: np.random.Generator) -> list[Entry]:
    """Return the entries with their losses on the rows that are held back."""
    found = list(entries)
    for data in {id(entry.data): entry.data for entry in entries}.values():
        own = [k for k, entry in enumerate(entries) if entry.data is data]
        losses = held_out_losses([entries[k].member for k in own], data, rng)
        for k, loss in zip(own, losses, strict=True):
            judged = replace(entries[k].candidate, held_out=loss, n_held_out=len(data.validation))
            found[k] = replace(entries[k], candidate=judged)
    return found


def select_front(entries: Sequence[Entry], data: Data, table: Table, criterion: str) -> Front:
    """Return the Pareto front of the entries, and the one that a key of `eqdarts.selection.CRITERIA` chooses.

    Entries that contradict what is known of the law are not on it, unless all do.
    """
    free = _selected(entries, data, table, criterion)
    if not table.knowledge:
        return free
    without = free.best.equation, free.lengths[free.chosen]
    obeying = [entry for entry in entries if not contradicts(entry.equation, table)]
    while obeying:
        front = _selected(obeying, data, table, criterion)
        if not is_broken(front.best.equation, table):
            return replace(front, free=without)
        obeying = [entry for entry in obeying if entry is not front.best]
    return free


def _selected(entries: Sequence[Entry], data: Data, table: Table, criterion: str) -> Front:
    mean_square = float(np.average(table.y**2, weights=table.weight))
    variance = data.variance * data.y_scale**2
    candidates = [entry.candidate for entry in entries]
    front, lengths = select(candidates, table.n_rows, data.n_inputs, mean_square, variance, criterion)
    chosen = min(range(len(front)), key=lambda k: lengths[k])
    return Front(tuple(entries[k] for k in front), tuple(lengths), chosen)


def _promise(member: FittedGraph, n_rows: float) -> float:
    """Return a rough description length in nats, as `Trials` does: residuals, and two nats for each symbol."""
    return 0.5 * n_rows * math.log(max(member.loss, 1e-24)) + 2.0 * member.graph.complexity


def no_longer_than(entries: Sequence[Entry], most: int) -> list[Entry]:
    """Return the entries of at most so many symbols as written, and those that are kept; the shortest if none is.

    A graph within the limit can have more symbols when it is written: units bring in factors.
    """
    within = [entry for entry in entries if entry.candidate.complexity <= most or entry.candidate.kept]
    return within or sorted(entries, key=lambda entry: entry.candidate.complexity)[:1]


def squared(equation: Equation, structure: float | None, table: Table) -> Candidate:
    """Return the properties of an equation by squared residuals, without what `on_range` adds."""
    loss = SQUARED.mean(table.y, table.predicted(equation), table.weight)
    return Candidate(equation.complexity, table.n_coefficients(equation), loss, structure, noise=table.noise)


def on_range(candidate: Candidate, equation: Equation, table: Table) -> Candidate:
    """Return the candidate with its singularities in or near the range of the rows, doubtful waves and its units."""
    pole = table.pole(equation)
    brink = "" if pole else table.brink(equation)
    units = table.length_of_units(equation)
    waves = table.waves(equation)
    wave, n_waves = (waves[0], len(waves)) if waves else ("", 1)
    return replace(candidate, pole=pole, brink=brink, wave=wave, n_waves=n_waves, units=units)


# --- what is said of the chosen graph ---


class Weighing:
    """Weighs the primitives of chosen graphs on at most 1000 of the rows to which their coefficients were fitted.

    Parameters
    ----------
    data : Data
    rows : ndarray of int
        The rows to which the coefficients were fitted.
    table : Table
    primitives : sequence of Primitive
    criterion : str
        A key of `eqdarts.selection.CRITERIA`; the BIC replaces the loss on rows held back.
    rng : numpy.random.Generator
    most_symbols : int
        Largest number of symbols of a better equation, as written.
    """

    def __init__(
        self,
        data: Data,
        rows: NDArray[np.intp],
        table: Table,
        primitives: Sequence[Primitive],
        criterion: str,
        rng: np.random.Generator,
        most_symbols: int,
    ) -> None:
        self.data = data
        self.rows = rows
        self.table = table
        self.primitives = primitives
        self.rng = rng
        self.most_symbols = most_symbols
        # A swap has no comparable loss on rows held back, so that loss cannot choose it.
        self.criterion = CRITERIA[criterion].stand_in.name
        # Nor is one written where the graph has other inputs than the columns of the table.
        self.swaps = self.criterion == criterion and data.seen_as is None
        few = draw_rows(rows, MOST_ROWS, rng)
        self.seen = Rows(data.X[few], data.y[few], data.weight[few])
        self.two_valued = frozenset(i for i, column in enumerate(data.X[rows].T) if len(np.unique(column)) <= 2)

    def of(self, front: Front) -> Evidence:
        """Return the evidence at the chosen graph."""
        target = "y" if self.table.target is None else self.table.target
        names = self.data.scales.names(self.data.seen_as or self.table.names)
        return evidence(front.best.member, self.seen, self.primitives, names, target, self.criterion)

    def held(self, front: Front, go_on: Callable[[], bool]) -> tuple[Front, Evidence]:
        """Return the front as it is, and the evidence; for weights that hold for the chosen law alone."""
        return front, self.of(front)

    def settled(self, front: Front, go_on: Callable[[], bool]) -> tuple[Front, Evidence]:
        """Choose again with the best swap on the front, as long as it is chosen and `go_on` returns True."""
        found = self.of(front)
        for _ in range(MOST_SWAPS):
            if not self.swaps or found.better is None or not go_on():
                break
            if not is_straight_in(found.better.graph, self.two_valued):
                break
            # The swap was refitted to few rows; on the front it needs coefficients from all rows.
            better = refit_front([found.better], self.data, self.rows, self.rng)
            more = price_all(write_all(better, self.data, self.table), self.data, self.table, self.primitives)
            more = [entry for entry in more if entry.candidate.complexity <= self.most_symbols]
            new = select_front([*front.entries, *more], self.data, self.table, self.criterion)
            if new.best.member.graph == front.best.member.graph:
                break
            front = replace(new, free=front.free)
            found = self.of(front)
        return front, found


def structure_of(
    front: Front, data: Data, table: Table, rng: np.random.Generator, logistic: bool = False
) -> tuple[Finding, ...]:
    """Return the structures of the chosen graph and of the data, or of the log odds if the law is a probability."""
    target = "y" if table.target is None else table.target
    problem, names = training_problem(data, ROWS_OF_STRUCTURE, rng), data.scales.names(data.seen_as or table.names)
    return findings(problem, front.best.member, names, f"logit({target})" if logistic else target, rng)


@dataclass
class ExactForms:
    """Makes the constants of equations exact, of each equation once.

    Parameters
    ----------
    table : Table
    rows : FitRows
        The rows to which coefficients are fitted.
    constants : mapping of str to float
        The user's.
    go_on : callable
        Returns whether there is time to try another constant.
    """

    table: Table
    rows: FitRows
    constants: Mapping[str, float]
    go_on: Callable[[], bool] = lambda: True
    known: dict[int, tuple[Equation, Snapping]] = field(default_factory=dict)

    @property
    def given(self) -> tuple[Array, Array, Array | None, Array | None]:
        """The rows as the functions of constants take them."""
        return self.rows.X, self.rows.y, self.rows.weight, self.rows.sigma

    def promise(self, equation: Equation) -> float:
        """Return about how many nats exact constants can save; 0 where there is no time to look, or no telling."""
        try:
            return promised_by_constants(equation, *self.given) if self.go_on() else 0.0
        except FormulaError:
            return 0.0

    def of(self, equation: Equation) -> Snapping:
        """Return an equation with exact constants; as it is, if it would then not be real and finite."""
        if id(equation) not in self.known:
            try:
                self.known[id(equation)] = equation, self._snapped(equation)
            except FormulaError:
                self.known[id(equation)] = equation, Snapping(equation, ())
        return self.known[id(equation)][1]

    def _snapped(self, equation: Equation) -> Snapping:
        found = snap_constants(equation, *self.given, self.constants, self.go_on)
        table = self.table
        if table.units is not None and table.length_of_units(found.equation) > table.length_of_units(equation):
            # A constant of nature whose value agrees by chance has another unit.
            return snap_constants(equation, *self.given, {}, self.go_on)
        return found


def snap_chosen(
    front: Front, exact: ExactForms, primitives: Sequence[Primitive], price: Price | None = None
) -> tuple[Front, tuple[Snap, ...]]:
    """Make the constants of the chosen equation exact if its description does not become longer.

    Returns
    -------
    Front
        With the new equation and its loss on all rows.
    tuple of Snap
        The exponents that the search itself has made exact come first.
    """
    old, table = front.best, exact.table
    usual = {row.exponent for row in primitives if row.exponent is not None}
    # The search itself has exact exponents. Their fitted values are told too, before other constants become exact.
    exponents = exponent_snaps(old.equation, *exact.given, usual, exact.go_on)
    found = exact.of(old.equation)
    structure = old.candidate.structure
    candidate = squared(found.equation, structure, table) if price is None else price(found.equation, structure)
    candidate = on_range(candidate, found.equation, table)
    candidate = replace(candidate, tuning=old.candidate.tuning, kept=old.candidate.kept)
    if not found.snaps or not math.isfinite(candidate.loss):  # undefined at a row that is not among `rows`
        return front, exponents
    return front.with_chosen(found.equation, candidate), (*exponents, *found.snaps)


def by_exact_constants(front: Front, exact: ExactForms, criterion: str, entries: Sequence[Entry] = ()) -> Front:
    """Return the front chosen by the lengths that the shortest equations have with exact constants.

    A law whose coefficients are 1, and minus each other, says less than another with as many of arbitrary size. Of the
    members that could still be the shortest, each is made as exact as the rows allow, and its length is what is then
    left. So are those of `entries` that are not on the front, perhaps only because a lookalike of as many symbols fits
    a little better; the best of them joins the front if it is chosen. Nothing changes for few rows, for rows without
    noise, or by another criterion than the description length.
    """
    table = exact.table
    mean_square = float(np.average(table.y**2, weights=table.weight))
    is_exact = front.best.candidate.loss <= NOISELESS * mean_square
    is_open = CRITERIA[criterion].prices_coefficients and table.noise is None and table.n_rows >= FEWEST_ROWS
    if not is_open or is_exact:
        return front
    rivals = [*zip(front.entries, front.lengths, strict=True), *_beside(front, entries, table, criterion)]
    lengths, n_front = [length for _, length in rivals], len(front.entries)
    free, shortest = list(lengths), math.inf
    seen: dict[int, Equation] = {}  # exact forms; that of a**1.4995 may be that of a**(3/2)
    sizes = [mean_square / max(entry.candidate.loss, 1e-300) for entry, _ in rivals]
    counts = [entry.candidate.n_coefficients for entry, _ in rivals]
    most = [0.5 * count * math.log(1 + table.n_rows * (1 + size)) for count, size in zip(counts, sizes, strict=True)]
    hoped = _hoped(rivals, n_front, most, exact)
    for k in sorted(hoped, key=lambda k: (hoped[k], lengths[k])):
        entry = rivals[k][0]
        if min(hoped[k], lengths[k] - most[k]) < shortest and exact.go_on():
            found = exact.of(entry.equation)
            others = [other.equation for other in front.entries if other is not entry]
            again = next((i for i, law in seen.items() if _is_among(found.equation, [law], table)), None)
            # Of two that become the same law, the shorter one has its length from it.
            if not _is_among(found.equation, others, table) and (again is None or free[k] < free[again]):
                lengths[k] -= sum(max(snap.saved, 0.0) for snap in found.snaps)
                if again is not None:
                    lengths[again] = free[again]
            seen[k] = found.equation
        shortest = min(shortest, lengths[k])
    best = min(range(len(rivals)), key=lambda k: lengths[k])
    if best < n_front:
        return replace(front, lengths=tuple(lengths[:n_front]), chosen=best)
    kept = sorted([*range(n_front), best], key=lambda k: (rivals[k][0].candidate.complexity, k))
    shown = tuple(rivals[k][0] for k in kept)
    return replace(front, entries=shown, lengths=tuple(lengths[k] for k in kept), chosen=kept.index(best))


def _hoped(
    rivals: Sequence[tuple[Entry, float]], n_front: int, most: Sequence[float], exact: ExactForms
) -> dict[int, float]:
    """Return the lengths that rivals may have with exact constants; of the front, which comes first, the shortest.

    The time may end before all are exact. So those come first that will be the shortest, as far as one can see.
    """
    by_length = sorted(range(len(rivals)), key=lambda k: rivals[k][1])
    beyond = {*[k for k in by_length if k < n_front][MOST_RIVALS:]}
    hoped = {}
    for k in (k for k in by_length if k not in beyond):
        promise = exact.promise(rivals[k][0].equation)
        # More than twice what the coefficients cost is a step too far for a linear model.
        hoped[k] = rivals[k][1] - (promise if promise <= 2 * most[k] else 0.0)
    return hoped


def _beside(front: Front, entries: Sequence[Entry], table: Table, criterion: str) -> list[tuple[Entry, float]]:
    """Return the shortest of the entries that are not on the front, and break nothing that is known, with lengths."""
    data, shown = front.best.data, set(map(id, front.entries))
    mean_square = float(np.average(table.y**2, weights=table.weight))
    sizes = table.n_rows, data.n_inputs, mean_square, data.variance * data.y_scale**2
    own = [entry for entry in entries if id(entry) not in shown and math.isfinite(entry.candidate.loss)]
    found = [(entry, length_with_prices(entry.candidate, *sizes, criterion)) for entry in own]
    nearest = sorted(found, key=lambda pair: pair[1])[:MOST_BESIDE]
    return [pair for pair in nearest if not contradicts(pair[0].equation, table)]


def _is_among(equation: Equation, others: Sequence[Equation], table: Table) -> bool:
    """Whether one of the others has the same values, symbols and number of coefficients."""
    size, f = (equation.complexity, len(equation.coefficients)), table.predicted(equation)
    alike = [other for other in others if (other.complexity, len(other.coefficients)) == size]
    residual = SQUARED.mean(table.y, f, table.weight)
    return any(SQUARED.mean(f, table.predicted(law), table.weight) <= SAME_LAW * residual for law in alike)


def about_guesses(front: Front, guesses: Sequence[str | Equation] | None, keys: Sequence[str]) -> list[str]:
    """Return what became of each guess, as sentences; `keys` are those of the graphs of the guesses."""
    on_front = [entry.member.graph.key for entry in front.entries]
    told = []
    for text, key in zip(map(str, guesses or ()), keys, strict=False):
        if key not in on_front:
            told.append(f"The guess {text} was refitted and equals another equation of the front.")
            continue
        k = on_front.index(key)
        behind = front.lengths[k] - front.lengths[front.chosen]
        longer = f"is {behind:.1f} nats longer than the chosen equation"
        place = "is the chosen form" if k == front.chosen else longer
        told.append(f"The guess {text} has a loss of {front.entries[k].candidate.loss:.4g} and {place}.")
    return told
