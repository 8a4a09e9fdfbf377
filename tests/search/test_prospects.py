"""Whether more search pays."""

from __future__ import annotations

from itertools import pairwise

from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.archive import Archive
from eqdarts.search.prospects import NO_FLOOR, Floor, Prospects

SHORT = Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]),)),))
LONG = Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]), Edge(0, PRIMITIVES["sin"])), constant=True),))


def archive(short: float, long: float) -> Archive:
    found = Archive()
    found.add(FittedGraph(SHORT, (1.0,), short))
    found.add(FittedGraph(LONG, (1.0,) * LONG.n_coefficients, long))
    return found


def test_a_short_law_that_fits_as_well_as_a_long_one_leaves_nothing_to_gain() -> None:
    course = Prospects(20)
    assert [course.are_poor(archive(0.1, 0.09), NO_FLOOR, 10) for _ in range(4)] == [False, False, True, True]


def test_a_better_fit_of_a_long_law_or_of_a_smooth_model_promises_a_gain() -> None:
    for found, floor in ((archive(0.1, 1e-4), NO_FLOOR), (archive(0.1, 0.09), Floor(1e-4, 10))):
        course = Prospects(20)
        assert not any(course.are_poor(found, floor, 6) for _ in range(4))


def test_shorter_graphs_that_were_not_tried_promise_a_gain_that_falls_with_every_round() -> None:
    course = Prospects(20)
    gains = [course.expected_gain(archive(1.0, 1e-9), NO_FLOOR, 2) for _ in range(8)]
    assert gains[0] > 4
    assert all(later < earlier for earlier, later in pairwise(gains))


def test_many_rows_are_given_many_rounds() -> None:
    course = Prospects(100)
    poor = [course.are_poor(archive(0.1, 0.099), NO_FLOOR, 20) for _ in range(12)]
    assert poor.index(True) == 9


def test_under_noise_a_smooth_model_tells_when_a_law_explains_all() -> None:
    found = archive(0.1, 0.0999)
    for nats, rounds in ((0.5, 3), (-5.0, 3), (30.0, None), (None, None)):
        course = Prospects(1000)
        poor = [course.are_poor(found, NO_FLOOR, 3, lambda _, nats=nats: nats) for _ in range(12)]
        assert poor.index(True) + 1 == rounds if rounds else not any(poor)


def test_coefficients_that_fit_the_noise_of_few_rows_promise_nothing() -> None:
    """Each of k coefficients takes 1/n of the noise away; that is no better law."""
    n, k = 20, LONG.n_coefficients
    as_good = archive(0.1, 0.1 * (n - k) / n)
    better = archive(0.1, 0.05 * (n - k) / n)
    gains = [Prospects(n).expected_gain(found, NO_FLOOR, SHORT.complexity) for found in (as_good, better)]
    assert gains[0] < 1.0 < gains[1]


def test_a_smooth_model_promises_as_much_as_the_rows_held_back_can_tell() -> None:
    gains = [Prospects(60).expected_gain(archive(0.1, 0.1), Floor(0.05, n), SHORT.complexity) for n in (5, 20, 60)]
    assert gains == sorted(gains)
    assert gains[1] - gains[0] > 2


def test_rows_that_were_searched_before_need_half_as_many_rounds() -> None:
    for is_again, rounds in ((False, 9), (True, 4)):
        course = Prospects(100, is_again)
        poor = [course.are_poor(archive(0.1, 0.099), NO_FLOOR, 20) for _ in range(12)]
        assert poor.index(True) == rounds
