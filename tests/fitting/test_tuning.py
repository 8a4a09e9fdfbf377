"""Huge terms that cancel pay for it; ordinary terms, in whatever units, do not."""

from __future__ import annotations

import numpy as np

from eqdarts import Equation
from eqdarts.data import Data, prepare
from eqdarts.fitting.tuning import price_of_exponents, tuning_prices
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES


def rows() -> Data:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 5, (80, 2)) * [1e6, 1e-3]
    return prepare(X, 3 + np.log(X[:, 0] / X[:, 1]), None, 0.3, rng)


def of(name: str, weight: float, shape: tuple[float, ...], constant: float) -> FittedGraph:
    graph = Graph(2, (Node("sum", (Edge(0, PRIMITIVES[name]),), True),))
    return FittedGraph(graph, (constant, weight, *shape), 0.1)


def test_a_logarithm_written_as_two_huge_terms_pays_for_both() -> None:
    plain, tuned = tuning_prices([of("log", 0.1, (), 1.0), of("power", 1e4, (1e-5,), -1e4)], rows())
    assert plain == 0.0
    assert abs(tuned - 2 * np.log(1e4)) < 1.0


def test_many_graphs_are_priced_as_one_by_one() -> None:
    members = [of("power", 10.0**k, (10.0**-k,), -(10.0**k)) for k in range(6)]
    data = rows()
    together = tuning_prices(members, data)
    alone = [tuning_prices([member], data)[0] for member in members]
    # the terms of a sum over rows are added in another order
    np.testing.assert_allclose(together, alone, rtol=1e-10)
    assert together == sorted(together)


def test_fitted_exponents_beyond_two_pay_for_their_size_once() -> None:
    assert price_of_exponents(Equation.parse("3*x**0.5 + y**1.9 + x**7 + exp(9.5*x)", ["x", "y"])) == 0.0
    assert price_of_exponents(Equation.parse("2.0*x**18.5", ["x"])) == np.log(18.5 / 2)
    assert price_of_exponents(Equation.parse("x**-8.5 + y**8.5", ["x", "y"])) == np.log(8.5 / 2)
