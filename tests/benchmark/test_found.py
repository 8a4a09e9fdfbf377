"""Which equation of a front is the law."""

from __future__ import annotations

from eqdarts.benchmark.found import Found, law_on_front
from eqdarts.benchmark.problems import Problem

LINE = Problem("line", "2*x+1", (("x", 0.0, 1.0),), "made-up")


def test_after_noise_only_fits_like_the_noise_are_refitted() -> None:
    _, y = LINE.sample(200, noise=0.05)
    front = ["1.5", "0.97+2.05*x", "log(x)"]
    assert law_on_front(Found("x", front, {}), LINE, 0.05, y) == 1
    assert law_on_front(Found("x", ["5.0+9.0*x"], {}), LINE, 0.05, y) is None


def test_the_front_is_looked_at_in_the_order_asked_for() -> None:
    _, y = LINE.sample(200)
    found = Found("x", ["2.0*x+1.0", "x", "1.0+x+x"], {})
    assert law_on_front(found, LINE, 0.0, y) == 2
    assert law_on_front(found, LINE, 0.0, y, order=[1, 0, 2]) == 0
