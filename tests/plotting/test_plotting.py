"""Pictures: axes in, axes out; what is shown is what the fit says; no name breaks them."""

from __future__ import annotations

import dataclasses
import io
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.figure import Figure

from eqdarts import plotting
from eqdarts.equation.equation import Equation
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.plotting.graph import edge_label
from eqdarts.plotting.layout import layered
from eqdarts.primitives.table import PRIMITIVES, fixed_power
from tests.fake_estimator import fake_alpha

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


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def _drawn(figure: Figure) -> bytes:
    """Return the picture as PNG; glyphs that the font lacks are no fault of ours."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(out, format="png", dpi=50)
    return out.getvalue()


def _front(**more) -> pd.DataFrame:
    table = {
        "complexity": [1, 3, 7],
        "loss": [10.0, 0.5, 0.0],
        "equation": ["1", "2*x", "2*x + exp(x)"],
        "latex": ["1", "2 x", r"2 x + e^{x}"],
        "chosen": [False, True, False],
    }
    return pd.DataFrame(table | more)


def _graph() -> Graph:
    inner = Node("sum", (Edge(0, PRIMITIVES["linear"]), Edge(1, PRIMITIVES["exp"])), constant=True)
    outer = Node("product", (Edge(2, PRIMITIVES["sqrt"]), Edge(0, fixed_power(Fraction(3, 2)))), constant=True)
    return Graph(2, (inner, outer))


def _power_law(name: str = "x", target: str | None = "y") -> Equation:
    from eqdarts.expression.parse import quoted

    return Equation.parse(f"2.5*{quoted(name)}**1.5", variables=[name], target=target)


def test_front_shows_every_member_and_marks_the_chosen_one() -> None:
    ax = plotting.plot_front(_front())
    _, members, chosen = ax.get_lines()
    np.testing.assert_array_equal(members.get_xdata(), [1, 3, 7])
    np.testing.assert_array_equal(members.get_ydata()[:2], [10.0, 0.5])
    assert 0 < members.get_ydata()[2] < 0.5  # a loss of zero stands below all others on the logarithmic axis
    np.testing.assert_array_equal(chosen.get_xydata(), [[3, 0.5]])
    assert ax.get_title(loc="left") == "$2 x$"
    assert _drawn(ax.figure)


def test_front_of_one_exact_law() -> None:
    ax = plotting.plot_front(_front().iloc[2:].assign(chosen=True))
    assert _drawn(ax.figure)


def test_a_formula_that_mathtext_cannot_read_or_that_is_too_long_is_shown_as_text() -> None:
    for latex, equation in ((r"\begin{cases} x", "Max(0, x)"), ("x + " * 200 + "x", "x + " * 200 + "x")):
        ax = plotting.plot_front(_front(latex=["1", latex, "1"], equation=["1", equation, "1"]))
        shown = " ".join(ax.get_title(loc="left").split())
        assert shown.rstrip("…") == equation[: len(shown.rstrip("…"))]
        assert len(shown) < 300
        assert _drawn(ax.figure)


def test_fit_of_one_variable_is_a_curve_through_its_own_values() -> None:
    X = pd.DataFrame({"other": [9.0, 9.0, 9.0], "x": [1.0, 4.0, 300.0]})
    law = Equation.parse("2.5*x**1.5", variables=["other", "x"], target="y")
    ax = plotting.plot_fit(law, X, law.predict(X))
    curve, points = ax.get_lines()
    np.testing.assert_allclose(curve.get_ydata(), 2.5 * curve.get_xdata() ** 1.5)
    np.testing.assert_array_equal(points.get_xdata(), X["x"])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()) == ("x", "y", "log", "log")


def test_fit_of_several_variables_is_predicted_against_measured() -> None:
    X = pd.DataFrame({"a": [1.0, 2.0, -3.0], "b": [1.0, 5.0, 2.0], "c": [1.0, 1.0, 1.0]})
    law = Equation.parse("a*b*c", variables=["a", "b", "c"])
    ax = plotting.plot_fit(law, X, [1.5, 10.0, -6.0])
    np.testing.assert_array_equal(ax.get_lines()[-1].get_xydata(), [[1.5, 1], [10, 10], [-6, -6]])
    assert ax.get_xscale() == "linear"


def test_a_constant_and_undefined_rows_can_be_drawn() -> None:
    X = pd.DataFrame({"x": [-1.0, 1.0, 2.0], "z": [1.0, 2.0, 3.0]})
    for text in ("3.5", "log(x)", "log(x) + z"):
        law = Equation.parse(text, variables=["x", "z"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ax = plotting.plot_fit(law, X, [1.0, 2.0, 3.0])
            plotting.plot_residuals(law, X, [1.0, 2.0, 3.0])
        assert _drawn(ax.figure)


def test_residuals_are_relative_where_the_target_spans_decades() -> None:
    X = pd.DataFrame({"x": [1.0, 2.0, 400.0]})
    law = _power_law()
    y = law.predict(X) * 1.01
    percent = plotting.plot_residuals(law, X, y)
    np.testing.assert_allclose(percent.get_lines()[-1].get_ydata(), 100 * (1 - 1 / 1.01))
    assert percent.get_ylabel() == "residual (%)"
    plain = plotting.plot_residuals(law, X, y, relative=False)
    np.testing.assert_allclose(plain.get_lines()[-1].get_ydata(), y - law.predict(X))


def test_given_axes_are_used_and_returned() -> None:
    _, axes = pyplot.subplots(2, 3)
    X = pd.DataFrame({"x": [1.0, 2.0]})
    law = _power_law()
    calls = [
        lambda ax: plotting.plot_front(_front(), ax),
        lambda ax: plotting.plot_fit(law, X, [1.0, 2.0], ax),
        lambda ax: plotting.plot_residuals(law, X, [1.0, 2.0], ax),
        lambda ax: plotting.plot_graph(_graph(), ax=ax),
        lambda ax: plotting.plot_alpha(fake_alpha(), 1, ax),
    ]
    for ax, call in zip(axes.flat, calls, strict=False):
        assert call(ax) is ax


def test_the_users_settings_are_left_alone() -> None:
    before = dict(pyplot.rcParams)
    plotting.plot_front(_front())
    assert dict(pyplot.rcParams) == before


@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_a_picture(name: str) -> None:
    X = pd.DataFrame({name: [1.0, 2.0, 3.0], "z": [1.0, 2.0, 4.0]})
    law = _power_law(name, target=name)
    ax = plotting.plot_fit(law, X, [1.0, 2.0, 3.0])
    assert ax.get_xlabel() == ax.get_ylabel() == name
    graph = plotting.plot_graph(_graph(), names=[name, "z"], target=name)
    assert [text.get_text() for text in graph.texts].count(name) == 2
    alpha = dataclasses.replace(fake_alpha(), edges=(f"{name} -> h1", "z -> h1"))
    for figure in (ax.figure, graph.figure, plotting.plot_alpha_grid(alpha)):
        assert _drawn(figure)


def test_graph_shows_inputs_nodes_target_and_edges_with_coefficients() -> None:
    #               c    w    w   scale  c
    coefficients = [0.5, 2.0, 3.0, -0.25, 7.0]
    ax = plotting.plot_graph(_graph(), coefficients, ["a", "b"], "y", input_scale=[1, 10], target_scale=1e4)
    shown = {text.get_text() for text in ax.texts}
    assert {"a", "b / 10", "y / 10000"} <= shown
    assert {"$2$", "$3\\,e^{-0.25u}$", "$\\sqrt{u}$", "$u^{3/2}$"} <= shown
    assert any("Sigma" in text and "0.5" in text for text in shown)
    assert any("Pi" in text and "7" in text for text in shown)


def test_graph_leaves_out_inputs_that_nothing_reads() -> None:
    graph = Graph(3, (Node("sum", (Edge(1, PRIMITIVES["linear"]),)),))
    assert "x0" not in {text.get_text() for text in plotting.plot_graph(graph).texts}


def test_a_constant_graph_can_be_drawn() -> None:
    assert _drawn(plotting.plot_graph(Graph(1, (Node("sum", (), constant=True),)), [2.0]).figure)


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_primitive_has_a_label_that_mathtext_reads(name: str) -> None:
    from matplotlib.mathtext import MathTextParser

    graph = Graph(1, (Node("sum", (Edge(0, PRIMITIVES[name]),)),))
    label = edge_label(graph.nodes[0].edges[0], graph.layout[0].edges[0], [-1.25e-7] * graph.n_coefficients)
    assert "-1.25" in label
    MathTextParser("path").parse(f"${label}$")


def test_labels_in_a_graph_do_not_overlap() -> None:
    ax = plotting.plot_graph(_graph(), [0.5, 2.0, 3.0, -0.25, 7.0], ["a long name", "b"], "target")
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


@given(st.integers(2, 9), st.data())
def test_layout_keeps_layers_in_order_and_items_apart(n_nodes: int, data: st.DataObject) -> None:
    pairs = [(a, b) for b in range(n_nodes) for a in range(b)]
    edges = data.draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=12))
    layout = layered(n_nodes, edges)
    for (source, target), way in zip(edges, layout.ways, strict=True):
        assert (way[0], way[-1]) == (source, target)
        assert [layout.layer[i] for i in way] == list(range(layout.layer[source], layout.layer[target] + 1))
    for k in set(layout.layer):
        heights = np.sort([h for h, own in zip(layout.height, layout.layer, strict=True) if own == k])
        assert (np.diff(heights) > 1 - 1e-9).all()


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
    with pytest.raises(ValueError, match="must have the edge"):
        plotting.plot_alpha(fake_alpha(), edge)


@pytest.mark.parametrize(("n_edges", "n_shown"), [(1, 1), (5, 5), (20, 12)])
def test_the_grid_shows_one_panel_for_each_edge_up_to_a_dozen(n_edges: int, n_shown: int) -> None:
    figure = plotting.plot_alpha_grid(fake_alpha(n_edges))
    assert sum(ax.axison for ax in figure.axes) == n_shown
    (legend,) = figure.legends
    assert legend.get_title().get_text().startswith("12 of 20 edges") == (n_edges == 20)
    assert _drawn(figure)
