"""Equations that every export must write: of random graphs, and typed ones at the edges of domains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from eqdarts.equation.equation import Equation
from eqdarts.equation.from_graph import graph_to_expression
from eqdarts.errors import FormulaError
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.functions import FUNCTIONS
from eqdarts.primitives.table import PRIMITIVES, resolve

Array = NDArray[np.float64]

FORMULAS = [
    "2.5", "x", "-x", "x - 2.0*y - 1", "x*y/3.0", "x**7", "x**-3", "x**17", "x**2.5", "x**-0.5", "x**y", "2.0**x",
    "(x*y)**(1/3)", "sqrt(x)/sqrt(y)", "log(1 + exp(x))", "log(2.5 + exp(500*x - y))", "1/(1 + exp(-900*x))",
    "3.0/(2.0 + exp(x + y))", "Max(0, x - 0.5) + Min(x, y)", "pi*x", "-(x + y)*(x + y)**2", "0*x + 3", "1e-300*x*1e300",
    "exp(log(x))", "1/(1/x)", "x**-2.0", "(x - y)**3.0", "(x - y)**4", "x - (y - 2.0*x) - (-3.0)*y", "-(x - y)/(x*y)",
    "Max(log(x), log(y))", "Min(log(x), 2.0)", "2**-x", "abs(x)**-1.5", "2.0/x/y/-3.0", "sqrt(x**2 - 1)",
    "1/(1 + x**y)", "1/(1 + 1/x)", "exp(-x**-0.5)",
]  # fmt: skip
FORMULAS += [f"{row.name}({argument})" for row in FUNCTIONS.values() for argument in ("x", "-0.7*x*y")]


def _grid() -> Array:
    """Return rows (81, 2) at and past every edge of a domain."""
    ends = np.array([-2.3, -1.0, -0.4, 0.0, 0.5, 1.0, 1.7, 3.0, 7.5])
    return np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)


def _random_equations(n: int, seed: int = 0) -> Iterator[tuple[Equation, Array]]:
    rng = np.random.default_rng(seed)
    primitives = resolve([name for name in PRIMITIVES if name != "none"])
    while n:
        d = int(rng.integers(1, 4))
        graph, coefficients = random_graph(rng, d, primitives, 30, 5)
        names = tuple(f"x{i}" for i in range(d))
        try:
            moved = [c * rng.uniform(0.5, 1.5) for c in coefficients]
            expr = graph_to_expression(graph, moved, names, np.ones(d), 1.0)
        except FormulaError:
            continue
        n -= 1
        yield Equation(expr, names, "y"), rng.uniform(-3, 3, (20, d))


@pytest.fixture(scope="package")
def cases() -> list[tuple[Equation, Array]]:
    """Return 200 equations of random graphs of all primitives, and those of `FORMULAS`, with rows."""
    typed = [(Equation.parse(text, variables=["x", "y"], target="z"), _grid()) for text in FORMULAS]
    return [*_random_equations(200), *typed]
