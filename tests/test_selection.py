"""Selection by description length."""

from __future__ import annotations

import math

from eqdarts.selection import Candidate, description_length, select


def test_front_falls_with_complexity_and_skips_what_is_dominated() -> None:
    candidates = [Candidate(5, 1, 0.5), Candidate(1, 1, 1.0), Candidate(7, 2, 0.6), Candidate(9, 2, math.inf)]
    front, _ = select(candidates, 100, 1, 2.0, 1.0)
    assert front == [1, 0]


def test_equal_complexity_prefers_fewer_coefficients_unless_the_data_can_tell() -> None:
    fixed, learned = Candidate(5, 1, 1.05e-4), Candidate(5, 2, 1.0e-4)
    assert select([fixed, learned], 20, 1, 2.0, 1.0)[0] == [0]
    assert select([fixed, learned], 2000, 1, 2.0, 1.0)[0] == [1]


def test_nothing_is_gained_below_rounding_level() -> None:
    lengths = [description_length(Candidate(5, 1, loss), 100, 1, 1.0, 1.0) for loss in (1e-25, 1e-30)]
    assert lengths[0] == lengths[1]
