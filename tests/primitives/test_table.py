"""One contract for every row of the table: a new primitive is tested the moment it is a row."""

from __future__ import annotations

import ast
import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.primitives.functions import FUNCTIONS, notations
from eqdarts.primitives.table import (
    PRESETS,
    PRIMITIVES,
    Primitive,
    fixed_power,
    get_primitive,
    primitive_of,
    resolve,
)
from eqdarts.solver.kernels import OPERATIONS
from tests.places import ROOT

EXPONENTS = [Fraction(p) for p in ("-2", "-3/2", "-1/2", "3/2", "5/2", "4", "5", "-3", "1/3", "-2/3")]
FIXED = [fixed_power(p) for p in EXPONENTS]
ROWS = [*PRIMITIVES.values(), *FIXED]
SHAPED = [(row, start) for row in ROWS for start in dict.fromkeys(c[len(row.inner) :] for c in row.initial)]

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
each_shape = pytest.mark.parametrize(("row", "shape"), SHAPED, ids=lambda p: getattr(p, "name", None) or str(p))


def doubles(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def inside(row: Primitive) -> torch.Tensor:
    """Return points inside the domain, off the edge by 0.03 at least, and off the corners at zero."""
    u = torch.linspace(-3.02, 3.02, 120, dtype=torch.float64)
    low, high = max(row.domain.lower, -3.02), min(row.domain.upper, 3.02)
    return u[(u > low + 0.03) & (u < high - 0.03) & (u.abs() > 0.01)]


def outside(row: Primitive) -> torch.Tensor:
    """Return points where the function is not real, or not finite."""
    candidates = doubles(-1e3, -2.5, -1.0001, -1e-9, -0.0, 0.0, 1.0001, 2.5, 1e3)
    return candidates[~row.domain.contains(candidates)]


def tensors(shape: tuple[float, ...]) -> list[torch.Tensor]:
    return [torch.tensor(c, dtype=torch.float64) for c in shape]


@each_shape
def test_value_is_the_sympy_form(row: Primitive, shape: tuple[float, ...]) -> None:
    u = inside(row)[::7]
    symbol = sympy.Symbol("u", real=True)
    form = sympy.sympify(row.sympy_form(symbol, *map(sympy.Float, shape)))
    expected = [complex(form.subs(symbol, sympy.Float(v)).evalf()) for v in u.tolist()]
    assert all(value.imag == 0 for value in expected)
    torch.testing.assert_close(row.value(u, *tensors(shape)), doubles(*(value.real for value in expected)))


@each_shape
def test_partials_are_the_derivatives(row: Primitive, shape: tuple[float, ...]) -> None:
    u = inside(row).requires_grad_(True)
    # one coefficient a point, or summing over the points would mix them
    coefficients = [torch.full_like(u, c).requires_grad_(True) for c in shape]
    value, slope, by_shape = row.partials(u, *coefficients)
    torch.testing.assert_close(value, row.value(u, *coefficients))
    assert len(by_shape) == len(row.shape)
    expected = torch.autograd.grad(row.value(u, *coefficients).sum(), [u, *coefficients])
    for got, wanted in zip((slope, *by_shape), expected, strict=True):
        assert torch.isfinite(got).all()
        torch.testing.assert_close(got.expand_as(u), wanted)


@each_row
def test_sympy_derivative_is_the_slope(row: Primitive) -> None:
    shape = row.initial[0][len(row.inner) :]
    symbol = sympy.Symbol("u", real=True)
    derivative = sympy.diff(sympy.sympify(row.sympy_form(symbol, *map(sympy.Float, shape))), symbol)
    u = inside(row)[::17]
    expected = [float(derivative.subs(symbol, sympy.Float(v)).evalf()) for v in u.tolist()]
    torch.testing.assert_close(row.partials(u, *tensors(shape))[1].detach(), doubles(*expected))


@each_shape
def test_outside_the_domain_there_is_no_number(row: Primitive, shape: tuple[float, ...]) -> None:
    u = outside(row)
    value = row.value(u, *tensors(shape))
    assert not torch.isfinite(value).any()
    assert not torch.isfinite(row.partials(u, *tensors(shape))[0]).any()


@each_shape
def test_inside_the_domain_there_is(row: Primitive, shape: tuple[float, ...]) -> None:
    u = inside(row)
    assert len(u) > 10
    assert row.domain.contains(u).all()
    assert torch.isfinite(row.value(u, *tensors(shape))).all()


@pytest.mark.parametrize("name", ["sqrt", "arcsin", "power", "power[3/2]", "power[1/3]"])
def test_a_closed_edge_belongs_to_the_domain(name: str) -> None:
    row = get_primitive(name)
    edge = doubles(row.domain.lower)
    assert row.domain.contains(edge).all()
    assert torch.isfinite(row.value(edge, *tensors((0.5,) if name == "power" else ()))).all()


@each_shape
def test_clamped_values_are_in_the_domain_with_finite_value_and_gradient(
    row: Primitive, shape: tuple[float, ...]
) -> None:
    u = doubles(-1e3, -1.0, -1e-3, -1e-9, -0.0, 0.0, 1e-9, 1e-3, 0.999, 1.0, 1e3)
    if not row.value(u, *tensors(shape)).isinf()[-1]:  # exp overflows inside its domain
        u = u.requires_grad_(True)
    else:
        u = u[1:-1].detach().requires_grad_(True)
    clamped = row.domain.clamp(u)
    assert row.domain.contains(clamped).all()
    value = row.value(clamped, *tensors(shape))
    assert torch.isfinite(value).all()
    assert torch.isfinite(torch.autograd.grad(value.sum(), u)[0]).all()


@each_row
def test_clamp_leaves_values_well_inside_alone(row: Primitive) -> None:
    u = inside(row)
    torch.testing.assert_close(row.domain.clamp(u), u, rtol=0, atol=0)


@pytest.mark.parametrize(("p", "slope"), [(0.5, math.inf), (1.0, 1.0), (1.5, 0.0), (2.0, 0.0), (3.7, 0.0)])
def test_learned_power_at_zero(p: float, slope: float) -> None:
    value, by_u, (by_p,) = PRIMITIVES["power"].partials(doubles(0.0, 2.0), doubles(p, p))
    assert value[0] == 0.0
    assert by_u[0] == slope
    assert by_p[0] == 0.0
    assert by_p[1] == pytest.approx(2.0**p * math.log(2.0))


@pytest.mark.parametrize("p", [Fraction(n, d) for n, d in ((3, 2), (5, 2), (7, 2), (4, 1), (5, 1), (4, 3))])
def test_fixed_power_above_one_is_flat_at_zero(p: Fraction) -> None:
    value, slope, _ = fixed_power(p).partials(doubles(0.0))
    assert value.item() == slope.item() == 0.0


@pytest.mark.parametrize("p", [Fraction(n) for n in (-3, -2, -1, 1, 2, 3, 4, 5, 9)])
def test_integer_powers_take_negative_values(p: Fraction) -> None:
    u = doubles(-2.0, -0.5, 3.0)
    value, slope, _ = fixed_power(p).partials(u)
    torch.testing.assert_close(value, doubles(*(float(v) ** int(p) for v in u)))
    torch.testing.assert_close(slope, doubles(*(int(p) * float(v) ** (int(p) - 1) for v in u)))


@settings(deadline=None)
@given(st.fractions(-6, 6, max_denominator=6).filter(bool), st.floats(0.05, 20.0))
def test_a_fixed_power_is_the_power(p: Fraction, u: float) -> None:
    row = fixed_power(p)
    assert row.exponent == p
    value, slope, _ = row.partials(doubles(u))
    assert value.item() == pytest.approx(u ** float(p), rel=1e-12)
    assert slope.item() == pytest.approx(float(p) * u ** (float(p) - 1), rel=1e-12)
    assert fixed_power(p) is row
    assert get_primitive(row.name) is row


def test_an_exponent_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must not be zero\. Got 0\."):
        fixed_power(Fraction(0))


@pytest.mark.parametrize("row", [row for row in ROWS if row.homogeneous], ids=lambda row: row.name)
def test_an_inner_scale_of_a_homogeneous_row_comes_out(row: Primitive) -> None:
    shape = row.initial[0][len(row.inner) :]
    exponent = shape[0] if row.name == "power" else 1 if row.name == "abs" else row.exponent
    assert exponent is not None
    assert not row.inner
    u = inside(row)[::5]
    torch.testing.assert_close(
        row.value(2.5 * u, *tensors(shape)), 2.5 ** float(exponent) * row.value(u, *tensors(shape))
    )


@each_row
def test_a_row_is_whole(row: Primitive) -> None:
    assert row.n_coefficients == len(row.inner) + len(row.shape)
    assert all(len(start) == row.n_coefficients for start in row.initial)
    assert row.complexity >= 0
    assert len(row.neutral) == len(row.inner)
    coefficients = [*row.neutral, *row.initial[0][len(row.inner) :]]
    u = inside(row)
    torch.testing.assert_close(
        row(u, *tensors(tuple(coefficients))), row.value(u, *tensors(tuple(coefficients[len(row.inner) :])))
    )


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: row.name)  # none is flat
def test_initial_coefficients_give_a_gradient_to_sources_of_magnitude_one(row: Primitive) -> None:
    x = doubles(0.3, 0.6, 1.0, 1.5, 2.0)
    for start in row.initial:
        u = row.inner_value(x, start)
        value, slope, _ = row.partials(u, *tensors(start[len(row.inner) :]))
        assert torch.isfinite(value).all()
        assert (slope.abs() > 1e-3).any()


