"""The suites of systems: their tables, trajectories and truths."""

from __future__ import annotations

import csv
import re
from collections import Counter
from importlib import resources

import numpy as np
import pytest

from eqdarts.benchmark.ode_suites import ODE_SUITES, load_odes, suite_of
from eqdarts.benchmark.odes import OdeProblem, judge_system
from eqdarts.benchmark.problems import load_problem
from eqdarts.benchmark.strogatz import STARTS

TWO_SUITES = [*load_odes("odes_strogatz"), *load_odes("reactions")]
REACTIONS = load_odes("reactions")


def _name(problem: OdeProblem) -> str:
    return problem.name


def test_the_suites_have_as_many_systems_as_they_say() -> None:
    sizes = {suite: Counter(len(one.sides) for one in load_odes(suite)) for suite in ODE_SUITES}
    assert sizes["odes"] == {1: 23, 2: 28, 3: 10, 4: 2}
    assert sizes["odes_strogatz"] == {2: 7}
    assert sizes["reactions"] == {1: 3, 2: 12, 3: 1}
    assert [one.name for one in load_odes()] == [str(k) for k in range(1, 64)]
    assert {one.end for one in load_odes()} == {10.0}


def test_names_differ_across_suites_and_tell_the_suite() -> None:
    names = [one.name.casefold() for suite in ODE_SUITES for one in load_odes(suite)]
    assert len(set(names)) == len(names)
    assert all(suite_of(one.name) == suite for suite in ODE_SUITES for one in load_odes(suite))
    assert suite_of("1.0") == "own"
    with pytest.raises(ValueError, match="Did you mean 'reactions'"):
        load_odes("reaction")


@pytest.mark.parametrize("suite", ODE_SUITES)
def test_each_system_has_two_starts_in_all_its_states_and_a_time(suite: str) -> None:
    for one in load_odes(suite):
        assert [len(start) for start in one.starts] == [len(one.sides)] * 2
        assert one.system.states == one.states
        used = {str(symbol) for equation in one.system.equations for symbol in equation.expr.free_symbols}
        assert used <= set(one.states)
        assert one.times[[0, -1]].tolist() == [0.0, one.end]


@pytest.mark.parametrize("system", STARTS)
def test_systems_of_strogatz_are_the_laws_of_the_suite_of_laws(system: str) -> None:
    (one,) = (one for one in load_odes("odes_strogatz") if one.name == system)
    X = np.array(STARTS[system])
    laws = [load_problem(f"{system}-{state}").value(X) for state in "xy"]
    np.testing.assert_allclose(one.system.rates(X), np.column_stack(laws), rtol=1e-12)
    assert one.starts[0] == STARTS[system][0]
    apart = np.linalg.norm(X - X[0], axis=1)
    assert one.starts[1] == STARTS[system][int(apart.argmax())]
    assert one.end == 9.9


@pytest.mark.parametrize("problem", TWO_SUITES, ids=_name)
def test_the_truth_is_found_again_by_the_judge(problem: OdeProblem) -> None:
    for noisy in (False, True):
        row = judge_system(problem.system, problem, noisy)
        assert (row["reconstructed"], row["generalised"], row["recovered"]) == (1, 1, 1)
    static = problem.system.parse(dict.fromkeys(problem.states, "0.0"))
    row = judge_system(static, problem, False)
    assert (row["reconstructed"], row["generalised"], row["recovered"]) == (0, 0, 0)


@pytest.mark.parametrize("problem", TWO_SUITES, ids=_name)
def test_samples_are_150_times_from_0_to_the_end(problem: OdeProblem) -> None:
    for truth in problem.truths:
        assert truth.shape == (150, len(problem.sides))
        assert np.isfinite(truth).all()
        assert (truth.std(axis=0) > 0.01 * np.abs(truth).max(axis=0)).all()
    t, x = problem.sample(0.01, True, 0)
    assert (len(t), x.shape) == (75, (75, len(problem.sides)))
    assert 0 <= t[0] < t[-1] <= problem.end


@pytest.mark.parametrize("problem", REACTIONS, ids=_name)
def test_amounts_are_positive_and_one_run_decides_their_equations(problem: OdeProblem) -> None:
    for start, truth in zip(problem.starts, problem.truths, strict=True):
        assert min(start) >= 0
        assert (truth[1:] > 0).all()
        spread = (truth - truth.mean(axis=0)) / truth.std(axis=0)
        assert np.linalg.cond(spread) < 100.0  # of a sum that is constant it would be infinite


def test_each_reaction_has_units_and_a_source() -> None:
    text = resources.files("eqdarts.benchmark").joinpath("problem_data", "reactions.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        assert row["dim"] == str(len(load_odes("reactions")[rows.index(row)].sides))
        assert row["units"].count(";") == 1
        assert re.search(r"(19|20)\d\d", row["source"])
        assert "/(" in row["right_hand_sides"]
