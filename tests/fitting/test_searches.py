"""The searches of a fit: what is searched, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.fitting.scatter import Scatter
from eqdarts.fitting.searches import Searches
from eqdarts.fitting.table import Table
from eqdarts.fitting.views import View
from eqdarts.history import SearchHistory
from eqdarts.inference.noise import Noise


def test_a_constant_and_a_line_are_refitted_though_the_search_has_dropped_them() -> None:
    x = np.linspace(1.0, 2.0, 30)
    data = prepare(x[:, None], 3 * x, None, 0.3, np.random.default_rng(0))
    members = Searches._joined(object(), (), [], data)  # type: ignore[arg-type]
    assert [len(member.graph.nodes[0].edges) for member in members] == [0, 1]
    assert members[0].coefficients == pytest.approx((1.0,))  # the mean, in units of the mean


def test_a_search_that_settled_is_repeated_by_a_scatter_that_its_laws_show(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(1.0, 2.0, 30)
    table = Table(x[:, None], np.exp(5 * x), None, ("x",), None)
    data = prepare(table.X, table.y, None, 0.3, np.random.default_rng(0))
    views, history = [View(data, 0.0, 1.0, [])], SearchHistory((), 10, 1.0, "settled")
    seen: list[View] = []
    searches = SimpleNamespace(run=lambda views: (seen.extend(views) or [("found",)], history))
    by = partial(Searches.by_scatter, searches, Scatter(table), SimpleNamespace(entries=[]), [])
    monkeypatch.setattr(Scatter, "told", lambda *_: (Noise("relative", 0.1), table.y))
    view, found, _ = by(views, history, np.arange(30))
    assert found == ("found",)
    assert view.is_weighted
    np.testing.assert_allclose(view.data.weight * data.y**2, view.data.weight[0] * data.y[0] ** 2)
    assert view.first + view.share == pytest.approx(1.0)
    assert by([*views, view], history, np.arange(30)) is None  # it knew
    assert by(views, replace(history, stop_reason="time"), np.arange(30)) is None
    monkeypatch.setattr(Scatter, "told", lambda *_: (Noise(), None))
    assert by(views, history, np.arange(30)) is None
    assert len(seen) == 1
