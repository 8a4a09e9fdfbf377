"""Equations: printed text, JSON, pickle and predict are one function; fits; clear errors."""

from __future__ import annotations

import copy
import json
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.data import prepare
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning, FormulaError
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.inference.summary import summary
from eqdarts.inference.uncertainty import inference
from eqdarts.primitives.table import PRIMITIVES
from tests.helpers import lambdified
from tests.strategies import graphs, inputs

Array = NDArray[np.float64]
ALL = (*PRIMITIVES, "power[3/2]", "power[-2]", "power[1/3]", "power[-1/2]")
X1 = np.linspace(0.5, 10.0, 40)


def quietly(equation: Equation, X: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        return equation.predict(X)


# --- found equations ---


@pytest.mark.slow
@given(st.data())
@settings(max_examples=60)
def test_found_equations_are_one_function_however_they_are_written(data: st.DataObject) -> None:
    graph, theta = data.draw(graphs(primitives=ALL))
    X = data.draw(inputs(graph.n_inputs, positive=data.draw(st.booleans())))
    names = tuple(data.draw(st.permutations(["x0", "reaction time", "θ_1"])))[: graph.n_inputs]
    try:
        equation = Equation.from_graph(graph, theta, (np.abs(X).mean(axis=0), 1.7), names, "y", rows=X)
    except FormulaError:
        assume(False)
    values = quietly(equation, X)
    defined = np.isfinite(values)
    assume(defined.any())
    size = np.maximum(np.abs(values), np.median(np.abs(values[defined])))[defined]
    printed = Equation.parse(str(equation), names)
    columns = dict(zip(names, X.T, strict=True))
    for other in (
        lambdified(equation.expr, columns),
        quietly(printed, X),
        quietly(Equation.from_json(equation.to_json()), X),
        quietly(pickle.loads(pickle.dumps(equation)), X),
        lambdified(equation.template, columns | {n: np.full(len(X), c) for n, c in equation.coefficients.items()}),
    ):
        assert (np.abs(other[defined] - values[defined]) <= 1e-10 * size).all()
    assert Equation.from_json(equation.to_json()) == equation
    assert printed.complexity == equation.complexity
    assert isinstance(equation.latex(), str)
    assert np.array_equal(quietly(equation, pd.DataFrame(X, columns=list(names))), values, equal_nan=True)


def kepler() -> Equation:
    graph = Graph(1, (Node("product", (Edge(0, PRIMITIVES["power"]),), constant=True),))
    a = np.geomspace(0.4, 30.0, 9)
    y = 365.26 * a**1.5
    data = prepare(a[:, None], y, None, 0.25, np.random.default_rng(0))
    return Equation.from_graph(graph, (365.26 * data.x_scale[0] ** 1.5 / data.y_scale, 1.5), data, ["a"], "period days")


def test_kepler() -> None:
    law = kepler()
    assert str(law) == "365.26*a**1.5"
    assert law.format() == "`period days` = 365.26*a**1.5"
    assert law.coefficients == {"c0": 365.26, "c1": 1.5}
    assert law.latex() == r"\mathrm{period\ days} = 365.26 a^{1.5}"
    assert law._repr_latex_() == f"${law.latex()}$"
    assert law.complexity == 5
    assert "365.26*a**1.5" in repr(law)


def test_generated_names_keep_clear_of_columns() -> None:
    equation = Equation.parse("2.5*c1 + 1.5*exp(-0.5*c0)")
    assert list(equation.coefficients.values()) == [2.5, 1.5, -0.5]
    assert not set(equation.coefficients) & {"c0", "c1"}


def test_coefficients_are_in_printed_order_with_signs() -> None:
    assert Equation.parse("3.5 - 2.5*x**1.5").coefficients == {"c0": 3.5, "c1": -2.5, "c2": 1.5}


def test_identity() -> None:
    law = kepler()
    assert law == kepler()
    assert hash(law) == hash(kepler())
    assert law != Equation.parse("x")
    assert law != "365.26*a**1.5"
    assert copy.deepcopy(law) == law
    with pytest.raises(AttributeError):
        law.target = "other"  # type: ignore[misc]


@pytest.mark.parametrize("formula", ["2.0*(x + 1.0)", "exp(x - 900.0)", "a*x + b", "1/(1 + exp(-3.0*x + 2.0))", "x*3"])
def test_pickle_and_json_keep_the_form(formula: str) -> None:
    equation = Equation.parse(formula, ["x"], "y")
    assert pickle.loads(pickle.dumps(equation)) == equation
    assert Equation.from_json(equation.to_json()) == equation
    assert str(Equation.from_json(equation.to_json())) == str(equation)


# --- predict ---


def test_predict_reads_tables_by_name_and_arrays_by_order() -> None:
    law = Equation.parse("x/y", ["y", "x"])
    rows = np.array([[2.0, 1.0], [4.0, 2.0]])
    expected = [0.5, 0.5]
    table = pd.DataFrame({"other": ["a", "b"], "x": [1.0, 2.0], "y": [2.0, 4.0]})
    for X in (rows, rows.tolist(), table, dict(table[["x", "y"]]), {"x": [1.0, 2.0], "y": [2.0, 4.0]}):
        np.testing.assert_array_equal(law.predict(X), expected)
    np.testing.assert_array_equal(Equation.parse("2*x").predict([1.0, 2.0]), [2.0, 4.0])
    np.testing.assert_array_equal(Equation.parse("2.5").predict(pd.DataFrame({"x": [1, 2, 3]})), [2.5] * 3)
    assert law.predict(np.empty((0, 2))).shape == (0,)


def test_predict_warns_once_where_undefined() -> None:
    with pytest.warns(EqdartsWarning, match="undefined at 2 of 3") as caught:
        values = Equation.parse("log(x)").predict(np.array([-1.0, 0.0, 1.0]))
    assert len(caught) == 1
    np.testing.assert_array_equal(values, [np.nan, np.nan, 0.0])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame({"reaction_tme": [1.0]}), "Did you mean 'reaction_tme'"),
        (pd.DataFrame({"reaction_time": ["a"]}), "must be numeric"),
        (np.ones((3, 2)), r"shape \(n, 1\)"),
        (np.ones((3, 1, 1)), r"shape \(n, 1\)"),
        ({"reaction_time": [1.0], "b": [1.0, 2.0]}, "same length"),
        ({"reaction_time": [[1.0]]}, "one-dimensional"),
    ],
)
def test_predict_refuses(X: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Equation.parse("2*reaction_time").predict(X)


def test_predict_needs_values() -> None:
    with pytest.raises(ValueError, match="Call fit first"):
        Equation.parse("a*x + b", ["x"]).predict([1.0])


# --- fit ---


def test_fit_finds_the_parameters() -> None:
    formula = Equation.parse("b1*(1 - exp(-b2*x))", target="y")
    y = 3.5 * (1 - np.exp(-0.25 * X1))
    for X in (X1, X1[:, None], {"x": X1}, pd.DataFrame({"unused": X1, "x": X1})):
        fitted = formula.fit(X, y)
        assert fitted.coefficients == pytest.approx({"b1": 3.5, "b2": 0.25}, rel=1e-9)
        assert fitted.variables == ("x",)
        assert fitted.fit_result_ is not None
        assert fitted.fit_result_.loss < 1e-20
        np.testing.assert_allclose(fitted.predict(X1), y, rtol=1e-9)
    assert formula.coefficients == {}


@pytest.mark.parametrize("start", [{"b2": 0.1, "b1": 1.0}, [0.1, 1.0], np.array([0.1, 1.0])])
def test_fit_takes_starts_by_name_or_by_first_appearance(start: object) -> None:
    y = 3.5 * (1 - np.exp(-0.25 * X1))
    fitted = Equation.parse("(1 - exp(-b2*x))*b1").fit(X1, y, start=start)  # type: ignore[arg-type]
    assert list(fitted.coefficients) == ["b2", "b1"]
    assert fitted.coefficients["b1"] == pytest.approx(3.5)


def test_fit_weights_rows() -> None:
    x, y = np.array([1.0, 1.0]), np.array([1.0, 3.0])
    fitted = Equation.parse("a*x").fit(x, y, sample_weight=[3.0, 1.0])
    assert fitted.coefficients["a"] == pytest.approx(1.5)
    assert fitted.fit_result_ is not None
    assert fitted.fit_result_.loss == pytest.approx(3 * 0.25 + 2.25)
    dropped = Equation.parse("a*x").fit(x, y, sample_weight=[0.0, 1.0])
    assert dropped.coefficients["a"] == pytest.approx(3.0)


def test_fit_is_reproducible_and_scales() -> None:
    rng = np.random.default_rng(0)
    y = 2.0 * np.exp(-X1 / 3) + 0.1 * rng.normal(size=len(X1))
    first, second = (Equation.parse("a*exp(-b*x)").fit(X1, y) for _ in range(2))
    assert first == second
    larger = Equation.parse("a*exp(-b*x)").fit(X1, 1e6 * y)
    assert larger.coefficients["a"] == pytest.approx(1e6 * first.coefficients["a"], rel=1e-6)
    assert larger.coefficients["b"] == pytest.approx(first.coefficients["b"], rel=1e-6)


def test_numbers_of_a_found_equation_are_fitted_from_where_they_stand() -> None:
    fitted = Equation.parse("2.0*x**1.4", ["x"]).fit(X1, 3.0 * X1**1.5)
    assert str(fitted.format(8)) == "3*x**1.5"
    assert fitted.variables == ("x",)


def test_fit_of_several_columns() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 2.0, (30, 2))
    zero, one = Equation.parse("a*x0 + b*x1"), Equation.parse("a*x1 + b*x2")
    for formula in (zero, one):
        fitted = formula.fit(X, X @ [2.0, -3.0])
        assert fitted.coefficients == pytest.approx({"a": 2.0, "b": -3.0})
    named = Equation.parse("a*u + b*v", variables=["u", "v"]).fit(X, X @ [2.0, -3.0])
    np.testing.assert_allclose(named.predict(X), X @ [2.0, -3.0])


