"""Statements checked by the values of many laws at once."""

from __future__ import annotations

import pickle

import numpy as np

from eqdarts.knowledge.probes import make_screen
from eqdarts.knowledge.statements import EXAMPLES, read_statements

NAMES = ["x", "t", "z", "theta", "phi", "m1", "m2"]


def test_many_laws_are_judged_at_once_and_what_is_undefined_says_nothing() -> None:
    screen = make_screen(read_statements(["increasing in x"], ["x"], None), ["x"], {"x": (0.5, 2.0)}, 1.0)
    (x,) = screen.points.T
    values = np.stack([x**2, -x, np.sin(4 * x), np.full_like(x, 3.0), np.where(x < 1, np.nan, x)])
    assert screen.obeyed(values).tolist() == [True, False, False, True, True]


def test_limits_are_judged_by_large_values() -> None:
    screen = make_screen(read_statements(["y -> 2 as x -> oo"], ["x"], None), ["x"], {"x": (0.5, 2.0)}, 1.0)
    (x,) = screen.points.T
    laws = [2 - 1 / x, 2 + x**-0.1, 2.1 - 1 / x, np.log(x), 2 + np.sin(x)]
    assert screen.obeyed(np.stack(laws)).tolist() == [True, True, False, False, False]


def test_columns_that_must_and_must_not_be_used_are_told_by_place() -> None:
    screen = make_screen(read_statements(["uses t, z", "without x"], NAMES, None), NAMES, {}, 1.0)
    assert (screen.needed, screen.banned) == ({1, 2}, {0})
    assert screen.obeyed(np.zeros((2, 0))).all()


def test_a_screen_can_be_sent_to_another_process() -> None:
    box = dict.fromkeys(NAMES, (0.5, 2.0))
    screen = make_screen(read_statements(EXAMPLES, NAMES, None), NAMES, box, 1.0)
    again = pickle.loads(pickle.dumps(screen))
    values = np.ones((1, len(screen.points)))
    assert again.obeyed(values).tolist() == screen.obeyed(values).tolist()
