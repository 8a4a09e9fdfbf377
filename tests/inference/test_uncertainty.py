"""Standard errors and predictions: against certified values, closed forms, and in degenerate cases."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning
from eqdarts.expression.build import with_values
from eqdarts.inference.uncertainty import Inference, inference
from tests.inference.laws import NOISE, X, deviations, found, line, problems


@pytest.mark.parametrize("name", list(problems.FORMULAS))
def test_standard_errors_agree_with_the_certified_ones_to_five_digits(name: str) -> None:
    result = deviations.infer(name)
    certified, residual = deviations.certified_deviations(name)
    errors = dict(zip(result.names, map(float, result.standard_error), strict=True))
    assert problems.matching_digits(errors, certified) >= 5
    assert result.sigma == pytest.approx(residual, rel=1e-5)
    assert result.rank == len(certified)
    assert result.unidentifiable == ()


def test_puromycin_agrees_with_what_r_prints() -> None:
    # summary(nls(rate ~ Vm*conc/(K + conc), Puromycin, state == "treated")) in R's documentation of the data
    conc = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.1], 2)
    rate = np.array([76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200])
    result = found("Vm*conc/(K + conc)", rate, {"conc": conc}, start={"Vm": 200, "K": 0.05})
    assert dict(zip(result.names, result.estimate.tolist(), strict=True)) == pytest.approx(
        {"Vm": 212.7, "K": 0.06412}, rel=5e-4
    )
    errors = dict(zip(result.names, result.standard_error.tolist(), strict=True))
    assert errors == pytest.approx({"Vm": 6.947, "K": 0.008281}, rel=2e-4)
    assert (result.sigma, result.dof) == (pytest.approx(10.93, rel=5e-4), 10)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_linear_equation_has_the_textbook_answer(weighted: bool) -> None:
    equation, columns, y = line()
    weight = np.linspace(0.2, 3, len(y)) if weighted else np.ones(len(y))
    equation = equation.fit(columns, y, sample_weight=weight)
    result = inference(equation, columns, y, sample_weight=weight)
    design = np.column_stack([np.ones(len(y)), columns["x"], columns["z"]])
    normal = np.linalg.inv(design.T @ (weight[:, None] * design))
    beta = normal @ design.T @ (weight * y)
    variance = weight @ (y - design @ beta) ** 2 / (len(y) - 3)
    np.testing.assert_allclose(result.estimate, beta, rtol=1e-8)
    np.testing.assert_allclose(result.covariance, variance * normal, rtol=1e-8)
    assert result.sigma == pytest.approx(math.sqrt(variance), rel=1e-10)
    assert result.dof == len(y) - 3
    half = stats.t.ppf(0.975, len(y) - 3) * np.sqrt(np.diag(variance * normal))
    np.testing.assert_allclose(result.interval(), np.column_stack([beta - half, beta + half]), rtol=1e-7)
    np.testing.assert_allclose(result.profile_interval(), result.interval(), rtol=1e-5)
    new = np.array([[1.0, 1.0, 1.0], [1.0, 9.0, -3.0]])
    mean_variance = variance * np.einsum("ij,jk,ik->i", new, normal, new)
    table = {"x": new[:, 1], "z": new[:, 2]}
    np.testing.assert_allclose(result.predict_std(table), np.sqrt(mean_variance), rtol=1e-8)
    np.testing.assert_allclose(
        result.predict_std(table, observation=True, sample_weight=[4.0, 1.0]),
        np.sqrt(mean_variance + variance / np.array([4.0, 1.0])),
        rtol=1e-8,
    )
    interval = result.predict_interval(table, 0.9)
    np.testing.assert_allclose(interval.mean(axis=1), new @ beta, rtol=1e-9)
    expected = stats.t.ppf(0.95, len(y) - 3) * np.sqrt(mean_variance + variance)
    np.testing.assert_allclose(interval[:, 1] - new @ beta, expected, rtol=1e-7)


def test_known_errors_are_absolute() -> None:
    equation, columns, y = line()
    sigma = np.full(len(y), 0.25)
    result = inference(equation, columns, y, sigma=sigma)
    relative = inference(equation, columns, y)
    np.testing.assert_allclose(result.standard_error, relative.standard_error * 0.25 / relative.sigma, rtol=1e-9)
    assert (result.sigma, result.dof, result.sigma_known) == (1.0, math.inf, True)
    assert result.misfit == pytest.approx(stats.chi2.sf(np.sum((equation.predict(columns) - y) ** 2) / 0.0625, 27))
    np.testing.assert_allclose(result.profile_interval(), result.interval(), rtol=1e-5)
    np.testing.assert_allclose(inference(equation, columns, y, sigma=0.25).covariance, result.covariance)
    new = {"x": [1.0], "z": [1.0]}
    with pytest.raises(ValueError, match="error of a new observation"):
        result.predict_interval(new)
    expected = np.hypot(result.predict_std(new), 0.5)
    np.testing.assert_allclose(result.predict_std(new, observation=True, sigma=0.5), expected)


@cache
def power_law() -> tuple[Inference, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.uniform(0.5, 3, 25)
    y = 2 * x**1.5 + 0.05 * rng.normal(size=25)
    return inference(Equation.parse("a*x**b", ["x"]).fit({"x": x}, y, start=[2, 1.5]), {"x": x}, y), x, y


@given(st.floats(-6, 6), st.floats(-6, 6), st.floats(-3, 3))
def test_units_of_the_data_only_rescale(x_power: float, y_power: float, weight_power: float) -> None:
    plain, x, y = power_law()
    a, b = plain.estimate
    s, u = 10.0**x_power, 10.0**y_power
    scaled = Equation(with_values(plain.equation.template, {"a": a * u / s**b, "b": b}), ("x",))
    weight = np.full(25, 10.0**weight_power)
    result = inference(scaled, {"x": x * s}, y * u, sample_weight=weight)
    assert result.standard_error[1] == pytest.approx(plain.standard_error[1], rel=1e-6)
    assert result.sigma == pytest.approx(plain.sigma * u * 10 ** (weight_power / 2), rel=1e-6)
    assert result.r_squared == pytest.approx(plain.r_squared, rel=1e-9)
    np.testing.assert_allclose(result.predict_std({"x": x * s}), u * plain.predict_std({"x": x}), rtol=1e-6)


def test_rows_without_weight_are_not_there() -> None:
    equation, columns, y = line()
    longer = {name: np.append(column, [1.0, 2.0]) for name, column in columns.items()}
    weight = np.append(np.ones(len(y)), [0.0, 0.0])
    result = inference(equation, longer, np.append(y, [1e9, -1e9]), sample_weight=weight)
    np.testing.assert_allclose(result.covariance, inference(equation, columns, y).covariance, rtol=1e-12)
    assert result.n_rows == len(y)


def test_predictions_are_certain_where_coefficients_are_not() -> None:
    y = 2 * X["x"] + 1 + NOISE
    start = {"a": 1.3, "b": 1.1, "c": 0.9}
    redundant = found("a*(b + c*x)", y, X, start=start)
    plain = found("b + c*x", y, X)
    new = {"x": np.array([0.0, 5.0]), "z": np.ones(2)}
    np.testing.assert_allclose(redundant.predict_std(new), plain.predict_std(new), rtol=1e-6)
    assert redundant.dof == plain.dof == 28
    assert redundant.sigma == pytest.approx(plain.sigma, rel=1e-8)


def test_a_constant_equation() -> None:
    y = np.array([1.0, 2.0, 4.0, 3.0])
    result = inference(Equation.parse("2.5", ["x"]), {"x": np.arange(4.0)}, y)
    assert result.names == ("c0",)
    assert result.standard_error[0] == pytest.approx(y.std(ddof=1) / 2)
    assert result.r_squared == pytest.approx(0)


def test_an_equation_without_coefficients() -> None:
    x = np.arange(1.0, 5.0)
    result = inference(Equation.parse("x**2", ["x"]), {"x": x}, x**2 + [0.1, -0.1, 0.1, 0.1])
    assert result.names == ()
    assert result.interval().shape == result.profile_interval().shape == (0, 2)
    assert result.sigma == pytest.approx(0.1)
    np.testing.assert_array_equal(result.predict_std({"x": x}), 0)


def test_as_many_coefficients_as_rows() -> None:
    x = np.array([1.0, 2.0])
    result = found("a + b*x", np.array([3.0, 5.0]), {"x": x})
    assert result.dof == 0
    assert np.isnan(result.standard_error).all()
    assert "no more rows than coefficients" in result.notes[0]
    assert np.isnan(result.interval()).all()


def test_an_equation_that_was_not_fitted_to_these_rows_is_told() -> None:
    equation, columns, y = line()
    with pytest.warns(EqdartsWarning, match="call fit with the same rows"):
        result = inference(equation, columns, y + 1)
    assert "standard errors from the least squares estimate" in result.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 0.0}, "sigma must be one positive number"),
        ({"sigma": np.ones(3)}, "sigma must be one positive number"),
        ({"sigma": 1.0, "sample_weight": np.ones(30)}, "not both"),
        ({"known": ["q"]}, "Every name in known must be a coefficient"),
    ],
)
def test_bad_input_is_one_clear_error(options: dict[str, object], message: str) -> None:
    equation, columns, y = line()
    with pytest.raises(ValueError, match=message):
        inference(equation, columns, y, **options)


def test_unfitted_and_undefined_equations_are_refused() -> None:
    with pytest.raises(ValueError, match="no value for a"):
        inference(Equation.parse("a*x", ["x"]), {"x": [1.0, 2.0]}, [1.0, 2.0])
    with pytest.raises(ValueError, match="1 row"):
        inference(Equation.parse("2.0*log(x)", ["x"]), {"x": [-1.0, 2.0]}, [1.0, 2.0])
    equation, columns, y = line()
    with pytest.raises(ValueError, match="coverage must lie between 0 and 1"):
        inference(equation, columns, y).interval(95)


def test_known_constants_have_no_uncertainty() -> None:
    t = np.linspace(0.1, 2, 20)
    y = 9.80665 / 2 * t**2 + NOISE[:20]
    equation = Equation.parse("g*t**2/2 + c", ["t"]).fit({"t": t}, y, start={"g": 9.8, "c": 0.0})
    result = inference(equation, {"t": t}, y, known=["g"])
    assert result.names == ("c",)
    assert result.dof == 19


def test_an_equation_without_coefficients_has_residuals_and_no_standard_errors() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    y = X[:, 2] * np.minimum(X[:, 0], X[:, 1]) + 0.1 * rng.normal(size=20)
    law = Equation.parse("x2*Min(x0, x1)").fit(X, y)
    found = inference(law, X, y)
    assert (found.names, found.standard_error.shape, found.covariance.shape) == ((), (0,), (0, 0))
    assert (found.rank, found.dof, found.notes) == (0, 20.0, ())
    assert law.fit_result_ is not None
    assert found.squares == pytest.approx(law.fit_result_.loss, rel=1e-12)
    assert found.sigma == pytest.approx(np.sqrt(found.squares / 20))
    assert found.interval().shape == found.profile_interval().shape == (0, 2)
    ends = found.predict_interval(X)
    assert ((ends[:, 0] < y) & (y < ends[:, 1])).mean() > 0.8
