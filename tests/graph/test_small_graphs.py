"""The smallest graphs in order, each once."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import islice, pairwise

import pytest

from eqdarts.graph.draft import Draft
from eqdarts.graph.small_graphs import small_graphs
from eqdarts.primitives.table import PRESETS, resolve

DEFAULT = resolve("default")


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("n_inputs", [1, 2, 4])
def test_small_graphs_come_by_rising_complexity_each_once(preset: str, n_inputs: int) -> None:
    found = list(islice(small_graphs(n_inputs, resolve(preset)), 1500))
    graphs = [graph for graph, _ in found]
    assert all(a.complexity <= b.complexity for a, b in pairwise(graphs))
    assert len({graph.key for graph in graphs}) == len(graphs)
    for graph, coefficients in found:
        assert len(coefficients) == graph.n_coefficients
        assert Draft.from_graph(graph, coefficients).prune().build() == (graph, coefficients)


@pytest.mark.parametrize(
    ("n_inputs", "key"),
    [
        (1, "Sc[]"),
        (1, "S[log(Sc[linear(x0)])]"),
        (1, "S[tanh(x0)]"),
        (1, "Sc[exp(x0),exp(x0)]"),
        (1, "Sc[tanh(S[power[-2](x0)])]"),
        (1, "Pc[arctan(P[square(x0)]),linear(x0)]"),
        (1, "Sc[linear(P[linear(x0),tanh(S[power[-2](x0)])])]"),
        (1, "Sc[linear(P[reciprocal(x0),tanh(x0)])]"),
        (2, "Pc[linear(x0),linear(x1)]"),
        (2, "Pc[exp(x1),square(x0)]"),
        (2, "Pc[linear(x0),reciprocal(Sc[linear(x0)])]"),
        (2, "S[sqrt(S[linear(x0),linear(x1)])]"),
    ],
)
def test_small_laws_are_among_the_small_graphs(n_inputs: int, key: str) -> None:
    assert key in {graph.key for graph, _ in islice(small_graphs(n_inputs, DEFAULT), 4000)}


def test_small_graphs_have_no_powers_that_are_not_among_the_primitives() -> None:
    keys = [graph.key for graph, _ in islice(small_graphs(1, resolve(["linear", "exp", "square"])), 300)]
    assert "Sc[exp(P[square(x0)])]" in keys
    assert not any("power" in key for key in keys)


def test_power_products_of_all_inputs_are_among_the_small_graphs() -> None:
    keys = [graph.key for graph, _ in islice(small_graphs(4, resolve(["power"])), 1500)]
    assert "Pc[power(x0),power(x1),power(x2),power(x3)]" in keys


@pytest.mark.slow
def test_wide_tables_have_their_first_graphs_at_once() -> None:
    """The choices of three among thousands of functions are made one at a time."""
    tracemalloc.start()
    first = list(islice(small_graphs(300, DEFAULT), 50))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(first) == 50
    assert peak < 50e6


def test_enumerations_of_the_same_primitives_share_their_first_graphs_and_agree_beyond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = resolve(["linear", "exp", "square", "log"])
    monkeypatch.setattr("eqdarts.graph.small_graphs._MOST_KEPT", 20)
    one, other = small_graphs(3, own), small_graphs(3, own)
    first = [next(other), *islice(other, 9)]
    assert [a is b for a, b in zip(first, one, strict=False)] == [True] * 10
    of_three = [[graph.key for graph, _ in islice(small_graphs(3, own), 60)] for _ in range(2)]
    assert of_three[0] == of_three[1]
    assert [graph.key for graph, _ in first] == of_three[0][:10]


def test_a_primitive_of_the_same_name_has_an_enumeration_of_its_own() -> None:
    exp = resolve(["linear", "exp"])[-1]
    costly = replace(exp, complexity=exp.complexity + 3)
    sizes = [[graph.complexity for graph, _ in islice(small_graphs(1, [p]), 6)] for p in (exp, costly)]
    assert sizes[0] != sizes[1]
