"""Profile intervals, quantiles, and the test for lack of fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from eqdarts.equation.equation import Equation
from eqdarts.inference.intervals import groups_of, quantile
from eqdarts.inference.summary import summary
from eqdarts.inference.uncertainty import inference
from tests.inference.laws import found, line, problems


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
    group = groups_of(inputs)
    same = (inputs[:, None] == inputs[None]).all(axis=2)
    np.testing.assert_array_equal(group[:, None] == group[None], same)


def test_without_replicates_there_is_no_test() -> None:
    equation, columns, y = line()
    assert inference(equation, columns, y).lack_of_fit is None


@pytest.mark.parametrize("dof", [1, 4, 30, math.inf])
def test_quantiles(dof: float) -> None:
    expected = stats.norm.ppf(0.95) if math.isinf(dof) else stats.t.ppf(0.95, dof)
    assert quantile(0.9, dof) == pytest.approx(expected)


NEARLY_SINGULAR = {
    "a*sin(b*x) + c": [50.0, 0.01, 2.0],  # a line: a and b only as their product
    "a*(1 - exp(-b*x)) + c": [1000.0, 0.0005, 2.0],
    "a*exp(b*x) + c*exp(d*x)": [1.0, -1.0, 0.5, -1.01],  # one exponential
}


@pytest.mark.slow
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
    assert "do not converge" in said


def test_a_profile_interval_of_a_linear_law_is_that_of_t_however_nearly_singular() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(1, 2, 30)
    y = 2 + 0.5 * x + 0.01 * rng.standard_normal(30)
    law = Equation.parse("a + b*x + c*x**1.0001", ["x"]).fit({"x": x}, y, start=[2.0, 0.5, 0.0])
    found = inference(law, {"x": x}, y)
    np.testing.assert_allclose(found.profile_interval(), found.interval(), rtol=1e-3)
