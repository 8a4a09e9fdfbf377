"""Pictures of equation and data together: bands, maps, slices, residuals, coefficients, and the course of a search."""

from __future__ import annotations

import io
import math
import time
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.text import Text

from eqdarts import plotting
from eqdarts.equation.equation import Equation
from eqdarts.expression.latex import latex_name
from eqdarts.expression.parse import quoted
from eqdarts.history import BestPoint, SearchHistory
from eqdarts.inference.uncertainty import inference
from eqdarts.plotting.style import title_width
from eqdarts.plotting.text import terms, typeset

LONG = (
    "3.14*sin(2.5*x - 1.0)*exp(-0.1*x) + 2.7*log(1 + x**2)/(1.5 + x) - 0.577*sqrt(x)*cos(7.1*x + 0.3)"
    " + 1.41*tanh(3.3*x - 2.0)**2 - 0.25*x**1.5 + 4.0/(2.2 + exp(-x)) - 0.001*x**3"
)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def _drawn(figure: Figure, **more: Any) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(out, **{"format": "png", "dpi": 50} | more)
    return out.getvalue()


def _data(n: int, names: list[str], seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.uniform(0.5, 5.0, (n, len(names))), columns=names)


def _line() -> tuple[Equation, pd.DataFrame, np.ndarray]:
    X = _data(30, ["x"])
    y = 1 + 2 * X["x"].to_numpy() + 0.3 * np.random.default_rng(1).normal(size=30)
    return Equation.parse("a + b*x", ["x"], target="y").fit(X, y), X, y


# --- the fit ---


def test_bands_are_those_of_the_inference() -> None:
    law, X, y = _line()
    found = inference(law, X, y)
    ax = plotting.plot_fit(law, X, y, found=found, coverage=0.9)
    inner, outer = ax.collections
    grid = ax.get_lines()[0].get_xdata()
    for band, observation in ((inner, False), (outer, True)):
        low, high = found.predict_interval({"x": grid}, 0.9, observation).T
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == pytest.approx(low.min())
        assert heights.max() == pytest.approx(high.max())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["equation", "measured", "90 % of the equation", "90 % of measurements"]


def test_where_errors_are_known_there_is_no_band_of_measurements() -> None:
    law, X, y = _line()
    ax = plotting.plot_fit(law, X, y, found=inference(law, X, y, sigma=0.3))
    assert len(ax.collections) == 1


def test_two_variables_are_a_map_with_the_measured_values_in_its_colours() -> None:
    X = _data(20, ["a", "b", "unused"])
    law = Equation.parse("a*b", ["a", "b", "unused"], target="area")
    y = law.predict(X) + 1
    ax = plotting.plot_fit(law, X, y, units={"a": "m", "area": "m²"})
    mesh, circles = ax.collections
    np.testing.assert_array_equal(circles.get_array(), y)
    np.testing.assert_allclose(circles.get_offsets(), X[["a", "b"]])
    assert mesh.norm is circles.norm
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a (m)", "b")
    assert ax.figure.axes[1].get_ylabel() == "area (m²); circles: measured"
    assert _drawn(ax.figure)


def test_a_pole_does_not_press_the_data_flat() -> None:
    X = pd.DataFrame({"x": np.linspace(0, 1, 41)})
    law = Equation.parse("1/(x - 0.5012)**2", ["x"])
    ax = plotting.plot_fit(law, X, np.linspace(0, 1, 41))
    assert ax.get_ylim() == pytest.approx((-1, 2), abs=1)


def test_slices_show_the_curve_and_each_row_at_its_own_residual() -> None:
    X = _data(25, ["a", "b", "c"])
    law = Equation.parse("2.0*a + b**2", ["a", "b", "c"], target="y")
    residual = np.linspace(-1, 1, 25)
    first, second = plotting.plot_slices(law, X, law.predict(X) + residual)
    points, curve = second.get_lines()
    others = 2 * np.median(X["a"])
    np.testing.assert_allclose(points.get_ydata(), others + X["b"] ** 2 + residual)
    np.testing.assert_allclose(curve.get_ydata(), others + curve.get_xdata() ** 2)
    assert (first.get_xlabel(), second.get_xlabel(), first.get_ylabel(), second.get_ylabel()) == ("a", "b", "y", "")


def test_slices_of_a_target_over_decades_keep_the_ratio() -> None:
    X = _data(25, ["a", "b"]) ** 3
    law = Equation.parse("2.0*a*b", ["a", "b"])
    axes = plotting.plot_slices(law, X, law.predict(X) * 1.5)
    np.testing.assert_allclose(axes[0].get_lines()[0].get_ydata(), 3.0 * X["a"] * np.median(X["b"]))


def test_arrays_and_mappings_are_data_too() -> None:
    law, X, y = _line()
    want = plotting.plot_fit(law, X, y).get_lines()[1].get_xydata()
    for given in (X.to_numpy(), {"x": X["x"].to_numpy()}):
        np.testing.assert_array_equal(plotting.plot_fit(law, given, y).get_lines()[1].get_xydata(), want)
        assert len(plotting.plot_residual_panels(law, given, y)) == 3


