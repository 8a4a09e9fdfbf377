"""The grower: children of fitted graphs, by closed-form gains, by power products, and by taking parts away."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from eqdarts.draft import Draft, DraftEdge, DraftNode
from eqdarts.draft_terms import LINEAR
from eqdarts.primitives import PRIMITIVES, Primitive
from eqdarts.search.archive import Member
from eqdarts.search.features import Features, combinations, features
from eqdarts.search.gains import propose
from eqdarts.search.monomials import fit_monomial, monomial_moves
from eqdarts.search.moves import FACTOR_EXPONENTS, Start, apply, deletions, simple_exponents, without_negligible
from eqdarts.search.sites import Array, linearise
from eqdarts.search.swaps import swaps

__all__ = ["Grower", "seeds"]

MOST_PAIRS = 36  # pairs of sources whose features one proposal looks at
TOP = 60  # moves of highest merit that children are drawn from
SWAPPING = 0.5  # chance that swaps are looked at
DRAWN = 12  # moves drawn for each walker and round
DISGUISED = 1e-4  # a swap that changes the edge by less than this share of its variance is always tried
TAKEN = 8  # deletions and the like tried for each walker and round
NEGLIGIBLE = 1e-3  # a part is dropped if that changes the prediction by less than this share of the loss


@dataclass
class Grower:
    """Proposes children of fitted graphs on the training rows X (N, D), y (N,), weight (N,)."""

    X: Array
    y: Array
    weight: Array
    primitives: tuple[Primitive, ...]
    units: Array
    rng: np.random.Generator
    positive: dict[int, Array] = field(init=False)

    def __post_init__(self) -> None:
        self.sqrt_weight = np.sqrt(self.weight)
        self.n_inputs = self.X.shape[1]
        with np.errstate(all="ignore"):
            self.positive = {i: np.log(x) for i, x in enumerate(self.X.T) if (x > 1e-9 * x.max()).all()}
        self._pairs = list(itertools.combinations(range(self.n_inputs), 2))
        self._functions = [(p, row) for p in self.primitives if p.name != "power" for row in p.initial]
        self._few_functions = [(p, row) for p in self.primitives if p.name != "power" for row in p.initial[:2]]
        self._singles = features(combinations([], range(self.n_inputs), self.units), self.X.T, self._functions)
        self._pair_cache: dict[tuple[int, int], Features] = {}

    def _of_pair(self, pair: tuple[int, int]) -> Features:
        if pair not in self._pair_cache:
            self._pair_cache[pair] = features(combinations([pair], [], self.units), self.X.T, self._few_functions)
        return self._pair_cache[pair]

    def _sample(self, items: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
        if len(items) <= most:
            return items
        return [items[k] for k in self.rng.choice(len(items), most, replace=False)]

    def _features(self, values: Array) -> tuple[Features, Features]:
        """Return features of inputs and nodes, with values (nodes, N), and logarithms of what may be raised."""
        d = self.n_inputs
        sources = np.concatenate([self.X.T, values])
        units = [*self.units, *np.ones(len(values))]
        pairs = self._sample(self._pairs, MOST_PAIRS)
        hidden = range(d, d + len(values) - 1)  # the output is read by nobody
        parts = [self._singles, *map(self._of_pair, pairs)]
        if hidden:
            mixed = self._sample(list(itertools.product(range(d), hidden)), MOST_PAIRS)
            parts.append(features(combinations([], hidden, units), sources, self._functions))
            parts.append(features(combinations(mixed, [], units), sources, [(LINEAR, ())]))
        bases = [c for c in combinations(pairs, [*range(d), *hidden], units) if c.kind != "product"]
        bare = features(bases, sources, [(LINEAR, ())], sums=True)
        logs = bare.select(np.flatnonzero(bare.values.min(1) > 1e-3 * np.abs(bare.values).max(1)))
        logs = replace(logs, values=np.log(logs.values))
        return Features.join(parts), logs

    def children(self, member: Member, sharpness: float) -> list[Start]:
        """Propose children of a fitted graph: grown, with a power product, and with a part less."""
        draft = Draft.from_graph(member.graph, member.coefficients)
        with np.errstate(all="ignore"):
            lin = linearise(draft, self.X)
            residual = self.y - lin.prediction
            cleaned_start = None
            cleaned = without_negligible(draft, lin, NEGLIGIBLE * float(np.mean(residual**2)))
            if cleaned is not draft:
                draft, cleaned_start = cleaned, cleaned.build()
                lin = linearise(draft, self.X)
                residual = self.y - lin.prediction
            if not np.isfinite(lin.jacobian).all() or not np.isfinite(residual).all():
                return []
            parts, logs = self._features(lin.values)
            grown = propose(lin, residual, self.sqrt_weight, parts, logs, self.n_inputs, TOP)
            products = sorted(
                monomial_moves(draft, lin, residual, self.sqrt_weight, self.positive), key=lambda m: -m.merit()
            )[: TOP // 3]
        candidates = [*grown, *products]
        starts: list[Start] = []
        for k in self._draw([c.merit() for c in candidates], sharpness):
            candidate = candidates[k]
            if k >= len(grown):
                starts.append(candidate.build())
            else:
                move = candidate.move
                exponents = FACTOR_EXPONENTS if move.kind == "multiply" else FACTOR_EXPONENTS[:1]
                starts.extend(apply(draft, move, exponent) for exponent in exponents)
        taken = [*deletions(draft), *simple_exponents(draft)]
        for swap in swaps(draft, lin, self.X, self._functions) if self.rng.random() < SWAPPING else ():
            (starts if swap.missed < DISGUISED else taken).append(swap.start)
        if len(taken) > TAKEN:
            taken = [taken[k] for k in self.rng.choice(len(taken), TAKEN, replace=False)]
        if cleaned_start is not None:
            taken.append(cleaned_start)
        return starts + taken

    def _draw(self, merits: list[float], sharpness: float) -> list[int]:
        weights = np.array(merits) ** sharpness
        weights[~np.isfinite(weights) | (weights < 0)] = 0.0
        if not weights.sum() > 0:
            return []
        count = min(DRAWN, int((weights > 0).sum()))
        return list(self.rng.choice(len(weights), count, replace=False, p=weights / weights.sum()))


def seeds(X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...]) -> Iterator[tuple[str, Start]]:
    """Yield the starts of climbs, with the function outside: constants, functions of one, a power product."""
    d, mean = X.shape[1], float(np.average(y, weights=weight))
    yield "linear", Draft(d, [DraftNode("sum", [], mean)]).build()
    sign = 1.0 if y[0] > 0 else -1.0
    for name, inverse in _INVERSES.items():
        primitive = PRIMITIVES[name]
        if primitive not in primitives:
            continue
        for outer in {1.0, sign}:
            with np.errstate(all="ignore"):
                inner = inverse(outer * y)
            sound = np.isfinite(inner)
            if sound.mean() < 0.99:
                continue
            inside = DraftNode("sum", [], float(np.average(inner[sound], weights=weight[sound])))
            edge = DraftEdge(d, primitive, 1.0, list(primitive.neutral))
            node = DraftNode("product", [edge], None if outer == 1.0 else outer)
            yield name, Draft(d, [inside, node]).build()
    with np.errstate(all="ignore"):
        logs = {i: np.log(x) for i, x in enumerate(X.T) if (x > 0).all()}
    for monomial in fit_monomial(y, np.sqrt(weight), logs):
        yield "exp", Draft(d, [DraftNode("product", monomial.edges(), monomial.scale)]).prune().build()


_INVERSES = {
    "exp": np.log,
    "reciprocal": lambda y: 1 / y,
    "sqrt": np.square,
    "square": np.sqrt,
    "log": lambda y: np.exp(np.clip(y, -5, 5)),
    "sin": np.arcsin,
    "tanh": np.arctanh,
    "logistic": lambda y: np.log(y / (1 - y)),
    "arcsin": np.sin,
    "arctan": np.tan,
}
