r"""Structure under noise: reductions compared by the evidence of a smooth model, not read off its gradient.

A true reduction leaves a function of one input fewer that explains the rows as well, and the evidence for it is higher
by tens of nats; a wrong one costs more than that. The gradient of the smooth model, too rough to be believed, only says
which reductions are worth a comparison:

- a law of scale (w, k): f does not change if every :math:`x_i` is multiplied by :math:`t^{w_i}` and f divided by
  :math:`t^k`. Its amplitude is :math:`\sum_i w_i x_i f_i - k f`. Products, ratios, groups of several inputs, factors
  that are powers of one input, and inputs that do not matter are all such laws;
- a sum :math:`x_i + a x_j`: its amplitude is :math:`a f_i - f_j`. Squares, reciprocals and roots are summed as well;
- an exponent: :math:`x_j L(x_i)`, where L is the logarithm of an input, of one plus it, or of its odds. Its amplitude
  is :math:`x_j f_j - (L / L') f_i`.

Laws of scale that hold together are one step. An amplitude counts by how far the rows spread along its direction. The
best reduction is kept, and the next one is sought in what is left.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array
from eqdarts.search.by_units import most_likely, pivoted, pivotings
from eqdarts.search.laws_of_scale import ANOTHER, BROKEN, WHOLE, likely_laws, likely_sets, pivots_of, price_of_set
from eqdarts.search.problem import Problem
from eqdarts.search.smooth_evidence import SmoothFit, best_fits, positive, rows_of, smooth_fit
from eqdarts.search.structure import Base, Group, Reduction, reduce, scaled_by, simple_ratio

__all__ = [
    "FEWEST_ROWS",
    "MOST_INPUTS",
    "Compared",
    "compared_reductions",
    "likely_by_units",
    "offset_reductions",
    "with_offset",
]

TRIED = 16  # reductions of each step and smooth model that are compared by evidence, those with the smallest amplitudes
IN_EACH_WAY = 3  # laws of scale by which each input is taken out in its turn
CURVED = 8  # of those with powers in a sum or with an exponent
TOP = 3  # of these, how many get the best setting of the smooth model
OFFSETS = 2  # of the target that are tried
SETS, MOST_SETS = 6, 8  # of as many laws of scale that hold together, with what they take out; and sets looked at
OF_EACH_SET = 2  # ways to take inputs out by a set
BY_UNITS = 4  # of those that the units imply with a constant that has a unit
LEAST_GAIN = 0.0  # nats
# Prices in nats: of two reductions that the rows bear out alike, the simpler one is meant.
FREE = 5.0  # a weight that is fitted; the others are those of laws of scale
EXPONENT = 3.0  # an input that is an exponent
POWERS_OF_TERMS = (1.0, 2.0, -1.0, 0.5)
MOST_WITH_POWERS = 8  # inputs
LARGEST_SHIFT = 30.0  # logarithm of a base, beyond which it is none
MOST_INPUTS, FEWEST_ROWS = 12, 40  # beyond these a smooth model says too little


Reduced = tuple[Problem, Reduction]  # what is left, and by which reduction


@dataclass(frozen=True, eq=False)
class Compared:
    """A chain of reductions that the rows bear out.

    Parameters
    ----------
    chain : tuple of Reduction
    gain : float
        The nats that the last of them gained.
    problem : Problem
        What is left.
    fit : SmoothFit
        A smooth model of it.
    """

    chain: tuple[Reduction, ...]
    gain: float
    problem: Problem
    fit: SmoothFit

    @property
    def noise(self) -> float:
        """Mean square, weighted, of what the smooth model leaves."""
        return self.fit.noise(self.problem)

    def nats_ahead(self, left: float, n_coefficients: int) -> float:
        """Return how far the smooth model is ahead of a law that leaves a mean square `left` of the same rows."""
        n = len(self.fit.X)
        own = self.noise / max(1 - self.fit.freedom / n, 0.5)  # what a fit leaves of its own rows is too little
        return 0.5 * n * float(np.log(max(left, 1e-300) / max(1 - n_coefficients / n, 0.5) / max(own, 1e-300)))


def compared_reductions(problem: Problem, has_time: Callable[[], bool]) -> list[Compared]:
    """Return the chains of reductions that the evidence prefers, each one step longer than the one before.

    The first has no step. None is returned for many inputs or few rows.

    Parameters
    ----------
    problem : Problem
    has_time : callable
        Asked before each comparison; the steps found so far are returned when it says no.
    """
    found: list[Compared] = []
    if problem.n_inputs > MOST_INPUTS or len(rows_of(problem)[1]) < FEWEST_ROWS:
        return found
    chain: tuple[Reduction, ...] = ()
    fits = best_fits(problem)
    found += [Compared((), 0.0, problem, fit) for fit in fits[:1]]
    while fits and problem.n_inputs > 1:
        best = _best_step(problem, fits, has_time)
        if best is None or best[0] < fits[0].evidence + LEAST_GAIN:
            break
        gain, problem, step, better = best[0] - fits[0].evidence, *best[1:]
        chain = (*chain, step)
        found.append(Compared(chain, gain, problem, better[0]))
        fits = better
    return found


def offset_reductions(problem: Problem, has_time: Callable[[], bool]) -> tuple[float, Compared] | None:
    """Return the chain of reductions that the evidence prefers for a target plus some offset, and the offset.

    None is returned where no chain is borne out. For the arguments see `compared_reductions`.
    """
    if problem.n_inputs > MOST_INPUTS or len(rows_of(problem)[1]) < FEWEST_ROWS:
        return None
    best: tuple[float, float, Compared] | None = None
    offsets = [offset for fit in best_fits(problem)[:1] for offset in _offsets(problem, fit)]
    for price, offset in [(0.0, 0.0), *((FREE, own) for own in offsets)]:
        steps = compared_reductions(with_offset(problem, offset), has_time)
        gain = sum(step.gain for step in steps) - price
        if len(steps) > 1 and gain > 0 and (best is None or gain > best[0]):
            best = gain, offset, steps[-1]
    return None if best is None else best[1:]


def with_offset(problem: Problem, offset: float) -> Problem:
    """Return the problem with an offset added to the target."""
    train, held, wide = (replace(rows, y=rows.y + offset) for rows in (problem.train, problem.held, problem.wide))
    return replace(problem, train=train, held=held, wide=wide)


def _offsets(problem: Problem, fit: SmoothFit) -> list[float]:
    """Return offsets of the target with which a factor can best be taken out of it."""
    X, _, root = rows_of(problem)
    f, gradient = fit.value_and_gradient()
    flow = _flow(X, f, gradient, root)
    # a law of scale of f + c has the amplitude of that of f, less k c
    along = flow @ root / (root @ root)
    likely = likely_laws(*_amplitudes(X, flow - np.outer(along, root), max(fit.noise(problem), 1e-300)))
    with_factor = (float(law @ along / law[-1]) for _, _, law in likely if law[-1] != 0)
    return list(itertools.islice(with_factor, OFFSETS))


def _best_step(
    problem: Problem, fits: Sequence[SmoothFit], has_time: Callable[[], bool]
) -> tuple[float, Problem, Reduction, list[SmoothFit]] | None:
    """Return the reduction with the most evidence less its price, and what is reduced by it; None without time."""
    compared: list[tuple[float, int, Reduced]] = []
    suggested = _suggested(problem, fits)
    X, f = fits[0].X, fits[0].value_and_gradient()[0]
    for k, (price, reduction) in enumerate(suggested):
        if not has_time():
            return None
        reduced = reduce(problem, reduction)
        if reduced is None:
            continue
        near = f / reduced[1].prefactor(X)
        quick = [smooth_fit(reduced[0], fit.setting, near) for fit in fits]
        evidence = max((q.evidence for q in quick if q is not None), default=-np.inf)
        compared.append((price - evidence, k, reduced))
    compared.sort(key=lambda row: row[:2])
    best = _best_in_full((suggested[k][0], reduced) for _, k, reduced in compared[:TOP])
    while best is not None and has_time():
        # a set of laws with one too many can be better than none, and better than single ones
        price, (_, step) = best[1], best[2]
        better = _best_in_full((price, reduce(problem, fewer)) for fewer in step.with_input_back())
        if better is None or better[0] <= best[0]:
            break
        best = better
    return None if best is None else (best[0], *best[2], best[3])


def _best_in_full(
    candidates: Iterable[tuple[float, Reduced | None]],
) -> tuple[float, float, Reduced, list[SmoothFit]] | None:
    """Return evidence less price, the price, what is reduced and its smooth models, where the first is largest."""
    priced = ((price, reduced, best_fits(reduced[0])) for price, reduced in candidates if reduced is not None)
    sound = [(fits[0].evidence - price, price, reduced, fits) for price, reduced, fits in priced if fits]
    return max(sound, key=lambda row: row[0], default=None)


def _suggested(problem: Problem, fits: Sequence[SmoothFit]) -> list[tuple[float, Reduction]]:
    """Return the reductions that either smooth model contradicts least, each with its price."""
    X, _, root = rows_of(problem)
    found: dict[str, tuple[float, Reduction]] = {}
    for fit in fits:
        f, gradient = fit.value_and_gradient()
        noise = max(fit.noise(problem), 1e-300)
        rows = X, gradient, root, noise, problem.units
        ranked = sorted([*_scales(X, f, gradient, root, noise), *_sums(*rows)], key=lambda row: row[0])
        # Powers in sums and exponents are so many that they would take the places of simpler steps.
        curved = sorted([*_sums(*rows, _powers_of_terms(X)), *_exponents(*rows)], key=lambda row: row[0])
        # A set of laws takes several inputs out at once: its amplitude is not that of a single step.
        sets = _sets_of_scales(X, f, gradient, root, noise)
        by_units = _by_units(X, f, gradient, root, noise, problem.dimensions)
        for _, price, reduction in (*ranked[:TRIED], *curved[:CURVED], *sets, *by_units):
            found[reduction.key] = price, reduction
    return list(found.values())


def _flow(X: Array, f: Array, gradient: Array, root: Array) -> Array:
    """Return the changes (D + 1, N) of the function along the logarithm of each input, and minus the function."""
    return np.asarray(np.concatenate([X.T * gradient, -f[None, :]]) * root)


def _amplitudes(X: Array, flow: Array, noise: float) -> tuple[Array, Array]:
    """Return the products of the changes in nats, and the inverse covariance of the logarithms of the inputs."""
    return np.asarray(flow @ flow.T / (2 * noise)), _precision(_sizes(X))


def _scales(X: Array, f: Array, gradient: Array, root: Array, noise: float) -> Iterator[tuple[float, float, Reduction]]:
    """Yield the most likely laws of scale: the nats that one would cost and its price, its price, the reduction."""
    is_positive, n_found = positive(X), 0
    for missed, price, law in likely_laws(*_amplitudes(X, _flow(X, f, gradient, root), noise)):
        # what is left is another function of the same, which may be smoother, if another input is taken out
        pivots = pivots_of(law, is_positive)[: 1 if n_found >= IN_EACH_WAY else None]
        for pivot in pivots:
            yield missed, price, scaled_by(X.shape[1], [(pivot, law / law[pivot])])
        n_found += bool(pivots)
        if n_found == TRIED:
            return


def _sets_of_scales(
    X: Array, f: Array, gradient: Array, root: Array, noise: float
) -> Iterator[tuple[float, float, Reduction]]:
    """Yield sets of laws of scale that hold together, as `_scales` does."""
    # More laws miss more nats and gain more evidence: only sets of as many laws can be ranked.
    sets = likely_sets(*_amplitudes(X, _flow(X, f, gradient, root), noise))
    for m in range(2, X.shape[1]):
        found: list[tuple[float, float, int, list[tuple[int, Array]]]] = []
        for k, (missed, laws) in enumerate([own for own in sets if len(own[1]) == m][:MOST_SETS]):
            ways = sorted(((price_of_set(rows), n, rows) for n, rows in enumerate(pivotings(laws, positive(X)))))
            found += [(missed + price, price, k, rows) for price, _, rows in ways[:OF_EACH_SET]]
        for missed, price, _, rows in sorted(found, key=lambda row: row[:3])[:SETS]:
            yield missed, price, scaled_by(X.shape[1], rows)


def _by_units(
    X: Array, f: Array, gradient: Array, root: Array, noise: float, dimensions: Array | None
) -> Iterator[tuple[float, float, Reduction]]:
    """Yield sets of laws of scale that the units imply, as `_scales` does."""
    if dimensions is None:
        return
    flow = _flow(X, f, gradient, root)
    for missed, price, laws in most_likely(dimensions, flow, _precision(_sizes(X)), noise, BY_UNITS):
        rows = pivoted(laws, positive(X))
        if rows is not None:
            yield missed, price, scaled_by(X.shape[1], rows)


def likely_by_units(problem: Problem, fit: SmoothFit) -> list[tuple[float, Reduction]]:
    """Return what the units imply, without a constant that has a unit and with likely ones, each with its price."""
    X, _, root = rows_of(problem)
    f, gradient = fit.value_and_gradient()
    noise = max(fit.noise(problem), 1e-300)
    found = _by_units(X, f, gradient, root, noise, problem.dimensions)
    return [(price, reduction) for _, price, reduction in found]


def _sums(
    X: Array,
    gradient: Array,
    root: Array,
    noise: float,
    units: Array,
    powers: Sequence[tuple[float, ...]] | None = None,
) -> Iterator[tuple[float, float, Reduction]]:
    """Yield sums and differences of two inputs, or of powers of them, as `_scales` does."""
    d = X.shape[1]
    powers = powers or [(1.0,)] * d
    columns = {(i, p): X[:, i] ** p for i, own in enumerate(powers) for p in own}
    slopes = {(i, p): _in_power(X[:, i], p, gradient[i]) * root for i, p in columns}
    for i, j in itertools.combinations(range(d), 2):
        for p, q in itertools.product(powers[i], powers[j]):
            if p == q == 1 and len(powers[i]) > 1:
                continue
            flow = np.stack([slopes[i, p], slopes[j, q]])
            precision = _precision(np.stack([columns[i, p], columns[j, q]], axis=1))
            products = flow @ flow.T / (2 * noise)
            of_powers = _of_power(p) + _of_power(q)
            unit = units[j] ** q / units[i] ** p
            for weight, own_price in _weights(products, precision, unit):
                own, price = weight * unit, own_price + of_powers
                direction = np.array([own, -1.0])
                missed = direction @ products @ direction / (direction @ precision @ direction)
                groups = [Group("product", ((k, 1.0),)) for k in range(d) if k not in (i, j)]
                merged = Group("sum", ((i, 1.0), (j, own)), powers=() if p == q == 1 else (p, q))
                yield float(missed + price), price, Reduction((*groups, merged), Group("product", ()))


def _weights(products: Array, precision: Array, unit: float) -> list[tuple[float, float]]:
    """Return the weights that the second term of a sum may have in the units of the data, with their prices."""
    # the direction in which f changes least of all
    values, vectors = np.linalg.eig(np.linalg.solve(precision, products))
    least = np.real(vectors[:, int(np.argmin(np.real(values)))])
    weights = {1.0: ANOTHER, -1.0: ANOTHER}
    if least[1] != 0.0 and least[0] != 0.0:
        free = float(-least[0] / least[1] / unit)
        simple = simple_ratio(free)
        weights.setdefault(free, FREE)
        if simple:
            weights.setdefault(simple, ANOTHER + WHOLE)
    return sorted(weights.items())


def _powers_of_terms(X: Array) -> list[tuple[float, ...]]:
    """Return the powers of each input that may be terms of a sum besides the first."""
    if X.shape[1] > MOST_WITH_POWERS:
        return [()] * X.shape[1]
    return [POWERS_OF_TERMS if own else (1.0, 2.0) for own in positive(X)]


def _in_power(x: Array, p: float, slope: Array) -> Array:
    """Return the derivative in x**p (N,) from that in x; zero where the power itself does not move."""
    steepness = p * x ** (p - 1)
    return np.divide(slope, steepness, out=np.zeros_like(slope), where=steepness != 0)


def _of_power(p: float) -> float:
    """Return the price of a power of a term of a sum."""
    return 0.0 if p == 1 else WHOLE if p.is_integer() else BROKEN


def _exponents(
    X: Array, gradient: Array, root: Array, noise: float, units: Array
) -> Iterator[tuple[float, float, Reduction]]:
    """Yield inputs that are the exponents of others, as `_scales` does."""
    d = X.shape[1]
    for i, j in itertools.permutations(range(d), 2):
        slope = X[:, i] * gradient[i] * root
        for base, k, price in _bases(X[:, i], units[i], X[:, j] * gradient[j] * root, slope):
            logarithm = base.logarithm(k * X[:, i])
            if not np.isfinite(logarithm).all() or np.ptp(logarithm) == 0.0:
                continue
            flow = X[:, j] * gradient[j] * root - logarithm / base.steepness(k * X[:, i]) * slope
            precision = _precision(_sizes(np.stack([X[:, j], logarithm], axis=1)))
            direction = np.array([1.0, -1.0])
            missed = flow @ flow / (direction @ precision @ direction) / (2 * noise)
            groups = [Group("product", ((m, 1.0),)) for m in range(d) if m not in (i, j)]
            power = Group("exponent", ((i, k), (j, 1.0)), base=base)
            yield float(missed + price), price, Reduction((*groups, power), Group("product", ()))


def _bases(x: Array, unit: float, along: Array, slope: Array) -> Iterator[tuple[Base, float, float]]:
    """Yield what may be raised to an exponent: the base, what its input is multiplied by, and the price.

    `along` (N,) and `slope` (N,) are the derivatives of the law in the logarithms of the exponent and of the input.
    """
    if x.min() <= 0:
        return
    yield Base.INPUT, unit, EXPONENT
    yield Base.ONE_PLUS, unit, EXPONENT + ANOTHER
    if unit * x.max() < 1:
        yield Base.ODDS, unit, EXPONENT + ANOTHER
    # a base x / s: the logarithm of s that the rows contradict least
    total = float(slope @ slope)
    if total > 0:
        shift = float(slope @ (along - np.log(x) * slope)) / total
        if abs(shift) < LARGEST_SHIFT:
            yield Base.INPUT, float(np.exp(shift)), EXPONENT + FREE


def _sizes(columns: Array) -> Array:
    """Return the logarithms of the sizes of columns (N, D), with a floor where they are next to zero."""
    sizes = np.abs(columns)
    return np.asarray(np.log(np.maximum(sizes, 1e-3 * sizes.max(0) + 1e-300)))


def _precision(columns: Array) -> Array:
    """Return the inverse of the covariance of columns (N, D), which need not be independent."""
    covariance = np.atleast_2d(np.cov(columns.T))
    covariance[np.diag_indices_from(covariance)] += 1e-6 * np.trace(covariance) / len(covariance) + 1e-300
    return np.asarray(np.linalg.inv(covariance))
