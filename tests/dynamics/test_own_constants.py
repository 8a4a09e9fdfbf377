"""Constants that differ between groups of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from eqdarts.dynamics.choice import Chosen
from eqdarts.dynamics.groups import with_groups
from eqdarts.dynamics.own_constants import GroupSides, has_room, with_own
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.trajectories import read_trajectories
from tests.dynamics.systems import law

T = np.linspace(0, 5, 15)
RATES = (0.4, 0.7, 0.55, 0.9, 0.6)


def _chosen(
    rates: Sequence[float], text: str = "1.1 - 0.5*S", structure: float = 10.0, groups: str = "abcde"
) -> Chosen:
    """Return the fit with shared constants of S' = 1 - k S, where k is a group's own."""
    rng = np.random.default_rng(0)
    exact = [1 / k + (4 - 1 / k) * np.exp(-k * T) for k in rates]
    X = [x + 0.02 * rng.standard_normal(len(T)) for x in exact]
    data = with_groups(read_trajectories(X, T, states=["S"]), X, list("abcde")[: len(rates)], None)
    own = Problem(data, smooth_states(data))
    fit = own.fit_all([law(text, structure)])
    assert fit is not None
    return Chosen(*fit, own)


def test_the_constant_that_differs_is_found_with_its_errors() -> None:
    found = with_own(_chosen(RATES), lambda: True)
    assert found is not None
    assert len(found.own) == 1
    assert found.shorter > 20
    rows = list(found.rows())
    assert [row.group for row in rows] == list("abcde")
    off = [(-row.estimate - rate) / row.standard_error for row, rate in zip(rows, RATES, strict=True)]
    assert np.abs(off).max() < 3.5
    assert rows[0].low < rows[0].estimate < rows[0].high
    place = found.own[0]
    assert found.mean[place] == pytest.approx(-np.mean(RATES), abs=0.03)
    assert found.error[place] == pytest.approx(np.std(RATES, ddof=1) / np.sqrt(5), rel=0.3)
    assert found.mean_errors()[1].tolist() == [4.0 if k == place else found.chosen.fitted.freedom for k in (0, 1)]
    assert found.chosen.fitted.noise[0] == pytest.approx(0.02, rel=0.25)
    assert found.chosen.laws[0].coefficients == dict(
        zip(found.chosen.laws[0].coefficients, found.mean.tolist(), strict=True)
    )


def test_constants_that_do_not_differ_are_shared() -> None:
    assert with_own(_chosen([0.6] * 5), lambda: True) is None


def test_a_form_that_made_up_for_differences_gives_way_to_its_rival() -> None:
    wrong = _chosen(RATES[:3], "0.9 - 0.2*S**2", 20.0)
    rival = (law("1.1 - 0.5*S"),)
    right = Chosen(wrong.laws, wrong.fitted, wrong.length, wrong.problem, rivals=((rival, wrong.length + 1.0),))
    found = with_own(right, lambda: True)
    assert found is not None
    assert found.chosen.laws[0].key == rival[0].key


def test_a_rival_that_is_hardly_shorter_leaves_the_form_and_is_compared_with_own_constants() -> None:
    shared = _chosen(RATES, "1.1 - 0.5*S", 10.0)
    for shorter, structure in ((1.0, 10.0), (5.0, 5.0)):
        rival = (law("1.1 - 0.5*S", 10.0 - shorter),)
        both = replace(shared, rivals=((rival, shared.length - shorter),))
        found = with_own(both, lambda: True)
        assert found is not None
        assert found.chosen.laws[0].structure == structure
        others = [length - found.chosen.length for _, length in found.chosen.rivals]
        assert others == [pytest.approx(-1.0 if structure == 10.0 else 5.0)]


def test_slopes_are_those_of_each_group() -> None:
    from eqdarts.dynamics.flow import Formula
    from eqdarts.expression.build import symbol

    formula = Formula(symbol("c0") - symbol("c1") * symbol("S"), ("c0", "c1"), (1.0, 0.5))
    sides = GroupSides([formula], ["S"], ["t"], (), (1,), 2)
    theta = np.array([1.0, 0.5, 0.7])  # the shared one, and those of both groups
    x, signals = np.array([[2.0], [3.0]]), np.array([[0.0, 0.0], [0.0, 1.0]])
    value, slope = sides.slopes(x, signals, theta)
    assert value[:, 0] == pytest.approx([0.0, 1 - 2.1])
    assert np.array_equal(value, sides.values(x, signals, theta))
    assert slope[:, 0].tolist() == [[-0.5, 1.0, -2.0, 0.0], [-0.7, 1.0, 0.0, -3.0]]
    assert sides.start.tolist() == [1.0, 0.5, 0.5]


def test_too_many_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = _chosen(RATES)
    monkeypatch.setattr("eqdarts.dynamics.own_constants.MOST_NUMBERS", 100.0)
    assert not has_room(chosen)
    assert with_own(chosen, lambda: True) is None