def test_inner_coefficients_are_scale_then_shift() -> None:
    x = doubles(-1.0, 0.5)
    torch.testing.assert_close(PRIMITIVES["tanh"](x, 2.0, 0.3), torch.tanh(2.0 * x + 0.3))
    torch.testing.assert_close(PRIMITIVES["relu"](x, 0.7), torch.relu(x + 0.7))
    a, b, t = sympy.symbols("a b t")
    assert PRIMITIVES["tanh"].sympy(t, a, b) == sympy.tanh(a * t + b)
    assert PRIMITIVES["power"].sympy(t, a) == t**a


@each_row
def test_pickling_returns_the_same_object(row: Primitive) -> None:
    assert pickle.loads(pickle.dumps(row)) is row


def test_rows_are_equal_by_name() -> None:
    sine, cosine = PRIMITIVES["sin"], PRIMITIVES["cos"]
    other = Primitive("sin", cosine.value, cosine.partials, cosine.sympy_form)
    assert other == sine
    assert hash(other) == hash(sine)
    assert sine != cosine
    again = pickle.loads(pickle.dumps(Primitive("own", torch.cos, torch.cos, sympy.cos)))
    assert again.value is torch.cos


# --- what others ask of a row ---


@pytest.mark.slow
def test_nobody_else_asks_for_a_function_by_its_name() -> None:
    names = {*PRIMITIVES, *FUNCTIONS, *(name for row in notations() for name in (row.name, *row.spellings))}
    asked = []
    for path in sorted((ROOT / "eqdarts").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.parent.name != "primitives" else ast.parse("")
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Compare)):
            sides = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
            texts = {part.value for part in sides if isinstance(part, ast.Constant)}
            about = {getattr(part, "attr", getattr(part, "id", "")) for part in sides}
            if texts & names and about & {"name", "__name__"}:
                asked.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
    assert not asked


