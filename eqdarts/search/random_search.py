"""Random search, the baseline: the smallest graphs in their order, then graphs drawn at random."""

from __future__ import annotations

from collections.abc import Iterator

from eqdarts.graph.fitted import Start
from eqdarts.graph.random_graphs import random_graph
from eqdarts.graph.small_graphs import small_graphs
from eqdarts.search.running import Running

__all__ = ["random_search"]

SMALL = 0.35  # share of the budget for the small graphs


def random_search(running: Running) -> None:
    """Refit small graphs by rising size, then random ones, until a law is exact or the budget is spent."""
    config = running.config
    n_inputs = running.data.n_inputs

    def drawn() -> Iterator[Start]:
        while True:
            yield random_graph(running.rng, n_inputs, config.primitives, config.max_complexity)

    running.refit("small", small_graphs(n_inputs, config.primitives), until=SMALL)
    running.refit("random", drawn())
