"""Fits of a typed formula with bounds of its parameters: one that the rows push beyond its bound stays there."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from eqdarts.errors import closest, explain

__all__ = ["checked_bounds", "fit_within"]

MOST_ROUNDS = 20
SAME = 1e-9  # share of the loss that a fit may be worse by rounding

Law = Any  # an `Equation`, whose module imports this one
T = TypeVar("T")
Fit = Callable[[Law, Mapping[str, float] | None], Law]


def fit_within(equation: T, bounds: Any, start: Any, fit: Callable[[T, Any], T]) -> T:
    """Return a formula fitted with bounds.

    A parameter that the fit without bounds puts beyond its bound is set to it and takes no further part, unless it
    comes back by itself when the others have changed. At a bound it is a constant of the equation, and
    `fit_result_.at_bounds` names it: it has no standard error, and those of the others take it as given.

    Parameters
    ----------
    equation : Equation
        With parameters.
    bounds : mapping of str to (float or None, float or None)
        The least and the largest value of parameters.
    start : mapping, sequence or None
        Starting values, as for `Equation.fit`.
    fit : callable
        ``fit(equation, start)`` -> the fitted equation, without bounds.

    Raises
    ------
    ValueError
        If a bound is not valid.
    """
    given: dict[str, float] = {}
    law: Law = fit(equation, start)
    limits = checked_bounds(bounds, dict(law.parameters))
    for _ in range(MOST_ROUNDS):
        beyond = _beyond(law, limits)
        if not beyond:
            break
        given |= beyond
        law = _fitted(equation, given, law, fit)
    for name in tuple(given) if len(given) > 1 else ():
        # The others may have moved since, so that it would now stay within its bounds.
        fewer = {other: value for other, value in given.items() if other != name}
        freed = _fitted(equation, fewer, law, fit, {name: given[name]})
        if not _beyond(freed, limits) and _loss(freed) <= (1 + SAME) * _loss(law):
            law, given = freed, fewer
    if law.fit_result_ is None or not given:
        return law  # type: ignore[no-any-return]
    return replace(law, fit_result_=replace(law.fit_result_, at_bounds=tuple(given.items())))  # type: ignore[no-any-return]


def _loss(law: Law) -> float:
    return math.inf if law.fit_result_ is None else float(law.fit_result_.loss)


def _fitted(
    equation: Law, given: Mapping[str, float], before: Law, fit: Fit, more: Mapping[str, float] | None = None
) -> Law:
    """Return the formula fitted with some parameters given, from the values of an earlier fit."""
    fixed = replace(equation, constants=(*equation.constants, *given.items()))
    start = {name: value for name, value in {**dict(before.parameters), **(more or {})}.items() if name not in given}
    return fit(fixed, start or None)


def _beyond(law: Law, limits: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Return the parameters beyond a bound, each with that bound."""
    found = {}
    for name, value in law.parameters:
        low, high = limits.get(name, (-math.inf, math.inf))
        if not low <= value <= high:
            found[name] = low if value < low else high
    return found


def checked_bounds(bounds: Any, parameters: Collection[str]) -> dict[str, tuple[float, float]]:
    if not isinstance(bounds, Mapping):
        raise ValueError(explain("bounds must map parameters to two ends.", repr(bounds), 'Try {"k": (0, None)}.'))
    found = {}
    for name, ends in bounds.items():
        if name not in parameters:
            raise ValueError(explain("Only parameters have bounds.", repr(name), closest(str(name), parameters)))
        try:
            low, high = ends
            limits = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
        except (TypeError, ValueError):
            limits = (math.nan, math.nan)
        if not limits[0] < limits[1]:
            rule = f"The bounds of {name} must be two different numbers in order; None is no bound."
            raise ValueError(explain(rule, repr(ends), "Write (0, None), or (0, 1)."))
        found[name] = limits
    return found
