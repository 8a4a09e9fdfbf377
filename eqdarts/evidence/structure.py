r"""The structure that a law and its data share, in words: inputs that appear only in combination, and scaling laws.

A structure is read from the gradient of the finished graph, and from that of a smooth model of the data. It is reported
only if a smooth model of the reduced data, which does not depend on the graph, predicts held-back rows no worse.

A reduction f(x) = p(x) g(u(x)) holds for a graph if :math:`\nabla f - f\, \nabla \log p` lies in the span of the
gradients of the new inputs u, at every row.

Axes: N rows, D inputs, C new inputs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqdarts._typing import Array
from eqdarts.evidence.structure_words import in_words
from eqdarts.graph.draft import Draft
from eqdarts.graph.fitted import FittedGraph
from eqdarts.search.growth.sites import linearise
from eqdarts.search.problem import Problem, Rows
from eqdarts.search.smooth import Smooth, fit_smooth
from eqdarts.search.structure import Group, Reduction, find_reductions, reduce_by

__all__ = ["Finding", "findings"]

EXACT_TOLERANCE = 1e-8  # largest share of a graph's squared gradient that may contradict its structure
LEAST_TOLERANCE, MOST_TOLERANCE = 1e-10, 1e-2  # the same for a smooth model
ROUNDING = 1e-14  # loss of a smooth model that is as good as exact
NO_WORSE = 2.0  # times the loss before
TELLING = 1e-2  # loss of a smooth model above which it suggests nothing by itself
MOST_TRIED = 6


@dataclass(frozen=True)
class Finding:
    """One structure.

    Parameters
    ----------
    text : str
        A sentence in the names of the columns, such as "x1 and x2 act only through x1 - x2".
    in_law : bool
        Whether the chosen equation has this structure.
    loss_before, loss_after : float
        Loss of a polynomial model of the data on rows held back, as a share of the variance, in the original inputs and
        in the reduced ones.
    n_before, n_after : int
        Number of these inputs.
    """

    text: str
    in_law: bool
    loss_before: float
    loss_after: float
    n_before: int
    n_after: int

    def __str__(self) -> str:
        law = "" if self.in_law else "; the chosen equation does not have it"
        before, after = f"{self.loss_before:.2g}", f"{self.loss_after:.2g}"
        left = f"{_model(self.n_after)} leaves {after} of the variance, {_model(self.n_before)} {before}"
        return f"{self.text} ({left}{law})"


def _model(n_inputs: int) -> str:
    if n_inputs == 0:
        return "a constant times that"
    return f"a polynomial in {n_inputs} input{'s' if n_inputs > 1 else ''}"


def findings(
    problem: Problem, member: FittedGraph, names: Sequence[str], target: str, rng: np.random.Generator
) -> tuple[Finding, ...]:
    """Return the structures of a graph that the data support, and those of the data that the graph does not have.

    Parameters
    ----------
    problem : Problem
        The data as given.
    member : FittedGraph
        The chosen graph.
    names : sequence of str
        Of the D inputs.
    target : str
    rng : numpy.random.Generator
    """
    used = sorted(member.graph.inputs)
    if len(used) < 2:
        return ()
    # an input that the law does not use has no structure with the others
    lin = linearise(Draft.from_graph(member.graph, member.coefficients), problem.wide.X)
    f, G = lin.prediction, lin.gradient[used]
    part = _restricted(problem, used)
    smooth = fit_smooth(part.wide, part.held)
    if smooth is None or not np.isfinite(G).all() or not np.isfinite(f).all() or not f.any():
        return ()
    own = [names[i] for i in used]
    # what is suggested by a gradient is tested on rows held back, by a model that does not know the graph
    tested: list[tuple[bool, float, tuple[Reduction, ...]]] = []
    for chain in _suggested(part, f, G, smooth, rng):
        in_law = _deviation(chain, part.wide.X, f, G) < EXACT_TOLERANCE
        after = _loss_after(part, chain)
        if after <= (NO_WORSE if in_law else 1.0) * max(smooth.loss, ROUNDING):
            tested.append((in_law, after, chain))
    # what the law has comes first, then the forms with the fewest inputs left: they say most
    tested.sort(key=lambda t: (not t[0], len(t[2][-1].groups), 0.0 if t[0] else t[1]))
    found: list[Finding] = []
    told: list[frozenset[str]] = []
    for in_law, after, chain in tested:
        for text, about in in_words(chain, own, target, part.units):
            if not any(about <= other for other in told):  # another form of a reported structure
                told.append(about)
                n_after = len(chain[-1].groups)
                found.append(Finding(text, in_law, smooth.loss, after, len(used), n_after))
    return tuple(found)


def _restricted(problem: Problem, used: Sequence[int]) -> Problem:
    """Return the problem with some of its inputs."""
    train, held, wide = (Rows(r.X[:, used], r.y, r.weight) for r in (problem.train, problem.held, problem.wide))
    return replace(problem, train=train, held=held, wide=wide, units=problem.units[list(used)])


def _suggested(
    problem: Problem, f: Array, G: Array, smooth: Smooth, rng: np.random.Generator
) -> Iterator[tuple[Reduction, ...]]:
    """Yield the reductions of the graph, then those of the smooth model, each once."""
    X, units = problem.wide.X, problem.units
    suggested = [*_power_product(X, f, G), *find_reductions(X, f, G, units, EXACT_TOLERANCE, rng)]
    if smooth.loss < TELLING:
        tolerance = float(np.clip(10 * smooth.loss, LEAST_TOLERANCE, MOST_TOLERANCE))
        suggested += find_reductions(X[smooth.rows], smooth.value, smooth.gradient, units, tolerance, rng)
    seen: set[str] = set()
    for chain in suggested:
        key = str([step.key for step in chain])
        if key not in seen and len(seen) < MOST_TRIED:
            seen.add(key)
            yield chain


def _power_product(X: Array, f: Array, G: Array) -> Iterator[tuple[Reduction, ...]]:
    """Yield the reduction of f = c times powers of all inputs, which leaves no input, if f has this form."""
    with np.errstate(all="ignore"):
        exponents = X.T * G / f  # (D, N)
    mean = np.median(exponents, axis=1)
    if np.isfinite(exponents).all() and (np.abs(exponents - mean[:, None]) < 1e-6 * np.abs(mean[:, None])).all():
        parts = tuple((i, round(float(p), 6)) for i, p in enumerate(mean))
        yield (Reduction((), Group("product", parts)),)


def _deviation(chain: Sequence[Reduction], X: Array, f: Array, G: Array) -> float:
    """Return the share of the squared gradient (D, N), in x df/dx, that contradicts the reduction."""
    d, n = G.shape
    jacobian = np.broadcast_to(np.eye(d)[:, :, None], (d, d, n)).copy()  # (C, D, N): of the new inputs in the old ones
    values, log_slope = X, np.zeros((d, n))
    with np.errstate(all="ignore"):
        # the chain rule, one reduction after the other: new inputs and prefactors as functions of the oldest inputs
        for step in chain:
            log_slope += sum((p * jacobian[i] / values[:, i] for i, p in step.prefactor.parts), start=np.zeros((d, n)))
            if not step.groups:
                jacobian, values = np.zeros((0, d, n)), np.zeros((n, 0))
                break
            jacobian = np.stack([_slope(group, values, jacobian) for group in step.groups])
            values = np.stack([group(values) for group in step.groups], axis=1)
        wanted = (G - f * log_slope) * X.T  # (D, N)
        span = np.moveaxis(jacobian * X.T, 2, 0)  # (N, C, D)
    total = float(np.sum((G * X.T) ** 2))
    if not np.isfinite(wanted).all() or not np.isfinite(span).all() or total == 0.0:
        return math.inf
    # what of the gradient the new inputs cannot explain, row by row
    rows = np.moveaxis(span, 1, 2)  # (N, D, C)
    solution = np.linalg.pinv(rows) @ wanted.T[:, :, None]
    return float(np.sum((wanted.T[:, :, None] - rows @ solution) ** 2)) / total


def _slope(group: Group, values: Array, jacobian: Array) -> Array:
    """Return the gradient (D, N) of a new input in the oldest ones, from that of its own inputs (C, D, N)."""
    if group.kind == "sum":
        return np.asarray(group.scale * sum(w * jacobian[i] for i, w in group.parts))
    return np.asarray(group(values) * sum(p * jacobian[i] / values[:, i] for i, p in group.parts))


def _loss_after(problem: Problem, chain: Sequence[Reduction]) -> float:
    """Return the loss of a smooth model of the reduced data; of the best constant, if no input is left."""
    if not chain[-1].groups:
        return _loss_of_factor(problem, chain[-1])
    reduced = reduce_by(problem, chain)
    smooth = None if reduced is None else fit_smooth(reduced[0].wide, reduced[0].held)
    return math.inf if smooth is None else smooth.loss


def _loss_of_factor(problem: Problem, step: Reduction) -> float:
    held = problem.held
    p, p_held = step.prefactor(problem.wide.X), step.prefactor(held.X)
    w = problem.wide.weight
    factor = float(np.sum(w * p * problem.wide.y) / np.sum(w * p * p))
    return float(np.average((held.y - factor * p_held) ** 2, weights=held.weight) / problem.variance)
