"""Standard errors, intervals, identifiability, replicates."""

from __future__ import annotations

import importlib.util
import math
import sys
from functools import cache
from types import ModuleType

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning, FormulaError
from eqdarts.expression.build import with_values
from eqdarts.expression.program import evaluate
from eqdarts.inference.intervals import _groups, quantile
from eqdarts.inference.linearised import decompose, form_of
from eqdarts.inference.summary import summary
from eqdarts.inference.uncertainty import Inference, inference
from tests.places import ROOT
from tests.strategies import graphs, inputs

NIST = ROOT / "benchmarks" / "nist"


def _load(name: str, module: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(module, NIST / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    spec.loader.exec_module(loaded)
    return loaded


problems = _load("problems", "problems")
deviations = _load("standard_errors", "nist_standard_errors")
del sys.modules["problems"]  # only standard_errors.py had to find it under this name


@cache
def line(n: int = 30, seed: int = 0) -> tuple[Equation, dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    x, z = rng.uniform(0.5, 3, n), rng.uniform(0.5, 2, n)
    y = 2 + 3 * x - z + 0.1 * rng.normal(size=n)
    return Equation.parse("a + b*x + c*z", ["x", "z"]).fit({"x": x, "z": z}, y), {"x": x, "z": z}, y


def found(text: str, y: np.ndarray, columns: dict[str, np.ndarray], **options: object) -> Inference:
    return inference(Equation.parse(text, list(columns)).fit(columns, y, **options), columns, y)


# --- against certified values and closed forms ---


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


def test_profile_intervals_of_a_curved_problem_agree_with_brute_force() -> None:
    problem = problems.load("BoxBOD")
    equation = Equation.parse(problem.formula).fit(problem.columns, problem.y, start=problem.starts[1])
    result = inference(equation, problem.columns, problem.y)
    x, y, critical = problem.columns["x"], problem.y, stats.t.ppf(0.975, 4)

    def squares(b2: float) -> float:
        basis = 1 - np.exp(-b2 * x)
        return float(np.sum((y - basis * (basis @ y) / (basis @ basis)) ** 2))

    def height(b2: float) -> float:
        return math.sqrt(max(squares(b2) - result.squares, 0)) / result.sigma - critical

    expected = [optimize.brentq(height, 0.05, 0.5), optimize.brentq(height, 0.6, 3)]
    np.testing.assert_allclose(result.profile_interval()[1], expected, rtol=1e-4)


def test_a_coefficient_that_nothing_bounds_has_an_infinite_end() -> None:
    problem = problems.load("BoxBOD")
    equation = Equation.parse(problem.formula).fit(problem.columns, problem.y, start=problem.starts[1])
    lower, upper = inference(equation, problem.columns, problem.y).profile_interval(0.999)[1]
    assert 0 < lower < 0.1
    assert upper == math.inf


# --- properties ---


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


@settings(max_examples=60)
@given(st.data())
def test_the_jacobian_is_that_of_the_printed_equation(draw: st.DataObject) -> None:
    graph, theta = draw.draw(graphs())
    X = draw.draw(inputs(graph.n_inputs))
    names = tuple(f"x{i}" for i in range(graph.n_inputs))
    try:
        equation = Equation.from_graph(graph, theta, (np.ones(graph.n_inputs), 1.7), names, "y", rows=X)
    except FormulaError:
        assume(False)
    form = form_of(equation)
    columns = dict(zip(names, X.T, strict=True))
    values, jacobian = form.at(form.estimate, columns, len(X))
    np.testing.assert_allclose(values, evaluate(equation.expr, columns, len(X)), rtol=1e-10)
    for k, value in enumerate(form.estimate):
        step = 1e-6 * max(abs(value), 1e-3)
        shifted = [
            form.at(np.where(np.arange(len(form.names)) == k, value + s, form.estimate), columns, len(X))[0]
            for s in (-step, step)
        ]
        slope = (shifted[1] - shifted[0]) / (2 * step)
        smooth = np.isfinite(slope) & np.isfinite(jacobian[:, k]) & ~_near_kink(equation, columns, len(X))
        noise = 1e-15 * np.abs(values[smooth]) / step
        error = np.abs(slope - jacobian[:, k])[smooth]
        assert (error <= 1e-4 * np.abs(jacobian[smooth, k]) + 1e3 * noise + 1e-7).all()


def _near_kink(equation: Equation, columns: dict[str, np.ndarray], n_rows: int) -> np.ndarray:
    """Return the rows at which an absolute value or a maximum is so close to its kink that a difference crosses it."""
    near = np.zeros(n_rows, dtype=bool)
    for part in equation.expr.atoms(sympy.Abs, sympy.Max, sympy.Min):
        arguments = [evaluate(a, columns, n_rows) for a in part.args]
        gap = arguments[0] if len(arguments) == 1 else arguments[0] - arguments[1]
        near |= np.abs(gap) < 1e-4
    return near


@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 99))
def test_decomposition_is_that_of_the_pseudo_inverse(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    jacobian, residual = rng.normal(size=(n, k)), rng.normal(size=n)
    if k > 2:
        jacobian[:, 0] = jacobian[:, 1] - jacobian[:, 2]
    parts = decompose(jacobian, residual)
    assert parts.rank == np.linalg.matrix_rank(jacobian)
    assert parts.null.shape == (k, k - parts.rank)
    np.testing.assert_allclose(jacobian / parts.scale @ parts.null, 0, atol=1e-10)
    np.testing.assert_allclose(jacobian @ parts.factor @ parts.factor.T @ jacobian.T @ jacobian, jacobian, atol=1e-8)
    projection = jacobian @ np.linalg.pinv(jacobian)
    assert parts.slope_squares == pytest.approx(residual @ projection @ residual, rel=1e-8)
    assert parts.squares == pytest.approx(residual @ residual)


def test_rows_without_weight_are_not_there() -> None:
    equation, columns, y = line()
    longer = {name: np.append(column, [1.0, 2.0]) for name, column in columns.items()}
    weight = np.append(np.ones(len(y)), [0.0, 0.0])
    result = inference(equation, longer, np.append(y, [1e9, -1e9]), sample_weight=weight)
    np.testing.assert_allclose(result.covariance, inference(equation, columns, y).covariance, rtol=1e-12)
    assert result.n_rows == len(y)


# --- identifiability ---

RNG = np.random.default_rng(0)
X = {"x": np.linspace(0.5, 3, 30), "z": RNG.uniform(0.5, 2, 30)}
NOISE = 0.05 * RNG.normal(size=30)


@pytest.mark.parametrize(
    ("text", "y", "sentence", "identified"),
    [
        ("a*b*x", 2 * X["x"], "a and b appear only as a*b.", ()),
        ("a*x/b + c*z", 2 * X["x"] + X["z"], "a and b appear only as a/b.", ("c",)),
        ("a + b + c*x", 1 + 2 * X["x"], "a and b appear only as a + b.", ("c",)),
        ("a*x + 2*b*x + c", 1 + 2 * X["x"], "a and b appear only as a + 2*b.", ("c",)),
        ("a*x**2*sqrt(b) + c", 1 + 2 * X["x"] ** 2, "a and b appear only as a*sqrt(b).", ("c",)),
        ("a*exp(b + c*x)", 2 * np.exp(-X["x"]), "a and b appear only as a*exp(b).", ("c",)),
        ("a*(b + c*x)", 1 + 2 * X["x"], "a, b and c appear only as a*c and b/c.", ()),
        ("a*x**(b*c)", 2 * X["x"] ** 1.5, "b and c appear only as b*c.", ("a",)),
    ],
)
def test_what_cannot_be_told_apart_is_said_in_words(
    text: str, y: np.ndarray, sentence: str, identified: tuple[str, ...]
) -> None:
    names = [name for name in "abc" if name in text.replace("exp", "").replace("sqrt", "")]
    result = found(text, y + NOISE, X, start=dict(zip(names, [1.3, 1.1, 0.9], strict=False)))
    assert result.unidentifiable == (sentence,)
    for name, error, interval in zip(result.names, result.standard_error, result.profile_interval(), strict=True):
        assert math.isfinite(error) == (name in identified)
        assert np.isfinite(interval).all() == (name in identified)


def test_predictions_are_certain_where_coefficients_are_not() -> None:
    y = 2 * X["x"] + 1 + NOISE
    start = {"a": 1.3, "b": 1.1, "c": 0.9}
    redundant = found("a*(b + c*x)", y, X, start=start)
    plain = found("b + c*x", y, X)
    new = {"x": np.array([0.0, 5.0]), "z": np.ones(2)}
    np.testing.assert_allclose(redundant.predict_std(new), plain.predict_std(new), rtol=1e-6)
    assert redundant.dof == plain.dof == 28
    assert redundant.sigma == pytest.approx(plain.sigma, rel=1e-8)


def test_what_only_these_rows_hide_is_said_too_and_shows_in_predictions_elsewhere() -> None:
    columns = {"x": X["x"], "z": np.full(30, 2.0)}
    result = found("a + b*z + c*x", 1 + 2 * X["x"] + NOISE, columns)
    assert result.unidentifiable == ("a and b appear only as a + 2*b on these rows.",)
    std = result.predict_std({"x": [1.0, 1.0], "z": [2.0, 3.0]})
    assert math.isfinite(std[0])
    assert std[1] == math.inf


def test_a_coefficient_without_effect() -> None:
    y = 2 * X["x"] + NOISE
    result = found("a*x + Max(0, b*(z - 9))", y, X, start={"a": 1.0, "b": 1.0})
    assert result.unidentifiable == ("b has no effect on the prediction on these rows.",) or (
        result.unidentifiable == ("b has no effect on the prediction near its value.",)
    )
    assert result.standard_error[1] == math.inf


def test_nearly_interchangeable_coefficients_are_noted() -> None:
    x = np.linspace(10, 10.1, 30)
    result = found("a + b*x", 2 * x + NOISE, {"x": x})
    assert result.unidentifiable == ()
    assert any("a and b are nearly interchangeable" in note for note in result.notes)


# --- replicates ---


def test_lack_of_fit_agrees_with_the_textbook() -> None:
    x = np.repeat([1.0, 2.0, 3.3, 4.0, 5.0], [2, 1, 2, 3, 2])
    y = np.array([2.3, 1.8, 2.8, 1.8, 3.7, 2.6, 2.6, 2.2, 2.0, 3.0])
    result = found("a + b*x", y, {"x": x})
    groups = [y[x == value] for value in np.unique(x)]
    pure = sum(((group - group.mean()) ** 2).sum() for group in groups)
    statistic = (result.squares - pure) / 3 / (pure / 5)
    test = result.lack_of_fit
    assert test is not None
    assert (test.dof_lack, test.dof_pure) == (3, 5)
    assert test.pure_error == pytest.approx(math.sqrt(pure / 5))
    assert test.statistic == pytest.approx(statistic)
    assert test.p_value == pytest.approx(stats.f.sf(statistic, 3, 5))


def test_lack_of_fit_tells_a_wrong_form() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(np.linspace(0, 3, 10), 4)
    y = np.exp(x) + 0.3 * rng.normal(size=40)
    wrong, right = found("a + b*x", y, {"x": x}), found("a*exp(b*x)", y, {"x": x}, start=[1, 1])
    assert wrong.lack_of_fit is not None
    assert right.lack_of_fit is not None
    assert wrong.lack_of_fit.p_value < 1e-6
    assert right.lack_of_fit.p_value > 0.01
    assert right.lack_of_fit.pure_error == pytest.approx(0.3, rel=0.4)


@given(st.integers(1, 40), st.integers(0, 3), st.integers(1, 3), st.integers(0, 99))
def test_equal_rows_are_one_group(n: int, d: int, n_values: int, seed: int) -> None:
    inputs = np.random.default_rng(seed).integers(0, n_values + 1, (n, d)).astype(float)
    group = _groups(inputs)
    same = (inputs[:, None] == inputs[None]).all(axis=2)
    np.testing.assert_array_equal(group[:, None] == group[None], same)


def test_without_replicates_there_is_no_test() -> None:
    equation, columns, y = line()
    assert inference(equation, columns, y).lack_of_fit is None


# --- degenerate cases and errors ---


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
        ({"sigma": 1.0, "sample_weight": np.ones(30)}, "Give one of them"),
        ({"known": ["q"]}, "A known name must be a coefficient"),
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


@pytest.mark.parametrize("dof", [1, 4, 30, math.inf])
def test_quantiles(dof: float) -> None:
    expected = stats.norm.ppf(0.95) if math.isinf(dof) else stats.t.ppf(0.95, dof)
    assert quantile(0.9, dof) == pytest.approx(expected)


NEARLY_SINGULAR = {
    "a*sin(b*x) + c": [50.0, 0.01, 2.0],  # a line: a and b only as their product
    "a*(1 - exp(-b*x)) + c": [1000.0, 0.0005, 2.0],
    "a*exp(b*x) + c*exp(d*x)": [1.0, -1.0, 0.5, -1.01],  # one exponential
}


@pytest.mark.filterwarnings("ignore::eqdarts.EqdartsWarning")
@pytest.mark.parametrize("formula", NEARLY_SINGULAR)
def test_no_profile_interval_where_refits_do_not_settle(formula: str) -> None:
    """An end is far out, infinite or unknown, but never a number close to the estimate that means nothing."""
    rng = np.random.default_rng(0)
    x = np.linspace(1, 2, 30)
    y = (2 + 0.5 * x if "c*" not in formula else np.exp(-x)) + 0.01 * rng.standard_normal(30)
    law = Equation.parse(formula, ["x"]).fit({"x": x}, y, start=NEARLY_SINGULAR[formula])
    found = inference(law, {"x": x}, y)
    ends = found.profile_interval()
    assert np.isnan(ends).any()
    distance = np.abs(ends - found.estimate[:, None])
    assert not (distance < 0.05 * found.standard_error[:, None]).any()
    said = " ".join(summary(found).split())
    assert "No profile likelihood interval of" in said
    assert "do not settle" in said


def test_a_profile_interval_of_a_linear_law_is_that_of_t_however_nearly_singular() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(1, 2, 30)
    y = 2 + 0.5 * x + 0.01 * rng.standard_normal(30)
    law = Equation.parse("a + b*x + c*x**1.0001", ["x"]).fit({"x": x}, y, start=[2.0, 0.5, 0.0])
    found = inference(law, {"x": x}, y)
    np.testing.assert_allclose(found.profile_interval(), found.interval(), rtol=1e-3)


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
