"""Reading of trajectories from tables and lists."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.trajectories import of_order, read_trajectories
from tests.dynamics.systems import runs


def test_a_long_table_becomes_one_part_for_each_run() -> None:
    table = runs()
    found = read_trajectories(table, "time", "run")
    assert found.states == ("S", "I")
    assert [part.label for part in found.parts] == ["r0", "r1"]
    assert [len(part.t) for part in found.parts] == [40, 35]
    assert np.array_equal(found.values, table[["S", "I"]].to_numpy())


def test_interleaved_runs_inputs_and_missing_values() -> None:
    table = runs().sort_values("time", kind="stable").assign(u=1.0)
    table.loc[table.index[3], "S"] = np.nan
    found = read_trajectories(table, "time", "run", inputs=["u"], states=["I", "S"])
    assert found.states == ("I", "S")
    assert found.inputs == ("u",)
    assert np.isnan(found.values[:, 1]).sum() == 1
    assert all((np.diff(part.t) > 0).all() for part in found.parts)


def test_lists_of_arrays_with_their_times_or_a_common_one() -> None:
    first, second = np.ones((6, 2)), np.ones((8, 2))
    found = read_trajectories([first, second], [np.arange(6), np.arange(8)], inputs=[np.zeros(6), np.zeros(8)])
    assert found.states == ("x0", "x1")
    assert found.inputs == ("u0",)
    assert [len(part.t) for part in found.parts] == [6, 8]
    common = read_trajectories([first, first], np.arange(6))
    assert [len(part.t) for part in common.parts] == [6, 6]


def test_short_runs_are_left_out_by_name() -> None:
    table = runs().iloc[:42]
    assert read_trajectories(table, "time", "run").left_out == ("r1",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t": "tim"}, "'tim'. Did you mean 'time'"),
        ({"trajectory": "r"}, "must have the column"),
        ({"trajectory": None}, "must increase within a trajectory"),
        ({"states": ["S", "R"]}, "'R'"),
        ({"inputs": ["u"]}, "'u'"),
        ({"t": None}, "need the times"),
        ({"t": np.arange(3)}, "one time for each row"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_trajectories(runs(), **{"t": "time", "trajectory": "run", **change})  # type: ignore[arg-type]


def test_too_few_times_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least 4 times"):
        read_trajectories(runs().iloc[:3], "time", "run")
    with pytest.raises(ValueError, match="at least 5 measured values"):
        read_trajectories(runs().iloc[:4], "time", "run")


def test_few_rows_are_whole_runs_as_far_as_they_go() -> None:
    found = read_trajectories(runs(), "time", "run")
    assert found.few(75, np.random.default_rng(0)) is found
    few = found.few(50, np.random.default_rng(0))
    assert len(few.t) == 50
    assert len(few.parts) == 2
    assert all((np.diff(part.t) > 0).all() for part in few.parts)


def test_the_name_of_a_velocity_must_be_free() -> None:
    data = read_trajectories(np.ones((5, 2)), np.arange(5.0), states=["x", "x_dot"])
    with pytest.raises(ValueError, match="x_dot"):
        of_order(data, 2)
    assert of_order(read_trajectories(np.arange(5.0), np.arange(5.0)), 2).variables == ("x0", "x0_dot", "t")
