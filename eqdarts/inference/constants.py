"""Snapping: a fitted coefficient becomes an exact constant if this makes the description shorter.

The description saves the bits of the coefficient. It pays for the name of the constant, and for the rise of the loss
after the other coefficients have been refitted. A constant that the data can distinguish from the estimate is never
used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.data import moments, weighted_rows
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import rebuild, symbol, with_values, without_units
from eqdarts.expression.normal_form import cost, normalise
from eqdarts.expression.program import evaluate
from eqdarts.expression.readable import readable
from eqdarts.expression.rounding import rounded
from eqdarts.expression.signs import with_signs_before_roots
from eqdarts.expression.simplify import Points, agreeing
from eqdarts.expression.written import complexity, numbers, text, write
from eqdarts.inference.constants_table import Constant, Unit, is_exponent, near_exponent, told_apart, units_of, zero
from eqdarts.inference.intervals import quantile
from eqdarts.inference.linearised import Form, Rows, decompose, form_of, rows_of
from eqdarts.selection import ROUNDING, Candidate, description_length

__all__ = ["Snap", "Snapping", "promised_by_constants", "snap_constants"]


FARTHEST = 0.9995  # coverage of the interval outside which the data distinguish a constant from the estimate
MOST_ROUNDED = 200  # rows on which rounding the remaining coefficients must change nothing
MOST_REFITTED = 20_000  # with more rows, one Gauss-Newton step from so close ends at the least squares estimate
MOST_TRIALS = 6  # largest number of refits for each snapped constant
EXACT = 1e-6  # relative half width of an interval within which rows without noise determine a height
ALIKE = 0.05  # largest relative difference of two coefficients that may be one
MOST_STEPS = 300  # of a refit, which starts beside its optimum


@dataclass(frozen=True)
class Snap:
    """One coefficient that became an exact constant.

    Parameters
    ----------
    coefficient : str
        Its name in the equation before snapping.
    constant : str
        The constant as text: "3/2", "2*pi", "g/2".
    value : float
    estimate, standard_error : float
        Of the coefficient before snapping.
    interval : tuple of two floats
        Its 95 % interval before snapping.
    loss_before, loss_after : float
        Weighted mean squared residual before and after, with the other coefficients refitted.
    saved : float
        Number of nats by which the description became shorter.
    """

    coefficient: str
    constant: str
    value: float
    estimate: float
    standard_error: float
    interval: tuple[float, float]
    loss_before: float
    loss_after: float
    saved: float

    def __str__(self) -> str:
        low, high = self.interval
        where = "in" if low <= self.value <= high else "OUTSIDE"
        return (
            f"{self.coefficient} = {self.estimate:.6g} became {self.constant}, {where} its 95 % interval "
            f"{low:.6g} .. {high:.6g}: mean squared residual {self.loss_before:.4g} -> {self.loss_after:.4g}, "
            f"description {self.saved:.1f} nats shorter"
        )


@dataclass(frozen=True)
class Snapping:
    """The equation with exact constants, and the list of snapped coefficients."""

    equation: Equation
    snaps: tuple[Snap, ...]


class _State(NamedTuple):
    form: Form
    loss: float
    length: float  # with the names of the constants
    spent: float = 0.0  # on these names
    record: Any = None


class _Setting(NamedTuple):
    """Everything that stays the same while an equation is snapped."""

    rows: Rows
    n_rows: float  # that the weights represent
    units: list[Unit]
    named: Mapping[str, float]
    n_inputs: int
    mean_square: float
    variance: float
    most_complexity: int

    def length(self, expr: Expr, n_coefficients: int, loss: float) -> float:
        """Return the description length; a constant counts as the one number that it replaces.

        What is not real, such as the root of a number that has become negative, is infinitely long.
        """
        try:
            symbols = min(complexity(expr), self.most_complexity)
        except FormulaError:
            return math.inf
        candidate = Candidate(symbols, n_coefficients, loss)
        return description_length(candidate, self.n_rows, self.n_inputs, self.mean_square, self.variance)


def snap_constants(
    equation: Equation,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    sigma: Any = None,
    constants: Mapping[str, float] | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Snapping:
    """Replace coefficients by exact constants if the description does not become longer.

    Parameters
    ----------
    equation : Equation
        Fitted to these rows and weights.
    X, y, sample_weight, sigma
        As in `inference`; `sigma` is used as weights. Weights that are whole numbers count repeated rows.
    constants : mapping of str to float, optional
        Named constants in the units of the data, such as ``{"g": 9.80665}``. The formula contains a constant that is
        found by its name, and the equation's `constants` lists it.
    go_on : callable, optional
        Returns whether there is time to try another constant. Coefficients that are already snapped stay snapped.

    Returns
    -------
    Snapping
        With the unchanged equation if nothing was snapped.

    Notes
    -----
    By the same rule a coefficient that the rows cannot distinguish from 0 becomes 0, and its term or factor disappears.
    Two coefficients of nearly the same size that the rows cannot distinguish become one, where the equation can be
    written with one of them: ``c0/n**2 - c1/m**2`` becomes ``c0*(1/n**2 - 1/m**2)``. A height, that is a coefficient
    that is a term by itself, becomes 0 or stays, unless the rows have no noise: whether it is 2 or 2.01 is seldom a
    law.

    Examples
    --------
    >>> t = np.linspace(0.1, 2, 30)
    >>> fall = Equation.parse("c0*t**c1", ["t"]).fit({"t": t}, 4.903325 * t**2, start=[4, 1.9])
    >>> found = snap_constants(fall, {"t": t}, 4.903325 * t**2, constants={"g": 9.80665})
    >>> str(found.equation), found.equation.constants
    ('g*t**2/2', (('g', 9.80665),))
    """
    state, setting = _begin(equation, X, y, sample_weight, sigma, constants)
    snaps: list[Snap] = []
    while math.isfinite(state.loss) and (step := _best_step(state, setting, go_on)) is not None:
        snap, state = step
        snaps.append(snap)
    if not snaps:
        return Snapping(equation, ())
    return Snapping(_equation(equation, state, setting.rows), tuple(snaps))


def promised_by_constants(equation: Equation, X: Any, y: Any, sample_weight: Any = None, sigma: Any = None) -> float:
    """Return about how many nats exact constants can save: by the linear model at the estimate, without a refit.

    The parameters are those of `snap_constants`. Where the rows do not identify all coefficients it is 0.
    """
    state, setting = _begin(equation, X, y, sample_weight, sigma, None)
    local = _local(state, setting)
    if local is None:
        return 0.0
    critical, _, covariance = local
    dof = setting.n_rows - len(state.form.names)

    def misfit(z: float) -> float:
        return _misfit(z, setting.n_rows, dof)

    estimate, error = np.array(state.form.estimate), np.sqrt(np.diag(covariance))
    trials = _trials(state, setting, covariance, critical)
    # What is left of a trial besides its misfit stays as it is, when others are exact. Zero is too far for the model.
    near = [(gain, j, c.value) for gain, j, c in trials if c.is_number and c.value != 0]
    left = [(gain - misfit((value - estimate[j]) / error[j]), j, value) for gain, j, value in near]
    total = 0.0
    while left:
        gains = [rest + misfit((value - estimate[j]) / error[j]) for rest, j, value in left]
        best = int(np.argmin(gains))
        if gains[best] >= 0:
            break
        _, j, value = left[best]
        total -= gains[best]
        # The others move along, as they would if the rows were fitted again with this one exact.
        along = covariance[:, j] / covariance[j, j]
        estimate, covariance = estimate + along * (value - estimate[j]), covariance - np.outer(along, covariance[j])
        error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        left = [trial for trial in left if trial[1] != j and error[trial[1]] > 0]
    return total


def _begin(
    equation: Equation, X: Any, y: Any, sample_weight: Any, sigma: Any, constants: Mapping[str, float] | None
) -> tuple[_State, _Setting]:
    """Return the state in which no constant is exact, and what stays the same."""
    form, rows = form_of(equation), rows_of(equation, X, y, sample_weight, sigma)
    named = _checked_names(dict(constants or {}), equation)
    weight = rows.root**2
    counts = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    n_rows = float(len(rows.y)) if counts is None else weighted_rows(counts)
    setting = _Setting(
        rows, n_rows, units_of(named), named, rows.inputs.shape[1],
        *moments(rows.y, weight), complexity(equation.expr),
    )  # fmt: skip
    loss = _loss(form, rows)
    return _State(form, loss, setting.length(equation.expr, len(form.names), loss)), setting


def _checked_names(named: dict[str, float], equation: Equation) -> dict[str, float]:
    taken = sorted(set(named) & {*equation.variables, *equation.coefficients})
    if taken:
        raise ValueError(
            explain(
                "The name of a constant must not be taken.",
                ", ".join(taken),
                "It is the name of a column or coefficient; choose another.",
            )
        )
    return named


def _loss(form: Form, rows: Rows) -> float:
    """Return the weighted mean squared residual, infinite if the formula is undefined at a row."""
    numbers = {**form.known, **dict(zip(form.names, map(float, form.estimate), strict=True))}
    columns = {**rows.columns, **{name: np.asarray(value) for name, value in numbers.items()}}
    residual = (rows.y - evaluate(form.formula, columns, len(rows.y))) * rows.root
    loss = float(residual @ residual) / float(np.square(rows.root).sum())
    return loss if math.isfinite(loss) else math.inf


def _best_step(state: _State, setting: _Setting, go_on: Callable[[], bool]) -> tuple[Snap, _State] | None:
    """Snap the coefficient that shortens the description most, or return None."""
    form = state.form
    n, k = setting.n_rows, len(form.names)
    local = _local(state, setting)
    if local is None:
        return None
    critical, floor, covariance = local
    error = np.sqrt(np.diag(covariance))
    found: tuple[Snap, _State] | None = None
    for gain, j, constant in _trials(state, setting, covariance, critical)[:MOST_TRIALS]:
        if gain > 0.5 or (found is not None and gain > -found[0].saved + 0.5) or not go_on():
            break
        start = form.estimate + covariance[:, j] / covariance[j, j] * (constant.value - form.estimate[j])
        new = _snapped(state, setting, j, constant, start)
        fits = new.loss <= floor * (1 + critical**2 / (n - k))
        if fits and new.length <= state.length and (found is None or state.length - new.length > found[0].saved):
            found = _snap(state, new, j, constant, float(error[j]), n - k), new
    return found


def _local(state: _State, setting: _Setting) -> tuple[float, float, Array] | None:
    """Return the critical distance in standard errors, the least loss that counts, and the covariance (K, K) there.

    None stands for rows that do not identify all coefficients, or that are not more than these.
    """
    critical = quantile(FARTHEST, setting.n_rows - len(state.form.names))
    floor = max(state.loss, ROUNDING * setting.mean_square)
    covariance = _covariance(state.form, setting.rows, setting.n_rows, floor) if math.isfinite(floor) else None
    return None if covariance is None or not math.isfinite(critical) else (critical, floor, covariance)


def _misfit(z: float, n: float, dof: float) -> float:
    """Return the nats that a coefficient costs which is z standard errors from its estimate."""
    return 0.5 * n * math.log1p(z * z / dof)


def _covariance(form: Form, rows: Rows, n: float, loss: float) -> Array | None:
    """Return the covariance (K, K) at this mean squared residual, None if the rows do not identify all coefficients."""
    k = len(form.names)
    if not 0 < k < n:
        return None
    values, jacobian = form.at(form.estimate, rows.columns, len(rows.y))
    if not np.isfinite(jacobian).all():
        return None
    parts = decompose(jacobian * rows.root[:, None], (rows.y - values) * rows.root)
    if parts.rank < k:
        return None
    scale = loss * float(np.square(rows.root).sum()) / (n - k)
    return np.asarray(scale * parts.factor @ parts.factor.T)


def _trials(state: _State, setting: _Setting, covariance: Array, critical: float) -> list[tuple[float, int, Constant]]:
    """Return the trials, the best first: change of the description that the linear model predicts, j, constant."""
    form = state.form
    n, k = setting.n_rows, len(form.names)
    saving = state.length - state.spent - setting.length(_expr(form), k - 1, state.loss)
    error, usual = np.sqrt(np.diag(covariance)), quantile(0.95, n - k)
    trials: list[tuple[float, int, Constant]] = []
    for j in range(k):
        here = float(form.estimate[j]), critical * float(error[j]), saving
        exponent = is_exponent(form.formula, symbol(form.names[j]))
        half = usual * float(error[j])
        is_open = half > EXACT * abs(here[0]) and _is_offset(form.formula, symbol(form.names[j]))
        apart = near_exponent(*here, half) if exponent else told_apart(*here, setting.units, half)
        found = () if is_open and not exponent else apart
        constants = [*found, *([zero()] if abs(here[0]) <= here[1] else [])]
        for constant in constants:
            z = (constant.value - form.estimate[j]) / error[j]
            saved = _saving_of(state, setting, j, constant) if constant.value in (0.0, 1.0, -1.0) else saving
            trials.append((_misfit(z, n, n - k) + constant.cost - saved, j, constant))
        for constant in _ties(state, setting, covariance, j, critical):
            trials.append((constant.cost - saving, j, constant))
    return sorted(trials, key=lambda trial: trial[0])


def _is_offset(formula: Expr, name: Expr) -> bool:
    """Whether a coefficient is a term of the whole equation by itself: a height, not a factor."""
    return formula.is_Add and name in formula.args


def _ties(state: _State, setting: _Setting, covariance: Array, j: int, critical: float) -> Iterator[Constant]:
    """Yield the other coefficients, and minus them, that the rows cannot distinguish from coefficient j."""
    form = state.form
    n, k = len(setting.rows.y), len(form.names)
    for i in range(j):
        for sign in (1.0, -1.0):
            apart = float(form.estimate[j] - sign * form.estimate[i])
            error = math.sqrt(max(float(covariance[j, j] + covariance[i, i] - 2 * sign * covariance[i, j]), 0.0))
            if error == 0.0 or abs(apart) > critical * error or abs(apart) > ALIKE * abs(form.estimate[j]):
                continue
            z = apart / error
            cost = math.log(2 * k) + _misfit(z, n, n - k)
            yield Constant(int(sign) * symbol(form.names[i]), sign * float(form.estimate[i]), cost, frozenset())


def _saving_of(state: _State, setting: _Setting, j: int, constant: Constant) -> float:
    """Return the nats by which the description is shorter with coefficient j at 0, 1 or -1."""
    form = state.form
    formula = rebuild(form.formula, {symbol(form.names[j]): constant.expr})
    if formula.has(*_not_real()):
        return -math.inf
    kept = [i for i, name in enumerate(form.names) if i != j and symbol(name) in formula.free_symbols]
    left = Form(formula, tuple(form.names[i] for i in kept), form.estimate[kept], form.known)
    return state.length - state.spent - setting.length(_expr(left), len(kept), state.loss)


def _snapped(state: _State, setting: _Setting, j: int, constant: Constant, start: Array) -> _State:
    """Return the state with coefficient j at the constant and the others refitted."""
    from eqdarts.solver.formula import fit_formula

    form, rows = state.form, setting.rows
    formula = rebuild(form.formula, {symbol(form.names[j]): constant.expr})
    worthless = state._replace(loss=math.inf, length=math.inf)
    for tied in constant.expr.free_symbols & set(map(symbol, form.names)):
        formula = _gathered(formula, tied)
        if formula is None:
            return worthless
    names = tuple(name for i, name in enumerate(form.names) if i != j and symbol(name) in formula.free_symbols)
    known = {**form.known, **{name: setting.named[name] for name in constant.names}}
    estimate, record = start[[form.names.index(name) for name in names]], None
    if formula.has(*_not_real()):
        return worthless
    if names and len(rows.y) <= MOST_REFITTED:
        numbers = {symbol(name): _float(value) for name, value in known.items()}
        try:
            given = rebuild(formula, numbers), [symbol(n) for n in names], rows.columns, rows.y, estimate, rows.root**2
            theta, record = fit_formula(*given, max_iterations=MOST_STEPS)
        except ValueError:
            return worthless
        estimate = np.array(theta)
    new = Form(formula, names, estimate, known)
    loss = _loss(new, rows)
    spent = state.spent + constant.cost
    return _State(new, loss, setting.length(_expr(new), len(names), loss) + spent, spent, record)


def _gathered(formula: Expr, tied: Expr) -> Expr | None:
    """Return the formula with a coefficient that stands at two places taken out of the sum, None if it cannot be."""
    import sympy

    factored = sympy.factor_terms(formula)
    n_places = sum(part == tied for part in sympy.preorder_traversal(factored))
    return factored if n_places == 1 else None


def _not_real() -> tuple[Expr, ...]:
    import sympy

    return sympy.zoo, sympy.oo, -sympy.oo, sympy.nan, sympy.I


def _float(value: float) -> Expr:
    import sympy

    return sympy.Float(float(value))


def _expr(form: Form) -> Expr:
    """Return the formula with all its numbers."""
    return without_units(with_values(form.formula, {**form.known, **dict(zip(form.names, form.estimate, strict=True))}))


def _snap(before: _State, after: _State, j: int, constant: Constant, error: float, dof: float) -> Snap:
    estimate = float(before.form.estimate[j])
    half = quantile(0.95, dof) * error
    return Snap(
        before.form.names[j], text(write(constant.expr)), constant.value, estimate, error,
        (estimate - half, estimate + half), before.loss, after.loss, before.length - after.length,
    )  # fmt: skip


def _n_numbers(expr: Expr) -> int:
    return sum(1 for _ in numbers(write(expr, ordered=False)))


def _with_its_sign(expr: Expr, rows: Rows) -> Expr:
    """Return the expression without roots that hide a sign, if it is then the same on the rows."""
    points = Points(rows.columns, len(rows.y), len(rows.y))
    return agreeing(with_signs_before_roots, expr, points, points.evaluate(expr))


def _equation(equation: Equation, state: _State, rows: Rows) -> Equation:
    form = state.form
    values = dict(zip(form.names, map(float, form.estimate), strict=True))
    expr = _expr(form)
    keeps_names = bool(form.known) or (equation.formula is not None and bool(form.names))
    if not keeps_names:
        spread = np.linspace(0, len(rows.y) - 1, min(len(rows.y), MOST_ROUNDED)).astype(np.intp)
        expr = rounded(expr, {name: column[spread] for name, column in rows.columns.items()}, len(spread))
        # Where -1.0004 has become -1, the minus sign may go into a difference: -h*(T2 - T1) is h*(T1 - T2).
        shorter = normalise(expr)
        if cost(shorter)[0] < cost(expr)[0] and _n_numbers(shorter) <= _n_numbers(expr):
            expr = shorter
        law = Equation(
            readable(_with_its_sign(expr, rows)), equation.variables, equation.target, fit_result_=state.record
        )
        return law.with_digits(rows.columns, rows.y, rows.root**2)
    law = replace(
        equation, expr=expr, formula=form.formula, parameters=tuple(values.items()),
        names=(*equation.variables, *values, *form.known), fit_result_=state.record,
        constants=tuple(form.known.items()),
    )  # fmt: skip
    return law.with_digits(rows.columns, rows.y, rows.root**2)
