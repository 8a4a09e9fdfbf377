"""The columns that a search sees where statements say something of the form of a law."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import prepare
from eqdarts.fitting.known import checked_knowledge
from eqdarts.fitting.lens import Lens, lens_of
from eqdarts.fitting.table import Table
from tests.helpers import rows

NAMES = ("x", "t", "phi")


def table_of(*knowledge: str, **more: Any) -> Table:
    X = rows(30, 3)
    given = {"names": NAMES, "target": None} | more
    known = checked_knowledge(list(knowledge), given["names"], None)
    return Table(X, X[:, 0] + X[:, 1] + 2.0, None, knowledge=known, **given)


def lens(*knowledge: str) -> Lens:
    found = lens_of(table_of(*knowledge))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("knowledge", "columns", "offset"),
    [
        (["even in x"], ["Abs(x)", "t", "phi"], "0"),
        (["symmetric in (x, t)"], ["t + x", "t*x", "phi"], "0"),
        (["symmetric in (x, t, phi)"], ["phi + t + x", "phi*t + phi*x + t*x", "phi*t*x"], "0"),
        (["periodic in phi: 24"], ["x", "t", "cos(pi*phi/12)", "sin(pi*phi/12)"], "0"),
        (["y = 0 at x = 2.5"], ["x - 5/2", "t", "phi"], "0"),
        (["y = 0.5 at x = 0"], ["x", "t", "phi"], "1/2"),
        (["y -> 2*t as x -> oo"], ["x", "t", "phi"], "2*t"),
        (["even in x", "y = 1 at x = 3"], ["Abs(x)", "t", "phi"], "1"),
    ],
)
def test_statements_give_columns_and_a_known_part(knowledge: list[str], columns: list[str], offset: str) -> None:
    found = lens(*knowledge)
    assert [str(column) for column in found.columns.values()] == columns
    assert str(found.offset) == offset


@pytest.mark.parametrize(
    "statement", ["increasing in x", "odd in x", "y = 0 at x = 0", "y -> const as t -> oo", "uses x"]
)
def test_other_statements_give_no_columns(statement: str) -> None:
    assert lens_of(table_of(statement)) is None


def test_a_name_that_is_taken_gives_no_columns() -> None:
    assert lens_of(table_of("symmetric in (x, t)", names=("x", "t", "t*x"))) is None


def test_what_is_found_is_given_back_in_the_columns_of_the_table() -> None:
    table = table_of("symmetric in (x, t)", "y = 2 at phi = 0")
    found = lens_of(table)
    assert found is not None
    seen = found.seen(table)
    np.testing.assert_allclose(seen.X[:, 1], table.X[:, 0] * table.X[:, 1])
    law = Equation.parse("3.5*`(t + x)`/(`t*x` + 1.5)", list(seen.names))
    given = found.given_back(law, table)
    assert given.variables == NAMES
    np.testing.assert_allclose(given.predict(table.X), law.predict(seen.X) + 2)
    data = found.data(prepare(table.X, table.y, None, 0.3, np.random.default_rng(0)), table)
    np.testing.assert_allclose(data.y * data.y_scale, table.y - 2)
    assert data.seen_as == seen.names


def test_a_symmetric_law_is_found_saved_and_read(tmp_path: Path) -> None:
    X = pd.DataFrame(rows(40), columns=["m1", "m2"])
    y = 3 * X.m1 * X.m2 / (X.m1 + X.m2) + 0.01 * np.random.default_rng(0).normal(size=40)
    given = {"time_limit": None, "max_refits": 20, "max_complexity": 9, "primitives": "minimal", "random_state": 0}
    model = DARTSRegressor(**given, knowledge=["symmetric in (m1, m2)"]).fit(X, y)
    swapped = X[["m2", "m1"]].set_axis(["m1", "m2"], axis=1)
    np.testing.assert_allclose(model.predict(X), model.predict(swapped))
    assert {one.status for found in model.run_.knowledge for one in found} == {"proved"}
    model.save(tmp_path / "law.json")
    again = DARTSRegressor.load(tmp_path / "law.json")
    assert str(again.equation_) == str(model.equation_)
    assert (again.graph_ is None) == (model.graph_ is None)
