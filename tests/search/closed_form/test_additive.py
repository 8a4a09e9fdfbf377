"""Laws that are linear in one function of the inputs are read off, the inputs that do not matter left out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from eqdarts._typing import Array
from eqdarts.primitives.table import resolve
from eqdarts.search.closed_form import additive
from eqdarts.search.closed_form.additive import additive_starts, simple_powers
from eqdarts.solver.refit import refit

PRIMITIVES = resolve("default")


def best_loss(X: Array, y: Array, most_coefficients: int) -> float:
    import torch

    starts = list(additive_starts(X, y, np.ones(len(y)), PRIMITIVES))
    starts = [start for start in starts if start[0].n_coefficients <= most_coefficients]
    fits = refit([g for g, _ in starts], [c for _, c in starts], torch.tensor(X), torch.tensor(y))
    return min(fit.loss for fit in fits) / float(np.var(y))


@pytest.mark.parametrize(
    ("law", "n_coefficients"),
    [
        (lambda x: 3 + np.log(x[0] * x[1] / x[2] ** 2), 2),
        (lambda x: 2 - 1.5 / x[0] + 0.3 / x[2], 3),
        (lambda x: np.sqrt(1.2 * x[0] ** 2 + x[1] ** 2 + 2), 4),
        (lambda x: np.exp(0.5 * x[0] - 0.2 * x[2] + 0.1), 4),
        (lambda x: 1 / (0.5 * x[0] + 2 * x[1] + 1), 3),
        (lambda x: 4 * np.sqrt(x[1]) + 2, 2),
    ],
)
def test_laws_linear_in_functions_of_the_inputs_are_exact(law: object, n_coefficients: int) -> None:
    X = np.random.default_rng(0).uniform(0.5, 3, (60, 3))
    y = law(X.T)  # type: ignore[operator]
    assert best_loss(X, y, n_coefficients) < 1e-16


def test_where_a_function_is_undefined_its_input_is_left_out() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.uniform(-1, 1, 50), rng.uniform(1, 2, 50)])
    starts = list(additive_starts(X, np.log(X[:, 1]), np.ones(50), PRIMITIVES))
    assert starts
    for graph, coefficients in starts:
        assert np.isfinite(coefficients).all()
        assert all(e.source != 0 for node in graph.nodes for e in node.edges if e.primitive.name in ("log", "sqrt"))


def test_constant_inputs_and_two_rows_give_starts_or_none_but_no_error() -> None:
    for X in (np.ones((2, 2)), np.column_stack([np.ones(9), np.arange(9.0)]), np.full((3, 1), 1e300)):
        list(additive_starts(X, np.arange(float(len(X))), np.ones(len(X)), PRIMITIVES))


@pytest.mark.parametrize(
    ("weights", "powers"),
    [
        ([1.0, 1.02, -1.97], [1, 1, -2]),
        ([0.5, 1.0, -1.5], [1, 2, -3]),
        ([-3.0, 2.0], [-3, 2]),
        ([1.0, 1.4], None),
        ([1.0, 9.0], None),
        ([0.0, 1.0], None),
    ],
)
def test_powers_are_simple_or_none(weights: list[float], powers: list[int] | None) -> None:
    found = simple_powers(np.array(weights))
    assert (found is None) == (powers is None)
    if found is not None and powers is not None:
        assert found[0] == [Fraction(p) for p in powers]


def test_a_part_of_its_own_is_what_other_columns_do_not_explain() -> None:
    rng = np.random.default_rng(0)
    design = rng.normal(size=(40, 6)) * np.array([1.0, 1e-8, 1e5, 1.0, 3.0, 1.0])
    design[:, 5] = design[:, 0] + design[:, 3]
    own = additive._own_parts(design[:, :5])
    for k in range(5):
        others = np.delete(design[:, :5], k, axis=1)
        left = design[:, k] - others @ np.linalg.lstsq(others, design[:, k], rcond=None)[0]
        assert own[k] == pytest.approx(np.linalg.norm(left), rel=1e-6)
    assert additive._own_parts(design)[[0, 3, 5]].max() < 1e-9
    assert np.isfinite(additive._own_parts(np.zeros((5, 2)))).all()
