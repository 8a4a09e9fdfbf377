"""Weights of evidence as a table of shades."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import plotting
from tests.fake_estimator import fake_evidence
from tests.plotting.pictures import drawn


def test_a_picture_has_a_row_for_each_edge_and_names_as_they_stand() -> None:
    weights = np.array([[0.9, 0.1, 0.0], [0.0, 0.004, 0.996]])
    table = pd.DataFrame(weights, ["$a$ -> h1", f"{'long' * 20} -> y"], ["none", "linear", "exp"])
    ax = plotting.plot_evidence(table)
    assert [label.get_text() for label in ax.get_xticklabels()] == list(table.columns)
    first, second = ax.get_yticklabels()
    assert first.get_text() == "$a$ -> h1"
    assert not first.get_parse_math()
    assert len(second.get_text()) == 36
    assert sorted(text.get_text() for text in ax.texts) == ["0.10", "0.90", "1.00"]
    with pytest.raises(ValueError, match="needs a graph with an edge"):
        plotting.plot_evidence(table[:0])


def test_shades_are_the_weights_and_numbers_stand_out_from_them() -> None:
    table = fake_evidence(3)
    ax = plotting.plot_evidence(table)
    np.testing.assert_array_equal(ax.images[0].get_array(), table.to_numpy())
    assert ax.images[0].get_clim() == (0, 1)
    for text in ax.texts:
        m, e = text.get_position()
        weight = table.iloc[e, m]
        assert text.get_text() == f"{weight:.2f}"
        assert text.get_color() == ("white" if weight > 0.5 else "black")
    assert drawn(ax.figure)
