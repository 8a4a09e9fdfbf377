"""The evidence for a smooth function, its value and its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from eqdarts.search.problem import Problem, Rows
from eqdarts.search.smooth_evidence import Setting, best_fits, denoised, ridge, rows_of, smooth_fit
from tests.search.tables import Formula, noisy


@pytest.fixture(autouse=True)
def _as_in_a_search() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def with_target(problem: Problem, factor: float) -> Problem:
    """Return the problem with target and weight changed as a factor of the target would change them."""

    def of(rows: Rows) -> Rows:
        return Rows(rows.X, rows.y / factor, rows.weight * factor**2)

    return replace(problem, train=of(problem.train), held=of(problem.held), wide=of(problem.wide))


def test_the_evidence_is_the_density_of_a_normal_distribution() -> None:
    rng = np.random.default_rng(0)
    design, prior = rng.normal(size=(20, 3)), np.array([1.0, 0.5, 0.25])
    y = design @ [1.0, 2.0, 0.5] + rng.normal(size=20)
    found = ridge(design.T @ design, design.T @ y, float(y @ y), 20, prior)
    assert found is not None

    def direct(ridged: float) -> float:
        covariance = (design * prior**2) @ design.T + ridged * np.eye(20)
        size = float(y @ np.linalg.solve(covariance, y)) / 20
        return -10 * np.log(size) - 0.5 * float(np.linalg.slogdet(covariance)[1])

    assert found.evidence == pytest.approx(max(direct(r) for r in np.logspace(-7, 2, 19)))


def test_a_smooth_model_finds_value_and_gradient_below_the_noise() -> None:
    problem = noisy(lambda x, z: x * np.exp(-z), 2)
    X, y, _ = rows_of(problem)
    fit = best_fits(problem)[0]
    f, gradient = fit.value_and_gradient()
    x, z = (X * problem.units).T
    true = x * np.exp(-z) / problem.y_unit
    noise = np.sqrt(np.mean((y - true) ** 2))
    assert np.sqrt(np.mean((f - true) ** 2)) < 0.3 * noise
    assert fit.unexplained == pytest.approx(np.mean((y - true) ** 2) / np.mean(y**2), rel=0.1)
    np.testing.assert_allclose(fit.predict(X), f, rtol=1e-10)
    true_gradient = np.stack([np.exp(-z), -x * np.exp(-z)]) * problem.units[:, None] / problem.y_unit
    assert np.sqrt(np.mean((gradient - true_gradient) ** 2)) < 0.2 * np.sqrt(np.mean(true_gradient**2))


def test_the_gradient_is_that_of_the_value() -> None:
    problem = noisy(lambda x, z: x**2 / z, 2)
    X = rows_of(problem)[0]
    for logarithms in (False, True):
        fit = smooth_fit(problem, Setting(logarithms, 0.4))
        assert fit is not None
        gradient = fit.value_and_gradient()[1]
        for i in range(2):
            step = 1e-6 * np.eye(2)[i]
            slope = (fit.predict(X + step) - fit.predict(X - step)) / 2e-6
            np.testing.assert_allclose(gradient[i], slope, rtol=1e-5, atol=1e-6)


def test_an_input_that_does_not_matter_costs_evidence() -> None:
    problem = noisy(lambda x, z: np.sin(x) + 0 * z, 2)
    columns = [problem.train, problem.held, problem.wide]
    train, held, wide = (Rows(rows.X[:, :1], rows.y, rows.weight) for rows in columns)
    less = replace(problem, train=train, held=held, wide=wide, units=problem.units[:1])
    assert best_fits(less)[0].evidence > best_fits(problem)[0].evidence + 5


def test_the_size_of_a_factor_of_the_target_does_not_matter() -> None:
    problem = noisy(lambda x, z: x * z, 2)
    own, other = best_fits(problem)[0], best_fits(with_target(problem, 1e6))[0]
    assert own.evidence == pytest.approx(other.evidence)
    assert own.unexplained == pytest.approx(other.unexplained)
    np.testing.assert_allclose(own.predict(problem.train.X), 1e6 * other.predict(problem.train.X), rtol=1e-6)


def test_a_problem_can_have_its_smooth_model_as_target() -> None:
    problem = noisy(lambda x, z: x + z, 2)
    fit = best_fits(problem)[0]
    smooth = denoised(problem, fit)
    np.testing.assert_array_equal(smooth.held.X, problem.held.X)
    np.testing.assert_allclose(smooth.held.y, fit.predict(problem.held.X))
    assert smooth.variance == problem.variance


def test_there_is_no_smooth_model_of_a_target_that_is_zero_or_not_finite() -> None:
    problem = noisy(lambda x, z: x + z, 2)
    for target in (0.0, np.inf):
        wide = replace(problem.wide, y=np.full_like(problem.wide.y, target))
        held = replace(problem.held, y=np.full_like(problem.held.y, target))
        assert best_fits(replace(problem, wide=wide, held=held)) == []


@pytest.mark.parametrize(("law", "d"), [(lambda x: np.cos(8 * x), 1), (lambda x, z: z * np.sin(5 * x) + z**2, 2)])
def test_a_function_of_one_or_two_inputs_may_turn_several_times(law: Formula, d: int) -> None:
    problem = noisy(law, d, 0.1, n=1000)
    assert best_fits(problem)[0].unexplained == pytest.approx(0.01, rel=0.2)
