"""One contract for every function of the printed language: each column of each row is compared with its values."""

from __future__ import annotations

import ctypes
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts import FormulaError
from eqdarts.expression.latex import latex
from eqdarts.expression.mathml import mathml
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.expression.written import text, write
from eqdarts.primitives.functions import (
    EXP,
    FUNCTIONS,
    SHORTHANDS,
    Function,
    Notation,
    function_of,
    notation,
    notation_of,
    notations,
    unknown_part,
)
from eqdarts.primitives.intervals import Interval

Array = NDArray[np.float64]

GRID = np.concatenate([np.linspace(-3.02, 3.02, 121), [-1.0, 0.0, 1.0, 2.0]])
X = sympy.Symbol("x", real=True)

each_function = pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
each_notation = pytest.mark.parametrize("row", list(notations()), ids=lambda row: row.name)


def values(row: Function, u: Array) -> Array:
    with np.errstate(all="ignore"):
        found = np.asarray(row.numpy(u), dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def inside(row: Function) -> Array:
    """Return points at which the row says that it is real and finite, off its edges by 0.03."""
    u = GRID[: len(GRID) - 4]
    return u[row.domain.contains(u - 0.03) & row.domain.contains(u + 0.03)]


# --- values ---


@each_function
def test_numpy_and_torch_give_the_values_of_sympy(row: Function) -> None:
    u = inside(row)[::7]
    expected = [float(row.build(X).subs(X, sympy.Float(v)).evalf()) for v in u]
    np.testing.assert_allclose(values(row, u), expected, rtol=1e-12)
    np.testing.assert_allclose(row.torch(torch.from_numpy(u)).numpy(), expected, rtol=1e-12)


@each_function
def test_the_slope_is_the_derivative(row: Function) -> None:
    u = torch.from_numpy(inside(row)[inside(row) != 0]).requires_grad_(True)
    value = row.torch(u)
    (expected,) = torch.autograd.grad(value.sum(), u)
    torch.testing.assert_close(row.slope(u, value).detach(), expected)


@each_function
def test_outside_its_domain_it_has_no_value_and_inside_it_has(row: Function) -> None:
    assert np.isfinite(values(row, inside(row))).all()
    assert np.isnan(values(row, GRID[~row.domain.contains(GRID)])).all()
    if row.limit is not None and not row.limit.domain.zero:
        pole = float(sympy.nsolve(row.limit.of(X), X, 1.5))
        assert abs(values(row, np.array([pole]))[0]) > 1e10


@each_function
def test_the_derivative_is_finite_where_it_says(row: Function) -> None:
    assert row.smooth.contains(row.smooth_at)
    u = GRID[row.smooth.contains(GRID) & (np.abs(np.cos(GRID)) > 1e-3)]
    u = np.append(u, row.smooth_at)
    tensor = torch.from_numpy(u)
    assert row.slope(tensor, row.torch(tensor)).isfinite().all()


# --- what is known of the values ---


@each_function
@settings(max_examples=30, deadline=None)
@given(st.floats(-6, 6), st.floats(0, 8))
def test_no_value_lies_outside_its_bounds(row: Function, low: float, width: float) -> None:
    with np.errstate(all="ignore"):
        bounds = row.bounds(Interval(np.array([low]), np.array([low + width])))
    found = values(row, np.linspace(low, low + width, 101))
    found = found[np.isfinite(found)]
    assert (found >= bounds.low[0]).all()
    assert (found <= bounds.high[0]).all()


@each_function
def test_bounds_of_a_point_are_its_value(row: Function) -> None:
    u = inside(row)[::7]
    u = u[np.abs(values(row, u)) < 100]
    with np.errstate(all="ignore"):
        low, high = row.bounds(Interval(u, u))
    np.testing.assert_allclose(low, values(row, u), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(high, values(row, u), rtol=1e-11, atol=1e-13)


@each_function
def test_zeros_and_jumps_are_where_it_says(row: Function) -> None:
    u = np.linspace(-3, 3, 6001)
    found = values(row, u)
    defined = np.isfinite(found)
    if row.never_zero:
        assert (found[defined] != 0).all()
    if row.zero_with_argument:
        assert ((found == 0) == (u == 0)).all()
    crossing = np.flatnonzero(defined[1:] & defined[:-1] & (found[1:] * found[:-1] < 0))
    sizes = np.abs(found[np.stack([crossing, crossing + 1])])
    passes = (sizes < 0.01) | (sizes > 100)  # through zero, or through a pole
    assert row.jumps or passes.all()
    below, above = values(row, np.array([-1e-9, 1e-9]))
    assert row.jumps == (below * above < -0.1)


@pytest.mark.parametrize("row", [r for r in notations() if isinstance(r, Function) or r.folds], ids=lambda r: r.name)
def test_a_positive_factor_comes_out_of_what_is_homogeneous(row: Notation) -> None:
    names = [sympy.Symbol(f"u{k}", real=True) for k in range(row.n_arguments)]
    point = {name: value for name, value in zip(names, (0.3, 0.7), strict=False)}
    once = row.build(*names).subs(point)
    twice = row.build(*(2 * name for name in names)).subs(point)
    assert (abs(complex(twice - 2 * once).real) < 1e-12) == row.homogeneous


@pytest.mark.parametrize("row", [r for r in FUNCTIONS.values() if r.by_others], ids=lambda row: row.name)
def test_others_write_the_same_function(row: Function) -> None:
    assert row.by_others is not None
    u = inside(row)
    np.testing.assert_allclose(evaluate(row.by_others(X), {"x": u}, len(u)), values(row, u), rtol=1e-12, atol=1e-15)


# --- names ---


@each_notation
def test_every_spelling_is_read_and_printed_by_the_name(row: Notation) -> None:
    arguments = ", ".join(("x", "y")[: row.n_arguments])
    expected = parse_formula(f"{row.name}({arguments})").expr
    for spelling in row.spellings:
        assert parse_formula(f"{spelling}({arguments})").expr == expected
        assert notation(spelling) is row
    assert notation(row.name) is row
    if isinstance(row, Function) or row.folds or row.latex:
        assert text(write(expected)) == f"{row.name}({arguments})"
    assert parse_formula(text(write(expected))).expr == expected
    assert parse_formula(f"2*`{row.name}`").names == (row.name,)  # a column may have its name


def test_names_are_unique() -> None:
    names = [name for row in notations() for name in (row.name, *row.spellings)]
    assert len(names) == len(set(names))
    assert all(row.sympy_name == key for key, row in FUNCTIONS.items())
    assert all(row.name == key for key, row in SHORTHANDS.items())
    assert notation("expp") is None


@each_notation
def test_latex_and_mathml_are_whole(row: Notation) -> None:
    written = write(parse_formula(f"{row.name}({', '.join(('x', 'y')[: row.n_arguments])})").expr)
    shown = latex(written)
    assert shown.count("{") == shown.count("}")
    assert shown.count(r"\left") == shown.count(r"\right")
    tags = re.findall(r"<(/?)(\w+)[^>]*?>", mathml(written))
    opened: list[str] = []
    for closing, tag in tags:
        if closing:
            assert opened.pop() == tag
        else:
            opened.append(tag)
    assert not opened
    inside_latex, inside_mathml = row.in_latex("Q"), row.in_mathml("<mi>Q</mi>")
    assert "Q" in inside_latex
    assert "<mi>Q</mi>" in inside_mathml


@pytest.mark.parametrize("row", [r for r in notations() if r.encloses], ids=lambda row: row.name)
def test_a_power_of_what_is_enclosed_has_no_brackets(row: Notation) -> None:
    assert r"\left(" not in latex(write(parse_formula(f"{row.name}(x)**y").expr)).replace(r"\left|", "")


def test_functions_are_known_by_the_class_of_an_expression() -> None:
    assert function_of(sympy.exp(X)) is EXP
    assert function_of(sympy.Max(X, 1)) is None
    assert notation_of(sympy.Max(X, 1)) is SHORTHANDS["Max"]
    assert notation_of(X + 1) is None
    assert notation_of(sympy.Function("logistic")(X)) is None
    assert notation_of(sympy.gamma(X)) is None


# --- other languages ---


@each_function
def test_numpy_source_gives_the_values(row: Function) -> None:
    spelling = row.source.numpy
    assert spelling is not None
    space: dict[str, Any] = {"np": np}
    exec("\n".join((spelling.imports, spelling.definition)), space)
    with np.errstate(all="ignore"):
        found = eval(f"{spelling.call}(u)", space | {"u": GRID})
    np.testing.assert_allclose(np.where(np.isfinite(found), found, np.nan), values(row, GRID), rtol=1e-14)


def test_c_source_gives_the_values(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    lines = ["#include <math.h>"]
    for row in FUNCTIONS.values():
        assert row.source.c is not None
        lines += [row.source.c.definition, f"double of_{row.name}(double u) {{ return {row.source.c.call}(u); }}"]
    (tmp_path / "rows.c").write_text("\n".join(lines))
    command = [compiler, "-std=c99", "-shared", "-fPIC", "-o", str(tmp_path / "rows.so"), str(tmp_path / "rows.c")]
    subprocess.run([*command, "-lm"], check=True, capture_output=True)
    library = ctypes.CDLL(str(tmp_path / "rows.so"))
    for row in FUNCTIONS.values():
        function = getattr(library, f"of_{row.name}")
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
        found = np.array([function(float(u)) for u in GRID])
        np.testing.assert_allclose(np.where(np.isfinite(found), found, np.nan), values(row, GRID), rtol=1e-14)


SPREADSHEET = {
    "EXP": math.exp, "LN": math.log, "SIN": math.sin, "COS": math.cos, "TAN": math.tan, "ASIN": math.asin,
    "ACOS": math.acos, "ATAN": math.atan, "SINH": math.sinh, "COSH": math.cosh, "TANH": math.tanh, "ABS": abs,
    "SIGN": lambda u: math.copysign(1.0, u) if u else 0.0, "ERF": math.erf,
}  # fmt: skip
"""What spreadsheets mean by these names, by the standard of their formulas (OpenFormula 1.2)."""


@each_function
def test_a_spreadsheet_means_the_same_by_its_name(row: Function) -> None:
    spelling = row.source.excel
    assert spelling is not None
    u = inside(row)
    np.testing.assert_allclose([SPREADSHEET[spelling.call](float(v)) for v in u], values(row, u), rtol=1e-14)


# --- what formulas do not have ---

PARTS: list[Any] = [
    X, sympy.Float(2.5), sympy.Integer(-3), sympy.Rational(2, 3), sympy.pi, sympy.E, sympy.EulerGamma,
    sympy.GoldenRatio,
    sympy.I, sympy.oo, sympy.nan, sympy.zoo, sympy.gamma(X), sympy.besselj(0, X), sympy.Abs(sympy.gamma(X)),
    sympy.Piecewise((X, X > 0), (0, True)),
    sympy.Heaviside(X), sympy.floor(X), sympy.atan2(X, 2), sympy.Integral(X, X), sympy.Derivative(sympy.sin(X), X),
    sympy.Function("f")(X), sympy.Function("logistic")(X), sympy.acosh(X), sympy.sec(X),
]  # fmt: skip
PARTS += [row.build(X) for row in FUNCTIONS.values()]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), st.sampled_from(["add", "mul", "pow", "max", "exp"]))
def test_what_is_unknown_can_be_neither_written_nor_evaluated(parts: list[Any], how: str) -> None:
    try:
        expr = {
            "add": lambda: sympy.Add(*parts),
            "mul": lambda: sympy.Mul(*parts),
            "pow": lambda: sympy.Pow(parts[0], parts[-1]),
            "max": lambda: sympy.Max(*parts),
            "exp": lambda: sympy.exp(parts[0]),
        }[how]()
    except (ValueError, TypeError):  # a maximum of complex numbers
        return
    try:
        write(expr)
        compile_expression(expr)
        can_be_used = True
    except FormulaError:
        can_be_used = False
    assert (unknown_part(expr) is None) == can_be_used
