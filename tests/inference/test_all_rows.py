"""All rows of a long table, seen block by block, say the same as all rows at once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.inference import inference
from eqdarts.inference.all_rows import AllRows, Blocks, TimeIsUpError, all_rows_from
from eqdarts.inference.linearised import form_of
from eqdarts.inference.uncertainty import inference_of_all

N = 200_000
VARIABLES = ["x0", "x1", "x2"]


def table(n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (n, 3))
    return X, 2.0 + 0.5 * X[:, 1] + 0.1 * rng.normal(size=n)


def seen(equation: Equation, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> AllRows:
    root = np.ones(len(y)) if weight is None else np.sqrt(weight)
    return Blocks(form_of(equation), X, equation.variables, y).at_estimate(root)


def test_standard_errors_of_200000_rows_are_those_of_least_squares_on_all_of_them() -> None:
    X, y = table()
    design = np.column_stack([X[:, 1], np.ones(N)])  # in the order in which the line is printed
    estimate, squares, *_ = np.linalg.lstsq(design, y, rcond=None)
    a, b = estimate.tolist()
    line = Equation.parse(f"{a!r}*x1 + {b!r}", VARIABLES)
    found = inference_of_all(line, X[:500], y[:500], None, None, seen(line, X, y))
    expected = np.sqrt(np.diag(squares[0] / (N - 2) * np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(found.standard_error, expected, rtol=1e-9)
    assert (found.n_rows, found.dof, found.notes) == (N, N - 2, ())
    np.testing.assert_allclose(found.profile_interval(), found.interval(), rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_all_that_is_told_is_that_of_the_rows_at_once(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    n = 40_000
    X = np.round(rng.uniform(1, 3, (n, 2)), 1)
    y = 2 * np.exp(-X[:, 0]) + 0.1 * rng.normal(size=n)
    weight = rng.integers(0, 3, n).astype(float) if weighted else None
    law = Equation.parse("a*exp(b*x0)", ["x0", "x1"]).fit(X, y, sample_weight=weight, start=[2, -1])
    whole = inference(law, X, y, weight)
    part = slice(0, 5000)
    own = None if weight is None else weight[part]
    found = inference_of_all(law, X[part], y[part], own, None, seen(law, X, y, weight))
    for name in ("covariance", "sigma", "squares", "r_squared"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-8, err_msg=name)
    assert (found.n_rows, found.rank) == (whole.n_rows, whole.rank)
    assert found.lack_of_fit is not None
    assert whole.lack_of_fit is not None
    assert found.lack_of_fit.dof_lack == whole.lack_of_fit.dof_lack
    assert found.lack_of_fit.statistic == pytest.approx(whole.lack_of_fit.statistic, rel=1e-6)
    # The ends of the profile come from the rows that are kept, in units of the errors of all.
    off = (found.profile_interval() - whole.profile_interval()) / whole.standard_error[:, None]
    assert np.abs(off).max() < 0.02


def test_rows_without_a_derivative_are_left_out_and_told() -> None:
    X, y = table(20_000)
    X[7, 0] = 0.25
    law = Equation.parse("1.5*x0**0.7", VARIABLES)
    root = Equation.parse("sqrt(x0 - 0.25)", VARIABLES)
    assert seen(law, X, y).facts.n_dropped == 0
    assert seen(root, X, y).facts.n_dropped == 1
    assert seen(root, X, y).facts.squares == pytest.approx(float(np.sum((y - np.sqrt(X[:, 0] - 0.25)) ** 2)))


def test_a_record_is_read_back_and_another_is_refused() -> None:
    X, y = table(1000)
    X = np.round(X[:, :2], 1)
    line = Equation.parse("a + b*x1", ["x0", "x1"]).fit(X, y)
    found = seen(line, X, y)
    assert found.facts.lack_of_fit is not None
    record = json.loads(json.dumps(found.record()))
    again = all_rows_from(record, 2)
    assert again is not None
    np.testing.assert_array_equal(again.triangle, found.triangle)
    assert again.facts == found.facts
    assert all_rows_from(None, 2) is None
    damaged: list[dict[str, Any]] = [{**record, "triangle": [[1.0]]}, {**record, "facts": {}}, {}]
    for other in damaged:
        with pytest.raises((ValueError, KeyError, TypeError)):
            all_rows_from(other, 2)


def test_no_block_is_begun_without_time() -> None:
    X, y = table()
    line = Equation.parse("1.5 + 0.7*x1", VARIABLES)
    asked: list[int] = []

    def go_on() -> bool:
        asked.append(1)
        return len(asked) < 3

    with pytest.raises(TimeIsUpError):
        Blocks(form_of(line), X, line.variables, y, go_on).values(np.ones(2))
    assert len(asked) == 3
