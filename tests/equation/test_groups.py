"""Constants of groups: labels, words, files, and laws of single groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import Equation, FormulaError
from eqdarts.equation.groups import GroupConstants, labels_of, names_of_own, row_groups
from eqdarts.expression.build import symbol

X = pd.DataFrame({"tree": ["old", "young", "old"], "t": [1.0, 2.0, 3.0]})
BY_TREE = GroupConstants("tree", ("old", "young"), ("a_tree",), ((2.0,), (5.0,)))
LAW = Equation(symbol("a_tree") * symbol("t") + 1.5, ("t",), "y", groups=BY_TREE)


def test_a_law_takes_the_constants_of_each_rows_group() -> None:
    expected = [3.5, 11.5, 7.5]
    assert LAW.predict(X).tolist() == expected
    assert LAW.predict(X[["t"]], groups=X["tree"]).tolist() == expected
    assert LAW.predict(X[["t"]], groups="old").tolist() == [3.5, 5.5, 7.5]
    assert LAW.of_group("young").predict({"t": [2.0]}).tolist() == [11.5]
    assert LAW.with_own_as_inputs().predict({"t": [2.0], "a_tree": [3.0]}).tolist() == [7.5]


def test_exported_code_takes_the_constants_as_arguments() -> None:
    source = LAW.to_numpy_source("law")
    names: dict[str, Any] = {}
    exec(source, names)
    assert names["law"](2.0, 5.0) == 11.5
    assert LAW.to_excel() == "=IFERROR(1.5 + B2 * A2, NA())"


def test_a_group_without_constants_is_an_error_that_says_adapt() -> None:
    with pytest.raises(
        ValueError, match=r"must be one whose constants are known\. Got 'oak'\. Call adapt .* Known: 'old', 'young'"
    ):
        LAW.predict(X, groups=["oak", "old", "old"])
    with pytest.raises(ValueError, match=r"constants for each tree\. Got no groups"):
        LAW.predict(X[["t"]])
    with pytest.raises(ValueError, match="same constants for all rows"):
        LAW.fit(X, [1.0, 2.0, 3.0])


def test_json_keeps_the_constants_and_names_what_is_damaged() -> None:
    again = Equation.from_json(LAW.to_json())
    assert again == LAW
    assert again.predict(X).tolist() == LAW.predict(X).tolist()
    assert LAW.format() == "y = a_tree*t + 1.5"
    assert "a_{\\mathrm{tree}}" in LAW.latex()
    for old, new in (('"young"', '"old"'), ("5.0", '"5"'), ('"labels"', '"label"')):
        with pytest.raises(FormulaError, match="'groups' must have labels"):
            Equation.from_json(LAW.to_json().replace(old, new))


@pytest.mark.parametrize("missing", [None, math.nan, pd.NaT])
def test_a_missing_label_is_an_error(missing: Any) -> None:
    with pytest.raises(ValueError, match=r"must have a label.* Got 1 missing in 'g' \(the first in row 2\)"):
        row_groups(["a", missing], "g")


def test_labels_are_those_of_a_column_of_an_array_or_one_for_all() -> None:
    assert labels_of("tree", X) == (["old", "young", "old"], "tree")
    assert labels_of(None, X, "tree") == (["old", "young", "old"], "tree")
    assert labels_of(None, X) is None
    assert labels_of(7, np.zeros((2, 1)), "tree") == ([7, 7], "tree")
    assert labels_of(pd.Series([1, 2, 3], name="run"), X) == ([1, 2, 3], "run")
    assert labels_of([1, 2, 3], X)[1] == "group"  # type: ignore[index]
    assert labels_of([1, 2, 3], X.assign(group=0.0))[1] == "group_"  # type: ignore[index]
    for table in (X[["tree"]], X[["tree"]].to_numpy(), ["tree"]):
        assert labels_of(table, X)[0] == ["old", "young", "old"]  # type: ignore[index]
    for table in (X, ["tree", "t"]):
        with pytest.raises(ValueError, match=r"one column of labels.*2 columns.*Join them"):
            labels_of(table, X)
    with pytest.raises(ValueError, match="2 labels for 3 rows"):
        labels_of([1, 2], X)
    with pytest.raises(ValueError, match="must be a column of X"):
        labels_of("Tree", X)


def test_labels_are_plain_and_in_order_of_appearance() -> None:
    found = row_groups(np.array([3.0, 1.0, 3.0, 2.5]), "g")
    assert found.labels == (3, 1, 2.5)
    assert found.place.tolist() == [0, 1, 0, 2]
    assert found.of(np.array([1, 3])).labels == (1, 2.5)


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "datetime64[s]", object])
def test_labels_may_be_dates(dtype: str) -> None:
    days = pd.Series([pd.Timestamp(2020, 1, 1), pd.Timestamp(2020, 1, 1, 12, 30)]).astype(dtype)
    assert row_groups(days, "day").labels == ("2020-01-01", "2020-01-01 12:30:00")
    assert row_groups(days.to_numpy(), "day").labels == ("2020-01-01", "2020-01-01 12:30:00")
    assert labels_of(days[0], X, "day") == ([days[0]] * 3, "day")


def test_a_group_is_added_or_gets_other_constants() -> None:
    more = BY_TREE.with_group("oak", [1.0]).with_group("old", [9.0])
    assert more.of("oak") == {"a_tree": 1.0}
    assert more.of("old") == {"a_tree": 9.0}
    assert len(more.labels) == 3
    assert BY_TREE.in_words() == "a_tree has a value for each tree."


def test_names_are_not_those_of_columns() -> None:
    assert names_of_own(2, "tree", ["a_tree"], ["size"]) == ["size_tree", "b_tree"]