@each_row
def test_what_formulas_call_it_has_its_values(row: Primitive) -> None:
    f = row.function
    if f is None:
        assert row.name not in {function.name for function in FUNCTIONS.values()}
        return
    assert (f.name, f.domain) == (row.name, row.domain)
    assert primitive_of(f) is row
    u = inside(row)
    np.testing.assert_allclose(f.numpy(u.numpy()), row.value(u).numpy(), rtol=1e-14)


@each_row
def test_its_kernel_is_one_that_there_is(row: Primitive) -> None:
    """What a kernel computes is compared with tensors in the tests of the solver."""
    assert row.kernel is not None
    assert row.kernel.name in OPERATIONS
    power = row.exponent if row.kernel.name in ("integer", "half", "real") else Fraction(0)
    assert power is not None
    assert row.kernel.power == float(power * (2 if row.kernel.name == "half" else 1))


@each_row
def test_its_frequency_and_family_are_those_of_rows(row: Primitive) -> None:
    assert row.frequency > 0
    assert row in PRIMITIVES.values() or row.frequency == PRIMITIVES["exp"].frequency
    assert row.kin == row.name or row.kin in PRIMITIVES
    assert not (row.family and row.homogeneous)  # a power may stand inside any other function


@pytest.mark.parametrize("row", [row for row in ROWS if row.inverse], ids=lambda row: row.name)
def test_its_inverse_undoes_it(row: Primitive) -> None:
    assert row.inverse is not None
    h = inside(row)[::3]
    y = row.value(h)
    defined = (y.abs() < 1e6) & (y.abs() < 0.999 if row.name == "tanh" else y == y)
    with np.errstate(all="ignore"):
        solved = torch.from_numpy(np.asarray(row.inverse.solve(y[defined].numpy())))
    torch.testing.assert_close(row.value(solved), y[defined])
    if row.inverse.transform is None:
        return
    y = doubles(0.2, 0.7, 1.3, 2.9)
    solved = torch.from_numpy(row.inverse.solve(y.numpy()))
    torch.testing.assert_close(torch.from_numpy(row.inverse.transform.value(solved.numpy())), y)
    rate = torch.from_numpy(np.asarray(row.inverse.transform.slope(y.numpy())))
    torch.testing.assert_close(rate * row.partials(solved)[1], torch.ones_like(y))


