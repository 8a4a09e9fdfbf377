"""The one rule by which a law counts as found again, for every method alike.

A found equation is the law if it agrees with it on fresh rows of the ranges and on rows of ranges 1.5 times as wide,
and is not much longer. After data with noise its constants are first fitted to rows without: the form is judged then.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.benchmark.problems import Problem
from eqdarts.errors import FormulaError

__all__ = ["Verdict", "is_recovered", "judge", "normalised_error", "snapped", "within"]


TOLERANCE = 1e-9  # largest mean squared error over the variance
TOLERANCE_REFITTED = 1e-8  # the same after data with noise
WIDENED = 1.5
N_ROWS, N_REFIT_ROWS = 1000, 500
SNAP = 1e-6
LEAST_SHARE = {"fresh": 0.99, "wide": 0.5}  # of the rows where the law is finite, on which the found one must be too
FEWEST_ROWS = 20
POLE = 1000.0  # times the median size of the law
MOST_POLE_ROWS = 0.05
SECONDS_TO_REFIT, SECONDS_TO_SIMPLIFY = 20.0, 5.0


@dataclass(frozen=True)
class Verdict:
    """What the judge says.

    Parameters
    ----------
    recovered : bool
    reason : str
        "recovered", "differs", "differs outside" (equal in the ranges only), "too complex" or "unreadable".
    error, error_wide : float
        Mean squared error over the variance, on fresh rows and on the wider ranges; inf where too few are finite.
    complexity, complexity_true : int
        Symbols of the found equation, simple constants as such, and of the law.
    """

    recovered: bool
    reason: str
    error: float
    error_wide: float
    complexity: int
    complexity_true: int


def is_recovered(found: Any, problem: Problem, *, noisy: bool = False) -> bool:
    """Return whether `found` is the problem's law; see `judge`."""
    return judge(found, problem, noisy=noisy).recovered


def judge(found: Any, problem: Problem, *, noisy: bool = False, seed: int = 0) -> Verdict:
    """Compare a found equation with the law.

    Parameters
    ----------
    found : str, sympy.Expr or Equation
        In the names of the problem's variables.
    problem : Problem
    noisy : bool, default=False
        Whether it was found in noisy data: then its constants are fitted to rows without noise first, and the errors
        may be 1e-8 instead of 1e-9.
    seed : int, default=0
        Of the rows to compare on.

    Notes
    -----
    Both errors must be below the tolerance, and the complexity at most ``max(2 * true, true + 10)``. Constants and
    exponents within 1e-6 of an integer or half count as it, if the equation still agrees then. An equation that is too
    long is simplified before it is refused.

    Compared are rows at which both are finite. On fresh rows the found equation must be finite at 99 % of them; on the
    wider ranges, where ``sqrt(a)*sqrt(b)`` and ``sqrt(a*b)`` differ, at half. Rows next to a pole, at which the law is
    both 1000 times its median and in its largest 5 %, are left out: rounding in a constant is all that they measure.
    """
    from eqdarts.expression.written import complexity

    true_size = complexity(problem.expr)
    try:
        expr = _expression(found, problem)
        if noisy:
            expr = refitted(expr, problem, seed)
        rows = {"fresh": problem.box(N_ROWS, seed), "wide": problem.box(N_ROWS, seed, "wide", WIDENED)}
        return _compare(expr, problem, rows, true_size, TOLERANCE_REFITTED if noisy else TOLERANCE)
    except FormulaError:
        return Verdict(False, "unreadable", np.inf, np.inf, 0, true_size)


def _compare(
    expr: Expr, problem: Problem, rows: dict[str, tuple[Array, Array]], true_size: int, tolerance: float
) -> Verdict:
    from eqdarts.expression.written import complexity

    def errors(candidate: Expr) -> tuple[float, float]:
        fresh, wide = (
            normalised_error(_values(candidate, problem, X), y, LEAST_SHARE[purpose])
            for purpose, (X, y) in rows.items()
        )
        return fresh, wide

    def agrees(candidate: Expr) -> bool:
        return max(errors(candidate)) < tolerance

    simple = snapped(expr)
    chosen = simple if _is_real(simple) and agrees(simple) else expr
    error, error_wide = errors(chosen)
    size, most = complexity(chosen), max(2 * true_size, true_size + 10)
    if not max(error, error_wide) < tolerance:
        reason = "differs outside" if error < tolerance else "differs"
        return Verdict(False, reason, error, error_wide, size, true_size)
    for shorter in _simplifications(chosen) if size > most else ():
        if agrees(shorter):
            size = min(size, complexity(shorter))
        if size <= most:
            break
    recovered = size <= most
    return Verdict(recovered, "recovered" if recovered else "too complex", error, error_wide, size, true_size)


