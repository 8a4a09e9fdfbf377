r"""Closed-form power products: all exponents of :math:`c \prod_i x_i^{p_i}` at a site by one weighted least squares.

At a site with value v and adjoint :math:`\delta` the change that would make the residual r vanish, row by row, is
:math:`t = r / \delta`. Where a target made from it keeps its sign, its logarithm is linear in the logarithms of the
inputs: :math:`\log |t| = \log |c| + \sum_i p_i \log x_i`, with the rows weighted by :math:`|t \delta|`, the part that
they have in the residual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import fixed_power
from eqdarts.search.growth.moves import add, merit, multiply
from eqdarts.search.growth.sites import Linearised, Site
from eqdarts.search.least_squares import least_squares

__all__ = ["Monomial", "MonomialMove", "fit_monomial", "monomial_moves", "positive_logs"]

_LEAST_SHARE = 0.9  # of the weight that one sign must have
_LEAST_EXPONENT = 0.2
_LARGEST_EXPONENT = 6.0


@dataclass(frozen=True)
class Monomial:
    """c times the product of x_i**p_i; fixed half-integer exponents, or learned ones."""

    scale: float
    exponents: tuple[tuple[int, float], ...]
    learned: bool

    def edges(self) -> list[DraftEdge]:
        """Return the factors without the scale."""
        if self.learned:
            return [DraftEdge(i, POWER, 1.0, [p]) for i, p in self.exponents]
        return [DraftEdge(i, fixed_power(Fraction(round(2 * p), 2))) for i, p in self.exponents]

    def __call__(self, logs: dict[int, Array]) -> Array:
        """Return its values from the logarithms of the inputs."""
        exponent: Array | float = 0.0
        for i, p in self.exponents:
            exponent = exponent + p * logs[i]
        return np.asarray(self.scale * np.exp(exponent))


@dataclass(frozen=True, eq=False)
class MonomialMove:
    """A monomial that enters a draft, and the share of the loss that it leaves by the linear model."""

    left: float
    build: Callable[[], Start]
    symbols: int

    def merit(self) -> float:
        """Return the fall of log loss per added symbol."""
        return merit(self.left, self.symbols)


def positive_logs(X: Array) -> dict[int, Array]:
    """Return the logarithms (N,) of the inputs that are positive on all rows of X (N, D), by input."""
    with np.errstate(all="ignore"):
        return {i: np.log(x) for i, x in enumerate(X.T) if (x > 1e-9 * np.abs(x).max()).all()}


def fit_monomial(target: Array, weight: Array, logs: dict[int, Array]) -> list[Monomial]:
    """Fit a monomial to `target` (N,): with half-integer and with learned exponents; none if the sign changes."""
    if not np.isfinite(target).all() or not np.isfinite(weight).all():
        return []
    size = np.abs(target)
    # rows weigh by the part that the target has in the residual, so that logarithms of small values do not govern
    w = weight * size
    sign = 1.0 if w[target > 0].sum() >= w[target < 0].sum() else -1.0
    keep = (np.sign(target) == sign) & (size > 1e-12 * size.max())
    if w.sum() <= 0 or w[keep].sum() < _LEAST_SHARE * w.sum() or keep.sum() < 2 * (len(logs) + 1):
        return []
    w = w[keep] / w.max()
    inputs = list(logs)
    design = np.stack([np.ones(int(keep.sum())), *(logs[i][keep] for i in inputs)], axis=1)
    log_target = np.log(size[keep])
    solution = least_squares(design * w[:, None], log_target * w)
    raw = np.clip(solution[1:], -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    # half-integers are what laws have; learned exponents what data say: the refit tells which
    found: list[Monomial] = []
    for exponents, learned in ((np.round(2 * raw) / 2, False), (raw, True)):
        chosen = tuple((i, float(p)) for i, p in zip(inputs, exponents, strict=True) if abs(p) > _LEAST_EXPONENT)
        if not chosen:
            continue
        explained = sum((p * logs[i][keep] for i, p in chosen), np.zeros(len(log_target)))
        offset = np.average(log_target - explained, weights=w**2)
        found.append(Monomial(float(sign * np.exp(np.clip(offset, -50, 50))), chosen, learned))
    return found


def monomial_moves(
    draft: Draft, lin: Linearised, residual: Array, sqrt_weight: Array, logs: dict[int, Array]
) -> Iterator[MonomialMove]:
    """Yield what a power product may do at every site: be added, take a term's place, or multiply the value."""
    if not logs:
        return
    total = float(np.sum((residual * sqrt_weight) ** 2))
    if total == 0.0:  # nothing is left to explain
        return
    with np.errstate(all="ignore"):
        for site in lin.sites:
            change = residual / site.adjoint
            weight = np.abs(site.adjoint) * sqrt_weight
            for target, outer, edit in _targets(draft, site, change):
                for monomial in fit_monomial(target, weight, logs):
                    miss = (outer(monomial(logs)) - outer(target)) * weight
                    left = float(miss @ miss) / total
                    if np.isfinite(left):
                        symbols = 4 * len(monomial.exponents) + 2 * monomial.learned
                        yield MonomialMove(left, lambda e=edit, s=site, m=monomial: e(draft, s, m), symbols)  # type: ignore[misc]


