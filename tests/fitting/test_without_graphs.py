"""The record of laws that are not graphs: the shortest is chosen, and the words say so."""

from __future__ import annotations

from eqdarts.equation.equation import Equation
from eqdarts.fitting.without_graphs import Ranked
from eqdarts.selection import Candidate


def test_the_shortest_is_chosen_and_the_others_are_counted_from_it() -> None:
    laws = (Equation.parse("2.0", []), Equation.parse("2.0*x", ["x"]))
    front = Ranked(laws, [Candidate(1, 1, 2.0), Candidate(3, 1, 1.0)], [5.0, 3.0], (laws[1], 3.0))
    assert (front.chosen, front.as_table()["score"].tolist()) == (1, [2.0, 0.0])
