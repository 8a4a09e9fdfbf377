"""The relaxed search: supernets of few and more hidden nodes, trained on the data as given and on reduced forms."""

from __future__ import annotations

from functools import partial

from eqdarts.search.implicit.implicit import search_islands
from eqdarts.search.relaxed.island import RelaxedIsland
from eqdarts.search.running import Running

__all__ = ["relaxed_search"]


def relaxed_search(running: Running) -> None:
    """Train supernets in turn on every form of the problem, and refit what they propose, until the budget is spent."""
    search_islands(running, "relaxed", partial(RelaxedIsland, running))
