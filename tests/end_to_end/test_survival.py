"""Whatever parse, a graph, a fit or snapping yields is the same after file, pickle and text, bit for bit."""

from __future__ import annotations

import copy
import pickle
import random
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqdarts import DARTSRegressor, Equation
from eqdarts.errors import EqdartsWarning, FormulaError
from eqdarts.expression.written import text, write
from eqdarts.inference.constants import snap_constants
from tests.helpers import QUICK, load_script
from tests.places import ROOT
from tests.strategies import Pair, graphs

FUZZ = load_script(ROOT / "benchmarks" / "hardening" / "fuzz_parse.py", "fuzz_parse")
NAMES = ("x", "`", "reaction time")
ROWS = np.random.default_rng(0).uniform(0.1, 3.0, (30, 3))


def _values(law: Equation) -> np.ndarray:
    columns = {name: ROWS[:, k % 3] for k, name in enumerate(law.variables)} or {"x": ROWS[:, 0]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        return law.predict(columns)


def _survives(law: Equation) -> None:
    for again in (Equation.from_json(law.to_json()), pickle.loads(pickle.dumps(law)), copy.deepcopy(law)):
        assert again == law
        assert (again.ranges, again.names, again.coefficients) == (law.ranges, law.names, law.coefficients)
        assert str(again) == str(law)
    assert Equation.from_json(law.to_json()).to_json() == law.to_json()
    assert pickle.loads(pickle.dumps(law)).fit_result_ == law.fit_result_
    if law.free_parameters:
        return
    np.testing.assert_array_equal(_values(Equation.from_json(law.to_json())), _values(law))
    if law.constants or law.formula is not None:
        return
    exact = Equation.parse(text(write(law.expr), whole=False), law.variables)
    assert exact.expr == law.expr
    # str writes 3 for 3.0; the order of the terms, and with it the last bits of a sum, may differ.
    printed = Equation.parse(str(law), law.variables)
    np.testing.assert_allclose(_values(printed), _values(law), rtol=1e-9, atol=1e-290, equal_nan=True)


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=150)
def test_what_parse_reads_survives(seed: int) -> None:
    formula = FUZZ.formula(random.Random(seed), 4)
    try:
        law = Equation.parse(formula)
    except FormulaError:
        return
    assert Equation.from_json(law.to_json()) == law
    assert pickle.loads(pickle.dumps(law)) == law
    assert Equation.parse(text(write(law.expr), whole=False), law.variables).expr == law.expr


@pytest.mark.slow
@given(graphs(min_inputs=3, max_inputs=3), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_what_a_graph_is_written_as_survives(pair: Pair, seed: int) -> None:
    graph, coefficients = pair
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.uniform(-3, 3, len(coefficients)).round(rng.integers(0, 3))
    theta = [float(c * size) for c, size in zip(coefficients, sizes, strict=True)]
    try:
        law = Equation.from_graph(graph, theta, (np.array([1.0, 0.3, 7.0]), 2.5), NAMES, "y", ROWS)
    except FormulaError:
        assume(False)
    _survives(law)


FITTED = ["a*x + b", "a*exp(-b*x) + 0.5", "a*(x + b)**c", "a*x*sqrt(reciprocal)", "a + 0*x", "logistic(a*x + b)"]


@pytest.mark.slow
@pytest.mark.parametrize("formula", FITTED)
@pytest.mark.parametrize("typed", [True, False])
def test_what_a_fit_yields_survives(formula: str, typed: bool) -> None:
    x = ROWS[:, 0]
    table = {"x": x, "reciprocal": 1 / x}
    law = Equation.parse(formula, ["x", "reciprocal"]).fit(table, 1.5 * x + 0.3)
    if not typed:  # as from a search: numbers in the place of parameters
        law = Equation(law.expr, law.variables).fit(table, 0.7 * x + 0.3)
    _survives(law)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-310, 1.79e308, -1e300, 1 / 3, 2.0, 1e16])
@pytest.mark.parametrize("formula", ["2.5*x + 0.5", "x**2.5 + 0.5", "exp(-2.5*x)", "2.5*(x + 1.5)", "log(2.5 + x)/3.5"])
def test_equations_with_other_numbers_survive_or_are_refused(formula: str, value: float) -> None:
    law = Equation.parse(formula, ["x"])
    try:
        other = law.with_coefficients({"c0": value})
    except FormulaError:
        return
    _survives(other)


@pytest.mark.parametrize("value", [0.0, 1.0, 5e-324, 1.79e308, -1e300])
def test_parameters_of_any_size_survive(value: float) -> None:
    law = Equation.parse("a*exp(b*x)", ["x"]).fit({"x": ROWS[:, 0]}, ROWS[:, 0])
    for name in "ab":
        _survives(law.with_coefficients({name: value}))


@pytest.mark.parametrize("constants", [None, {"g": 9.80665}])
def test_what_snapping_yields_survives(constants: dict[str, float] | None) -> None:
    t = np.linspace(0.1, 2, 30)
    rng = np.random.default_rng(0)
    fall = Equation.parse("c0*t**c1 + c2*t", ["t"]).fit({"t": t}, 4.903325 * t**2 + 0.71 * t, start=[4, 1.9, 1])
    _survives(snap_constants(fall, {"t": t}, 4.903325 * t**2 + 0.71 * t, constants=constants).equation)
    y = 3.1 * np.sin(1.7 * t) + 0.01 * rng.normal(size=30)
    wave = Equation.parse("3.05*sin(1.7*t) + 0.001").fit({"t": t}, y)
    _survives(snap_constants(wave, {"t": t}, y, constants=constants).equation)


@pytest.mark.parametrize(
    "names", [("x", "`", "reaction time"), ("\u202e\x1b", "lambda", "pi"), ("c0", "c1", "E")], ids=ascii
)
def test_what_an_estimator_finds_survives(names: tuple[str, ...], tmp_path: Path) -> None:
    table = pd.DataFrame(ROWS, columns=list(names))
    y = pd.Series(2.5 * ROWS[:, 0] / ROWS[:, 1] + 0.3 * ROWS[:, 2] ** 1.3, name="\n")
    model = DARTSRegressor(**QUICK).fit(table, y)
    for law in model.front_:
        _survives(law)
    model.save(tmp_path / "law.json")
    for again in (DARTSRegressor.load(tmp_path / "law.json"), pickle.loads(pickle.dumps(model))):
        assert again.front_ == model.front_
        assert [law.ranges for law in again.front_] == [law.ranges for law in model.front_]
        np.testing.assert_array_equal(again.predict(table), model.predict(table))