def test_fitted_equation_can_be_fitted_again() -> None:
    fitted = Equation.parse("a*x + b").fit(X1, 2 * X1 + 1)
    again = pickle.loads(pickle.dumps(fitted)).fit(X1, 5 * X1 - 1)
    assert again.coefficients == pytest.approx({"a": 5.0, "b": -1.0})


FIT_REFUSES = {
    "start of wrong length": (lambda: Equation.parse("a*x + b").fit(X1, X1, start=[1.0]), "every parameter"),
    "start misses a name": (lambda: Equation.parse("a*x + b").fit(X1, X1, start={"a": 1.0}), "Parameters: a, b"),
    "start not finite": (lambda: Equation.parse("a*x").fit(X1, X1, start=[np.nan]), "finite"),
    "undefined start": (lambda: Equation.parse("log(a*x)").fit(X1, X1, start=[-1.0]), "undefined or infinite"),
    "overflowing start": (lambda: Equation.parse("exp(a*x)").fit(X1, X1, start=[1e3]), "undefined or infinite"),
    "y too short": (lambda: Equation.parse("a*x").fit(X1, X1[:3]), "shape"),
    "y not finite": (lambda: Equation.parse("a*x").fit(X1, X1 * np.nan), "finite"),
    "negative weight": (lambda: Equation.parse("a*x").fit(X1, X1, sample_weight=-X1), "sample_weight"),
    "undefined without parameters": (lambda: Equation.parse("log(-x)").fit(X1 + 1, X1), "defined at every row. Got"),
    "unclear columns": (lambda: Equation.parse("a*t").fit(X1, X1), "variables="),
    "missing column": (lambda: Equation.parse("a*t", ["t"]).fit({"T": X1}, X1), "'T'"),
}


