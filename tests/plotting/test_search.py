"""The course of a search, and coefficients with their intervals."""

from __future__ import annotations

import math

import numpy as np

from eqdarts import plotting
from eqdarts.equation.equation import Equation
from eqdarts.history import BestPoint, SearchHistory
from eqdarts.inference.uncertainty import inference
from tests.plotting.pictures import drawn, fitted_line, uniform_rows


def test_coefficients_are_shown_in_percent_of_their_estimate() -> None:
    law, X, y = fitted_line()
    found = inference(law, X, y)
    ax = plotting.plot_coefficients(found, coverage=0.8)
    for k, (low, high) in enumerate(found.interval(0.8)):
        ends = ax.get_lines()[k].get_xdata()
        np.testing.assert_allclose(ends, 100 * (np.array([low, high]) / found.estimate[k] - 1))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert [label.split(" = ")[0] for label in labels] == ["a", "b"]
    assert "±" in labels[0]


def test_coefficients_that_the_rows_do_not_bound_end_in_arrows() -> None:
    X = uniform_rows(10, ["x"])
    y = 2 * X["x"].to_numpy() + np.random.default_rng(0).normal(size=10)
    law = Equation.parse("(a + b)*x", ["x"]).fit(X, y, start=[1.0, 1.0])
    ax = plotting.plot_coefficients(inference(law, X, y))
    assert {line.get_marker() for line in ax.get_lines()} >= {"<", ">"}
    assert all("∞" in label.get_text() for label in ax.get_yticklabels())
    assert drawn(ax.figure)


def test_the_course_of_a_search_is_shown_by_stage() -> None:
    best = (
        BestPoint(0.05, 5, 1.0, "small"), BestPoint(0.3, 40, 0.2, "_grow $"), BestPoint(6.0, 900, 0.0, "small"),
    )  # fmt: skip
    ax = plotting.plot_search(SearchHistory(best, 900, 7.5, "exact"))
    course, *stages = ax.get_lines()
    assert course.get_xdata().tolist() == [0.05, 0.3, 6.0, 7.5]
    assert [len(line.get_xdata()) for line in stages] == [2, 1]
    assert 0 < stages[0].get_ydata()[1] < 0.2
    assert "900 refits in 7.5 s; stopped: exact" in ax.get_title(loc="left")
    assert ax.get_xscale() == "log"
    for history in (SearchHistory((), 0, 0.0, "interrupt"), SearchHistory(best[2:], 1, 6.0, "exact")):
        assert drawn(plotting.plot_search(history).figure)


def test_a_rounded_value_has_the_digits_of_its_error() -> None:
    from eqdarts.plotting.search import _rounded

    assert _rounded(212.6837, 6.947) == "212.7 ± 6.9"
    assert _rounded(6.02214e23, 1e19) == "6.02214e+23 ± 1e+19"
    assert _rounded(5.0, math.inf) == "5 ± ∞"
    assert _rounded(5.0, math.nan) == "5"
