"""The grower: children of fitted graphs, by closed-form gains, by power products, and by taking parts away."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import FittedGraph, Start
from eqdarts.primitives.table import Primitive, fixed_power
from eqdarts.search.closed_form.outer import behind
from eqdarts.search.closed_form.pairs import EXP, LOG, Pair, best_pairs, deep_features, input_powers
from eqdarts.search.closed_form.pursuit import draw, pursue, slope_along
from eqdarts.search.growth.features import RECIPROCAL, Feature, Features, combinations, features, grid, insert_feature
from eqdarts.search.growth.gains import Proposal, propose
from eqdarts.search.growth.monomials import MonomialMove, monomial_moves, positive_logs
from eqdarts.search.growth.moves import (
    FACTOR_EXPONENTS,
    apply,
    deletions,
    simple_exponents,
    without_negligible,
    wraps,
)
from eqdarts.search.growth.sites import Linearised, linearise
from eqdarts.search.growth.swaps import swaps
from eqdarts.search.growth.waves import Waves

__all__ = ["Grower"]

OSCILLATING = 6  # arguments of waves
N_FREQUENCIES, BAND = 16, 16.0  # frequencies of a band, and how wide it is
PEAKS, LISTENING = 2, 0.5  # of the residual's periodogram at each input, and the chance that it is looked at
LOWEST_BAND, N_BANDS = 0.7, 3  # chance of the lowest band, of the second if not the first, ...; and how many there are
MORE_POWERS = (-3, -2, 4, 5, 6)  # fixed exponents besides those of the primitives, for inputs of any sign
FEW = 3  # rows of a function's grid that are tried on pairs
MOST_PAIRS = 36  # pairs of sources whose features one proposal looks at
MOST_CACHED = 2**22  # numbers of the features of pairs that are kept
TOP = 60  # moves of highest merit that children are drawn from
SWAPPING = 0.5  # chance that swaps are looked at
DRAWN = 12  # moves drawn for each walker and round
DISGUISED = 1e-4  # a swap that changes the edge by less than this share of its variance is always tried
TAKEN = 8  # deletions and the like tried for each walker and round
DICTIONARY, BEST_PAIRS = 1000, 12  # features that pairs are made of, and pairs of each kind that are tried
EXPONENTS = (0.25, 0.5, 0.75, 1.25, 1.5, 2.5, -0.25, -0.5, -0.75, -1.5)  # of functions
PAIR_PRICES = (0.05, 0.15, 0.4)  # of a symbol
NEGLIGIBLE = 1e-3  # a part is dropped if that changes the prediction by less than this share of the loss


@dataclass
class Grower:
    """Proposes children of fitted graphs on the training rows X (N, D), y (N,), weight (N,).

    `periods` has the largest number of periods of each input, `two_valued` the inputs with two values only.
    """

    X: Array
    y: Array
    weight: Array
    primitives: tuple[Primitive, ...]
    units: Array
    rng: np.random.Generator
    periods: tuple[float, ...] = ()
    two_valued: frozenset[int] = frozenset()
    positive: dict[int, Array] = field(init=False)

    def __post_init__(self) -> None:
        self.sqrt_weight = np.sqrt(self.weight)
        self.n_inputs = self.X.shape[1]
        self.positive = positive_logs(self.X)
        self._pairs = list(itertools.combinations(range(self.n_inputs), 2))
        units = self.units.tolist()
        self._functions = grid(self.primitives)
        if POWER in self.primitives:
            self._functions += [(fixed_power(Fraction(n)), ()) for n in MORE_POWERS]
        self._few_functions = grid(self.primitives, FEW)
        powers = [(POWER, (p,)) for p in EXPONENTS] if POWER in self.primitives else []
        self._nested_functions = [*self._few_functions, *powers]
        bent = [i for i in range(self.n_inputs) if i not in self.two_valued]
        bent_singles = features(combinations([], bent, units), self.X.T, self._functions)
        straight = features(combinations([], sorted(self.two_valued), units), self.X.T, [(LINEAR, ())])
        self._singles = Features.join([bent_singles, straight])
        self._wave = next((p for p in self.primitives if p.oscillates), None)
        self._waves = Waves(self.X, self.weight, self.periods if self._wave is not None else ())
        self._pair_cache: dict[tuple[int, int], Features] = {}
        self._n_cached = 0  # numbers in it

    def _of_pair(self, pair: tuple[int, int]) -> Features:
        """Return the features of two inputs; they do not change, and are kept as far as there is room."""
        if pair not in self._pair_cache:
            units = self.units.tolist()
            functions = [(LINEAR, ())] if self.two_valued.issuperset(pair) else self._few_functions
            of_pair = features(combinations([pair], [], units), self.X.T, functions)
            if {EXP, LOG} <= set(self.primitives):
                of_pair = Features.join([of_pair, input_powers(pair, self.X, units)])
            self._pair_cache[pair] = of_pair
            self._n_cached += of_pair.values.size
            while self._n_cached > MOST_CACHED and len(self._pair_cache) > 1:
                oldest = self._pair_cache.pop(next(iter(self._pair_cache)))
                self._n_cached -= oldest.values.size
        return self._pair_cache[pair]

    def _oscillations(self) -> Features:
        """Return sines and cosines of a few arguments, of frequencies that the grid of initial ones does not reach."""
        waves = [p for p in self.primitives if p.oscillates]
        if not waves:
            return features([], self.X.T, [])
        everything = combinations(self._sample(self._pairs, OSCILLATING), range(self.n_inputs), self.units.tolist())
        chosen = [everything[k] for k in self.rng.permutation(len(everything))[:OSCILLATING]]
        band = min(int(self.rng.geometric(LOWEST_BAND)), N_BANDS) - 1
        frequencies = BAND * (band + (np.arange(N_FREQUENCIES) + self.rng.random()) / N_FREQUENCIES)
        return features(chosen, self.X.T, [(wave, (float(f),)) for wave in waves for f in frequencies])

    def _waves_of(self, residual: Array) -> Features:
        """Return the waves that the residual shows, at their frequencies and phases."""
        if self._wave is None or self.rng.random() > LISTENING:
            return features([], self.X.T, [])
        found = [wave.feature(self._wave) for wave in self._waves.of(residual, PEAKS)]
        return features([f.argument for f in found], self.X.T, [(self._wave, self._wave.neutral)])

    def _sample(self, items: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
        """Return `most` of the items, drawn at random; all, if there are no more."""
        if len(items) <= most:
            return items
        return [items[k] for k in self.rng.choice(len(items), most, replace=False)]

    def _features(self, values: Array, residual: Array) -> tuple[Features, Features]:
        """Return features of inputs, nodes (values (nodes, N)) and residual (N,), and logs of what may be raised."""
        d = self.n_inputs
        sources = np.concatenate([self.X.T, values])
        units = [*self.units, *np.ones(len(values))]
        pairs = self._sample(self._pairs, MOST_PAIRS)
        hidden = range(d, d + len(values) - 1)  # the output is read by nobody
        parts = [self._singles, *map(self._of_pair, pairs)]
        # what reads a node is new with every graph; sums with an input besides, so that a node can be shifted
        if hidden:
            mixed = self._sample(list(itertools.product(range(d), hidden)), MOST_PAIRS)
            parts.append(features(combinations([], hidden, units), sources, self._functions))
            parts.append(features(combinations(mixed, [], units), sources, [(LINEAR, ())]))
        parts += [self._oscillations(), self._waves_of(residual)]
        # what may be raised to a learned power: sources and their sums, where they are positive on all rows
        bases = [c for c in combinations(pairs, [*range(d), *hidden], units) if c.kind != "product"]
        bare = features(bases, sources, [(LINEAR, ())], sums=True)
        logs = bare.select(np.flatnonzero(bare.values.min(1) > 1e-3 * np.abs(bare.values).max(1)))
        logs = replace(logs, values=np.log(logs.values))
        return Features.join(parts), logs

    def children(self, member: FittedGraph, sharpness: float) -> list[Start]:
        """Propose children of a fitted graph: grown, with a power product, and with a part less."""
        draft = Draft.from_graph(member.graph, member.coefficients)
        with np.errstate(all="ignore"):
            lin = linearise(draft, self.X)
            residual = self.y - lin.prediction
            # parts that hardly matter make the Jacobian nearly singular: children grow from the graph without them
            cleaned_start = None
            cleaned = without_negligible(draft, lin, NEGLIGIBLE * float(np.mean(residual**2)))
            if cleaned is not draft:
                draft, cleaned_start = cleaned, cleaned.build()
                lin = linearise(draft, self.X)
                residual = self.y - lin.prediction
            if not np.isfinite(lin.jacobian).all() or not np.isfinite(residual).all():
                return []
            candidates = self._candidates(draft, lin, residual)
        # by lot, the better ones more often: the best move alone would be the same whenever a walker comes here
        starts: list[Start] = []
        for k in draw([c.merit() for c in candidates], sharpness, DRAWN, self.rng):
            starts.extend(_built(draft, candidates[k]))
        # growth alone cannot leave a wrong part behind: some children lose or exchange one
        taken = [*deletions(draft), *simple_exponents(draft), *(wraps(draft) if POWER in self.primitives else ())]
        for swap in swaps(draft, lin, self.X, self._functions) if self.rng.random() < SWAPPING else ():
            (starts if swap.missed < DISGUISED else taken).append(swap.start)
        if len(taken) > TAKEN:
            taken = [taken[k] for k in self.rng.choice(len(taken), TAKEN, replace=False)]
        if cleaned_start is not None:
            taken.append(cleaned_start)
        return starts + taken

    def _candidates(self, draft: Draft, lin: Linearised, residual: Array) -> list[Proposal | MonomialMove]:
        """Return what may enter the draft, with what it would gain by the linear model."""
        parts, logs = self._features(lin.values, residual)
        grown = propose(lin, residual, self.sqrt_weight, parts, logs, self.n_inputs, TOP)
        products = monomial_moves(draft, lin, residual, self.sqrt_weight, self.positive)
        return [*grown, *sorted(products, key=lambda m: -m.merit())[: TOP // 3]]

    def pursuit(self, name: str, factor: float, inner: Array, sharpness: float) -> Iterator[Start]:
        """Build the inside h (N,) of y = c f(h) from features, with f, c and h as `outer_functions` gives them."""
        pairs = self._sample(self._pairs, MOST_PAIRS)
        parts = Features.join([self._singles, *map(self._of_pair, pairs), self._oscillations()])
        slope = np.ones_like(inner) if name == LINEAR.name else slope_along(inner, self.y)
        for chosen, solution in pursue(parts, inner, slope * self.sqrt_weight, self.rng, sharpness):
            yield self._assembled(name, factor, chosen, solution)

    def pairs(self, name: str, factor: float, inner: Array) -> Iterator[Start]:
        """Build the inside h (N,) of y = c f(h) from the sums and products of two features that explain it best."""
        pairs = self._sample(self._pairs, MOST_PAIRS)
        deep = deep_features(self.X, self.units.tolist(), self._nested_functions, self.rng)
        parts = Features.join([self._singles, *map(self._of_pair, pairs), self._oscillations(), deep])
        if not len(parts):
            return
        # all pairs of all features are too many: a dictionary is drawn, simple features more often
        chance = 1 / parts.symbols
        chosen = self.rng.choice(len(parts), min(DICTIONARY, len(parts)), replace=False, p=chance / chance.sum())
        slope = np.ones_like(inner) if name == LINEAR.name else slope_along(inner, self.y)
        price = float(self.rng.choice(PAIR_PRICES))
        for pair in best_pairs(parts.select(chosen), inner, slope * self.sqrt_weight, price, BEST_PAIRS):
            draft, inside = self._paired(pair)
            yield behind(name, factor, inside, self.n_inputs, draft.nodes).prune().build()

    def _paired(self, pair: Pair) -> tuple[Draft, DraftNode]:
        """Return the node that a pair is, and a draft with what it reads."""
        draft, edges = self._inserted(pair.features)
        if pair.kind == "product":
            edges = [DraftEdge(draft.insert(len(draft.nodes), DraftNode("product", edges)), LINEAR)]
        for edge, weight in zip(edges, pair.weights, strict=True):
            edge.weight = weight
        if pair.kind != "ratio":
            return draft, DraftNode("sum", edges, pair.constant)
        above, below = (DraftNode("sum", [e], c) for e, c in zip(edges, (pair.constant, 1.0), strict=True))
        sources = [draft.insert(len(draft.nodes), node) for node in (above, below)]
        return draft, DraftNode("product", [DraftEdge(sources[0], LINEAR), DraftEdge(sources[1], RECIPROCAL)])

    def _inserted(self, chosen: Sequence[Feature]) -> tuple[Draft, list[DraftEdge]]:
        """Return a draft with what the features read, and the edges that are they."""
        draft = Draft(self.n_inputs, [])
        return draft, [insert_feature(draft, len(draft.nodes), feature)[0] for feature in chosen]

    def _assembled(self, name: str, factor: float, chosen: Sequence[Feature], solution: Array) -> Start:
        """Return c f(h) with h a sum of features, from the constant and the weights of the sum."""
        draft, edges = self._inserted(chosen)
        for edge, weight in zip(edges, solution[1:], strict=True):
            edge.weight = float(weight)
        inside = DraftNode("sum", edges, float(solution[0]))
        return behind(name, factor, inside, self.n_inputs, draft.nodes).prune().build()


def _built(draft: Draft, candidate: Proposal | MonomialMove) -> list[Start]:
    """Return the draft after a move; a factor (1 + s f / k)**k is tried with each of several k."""
    if isinstance(candidate, MonomialMove):
        return [candidate.build()]
    exponents = FACTOR_EXPONENTS if candidate.move.kind == "multiply" else FACTOR_EXPONENTS[:1]
    return [apply(draft, candidate.move, exponent) for exponent in exponents]