@pytest.mark.parametrize("case", FIT_REFUSES)
def test_fit_refuses(case: str) -> None:
    attempt, message = FIT_REFUSES[case]
    with pytest.raises(ValueError, match=message):
        attempt()


@pytest.mark.parametrize(
    ("law", "change", "shown"),
    [
        (Equation.parse("2.5*x**1.5 + 1.0", target="y"), {"c1": 3.0}, "y = 2.5*x**3 + 1"),
        (Equation.parse("a*x + b").fit(X1, 2 * X1 + 1), {"a": 7.0}, "7*x + 1"),
        (Equation.parse("a*x/g", ["x"], constants={"g": 2.0}).fit(X1, X1), {"a": -1.0}, "-x/g"),
        (Equation.parse("2.5*x"), {}, "2.5*x"),
    ],
)
def test_coefficients_can_be_given_other_values(law: Equation, change: dict[str, float], shown: str) -> None:
    changed = law.with_coefficients(change)
    assert changed.format() == shown
    assert changed.coefficients == pytest.approx(law.coefficients | change)
    assert (changed.ranges, changed.constants, changed.fit_result_) == (law.ranges, law.constants, None)
    assert Equation.from_json(changed.to_json()) == changed
    values = changed.with_coefficients(law.coefficients).predict({"x": X1})
    np.testing.assert_allclose(values, law.predict({"x": X1}), rtol=1e-12)


