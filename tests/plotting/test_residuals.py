"""Residuals: against a variable, in panels, against normal quantiles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import plotting
from eqdarts.equation.equation import Equation
from tests.plotting.pictures import drawn, fitted_line, power_law, uniform_rows


def test_residuals_against_a_variable_and_the_prediction() -> None:
    law, X, y = fitted_line()
    for against, at in (("x", X["x"]), ("prediction", law.predict(X)), (None, X["x"])):
        line = plotting.plot_residuals(law, X, y, against=against).get_lines()[-1]
        np.testing.assert_array_equal(line.get_xdata(), at)
        np.testing.assert_allclose(line.get_ydata(), y - law.predict(X))
    with pytest.raises(ValueError, match="Did you mean 'prediction'"):
        plotting.plot_residuals(law, X, y, against="predction")


def test_panels_show_variables_that_the_equation_leaves_out_too() -> None:
    X = uniform_rows(20, ["a", "b", "c"])
    law = Equation.parse("2.0*b", ["a", "b", "c"], target="y")
    axes = plotting.plot_residual_panels(law, X, law.predict(X) + X["a"].to_numpy())
    assert [ax.get_xlabel() for ax in axes] == ["y, predicted", "b", "a", "c", "normal quantile"]


def test_normal_residuals_lie_in_the_band_and_others_do_not() -> None:
    X = uniform_rows(400, ["x"])
    law = Equation.parse("2.0*x", ["x"])
    rng = np.random.default_rng(0)

    def outside(noise: np.ndarray) -> float:
        ax = plotting.plot_qq(law, X, law.predict(X) + noise, relative=False)
        points, band = ax.get_lines()[-1], ax.collections[0].get_paths()[0]
        return 1 - band.contains_points(points.get_xydata()).mean()

    assert outside(rng.normal(size=400)) < 0.2
    assert outside(rng.standard_cauchy(size=400)) > 0.5


def test_residuals_of_an_exact_law_can_be_drawn() -> None:
    X = uniform_rows(12, ["x"])
    law = Equation.parse("2.0*x", ["x"])
    axes = plotting.plot_residual_panels(law, X, law.predict(X))
    assert drawn(axes[0].figure)


def test_residuals_are_relative_where_the_target_spans_decades() -> None:
    X = pd.DataFrame({"x": [1.0, 2.0, 400.0]})
    law = power_law()
    y = law.predict(X) * 1.01
    percent = plotting.plot_residuals(law, X, y)
    np.testing.assert_allclose(percent.get_lines()[-1].get_ydata(), 100 * (1 - 1 / 1.01))
    assert percent.get_ylabel() == "residual (%)"
    plain = plotting.plot_residuals(law, X, y, relative=False)
    np.testing.assert_allclose(plain.get_lines()[-1].get_ydata(), y - law.predict(X))