def _expression(found: Any, problem: Problem) -> Expr:
    """Return the found equation as an expression of the problem's variables."""
    from eqdarts.expression.parse import parse_formula

    expr = parse_formula(found).expr if isinstance(found, str) else getattr(found, "expr", found)
    unknown = {str(s.name) for s in expr.free_symbols} - set(problem.variables)
    if unknown or not _is_real(expr):
        raise FormulaError(f"{expr} is not an equation in {', '.join(problem.variables)}.")
    return expr


def _is_real(expr: Expr) -> bool:
    import sympy

    return not expr.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)


def _values(expr: Expr, problem: Problem, X: Array) -> Array:
    from eqdarts.expression.program import evaluate

    return evaluate(expr, dict(zip(problem.variables, X.T, strict=True)), len(X))


def normalised_error(found: Array, truth: Array, least_share: float) -> float:
    """Return the mean squared error over the variance of the truth, where both are finite and the truth has no pole.

    Parameters
    ----------
    found, truth : ndarray of shape (n,)
    least_share : float
        Of the rows with a finite truth, on which `found` must be finite; else the error is inf.
    """
    known = np.isfinite(truth)
    both = known & np.isfinite(found)
    if both.sum() < max(least_share * known.sum(), FEWEST_ROWS):
        return float(np.inf)
    found, truth = found[both], truth[both]
    size = np.abs(truth)
    keep = size <= max(POLE * float(np.median(size)), float(np.quantile(size, 1 - MOST_POLE_ROWS)))
    found, truth = found[keep], truth[keep]
    scale = float(np.abs(truth).max()) or 1.0
    with np.errstate(over="ignore"):
        variance = float(np.var(truth / scale)) or 1.0  # a law that is constant is measured by its own size
        return float(np.mean((found / scale - truth / scale) ** 2)) / variance


def snapped(expr: Expr) -> Expr:
    """Return the expression with every coefficient and exponent within 1e-6 of an integer or half replaced by it."""
    import sympy

    simple = {}
    for number in expr.atoms(sympy.Float):
        nearest = round(2 * float(number)) / 2
        if abs(float(number) - nearest) <= SNAP:
            simple[number] = sympy.Rational(nearest)
    return expr.xreplace(simple) if simple else expr


def _simplifications(expr: Expr) -> Iterator[Expr]:
    """Yield other ways to write the expression, as far as sympy finds them in a few seconds each."""
    import sympy

    from eqdarts.expression.program import compile_expression

    ways: tuple[Callable[[Expr], Expr], ...] = (
        sympy.expand,  # 14.0*(0.071428*x + ...): a number outside joins those inside
        lambda e: sympy.factor_terms(snapped(sympy.expand(e))),
        sympy.powsimp,
        sympy.factor_terms,
        sympy.cancel,
        sympy.simplify,
    )
    for way in ways:
        try:
            with within(SECONDS_TO_SIMPLIFY):
                simpler = snapped(way(expr))
            compile_expression(simpler)
        except Exception:  # sympy gives up in many ways, and this one is then no help
            continue
        if _is_real(simpler):
            yield simpler


def refitted(expr: Expr, problem: Problem, seed: int = 0) -> Expr:
    """Return the expression with its Floats fitted to rows without noise, or as it is where that fails."""
    from eqdarts.equation.equation import Equation

    X, y = problem.box(N_REFIT_ROWS, seed, "refit")
    equation = Equation(expr, problem.variables)
    finite = np.isfinite(_values(expr, problem, X))
    if not equation.coefficients or finite.mean() < LEAST_SHARE["fresh"]:
        return expr
    try:
        with within(SECONDS_TO_REFIT):
            return equation.fit(X[finite], y[finite]).expr
    except (ValueError, TimeoutError, RuntimeError):
        return expr


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after so many seconds of wall time; limits may be nested.

    The alarm is POSIX's and rings in the main thread: elsewhere there is no limit.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    began = time.perf_counter()
    outer = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    if 0 < outer < seconds:
        signal.setitimer(signal.ITIMER_REAL, outer)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.perf_counter() - began), 1e-3))