@pytest.mark.parametrize("values", [{"c1": 1.0}, {"x": 1.0}, {"c0": np.nan}, {"c0": np.inf}])
def test_other_names_and_infinite_values_are_no_coefficients(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="A coefficient must be one of the equation, and finite"):
        Equation.parse("2.5*x").with_coefficients(values)


@pytest.mark.parametrize("text", ["x2*Min(x0, x1)", "2*x2 + x0*x1", "x2"])
def test_a_formula_without_parameters_comes_back_with_its_loss(text: str) -> None:
    rng = np.random.default_rng(1)
    X, y, weight = rng.normal(size=(12, 3)), rng.normal(size=12), rng.uniform(0, 2, 12)
    law = Equation.parse(text, ["x0", "x1", "x2"])
    for sample_weight, used in ((None, np.ones(12)), (weight, weight)):
        fitted = law.fit(X, y, sample_weight=sample_weight)
        assert fitted.fit_result_ is not None
        np.testing.assert_allclose(fitted.fit_result_.loss, used @ (y - law.predict(X)) ** 2, rtol=1e-12)
        assert (fitted.fit_result_.n_rows, fitted.fit_result_.iterations) == (12, 0)
        assert "no parameters" in fitted.fit_result_.status
        assert (str(fitted), fitted.coefficients, fitted.variables) == (str(law), {}, law.variables)
    assert len(Equation.parse(text).fit(X, y).ranges) == len(law.expr.free_symbols)


def test_rows_without_weight_need_no_value_of_a_formula_without_parameters() -> None:
    fitted = Equation.parse("log(x)").fit([-1.0, 1.0, np.e], [9.0, 1.0, 1.0], sample_weight=[0, 1, 3])
    assert fitted.fit_result_ is not None
    assert fitted.fit_result_.loss == pytest.approx(1.0)


# --- files ---


def test_json_is_plain() -> None:
    record = json.loads(kepler().to_json())
    assert record == {
        "format": "eqdarts-equation", "version": 1, "expression": "365.26*a**1.5",
        "variables": ["a"], "target": "period days",
    }  # fmt: skip


def test_json_of_a_fitted_formula() -> None:
    fitted = Equation.parse("b1*(1 - exp(-b2*`x [s]`))", target="y").fit({"x [s]": X1}, 3 * (1 - np.exp(-0.5 * X1)))
    back = Equation.from_json(fitted.to_json())
    assert back == fitted
    assert back.coefficients == fitted.coefficients


