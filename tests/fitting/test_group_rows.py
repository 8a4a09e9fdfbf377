"""Labels in the tables of users, and groups that come later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from eqdarts.errors import EqdartsWarning
from eqdarts.fitting.group_rows import adapted, check_plain, labels_in, parted
from tests.fits import grown

X = pd.DataFrame({"tree": ["a", "b", "b"], "age": [1.0, 2.0, 3.0]})
PLAIN = {"loss": "squared", "warm_start": False, "checkpoint": None, "noise": "auto"}


def test_the_column_of_labels_is_no_input() -> None:
    inputs, groups = parted("tree", X)
    assert list(inputs.columns) == ["age"]
    assert groups is not None
    assert groups.labels == ("a", "b")
    assert parted(None, X)[1] is None
    assert list(parted(["u", "v", "v"], X)[0].columns) == ["tree", "age"]
    assert list(parted(X["tree"], X)[0].columns) == ["age"]  # a series with the name of a column is that column
    with pytest.raises(ValueError, match="two different labels"):
        parted(["u", "u", "u"], X)


@pytest.mark.parametrize(
    ("name", "value"), [("loss", "huber"), ("warm_start", True), ("checkpoint", "d"), ("noise", "both")]
)
def test_parameters_that_groups_do_not_take_are_named(name: str, value: object) -> None:
    check_plain(PLAIN)
    with pytest.raises(ValueError, match="A fit with groups"):
        check_plain(PLAIN | {name: value})


@pytest.mark.slow
def test_a_new_group_gets_constants_of_its_own_and_the_others_keep_theirs() -> None:
    run = grown().run_
    age = np.linspace(1, 9, 7)
    shared = run.equation.coefficients["c0"]
    new = adapted(run, age[:, None], 7.5 * age / (shared + age), ["oak"] * 7, None)
    constants, before = new.equation.groups, run.equation.groups
    assert constants is not None
    assert before is not None
    assert constants.of("oak")["f_tree"] == pytest.approx(7.5)
    assert constants.of("T1") == before.of("T1")
    assert new.equation.coefficients == run.equation.coefficients
    assert len(new.rows.y) == len(run.rows.y) + 7
    again = adapted(new, age[:, None], age / (shared + age), ["oak"] * 7, np.ones(7))
    assert again.equation.groups is not None
    assert again.equation.groups.of("oak")["f_tree"] == pytest.approx(1.0)
    assert len(again.rows.y) == again.rows.n_all == len(new.rows.y)


def test_without_labels_all_rows_are_one_new_group_and_gaps_are_left_out_with_a_warning() -> None:
    age = np.array([1.0, np.nan, 5.0])
    y = 7.5 * age / (grown().run_.equation.coefficients["c0"] + age)
    run = grown().run_
    for label in ("new", "new 2"):
        with pytest.warns(EqdartsWarning, match="1 of 3 rows are left out, which have missing values"):
            run = adapted(run, age[:, None], np.nan_to_num(y), None, None)
        assert run.equation.groups is not None
        assert run.equation.groups.of(label)["f_tree"] == pytest.approx(7.5)
    with pytest.raises(ValueError, match="At least one row must be complete"):
        adapted(run, age[1:2, None], y[:1], None, None)


def test_labels_need_a_fit_with_groups() -> None:
    run = grown().run_
    assert labels_in(run, None, X) == ["a", "b", "b"]
    plain = replace(run, groups=None)
    assert labels_in(plain, None, X) is None
    with pytest.raises(ValueError, match="groups need a fit with groups"):
        labels_in(plain, "tree", X)
    with pytest.raises(ValueError, match="adapt needs a fit with groups"):
        adapted(plain, np.ones((1, 1)), np.ones(1), ["a"], None)