# --- residuals ---


def test_residuals_against_a_variable_and_the_prediction() -> None:
    law, X, y = _line()
    for against, at in (("x", X["x"]), ("prediction", law.predict(X)), (None, X["x"])):
        line = plotting.plot_residuals(law, X, y, against=against).get_lines()[-1]
        np.testing.assert_array_equal(line.get_xdata(), at)
        np.testing.assert_allclose(line.get_ydata(), y - law.predict(X))
    with pytest.raises(ValueError, match="Did you mean 'prediction'"):
        plotting.plot_residuals(law, X, y, against="predction")


def test_panels_show_variables_that_the_equation_leaves_out_too() -> None:
    X = _data(20, ["a", "b", "c"])
    law = Equation.parse("2.0*b", ["a", "b", "c"], target="y")
    axes = plotting.plot_residual_panels(law, X, law.predict(X) + X["a"].to_numpy())
    assert [ax.get_xlabel() for ax in axes] == ["y, predicted", "b", "a", "c", "normal quantile"]


def test_normal_residuals_lie_in_the_band_and_others_do_not() -> None:
    X = _data(400, ["x"])
    law = Equation.parse("2.0*x", ["x"])
    rng = np.random.default_rng(0)

    def outside(noise: np.ndarray) -> float:
        ax = plotting.plot_qq(law, X, law.predict(X) + noise, relative=False)
        points, band = ax.get_lines()[-1], ax.collections[0].get_paths()[0]
        return 1 - band.contains_points(points.get_xydata()).mean()

    assert outside(rng.normal(size=400)) < 0.2
    assert outside(rng.standard_cauchy(size=400)) > 0.5


def test_residuals_of_an_exact_law_can_be_drawn() -> None:
    X = _data(12, ["x"])
    law = Equation.parse("2.0*x", ["x"])
    axes = plotting.plot_residual_panels(law, X, law.predict(X))
    assert _drawn(axes[0].figure)


# --- coefficients and search ---


def test_coefficients_are_shown_in_percent_of_their_estimate() -> None:
    law, X, y = _line()
    found = inference(law, X, y)
    ax = plotting.plot_coefficients(found, coverage=0.8)
    for k, (low, high) in enumerate(found.interval(0.8)):
        ends = ax.get_lines()[k].get_xdata()
        np.testing.assert_allclose(ends, 100 * (np.array([low, high]) / found.estimate[k] - 1))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert [label.split(" = ")[0] for label in labels] == ["a", "b"]
    assert "±" in labels[0]


def test_coefficients_that_the_rows_do_not_bound_end_in_arrows() -> None:
    X = _data(10, ["x"])
    y = 2 * X["x"].to_numpy() + np.random.default_rng(0).normal(size=10)
    law = Equation.parse("(a + b)*x", ["x"]).fit(X, y, start=[1.0, 1.0])
    ax = plotting.plot_coefficients(inference(law, X, y))
    assert {line.get_marker() for line in ax.get_lines()} >= {"<", ">"}
    assert all("∞" in label.get_text() for label in ax.get_yticklabels())
    assert _drawn(ax.figure)


def test_the_course_of_a_search_is_shown_by_stage() -> None:
    best = (
        BestPoint(0.05, 5, 1.0, "small"), BestPoint(0.3, 40, 0.2, "_grow $"), BestPoint(6.0, 900, 0.0, "small"),
    )  # fmt: skip
    ax = plotting.plot_search(SearchHistory(best, 900, 7.5, "exact"))
    course, *stages = ax.get_lines()
    assert course.get_xdata().tolist() == [0.05, 0.3, 6.0, 7.5]
    assert [len(line.get_xdata()) for line in stages] == [2, 1]
    assert 0 < stages[0].get_ydata()[1] < 0.2
    assert "900 refits in 7.5 s; stopped: exact" in ax.get_title(loc="left")
    assert ax.get_xscale() == "log"
    for history in (SearchHistory((), 0, 0.0, "interrupt"), SearchHistory(best[2:], 1, 6.0, "exact")):
        assert _drawn(plotting.plot_search(history).figure)


def test_rivals_are_named_by_their_scores() -> None:
    front = pd.DataFrame(
        {
            "complexity": [1, 3, 5, 7],
            "loss": [9.0, 2.0, 0.5, 0.4],
            "score": [90.0, 20.0, 0.0, 3.0],
            "equation": ["1", "2*x", "3*x**2", "4*x**3"],
            "latex": [f"y = {k} x^{{{k}}}" for k in range(4)],
            "chosen": [False, False, True, False],
        }
    )
    ax = plotting.plot_front(front)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[2:] == [r"$\mathrm{a}\;\; 3 x^{3}$", r"$\mathrm{b}\;\; 1 x^{1}$"]
    assert {(text.get_text(), text.xy) for text in ax.texts} == {("a", (7, 0.4)), ("b", (3, 2.0))}
    assert len(plotting.plot_front(front, rivals=0).get_legend().get_texts()) == 2
    assert _drawn(ax.figure)


