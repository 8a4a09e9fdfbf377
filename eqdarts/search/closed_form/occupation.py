r"""Powers over an exponential less or plus one, read off the logarithm of the law by least squares.

.. math:: y = c \prod_i x_i^{p_i} \,(e^{a z} \mp 1)^{s}
          \qquad \log y = \log c + \sum_i p_i \log x_i + s \log(e^{a z} \mp 1)

with z an input, a product or a ratio of two. Black bodies, occupation numbers, diodes and sigmoids on a power are of
this form. Between the power at small a z and the exponential at large ones lies a bend, which a climb term by term
replaces by powers of lookalikes. Here a is looked for among values at which the bend lies within the rows; everything
else is linear. The target is the logarithm of y, or y itself where that is given as a logarithm.

Axes: N rows, D inputs, A values of a.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.search.growth.monomials import positive_logs
from eqdarts.search.least_squares import least_squares

__all__ = ["occupation_starts"]

LOG, EXP = PRIMITIVES["log"], PRIMITIVES["exp"]
RECIPROCAL = fixed_power(Fraction(-1))
MOST_INPUTS = 5
PLACES = 32  # values of a for each z
MOST_ROWS = 1000
KEPT = 4  # bends that become starts
TELLING = 0.8  # share of what the powers alone leave that a bend may leave
STEEPEST = 600.0  # of the exponential's argument
SIMPLE = 0.1  # distance of an exponent from a multiple of one half that is taken for it


@dataclass(frozen=True, eq=False)
class _Bend:
    """log(e**(a z) + sign), with z the product of powers of one or two inputs."""

    sources: tuple[tuple[int, int], ...]  # input, power: 1 or -1
    sign: float
    a: float
    left: float  # squares that it leaves, beside the powers

    def argument(self, logs: dict[int, Array]) -> Array:
        return np.asarray(self.a * np.exp(sum(power * logs[i] for i, power in self.sources)))

    def values(self, logs: dict[int, Array]) -> Array:
        return _bent(self.argument(logs), self.sign)


def _bent(u: Array, sign: float) -> Array:
    """Return log(exp(u) + sign) for u > 0."""
    return np.asarray(u + np.log1p(sign * np.exp(-u)))


def occupation_starts(X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...]) -> Iterator[Start]:
    """Yield laws whose logarithm is linear in logarithms of inputs and one of an exponential less or plus one.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    y, weight : ndarray of shape (N,)
    primitives : tuple of Primitive
        What the search may use.
    """
    rows = spread(len(y), MOST_ROWS)
    y, root = y[rows], np.sqrt(weight[rows])
    logs = positive_logs(X[rows])
    if not {LOG, EXP, RECIPROCAL} <= {LINEAR, *primitives} or not logs or X.shape[1] > MOST_INPUTS:
        return
    for is_log in (True, False):
        if is_log or (y > 0).all():
            target = y if is_log else np.log(y)
            for bend in _bends(logs, target, root):
                steep = float(bend.argument(logs).max()) > STEEPEST
                for solution, kept in _fewer(bend, logs, target, root) if is_log or not steep else ():
                    yield _built(bend, solution, kept, X.shape[1], is_log, steep)


def _bends(logs: dict[int, Array], target: Array, root: Array) -> list[_Bend]:
    """Return the bends that explain most beside the powers of all inputs, one for each argument and sign."""
    if len(target) < len(logs) + 4:
        return []
    columns = np.column_stack([np.ones(len(target)), *logs.values()]) * root[:, None]
    basis = np.linalg.qr(columns)[0]
    rest = target * root - basis @ (basis.T @ (target * root))
    squares = float(rest @ rest)
    found = []
    for sources in _arguments(list(logs)):
        size = np.exp(sum(power * logs[i] for i, power in sources))
        scales = 1 / np.quantile(size, np.linspace(0.02, 0.98, PLACES))
        for sign in (-1.0, 1.0):
            bent = _bent(scales[None, :] * size[:, None], sign) * root[:, None]  # (N, A)
            bent = bent - basis @ (basis.T @ bent)
            sizes = np.einsum("na,na->a", bent, bent)
            gains = np.where(sizes > 0, (rest @ bent) ** 2 / np.where(sizes > 0, sizes, 1.0), 0.0)
            if len(gains) and np.isfinite(gains).all():
                k = int(np.argmax(gains))
                found.append(_Bend(sources, sign, float(scales[k]), squares - float(gains[k])))
    return sorted((b for b in found if b.left < TELLING * squares), key=lambda b: b.left)[:KEPT]


def _arguments(inputs: list[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield what may stand in the exponential: an input, a product or a ratio of two."""
    for i in inputs:
        yield ((i, 1),)
        yield ((i, -1),)
        for j in inputs:
            if j > i:
                yield ((i, 1), (j, 1))
            if j != i:
                yield ((i, 1), (j, -1))


def _fewer(bend: _Bend, logs: dict[int, Array], target: Array, root: Array) -> Iterator[tuple[Array, list[int]]]:
    """Yield the constant, powers and exponent of the bend, with fewer and fewer inputs, the least telling gone."""
    kept, values = list(logs), bend.values(logs)
    while True:
        columns = np.column_stack([np.ones(len(target)), *(logs[i] for i in kept), values])
        solution = least_squares(columns * root[:, None], target * root)
        yield solution, list(kept)
        if not kept:
            return
        says = [abs(w) * float(np.std(logs[i])) for w, i in zip(solution[1:-1], kept, strict=True)]
        del kept[int(np.argmin(says))]


def _built(bend: _Bend, solution: Array, kept: list[int], d: int, is_log: bool, steep: bool) -> Start:
    """Return the law, or its logarithm, as a start.

    Where the exponential of a z would overflow, its logarithm is written as a z + log(1 + sign e**(-a z)).
    """
    nodes: list[DraftNode] = []
    source = bend.sources[0][0]
    if len(bend.sources) > 1 or bend.sources[0][1] < 0:
        factors = [DraftEdge(i, LINEAR if power > 0 else RECIPROCAL) for i, power in bend.sources]
        nodes.append(DraftNode("product", factors))
        source = d
    inner = DraftEdge(source, EXP, bend.sign, [-bend.a]) if steep else DraftEdge(source, EXP, 1.0, [bend.a])
    nodes.append(DraftNode("sum", [inner], 1.0 if steep else bend.sign))
    last = d + len(nodes) - 1
    powers = [*zip(kept, solution[1:-1], strict=True), (last, solution[-1])]
    if is_log:
        edges = [DraftEdge(i, LOG, float(p)) for i, p in powers]
        edges += [DraftEdge(source, LINEAR, float(solution[-1]) * bend.a)] if steep else []
        nodes.append(DraftNode("sum", edges, float(solution[0])))
    else:
        with np.errstate(over="ignore"):
            factor = float(np.exp(solution[0]))
        nodes.append(DraftNode("product", [_power(i, float(p)) for i, p in powers], factor))
    return Draft(d, nodes).prune().build()


def _power(source: int, exponent: float) -> DraftEdge:
    """Return a power of a source, a simple one if the exponent is near one."""
    halves = round(2 * exponent)
    if halves and abs(exponent - halves / 2) < SIMPLE:
        return DraftEdge(source, fixed_power(Fraction(halves, 2)))
    return DraftEdge(source, POWER, 1.0, [exponent])
