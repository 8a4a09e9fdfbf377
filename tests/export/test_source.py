"""A program as text of another language: steps, brackets, and helpers that are told of."""

from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pytest

from eqdarts.export.source import EXCEL, LONGEST, NUMPY, C, Dialect, render
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.primitives.functions import FUNCTIONS

NAMES = {"x": "x", "y": "y", "z": "z"}
FORMULAS = [
    "x - (y - 1)",
    "-x*y - 2.0*(x + y)",
    "-(x + y)**2",
    "x/(y*(x + 1))",
    "x**-3 + x**7 - y**2.5 + y**0.5",
    "x**y",
    "-exp(-x)*(1 - y)",
    "1/(1 + exp(-x)) + log(1 + 3.0*exp(y))",
    "Max(x, Max(y, 0.5)) - Min(x, 2.0)",
    "-2.0 - x",
]


def shown(formula: str, dialect: Dialect = NUMPY) -> str:
    return render(compile_expression(parse_formula(formula)[0]), dialect, NAMES).result


@pytest.mark.parametrize("formula", [*FORMULAS, *(f"2.0*{name}(0.3*x)" for name in FUNCTIONS)])
def test_text_means_what_the_program_does(formula: str) -> None:
    rng = np.random.default_rng(0)
    columns = {"x": rng.uniform(0.2, 2.0, 20), "y": rng.uniform(0.2, 2.0, 20)}
    rendered = render(compile_expression(parse_formula(formula)[0]), NUMPY, NAMES)
    space: dict[str, object] = {"np": np, "math": math, **columns}
    exec("\n".join(helper.definition for helper in rendered.helpers), space)
    with np.errstate(all="ignore"):
        for name, text in rendered.steps:
            space[name] = eval(text, space)
        values = eval(rendered.result, space)
    expected = evaluate(parse_formula(formula)[0], columns, 20)
    rounding = 2 if "erf" in formula else 0  # numpy has no error function: that of the math module takes its place
    np.testing.assert_array_max_ulp(np.array(np.broadcast_to(values, 20)), expected, rounding)


def test_brackets_stand_only_where_they_are_needed() -> None:
    assert shown("x + y - z - 2.0") == "-2.0 + x + y - z"
    assert shown("x - (y + 1.0)").count("(") <= 1
    assert shown("-x*y") == "-x * y"
    assert shown("2.0*x*y") == "2.0 * x * y"
    assert shown("2.0*(x + y)") == "2.0 * (x + y)"


def test_what_is_used_twice_or_long_is_a_step_of_its_own() -> None:
    twice = render(compile_expression(parse_formula("exp(x) + 1/(1.0 + exp(x))**2")[0]), NUMPY, NAMES)
    assert [text for _, text in twice.steps].count("np.exp(x)") == 1
    assert "np.exp" not in twice.result
    long = " + ".join(f"sin({k}.5*x)*cos({k}.25*y)" for k in range(8))
    steps = render(compile_expression(parse_formula(long)[0]), NUMPY, NAMES).steps
    assert all(re.fullmatch(r"t\d+", name) for name, _ in steps)
    assert not render(compile_expression(parse_formula("x + y")[0]), NUMPY, NAMES).steps
    assert all(len(text) < 3 * LONGEST for _, text in steps)


def test_a_language_without_steps_has_all_in_one_text() -> None:
    rendered = render(compile_expression(parse_formula("exp(x) + 1/(1.0 + exp(x))")[0]), EXCEL, NAMES)
    assert rendered.steps == ()
    assert rendered.result.count("EXP") == 2


@pytest.mark.parametrize("dialect", [NUMPY, C, EXCEL], ids=lambda d: d.name)
def test_every_operation_and_function_is_called_something(dialect: Dialect) -> None:
    for row in FUNCTIONS.values():
        if getattr(row.source, dialect.column) is not None:
            assert dialect.spelling(row).call
    assert set(dialect.operations) == set(NUMPY.operations)


@pytest.mark.parametrize("dialect", [NUMPY, C], ids=lambda d: d.name)
def test_a_helper_is_defined_under_the_name_by_which_it_is_called(dialect: Dialect) -> None:
    own = Dialect(dialect.name, dialect.column, dialect.operations, prefix="law_")
    assert set(own.helpers()) == {f"law_{name}" for name in dialect.helpers()}
    rendered = render(compile_expression(parse_formula("1/x + x**7")[0]), own, NAMES)
    assert rendered.helpers
    for helper in rendered.helpers:
        assert helper.call.startswith("law_")
        assert f"{helper.call}(" in helper.definition
        assert helper.call in rendered.result


def test_a_function_without_a_name_is_an_error() -> None:
    row = FUNCTIONS["exp"]
    nameless = dataclasses.replace(row, source=row.source._replace(excel=None))
    with pytest.raises(ValueError, match=r"A spreadsheet has no name for this function\. Got exp"):
        EXCEL.spelling(nameless)