# --- formulas and names ---


def test_a_long_formula_is_broken_between_terms_and_none_is_lost() -> None:
    law = Equation.parse(LONG, ["x"], target="response")
    assert law.complexity >= 60
    latex = law.latex(4)
    assert " ".join(terms(latex)) == latex
    ax = pyplot.subplots(figsize=(3.5, 2.6))[1]
    text = ax.set_title(" ", loc="left")
    typeset(text, latex, law.format(4), title_width(ax))
    lines = text.get_text().split("\n")
    assert 1 < len(lines) <= 3
    assert " ".join(line.strip("$").removeprefix(r"\quad ") for line in lines) == latex
    ax.figure.canvas.draw()
    assert text.get_window_extent().width * 72 / ax.figure.dpi <= title_width(ax) * 1.02


@pytest.mark.parametrize("width", [20.0, 200.0])
def test_no_formula_is_wider_than_its_room(width: float) -> None:
    ax = pyplot.subplots(figsize=(8, 2))[1]
    for formula in ("x", LONG, f"exp({LONG})", f"sqrt({LONG})/({LONG})", f"abs({LONG})**0.3"):
        law = Equation.parse(formula, ["x"])
        text = ax.set_title(" ", loc="left")
        typeset(text, law.latex(), law.format(), width)
        ax.figure.canvas.draw()
        assert text.get_window_extent().width * 72 / ax.figure.dpi <= max(width * 1.05, 45)
        assert text.get_text().count("\n") <= 2


@pytest.mark.parametrize(
    "name", [r"$\frac{", r"\input{/etc/passwd}", "a\nb", "$$", "x" * 200, "<b>&", "_θ_0 µ", "$x^2$"]
)
def test_no_name_breaks_a_picture_or_becomes_a_formula(name: str) -> None:
    X = _data(12, [name, "z"])
    law = Equation.parse(f"2.0*{quoted(name)}*z", [name, "z"], target=name)
    y = law.predict(X) + np.linspace(0, 1, 12)
    units = {name: name}
    figures = [
        plotting.plot_fit(law, X, y, units=units).figure,
        plotting.plot_slices(law, X, y, units=units)[0].figure,
        plotting.plot_coefficients(inference(Equation.parse("a*z", ["z"]).fit(X[["z"]], y), X[["z"]], y)).figure,
    ]
    for figure in figures:
        assert _drawn(figure)
        for text in figure.findobj(Text):
            own = text.get_text() if text.get_parse_math() else ""
            assert name not in own or not {"$", "\\"} & set(name) or latex_name(name) in own, own


def test_long_names_stay_in_their_panels() -> None:
    names = [f"a long name of a column, number {k}, that goes on" for k in range(3)]
    X = _data(12, names)
    law = Equation.parse("*".join(map(quoted, names)), names, target="a target with a long name that goes on and on")
    axes = plotting.plot_slices(law, X, law.predict(X), units={names[0]: "kg"})
    figure = axes[0].figure
    figure.canvas.draw()
    boxes = [ax.xaxis.label.get_window_extent() for ax in axes]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))
    assert axes[0].get_xlabel().endswith("… (kg)")
    assert axes[0].yaxis.label.get_window_extent().height <= figure.bbox.height


# --- sizes ---


@pytest.mark.parametrize(("n_rows", "n_inputs"), [(5, 2), (100_000, 1), (100_000, 2), (100_000, 3), (100_000, 9)])
def test_pictures_of_few_and_of_many_rows_are_quick_and_small(n_rows: int, n_inputs: int) -> None:
    names = [f"x{k}" for k in range(n_inputs)]
    X = np.exp(_data(n_rows, names))
    law = Equation.parse(" + ".join(f"2.5*{name}" for name in names), names)
    y = law.predict(X) * np.random.default_rng(1).uniform(0.9, 1.1, n_rows)
    kinds = (plotting.plot_fit, plotting.plot_slices, plotting.plot_residual_panels)
    for draw in kinds if n_inputs < 9 else kinds[1:2]:
        start = time.process_time()
        drawn: Any = draw(law, X, y)
        figure = drawn[0].figure if isinstance(drawn, list) else drawn.figure
        picture = _drawn(figure, dpi=150)
        assert time.process_time() - start < (2 if n_inputs < 9 else 4), draw.__name__
        assert len(picture) < 1_000_000
        if n_inputs > 2:
            assert len(_drawn(figure, format="svg")) < 1_000_000
        pyplot.close(figure)


def test_a_rounded_value_has_the_digits_of_its_error() -> None:
    from eqdarts.plotting.search import _rounded

    assert _rounded(212.6837, 6.947) == "212.7 ± 6.9"
    assert _rounded(6.02214e23, 1e19) == "6.02214e+23 ± 1e+19"
    assert _rounded(5.0, math.inf) == "5 ± ∞"
    assert _rounded(5.0, math.nan) == "5"
