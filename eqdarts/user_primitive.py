"""Derivatives of a user's primitive by autograd, and the checks it must pass when it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eqdarts.errors import explain
from eqdarts.primitives import Primitive

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


def check(row: Primitive) -> None:
    """Raise ValueError unless values and derivatives are elementwise, finite on the domain, and agree with sympy."""
    import sympy
    import torch

    x = _sample_inputs(row)
    for start in row.initial:
        coefficients = [torch.tensor(c, dtype=torch.float64) for c in start]
        value, slope, by_shape = row.partials(x, *coefficients)
        if value.shape != x.shape:
            raise ValueError(
                explain(
                    f"Primitive {row.name!r} must be elementwise: shape (64,) in, shape (64,) out.",
                    tuple(value.shape),
                    "Use torch operations that keep the shape.",
                )
            )
        for what, tensor in (("value", value), ("derivative", slope), *(("coefficient derivative", d) for d in by_shape)):
            if not bool(torch.isfinite(tensor).all()):
                bad = float(x[~torch.isfinite(tensor)][0])
                raise ValueError(
                    explain(
                        f"The {what} of primitive {row.name!r} must be finite inside its domain.",
                        f"a non-finite one at x = {bad:g}",
                        "Narrow `domain`, or change the function.",
                    )
                )
        symbol = sympy.Symbol("x", real=True)
        expression = row.sympy_form(symbol, *(sympy.Float(c) for c in start))
        expected = torch.tensor([float(sympy.N(expression.subs(symbol, sympy.Float(float(v))))) for v in x[::7]], dtype=torch.float64)
        if not torch.allclose(value[::7], expected, rtol=1e-8, atol=1e-10):
            raise ValueError(
                explain(
                    f"torch_fn and sympy_fn of primitive {row.name!r} must be the same function.",
                    f"{float(value[0]):.6g} and {float(expected[0]):.6g} at x = {float(x[0]):.4g}",
                    "Make the two agree.",
                )
            )
