"""An equation as a torch module: the same program as `predict`, with coefficients that can be trained.

A row at which the equation is undefined gives NaN, and adds nothing to a gradient when the loss leaves that row out.
A row at which a derivative is infinite, such as that of a root at zero, adds nothing either.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from eqdarts.arrays import as_floats
from eqdarts.errors import explain
from eqdarts.export.formula import TrainableFormula
from eqdarts.expression.program import Program, Step, compile_expression, folded
from eqdarts.primitives.domain import REAL
from eqdarts.primitives.functions import EXP, FUNCTIONS, LOG, Function
from eqdarts.primitives.table import integer_power

__all__ = ["EquationModule"]

F = TypeVar("F", bound=TrainableFormula)


class EquationModule(nn.Module, Generic[F]):
    """A fitted equation as a module. Made by `eqdarts.export.to_torch`.

    Parameters
    ----------
    equation : Equation

    Attributes
    ----------
    coefficients : Parameter of shape (K,)
        In the order of `names`.
    names : tuple of str
        The keys of ``equation.coefficients``.
    variables : tuple of str
        The columns of X.
    """

    def __init__(self, equation: F) -> None:
        super().__init__()
        values = equation.coefficients
        self.names, self.variables = tuple(values), equation.variables
        self.coefficients = nn.Parameter(torch.tensor(list(values.values()), dtype=torch.float64))
        self._equation = equation
        self._program = _with_softplus(compile_expression(equation.template))

    def forward(self, X: Any) -> Tensor:
        """Return the values (...) of the equation at X (..., d); NaN where it is undefined.

        They are of the wider type of X and the coefficients. An array that is no tensor is converted.
        """
        like = self.coefficients
        if not isinstance(X, Tensor):
            X = torch.tensor(as_floats(X, "X"), device=like.device)
        X = X.to(torch.promote_types(X.dtype, like.dtype))  # whole numbers too: their root would be a float32
        if X.ndim < 1 or X.shape[-1] != len(self.variables):
            raise ValueError(
                explain(
                    f"X must be of shape (..., {len(self.variables)}).",
                    tuple(X.shape),
                    f"Its columns are {', '.join(self.variables) or 'none'}.",
                )
            )
        result = self._values(X)
        good = result.isfinite()
        if bool(good.all()):
            return result
        # The undefined rows must not take part at all: a zero from above times their infinite slopes would be NaN.
        undefined = result.detach().new_full(result.shape, math.nan) + 0 * self.coefficients.sum()
        return undefined.masked_scatter(good, self._values(X[good])) if bool(good.any()) else undefined

    def _values(self, X: Tensor) -> Tensor:
        values = {name: X[..., i] for i, name in enumerate(self.variables)}
        like = self.coefficients
        values |= dict(zip(self.names, like, strict=True))
        values |= {name: like.new_tensor(value) for name, value in self._equation.constants}
        results: list[Tensor] = []
        for operation, arguments, detail in self._program.steps:
            if operation == "name":
                results.append(values[detail])
            elif operation == "number":
                results.append(torch.as_tensor(detail, dtype=like.dtype, device=like.device))
            else:
                results.append(_OPERATIONS[operation](detail, *[results[k] for k in arguments]))
        return results[-1].expand(X.shape[:-1])

    def to_equation(self) -> F:
        """Return the equation with the present coefficients of the module.

        Raises
        ------
        ValueError
            If a coefficient is not finite.
        """
        found = dict(zip(self.names, self.coefficients.detach().cpu().double().tolist(), strict=True))
        wrong = [name for name, value in found.items() if not math.isfinite(value)]
        if wrong:
            raise ValueError(explain("Coefficients must be finite.", ", ".join(wrong), "Train with smaller steps."))
        return self._equation.with_coefficients(found)

    def extra_repr(self) -> str:
        return self._equation.format()


def _with_softplus(program: Program) -> Program:
    """Return the program with log(a + exp(u)) as one step, whatever a is: exp(u) may overflow, the logarithm does not.

    Other steps that exp(u) serves keep it.
    """
    steps = list(program.steps)
    for k, step in enumerate(steps):
        if not _calls(step, LOG):
            continue
        inside = steps[step.arguments[0]]
        if inside.operation != "add" or len(inside.arguments) != 2:
            continue
        for shift, other in (inside.arguments, inside.arguments[::-1]):
            if _calls(steps[other], EXP):
                steps[k] = Step("log_add_exp", (shift, steps[other].arguments[0], step.arguments[0]))
                break
    return Program(tuple(steps), program.names)


def _calls(step: Step, function: Function) -> bool:
    return step.operation == "call" and FUNCTIONS[step.detail] is function


def _guarded(f: Callable[[Tensor], Tensor], inside: Callable[[Tensor], Tensor], safe: float) -> Callable[..., Tensor]:
    """Return f with its gradient where `inside` holds, and without one elsewhere; `safe` is any value inside."""

    def value(u: Tensor) -> Tensor:
        good = inside(u)
        if bool(good.all()):
            return f(u)
        return torch.where(good, f(torch.where(good, u, safe)), f(u.detach()))

    return value


def _positive(u: Tensor) -> Tensor:
    return u > 0


@functools.cache
def _torch_of(function: Function) -> Callable[[Tensor], Tensor]:
    """Return the function of tensors: NaN outside its domain, without a gradient where that is infinite."""
    domain, smooth = function.domain, function.smooth

    def real(u: Tensor) -> Tensor:
        return value(torch.where(domain.contains(u), u, math.nan))

    value: Callable[[Tensor], Tensor] = function.torch
    defined = value if domain == REAL else real
    return defined if smooth == REAL else _guarded(defined, smooth.contains, function.smooth_at)


_root = _guarded(torch.sqrt, _positive, 1.0)
_inverse = _guarded(lambda u: torch.where(u == 0, math.nan, u).reciprocal(), lambda u: u != 0, 1.0)


def _power(p: float, u: Tensor) -> Tensor:
    if p < 0:
        return _inverse(u) if p == -1 else _inverse(_power(-p, torch.where(u == 0, math.nan, u)))
    if p == int(p) and p <= 16:
        return integer_power(u, int(p)) if p else torch.ones_like(u)
    if p == 0.5:
        return _root(u)
    return _guarded(lambda v: v.pow(p), _positive, 1.0)(u) if p != int(p) else u.pow(p)


def _pow(_: Any, u: Tensor, v: Tensor) -> Tensor:
    """Return u**v; where u is not positive, its gradient is that in u for whole v, and otherwise zero."""
    good = u > 0
    if bool(good.all()):
        return u.pow(v)
    fixed = v.detach()
    whole = (u != 0) & (fixed == fixed.round())
    outside = torch.where(whole, torch.where(whole, u, 1.0).pow(fixed), u.detach().pow(fixed))
    outside = torch.where((u == 0) & (fixed < 0), math.nan, outside)
    return torch.where(good, torch.where(good, u, 1.0).pow(v), outside)


def _log_add_exp(_: Any, a: Tensor, u: Tensor, total: Tensor) -> Tensor:
    """Return log(a + exp(u)), for a > 0 without overflow."""
    good = a > 0
    safe = torch.logaddexp(torch.where(good, a, 1.0).log(), u)
    return safe if bool(good.all()) else torch.where(good, safe, _torch_of(LOG)(total))


_OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "add": folded(lambda a, b: a + b),
    "mul": folded(lambda a, b: a * b),
    "power": _power,
    "pow": _pow,
    "log_add_exp": _log_add_exp,
    "softplus": lambda a, u: torch.logaddexp(u.new_tensor(math.log(a)), u),
    "logistic": lambda a, m: _inverse(a + _torch_of(EXP)(-m)),
    "call": lambda name, u: _torch_of(FUNCTIONS[name])(u),
    "max": folded(torch.maximum),
    "min": folded(torch.minimum),
}
