"""One look: axes in, axes out, and the user's own settings left alone."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from matplotlib import pyplot, rc_context

from eqdarts import plotting
from eqdarts.plotting.style import (
    STYLE,
    axes_grid,
    fit_name,
    is_first,
    panel_size,
    set_log_if_wide,
    set_name,
    styled,
    text_width,
)
from tests.fake_estimator import fake_alpha
from tests.plotting.pictures import drawn, front_table, power_law, two_nodes

NAMES = [
    "x",
    "x_1",
    "a $ b",
    "$x^2$",
    "<b>x</b>",
    "θ_0",
    "\\alpha",
    "{",
    "it's %",
    "_hidden",
    "Temperature [°C]",
    "温度",
]


def test_given_axes_are_used_and_returned() -> None:
    _, axes = pyplot.subplots(2, 3)
    X = pd.DataFrame({"x": [1.0, 2.0]})
    law = power_law()
    calls = [
        lambda ax: plotting.plot_front(front_table(), ax),
        lambda ax: plotting.plot_fit(law, X, [1.0, 2.0], ax),
        lambda ax: plotting.plot_residuals(law, X, [1.0, 2.0], ax),
        lambda ax: plotting.plot_graph(two_nodes(), ax=ax),
        lambda ax: plotting.plot_alpha(fake_alpha(), 1, ax),
    ]
    for ax, call in zip(axes.flat, calls, strict=False):
        assert call(ax) is ax


def test_the_users_settings_are_left_alone() -> None:
    before = dict(pyplot.rcParams)
    plotting.plot_front(front_table())
    assert dict(pyplot.rcParams) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_a_picture(name: str) -> None:
    X = pd.DataFrame({name: [1.0, 2.0, 3.0], "z": [1.0, 2.0, 4.0]})
    law = power_law(name, target=name)
    ax = plotting.plot_fit(law, X, [1.0, 2.0, 3.0])
    assert ax.get_xlabel() == ax.get_ylabel() == name
    graph = plotting.plot_graph(two_nodes(), names=[name, "z"], target=name)
    assert [text.get_text() for text in graph.texts].count(name) == 2
    alpha = dataclasses.replace(fake_alpha(), edges=(f"{name} -> h1", "z -> h1"))
    for figure in (ax.figure, graph.figure, plotting.plot_alpha_grid(alpha)):
        assert drawn(figure)


def test_a_drawing_function_runs_under_the_style_whatever_is_set() -> None:
    with rc_context({"font.size": 30.0}):
        assert styled(lambda: pyplot.rcParams["font.size"])() == STYLE["font.size"]
        assert pyplot.rcParams["font.size"] == 30.0


def test_a_name_that_is_too_wide_is_made_smaller_and_then_cut_but_never_what_follows_it() -> None:
    text = pyplot.figure().text(0, 0, "", fontsize=8)
    fit_name(text, "short", " (kg)", room=200)
    assert (text.get_text(), text.get_fontsize()) == ("short (kg)", 8)
    fit_name(text, "a name of some length", " (kg)", room=90)
    assert text.get_text() == "a name of some length (kg)"
    assert 6 <= text.get_fontsize() < 8
    text.set_fontsize(8)
    fit_name(text, "a name of a very great length indeed", " (kg)", room=60)
    assert text.get_text().endswith("… (kg)")
    assert text_width(text.get_text(), text.get_fontsize(), parse_math=False) <= 60


def test_a_dollar_in_a_name_starts_no_formula() -> None:
    text = pyplot.figure().text(0, 0, "")
    set_name(text, "$x^2$")
    assert text.get_text() == "$x^2$"
    assert not text.get_parse_math()
    set_name(text, "y" * 50, limit=10)
    assert text.get_text() == "y" * 9 + "…"


@pytest.mark.parametrize(
    ("values", "wide"), [([1, 50, 101], True), ([1, 100], False), ([0, 1000], False), ([-1, 1000], False), ([], False)]
)
def test_an_axis_is_logarithmic_over_two_positive_decades(values: list[float], wide: bool) -> None:
    ax = pyplot.subplots()[1]
    assert set_log_if_wide(ax, "y", values) == wide
    assert (ax.get_yscale() == "log") == wide
    assert ax.get_xscale() == "linear"


def test_width_of_text_grows_with_text_and_size() -> None:
    assert 0 == text_width("  ", 8) < text_width("ab", 8) < text_width("abab", 8) < text_width("abab", 9)
    with pytest.raises(ValueError, match="frac"):
        text_width(r"$\frac{$", 8)


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 3)), (7, (3, 3))])
def test_a_grid_has_three_in_a_row_and_hides_the_rest(n: int, shape: tuple[int, int]) -> None:
    axes = axes_grid(n)
    assert len(axes) == n
    assert axes[0].get_subplotspec().get_gridspec().get_geometry() == shape
    assert sum(ax.axison for ax in axes[0].figure.axes) == n
    assert [is_first(ax, axes) for ax in axes] == [k % 3 == 0 for k in range(n)]
    width, height = panel_size(axes[0])
    assert (width * shape[1], height * shape[0]) == pytest.approx(72 * axes[0].figure.get_size_inches())
