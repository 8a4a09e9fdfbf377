"""Systems with known right-hand sides, and their judge."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.benchmark.odes import OdeProblem, judge_system, nearest
from eqdarts.dynamics.system import System

DECAY = OdeProblem("own", "decay", ("-0.5*x_0",), ((2.0,), (6.0,)))


def test_the_times_of_both_trajectories_go_to_the_end_of_the_system() -> None:
    short = OdeProblem("own", "decay", ("-0.5*x_0",), ((2.0,), (6.0,)), 4.0)
    assert (len(short.times), short.times[0], short.times[-1]) == (150, 0.0, 4.0)
    assert short.states == ("x_0",)
    for truth, (start,) in zip(short.truths, short.starts, strict=True):
        np.testing.assert_allclose(truth[:, 0], start * np.exp(-0.5 * short.times), rtol=1e-7)
    t, _ = short.sample(0.0, False, 0)
    np.testing.assert_array_equal(t, short.times)
    assert DECAY.times[-1] == 10.0


def test_noise_is_a_share_of_the_spread_and_half_of_the_times_can_be_left_out() -> None:
    t, x = DECAY.sample(0.1, False, 3)
    truth = 2 * np.exp(-0.5 * DECAY.times)[:, None]
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
