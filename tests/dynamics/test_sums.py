"""Sums of terms with coefficients from the slopes."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.sums import Sum, beyond, columns_of, fewer_terms, products, short_sums, solved, sum_of
from eqdarts.expression.build import symbol
from eqdarts.fitting.table import Table
from eqdarts.primitives.table import resolve

TRUTH = {symbol("x") * symbol("y"): 0.4, symbol("y"): -0.3}


def table(noise: float = 0.0) -> Table:
    """Return rows of 0.4*x*y - 0.3*y, some with less weight."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.2, 2.0, (80, 2))
    y = 0.4 * X[:, 0] * X[:, 1] - 0.3 * X[:, 1] + noise * rng.standard_normal(80)
    return Table(X, y, rng.uniform(0.5, 1.0, 80), ("x", "y"), None)


def test_the_true_terms_are_the_best_of_their_number() -> None:
    rows = table(0.01)
    terms = products(rows.names, 3)
    found = list(short_sums(rows, terms, columns_of(rows, terms), {1: 2, 2: 3}))
    assert [len(one.terms) for one in found] == [1, 1, 2, 2, 2]
    assert set(found[2].terms) == set(TRUTH)
    assert found[2].square <= found[3].square <= found[4].square


def test_terms_that_are_not_needed_leave_first() -> None:
    rows = table(0.01)
    terms = products(rows.names, 2)
    ways = list(fewer_terms(rows, terms, columns_of(rows, terms)))
    assert [len(one.terms) for one in ways] == [6, 5, 4, 3, 2, 1]
    assert set(ways[-2].terms) == set(TRUTH)
    assert min(ways, key=lambda one: one.length(80)) is ways[-2]
    law = ways[-2].law(rows.names, resolve("default"))
    assert law is not None
    assert sorted(law.coefficients.values()) == pytest.approx([-0.3, 0.4], abs=0.02)


def test_further_columns_leave_what_a_fit_of_all_of_them_leaves() -> None:
    rows = table(0.1)
    design, more = columns_of(rows, products(rows.names, 1)), columns_of(rows, products(rows.names, 3)[6:])
    whole = solved(rows, np.column_stack([design, more]))[1]
    np.testing.assert_allclose(np.abs(beyond(rows, design)(more)), np.abs(whole), rtol=1e-6, atol=1e-9)


def test_a_sum_has_the_values_of_its_terms() -> None:
    rows = table()
    found = sum_of(rows, list(TRUTH), columns_of(rows, list(TRUTH)))
    assert isinstance(found, Sum)
    assert found.values == pytest.approx(list(TRUTH.values()))
    assert found.square < 1e-25
