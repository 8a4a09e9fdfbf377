"""The front: every member, the chosen one, and its rivals by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import plotting
from tests.plotting.pictures import drawn, front_table


def test_rivals_are_named_by_their_scores() -> None:
    front = pd.DataFrame(
        {
            "complexity": [1, 3, 5, 7],
            "loss": [9.0, 2.0, 0.5, 0.4],
            "score": [90.0, 20.0, 0.0, 3.0],
            "equation": ["1", "2*x", "3*x**2", "4*x**3"],
            "latex": [f"y = {k} x^{{{k}}}" for k in range(4)],
            "chosen": [False, False, True, False],
        }
    )
    ax = plotting.plot_front(front)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[2:] == [r"$\mathrm{a}\;\; 3 x^{3}$", r"$\mathrm{b}\;\; 1 x^{1}$"]
    assert {(text.get_text(), text.xy) for text in ax.texts} == {("a", (7, 0.4)), ("b", (3, 2.0))}
    assert len(plotting.plot_front(front, rivals=0).get_legend().get_texts()) == 2
    assert drawn(ax.figure)


def test_front_shows_every_member_and_marks_the_chosen_one() -> None:
    ax = plotting.plot_front(front_table())
    _, members, chosen = ax.get_lines()
    np.testing.assert_array_equal(members.get_xdata(), [1, 3, 7])
    np.testing.assert_array_equal(members.get_ydata()[:2], [10.0, 0.5])
    assert 0 < members.get_ydata()[2] < 0.5  # a loss of zero stands below all others on the logarithmic axis
    np.testing.assert_array_equal(chosen.get_xydata(), [[3, 0.5]])
    assert ax.get_title(loc="left") == "$2 x$"
    assert drawn(ax.figure)


@pytest.mark.slow
def test_front_of_one_exact_law() -> None:
    ax = plotting.plot_front(front_table().iloc[2:].assign(chosen=True))
    assert drawn(ax.figure)


@pytest.mark.slow
def test_a_formula_that_mathtext_cannot_read_or_that_is_too_long_is_shown_as_text() -> None:
    for latex, equation in ((r"\begin{cases} x", "Max(0, x)"), ("x + " * 200 + "x", "x + " * 200 + "x")):
        ax = plotting.plot_front(front_table(latex=["1", latex, "1"], equation=["1", equation, "1"]))
        shown = " ".join(ax.get_title(loc="left").split())
        assert shown.rstrip("…") == equation[: len(shown.rstrip("…"))]
        assert len(shown) < 300
        assert drawn(ax.figure)