@each_shape
@pytest.mark.parametrize("k", [0.3, 2.5, -2.0])
def test_a_scale_and_a_shift_come_out_as_it_says(row: Primitive, shape: tuple[float, ...], k: float) -> None:
    u = inside(row)
    u = u[row.domain.contains(k * u)]
    f = row.value(u, *tensors(shape))
    moved = row.scaled(k, shape)
    if moved is not None:
        torch.testing.assert_close(row.value(k * u, *tensors(shape)), moved[0] * f + moved[1])
        assert row.scale_is_shift == (moved[1] != 0 or row.name == "log")
    assert (moved is not None) or not (row.homogeneous and k > 0)
    if k > 0 and not row.scale_is_shift and row.shift_out is None:
        assert row.keeps_form_when_scaled == (moved is not None)
    if row.shift_out is not None:
        torch.testing.assert_close(row.value(k + u, *tensors(shape)), row.shift_out(k) * f)


@each_row
def test_a_wave_returns_and_no_other_function_does(row: Primitive) -> None:
    u = inside(row)
    if row.shape:
        assert not row.oscillates
        return
    value = row.value(u)
    returns = bool(torch.allclose(row.value(u + 2 * math.pi), value)) and float(value.abs().max()) <= 1
    assert row.oscillates == (returns and row.name != "none")


@each_shape
def test_its_label_is_mathtext_of_the_function(row: Primitive, shape: tuple[float, ...]) -> None:
    drawn = row.label.format(*map(str, shape), u="Q")
    assert ("Q" in drawn) == bool(row.label)
    assert drawn.count("{") == drawn.count("}")


def test_names_are_unique_and_are_the_keys() -> None:
    assert [row.name for row in PRIMITIVES.values()] == list(PRIMITIVES)
    exponents = [row.exponent for row in ROWS if row.exponent is not None]
    assert len(exponents) == len(set(exponents))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_resolve_to_rows_with_linear_among_them(preset: str) -> None:
    rows = resolve(preset)
    assert tuple(row.name for row in rows) == PRESETS[preset]
    assert PRIMITIVES["linear"] in rows


def test_resolve_takes_names_and_rows_once_each_and_leaves_out_none() -> None:
    names = [row.name for row in resolve(["exp", PRIMITIVES["log"], "exp", "none", "power[3/2]", "power[2]"])]
    assert names == ["linear", "exp", "log", "power[3/2]", "square"]


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "preset": ("defualt", ValueError, "must be a preset .* Got 'defualt'. Did you mean 'default'?"),
    "name for a list": ("exp", ValueError, r"Got 'exp'. Give the list \['exp'\]"),
    "name": (["expp"], ValueError, "There is no such primitive. Got 'expp'. Did you mean 'exp'?"),
    "capitals": (["Log"], ValueError, "Did you mean 'log'?"),
    "nothing like it": (["zzzz"], ValueError, "Known: none, linear, power"),
    "power of zero": (["power[0]"], ValueError, r"Got 'power\[0\]'"),
    "power of text": (["power[x]"], ValueError, r"Got 'power\[x\]'"),
    "power over zero": (["power[1/0]"], ValueError, r"Got 'power\[1/0\]'"),
    "function": ([torch.exp], TypeError, "names or Primitive rows.*make_primitive"),
    "number": (3, TypeError, "preset or a list of names. Got 3. Presets: default"),
}


@pytest.mark.parametrize(("primitives", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_resolve_refuses(primitives: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve(primitives)


def test_a_row_needs_starting_coefficients_of_its_length() -> None:
    with pytest.raises(ValueError, match=r"Rows of `initial` .* must have 1 value"):
        Primitive("own", torch.cos, torch.cos, sympy.cos, inner=("scale",))
