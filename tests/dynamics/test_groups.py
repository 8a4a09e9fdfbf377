"""Groups of runs: their labels, and the system with the constants of each."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics.groups import with_groups, without_groups
from eqdarts.dynamics.record import Course, DynamicsRun, OfGroup
from eqdarts.dynamics.trajectories import read_trajectories
from tests.dynamics.systems import STARTS, runs

PEOPLE = {"r0": "Ann", "r1": "Bob"}


def _table() -> pd.DataFrame:
    table = runs(0.02, 25)
    return table.assign(person=table.run.map(PEOPLE), number=table.run.map({"r0": 1, "r1": 2}))


@pytest.mark.parametrize(
    ("groups", "expected"),
    [("run", ["r0", "r1"]), ("person", ["Ann", "Bob"]), (list(_table().person), ["Ann", "Bob"])],
)
def test_the_group_of_each_run(groups: Any, expected: list[str]) -> None:
    table = _table()
    data = read_trajectories(without_groups(table, groups, "run"), "time", "run", states=["S", "I"])
    assert [part.group for part in with_groups(data, table, groups, "run").parts] == expected
    assert [part.group for part in with_groups(data, table, groups, "run").few(20, np.random.default_rng(0)).parts]


def test_a_numeric_column_of_groups_is_no_state() -> None:
    table = _table()
    assert "number" not in read_trajectories(without_groups(table, "number", "run"), "time", "run").states


def test_a_label_for_each_array() -> None:
    X = [np.ones((6, 1)), np.zeros((6, 1)), np.zeros((6, 1))]
    data = read_trajectories(X, np.arange(6.0))
    assert [part.group for part in with_groups(data, X, ["b", "a", "b"], None).parts] == ["b", "a", "b"]
    assert [part.group for part in with_groups(data, X, "run", None).parts] == ["0", "1", "2"]


def test_wrong_groups_are_said() -> None:
    table = _table()
    for groups, words in (
        ("persn", "groups must be a column"),
        (["a"], "There must be a label for each"),
        (["a", "b"] * (len(table) // 2) + ["a"] * (len(table) % 2), "All rows of a run must be of one group"),
        ([None] * len(table), "Every run must have the label"),
        (["a"] * len(table), "two different labels"),
    ):
        with pytest.raises(ValueError, match=words):
            ODERegressor().fit(table, t="time", trajectory="run", states=["S", "I"], groups=groups)


@pytest.fixture
def by_person(fitted: ODERegressor) -> ODERegressor:
    """Return a fit in which the first coefficient of Ann is twice that of Bob."""
    run = fitted.run_
    first = run.coefficients[0]
    own = [OfGroup(label, first.state, first.name, k * first.estimate, 0.1, -1.0, 1.0) for label, k in _FACTORS]
    courses = [
        Course(replace(course.measured, group=PEOPLE[course.measured.label]), course.fitted) for course in run.courses
    ]
    told = replace(run, groups=("Ann", "Bob"), by_group=tuple(own), courses=tuple(courses))
    model = ODERegressor()
    model._keep(DynamicsRun.from_json(told.to_json()))
    return model


_FACTORS = (("Ann", 2.0), ("Bob", 1.0))


def test_rates_and_runs_have_the_constants_of_their_group(by_person: ODERegressor) -> None:
    assert by_person.coefficients_by_group_ is not None
    assert list(by_person.coefficients_by_group_.group) == ["Ann", "Bob"]
    assert by_person.run_.courses[0].measured.group == "Ann"
    rows = _table()
    mean = by_person.predict(rows)
    found = by_person.predict(rows, groups="person")
    is_ann = (rows.person == "Ann").to_numpy()
    assert found[~is_ann] == pytest.approx(mean[~is_ann])
    assert np.abs(found[is_ann] - mean[is_ann]).max() > 0.1
    assert by_person.predict(rows[["S", "I"]].to_numpy(), groups="Bob") == pytest.approx(mean)
    paths = [by_person.simulate(STARTS[0], [0.0, 1.0], group=label) for label in (None, "Ann", "Bob")]
    assert paths[0] == pytest.approx(paths[2])
    assert np.abs(paths[1] - paths[0]).max() > 0.1
    with pytest.raises(ValueError, match="no such group"):
        by_person.simulate(STARTS[0], [0.0, 1.0], group="Al")


def test_the_score_has_the_constants_of_each_group(by_person: ODERegressor, fitted: ODERegressor) -> None:
    columns = {"t": "time", "trajectory": "run"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        means = by_person.score(_table(), **columns)
        own = by_person.score(_table(), **columns, groups="person")
    assert means == pytest.approx(fitted.score(_table(), **columns))
    assert own < means - 0.01
    assert fitted.coefficients_by_group_ is None