GOOD = json.loads(Equation.parse("2.0*x").to_json())
HOSTILE = {
    "not JSON": "{",
    "not an object": "[]",
    "another format": json.dumps({**GOOD, "format": "x"}),
    "a later version": json.dumps({**GOOD, "version": 2}),
    "a true version": json.dumps({**GOOD, "version": True}),
    "no expression": json.dumps({k: v for k, v in GOOD.items() if k != "expression"}),
    "a number as expression": json.dumps({**GOOD, "expression": 3}),
    "code": json.dumps({**GOOD, "expression": "__import__('os').system('true')"}),
    "a tower of powers": json.dumps({**GOOD, "expression": "9**9**9**9"}),
    "unknown names": json.dumps({**GOOD, "expression": "x*z"}),
    "variables not a list": json.dumps({**GOOD, "variables": "x"}),
    "variables not names": json.dumps({**GOOD, "variables": [1]}),
    "variables twice": json.dumps({**GOOD, "variables": ["x", "x"]}),
    "target not a name": json.dumps({**GOOD, "target": 3}),
    "parameters not a map": json.dumps({**GOOD, "formula": "a*x", "parameters": [1]}),
    "parameters not numbers": json.dumps({**GOOD, "formula": "a*x", "parameters": {"a": "1"}}),
    "an infinite parameter": '{"format": "eqdarts-equation", "version": 1, "expression": "x", "variables": ["x"],'
    ' "formula": "a*x", "parameters": {"a": Infinity}}',
    "a huge integer": '{"format": "eqdarts-equation", "version": 1, "expression": "x", "variables": ["x"],'
    ' "formula": "a*x", "parameters": {"a": 1' + "0" * 400 + "}}",
    "deep nesting": "[" * 100_000,
    "a long file": " " * 300_000,
    "a formula not text": json.dumps({**GOOD, "formula": ["a"], "parameters": {}}),
    "a missing parameter": json.dumps({**GOOD, "formula": "a*x + b", "parameters": {"a": 1.0}}),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_give_one_clear_error(case: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Equation.from_json(HOSTILE[case])
    assert len(str(caught.value)) < 500


KEYS = st.sampled_from([*GOOD, "formula", "parameters", "names"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=8,
)


@given(VALUES, KEYS)
@settings(max_examples=150)
def test_any_file_is_read_or_refused(value: object, key: str) -> None:
    try:
        Equation.from_json(json.dumps({**GOOD, key: value}))
    except FormulaError:
        return
    assert key != "format" or value == GOOD["format"]


def test_rows_outside_the_range_of_the_fit_are_told() -> None:
    x = np.linspace(0.0, 10.0, 30)
    line = Equation.parse("a + b*x", ["x", "z"]).fit({"x": x, "z": x}, 1 + 2 * x)
    assert line.ranges == (("x", 0.0, 10.0),)
    rows = {"x": [-0.6, -0.4, 5.0, 10.4, 12.0], "z": [99.0] * 5}
    assert line.outside(rows).tolist() == [True, False, False, False, True]
    assert line.outside(rows, margin=0.0).tolist() == [True, True, False, True, True]
    assert line.extrapolation(rows).startswith("2 of 5 row(s) lie outside the range")
    assert "(x: 0 to 10)" in line.extrapolation(rows)
    assert line.extrapolation({"x": x}) == ""
    assert not Equation.parse("2*x").outside({"x": [1e9]}).any()


def test_at_most_three_inputs_outside_are_named() -> None:
    names = list("abcde")
    law = Equation.parse("a + b + c + d + e").with_ranges(dict.fromkeys(names, (0.0, 1.0)))
    said = law.extrapolation({name: [2.0] for name in names})
    assert said.count(": 0 to 1") == 3
    assert "and 2 more" in said


def test_ranges_are_kept_in_the_file_and_files_without_them_are_read() -> None:
    law = Equation.parse("2.0*x + z").with_ranges({"x": (0.25, 1e300), "z": (-1.0, -1.0)})
    assert Equation.from_json(law.to_json()).ranges == law.ranges
    assert pickle.loads(pickle.dumps(law)).ranges == law.ranges
    record = json.loads(law.to_json())
    del record["ranges"]
    assert Equation.from_json(json.dumps(record)).ranges == ()
    for ends in ([1.0], [2.0, 1.0], [0.0, "1"], [0.0, float("nan")], 3, [True, 2.0]):
        with pytest.raises(FormulaError, match="ranges"):
            Equation.from_json(json.dumps({**record, "ranges": {"x": ends}}))
    with pytest.raises(FormulaError, match="ranges"):
        Equation.from_json(json.dumps({**record, "ranges": {"q": [0.0, 1.0]}}))


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        ([], [], "A fit needs rows. Got none"),
        ([1.0], [2.0], "A fit needs at least one row for each parameter. Got 1 row"),
        ([1.0, np.nan, 2.0], [1.0, 2.0, 3.0], "Column 'x' must be finite. Got 1 missing"),
        ([1.0, np.inf, 2.0], [1.0, 2.0, 3.0], "Column 'x' must be finite. Got 1 infinite"),
        ([1.0, 2.0, 3.0], [1.0, None, 3.0], "y must be finite. Got 1 missing"),
    ],
)
def test_rows_that_cannot_be_fitted_are_one_clear_error(x: list[float], y: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Equation.parse("a*x + b", ["x"]).fit({"x": x}, y)
    with pytest.raises(ValueError, match=re.escape(says)):
        Equation.parse("2.0*x + 1.0", ["x"]).fit({"x": x}, y)


def test_names_that_a_terminal_would_obey_are_escaped_in_what_is_printed() -> None:
    name, x = "\x1b[31mmass\n(kg)", np.linspace(1, 3, 20)
    law = Equation.parse(f"2.5*`{name}`", [name]).fit(pd.DataFrame({name: x}), pd.Series(2 * x, name="\x1b[0m"))
    assert Equation.parse(str(law), [name]) == Equation.parse(f"2*`{name}`", [name])
    assert r"2*`\x1b[31mmass\n(kg)`" in law.format()
    shown = [law.format(), repr(law), *law.extrapolation(pd.DataFrame({name: 10 * x})).split("\n")]
    shown += summary(inference(law, pd.DataFrame({name: x}), 2 * x)).split("\n")
    assert all(line.isprintable() for line in shown)
