"""Waves of a law with constants by group that the rows do not show."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import GroupConstants, row_groups
from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.group_waves import doubtful_waves, may_repeat, n_waves, rates_of_waves
from eqdarts.fitting.table import Table

LABELS = tuple("abcd")
PERIODS = (0.5, 1.5, 0.7, 3.0)  # of the wave with a rate of each group, over the rows of the group


def test_a_wave_of_curves_that_do_not_repeat_is_in_vain() -> None:
    assert _doubts("w_run*sin(3*t)", (1.0, 2.0, 3.0, 4.0)) == ["sin(3*t) repeats, but the rows of no run do"]


def _doubts(law: str, own: tuple[float, ...], apart: float = 0.0) -> list[str]:
    """Return the doubts about a law of t at rows from 0 to 10 in each group, later by `apart` from group to group."""
    t = np.concatenate([np.linspace(0, 10, 40) + apart * k for k in range(len(LABELS))])
    constants = GroupConstants("run", LABELS, ("w_run",), tuple((value,) for value in own))
    equation = Equation(parse_formula(law).expr, ("t",), "y", groups=constants)
    table = Table(t[:, None], np.sin(0.3 * t), None, ("t",), "y")
    return doubtful_waves(equation, table, row_groups(np.repeat(LABELS, 40), "run"))


def test_a_wave_with_a_rate_of_each_group_is_shown_by_the_rows_of_the_group() -> None:
    rates = tuple(0.2 * np.pi * n for n in PERIODS)
    assert _doubts("2*sin(w_run*t)", rates, apart=100.0) == [
        "sin(t*w_run) turns 0.5 of a period over the rows of run a",
        "sin(t*w_run) turns 0.7 of a period over the rows of run c",
    ]


@pytest.mark.parametrize(
    ("law", "apart", "n"), [("sin(0.3*t)", 0, 1), ("sin(0.3*t + w_run)", 0, 1), ("sin(0.3*t + w_run)", 10, 0)]
)
def test_a_wave_that_all_groups_share_is_shown_by_all_rows_whatever_its_phases(law: str, apart: float, n: int) -> None:
    assert len(_doubts(law, (0.0, 2.0, 4.0, 6.0), apart)) == n


T = np.linspace(0, 10, 60)


@pytest.mark.parametrize(
    ("curve", "repeats"),
    [
        (np.exp(-((T - 3) ** 2)), False),
        (np.exp(-((T - 3) ** 2)) + 0.4 * np.exp(-((T - 4.5) ** 2)), False),
        (np.sin(0.5 * T), False),
        (T**2, False),
        (np.exp(-0.3 * T) * np.sin(2 * T), True),
        (5 * T + np.sin(T), True),
    ],
)
def test_a_curve_repeats_that_turns_three_times(curve: np.ndarray, repeats: bool) -> None:
    groups = row_groups(np.repeat(["a", "b"], 60), "run")
    y = np.concatenate([curve, 3 * curve])[::-1]
    assert may_repeat(Table(np.tile(T, 2)[::-1, None], y, None, ("t",), "y"), groups) == repeats


def test_few_rows_and_several_inputs_do_not_tell() -> None:
    groups = row_groups(np.repeat(["a", "b"], 30), "run")
    assert may_repeat(Table(np.column_stack([T, T**2]), T, None, ("t", "x"), "y"), groups)
    few = row_groups(np.repeat(["a", "b"], 5), "run")
    assert may_repeat(Table(T[:10, None], T[:10], None, ("t",), "y"), few)


def test_rates_are_the_constants_by_which_a_wave_turns() -> None:
    formula = parse_formula("a*sin(k*t + p) + b*cos(t) + c*exp(q*t)").expr
    assert n_waves(formula) == 2
    assert rates_of_waves(formula, ("a", "k", "p", "q"), {"t"}).tolist() == [False, True, False, False]
