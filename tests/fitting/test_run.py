"""The record of a fit and its file: what comes back, files of before, files that are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, EqdartsWarning, FormulaError
from eqdarts.evidence.structure import Finding
from eqdarts.fitting.run import Run
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.inference.constants import Snap
from tests import fake_estimator
from tests.helpers import edge, node

FILES = Path(__file__).parent / "files"
FINDING = Finding("a and b act only through a/b", True, 0.5, 0.01, 2, 1)
SNAP = Snap("c0", "2", 2.0, 1.99, 0.01, (1.97, 2.01), 1e-3, 1.1e-3, 4.0)


@pytest.fixture(scope="module")
def run() -> Run:
    x = np.linspace(0.4, 30, 12)
    y = pd.Series(365 * x**1.5 + np.cos(7 * x), name="period")
    model = fake_estimator.DARTSRegressor(random_state=0).fit(pd.DataFrame({"axis": x}), y)
    history = replace(model.run_.history, left_out={"pairs": "SVD did not converge"})
    return replace(model.run_, source="planets.csv", structure=(FINDING,), snaps=(SNAP,), history=history)


def test_a_run_comes_back_from_its_file(run: Run) -> None:
    again = Run.from_json(run.to_json())
    assert again.equations == run.equations
    assert (again.structure, again.snaps, again.named) == (run.structure, run.snaps, True)
    assert (again.kept, again.members) == (run.kept, run.members)
    assert again.graph is not None
    assert run.graph is not None
    assert (again.graph.graph, again.graph.coefficients) == (run.graph.graph, run.graph.coefficients)
    assert again.source == "planets.csv"
    assert again.history == replace(run.history, alpha=None)
    np.testing.assert_array_equal(again.rows.X, run.rows.X)
    np.testing.assert_array_equal(again.rows.y, run.rows.y)
    pd.testing.assert_frame_equal(again.table, run.table)
    pd.testing.assert_frame_equal(again.alpha, run.alpha)
    assert again.to_json() == run.to_json()


def test_origins_come_back_and_older_files_have_none(run: Run) -> None:
    moved = replace(run, x_origin=np.array([7.0]))
    record = json.loads(moved.to_json())
    np.testing.assert_array_equal(Run.from_json(json.dumps(record)).scales.origin, [7.0])
    for wrong in ([1.0, 2.0], [0.5], ["x"], [1e999]):
        record["model"]["x_origin"] = wrong
        with pytest.raises(FormulaError, match="damaged"):
            Run.from_json(json.dumps(record))
    del record["model"]["x_origin"]
    np.testing.assert_array_equal(Run.from_json(json.dumps(record)).scales.origin, [0.0])


def test_a_graph_that_no_file_can_hold_is_left_out_and_told(run: Run, tmp_path: Path) -> None:
    shared = [node("sum", edge(0, "sin"), constant=True) for _ in range(9)]
    output = node("sum", *[edge(1 + k, name) for k in range(9) for name in ("exp", "tanh")])
    graph = Graph(1, (*shared, output))
    large = FittedGraph(graph, (1.0,) * graph.n_coefficients, 0.1)
    (tmp_path / "run.json").write_text(replace(run, graph=large, members=(large,) * 3, kept=()).to_json())
    with pytest.warns(EqdartsWarning, match="does not contain graphs of this size"):
        model = DARTSRegressor.load(tmp_path / "run.json")
    assert (model.graph_, model.run_.members) == (None, ())
    assert model.equation_ == run.equation


def test_people_can_read_in_the_file_what_was_found(run: Run) -> None:
    record = json.loads(run.to_json())
    assert record["structure"] == [f"{FINDING}."]
    assert record["snaps"] == [f"{SNAP}."]


def test_a_file_with_pictures_in_it_as_they_once_were_is_read() -> None:
    path = FILES / "fit_version_1.json"
    model = DARTSRegressor.load(path)
    assert str(model.equation_) == "2.00583196826*sqrt(`length m`)"
    assert [snap.constant for snap in model.snaps_] == ["1/2"]
    assert (len(model.front_), model.run_.chosen) == (6, 2)
    assert model.run_.graph == model.run_.members[2]
    assert model.run_.history.n_refits == 127
    assert model.get_params()["constants"] == {"g": 9.80665}
    assert "0.00134" in model.summary()
    assert model.stability(n=3)["frequency"].sum() == pytest.approx(1.0)
    again = Run.from_json(model.run_.to_json())
    assert again.equations == model.front_


@pytest.mark.parametrize("change", ["equations", "table", "chosen", "rows", "history", "settings", "versions", "model"])
def test_a_damaged_run_is_refused(run: Run, change: str) -> None:
    record = json.loads(run.to_json())
    values: list[Any] = [7, [], {}]
    for damaged in [9] if change == "chosen" else values:
        if change in ("settings", "versions") and damaged == {}:
            continue
        with pytest.raises(FormulaError, match="damaged"):
            Run.from_json(json.dumps({**record, change: damaged}))


def test_a_run_without_what_an_estimator_needs_is_refused(run: Run) -> None:
    record = json.loads(run.to_json())
    del record["model"]
    with pytest.raises(FormulaError, match="contain a whole fit"):
        Run.from_json(json.dumps(record))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "eqdarts-run", "version": 99}', "[" * 100_000])
def test_another_file_is_no_run(text: str) -> None:
    with pytest.raises(FormulaError, match="The file of a fit must be"):
        Run.from_json(text)
