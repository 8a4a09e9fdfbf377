"""Statements about a law: what is read, and what an error says."""

from __future__ import annotations

import math
import re

import pytest

from eqdarts.errors import FormulaError
from eqdarts.knowledge.statements import EXAMPLES, KINDS, read_statements

NAMES = ["x", "t", "theta", "phi", "z", "m1", "m2", "reaction time [ms]", "a,b", "temp."]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_grammar_is_read_as_its_own_kind(example: str) -> None:
    (statement,) = read_statements([example], NAMES, "rate")
    assert example in KINDS[statement.kind].examples
    assert statement.text == example


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("increasing in reaction time [ms]", ["reaction time [ms]"]),
        ("decreasing in `reaction time [ms]` and t", ["reaction time [ms]", "t"]),
        ("uses a,b", ["a,b"]),
        ("convex in temp.", ["temp."]),
        ("Increasing in x.", ["x"]),
        ("without x, t and z", ["x", "t", "z"]),
        ("symmetric in m1, m2, x", ["m1", "m2", "x"]),
    ],
)
def test_columns_may_have_any_name_and_lists_are_read(text: str, columns: list[str]) -> None:
    found = read_statements([text], NAMES, None)
    assert [name for statement in found for name in statement.columns] == columns


def test_bounds_limits_and_places_are_read() -> None:
    texts = ["2 >= rate > 1 - x", "1 > y", "y -> 2*m1 as t -> -oo", "y = z at x = 0, t = 2*pi", "not negative"]
    both, above, limit, value, sign = read_statements(texts, NAMES, "rate")
    assert (str(both.low), str(both.high)) == ("1 - x", "2")
    assert (above.low, str(above.high)) == (None, "1")
    assert (str(limit.value), limit.at) == ("2*m1", (("t", -math.inf),))
    assert (str(value.value), value.at) == ("z", (("x", 0.0), ("t", 2 * math.pi)))
    assert (str(sign.low), sign.high) == ("0", None)


def test_y_is_the_target_unless_a_column_has_this_name() -> None:
    assert read_statements(["y <= 1"], ["x"], "rate")[0].kind == "bounds"
    with pytest.raises(FormulaError, match="one that is understood"):
        read_statements(["y <= 1"], ["y"], "rate")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "A statement must be one that is understood. Got 'nonsense'. Understood: 'increasing in x'"),
        ("y", "must be one that is understood"),
        ("increasing in q", "names no column. Got 'q'. The columns are: x, t,"),
        ("y <= q", "can name columns only. Got 'q'"),
        ("y <= f(x)", "cannot be read"),
        ("periodic in phi: -3", "A period must be a positive number"),
        ("2 >= y <= 1", "must point the same way"),
        ("y = 0 at x", "A place must be a column and a number"),
        ("symmetric in m1", "two columns or more"),
    ],
)
def test_an_error_says_what_is_understood(text: str, told: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(told)):
        read_statements([text], NAMES, None)


def test_one_text_is_not_a_list_of_texts() -> None:
    with pytest.raises(FormulaError, match="must be a list of texts"):
        read_statements("positive", NAMES, None)
