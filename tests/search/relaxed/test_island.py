"""Islands of the relaxed search: rows for supernets, and rounds that end in the archive."""

from __future__ import annotations

import numpy as np

from eqdarts.search.problem import training_problem
from eqdarts.search.relaxed.island import RelaxedIsland, reduced_names, training_data
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.result import Config
from eqdarts.search.running import Running
from eqdarts.search.structure import Group, Reduction
from tests.search.relaxed.tables import MINIMAL, product_data


def test_rows_for_a_supernet_are_those_where_the_target_is_defined() -> None:
    rng = np.random.default_rng(0)
    problem = training_problem(product_data(n=200), 100, rng)
    target = problem.train.y.copy() * 50
    target[:10] = np.nan
    data = training_data(problem, target, rng)
    assert data is not None
    assert len(data.y) == 90 == len(data.train) + len(data.validation)
    assert not set(data.train) & set(data.validation)
    assert np.mean(data.y**2) == 1.0 or abs(np.mean(data.y**2) - 1) < 1e-12
    rows = {tuple(x): y for x, y in zip(problem.train.X, target, strict=True)}
    np.testing.assert_allclose([rows[tuple(x)] for x in data.X[:]], data.y * data.y_scale)
    target[5:] = np.nan
    assert training_data(problem, target, rng) is None


def test_a_round_refits_what_a_supernet_proposes() -> None:
    config = Config(MINIMAL, "relaxed", 20, None, 2000, 6, ("a", "b"), RelaxedOptions(n_steps=4))
    running = Running(product_data(n=100), config, np.random.default_rng(0))
    island = RelaxedIsland(running, running.trials, (), MINIMAL, running.rng)
    island.begin()
    before = running.budget.n_refits
    island.round()
    assert running.budget.n_refits > before + 20
    assert running.alpha is not None
    assert running.alpha.edges[0] == "a -> h1"
    assert island.found_new
    assert not running.budget.failures.left_out


def test_inputs_of_reduced_forms_have_names() -> None:
    nothing = Group("product", ())
    first = Reduction((Group("product", ((0, 1.0), (1, -1.0))), Group("product", ((2, 1.0),))), nothing)
    second = Reduction((Group("sum", ((0, 0.5), (1, -2.0))),), nothing)
    assert reduced_names(("a", "b", "c"), ()) == ("a", "b", "c")
    assert reduced_names(("a", "b", "c"), (first,)) == ("a*b**-1", "c")
    assert reduced_names(("a", "b", "c"), (first, second)) == ("a*b**-1 - c",)
    assert reduced_names(("a",), (first,)) is None
