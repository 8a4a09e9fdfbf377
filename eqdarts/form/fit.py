"""The unknown functions of a form: first as smooth functions together with the coefficients, then as formulas.

The smooth fit says what each function's value should be at each row, and how much an error of it matters: with the
slope J of the form in that value and the residual r, the value is F + r / J with the weight J**2. An ordinary search
finds formulas for that. The best of them are put together, all coefficients are fitted at once, and the shortest
description is chosen.

Axes: N rows, K coefficients.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning, explain
from eqdarts.estimator import DARTSRegressor
from eqdarts.expression.build import rebuild, symbol
from eqdarts.expression.program import compile_expression
from eqdarts.form.read import Form, read_form
from eqdarts.inference.linearised import form_of
from eqdarts.selection import Candidate, description_length

__all__ = ["FormFit", "fit_form"]

KNOTS, LEAST_ROWS = 5, 20  # of the smooth functions
STARTS = 12
ROUNDS = 2  # the second search sees what the first law leaves
MOST_FORMS = 3  # formulas of each function that are put together with those of the others
LEAST_SLOPE = 1e-6  # share of the largest slope, below which a row says nothing of a function
SAME_LOSS = 1e-6
RANK = 1e-7


@dataclass(frozen=True, eq=False)
class FormFit:
    """The result of `fit_form`.

    Parameters
    ----------
    equation : Equation
        The whole law with fitted coefficients; `eqdarts.inference.inference` gives their standard errors.
    functions : dict of str to Equation
        What was found for each unknown function, in u1, u2, ... for its arguments.
    table : DataFrame
        The laws that were put together, shortest first: length in nats, loss, equation.
    """

    equation: Equation
    functions: Mapping[str, Equation]
    table: pd.DataFrame


def fit_form(
    X: pd.DataFrame, y: Any, form: str, bounds: Any = None, time_limit: float | None = 60, **search: Any
) -> FormFit:
    """Find the unknown functions of a form such as "f(conc)*exp(-k*time)", and fit all of its coefficients.

    Parameters
    ----------
    X : DataFrame
    y : array of shape (n,)
    form : str
        Names are columns; other names are coefficients; functions that eqdarts does not have are to be found.
    bounds : mapping of str to (float or None, float or None), optional
        Bounds of coefficients, as for `Equation.fit`.
    time_limit : float or None, default=60
        Seconds for all searches together.
    **search
        Parameters of the searches, as for `DARTSRegressor`, such as ``random_state=0``.

    Raises
    ------
    ValueError
        If the form cannot be read, or too few rows are given.
    """
    names = [str(name) for name in X.columns]
    read = read_form(form, names)
    values, target = X.to_numpy(dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(target) < LEAST_ROWS:
        raise ValueError(explain(f"A form needs at least {LEAST_ROWS} rows.", len(target), "Measure more."))
    task = _Task(read, names, values, target, bounds, X)
    share = None if time_limit is None else time_limit / (ROUNDS * len(read.functions))
    state = task.smooth()
    known: dict[str, list[Equation]] = {name: [] for name in read.functions}
    laws: list[_Law] = []
    for _ in range(ROUNDS):
        for name in read.functions:
            known[name] += task.searched(name, state, share, search)
        laws = task.put_together(known, laws, state.coefficients)
        if not laws:
            raise ValueError(explain("No law of this form is defined at all rows.", repr(form), "Change the form."))
        state = task.state_of(laws[0])
        known = {name: [law.inner[name] for law in laws[:MOST_FORMS]] for name in read.functions}
    table = pd.DataFrame([{"length": law.length, "loss": law.loss, "equation": str(law.equation)} for law in laws])
    return FormFit(laws[0].equation, laws[0].inner, table)


@dataclass(frozen=True, eq=False)
class _State:
    """Values (N,) of the calls by symbol, slopes (N,) of the form in them, residual (N,), coefficients (K,)."""

    values: dict[str, Array]
    slopes: dict[str, Array]
    residual: Array
    coefficients: Array


@dataclass(frozen=True, eq=False)
class _Law:
    equation: Equation
    inner: dict[str, Equation]
    length: float
    loss: float


@dataclass(frozen=True, eq=False)
class _Task:
    form: Form
    names: list[str]
    X: Array
    y: Array
    bounds: Any
    table: pd.DataFrame

    # --- the form at values of its calls ---

    def at(self, coefficients: Array, values: Mapping[str, Array]) -> tuple[Array, Array]:
        """Return the values (N,) of the form and its slopes (K + calls, N)."""
        import torch

        from eqdarts.solver.formula import FormulaModel

        n, calls = len(self.y), [call.value for call in self.form.calls]
        parameters = (*self.form.coefficients, *calls)
        columns = {name: torch.tensor(column) for name, column in zip(self.names, self.X.T, strict=True)}
        model = FormulaModel(
            compile_expression(self.form.outer),
            parameters,
            columns,
            n,
            torch.zeros((1, len(parameters)), dtype=torch.bool),
        )
        theta = np.empty((1, len(parameters), n))
        theta[0, : len(coefficients)] = coefficients[:, None]
        for k, call in enumerate(calls, len(coefficients)):
            theta[0, k] = values[call]
        with torch.inference_mode(), np.errstate(all="ignore"):
            f, slopes = model.evaluate(torch.tensor(theta))
        return f[0].numpy(), slopes[0].numpy()

    # --- smooth functions ---

    def smooth(self) -> _State:
        """Return the best fit with smooth functions, of several starts."""
        from scipy.optimize import least_squares

        rng, k = np.random.default_rng(0), len(self.form.coefficients)
        bases = {name: self._bases(name) for name in self.form.functions}
        sizes = {name: next(iter(own.values())).shape[1] for name, own in bases.items()}
        ends = np.cumsum([k, *sizes.values()])
        places = {name: slice(a, b) for name, a, b in zip(sizes, ends[:-1], ends[1:], strict=True)}

        def values(theta: Array) -> dict[str, Array]:
            return {c.value: bases[c.name][c.value] @ theta[places[c.name]] for c in self.form.calls}

        def missed(theta: Array) -> Array:
            f, _ = self.at(theta[:k], values(theta))
            return np.where(np.isfinite(f - self.y), f - self.y, 1e6)

        def slopes(theta: Array) -> Array:
            _, own = self.at(theta[:k], values(theta))
            jacobian = np.zeros((len(self.y), len(theta)))
            jacobian[:, :k] = own[:k].T
            for place, call in enumerate(self.form.calls, k):
                jacobian[:, places[call.name]] += own[place][:, None] * bases[call.name][call.value]
            return np.where(np.isfinite(jacobian), jacobian, 0.0)

        best: Any = None
        for trial in range(STARTS):
            start = rng.normal(0, 0.3, ends[-1])
            start[:k] = 10.0 ** rng.uniform(-1.5, 1.0, k) if trial else 1.0
            for name, place in places.items():
                start[place.start] = 1.0 if trial % 2 == 0 else float(np.abs(self.y).mean())
                start[place.start + 1 : place.stop] *= 0.3 if sizes[name] > 1 else 1.0
            with np.errstate(all="ignore"):
                found = least_squares(missed, start, slopes, method="trf", x_scale="jac", max_nfev=60)
            best = found if best is None or found.cost < best.cost else best
        return self._state(best.x[:k], values(best.x))

    def _bases(self, name: str) -> dict[str, Array]:
        """Return columns (N, m) that a smooth function is a sum of, at each of its calls: a constant first."""
        calls = [call for call in self.form.calls if call.name == name]
        at = {call.value: self.form.arguments(call, self.names, self.X) for call in calls}
        every = np.concatenate(list(at.values()))
        center, spread = every.mean(axis=0), every.std(axis=0) + 1e-300
        knots = np.quantile((every - center) / spread, np.linspace(0.1, 0.9, KNOTS), axis=0)

        def basis(u: Array) -> Array:
            z = (u - center) / spread
            parts = [np.ones(len(z)), *z.T, *(z**2).T]
            if z.shape[1] == 1:
                parts += [np.maximum(z[:, 0] - knot, 0.0) ** 3 for knot in knots[:-1, 0]]
            parts += [a * b for a, b in itertools.combinations(z.T, 2)]
            return np.column_stack(parts)

        return {value: basis(u) for value, u in at.items()}

    def _state(self, coefficients: Array, values: dict[str, Array]) -> _State:
        f, slopes = self.at(coefficients, values)
        own = slopes[len(coefficients) :]
        calls = [call.value for call in self.form.calls]
        return _State(values, dict(zip(calls, own, strict=True)), self.y - f, coefficients)

    # --- formulas ---

    def searched(self, name: str, state: _State, share: float | None, search: Mapping[str, Any]) -> list[Equation]:
        """Return formulas of one function, in u1, u2, ..., shortest description first."""
        u, wanted, weight = self._wanted(name, state)
        columns = [f"u{k + 1}" for k in range(u.shape[1])]
        fine = np.isfinite(wanted) & (weight > LEAST_SLOPE**2 * weight.max())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqdartsWarning)
            model = DARTSRegressor(**{"snap": False, "time_limit": share, **search}).fit(
                pd.DataFrame(u[fine], columns=columns), wanted[fine], sample_weight=weight[fine] / weight[fine].mean()
            )
        order = np.argsort(model.equations_["score"].to_numpy(), kind="stable")[:MOST_FORMS]
        return [model.front_[k] for k in order]

    def _wanted(self, name: str, state: _State) -> tuple[Array, Array, Array]:
        """Return arguments (n, m), wanted values (n,) and weights (n,) of a function, from all of its calls."""
        calls = [call for call in self.form.calls if call.name == name]
        squares = np.sum([state.slopes[call.value] ** 2 for call in calls], axis=0)
        parts = []
        for call in calls:
            slope = state.slopes[call.value]
            with np.errstate(all="ignore"):
                wanted = state.values[call.value] + state.residual * slope / squares
            weight = np.where(np.isfinite(slope), slope, 0.0) ** 2
            parts.append((self.form.arguments(call, self.names, self.X), wanted, weight))
        u, wanted, weight = map(np.concatenate, zip(*parts, strict=True))
        return u, wanted, weight

    def put_together(self, known: Mapping[str, Sequence[Equation]], laws: list[_Law], at: Array) -> list[_Law]:
        """Return the laws of all combinations of formulas, and those found before, shortest first."""
        found = {str(law.equation.template): law for law in laws}
        for chosen in itertools.product(*known.values()):
            law = self._law(dict(zip(known, chosen, strict=True)), at)
            if law is not None:
                found.setdefault(str(law.equation.template), law)
        return sorted(found.values(), key=lambda law: law.length)

    def _law(self, inner: dict[str, Equation], at: Array) -> _Law | None:
        """Return one combination, with all coefficients fitted at once; None where that fails."""
        formulas: dict[str, tuple[Expr, tuple[str, ...]]] = {}
        outer = dict(zip(self.form.coefficients, map(float, at), strict=True))
        start: dict[str, float] = {}
        for name, equation in inner.items():
            new = {symbol(c): symbol(f"{name}_{c}") for c in equation.coefficients}
            formulas[name] = rebuild(equation.template, new), equation.variables
            start |= {f"{name}_{c}": value for c, value in equation.coefficients.items()}
        whole = self.form.with_functions(formulas)
        parameters = (*self.form.coefficients, *start)
        typed = Equation(whole, tuple(self.names), formula=whole, names=(*self.names, *parameters))
        try:
            law = self._fitted(typed, outer, start)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            return None
        loss = float(law.fit_result_.loss) / len(self.y) if law.fit_result_ is not None else math.inf
        if not math.isfinite(loss):
            return None
        candidate = Candidate(law.complexity, len(law.coefficients), loss)
        mean_square, variance = float(np.mean(self.y**2)), float(np.var(self.y))
        length = description_length(candidate, len(self.y), len(self.names), mean_square, variance)
        return _Law(law, inner, length, loss)

    def _fitted(self, typed: Equation, outer: dict[str, float], start: dict[str, float]) -> Equation:
        """Return a law with its coefficients, of which none can be exchanged for another."""
        best = typed.fit(self.table, self.y, {**outer, **start}, bounds=self.bounds)
        for name in start:
            if name in dict(best.parameters) and self._is_free(best, name):
                best = self._without(best, name)
        return best

    def _is_free(self, law: Equation, name: str) -> bool:
        """Return whether the others can make up for any change of a coefficient."""
        form = form_of(law)
        columns = dict(zip(self.names, self.X.T, strict=True))
        _, jacobian = form.at(form.estimate, columns, len(self.y))
        k = form.names.index(name)
        scaled = jacobian / np.where((norm := np.linalg.norm(jacobian, axis=0)) > 0, norm, 1.0)
        others = np.delete(scaled, k, axis=1)
        rest = scaled[:, k] - others @ np.linalg.lstsq(others, scaled[:, k], rcond=None)[0]
        return bool(np.linalg.norm(rest) < RANK)

    def _without(self, law: Equation, name: str) -> Equation:
        """Return the law with a coefficient of 1, 0 or its own value, the first that costs nothing."""
        import sympy

        if law.formula is None:
            raise AssertionError
        values = dict(law.parameters)
        for number in (sympy.S.One, sympy.S.Zero, sympy.Float(values[name])):
            formula = rebuild(law.formula, {symbol(name): number})
            names = tuple(other for other in law.names if other != name)
            own = replace(law, expr=formula, formula=formula, parameters=(), constants=(), names=names)
            at = {other: value for other, value in values.items() if other != name}
            try:
                found = own.fit(self.table, self.y, at, bounds=self.bounds)
            except ValueError:
                continue
            if _loss(found) <= _loss(law) * (1 + SAME_LOSS) + 1e-300:
                return found
        return law

    def state_of(self, law: _Law) -> _State:
        """Return the values of the calls by a law, and what the rows say of them."""
        coefficients = {**dict(law.equation.parameters), **dict(law.equation.constants)}
        own = np.array([coefficients[name] for name in self.form.coefficients])
        values = {}
        for call in self.form.calls:
            u = self.form.arguments(call, self.names, self.X)
            values[call.value] = np.asarray(law.inner[call.name].predict(u), dtype=np.float64)
        return self._state(own, values)


def _loss(law: Equation) -> float:
    return math.inf if law.fit_result_ is None else float(law.fit_result_.loss)
