"""The record of a fit and its file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eqdarts import FormulaError, ODERegressor
from eqdarts.dynamics.record import DynamicsRun, r_squared


def test_the_file_has_everything(fitted: ODERegressor) -> None:
    text = fitted.run_.to_json()
    again = DynamicsRun.from_json(text)
    assert again.to_json() == text
    assert again.system.equations == fitted.equations_
    assert np.array_equal(again.courses[1].measured.states, fitted.run_.courses[1].measured.states)
    old = {name: value for name, value in json.loads(text).items() if name != "courses"}
    assert DynamicsRun.from_json(json.dumps(old)).courses == ()


@pytest.mark.parametrize(
    "change",
    [
        {"equations": []},
        {"states": [1, 2]},
        {"front": None},
        {"version": 2},
        {"noise": ["x"]},
        {"params": 1},
        {"courses": [{"label": "a", "t": [0.0], "states": [], "inputs": [], "fitted": []}]},
    ],
)
def test_another_file_is_an_error(fitted: ODERegressor, change: dict[str, object]) -> None:
    record = json.loads(fitted.run_.to_json())
    with pytest.raises(FormulaError):
        DynamicsRun.from_json(json.dumps({**record, **change}))


def test_r_squared_counts_measured_values_only() -> None:
    measured = np.array([[1.0, 5.0], [2.0, 5.0], [np.nan, 5.0]])
    found = r_squared(measured, np.array([[1.0, 5.0], [2.0, 5.0], [9.0, 5.0]]))
    assert found[0] == 1.0
    assert np.isnan(found[1])