Edit = Callable[[Draft, Site, Monomial], Start]
Outer = Callable[[Array], Array]


def _targets(draft: Draft, site: Site, change: Array) -> Iterator[tuple[Array, Outer, Edit]]:
    """Yield targets (N,), the change of the site's value that follows from one, and the edit that lets it in."""
    node = draft.nodes[site.node]
    value = site.value
    if site.adds:
        yield change, lambda m: m, _add
    if site.kind == "node" and node.is_sum and node.constant is not None:
        yield change + node.constant, lambda m: m, _add_for_constant
    if site.kind == "term":
        yield change + value, lambda m: m, _replace_term
    if site.multiplies:
        ratio = change / value
        yield 1 + ratio, lambda m: value * m, _multiply
        yield ratio, lambda m: value * m, _multiply_by_one_plus
        yield -ratio / (1 + ratio), lambda m: value / (1 + m), _divide_by_one_plus


def _insert(draft: Draft, position: int, monomial: Monomial) -> DraftEdge:
    source = draft.insert(position, DraftNode("product", monomial.edges()))
    return DraftEdge(source, LINEAR, monomial.scale)


def _add(draft: Draft, site: Site, monomial: Monomial, *, drop_constant: bool = False) -> Start:
    edited, j = draft.copy(), site.node
    edge = _insert(edited, j, monomial)
    if drop_constant:
        edited.nodes[j + 1].constant = None
    add(edited, j + 1, site, edge)
    return edited.prune().build()


def _add_for_constant(draft: Draft, site: Site, monomial: Monomial) -> Start:
    return _add(draft, site, monomial, drop_constant=True)


def _replace_term(draft: Draft, site: Site, monomial: Monomial) -> Start:
    edited, j = draft.copy(), site.node
    edge = _insert(edited, j, monomial)
    edited.nodes[j + 1].edges[site.edge] = edge
    return edited.prune().build()


def _multiply(draft: Draft, site: Site, monomial: Monomial) -> Start:
    edited, j = draft.copy(), site.node
    source = edited.insert(j, DraftNode("product", monomial.edges(), monomial.scale))
    multiply(edited, j + 1, site, DraftEdge(source, LINEAR))
    return edited.prune().build()


def _one_plus(draft: Draft, site: Site, monomial: Monomial, exponent: int) -> Start:
    edited, j = draft.copy(), site.node
    edge = _insert(edited, j, monomial)
    source = edited.insert(j + 1, DraftNode("sum", [edge], 1.0))
    multiply(edited, j + 2, site, DraftEdge(source, fixed_power(Fraction(exponent))))
    return edited.prune().build()


def _multiply_by_one_plus(draft: Draft, site: Site, monomial: Monomial) -> Start:
    return _one_plus(draft, site, monomial, 1)


def _divide_by_one_plus(draft: Draft, site: Site, monomial: Monomial) -> Start:
    return _one_plus(draft, site, monomial, -1)
