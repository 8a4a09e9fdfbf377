"""Trajectories of architecture weights: the best restart, the mean, the band."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eqdarts import plotting
from tests.fake_estimator import fake_alpha
from tests.plotting.pictures import drawn


def test_alpha_shows_the_best_restart_the_mean_and_the_band() -> None:
    alpha = dataclasses.replace(fake_alpha(n_restarts=11), loss_refitted=np.array([*range(7, 0, -1), np.nan, 3, 4, 5]))
    ax = plotting.plot_alpha(alpha, "x1 -> h1")
    assert ax.get_title(loc="left") == "x1 -> h1"
    bold = {line.get_label(): line for line in ax.get_lines() if line.get_linewidth() > 1}
    best = alpha.weights[:, 6, 1, :]
    winner = int(np.argmax(best[-1]))
    line = bold[alpha.primitives[winner]]
    np.testing.assert_array_equal(line.get_ydata(), best[:, winner])
    mean = alpha.weights[:, :, 1, winner].mean(axis=1)
    thin = [other for other in ax.get_lines() if other.get_color() == line.get_color() and other is not line]
    assert any(np.allclose(other.get_ydata(), mean) for other in thin)
    assert len(bold) == len(ax.collections) == len(ax.get_legend().get_texts()) == 4


def test_a_restart_that_broke_down_is_left_out_of_the_band() -> None:
    alpha = fake_alpha()
    weights = alpha.weights.copy()
    weights[:, 2] = np.nan
    ax = plotting.plot_alpha(dataclasses.replace(alpha, weights=weights))
    assert all(np.isfinite(line.get_ydata()).all() for line in ax.get_lines())


@pytest.mark.parametrize("edge", [7, -1, "x9 -> h1"])
def test_an_unknown_edge_is_an_error(edge: int | str) -> None:
    with pytest.raises(ValueError, match="must be an edge"):
        plotting.plot_alpha(fake_alpha(), edge)


@pytest.mark.slow
@pytest.mark.parametrize(("n_edges", "n_shown"), [(1, 1), (5, 5), (20, 12)])
def test_the_grid_shows_one_panel_for_each_edge_up_to_a_dozen(n_edges: int, n_shown: int) -> None:
    figure = plotting.plot_alpha_grid(fake_alpha(n_edges))
    assert sum(ax.axison for ax in figure.axes) == n_shown + 1  # the last shows the entropy
    (legend,) = figure.legends
    assert legend.get_title().get_text().startswith("12 of 20 edges") == (n_edges == 20)
    assert drawn(figure)


def test_entropy_and_gap_are_those_of_the_history() -> None:
    alpha = fake_alpha(n_restarts=5)
    weights = np.zeros_like(alpha.weights)
    weights[..., 0] = 1.0
    weights[0] = 1 / weights.shape[-1]
    alpha = dataclasses.replace(alpha, weights=weights)
    np.testing.assert_allclose(alpha.entropy[0], 1.0)
    np.testing.assert_allclose(alpha.entropy[1:], 0.0, atol=1e-12)
    ax = plotting.plot_entropy(alpha)
    bold = max(ax.get_lines(), key=lambda line: line.get_linewidth())
    np.testing.assert_allclose(bold.get_ydata(), [1.0] + [0.0] * (len(alpha.steps) - 1), atol=1e-12)
    assert len(ax.get_lines()) == 1 + len(alpha.edges)
    losses = {"loss_relaxed": np.array([1, 1, 1, 2, np.nan]), "loss_refitted": np.array([0.5, 0.25, 1, 1, 1.0])}
    gap = plotting.plot_gap(dataclasses.replace(alpha, **losses))
    assert gap.get_title(loc="left") == "median ratio 0.5"
    points = next(line for line in gap.get_lines() if line.get_marker() == "o")
    np.testing.assert_array_equal(points.get_ydata(), [0.5, 0.25, 1, 1])


@pytest.mark.parametrize("plot", ["plot_alpha", "plot_entropy", "plot_gap", "plot_alpha_grid"])
def test_without_a_supernet_there_is_one_clear_error(plot: str) -> None:
    with pytest.raises(ValueError, match="has trained no supernet"):
        getattr(plotting, plot)(None)
