"""The entry: ``search(data, config)`` runs the strategy within the budget and returns the result.

Every strategy proposes graphs. The same solver refits all proposals in batches, and the same archive collects them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from eqdarts.data import Data
from eqdarts.graph.fitted import Start
from eqdarts.search.random_search import random_search
from eqdarts.search.result import Config, OnProgress, SearchResult, StopSearch
from eqdarts.search.running import Running
from eqdarts.search.strategies import SEARCHES

__all__ = ["one_thread", "search"]


def search(
    data: Data,
    config: Config,
    rng: np.random.Generator,
    on_progress: OnProgress | None = None,
    starts: Sequence[Start] = (),
) -> SearchResult:
    """Search for graphs that fit `data`, within the budget of `config`.

    A KeyboardInterrupt ends the search and keeps what was found. A stage that ends in a numerical error is left out,
    and the history says so.

    Parameters
    ----------
    data : Data
    config : Config
    rng : numpy.random.Generator
    on_progress : callable, optional
        Called with the `Moment`; `StopSearch` raised by it ends the search.
    starts : sequence of (Graph, coefficients)
        Graphs to start from, with coefficients on the scaled rows of `data`. Those that are small enough are refitted
        first; the archive begins with them.
    """
    # numbers out of range are looked for where they matter; numpy's warning from the middle of a search says nothing
    with one_thread(), np.errstate(all="ignore"):
        running = Running(data, config, rng, on_progress, starts)
        reason = _interruption(running)
        ended = "settled" if running.settled else "finished"
        return running.result(reason or running.trials.stop_reason() or ended)


def _interruption(running: Running) -> str | None:
    """Run the strategy; return why it was ended from outside, or None."""
    strategy = SEARCHES[running.config.kind]
    attempt = running.budget.failures.attempt

    def in_its_place() -> None:
        attempt("random graphs in its place", lambda: random_search(running), lambda: None)

    try:
        running.begin()
        # where a strategy as a whole gives up, what is left of the budget is for the one that needs no mathematics
        attempt(f"search {strategy.name!r}", lambda: strategy.run(running), in_its_place)
    except KeyboardInterrupt:
        return "interrupt"
    except StopSearch:
        return "callback"
    return None


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy and torch use one thread: the arrays are small, and threads that wait for each other only burn time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)
