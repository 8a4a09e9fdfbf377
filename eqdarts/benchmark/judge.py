"""The rule by which a law counts as found again, the same for every method.

An equation counts as the law if it agrees with the law on fresh rows of the ranges and on rows of ranges 1.5 times as
wide, and is not much longer. If the values of the law span decades, it must also agree where they are small, because
the largest values dominate a squared error. For data with noise, the constants are first fitted to rows without noise,
so that only the form is judged.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.benchmark.problems import Problem
from eqdarts.errors import FormulaError

__all__ = ["Verdict", "is_recovered", "judge", "normalised_error", "relative_error", "snapped", "within"]


TOLERANCE = 1e-9  # largest mean squared error over the variance, and largest squared relative error
TOLERANCE_REFITTED = 1e-8  # the same for data with noise
WIDENED = 1.5
N_ROWS, N_REFIT_ROWS = 1000, 500
SEED = 0  # of the rows on which equation and law are compared
SNAP = 1e-6
LEAST_SHARE = {"fresh": 0.99, "wide": 0.5}  # rows on which the equation must be finite, among those of the law
FEWEST_ROWS = 20
POLE = 1000.0  # multiple of the median size of the law
MOST_POLE_ROWS = 0.05
SPAN = 100.0  # ratio of the 95 % and 5 % quantiles of the sizes above which relative errors count too
RELATIVE_SHARE = 0.95  # share of the rows; where a law crosses zero, the relative error is only rounding
SMALLEST = 1e-290  # size below which doubles have fewer digits
SECONDS_TO_REFIT, SECONDS_TO_SIMPLIFY = 20.0, 5.0


@dataclass(frozen=True)
class Verdict:
    """The verdict of the judge.

    Parameters
    ----------
    recovered : bool
    reason : str
        "recovered", "differs", "differs where small" (equal where the law is large only), "differs outside" (equal in
        the ranges only), "too complex" or "unreadable".
    error, error_wide : float
        Mean squared error over the variance, on fresh rows and on the wider ranges; inf if too few rows are finite.
    complexity, complexity_true : int
        Number of symbols of the equation found, with simple constants as such, and of the law.
    relative, relative_wide : float
        Square of the relative error below which 95 % of the same rows are; zero if the values of the law do not span
        two decades.
    """

    recovered: bool
    reason: str
    error: float
    error_wide: float
    complexity: int
    complexity_true: int
    relative: float = np.inf
    relative_wide: float = np.inf


def is_recovered(found: Any, problem: Problem, *, noisy: bool = False) -> bool:
    """Return whether `found` is the law of the problem; see `judge`."""
    return judge(found, problem, noisy=noisy).recovered


def judge(found: Any, problem: Problem, *, noisy: bool = False) -> Verdict:
    """Compare an equation with the law.

    Parameters
    ----------
    found : str, sympy.Expr or Equation
        In the names of the problem's variables.
    problem : Problem
    noisy : bool, default=False
        Whether it was found in noisy data. If so, its constants are first fitted to rows without noise, and the errors
        may be 1e-8 instead of 1e-9.

    Notes
    -----
    All four errors must be below the tolerance, and the complexity at most ``max(2 * true, true + 10)``. Constants and
    exponents within 1e-6 of an integer or half are replaced by it, if the equation still agrees afterwards. Those near
    zero are replaced only if that changes the values by less than 1e-6 of their spread. An equation that is too long is
    simplified before it is rejected.

    Only rows at which both are finite are compared. The equation must be finite at 99 % of the fresh rows, and at half
    of those on the wider ranges, where ``sqrt(a)*sqrt(b)`` and ``sqrt(a*b)`` differ. Rows next to a pole, at which the
    law is both 1000 times its median and in its largest 5 %, are left out of the squared error, because they measure
    only the rounding of a constant. Values are compared as an equation gives them in double precision.
    """
    from eqdarts.expression.written import complexity

    true_size = complexity(problem.expr)
    try:
        expr = _expression(found, problem)
        if noisy:
            expr = refitted(expr, problem, SEED)
        rows = {"fresh": problem.box(N_ROWS, SEED), "wide": problem.box(N_ROWS, SEED, "wide", WIDENED)}
        return _compare(expr, _Comparison(problem, rows, TOLERANCE_REFITTED if noisy else TOLERANCE), true_size)
    except FormulaError:
        return Verdict(False, "unreadable", np.inf, np.inf, 0, true_size)


class _Errors(NamedTuple):
    """The errors of one expression, as in `Verdict`."""

    error: float
    error_wide: float
    relative: float
    relative_wide: float

    def reason(self, tolerance: float) -> str:
        """Return which of them are too large; "" if all are below the tolerance."""
        if not self.error < tolerance:
            return "differs"
        if not self.relative < tolerance:
            return "differs where small"
        return "" if max(self.error_wide, self.relative_wide) < tolerance else "differs outside"


@dataclass(frozen=True)
class _Comparison:
    """The rows on which an expression is compared with the law, and the tolerance."""

    problem: Problem
    rows: dict[str, tuple[Array, Array]]  # in the order of LEAST_SHARE
    tolerance: float

    @property
    def spans_decades(self) -> bool:
        """Whether the values of the law span two decades."""
        small, large = np.quantile(np.abs(self.rows["fresh"][1]), [1 - RELATIVE_SHARE, RELATIVE_SHARE])
        return bool(large > SPAN * small)

    def errors(self, expr: Expr) -> _Errors:
        """Return the errors of an expression."""
        values = self._values(expr)
        squared = self._measured(normalised_error, values)
        return _Errors(*squared, *(self._measured(relative_error, values) if self.spans_decades else (0.0, 0.0)))

    def simple(self, expr: Expr) -> Iterator[Expr]:
        """Yield the expression with simple numbers: without those near zero if they change nothing, and with them."""
        kept = snapped(expr, keep_small=True)
        bare = snapped(expr)
        if bare != kept and _is_real(bare):
            pairs = zip(self._values(bare), self._values(kept), LEAST_SHARE.values(), strict=True)
            if max(normalised_error(*pair) for pair in pairs) < SNAP**2:
                yield bare
        yield kept

    def agrees(self, expr: Expr) -> bool:
        """Return whether all errors of a real expression are below the tolerance."""
        return _is_real(expr) and not self.errors(expr).reason(self.tolerance)

    def _values(self, expr: Expr) -> list[Array]:
        return [_values(expr, self.problem, X) for X, _ in self.rows.values()]

    def _measured(self, measure: Callable[[Array, Array, float], float], values: list[Array]) -> list[float]:
        truths = [y for _, y in self.rows.values()]
        return [measure(*given) for given in zip(values, truths, LEAST_SHARE.values(), strict=True)]


def _compare(expr: Expr, comparison: _Comparison, true_size: int) -> Verdict:
    from eqdarts.expression.written import complexity

    chosen = next(filter(comparison.agrees, comparison.simple(expr)), expr)
    errors = comparison.errors(chosen)
    size, most = complexity(chosen), max(2 * true_size, true_size + 10)
    reason = errors.reason(comparison.tolerance)
    if not reason:
        for shorter in _simplifications(chosen) if size > most else ():
            if comparison.agrees(shorter):
                size = min(size, complexity(shorter))
            if size <= most:
                break
        reason = "recovered" if size <= most else "too complex"
    return Verdict(
        reason == "recovered", reason, errors.error, errors.error_wide, size, true_size,
        errors.relative, errors.relative_wide,
    )  # fmt: skip


def _expression(found: Any, problem: Problem) -> Expr:
    """Return the equation as an expression of the problem's variables."""
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
    """Return the mean squared error over the variance of the truth, on rows where both are finite and away from poles.

    Parameters
    ----------
    found, truth : ndarray of shape (n,)
    least_share : float
        Share of the rows with a finite truth on which `found` must be finite; otherwise the error is inf.
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
        variance = float(np.var(truth / scale)) or 1.0  # the error of a constant law is relative to its size
        return float(np.mean((found / scale - truth / scale) ** 2)) / variance


def relative_error(found: Array, truth: Array, least_share: float) -> float:
    """Return the square of the relative error below which 95 % of the rows are, among those where both are finite.

    Parameters
    ----------
    found, truth : ndarray of shape (n,)
    least_share : float
        Share of the rows with a finite truth on which `found` must be finite; otherwise the error is inf.
    """
    known = np.isfinite(truth)
    both = known & np.isfinite(found)
    if both.sum() < max(least_share * known.sum(), FEWEST_ROWS):
        return float(np.inf)
    size = np.maximum(np.abs(truth[both]), SMALLEST)
    with np.errstate(over="ignore"):
        return float(np.quantile(np.abs(found[both] / size - truth[both] / size), RELATIVE_SHARE, method="higher") ** 2)


def snapped(expr: Expr, keep_small: bool = False) -> Expr:
    """Return the expression with every coefficient and exponent within 1e-6 of an integer or half replaced by it.

    With `keep_small` none becomes zero: constants of nature can be smaller than that.
    """
    import sympy

    simple = {}
    for number in expr.atoms(sympy.Float):
        nearest = round(2 * float(number)) / 2
        if abs(float(number) - nearest) <= SNAP and not (keep_small and nearest == 0):
            simple[number] = sympy.Rational(nearest)
    return expr.xreplace(simple) if simple else expr


def _simplifications(expr: Expr) -> Iterator[Expr]:
    """Yield other forms of the expression that sympy finds within a few seconds each."""
    import sympy

    from eqdarts.expression.program import compile_expression

    ways: tuple[Callable[[Expr], Expr], ...] = (
        sympy.expand,  # 14.0*(0.071428*x + ...): multiply the number outside into the sum
        lambda e: sympy.factor_terms(snapped(sympy.expand(e))),
        sympy.powsimp,
        sympy.factor_terms,
        sympy.cancel,
        sympy.simplify,
    )
    for way in ways:
        try:
            with within(SECONDS_TO_SIMPLIFY):
                simpler = way(expr)
            found = [e for e in (snapped(simpler), snapped(simpler, keep_small=True)) if _is_real(e)]
            for e in found:
                compile_expression(e)
        except Exception:  # sympy can fail in many ways; this form is then left out
            continue
        yield from found


def refitted(expr: Expr, problem: Problem, seed: int = 0) -> Expr:
    """Return the expression with its Floats fitted to rows without noise, or unchanged if the fit fails."""
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
    """Raise TimeoutError in the block after `seconds` of wall time; limits may be nested.

    The limit uses the alarm of POSIX in the main thread; elsewhere there is none.
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
