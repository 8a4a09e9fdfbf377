"""NIST's 27 nonlinear regression problems, certified to eleven digits, fitted from both of NIST's starting points."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import evaluate
from tests.helpers import load_script
from tests.places import ROOT

nist = load_script(ROOT / "benchmarks" / "nist" / "problems.py", "nist_problems")
NAMES = list(nist.FORMULAS)
FAR, NEAR = 0, 1


@cache
def digits(name: str, start: int) -> float:
    problem = nist.load(name)
    fitted = Equation.parse(problem.formula).fit(problem.columns, problem.y, start=problem.starts[start])
    return float(nist.matching_digits(fitted.coefficients, problem.certified))


@pytest.mark.parametrize("name", NAMES)
def test_formula_and_data_give_the_certified_residual(name: str) -> None:
    problem = nist.load(name)
    numbers = {k: np.array(v) for k, v in problem.certified.items()}
    values = evaluate(parse_formula(problem.formula).expr, {**problem.columns, **numbers}, len(problem.y))
    absolute = 1e-20 if name == "Lanczos1" else 0.0  # its residuals are rounding errors of the certified digits
    assert ((problem.y - values) ** 2).sum() == pytest.approx(problem.sum_of_squares, rel=1e-6, abs=absolute)


@pytest.mark.parametrize("name", NAMES)
def test_six_digits_from_the_near_start(name: str) -> None:
    assert digits(name, NEAR) >= 6


@pytest.mark.slow
def test_six_digits_from_the_far_start_on_at_least_24() -> None:
    reached = {name: digits(name, FAR) for name in NAMES}
    assert sum(d >= 6 for d in reached.values()) >= 24, reached


def test_matching_digits() -> None:
    assert nist.matching_digits({"a": 1.001}, {"a": 1.0}) == pytest.approx(3.0)
    assert nist.matching_digits({"a": 1.0, "b": np.nan}, {"a": 1.0, "b": 2.0}) == 0
    assert nist.matching_digits({"a": 1.0}, {"a": 1.0}) == 11
