"""Names that an equation can be written with: not empty, different, and not endless."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.equation.names import LONGEST_NAME, MOST_NAMES, checked_names, target_name
from eqdarts.errors import FormulaError
from tests.helpers import QUICK

WRONG: dict[str, tuple[list[Any], str]] = {
    "empty": (["x", ""], "must have names that are not empty. Got '' for column 2 of 2"),
    "twice": (["x", "x"], "must have different names. Got 'x' twice"),
    "endless": (["x", "y" * (LONGEST_NAME + 1)], f"names of at most {LONGEST_NAME} characters"),
}
ODD = [
    "\ud800",
    "a`b",
    "`",
    "\n",
    "\0",
    "c0",
    "pi",
    "E",
    "I",
    "lambda",
    "x y",
    "é",
    "\u202e",
    "y" * LONGEST_NAME,
    "exp",
]


@pytest.mark.parametrize(("names", "says"), WRONG.values(), ids=WRONG)
def test_wrong_names_are_refused_wherever_columns_are_named(names: list[str], says: str) -> None:
    with pytest.raises(FormulaError, match=says.replace("'", ".")):
        checked_names(names)
    with pytest.raises(FormulaError, match="The variables"):
        Equation.parse("2*x", names)
    table = pd.DataFrame(np.random.default_rng(0).uniform(1, 2, (20, 2)), columns=names)
    with pytest.raises(ValueError, match=r"The columns|unique column names"):
        DARTSRegressor(**QUICK).fit(table, np.arange(20.0))


def test_a_name_is_text_and_there_are_not_endlessly_many() -> None:
    assert checked_names(["a", "b"]) == ("a", "b")
    with pytest.raises(FormulaError, match="Got 3 for column 1 of 1"):
        checked_names([3])
    with pytest.raises(FormulaError, match=f"may be at most {MOST_NAMES}"):
        checked_names(["x"] * (MOST_NAMES + 1))


def test_a_target_has_a_name_or_none() -> None:
    assert (target_name("y"), target_name(None), target_name("")) == ("y", None, None)
    assert Equation.parse("2*x", target="").target is None
    for wrong in (3, "y" * (LONGEST_NAME + 1)):
        with pytest.raises(FormulaError, match="The target must have a name"):
            target_name(wrong)


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_an_odd_name_survives_the_file(name: str) -> None:
    law = Equation.parse("2.5*x", ["x", name], name).with_ranges({"x": (0.0, 1.0)})
    text = law.to_json().encode("utf-8").decode("utf-8")
    again = Equation.from_json(text)
    assert (again, again.ranges) == (law, law.ranges)


def test_a_table_with_very_many_long_names_survives_the_file() -> None:
    names = [f"column {k} " + "of a wide table " * 5 for k in range(5000)]
    law = Equation.parse(f"2.5*`{names[17]}`", names)
    assert Equation.from_json(law.to_json()) == law
