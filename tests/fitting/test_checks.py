"""What a fit refuses before it searches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.fitting.checks import checked_settings, checked_weight
from tests.fits import QUICK, QUICK_BY_LOSS, fall


@pytest.mark.parametrize(
    ("constants", "said"),
    [
        ({"t": 1.0}, "must not be taken"),
        ({"c0": 1.0}, "must not be taken"),
        ({"g": 0.0}, "finite and not 0"),
        ({"g": "9.8"}, "finite and not 0"),
        (["g"], "map names to numbers"),
    ],
)
def test_constants_without_sense_are_refused_before_the_search(constants: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DARTSRegressor(**QUICK, constants=constants).fit(*fall())


def test_parameters_of_the_choice_are_checked() -> None:
    with pytest.raises(ValueError, match="There is no such selection"):
        DARTSRegressor(**QUICK, selection="bicc").fit(*fall())
    with pytest.raises(ValueError, match="needs rows to hold back"):
        DARTSRegressor(**QUICK, selection="validation").fit(*fall(16))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"loss": "hubert"}, "Did you mean 'huber'"),
        ({"loss": "poisson"}, "needs a y of 0 or more"),
        ({"loss": "bernoulli"}, "needs a y of 0 to 1"),
        ({"loss": "huber", "selection": "validation"}, "only be used with squared residuals"),
        ({"loss": lambda y, f: (y - f).square().mean()}, "for each row"),
        ({"loss": lambda y, f: -((y - f) ** 2)}, "smallest where the prediction is y"),
        ({"loss": lambda y: y}, "torch function of"),
    ],
)
def test_losses_without_sense_are_refused(given: dict[str, Any], said: str) -> None:
    X = np.linspace(1, 2, 40)[:, None]
    with pytest.raises(ValueError, match=said):
        DARTSRegressor(**QUICK_BY_LOSS, **given).fit(X, np.linspace(-3, 3, 40))


def test_known_errors_go_with_squares() -> None:
    X = np.linspace(1, 2, 40)[:, None]
    with pytest.raises(ValueError, match="only be used with squared residuals"):
        DARTSRegressor(**QUICK_BY_LOSS, loss="huber").fit(X, X[:, 0], sigma=0.1)


DEFAULTS = DARTSRegressor().get_params()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"search": "randm"}, "There is no such search.*'random'"),
        ({"loss": "hubert"}, "loss must be the name of a loss.*'huber'"),
        ({"max_complexity": 2}, "max_complexity must be a whole number of at least 3"),
        ({"max_refits": 1.5}, "max_refits must be a whole number"),
        ({"n_jobs": 0}, "n_jobs must be a whole number other than 0"),
        ({"time_limit": 0}, "time_limit must be a positive number"),
        ({"validation_fraction": 1.0}, "validation_fraction must lie between 0 and 1"),
    ],
)
def test_a_parameter_out_of_range_is_one_clear_error(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        checked_settings(DEFAULTS | given, DEFAULTS)


def test_weights_are_relative_to_the_smallest_known_error() -> None:
    X = np.ones((3, 1))
    weight, errors = checked_weight(None, [0.2, 0.1, 0.4], X, "squared")
    np.testing.assert_allclose(weight, [0.25, 1.0, 0.0625])
    np.testing.assert_array_equal(errors, [0.2, 0.1, 0.4])
    weight, errors = checked_weight(None, 0.1, X, "squared")
    np.testing.assert_array_equal(weight, np.ones(3))
    np.testing.assert_array_equal(errors, np.full(3, 0.1))
    assert checked_weight(None, None, X, "huber") == (None, None)


@pytest.mark.parametrize(
    ("weight", "sigma", "said"),
    [
        ([0.0, 0.0, 0.0], None, "zero"),
        ([1.0, -1.0, 0.0], None, "[Nn]egative"),
        ([1.0, 1.0, 1.0], 0.1, "not both"),
        (None, [0.1, 0.0, 0.1], "sigma must be one positive number, or 3"),
        (None, [0.1, 0.1], "sigma must be one positive number, or 3"),
    ],
)
def test_weights_and_errors_without_sense_are_refused(weight: Any, sigma: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        checked_weight(weight, sigma, np.ones((3, 1)), "squared")
