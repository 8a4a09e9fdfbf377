r"""Unknown functions of a form as smooth curves, fitted together with its coefficients.

Of a law, or of smooth functions, a state says what a search for one function needs: with the slope J of the form in the
value F of the function and the residual r, the function should be F + r / J, with the weight :math:`J^2`.

Axes: N rows, K coefficients, m columns of which a smooth function is a sum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.expression.program import compile_expression
from eqdarts.form.read import Form
from eqdarts.losses import resolve_loss

__all__ = ["FormProblem", "State", "smooth_state"]

KNOTS = 5
STARTS, MOST_STEPS = 12, 60
ROUNDS = 3  # of the weights of a loss other than squares
FAR = 1e6  # in the place of a residual where the form is undefined
SLOPE_STEP = 1e-6


@dataclass(frozen=True, eq=False)
class State:
    """What the rows say of the functions, at smooth functions or at a law.

    Parameters
    ----------
    coefficients : dict of str to float
    values, slopes : dict of str to ndarray of shape (N,)
        Of each call by its symbol: its value, and the slope of the form in it.
    residual, weight : ndarray of shape (N,)
    """

    coefficients: dict[str, float]
    values: dict[str, Array]
    slopes: dict[str, Array]
    residual: Array
    weight: Array


@dataclass(frozen=True, eq=False)
class FormProblem:
    """A form, and the rows to which it is fitted.

    Parameters
    ----------
    form : Form
    columns : dict of str to ndarray of shape (N,)
        With the named constants.
    y : ndarray of shape (N,)
    weight : ndarray of shape (N,)
    limits : dict of str to (float, float)
        Bounds of coefficients.
    loss : str or callable
    """

    form: Form
    columns: Mapping[str, Array]
    y: Array
    weight: Array
    limits: Mapping[str, tuple[float, float]]
    loss: Any = "squared"

    @cached_property
    def model(self) -> Any:
        """The form as a function of its coefficients and of the values of its calls."""
        import torch

        from eqdarts.solver.formula import FormulaModel

        parameters = (*self.form.outside, *(call.value for call in self.form.calls))
        columns = {name: torch.tensor(column) for name, column in self.columns.items()}
        linear = torch.zeros((1, len(parameters)), dtype=torch.bool)
        return FormulaModel(compile_expression(self.form.outer), parameters, columns, len(self.y), linear)

    def at(self, coefficients: Mapping[str, float], values: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
        """Return the values (N,) of the form, and its slopes (N,) by the names of coefficients and calls."""
        import torch

        names = (*self.form.outside, *(call.value for call in self.form.calls))
        given: dict[str, Any] = {**coefficients, **values}
        theta = np.array([[np.broadcast_to(given[name], self.y.shape) for name in names]])
        with torch.inference_mode(), np.errstate(all="ignore"):
            f, slopes = self.model.evaluate(torch.tensor(theta))
        return f[0].numpy(), dict(zip(names, slopes[0].numpy(), strict=True))

    def arguments(self, coefficients: Mapping[str, float]) -> dict[str, Array]:
        """Return the arguments (N, m) of each call, by its symbol."""
        own = {name: np.full(len(self.y), coefficients[name]) for name in self.form.coefficients}
        return {c.value: self.form.arguments(c, {**self.columns, **own}, len(self.y)) for c in self.form.calls}

    def state(self, coefficients: dict[str, float], values: dict[str, Array]) -> State:
        """Return what the rows say of the functions, with the weights of the loss at this fit."""
        f, slopes = self.at(coefficients, values)
        loss = resolve_loss(self.loss, self.y, self.y - f)
        weight = loss.weights(self.y, f)
        # A row that a law happens to meet must not be all that the next fit looks at.
        weight = weight if loss.is_likelihood else np.minimum(weight, np.nanmedian(weight))
        return State(coefficients, values, slopes, self.y - f, self.weight * np.where(np.isfinite(weight), weight, 0.0))


def smooth_state(problem: FormProblem, rng: np.random.Generator) -> State:
    """Return the state of the best fit with smooth functions, of several starts."""
    fit = _SmoothFit(problem)
    weight = problem.weight
    start: Array | None = None
    for _ in range(1 if problem.loss == "squared" else ROUNDS):
        start = fit.best([start] if start is not None else fit.starts(rng), weight)
        state = problem.state(*fit.parts(start))
        weight = state.weight
    return state


@dataclass(frozen=True, eq=False)
class _SmoothFit:
    """Smooth functions in a form: the parameters are its coefficients, and those of each function's columns."""

    problem: FormProblem

    @property
    def names(self) -> tuple[str, ...]:
        """The coefficients of the form."""
        return self.problem.form.coefficients

    @cached_property
    def places(self) -> dict[str, slice]:
        """The places of each function's parameters."""
        bases = self._bases(dict.fromkeys(self.names, 1.0))
        sizes = {call.name: bases[call.value].shape[1] for call in self.problem.form.calls}
        ends = np.cumsum([len(self.names), *sizes.values()])
        return {name: slice(a, b) for name, a, b in zip(sizes, ends[:-1], ends[1:], strict=True)}

    @cached_property
    def limits(self) -> tuple[Array, Array]:
        """The least and the largest values of the parameters."""
        free = (-math.inf, math.inf)
        size = max(place.stop for place in self.places.values())
        ends = [self.problem.limits.get(name, free) for name in self.names] + [free] * (size - len(self.names))
        low, high = np.array(ends).T
        return low, high

    def _bases(self, coefficients: Mapping[str, float]) -> dict[str, Array]:
        """Return the columns (N, m) that a smooth function is a sum of, at each of its calls: a constant first."""
        at = self.problem.arguments(coefficients)
        found: dict[str, Array] = {}
        for name in self.problem.form.functions:
            own = [call.value for call in self.problem.form.calls if call.name == name]
            basis = _basis(np.concatenate([at[value] for value in own]))
            found |= {value: basis(at[value]) for value in own}
        return found

    def _bases_at(self, coefficients: Mapping[str, float]) -> dict[str, Array]:
        moves = len(self.problem.form.outside) < len(self.names)
        return self._bases(coefficients) if moves else self._bases_once

    @cached_property
    def _bases_once(self) -> dict[str, Array]:
        return self._bases(dict.fromkeys(self.names, 1.0))

    def parts(self, theta: Array) -> tuple[dict[str, float], dict[str, Array]]:
        """Return the coefficients, and the values (N,) of the calls."""
        coefficients = dict(zip(self.names, map(float, theta), strict=False))
        bases = self._bases_at(coefficients)
        calls = self.problem.form.calls
        return coefficients, {c.value: bases[c.value] @ theta[self.places[c.name]] for c in calls}

    def starts(self, rng: np.random.Generator) -> list[Array]:
        """Return parameters to start from."""
        k, found = len(self.names), []
        low, high = self.limits
        typical = float(np.abs(self.problem.y).mean())
        for trial in range(STARTS):
            start = rng.normal(0, 0.3, len(low))
            start[:k] = 10.0 ** rng.uniform(-1.5, 1.0, k) if trial else 1.0
            for place in self.places.values():
                start[place.start] = 1.0 if trial % 2 == 0 else typical
                start[place.start + 1 : place.stop] *= 0.3
            found.append(_within(start, low, high))
        return found

    def best(self, starts: list[Array], weight: Array) -> Array:
        """Return the parameters of the best weighted fit."""
        from scipy.optimize import least_squares

        y, root = self.problem.y, np.sqrt(weight)

        def missed(theta: Array) -> Array:
            f, _ = self.problem.at(*self.parts(theta))
            return root * np.where(np.isfinite(f - y), f - y, FAR)

        found: Any = None
        for start in starts:
            with np.errstate(all="ignore"):
                jacobian = self._jacobian(missed, root)
                limits = self.limits
                own = least_squares(missed, start, jacobian, limits, method="trf", x_scale="jac", max_nfev=MOST_STEPS)
            found = own if found is None or own.cost < found.cost else found
        return np.asarray(found.x)

    def _jacobian(self, missed: Callable[[Array], Array], root: Array) -> Callable[[Array], Array]:
        """Return a function for the slopes (N, K + parameters of the functions) of the weighted residuals."""

        def slopes(theta: Array) -> Array:
            coefficients, values = self.parts(theta)
            _, own = self.problem.at(coefficients, values)
            bases = self._bases_at(coefficients)
            jacobian = np.zeros((len(root), len(theta)))
            for k, name in enumerate(self.names):
                if name in own:
                    jacobian[:, k] = own[name]
            for call in self.problem.form.calls:
                jacobian[:, self.places[call.name]] += own[call.value][:, None] * bases[call.value]
            jacobian *= root[:, None]
            for k, name in enumerate(self.names):
                # One that stands in an argument moves all columns of the function.
                if name not in self.problem.form.outside or self._stands_inside(name):
                    step = np.zeros(len(theta))
                    step[k] = SLOPE_STEP * max(abs(theta[k]), SLOPE_STEP)
                    jacobian[:, k] = (missed(theta + step) - missed(theta - step)) / (2 * step[k])
            return np.where(np.isfinite(jacobian), jacobian, 0.0)

        return slopes

    def _stands_inside(self, name: str) -> bool:
        return any(str(s.name) == name for c in self.problem.form.calls for e in c.arguments for s in e.free_symbols)


def _within(start: Array, low: Array, high: Array) -> Array:
    """Return parameters inside of their limits, away from the ends."""
    width = np.where(np.isfinite(high - low), high - low, 1.0)
    inside = np.where(np.isfinite(low) & (start <= low), low + 0.1 * width, start)
    return np.where(np.isfinite(high) & (inside >= high), high - 0.1 * width, inside)


def _basis(every: Array) -> Callable[[Array], Array]:
    """Return a function for columns (n, m) at arguments (n, d): powers, products, and knots of a single argument."""
    center, spread = every.mean(axis=0), every.std(axis=0) + 1e-300
    knots = np.quantile((every - center) / spread, np.linspace(0.1, 0.9, KNOTS), axis=0)

    def basis(u: Array) -> Array:
        z = (u - center) / spread
        parts = [np.ones(len(z)), *z.T, *(z**2).T]
        if z.shape[1] == 1:
            parts += [np.maximum(z[:, 0] - knot, 0.0) ** 3 for knot in knots[:-1, 0]]
        parts += [a * b for a, b in itertools.combinations(z.T, 2)]
        return np.column_stack(parts)

    return basis
