"""Primitives made by the user: derivatives by autograd, and the checks that they must pass when they are made."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eqdarts.errors import explain
from eqdarts.primitives.domain import Domain
from eqdarts.primitives.functions import FUNCTIONS, unknown_part
from eqdarts.primitives.table import PRIMITIVES, Primitive

__all__ = ["check", "make_primitive", "partials_by_autograd"]

_SAMPLE = 64


def make_primitive(
    name: str,
    torch_fn: Callable[..., Any],
    sympy_fn: Callable[..., Any],
    *,
    n_coefficients: int = 0,
    domain: tuple[float, float] = (-math.inf, math.inf),
    complexity: int = 2,
    initial: Sequence[Sequence[float]] | None = None,
) -> Primitive:
    r"""Make a primitive of your own; it is checked before it is returned.

    Parameters
    ----------
    name : str
        A Python identifier that no built-in primitive has.
    torch_fn : callable
        ``torch_fn(x, *coefficients)`` -> tensor: elementwise, differentiable by torch. Coefficients are tensors that
        broadcast against `x`.
    sympy_fn : callable
        ``sympy_fn(x, *coefficients)`` -> the same function as a sympy expression.
    n_coefficients : int, default=0
        Number of coefficients.
    domain : tuple of float, default=(-inf, inf)
        Open interval of `x` on which it is real and finite.
    complexity : int, default=2
        Number of symbols that it adds to a printed equation.
    initial : sequence of sequences of float, optional
        Starting coefficients to try, for inputs of magnitude one. Default: all ones.

    Raises
    ------
    ValueError
        If the name is taken, the shape changes, a value or derivative in the domain is not finite, torch and sympy
        disagree, or the sympy form contains something that formulas cannot contain.

    Examples
    --------
    >>> import sympy, torch
    >>> bump = make_primitive(
    ...     "bump", lambda x, a: torch.exp(-a * x**2), lambda x, a: sympy.exp(-a * x**2), n_coefficients=1
    ... )
    >>> bump.name
    'bump'
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name in PRIMITIVES:
        raise ValueError(
            explain("A primitive's name must be an identifier that is not taken.", repr(name), "Choose another name.")
        )
    if len(domain) != 2:
        raise ValueError(explain("The domain of a primitive must be an interval.", domain, "Pass (lower, upper)."))
    if initial is None:
        initial = ((1.0,) * n_coefficients,)
    row = Primitive(
        name,
        torch_fn,
        partials_by_autograd(torch_fn),
        sympy_fn,
        shape=tuple(f"c{k}" for k in range(n_coefficients)),
        domain=Domain(float(domain[0]), float(domain[1])),
        complexity=complexity,
        initial=tuple(tuple(float(c) for c in start) for start in initial),
    )
    check(row)
    return row


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
    _check_shapes(row, (tuple(x.shape), shape), (tuple(table.shape), tuple(by_table.shape)))
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


def _check_shapes(row: Primitive, *pairs: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Compare the shapes of arguments with those of values."""
    for before, after in pairs:
        if before != after:
            raise ValueError(
                explain(
                    f"Primitive {row.name!r} must be elementwise: shape (64,) in, shape (64,) out.",
                    after if len(before) == 1 else f"shape {after} for shape {before}",
                    "Use torch operations that keep the shape.",
                )
            )


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
    """Compare `value` with the sympy form at the few points `x`, and see whether formulas can have that form."""
    import sympy

    symbol = sympy.Symbol("x", real=True)
    try:
        expression = sympy.sympify(row.sympy_form(symbol, *map(sympy.Float, start)))
        unknown = unknown_part(expression)
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
    if unknown is not None:
        known = ", ".join(sorted(function.name for function in FUNCTIONS.values()))
        raise ValueError(
            explain(
                f"sympy_fn of primitive {row.name!r} must give a formula that can be printed and evaluated.",
                str(unknown)[:80],
                f"Write it with + - * / **, Max, Min and these functions: {known}.",
            )
        )
    for at, torch_value, sympy_value in zip(x.tolist(), value.tolist(), expected, strict=True):
        if not abs(torch_value - sympy_value) <= 1e-10 + 1e-8 * abs(sympy_value):
            shown = f"{sympy_value.real:.6g}" if sympy_value.imag == 0 else f"{sympy_value:.6g}"
            raise ValueError(
                explain(
                    f"torch_fn and sympy_fn of primitive {row.name!r} must be the same function.",
                    f"{torch_value:.6g} and {shown} at x = {at:.4g}",
                    "Correct one of the two.",
                )
            )
