"""Formulas of unknown functions put together to whole laws, each with all of its coefficients fitted at once."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning
from eqdarts.expression.build import rebuild, symbol
from eqdarts.form.smooth import FormProblem, State
from eqdarts.inference.constants import Snapping
from eqdarts.inference.linearised import form_of

__all__ = ["Formula", "Law", "laws_of_all", "state_of", "with_exact"]

RANK = 1e-7  # share of a slope that the others leave, below which a coefficient has no effect of its own
SAME_LOSS = 1e-6
LEAST_LAWS = 2  # that are fitted after the time limit too


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula of one function, in the names of its arguments, with the nats of its structure."""

    equation: Equation
    structure: float


@dataclass(frozen=True, eq=False)
class Law:
    """A whole law.

    Parameters
    ----------
    equation : Equation
        With names for its coefficients: those of the form, and f_c0, f_c1, ... of a function f.
    inner : dict of str to Formula
        The functions with the coefficients of the law.
    names : dict of str to dict of str to str
        For each function, the names in the law of the coefficients that the search has found.
    """

    equation: Equation
    inner: Mapping[str, Formula]
    names: Mapping[str, Mapping[str, str]]

    @property
    def structure(self) -> float:
        """The nats of the structure of all functions; what is outside of them is the same for all laws."""
        return sum(formula.structure for formula in self.inner.values())


@dataclass(frozen=True, eq=False)
class _Fit:
    """What a law is fitted with: the problem, bounds, named constants, names of the columns, and the target."""

    problem: FormProblem
    bounds: Any
    constants: Mapping[str, float]
    names: tuple[str, ...]
    target: str | None


def laws_of_all(
    problem: FormProblem,
    given: tuple[Any, Mapping[str, float], tuple[str, ...], str | None],
    known: Mapping[str, Sequence[Formula]],
    at: Mapping[str, float],
    go_on: Callable[[], bool] = lambda: True,
) -> list[Law]:
    """Return the laws of all combinations of formulas, with all coefficients fitted at once, the promising ones first.

    Parameters
    ----------
    problem : FormProblem
    given : (bounds, constants, names, target)
        Bounds of coefficients as the user gave them, named constants, the columns, and the name of the target.
    known : mapping of str to sequence of Formula
        Those of each function, the promising ones first.
    at : mapping of str to float
        Coefficients of the form to start from.
    go_on : callable, optional
        Returns whether there is time for another law.
    """
    fit = _Fit(problem, *given)
    found: dict[str, Law] = {}
    different = [
        list({str(one.equation.template): one for one in reversed(own)}.values())[::-1] for own in known.values()
    ]
    places = sorted(itertools.product(*(range(len(own)) for own in different)), key=lambda place: (sum(place), place))
    for number, place in enumerate(places):
        if number >= LEAST_LAWS and not go_on():
            break
        chosen = [own[k] for own, k in zip(different, place, strict=True)]
        inner = dict(zip(known, chosen, strict=True))
        law = _law(fit, inner, at)
        if law is not None:
            found.setdefault(str(law.equation.template), law)
    return list(found.values())


def _law(fit: _Fit, inner: Mapping[str, Formula], at: Mapping[str, float]) -> Law | None:
    """Return one combination; None where its fit fails."""
    form = fit.problem.form
    formulas: dict[str, tuple[Expr, tuple[str, ...]]] = {}
    start: dict[str, float] = {}
    equations = {name: formula.equation for name, formula in inner.items()}
    new = {name: _new_names(name, one, (*fit.names, *at, *fit.constants)) for name, one in equations.items()}
    for name, equation in equations.items():
        renamed = {symbol(c): symbol(other) for c, other in new[name].items()}
        formulas[name] = rebuild(equation.template, renamed), equation.variables
        start |= {other: equation.coefficients[c] for c, other in new[name].items()}
    whole = form.with_functions(formulas)
    named = {name: value for name, value in fit.constants.items() if symbol(name) in whole.free_symbols}
    own = tuple(name for name in (*form.coefficients, *start) if symbol(name) in whole.free_symbols)
    names = (*fit.names, *named, *own)
    typed = Equation(whole, fit.names, fit.target, formula=whole, names=names, constants=tuple(named.items()))
    try:
        law, fixed = _fitted(fit, typed, {**at, **start}, tuple(start))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    if law.fit_result_ is None or not math.isfinite(law.fit_result_.loss):
        return None
    values = {**dict(law.constants), **dict(law.parameters), **fixed}
    return Law(law, _with_values(inner, new, values), new)


