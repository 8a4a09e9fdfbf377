"""A made-up built-in function goes the whole way: one row of the table, without a kernel, and nothing else is told.

`softsign` is a primitive that formulas write by others; `arccosh` is a function of its own in formulas, undefined below
one. Each stands in the table for these tests alone.
"""

from __future__ import annotations

import ctypes
import pickle
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eqdarts import DARTSRegressor, Equation
from eqdarts.equation.singularities import find_singularities
from eqdarts.expression.bounds import Interval, ranges
from eqdarts.expression.program import compile_expression
from eqdarts.plotting import plot_graph
from eqdarts.primitives import forms, intervals
from eqdarts.primitives.domain import Domain
from eqdarts.primitives.functions import ABS, FUNCTIONS, Function, Limit, Source, Spelling
from eqdarts.primitives.table import PRIMITIVES, Primitive, row_from, row_of
from eqdarts.solver.compiled import can_compile

Array = NDArray[np.float64]

pytestmark = pytest.mark.filterwarnings("ignore:The equation is undefined")

ABOVE_ONE = Domain(lower=1.0, closed=True)


def _softsign() -> Primitive:
    return row_from(
        "softsign",
        lambda u: u / (1 + u.abs()),
        lambda u, f: (1 - f.abs()) ** 2,
        lambda u: u / (1 + ABS.build(u)),
        inner=("scale", "shift"),
        complexity=5,
        initial=((2.0, -2.0), (1.0, 0.0)),
    )


def _arccosh() -> tuple[Function, Primitive]:
    function = Function(
        "arccosh",
        forms.sympy_class("acosh"),
        spellings=("acosh",),
        sympy_name="acosh",
        numpy=np.arccosh,
        torch=lambda u: u.acosh(),
        slope=lambda u, f: (u * u - 1).rsqrt(),
        bounds=intervals.between(1.0, np.inf, np.arccosh),
        limit=Limit(ABOVE_ONE, "the argument of arccosh,"),
        smooth=Domain(lower=1.0),
        smooth_at=2.0,
        source=Source(Spelling("np.arccosh"), Spelling("acosh"), Spelling("ACOSH")),
    )
    return function, row_of(function, inner=("scale",), initial=((1.0,), (3.0,)), frequency=6)


class Made(NamedTuple):
    """A model that was fitted with a made-up row, and what it was fitted to."""

    name: str
    model: DARTSRegressor
    X: Array
    y: Array
    text: str  # that stands in the equation

    @property
    def law(self) -> Equation:
        law: Equation = self.model.equation_
        return law


def _values(name: str, x: Array) -> Array:
    return 3.0 * (2.0 * x - 5.0) / (1 + np.abs(2.0 * x - 5.0)) + 4.0 if name == "softsign" else 1.7 * np.arccosh(x)


@pytest.fixture(scope="module", params=["softsign", "arccosh"])
def made(request: pytest.FixtureRequest) -> Iterator[Made]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "softsign":
            row, text = _softsign(), "abs("
        else:
            function, row = _arccosh()
            text = "arccosh("
            patch.setitem(FUNCTIONS, function.sympy_name, function)
        patch.setitem(PRIMITIVES, row.name, row)
        X = np.linspace(1.2, 6.0, 80)[:, None]
        y = _values(row.name, X[:, 0])
        model = DARTSRegressor(["linear", "exp", row.name], max_refits=150, time_limit=None, random_state=0).fit(X, y)
        yield Made(row.name, model, X, y, text)


@pytest.mark.slow
def test_the_row_has_no_kernel_and_its_graphs_are_left_to_tensors(made: Made) -> None:
    row = PRIMITIVES[made.name]
    assert row.kernel is None
    graph = made.model.graph_
    assert row in {edge.primitive for node in graph.nodes for edge in node.edges}
    assert not can_compile([graph], torch.from_numpy(made.X))


def test_the_law_is_found_and_predicted(made: Made) -> None:
    np.testing.assert_allclose(made.model.predict(made.X), made.y, rtol=1e-9)
    x = np.array([[1.37], [2.5], [4.1]])
    np.testing.assert_allclose(made.model.predict(x), _values(made.name, x[:, 0]), rtol=1e-9)


def test_text_is_read_back(made: Made) -> None:
    assert made.text in str(made.law)
    again = Equation.parse(str(made.law), made.law.variables)
    assert again.expr == made.law.expr


def test_latex_and_mathml_show_it(made: Made) -> None:
    latex, mathml = made.law.latex(), made.law.mathml()
    if made.name == "softsign":
        assert r"\left|" in latex
        assert '<mo fence="true">|</mo>' in mathml
    else:
        assert r"\operatorname{arccosh}\left(" in latex
        assert "<mi>arccosh</mi><mo>\u2061</mo>" in mathml


