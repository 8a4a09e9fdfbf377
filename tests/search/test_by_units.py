"""Laws of scale that units imply: the set without constants, those with one, and the reductions by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqdarts.search.by_units import implied_laws, independent, most_likely, pivoted
from eqdarts.search.compared import compared_reductions
from eqdarts.search.structure import Group, Reduction, find_reductions, reduced_by_units
from tests.search.tables import noisy

# kg, m, s of two masses, a distance and a force
ATTRACTION = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, -2.0]])
# m, s of a length, a time and a speed
FALL = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
POSITIVE = np.ones(5, dtype=bool)


def test_rows_that_follow_from_others_are_left_out() -> None:
    assert len(independent(np.vstack([FALL, FALL.sum(0), 0 * FALL[0]]))) == 2


def test_without_a_constant_every_base_is_a_law_of_scale() -> None:
    dimensions = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, -1.0]])
    sets = implied_laws(dimensions)
    assert sets[0].prices.tolist() == [0.0]
    rows = pivoted(sets[0].laws[0], POSITIVE[:3])
    assert rows is not None
    assert [p for p, _ in rows] in ([0, 1], [0, 2])


def test_a_target_that_the_inputs_cannot_give_needs_a_constant() -> None:
    free, *with_constant = implied_laws(ATTRACTION)
    # No input has a second: the set without a constant is none, and the others leave G as it is.
    assert free.prices.min() > 0
    assert with_constant == []
    gravity = np.array([-1.0, 3.0, -2.0])
    invariant = [k for k, laws in enumerate(free.laws) if _keeps(laws, gravity)]
    assert len(invariant) == 1
    assert free.prices[invariant[0]] == pytest.approx(np.log(377))


def _keeps(laws: np.ndarray, unit: np.ndarray) -> bool:
    """Whether all changes of the bases in a set of laws leave a unit as it is."""
    changes = np.linalg.lstsq(ATTRACTION.T, laws.T, rcond=None)[0].T
    return bool(np.abs(changes @ unit).max() < 1e-9)


def test_the_gradient_chooses_the_constant() -> None:
    X = np.random.default_rng(0).uniform(1, 3, (200, 3))
    f = X[:, 0] * X[:, 1] / X[:, 2] ** 2
    flow = np.stack([f, f, -2 * f, -f])
    likely = most_likely(ATTRACTION, flow, np.eye(3), 1e-6, 1)
    assert _keeps(likely[0][2], np.array([-1.0, 3.0, -2.0]))


def test_an_input_of_either_sign_is_not_raised_to_a_fraction() -> None:
    laws = np.array([[2.0, 1.0, 3.0]])
    assert pivoted(laws, np.array([True, True])) is not None
    mixed = pivoted(np.array([[2.0, 3.0, 1.0]]), np.array([False, False]))
    assert mixed is None


def test_the_dimensions_of_a_reduced_problem() -> None:
    ratio = Reduction(
        (Group("product", ((0, 1.0), (1, -1.0))), Group("product", ((2, 1.0),))), Group("product", ((0, 1.0),))
    )
    left = ratio.dimensions(ATTRACTION)
    assert left is not None
    assert left.tolist() == [[0.0, 1.0, 1.0], [0.0, 0.0, -2.0]]
    whole = Reduction((Group("product", ((2, 1.0),)),), Group("product", ()))
    assert whole.dimensions(np.zeros((0, 4))) is None


def test_dimensionless_groups_are_searched_first() -> None:
    # x, z in m, t in s; the target in m / s
    dimensions = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, -1.0]])
    X = np.random.default_rng(0).uniform(1, 3, (50, 3))
    reduction = reduced_by_units(X, dimensions)
    assert reduction is not None
    assert len(reduction.groups) == 1
    assert dict(reduction.groups[0].parts) in ({0: 1.0, 1: -1.0}, {1: 1.0, 0: -1.0})
    assert reduced_by_units(X, ATTRACTION) is None


def test_units_take_several_inputs_out_in_one_step_under_noise() -> None:
    problem = noisy(lambda x, z, t: x / t * np.sin(z / x), 3, 0.1, n=300)
    dimensions = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, -1.0]])
    with np.errstate(all="ignore"):
        steps = compared_reductions(replace(problem, dimensions=dimensions), lambda: True)
    assert steps[1].problem.n_inputs == 1
    assert steps[1].problem.dimensions is None


def test_a_gradient_confirms_what_the_units_imply() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, (80, 3))
    f = X[:, 0] / X[:, 2] * np.exp(X[:, 1] / X[:, 0])
    ratio = X[:, 1] / X[:, 0]
    G = np.stack([f / X[:, 0] * (1 - ratio), f / X[:, 0], -f / X[:, 2]])
    dimensions = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, -1.0]])
    first = find_reductions(X, f, G, np.ones(3), 1e-8, rng, dimensions)[0]
    assert len(first) == 1
    assert len(first[0].groups) == 1
