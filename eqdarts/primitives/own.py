"""Derivatives of a user's primitive by autograd, and the checks it must pass when it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eqdarts.errors import explain
from eqdarts.primitives.table import Primitive

__all__ = ["check", "partials_by_autograd"]

_SAMPLE = 64


@dataclass(frozen=True)
class _Autograd:
    """Partials of an elementwise torch function; a class so that it pickles whenever the function does."""

    function: Callable[..., Any]

    def __call__(self, u: Any, *shape: Any) -> Any:
        import torch

        with torch.inference_mode(False), torch.enable_grad():
            arguments = [u.clone().requires_grad_(True)]
            arguments += [torch.broadcast_to(c, u.shape).clone().requires_grad_(True) for c in shape]
            value = self.function(*arguments)
            gradients = torch.autograd.grad(value.sum(), arguments, allow_unused=True)
        filled = [torch.zeros_like(u) if gradient is None else gradient for gradient in gradients]
        return value.detach(), filled[0], tuple(filled[1:])


def partials_by_autograd(torch_fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``partials(u, *shape)`` for the elementwise function `torch_fn`, by reverse-mode differentiation."""
    return _Autograd(torch_fn)


def check(row: Primitive) -> None:
    """Raise ValueError unless values and derivatives are elementwise, finite on the domain, and agree with sympy."""
    import torch

    x = _sample_inputs(row)
    for start in row.initial:
        coefficients = [torch.tensor(c, dtype=torch.float64) for c in start]
        value = _checked_value(row, x, coefficients)
        _check_finite(row, x, coefficients)
        _check_sympy(row, x[::7], value[::7], start)


def _sample_inputs(row: Primitive) -> Any:
    """Return (64,) points inside the primitive's domain, at most 3 away from zero or from its nearer end."""
    import torch

    low, high = row.domain.lower, row.domain.upper
    if math.isinf(low) and math.isinf(high):
        low, high = -3.0, 3.0
    elif math.isinf(high):
        high = low + 3.0
    elif math.isinf(low):
        low = high - 3.0
    steps = (torch.arange(_SAMPLE, dtype=torch.float64) + 0.5) / _SAMPLE
    return low + (high - low) * steps


def _checked_value(row: Primitive, x: Any, coefficients: list[Any]) -> Any:
    """Return the value at `x`, having checked that it is a tensor, differentiable and elementwise."""
    import torch

    table = x.reshape(8, -1)
    columns = [c.expand(8, 1) for c in coefficients]
    try:
        value = row.value(x.clone().requires_grad_(True), *coefficients)
        shape = tuple(value.shape)
        by_table = row.value(table, *columns)
    except Exception as error:
        raise ValueError(
            explain(
                f"torch_fn of primitive {row.name!r} must take a tensor and {len(coefficients)} coefficient(s).",
                f"{type(error).__name__}: {error}",
                "Write it with torch operations, and set `n_coefficients` to the number of its further arguments.",
            )
        ) from error
    if shape != tuple(x.shape) or by_table.shape != table.shape:
        raise ValueError(
            explain(
                f"Primitive {row.name!r} must be elementwise: shape (64,) in, shape (64,) out.",
                shape if shape != tuple(x.shape) else f"shape {tuple(by_table.shape)} for shape {tuple(table.shape)}",
                "Use torch operations that keep the shape.",
            )
        )
    if not value.requires_grad:
        raise ValueError(
            explain(
                f"torch_fn of primitive {row.name!r} must be differentiable by torch.",
                "a value without a gradient",
                "Compute it from its arguments with torch operations, without detach or numpy.",
            )
        )
    if not torch.allclose(by_table.reshape(-1), value, rtol=1e-8, atol=1e-10, equal_nan=True):
        raise ValueError(
            explain(
                f"Primitive {row.name!r} must be elementwise.",
                "a value that depends on the other rows",
                "Do not reduce, sort or shift along a dimension.",
            )
        )
    return value.detach()


def _check_finite(row: Primitive, x: Any, coefficients: list[Any]) -> None:
    import torch

    value, slope, by_shape = row.partials(x, *coefficients)
    for what, tensor in (("value", value), ("derivative", slope), *(("coefficient derivative", d) for d in by_shape)):
        finite = torch.isfinite(tensor)
        if not bool(finite.all()):
            raise ValueError(
                explain(
                    f"The {what} of primitive {row.name!r} must be finite inside its domain.",
                    f"a non-finite one at x = {float(x[~finite][0]):g}",
                    "Narrow `domain`, or change the function.",
                )
            )


def _check_sympy(row: Primitive, x: Any, value: Any, start: tuple[float, ...]) -> None:
    """Compare `value` with the sympy form at the few points `x`."""
    import sympy

    symbol = sympy.Symbol("x", real=True)
    try:
        expression = sympy.sympify(row.sympy_form(symbol, *map(sympy.Float, start)))
        # complex: a form outside its real domain is a wrong form, to be reported as such
        expected = [complex(expression.subs(symbol, sympy.Float(float(v))).evalf()) for v in x]
    except Exception as error:
        raise ValueError(
            explain(
                f"sympy_fn of primitive {row.name!r} must give a sympy expression of x and its coefficients.",
                f"{type(error).__name__}: {error}",
                "Use sympy functions, for example sympy.exp in place of torch.exp.",
            )
        ) from error
    for at, torch_value, sympy_value in zip(x.tolist(), value.tolist(), expected, strict=True):
        if not abs(torch_value - sympy_value) <= 1e-10 + 1e-8 * abs(sympy_value):
            shown = f"{sympy_value.real:.6g}" if sympy_value.imag == 0 else f"{sympy_value:.6g}"
            raise ValueError(
                explain(
                    f"torch_fn and sympy_fn of primitive {row.name!r} must be the same function.",
                    f"{torch_value:.6g} and {shown} at x = {at:.4g}",
                    "Make the two agree.",
                )
            )
