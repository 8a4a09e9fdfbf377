r"""Separability under noise: whether a function of the target is a sum of functions of fewer inputs.

The inverse T of an outer function turns the target into a working response (`eqdarts.search.smooth_evidence.response`).
A smooth model of it without the terms that mix the parts A and B of the inputs has more evidence if T(y) is
:math:`g(A) + h(B)`. A product is such a sum behind an exponential.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array, Ints
from eqdarts.primitives.table import LINEAR
from eqdarts.search.problem import Problem, Rows
from eqdarts.search.smooth import chebyshev_products, exponents_up_to, outer
from eqdarts.search.smooth_evidence import Ridged, SmoothFit, degree_of, ratios_of, response, ridge, rows_of

__all__ = ["Separation", "separation"]

EXP = "exp"  # the outer function of products
# Nats: what an outer function costs, and what each part more is worth. What is not separable costs tens of them.
OUTER_PRICE, APART = 3.0, 6.0
Parts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Separation:
    """y = f(g(A) + h(B) + ...) with smooth g and h, or y = g(A) h(B) ... if f is exp.

    Parameters
    ----------
    name : str
        Of f; "exp" for a product.
    factor : float
        What the function f is multiplied by; for a product, what the parts are.
    parts : tuple of tuple of int
        The inputs A, B, ...
    problems : tuple of Problem
        For each part the smooth function as target of its inputs; a constant, or in a product a factor, is arbitrary.
    noisy : tuple of Problem
        The same with what the rows leave of the smooth function added to it.
    gain : float
        Nats by which the evidence is higher than that of the smooth model without parts, prices included.
    constant : float
        What must be added to the sum of the parts, if they are not factors.
    """

    name: str
    factor: float
    parts: Parts
    problems: tuple[Problem, ...]
    noisy: tuple[Problem, ...]
    gain: float
    constant: float


def separation(problem: Problem, fit: SmoothFit) -> Separation | None:
    """Return the separation with the most evidence, None if none has more than the smooth model as it is."""
    if problem.n_inputs < 2:
        return None
    best: tuple[float, _Response, Parts, Ridged] | None = None
    for own in _responses(problem, fit):
        for parts, ridged in own.separated(problem.n_inputs):
            evidence = ridged.evidence - own.price + APART * (len(parts) - 1)
            if best is None or evidence > best[0]:
                best = evidence, own, parts, ridged
    if best is None or best[0] < fit.evidence:
        return None
    evidence, own, parts, ridged = best
    problems, noisy = zip(*(own.part(problem, part, ridged.solution) for part in parts), strict=True)
    constant = float(ridged.solution[0])
    factor = own.factor * float(np.exp(constant)) if own.name == EXP else own.factor
    return Separation(own.name, factor, parts, problems, noisy, evidence - fit.evidence, constant)


@dataclass(frozen=True, eq=False)
class _Response:
    """The working response behind one outer function, and the products of its design that all separations share."""

    name: str
    factor: float
    fit: SmoothFit
    exponents: Ints
    size: float
    matrix: Array
    projected: Array
    total: float
    n: int

    @property
    def price(self) -> float:
        return 0.0 if self.name == LINEAR.name else OUTER_PRICE

    def separated(self, d: int) -> Iterator[tuple[Parts, Ridged]]:
        """Yield the best split in two, that in three, and so on, each of them of the one before."""
        parts: Parts = (tuple(range(d)),)
        while True:
            finer = [(split, self._fitted(split)) for split in _splits(parts)]
            sound = [(split, ridged) for split, ridged in finer if ridged is not None]
            if not sound:
                return
            parts, ridged = max(sound, key=lambda pair: pair[1].evidence)
            yield parts, ridged

    def _fitted(self, parts: Parts) -> Ridged | None:
        """Fit without the terms that mix parts; their coefficients (T,) are zero."""
        kept = np.flatnonzero(sum(self.exponents[:, list(part)].any(1).astype(int) for part in parts) <= 1)
        matrix, projected = self.matrix[np.ix_(kept, kept)], self.projected[kept]
        ratios = ratios_of(self.exponents.shape[1])
        priors = [self.fit.setting._replace(ratio=ratio).prior(self.exponents[kept]) for ratio in ratios]
        fitted = [ridge(matrix, projected, self.total, self.n, prior) for prior in priors]
        small = max((r for r in fitted if r is not None), key=lambda r: r.evidence, default=None)
        if small is None:
            return None
        solution = np.zeros(len(self.exponents))
        solution[kept] = small.solution / self.size
        return Ridged(small.evidence, solution)

    def part(self, problem: Problem, part: tuple[int, ...], solution: Array) -> tuple[Problem, Problem]:
        """Return the problem whose target is the part's own function, and that with the noise of the rows."""
        columns = list(part)
        others = np.delete(np.arange(problem.n_inputs), columns)
        own = np.where(self.exponents[:, others].any(1) | ~self.exponents.any(1), 0.0, solution)
        row = outer()[self.name]

        def of(rows: Rows) -> tuple[Rows, Rows]:
            design = chebyshev_products(self.fit.box.scaled(rows.X)[0], self.exponents)
            whole, value = design @ solution, design @ own
            size = row.inverse(whole)
            steepness = self.factor / row.slope(size)
            if self.name == EXP:  # the part is a factor: y goes with it as y / factor
                value = np.exp(value)
                steepness = self.factor * size / value
            left = (rows.y - self.factor * size) / steepness
            weight = rows.weight * steepness**2
            return Rows(rows.X[:, columns], value, weight), Rows(rows.X[:, columns], value + left, weight)

        train, held, wide = map(of, (problem.train, problem.held, problem.wide))
        # losses stay shares of the variance of the whole target
        units, most = problem.units[columns], problem.most_coefficients
        smooth, noisy = (
            Problem(*rows, problem.variance, units, 1.0, most) for rows in zip(train, held, wide, strict=True)
        )
        return replace(smooth, noise=self.fit.noise(problem)), noisy


def _responses(problem: Problem, fit: SmoothFit) -> Iterator[_Response]:
    """Yield the working response behind each outer function that the smooth model can stand behind."""
    X, y, root = rows_of(problem)
    f = fit.predict(X)
    exponents = exponents_up_to(X.shape[1], degree_of(X.shape[1]))
    design = chebyshev_products(fit.box.scaled(X)[0], exponents)
    for name in outer():
        working = response(name, y, root, f)
        if working is None:
            continue
        size = float(np.sqrt(np.mean(working.weight**2)))
        weighted, target = design * (working.weight / size)[:, None], working.z * working.weight
        products = weighted.T @ weighted, weighted.T @ target, float(target @ target)
        yield _Response(name, working.factor, fit, exponents, size, *products, len(y))


def _splits(parts: Parts) -> Iterator[Parts]:
    """Yield the parts with one of them split in two."""
    for k, part in enumerate(parts):
        for size in range(1, len(part)):
            for first in itertools.combinations(part[1:], size):
                rest = tuple(i for i in part if i not in first)
                yield (*parts[:k], rest, first, *parts[k + 1 :])
