"""One fit that several tests look at."""

from __future__ import annotations

import warnings

import pytest

from eqdarts import ODERegressor
from tests.dynamics.systems import runs


@pytest.fixture(scope="session")
def fitted() -> ODERegressor:
    """Return a short fit to two runs with a little noise."""
    quick = {"primitives": "minimal", "max_complexity": 9, "time_limit": None, "max_refits": 15, "random_state": 0}
    model = ODERegressor(guesses={"S": "-b*S*I", "I": ["b*S*I - g*I"]}, **quick)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(runs(0.02, 25), t="time", trajectory="run")
