"""The searches of a fit: what is searched, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.fitting.searches import Searches


def test_a_constant_and_a_line_are_refitted_though_the_search_has_dropped_them() -> None:
    x = np.linspace(1.0, 2.0, 30)
    data = prepare(x[:, None], 3 * x, None, 0.3, np.random.default_rng(0))
    members = Searches._joined(object(), (), [], data)  # type: ignore[arg-type]
    assert [len(member.graph.nodes[0].edges) for member in members] == [0, 1]
    assert members[0].coefficients == pytest.approx((1.0,))  # the mean, in units of the mean
