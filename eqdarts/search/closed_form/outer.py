"""Outer functions f of a law y = c f(h), and the starting graphs behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.fitted import Start
from eqdarts.primitives.table import LINEAR, PRIMITIVES, Primitive
from eqdarts.search.growth.monomials import fit_monomial, positive_logs

__all__ = ["behind", "outer_functions", "seeds"]

ARCCOS, ARCSIN = "arccos", PRIMITIVES["arcsin"]  # pi / 2 minus the other; the outer function of angles


def outer_functions(
    y: Array, primitives: tuple[Primitive, ...], unit: float = 1.0
) -> Iterator[tuple[str, float, Array]]:
    """Yield what may stand outside: name of the function f, factor c, and h (N,) with y = c f(h), where that exists.

    Functions that keep no shape when they are scaled, such as sin, are tried on y in the units of the data, `unit` of
    them to one of y's.
    """
    yield LINEAR.name, 1.0, y
    sign = 1.0 if y[0] > 0 else -1.0
    for row in PRIMITIVES.values():
        if row.inverse is None or row is LINEAR or row not in primitives:
            continue
        factors = {1.0, sign} if row.keeps_form_when_scaled else {1.0 / unit, sign / unit}
        for factor in sorted(factors, reverse=True):
            with np.errstate(all="ignore"):
                inner = row.inverse.solve(y / factor)
            if np.isfinite(inner).mean() >= 0.99:
                yield row.name, factor, inner
    if ARCSIN in primitives and np.all((y * unit >= 0) & (y * unit <= math.pi)):
        yield ARCCOS, 1.0 / unit, np.cos(y * unit)


def behind(name: str, factor: float, inside: DraftNode, d: int, before: list[DraftNode]) -> Draft:
    """Return c f(inside) with the nodes that `inside` reads before it."""
    if name == LINEAR.name:
        return Draft(d, [*before, inside])
    if name == ARCCOS:
        edge = DraftEdge(d + len(before), ARCSIN, -factor, [1.0])
        return Draft(d, [*before, inside, DraftNode("sum", [edge], factor * math.pi / 2)])
    primitive = PRIMITIVES[name]
    edge = DraftEdge(d + len(before), primitive, 1.0, list(primitive.neutral))
    return Draft(d, [*before, inside, DraftNode("product", [edge], None if factor == 1.0 else factor)])


def seeds(
    X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...], unit: float = 1.0
) -> Iterator[tuple[str, Start]]:
    """Yield starting graphs with the function outside: constants, functions of one, a power product."""
    d = X.shape[1]
    for name, factor, inner in outer_functions(y, primitives, unit):
        sound = np.isfinite(inner)
        at = float(np.average(inner[sound], weights=weight[sound]))
        yield name, behind(name, factor, DraftNode("sum", [], at), d, []).build()
    for monomial in fit_monomial(y, np.sqrt(weight), positive_logs(X)):
        yield "exp", Draft(d, [DraftNode("product", monomial.edges(), monomial.scale)]).prune().build()
