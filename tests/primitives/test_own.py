"""A primitive of the user's own is accepted when it is right and refused with one clear error when it is not."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
import sympy
import torch

from eqdarts.primitives.own import make_primitive
from eqdarts.primitives.table import Primitive, resolve


def bump(x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    return torch.exp(-a * x**2)


def sympy_bump(x: Any, a: Any) -> Any:
    return sympy.exp(-a * x**2)


def make_bump() -> Primitive:
    return make_primitive("bump", bump, sympy_bump, n_coefficients=1, complexity=4, initial=[[1.0], [0.3]])


def test_value_and_partials_are_those_of_the_function() -> None:
    row = make_bump()
    u = torch.linspace(-2, 2, 9, dtype=torch.float64)
    a = torch.tensor(0.7, dtype=torch.float64)
    value, slope, (by_a,) = row.partials(u, a)
    expected = torch.exp(-0.7 * u**2)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(slope, -1.4 * u * expected)
    torch.testing.assert_close(by_a, -(u**2) * expected)
    torch.testing.assert_close(row(u, a), expected)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_partials_do_not_depend_on_the_gradient_mode(mode: Any) -> None:
    row = make_bump()
    with mode():
        u = torch.linspace(-2, 2, 10, dtype=torch.float64).reshape(5, 2)
        a = torch.full((5, 1), 0.7, dtype=torch.float64)
        value, slope, (by_a,) = row.partials(u, a)
    assert slope.shape == by_a.shape == u.shape
    assert not value.requires_grad
    torch.testing.assert_close(slope.clone(), -1.4 * u * torch.exp(-0.7 * u**2))


def test_pickling_and_copying_keep_the_function() -> None:
    row = make_bump()
    for again in (pickle.loads(pickle.dumps(row)), copy.deepcopy(row)):
        assert again == row
        assert hash(again) == hash(row)
        assert again.initial == row.initial
        u, a = torch.tensor([0.5]), torch.tensor(2.0)
        assert again.partials(u, a)[1].item() == row.partials(u, a)[1].item()


def test_it_is_one_more_row_beside_the_built_in_ones() -> None:
    row = make_bump()
    assert [p.name for p in resolve(["exp", row])] == ["linear", "exp", "bump"]
    assert row.shape == ("c0",)
    assert row.complexity == 4
    assert float(row.sympy(sympy.Float(2.0), 0.5)) == pytest.approx(math.exp(-2.0))


def test_without_coefficients_and_with_a_domain() -> None:
    row = make_primitive("rlog", lambda x: torch.log(x - 1), lambda x: sympy.log(x - 1), domain=(1, math.inf))
    u = torch.tensor([0.0, 1.0, 2.0])
    assert row.domain.contains(u).tolist() == [False, False, True]
    assert row.initial == ((),)


def test_two_rows_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Primitives must have different names"):
        resolve([make_bump(), make_bump()])


def half(x: torch.Tensor) -> torch.Tensor:
    return x / 2


REFUSED: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "shape": (("f", lambda x: x.sum(), lambda x: x), {}, r"elementwise: shape \(64,\) in.*Got \(\)"),
    "shape of a table": (("f", lambda x: x.reshape(-1), lambda x: x), {}, "elementwise: shape .* for shape"),
    "depends on other rows": (("f", lambda x: x - x.mean(-1, keepdim=True), lambda x: x), {}, "must be elementwise"),
    "not a tensor": (("f", lambda x: 1.0, lambda x: 1), {}, "torch_fn of primitive 'f' must take a tensor"),
    "no gradient": (("f", lambda x: x.detach() ** 2, lambda x: x**2), {}, "differentiable by torch"),
    "number of coefficients": (("f", half, lambda x: x / 2), {"n_coefficients": 1}, r"tensor and 1 coefficient\(s\)"),
    "value": (("f", torch.log, sympy.log), {}, "value of primitive 'f' must be finite inside its domain.*x = -2.95"),
    "derivative": (
        ("f", lambda x: (x - 1.5 / 64).abs().sqrt(), lambda x: sympy.sqrt(abs(x - 1.5 / 64))),
        {"domain": (0, 1)},
        "derivative of primitive 'f' must be finite.*Narrow `domain`",
    ),
    "another function in sympy": (
        ("f", torch.sin, sympy.cos),
        {},
        "must be the same function. Got -0.187354 and -0.982292 at x = -2.953",
    ),
    "complex in sympy": (("f", torch.sin, lambda x: sympy.sqrt(x)), {}, "must be the same function"),
    "sympy of torch": (("f", torch.sin, torch.sin), {}, "sympy_fn of primitive 'f' must give a sympy expression"),
    "free symbol in sympy": (("f", half, lambda x: sympy.Symbol("y")), {}, "must give a sympy expression"),
    "sympy that formulas cannot write": (
        ("f", torch.lgamma, sympy.loggamma),
        {"domain": (0, math.inf)},
        r"can be printed and evaluated\. Got loggamma\(x\)\. Write it with .* and these functions: abs, arccos",
    ),
    "part that formulas cannot write": (
        (
            "f",
            lambda x: 2 * torch.where(x > 0, x, x**3) + 1,
            lambda x: 2 * sympy.Piecewise((x, x > 0), (x**3, True)) + 1,
        ),
        {},
        r"can be printed and evaluated\. Got Piecewise\(\(x, x > 0\)",
    ),
    "number that formulas cannot write": (
        ("f", lambda x: 0.5772156649015329 * x, lambda x: sympy.EulerGamma * x),
        {},
        "can be printed and evaluated. Got EulerGamma",
    ),
    "taken name": (("exp", torch.exp, sympy.exp), {}, "must be an identifier that is not taken. Got 'exp'"),
    "name with a space": (("my f", half, lambda x: x / 2), {}, "must be an identifier"),
    "keyword": (("lambda", half, lambda x: x / 2), {}, "must be an identifier"),
    "domain in the wrong order": (("f", half, lambda x: x / 2), {"domain": (1, 0)}, r"lower end.*Got \(1.0, 0.0\)"),
    "empty domain": (("f", half, lambda x: x / 2), {"domain": (1, 1)}, "lower end"),
    "domain of NaN": (("f", half, lambda x: x / 2), {"domain": (math.nan, 1)}, "lower end"),
    "domain of three": (("f", half, lambda x: x / 2), {"domain": (0, 1, 2)}, r"interval. Got \(0, 1, 2\)"),
    "short initial": (("bump", bump, sympy_bump), {"n_coefficients": 1, "initial": [[]]}, "`initial`.*1 value"),
    "long initial": (
        ("bump", bump, sympy_bump),
        {"n_coefficients": 1, "initial": [[1, 2]]},
        "`initial`.*1 value",
    ),
    "no initial": (("bump", bump, sympy_bump), {"n_coefficients": 1, "initial": []}, "Pass at least one row"),
    "non-finite initial": (("bump", bump, sympy_bump), {"n_coefficients": 1, "initial": [[math.inf]]}, "finite"),
}


@pytest.mark.parametrize(("arguments", "more", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(arguments: tuple[Any, ...], more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_primitive(*arguments, **more)
