"""What an equation pays for the origins of its columns."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.equation.origins import length_of_cancelling, n_free_origins

X = np.column_stack([np.linspace(1990, 2024, 60), np.random.default_rng(0).uniform(1, 3, 60)])
ORIGINS = {"x": 1990, "y": 1}


@pytest.mark.parametrize(
    ("formula", "n"),
    [
        ("0.5*(x - 1990)**2 + 5.5", 1),
        ("0.5*(x - 1990)**2 + 2.5*(x - 1990) + 5.5", 0),  # another origin changes the numbers only
        ("0.5*(x - 2007.5)**2 + 5.5", 0),  # a coefficient of its own
        ("3.5*exp(0.5*(x - 1990))", 0),
        ("exp(0.5*(x - 1990))", 1),
        ("2.5*sqrt(x - 1990)", 1),
        ("2.5*sqrt(x - 1990)*(y - 1)", 2),
        ("3.5*x + 2.5", 0),
        ("2.5*x**0.5", 0),
        ("x - 1990", 1),
    ],
)
def test_an_origin_counts_if_it_changes_the_form(formula: str, n: int) -> None:
    assert n_free_origins(Equation.parse(formula, ["x", "y"]), ORIGINS, X) == n


def test_numbers_that_cancel_are_long() -> None:
    parabola = Equation.parse("0.3*x**2 - 1204.2*x + 1208419.7", ["x", "y"])
    size = np.sqrt(np.mean(parabola.predict(X) ** 2))
    terms = [0.3 * X[:, 0] ** 2, 1204.2 * X[:, 0], np.full(len(X), 1208419.7)]
    expected = sum(np.log(np.sqrt(np.mean(term**2)) / size) for term in terms)
    assert length_of_cancelling(parabola, X) == pytest.approx(expected, rel=1e-3)
    assert length_of_cancelling(Equation.parse("2.5e-52*exp(0.06*x)", ["x", "y"]), X) == pytest.approx(
        np.log(0.06 * 2010), rel=0.02
    )
    for formula in ("2.5*x**4", "2.5*sqrt(x)*y", "3.5", "2.5*(x - 1990)**2 + 1.5"):
        assert length_of_cancelling(Equation.parse(formula, ["x", "y"]), X) == pytest.approx(0, abs=1e-3)
