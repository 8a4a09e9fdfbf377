"""Fits of coefficients through the integrated system."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eqdarts.dynamics.laws import sides_of
from eqdarts.dynamics.shooting import fit_shots
from tests.dynamics.systems import law, problem


def test_exact_trajectories_give_the_coefficients() -> None:
    found = problem().fit_all([law("-0.3*S*I"), law("0.3*S*I - 0.2*I")])
    assert found is not None
    laws, fitted, _ = found
    assert fitted.converged
    assert np.allclose(fitted.theta, [-0.4, 0.4, -0.3], atol=1e-7)
    assert list(laws[1].equation.coefficients.values()) == fitted.theta[1:].tolist()


def test_the_information_gives_honest_standard_errors() -> None:
    """The estimates differ from the truth by about their standard errors, over several draws of the noise."""
    own = problem(0.0)
    sides = [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    exact = own.fit_all(sides)
    assert exact is not None
    errors = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        noise = 0.02 * own.data.spread
        y = exact[1].states + noise * rng.standard_normal(exact[1].states.shape)
        shots = replace(own.shots, y=y)
        fitted = fit_shots(sides_of(sides, ("S", "I"), ("time",)), shots, noise)
        assert fitted is not None
        covariance = np.linalg.inv(fitted.information.T @ fitted.information)
        errors.append((fitted.theta - exact[1].theta) / np.sqrt(np.diag(covariance)))
    assert 0.5 < np.sqrt(np.mean(np.square(errors))) < 1.6


def test_missing_values_are_no_values() -> None:
    own = problem()
    y = own.shots.y.copy()
    y[5:20, 0] = np.nan
    shots = replace(own.shots, y=y)
    sides = sides_of([law("-0.3*S*I"), law("0.3*S*I - 0.2*I")], ("S", "I"), ("time",))
    fitted = fit_shots(sides, shots, own.smooth.noise)
    assert fitted is not None
    assert np.allclose(fitted.theta, [-0.4, 0.4, -0.3], atol=1e-6)


def test_undefined_right_hand_sides_have_no_fit() -> None:
    assert problem().fit_all([law("log(-S)"), law("0.4*S*I - 0.3*I")]) is None


def test_runs_are_cut_into_pieces_of_a_horizon() -> None:
    shots = problem().shots
    cut = shots.cut(10)
    assert max(run.stop - run.start for run in cut.runs) <= 11
    assert sum(run.stop - run.start for run in cut.runs) == len(shots.t)