def _with_values(
    inner: Mapping[str, Formula], names: Mapping[str, Mapping[str, str]], values: Mapping[str, float]
) -> dict[str, Formula]:
    """Return functions with the coefficients of a law.

    A constant of f in f(x) - f(y) is not in the law, and stays as the search has found it.
    """
    found = {}
    for name, formula in inner.items():
        own = {c: values[other] for c, other in names[name].items() if other in values}
        found[name] = replace(formula, equation=formula.equation.with_coefficients(own))
    return found


def with_exact(law: Law, found: Snapping) -> Law:
    """Return a law with exact constants, in its functions too."""
    values = {snap.coefficient: snap.value for snap in found.snaps} | dict(found.equation.parameters)
    return replace(law, equation=found.equation, inner=_with_values(law.inner, law.names, values))


def _new_names(function: str, equation: Equation, taken: Sequence[str]) -> dict[str, str]:
    """Return names for the coefficients of a function in the whole law."""
    prefix = f"{function}_"
    while any(name.startswith(prefix) for name in taken):
        prefix += "_"
    return {c: f"{prefix}{c}" for c in equation.coefficients}


def _fitted(
    fit: _Fit, typed: Equation, start: Mapping[str, float], inner: Sequence[str]
) -> tuple[Equation, dict[str, float]]:
    """Return a law with coefficients of which none can be exchanged for another, and those that became numbers."""
    best, fixed = _once(fit, typed, start), dict[str, float]()
    for name in inner:
        if name in dict(best.parameters) and _is_free(fit, best, name):
            best, number = _without(fit, best, name)
            fixed |= number
    return best, fixed


def _once(fit: _Fit, typed: Equation, start: Mapping[str, float]) -> Equation:
    own = {name: value for name, value in start.items() if symbol(name) in typed.expr.free_symbols}
    bounds = {name: ends for name, ends in (fit.bounds or {}).items() if name in own} or None
    columns = {name: fit.problem.columns[name] for name in fit.names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        return typed.fit(columns, fit.problem.y, own, fit.problem.weight, loss=fit.problem.loss, bounds=bounds)


def _is_free(fit: _Fit, law: Equation, name: str) -> bool:
    """Whether the others can make up for any change of a coefficient."""
    form = form_of(law)
    columns = {column: fit.problem.columns[column] for column in fit.names}
    _, jacobian = form.at(form.estimate, columns, len(fit.problem.y))
    k = form.names.index(name)
    scaled = jacobian / np.where((norm := np.linalg.norm(jacobian, axis=0)) > 0, norm, 1.0)
    others = np.delete(scaled, k, axis=1)
    rest = scaled[:, k] - others @ np.linalg.lstsq(others, scaled[:, k], rcond=None)[0]
    return bool(np.linalg.norm(rest) < RANK)


def _without(fit: _Fit, law: Equation, name: str) -> tuple[Equation, dict[str, float]]:
    """Return the law with a coefficient of 1, 0 or its own value, the first that costs nothing, and that number."""
    import sympy

    if law.formula is None:
        raise AssertionError
    values = dict(law.parameters)
    for number in (sympy.S.One, sympy.S.Zero, sympy.Float(values[name])):
        formula = rebuild(law.formula, {symbol(name): number})
        names = tuple(other for other in law.names if other != name)
        known = {other: value for other, value in law.constants if other in fit.constants}
        own = replace(law, expr=formula, formula=formula, parameters=(), names=names, constants=tuple(known.items()))
        start = {**dict(law.constants), **values}
        try:
            found = _once(fit, own, {other: value for other, value in start.items() if other in names})
        except ValueError:
            continue
        if _loss(found) <= _loss(law) * (1 + SAME_LOSS) + 1e-300:
            return found, {name: float(number)}
    return law, {}


def _loss(law: Equation) -> float:
    return math.inf if law.fit_result_ is None else float(law.fit_result_.loss)


def state_of(law: Law, problem: FormProblem) -> State:
    """Return what the rows say of the functions at a law."""
    known = {**dict(law.equation.constants), **dict(law.equation.parameters)}
    coefficients = {name: known.get(name, 1.0) for name in problem.form.coefficients}
    arguments = problem.arguments(coefficients)
    values: dict[str, Array] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        for call in problem.form.calls:
            values[call.value] = np.asarray(
                law.inner[call.name].equation.predict(arguments[call.value]), dtype=np.float64
            )
    return problem.state(coefficients, values)