def test_equation_and_model_travel_as_json_and_pickle(made: Made, tmp_path: Path) -> None:
    assert Equation.from_json(made.law.to_json()).expr == made.law.expr
    model = pickle.loads(pickle.dumps(made.model))
    np.testing.assert_array_equal(model.predict(made.X), made.model.predict(made.X))
    assert model.graph_ == made.model.graph_
    path = tmp_path / "model.json"
    made.model.save(path)
    loaded = DARTSRegressor.load(path)
    np.testing.assert_array_equal(loaded.predict(made.X), made.model.predict(made.X))
    assert loaded.graph_ == made.model.graph_


def test_source_in_other_languages_gives_the_same_values(made: Made, tmp_path: Path) -> None:
    x = np.array([0.3, 1.5, 2.5, 4.0])
    expected = made.law.predict(x)
    assert np.isnan(expected[0]) == (made.name == "arccosh")
    space: dict[str, object] = {}
    exec(made.law.to_numpy_source(), space)
    np.testing.assert_allclose(space["predict"](x), expected, rtol=1e-14)  # type: ignore[operator]
    assert ("ACOSH(" if made.name == "arccosh" else "ABS(") in made.law.to_excel()
    compiler = shutil.which("cc")
    source = made.law.to_c_source("law")
    if compiler is None:
        assert ("acosh(" if made.name == "arccosh" else "fabs(") in source
        return
    (tmp_path / "law.c").write_text(source)
    command = [compiler, "-shared", "-fPIC", "-o", str(tmp_path / "law.so"), str(tmp_path / "law.c"), "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    law = ctypes.CDLL(str(tmp_path / "law.so")).law
    law.restype, law.argtypes = ctypes.c_double, [ctypes.c_double]
    np.testing.assert_allclose([law(float(v)) for v in x], expected, rtol=1e-14)


def test_the_torch_module_has_its_values_and_gradients(made: Made) -> None:
    module = made.law.to_torch()
    X = torch.tensor([[0.3], [1.0], [1.5], [4.0]], dtype=torch.float64, requires_grad=True)
    values = module(X)
    np.testing.assert_allclose(values.detach().numpy(), made.law.predict(X.detach().numpy()), rtol=1e-14)
    torch.where(values.isfinite(), values, 0.0).sum().backward()
    assert X.grad is not None
    assert X.grad.isfinite().all()
    assert (X.grad[2:] > 0).all()


def test_bounds_hold_and_the_edge_of_the_domain_is_found(made: Made) -> None:
    program = compile_expression(made.law.expr)
    low, high = np.array([1.1, 2.0, 3.0]), np.array([1.9, 3.5, 3.1])
    bounds = ranges(program, {"x0": Interval(low, high)})
    for k in range(3):
        inside = made.law.predict(np.linspace(low[k], high[k], 50))
        assert bounds.low[k] <= inside.min()
        assert inside.max() <= bounds.high[k]
    assert np.isfinite(bounds.high).all()
    assert find_singularities(made.law, {"x0": (1.1, 6.0)}).status == "none"
    beyond = find_singularities(made.law, {"x0": (-2.0, 6.0)})
    if made.name == "softsign":
        assert beyond.status == "none"
    else:
        assert beyond.found[0].kind == "edge"
        assert "the argument of arccosh, x0 is below 1 at x0 = " in beyond.found[0].words


def test_a_search_can_start_from_a_formula_with_it(made: Made) -> None:
    guess = "a*(b*x0 - 4.6)/(1 + abs(b*x0 - 4.6)) + 3.0" if made.name == "softsign" else "a*arccosh(b*x0)"
    start = {"a": 2.0, "b": 1.8 if made.name == "softsign" else 1.1}
    fitted = Equation.parse(guess, ["x0"]).fit(made.X, made.y, start=start)
    if made.name == "arccosh":
        np.testing.assert_allclose(fitted.predict(made.X), made.y, rtol=1e-6)
    options = {"max_refits": 20, "time_limit": None, "random_state": 0}
    model = DARTSRegressor(["linear", "reciprocal", "abs", made.name], guesses=[str(made.law)], **options)
    np.testing.assert_allclose(model.fit(made.X, made.y).predict(made.X), made.y, rtol=1e-9)


@pytest.mark.slow
def test_the_report_and_the_picture_of_the_graph_show_it(made: Made, tmp_path: Path) -> None:
    made.model.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert made.text.rstrip("(") in page
    drawn = plot_graph(made.model.graph_, made.model.graph_coefficients_)
    assert any(made.name in text.get_text() for text in drawn.texts)
