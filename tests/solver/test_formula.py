"""Fitting the parameters of a formula: exact Jacobians, starts, weights, and the record of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.expression.build import symbol
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.solver.formula import FitResult, FormulaModel, fit_formula

Array = NDArray[np.float64]

X = np.random.default_rng(0).uniform(0.2, 0.9, (50, 2))
COLUMNS = {"x": X[:, 0], "y": X[:, 1]}
MODELS = [
    "a*exp(-b*x) + c", "a*x**b", "a/(1 + exp(b - c*x))", "a*log(1 + exp(b*x)) + c", "a*sin(b*x + c)*y", "(a + b*x)**c",
    "a*Max(0, x - b) + Min(c, x)", "a/(b + c*x)**2", "sqrt(a + b*x*c)", "abs(x - a)*b + c", "a**b*c",
    "tanh(a*x)*b + y**c",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("formula", MODELS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=5)
def test_jacobian_is_that_of_autograd(formula: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    theta = torch.tensor(rng.uniform(0.2, 1.5, (3, 3)))
    program = compile_expression(parse_formula(formula).expr)
    columns = {name: torch.tensor(values) for name, values in COLUMNS.items() if name in program.names}
    model = FormulaModel(program, ("a", "b", "c"), columns, 50, torch.zeros(3, 3, dtype=torch.bool))
    value, jacobian = model.evaluate(theta)
    exact = torch.autograd.functional.jacobian(lambda t: model.evaluate(t)[0], theta)
    for g in range(3):
        torch.testing.assert_close(jacobian[g].T, exact[g, :, g], rtol=1e-10, atol=1e-12)
        numbers = dict(zip("abc", theta[g].tolist(), strict=True))
        expected = evaluate(
            parse_formula(formula).expr, {**COLUMNS, **{k: np.array(v) for k, v in numbers.items()}}, 50
        )
        np.testing.assert_allclose(value[g].numpy(), expected, rtol=1e-12)


def test_subset_keeps_the_chosen_models() -> None:
    program = compile_expression(parse_formula("a*x").expr)
    linear = torch.tensor([[True], [False], [False]])
    model = FormulaModel(program, ["a"], {"x": torch.ones(4, dtype=torch.float64)}, 4, linear)
    chosen = model.subset(torch.tensor([True, False, True]))
    assert chosen.linear.tolist() == [[True], [False]]
    assert chosen.n_coefficients.tolist() == [1, 1]


def fit(text: str, names: str, y: Array, **options: Any) -> tuple[tuple[float, ...], FitResult]:
    return fit_formula(parse_formula(text).expr, [symbol(name) for name in names], COLUMNS, y, **options)


def test_the_default_starts_find_the_minimum() -> None:
    y = 2.5 * np.exp(-1.5 * COLUMNS["x"]) + 0.3
    found, record = fit(MODELS[0], "abc", y)
    assert found == pytest.approx((2.5, 1.5, 0.3), rel=1e-6)
    assert record.loss < 1e-20
    assert (record.n_rows, record.status.split(":")[0]) == (50, "exact")
    assert fit(MODELS[0], "abc", y) == (found, record)


def test_the_loss_is_the_weighted_sum_of_squares() -> None:
    rng = np.random.default_rng(3)
    y, weight = rng.normal(size=50), rng.uniform(0, 2, 50)
    (a, b), record = fit("a*x + b", "ab", y, sample_weight=weight, start=np.ones(2))
    exact = np.polynomial.Polynomial.fit(COLUMNS["x"], y, 1, w=np.sqrt(weight)).convert().coef
    assert (b, a) == pytest.approx(tuple(exact), rel=1e-6)  # the solver stops where the loss falls by less than 1e-14
    assert record.loss == pytest.approx(weight @ (y - a * COLUMNS["x"] - b) ** 2, rel=1e-12)


def test_the_number_of_steps_can_be_limited() -> None:
    y = np.sin(6 * COLUMNS["x"])
    _, record = fit("sin(a*x)", "a", y, start=np.array([4.0]), max_iterations=1)
    assert record.iterations <= 1


def test_without_parameters_the_formula_is_evaluated() -> None:
    y = np.linspace(0, 1, 50)
    found, record = fit("x*y", "", y)
    assert found == ()
    assert record == FitResult(pytest.approx(np.square(y - X[:, 0] * X[:, 1]).sum()), record.status, 0, 50)
    assert record.status == "nothing was fitted: the formula has no parameters"
    assert fit("x*y", "", y, sample_weight=np.full(50, 3.0))[1].loss == pytest.approx(3 * record.loss)


@pytest.mark.parametrize(("text", "names", "says"), [("log(-a*x)", "a", "a=1"), ("log(-x)", "", "50 of 50 row")])
def test_an_undefined_formula_is_refused(text: str, names: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit(text, names, np.ones(50), start=np.ones(len(names)))
