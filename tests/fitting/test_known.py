"""What the user knows, held against the equations of a fit."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning
from eqdarts.fitting.known import checked_knowledge, contradicts, held_by, obeying
from eqdarts.fitting.table import Table
from eqdarts.report.words import command_line
from tests.fits import QUICK, fall, trees

SEARCHED: dict[str, Any] = QUICK | {"search": "auto", "max_refits": 60, "max_complexity": 10}


@cache
def knowing(*knowledge: str, **given: Any) -> DARTSRegressor:
    """Return a fit of the fall with statements."""
    return DARTSRegressor(**SEARCHED | given, knowledge=list(knowledge)).fit(*fall())


def table_of(*knowledge: str) -> Table:
    X, h = fall()
    known = checked_knowledge(list(knowledge), ("t",), "h")
    return Table(X.to_numpy(), h.to_numpy(), None, ("t",), "h", knowledge=known)


def test_a_true_statement_is_told_with_its_proof() -> None:
    model = knowing("increasing in t", "h = 0 at t = 0")
    assert model.equation_.predict({"t": [1.5]}) == pytest.approx(11.0, rel=0.01)
    told = "increasing in t: proved by interval arithmetic; h = 0 at t = 0: proved by its form."
    assert told in model.selection_
    assert told.split(";")[0] in " ".join(model.summary(profile=False).split())
    assert set(model.equations_["knowledge"]) <= {"proved", "checked", "undecided"}
    assert model.equations_["knowledge"][model.run_.chosen] == "proved"


@pytest.mark.slow
def test_a_false_statement_gives_the_best_that_obeys_it_and_says_what_that_costs() -> None:
    model = knowing("decreasing in t")
    values = model.equation_.predict({"t": np.linspace(0.2, 2.0, 50)})
    assert (np.diff(values) <= 1e-9).all()
    assert "This knowledge costs" in model.selection_
    assert "nats: without it h = " in model.selection_


def test_where_nothing_obeys_it_is_said_and_warned_of() -> None:
    with pytest.warns(EqdartsWarning, match="No equation that was found obeys 'y <= -1'"):
        model = DARTSRegressor(**SEARCHED, knowledge=["uses t", "y <= -1"]).fit(*fall())
    assert "The chosen one is the best without this knowledge" in model.selection_


def test_a_statement_is_kept_in_files_and_by_the_command(tmp_path: Path) -> None:
    model = knowing("increasing in t", "h = 0 at t = 0")
    model.save(tmp_path / "law.json")
    again = DARTSRegressor.load(tmp_path / "law.json")
    assert again.knowledge == ["increasing in t", "h = 0 at t = 0"]
    assert again.run_.knowledge == model.run_.knowledge
    assert len(again.run_.knowledge) == len(again.front_)
    known = DARTSRegressor(knowledge=["increasing in t"], random_state=0, time_limit=None).get_params()
    assert known["knowledge"] == ["increasing in t"]
    assert command_line(model.run_) is None  # the rows do not come from a file


@pytest.mark.parametrize("knowledge", ["positive", [3], ["rising in t"], ["increasing in q"]])
def test_what_cannot_be_read_is_an_error_before_any_search(knowledge: Any) -> None:
    with pytest.raises(ValueError, match=r"knowledge must be|statement|one that is understood"):
        DARTSRegressor(time_limit=None, knowledge=knowledge).fit(*fall())


def test_probabilities_are_held_and_not_their_log_odds() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(-2, 2, 80)
    y = (rng.random(80) < 1 / (1 + np.exp(-2 * x))).astype(float)
    given = QUICK | {"max_refits": 6, "max_complexity": 6, "loss": "bernoulli"}
    model = DARTSRegressor(**given, knowledge=["increasing in x", "0 <= y <= 1"]).fit(pd.DataFrame({"x": x}), y)
    assert [one.status for one in model.run_.knowledge[model.run_.chosen]] == ["proved", "proved"]


@pytest.mark.slow
def test_each_group_must_obey() -> None:
    X, y = trees()
    quick = QUICK | {"max_refits": 7, "max_complexity": 5, "primitives": "minimal"}
    model = DARTSRegressor(**quick, knowledge=["decreasing in age"]).fit(X, y, groups="tree")
    assert "age" not in {str(s) for s in model.equation_.expr.free_symbols}
    assert "This knowledge costs" in model.selection_
    assert "decreasing in age: proved" in model.summary()


def test_equations_are_judged_in_the_box_of_the_rows() -> None:
    table = table_of("increasing in t", "y <= 22")
    parsed = [Equation.parse(text, ["t"]) for text in ("4.9*t**2", "-t", "6*t**2", "3")]
    assert [contradicts(equation, table) for equation in parsed] == [False, True, True, False]
    assert obeying(parsed, table) == [0, 3]
    assert [one.status for one in held_by(parsed[0], table)] == ["proved", "proved"]


def test_values_in_another_unit_of_y_mean_the_same() -> None:
    X, h = fall()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        model = DARTSRegressor(**SEARCHED | {"max_refits": 20}, knowledge=["y <= 3e121"]).fit(X, 1e120 * h)
    assert all(one.status != "broken" for found in model.run_.knowledge for one in found)
    assert "proved" in set(model.equations_["knowledge"])
