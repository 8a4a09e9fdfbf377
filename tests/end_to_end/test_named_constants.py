"""Named constants of an equation: printed by name, known by value, never fitted."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.inference.uncertainty import inference

G = 9.80665
L = np.linspace(0.1, 2.0, 20)
PERIOD = 1.01 * 2 * np.pi * np.sqrt(L / G)


def pendulum() -> Equation:
    return Equation.parse("a*sqrt(l/g)", ["l"], "T", constants={"g": G})


def fitted() -> Equation:
    return pendulum().fit({"l": L}, PERIOD)


def test_a_fit_leaves_constants_alone_and_predicts_with_them() -> None:
    law = fitted()
    assert law.coefficients == {"a": pytest.approx(2.02 * np.pi, rel=1e-12)}
    assert law.constants == (("g", G),)
    np.testing.assert_allclose(law.predict({"l": L}), PERIOD, rtol=1e-12)
    again = law.fit({"l": L}, 2 * PERIOD)
    assert (again.coefficients["a"], again.constants) == (pytest.approx(4.04 * np.pi, rel=1e-12), (("g", G),))


def test_text_and_latex_show_the_name_and_the_expression_its_value() -> None:
    law = fitted()
    assert law.format(3) == "T = 6.35*sqrt(l/g)"
    assert "g" in law.latex(3)
    assert {str(s) for s in law.expr.free_symbols} == {"l"}
    assert law.complexity == 6
    assert law.free_parameters == ()
    assert pendulum().free_parameters == ("a",)


@pytest.mark.parametrize("make", [pendulum, fitted])
def test_files_and_pickles_keep_constants(make: Any) -> None:
    law = make()
    for copy in (Equation.from_json(law.to_json()), pickle.loads(pickle.dumps(law))):
        assert copy == law
        assert str(copy) == str(law)
        assert copy.expr == law.expr
    assert law != Equation.parse("a*sqrt(l/g)", ["l"], "T", constants={"g": 1.62})


def test_a_formula_of_constants_only_is_complete() -> None:
    law = Equation.parse("2*pi*sqrt(l/g)", ["l"], constants={"g": G})
    np.testing.assert_allclose(law.predict([0.5]), 2 * np.pi * np.sqrt(0.5 / G), rtol=1e-14)
    assert Equation.from_json(law.to_json()) == law
    fitted = law.fit({"l": L}, PERIOD)
    assert fitted == law
    assert fitted.fit_result_ is not None
    assert fitted.fit_result_.loss == pytest.approx(np.square(PERIOD - law.predict({"l": L})).sum(), rel=1e-12)


def test_inference_takes_constants_as_given() -> None:
    noisy = PERIOD + 0.01 * np.random.default_rng(0).normal(size=len(L))
    found = inference(pendulum().fit({"l": L}, noisy), {"l": L}, noisy)
    assert found.names == ("a",)
    assert found.known == {"g": G}


@pytest.mark.parametrize(
    ("text", "variables", "constants", "said"),
    [
        ("a*sqrt(l/g)", None, {"g": G}, "columns must be named"),
        ("a*sqrt(l/g)", ["l", "g"], {"g": G}, "not a column"),
        ("a*sqrt(l/g)", ["l"], {"c": 3e8}, "must be a name in the formula"),
        ("a*sqrt(l/g)", ["l"], {"g": np.nan}, "finite number"),
        ("a*sqrt(l/g)", ["l"], {"g": "9.8"}, "finite number"),
    ],
)
def test_constants_that_make_no_sense_are_refused(
    text: str, variables: list[str] | None, constants: dict[str, Any], said: str
) -> None:
    with pytest.raises(FormulaError, match=said):
        Equation.parse(text, variables, constants=constants)


@pytest.mark.parametrize(
    "changes",
    [
        {"constants": {"l": 1.0}},
        {"constants": {"a": 1.0}},
        {"constants": {"g": None}},
        {"constants": [1.0]},
        {"formula": None},
        {"constants": {}},
    ],
)
def test_files_with_wrong_constants_are_refused(changes: dict[str, Any]) -> None:
    record = json.loads(fitted().to_json()) | changes
    with pytest.raises(FormulaError):
        Equation.from_json(json.dumps(record))
