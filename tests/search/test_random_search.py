"""Random search: small graphs in their order, then graphs drawn at random."""

from __future__ import annotations

import numpy as np

from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.evaluator import EXACT
from eqdarts.search.random_search import SMALL, random_search
from eqdarts.search.result import Config
from eqdarts.search.running import Running
from tests.helpers import Array, noise, rows


def searched(y: Array, seed: int = 0, max_refits: int = 600) -> Running:
    rng = np.random.default_rng(seed)
    data = prepare(rows(100), y, None, 0.25, rng)
    running = Running(data, Config(resolve("minimal"), "random", 20, None, max_refits, 1, ("a", "b")), rng)
    running.begin()
    random_search(running)
    return running


def test_a_small_law_is_found_among_the_small_graphs() -> None:
    X = rows(100)
    running = searched(2.5 * X[:, 0] / X[:, 1])
    assert running.trials.archive.best_loss <= EXACT
    assert running.budget.best[-1].stage == "small"


def test_small_graphs_have_their_share_and_random_ones_the_rest() -> None:
    running = searched(noise(100))
    assert running.budget.stop_reason() == "budget"
    assert set(running.budget.stage_seconds) == {"small", "random"}
    assert max(point.refits for point in running.budget.best if point.stage == "small") <= SMALL * 600 + 256


def test_a_seed_gives_the_same_front() -> None:
    first, again, other = (searched(noise(100), seed).trials.archive.front() for seed in (3, 3, 4))
    assert first == again
    assert first != other
