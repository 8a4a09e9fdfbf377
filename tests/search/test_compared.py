"""Reductions that the evidence of a smooth model prefers, under noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from eqdarts.data import prepare
from eqdarts.search.compared import compared_reductions, likely_by_units, offset_reductions, with_offset
from eqdarts.search.problem import Rows, training_problem
from eqdarts.search.smooth_evidence import best_fits
from eqdarts.search.structure import Base, Reduction
from tests.helpers import Array
from tests.search.tables import Formula, noisy

LAWS: dict[str, tuple[Formula, int, int]] = {  # law, its inputs, and the new inputs that it can be written in
    "two saturations": (lambda v, s, k, i, j: v * s / (k * (1 + i / j) + s), 5, 2),
    "activation": (lambda a, e, r, t: a * np.exp(-e / (r * t)), 4, 1),
    "difference": (lambda x, t, s: x * np.log(4 + t - s), 3, 1),
    "an input as exponent": (lambda v, s, k, h: v / (1 + (k / s) ** h), 4, 1),
    "a base beside one": (lambda a, r, t: np.cos(a) + 1 / (2 + (1 + r) ** t), 3, 2),
    "squares behind another function": (lambda x, z, u: np.cos(u) + np.log(1 + x**2 + z**2), 3, 2),
    "a sum of reciprocals": (lambda x, z, u: np.cos(u) + np.tanh(2 / x - 1 / z), 3, 2),
    "root of a sum of squares": (lambda v, r, w, s: v / np.sqrt(r**2 + (w * s) ** 2), 4, 1),
    "an input that does not matter": (lambda x, z, u: np.sin(x) * z + 0 * u, 3, 1),
    "several waves of a product": (lambda e, t, h: h * np.sin(e * t) ** 2, 3, 1),
    "a wave and its square": (lambda x, w, t, a: x * np.cos(w * t) * (1 + a * np.cos(w * t)), 4, 2),
    "a square of one input beside another": (lambda x, z, u: np.tanh(x**2 / z) + np.cos(u), 3, 2),
}


@pytest.fixture(autouse=True)
def _as_in_a_search() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_inputs_that_belong_together_are_told_under_noise(name: str, noise: float) -> None:
    law, d, fewest = LAWS[name]
    steps = compared_reductions(noisy(law, d, noise, n=1000), lambda: True)
    assert steps[-1].problem.n_inputs == fewest
    # what is left is explained but for the noise
    y = steps[0].problem.wide.y
    assert steps[-1].noise == pytest.approx(noise**2 / (1 + noise**2) * np.mean(y**2), rel=0.2)


def test_a_law_without_structure_keeps_its_inputs() -> None:
    steps = compared_reductions(noisy(lambda x, z: np.sin(x + z**2) + np.cos(x * z), 2, n=1000), lambda: True)
    assert [step.chain for step in steps] == [()]


def test_differences_are_those_of_the_data_as_given() -> None:
    problem = noisy(lambda x, z: np.exp(x - z), 2, n=1000)
    step = compared_reductions(problem, lambda: True)[-1].chain[-1]
    (group,) = step.groups
    weights = dict(group.parts)
    assert group.kind == "sum"
    assert weights[1] / problem.units[1] == pytest.approx(-weights[0] / problem.units[0])


def test_inputs_of_either_sign_are_multiplied_and_not_raised() -> None:
    problem = noisy(lambda x, z, u: np.sin(x * z) + u, 3, n=1000, low=-2.0, high=2.0)
    steps = compared_reductions(problem, lambda: True)
    assert steps[-1].problem.n_inputs == 2
    (step,) = steps[-1].chain
    assert any(group.kind == "product" and dict(group.parts) == {0: 1.0, 1: 1.0} for group in step.groups)


def test_odds_are_raised_to_an_input() -> None:
    problem = noisy(lambda d, p, g: 1 / (d + ((1 - p) / p) ** (2 * g)), 3, 0.05, n=1000, low=0.05, high=0.95)
    (step,) = compared_reductions(problem, lambda: True)[-1].chain
    assert [(group.kind, group.base) for group in step.groups][1:] == [("exponent", Base.ODDS)]


def test_an_input_that_is_zero_in_many_rows_is_compared() -> None:
    def law(x: Array, z: Array, on: Array) -> Array:
        return x * z * (1 + on)

    problem = noisy(law, 3, n=1000)

    def switched(rows: Rows) -> Rows:
        X = rows.X * [1, 1, 0]
        X[::2, 2] = 1.0
        return replace(rows, X=X, y=law(*X.T))

    train, held, wide = (switched(rows) for rows in (problem.train, problem.held, problem.wide))
    steps = compared_reductions(replace(problem, train=train, held=held, wide=wide), lambda: True)
    assert steps[-1].problem.n_inputs == 1


def test_a_factor_is_taken_out_of_the_target() -> None:
    step: Reduction = compared_reductions(noisy(lambda x, z: x * np.sin(z), 2, n=1000), lambda: True)[-1].chain[0]
    assert step.prefactor.parts == ((0, 1.0),)
    assert [group.parts for group in step.groups] == [((1, 1.0),)]


def test_two_laws_of_scale_that_hold_together_are_one_step() -> None:
    problem = noisy(lambda v, s, r, u: v / s * np.tanh(v * s / r**2) + u, 4, n=1000)
    steps = compared_reductions(problem, lambda: True)
    assert steps[1].problem.n_inputs == 2


def test_only_units_say_what_units_imply() -> None:
    problem = noisy(lambda v, s, r: np.tanh(v * s / r**2), 3, n=1000)
    (fit, *_) = best_fits(problem)
    assert likely_by_units(problem, fit) == []
    # two lengths and a time
    of_units = replace(problem, dimensions=np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]))
    (price, first), *_ = likely_by_units(of_units, fit)
    assert price == 0
    assert [group.parts for group in first.groups] in ([((0, 1.0), (1, -1.0))], [((1, 1.0), (0, -1.0))])


def test_a_factor_is_taken_out_of_a_target_without_its_offset() -> None:
    problem = noisy(lambda x, z: 2 + x * np.tanh(x * z), 2, n=1000)
    found = offset_reductions(problem, lambda: True)
    assert found is not None
    offset, step = found
    assert step.problem.n_inputs == 1
    assert offset * problem.y_unit == pytest.approx(-2, abs=0.2)
    assert with_offset(problem, offset).wide.y == pytest.approx(problem.wide.y + offset)


def test_where_nothing_is_borne_out_there_is_no_offset() -> None:
    assert offset_reductions(noisy(lambda x, z: np.sin(x + z**2) + np.cos(x * z), 2, n=1000), lambda: True) is None
    assert offset_reductions(noisy(lambda x, z: x * z, 2, n=30), lambda: True) is None


def test_no_time_few_rows_and_many_inputs_end_the_comparison() -> None:
    problem = noisy(lambda x, z: x * z, 2)
    assert [step.chain for step in compared_reductions(problem, lambda: False)] == [()]
    assert compared_reductions(noisy(lambda x, z: x * z, 2, n=30), lambda: True) == []
    assert compared_reductions(noisy(lambda x, *others: x, 13), lambda: True) == []


def test_a_constant_target_has_no_structure() -> None:
    problem = noisy(lambda x, z: x + z, 2)
    train, held, wide = (replace(r, y=np.zeros(len(r.y))) for r in (problem.train, problem.held, problem.wide))
    assert compared_reductions(replace(problem, train=train, held=held, wide=wide), lambda: True) == []


def test_a_smooth_model_is_ahead_of_a_law_that_leaves_more_than_the_noise() -> None:
    step = compared_reductions(noisy(lambda x, z: x / (x + z), 2, 0.1, n=1000), lambda: True)[-1]
    X, y = step.fit.X, noisy(lambda x, z: x / (x + z), 2, 0.1, n=1000)
    rows = np.concatenate([y.wide.y, y.held.y]), np.concatenate([y.wide.X, y.held.X])
    units = y.units / y.units[0]
    law = rows[1][:, 0] / (rows[1][:, 0] + units[1] * rows[1][:, 1])
    law *= float(law @ rows[0] / (law @ law))
    left = float(np.mean((rows[0] - law) ** 2))
    assert len(X) == len(law)
    assert abs(step.nats_ahead(left, 1)) < 6
    assert step.nats_ahead(1.1 * left, 1) > 30


@pytest.mark.slow
def test_sets_of_laws_of_scale_are_many_and_not_one_in_many_ways() -> None:
    """Logistic growth: the set with the smallest amplitude has K**(3/2), the one with the most evidence has K."""
    rng = np.random.default_rng(0)
    K, N, r, t = X = rng.uniform([[4], [0.2], [0.3], [0.2]], [[10], [2], [1.5], [6]], (4, 1000))
    f = K / (1 + (K / N - 1) * np.exp(-r * t))
    y = f + 0.1 * np.sqrt(np.mean(f**2)) * rng.normal(size=1000)
    problem = training_problem(prepare(X.T, y, None, 0.25, rng), 150, rng)
    groups = [dict(group.parts) for group in compared_reductions(problem, lambda: True)[1].chain[0].groups]
    assert {1: 1.0, 0: -1.0} in groups
    assert {2: 1.0, 3: 1.0} in groups
