"""Guesses of the user: read before any search, and told of afterwards."""

from __future__ import annotations

import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics.choice import Chosen, Screened
from eqdarts.dynamics.guesses import about_guesses, read_guesses
from eqdarts.dynamics.stages import slope_table
from tests.dynamics.systems import law, problem


def test_what_became_of_each_guess_is_told() -> None:
    own = problem(0.02)
    tables = [slope_table(own.smooth, k, autonomous=True) for k in (0, 1)]
    settings = ODERegressor()._settings()
    given = read_guesses({"S": ["-b*S*I", "-k*S"], "I": ["c*S*I"]}, ("S", "I"), tables, settings)
    assert given[0][0].law.equation.coefficients["c0"] == pytest.approx(-0.4, abs=0.05)
    right = [law("-0.4*S*I"), law("0.4*S*I - 0.3*I")]
    fit = own.fit_all(right)
    assert fit is not None
    screened = [
        [Screened(right[0], 0.1, 5.0), Screened(given[0][1].law, 0.2, 12.5)],
        [Screened(right[1], 0.1, 5.0)],
    ]
    told = list(about_guesses(given, screened, Chosen(*fit, own)))
    assert told[0] == "The guess -b*S*I for S is the chosen form."
    assert told[1] == "The guess -k*S for S has a description that is 7.5 nats longer than the chosen law's."
    assert "could not be integrated" in told[2]
    assert "together are a system whose description is" in told[3]
    assert "longer" in told[3]


def test_a_guess_that_cannot_be_read_is_an_error_before_any_search() -> None:
    own = problem(0.02)
    tables = [slope_table(own.smooth, k, autonomous=True) for k in (0, 1)]
    with pytest.raises(ValueError, match="column"):
        read_guesses({"S": ["3*R"]}, ("S", "I"), tables, ODERegressor()._settings())


def test_a_fit_tells_of_its_guesses(fitted: ODERegressor) -> None:
    assert fitted.run_.guesses[0].startswith("The guess -b*S*I for S")
    assert fitted.run_.guesses[0] in fitted.summary().replace("\n  ", " ")
