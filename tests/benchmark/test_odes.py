"""Systems with known right-hand sides, and their judge."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.benchmark.odes import TIMES, OdeProblem, judge_system, load_odes, nearest
from eqdarts.dynamics.system import System

DECAY = OdeProblem("own", "decay", ("-0.5*x_0",), ((2.0,), (6.0,)))


def test_the_table_has_63_systems_that_can_be_read() -> None:
    found = load_odes()
    assert [one.name for one in found] == [str(k) for k in range(1, 64)]
    assert [sum(len(one.sides) == n for one in found) for n in (1, 2, 3, 4)] == [23, 28, 10, 2]
    assert all(len(start) == len(one.sides) for one in found for start in one.starts)
    assert load_odes()[30].system.states == ("x_0", "x_1")


def test_noise_is_a_share_of_the_spread_and_half_of_the_times_can_be_left_out() -> None:
    t, x = DECAY.sample(0.1, False, 3)
    truth = 2 * np.exp(-0.5 * TIMES)[:, None]
    assert np.std(x - truth) == pytest.approx(0.1 * truth.std(), rel=0.2)
    few, _ = DECAY.sample(0.0, True, 3)
    assert len(t) == 2 * len(few) == 150
    assert set(few) < set(t)
    np.testing.assert_array_equal(x, DECAY.sample(0.1, False, 3)[1])


@pytest.mark.parametrize(
    ("side", "verdict"),
    [
        ("-0.5*x_0", (1, 1, 1)),
        ("-0.5*x_0 - 0.01", (1, 1, 0)),
        ("-0.5*x_0 + 0.02*x_0**3", (1, 0, 0)),
        ("0.0", (0, 0, 0)),
    ],
)
def test_a_system_is_judged_by_both_trajectories_and_by_its_form(side: str, verdict: tuple[int, ...]) -> None:
    row = judge_system(System.parse({"x_0": side}), DECAY, noisy=False)
    assert (row["reconstructed"], row["generalised"], row["recovered"]) == verdict


def test_of_several_systems_the_shortest_of_the_nearest_counts() -> None:
    t, x = DECAY.sample(0.01, False, 0)
    sides = [["-0.3*x_0"], ["-0.5*x_0 + 1e-5*x_0**2"], ["-0.501*x_0"], ["1/("]]
    assert str(nearest(sides, ("x_0",), t, x).equations[0]) == "-0.501*x_0"
    assert str(nearest([["1/("]], ("x_0",), t, x).equations[0]) == "0"
