"""Outer functions: what may stand outside of a law, y = c f(h), and the starts of climbs behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from eqdarts.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives import PRIMITIVES, Primitive
from eqdarts.search.monomials import fit_monomial, positive_logs
from eqdarts.search.moves import Start
from eqdarts.search.problem import Array

__all__ = ["behind", "outer_functions", "seeds"]


def outer_functions(y: Array, primitives: tuple[Primitive, ...]) -> Iterator[tuple[str, float, Array]]:
    """Yield what may stand outside: name of the function f, sign c, and h (N,) with y = c f(h), where that exists."""
    yield "linear", 1.0, y
    sign = 1.0 if y[0] > 0 else -1.0
    for name, inverse in _INVERSES.items():
        if PRIMITIVES[name] in primitives:
            for outer in {1.0, sign}:
                with np.errstate(all="ignore"):
                    inner = inverse(outer * y)
                if np.isfinite(inner).mean() >= 0.99:
                    yield name, outer, inner


def behind(name: str, sign: float, inside: DraftNode, d: int, before: list[DraftNode]) -> Start:
    """Return the start c f(inside) with the nodes that `inside` reads before it."""
    if name == "linear":
        return Draft(d, [*before, inside]).build()
    primitive = PRIMITIVES[name]
    edge = DraftEdge(d + len(before), primitive, 1.0, list(primitive.neutral))
    return Draft(d, [*before, inside, DraftNode("product", [edge], None if sign == 1.0 else sign)]).build()


def seeds(X: Array, y: Array, weight: Array, primitives: tuple[Primitive, ...]) -> Iterator[tuple[str, Start]]:
    """Yield the starts of climbs, with the function outside: constants, functions of one, a power product."""
    d = X.shape[1]
    for name, sign, inner in outer_functions(y, primitives):
        sound = np.isfinite(inner)
        at = float(np.average(inner[sound], weights=weight[sound]))
        yield name, behind(name, sign, DraftNode("sum", [], at), d, [])
    for monomial in fit_monomial(y, np.sqrt(weight), positive_logs(X)):
        yield "exp", Draft(d, [DraftNode("product", monomial.edges(), monomial.scale)]).prune().build()


_INVERSES: dict[str, Callable[[Array], Array]] = {
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
