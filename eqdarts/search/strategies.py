"""The table of searches: one row for each strategy, and one file that the row points to.

A strategy is a function of a search under way. It proposes graphs until ``running.trials.stop_reason()`` is not None or
it has nothing left to propose; what it refits ends in the archive of ``running.trials``, and from time to time it calls
``running.report()``. This module imports no strategy before it runs, so that the names cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eqdarts.search.running import Running

__all__ = ["DEFAULT", "SEARCHES", "Strategy"]


@dataclass(frozen=True)
class Strategy:
    """One row of the table of searches.

    Parameters
    ----------
    name : str
        What the parameter `search` is set to.
    label : str
        What it does, in words.
    run : callable
        ``run(running)`` with the `Running` of the search.
    alias_of : str or None
        The row that this one is another name of.
    warm_up : callable
        Loads compiled code of its own; the first time after an installation it is compiled.
    """

    name: str
    label: str
    run: Callable[[Running], None]
    alias_of: str | None = None
    warm_up: Callable[[], None] = lambda: None


def _implicit(running: Running) -> None:
    from eqdarts.search.implicit.implicit import implicit_search

    implicit_search(running)


def _relaxed(running: Running) -> None:
    from eqdarts.search.relaxed.relaxed import relaxed_search

    relaxed_search(running)


def _compile_relaxed() -> None:
    from eqdarts.search.relaxed.engine import warm_up

    warm_up()


def _random(running: Running) -> None:
    from eqdarts.search.random_search import random_search

    random_search(running)


IMPLICIT = Strategy("implicit", "grows graphs by exact gains", _implicit)
DEFAULT = replace(IMPLICIT, name="auto", label="the best measured pipeline", alias_of=IMPLICIT.name)
SEARCHES: dict[str, Strategy] = {
    row.name: row
    for row in (
        DEFAULT,
        IMPLICIT,
        Strategy("relaxed", "bilevel architecture search by a supernet", _relaxed, warm_up=_compile_relaxed),
        Strategy("random", "the baseline", _random),
    )
}
