"""What a search has tried and found."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.search.archive import Archive
from tests.helpers import edge, node


def graph(n_terms: int, name: str = "linear") -> Graph:
    """Return a sum of equal terms, which is the larger the more there are."""
    return Graph(1, (node("sum", *(edge(0, name) for _ in range(n_terms))),))


def member(loss: float, n_terms: int, name: str = "linear") -> FittedGraph:
    found = graph(n_terms, name)
    return FittedGraph(found, (1.0,) * found.n_coefficients, loss)


@given(st.lists(st.tuples(st.floats(0.0, 10.0) | st.just(math.inf), st.integers(1, 6)), max_size=20))
def test_the_front_has_of_each_size_what_beats_all_smaller_ones(given_: list[tuple[float, int]]) -> None:
    archive = Archive()
    members = [member(loss, size) for loss, size in given_]
    for one in members:
        archive.add(one)
    front = archive.front()
    sizes = [one.graph.complexity for one in front]
    losses = [one.loss for one in front]
    assert sizes == sorted(set(sizes))
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == len(losses)
    for one in members:
        if math.isfinite(one.loss):
            assert any(f.loss <= one.loss and f.graph.complexity <= one.graph.complexity for f in front)
    finite = [one.loss for one in members if math.isfinite(one.loss)]
    assert archive.best_loss == min(finite, default=math.inf)
    best = archive.best_member
    assert (best is None) == (not finite)
    if best is not None:
        assert best.loss == archive.best_loss


def test_a_structure_is_new_once_whatever_the_order_of_its_terms() -> None:
    archive = Archive()
    one = Graph(2, (node("sum", edge(0, "exp"), edge(1, "sin")),))
    other = Graph(2, (node("sum", edge(1, "sin"), edge(0, "exp")),))
    assert archive.is_new(one)
    assert not archive.is_new(one)
    assert not archive.is_new(other)
    assert archive.recall(one) is None  # tried, and not yet fitted


def test_the_best_fit_of_a_structure_is_recalled() -> None:
    archive = Archive()
    for loss in (0.5, 0.2, 0.9):
        archive.add(member(loss, 2))
    recalled = archive.recall(graph(2))
    assert recalled is not None
    assert recalled.loss == 0.2
    assert archive.recall(graph(3)) is None
