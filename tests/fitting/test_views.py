"""What the searches of a fit see."""

from __future__ import annotations

import numpy as np

from eqdarts.data import prepare
from eqdarts.equation.equation import Equation
from eqdarts.fitting.front import Entry
from eqdarts.fitting.views import FIRST_SEARCH, View, is_weighted, members_of
from eqdarts.graph.draft import Draft, DraftNode
from eqdarts.graph.fitted import FittedGraph
from eqdarts.selection import Candidate


def test_an_entry_belongs_to_the_view_whose_data_it_has() -> None:
    X = np.linspace(1, 2, 30)[:, None]
    data = [prepare(X, X[:, 0], None, 0.3, np.random.default_rng(0)) for _ in range(2)]
    views = [View(data[0], 0.0, FIRST_SEARCH, []), View(data[1], FIRST_SEARCH, 1 - FIRST_SEARCH, [], is_weighted=True)]
    graph, start = Draft(1, [DraftNode("sum", [], 0.0)]).build()
    entries = [
        Entry(FittedGraph(graph, start, 1.0), Equation.parse("1.5", ["x0"]), Candidate(1, 1, 1.0), seen)
        for seen in data
    ]
    assert [is_weighted(entry, views) for entry in entries] == [False, True]
    assert [view.is_kept for view in views] == [True, False]
    assert members_of(entries, views) == [(entry.member,) for entry in entries]
    assert members_of(entries, views[1:]) == [(entries[1].member,)]
