"""Equation and data together: curves with bands, maps, slices."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.text import Text

from eqdarts import plotting
from eqdarts.equation.equation import Equation
from eqdarts.expression.latex import latex_name
from eqdarts.expression.parse import quoted
from eqdarts.inference.uncertainty import inference
from tests.plotting.pictures import drawn, fitted_line, uniform_rows


def test_bands_are_those_of_the_inference() -> None:
    law, X, y = fitted_line()
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
    law, X, y = fitted_line()
    ax = plotting.plot_fit(law, X, y, found=inference(law, X, y, sigma=0.3))
    assert len(ax.collections) == 1


def test_two_variables_are_a_map_with_the_measured_values_in_its_colours() -> None:
    X = uniform_rows(20, ["a", "b", "unused"])
    law = Equation.parse("a*b", ["a", "b", "unused"], target="area")
    y = law.predict(X) + 1
    ax = plotting.plot_fit(law, X, y, units={"a": "m", "area": "m²"})
    mesh, circles = ax.collections
    np.testing.assert_array_equal(circles.get_array(), y)
    np.testing.assert_allclose(circles.get_offsets(), X[["a", "b"]])
    assert mesh.norm is circles.norm
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a (m)", "b")
    assert ax.figure.axes[1].get_ylabel() == "area (m²); circles: measured"
    assert drawn(ax.figure)


def test_a_pole_does_not_press_the_data_flat() -> None:
    X = pd.DataFrame({"x": np.linspace(0, 1, 41)})
    law = Equation.parse("1/(x - 0.5012)**2", ["x"])
    ax = plotting.plot_fit(law, X, np.linspace(0, 1, 41))
    assert ax.get_ylim() == pytest.approx((-1, 2), abs=1)


def test_slices_show_the_curve_and_each_row_at_its_own_residual() -> None:
    X = uniform_rows(25, ["a", "b", "c"])
    law = Equation.parse("2.0*a + b**2", ["a", "b", "c"], target="y")
    residual = np.linspace(-1, 1, 25)
    first, second = plotting.plot_slices(law, X, law.predict(X) + residual)
    points, curve = second.get_lines()
    others = 2 * np.median(X["a"])
    np.testing.assert_allclose(points.get_ydata(), others + X["b"] ** 2 + residual)
    np.testing.assert_allclose(curve.get_ydata(), others + curve.get_xdata() ** 2)
    assert (first.get_xlabel(), second.get_xlabel(), first.get_ylabel(), second.get_ylabel()) == ("a", "b", "y", "")


def test_slices_of_a_target_over_decades_keep_the_ratio() -> None:
    X = uniform_rows(25, ["a", "b"]) ** 3
    law = Equation.parse("2.0*a*b", ["a", "b"])
    axes = plotting.plot_slices(law, X, law.predict(X) * 1.5)
    np.testing.assert_allclose(axes[0].get_lines()[0].get_ydata(), 3.0 * X["a"] * np.median(X["b"]))


def test_arrays_and_mappings_are_data_too() -> None:
    law, X, y = fitted_line()
    want = plotting.plot_fit(law, X, y).get_lines()[1].get_xydata()
    for given in (X.to_numpy(), {"x": X["x"].to_numpy()}):
        np.testing.assert_array_equal(plotting.plot_fit(law, given, y).get_lines()[1].get_xydata(), want)
        assert len(plotting.plot_residual_panels(law, given, y)) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [r"$\frac{", r"\input{/etc/passwd}", "a\nb", "$$", "x" * 200, "<b>&", "_θ_0 µ", "$x^2$"]
)
def test_no_name_breaks_a_picture_or_becomes_a_formula(name: str) -> None:
    X = uniform_rows(12, [name, "z"])
    law = Equation.parse(f"2.0*{quoted(name)}*z", [name, "z"], target=name)
    y = law.predict(X) + np.linspace(0, 1, 12)
    units = {name: name}
    figures = [
        plotting.plot_fit(law, X, y, units=units).figure,
        plotting.plot_slices(law, X, y, units=units)[0].figure,
        plotting.plot_coefficients(inference(Equation.parse("a*z", ["z"]).fit(X[["z"]], y), X[["z"]], y)).figure,
    ]
    for figure in figures:
        assert drawn(figure)
        for text in figure.findobj(Text):
            own = text.get_text() if text.get_parse_math() else ""
            assert name not in own or not {"$", "\\"} & set(name) or latex_name(name) in own, own


def test_long_names_stay_in_their_panels() -> None:
    names = [f"a long name of a column, number {k}, that goes on" for k in range(3)]
    X = uniform_rows(12, names)
    law = Equation.parse("*".join(map(quoted, names)), names, target="a target with a long name that goes on and on")
    axes = plotting.plot_slices(law, X, law.predict(X), units={names[0]: "kg"})
    figure = axes[0].figure
    figure.canvas.draw()
    boxes = [ax.xaxis.label.get_window_extent() for ax in axes]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))
    assert axes[0].get_xlabel().endswith("… (kg)")
    assert axes[0].yaxis.label.get_window_extent().height <= figure.bbox.height


@pytest.mark.slow
@pytest.mark.parametrize(("n_rows", "n_inputs"), [(5, 2), (100_000, 1), (100_000, 2), (100_000, 3), (100_000, 9)])
def test_pictures_of_few_and_of_many_rows_are_small(n_rows: int, n_inputs: int) -> None:
    names = [f"x{k}" for k in range(n_inputs)]
    X = np.exp(uniform_rows(n_rows, names))
    law = Equation.parse(" + ".join(f"2.5*{name}" for name in names), names)
    y = law.predict(X) * np.random.default_rng(1).uniform(0.9, 1.1, n_rows)
    kinds = (plotting.plot_fit, plotting.plot_slices, plotting.plot_residual_panels)
    for draw in kinds if n_inputs < 9 else kinds[1:2]:
        axes: Any = draw(law, X, y)
        figure = axes[0].figure if isinstance(axes, list) else axes.figure
        picture = drawn(figure, dpi=150)
        assert len(picture) < 1_000_000
        if n_inputs > 2:
            assert len(drawn(figure, format="svg")) < 1_000_000
        pyplot.close(figure)


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
        assert drawn(ax.figure)
