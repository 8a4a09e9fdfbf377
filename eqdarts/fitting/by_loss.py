"""Fits by a loss other than squares: the same search and the same solver, on repeatedly reweighted rows.

The search works on a least squares problem whose weights, and for probabilities whose target, come from the best
equation so far; every equation of the front is then reweighted until it is at the smallest loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import Data, FitRows
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.expression.build import composed, with_values
from eqdarts.expression.program import compile_expression
from eqdarts.expression.readable import readable
from eqdarts.fitting.front import Entry, Front
from eqdarts.fitting.table import Table, values_at
from eqdarts.inference.constants import Snap, snap_constants
from eqdarts.inference.linearised import Form, form_of
from eqdarts.losses import Loss, resolve_loss
from eqdarts.selection import Candidate, description_length

__all__ = [
    "ROUNDS",
    "FormulaSolver",
    "Reweighting",
    "snap_reweighted",
    "with_estimates",
    "working_data",
    "working_target",
]


ROUNDS = 2  # number of searches; the second uses the weights from the equation of the first
MOST_STEPS, STEP_ITERATIONS = 100, 3
ROUGH = 1e-5  # relative fall of the loss that is too small to change the choice
SAME = 1e-10  # relative change of all coefficients at which reweighting ends
MOST_SCALES = 20  # times that a loss takes its scale from the residuals of its own fit
FAR, UNBENDING = 20.0, 3  # residual, in median ones, of an outlier; short fits without outliers
BOUND = 5.0  # standard deviations beyond which a row counts for no more in a search
SETTLED = 0.9  # share of the residuals before, above which they have settled
SMALLEST_CHANCE = 0.02  # probabilities closer to 0 and 1 give the search targets no larger than this one


@dataclass(frozen=True, eq=False)
class Reweighting:
    """Fits equations by a loss.

    Parameters
    ----------
    loss : Loss
    table : Table
        All rows, on which losses are measured.
    rows : FitRows
        The rows to which the coefficients are fitted.
    starts : dict of sympy expression to ndarray, optional
        Coefficients (K,) of forms that were fitted before, perhaps by the loss at another scale. Fits begin there, and
        their results are added.
    """

    loss: Loss
    table: Table
    rows: FitRows
    starts: dict[Any, Array] = field(default_factory=dict)

    def written(self, equation: Equation) -> Equation:
        """Return the law for an equation that a search has found: for log odds, the probability."""
        import sympy

        if self.loss.link is None:
            return equation
        expr = composed(self.loss.link, equation.expr)
        return replace(equation, expr=expr if expr.free_symbols else sympy.Float(float(expr)))

    def weights(self, equation: Equation) -> Array:
        """Return the weights (n,) that make `rows` a least squares problem at the equation."""
        return _levelled(self.loss, self._weights(values_at(equation, self.rows.X)), self.rows.y)

    def closest(self, front: Front, name: Any) -> Array:
        """Return predictions (N,) of all rows, from whose residuals the loss `name` takes its scale.

        The size of an outlier's residual is better measured by the best fit than by the shortest description, for which
        a wrong scale makes the outliers of a simple law look like ordinary rows. So the equation is the one with the
        least median absolute residual for its coefficients. A scale that is too large lets outliers bend it: it is
        fitted again at the scale of its own residuals, until these do not become smaller.
        """
        y, n = self.table.y, len(self.table.y)
        equations = [entry.equation for entry in front.entries]
        predictions = [self.table.predicted(equation) for equation in equations]
        spare = [max(n - len(equation.coefficients), 1) for equation in equations]
        medians = [self._usual(y, f) * (n / k) ** 0.5 for f, k in zip(predictions, spare, strict=True)]
        best = int(np.nanargmin(medians))
        equation, f = equations[best], predictions[best]
        size = self._usual(y, f)
        for _ in range(MOST_SCALES):
            try:
                equation = replace(self, loss=resolve_loss(name, y, y - f)).fit(equation, rough=True)
            except FormulaError:
                break
            new = self.table.predicted(equation)
            before, size = size, self._usual(y, new)
            if not size < before:
                break
            f = new
            if size > SETTLED * before:
                break
        return f

    def _weights(self, f: Array) -> Array:
        weights = self.loss.weights(self.rows.y, f)
        return weights if self.rows.weight is None else weights * self.rows.weight

    def fit(self, equation: Equation, rough: bool = False) -> Equation:
        """Return the equation with the coefficients at which the loss of `rows` is smallest.

        Parameters
        ----------
        equation : Equation
        rough : bool, default=False
            Whether to stop when the loss has almost converged, even if the coefficients have not.

        Notes
        -----
        Each step is a short least squares fit by Levenberg-Marquardt, and is kept if the loss does not rise.

        Raises
        ------
        FormulaError
            If the numbers that are found cannot be written.
        """
        form = form_of(equation)
        if not form.names:
            return equation
        solver = FormulaSolver(form, self.rows, equation.variables)
        theta = self._start(form, solver)
        f = solver.predict(theta)
        best, size = self._loss(f), self._usual_residual(f)
        for _ in range(MOST_STEPS):
            target, weights = self.loss.least_squares(self.rows.y, f)
            weights = weights if self.rows.weight is None else weights * self.rows.weight
            new = solver.step(theta, weights, target)
            f = solver.predict(new)
            loss = self._loss(f)
            # A step that makes the loss larger, or undefined, is the last one and is not taken.
            if not loss <= best + 1e-12 * abs(best):
                break
            # Where outliers make up the loss, the other rows may still come closer to the law.
            smaller, size = size, self._usual_residual(f)
            settled = rough and best - loss <= ROUGH * abs(best) and size >= SETTLED * smaller
            before, theta = theta, new
            best = min(loss, best)
            if settled or (np.abs(theta - before) <= SAME * np.abs(theta)).all():
                break
        self.starts[form.formula] = theta
        return with_estimates(equation, form, theta)

    def _start(self, form: Form, solver: FormulaSolver) -> Array:
        """Return the coefficients (K,) with the smaller loss, of those given and those fitted before."""
        known = self.starts.get(form.formula)
        if known is None:
            return form.estimate
        given, kept = (self._loss(solver.predict(theta)) for theta in (form.estimate, known))
        return known if kept < given else form.estimate

    def settle(self, equation: Equation) -> Equation:
        """Return the law for an equation that a search has found, with almost converged coefficients."""
        return self.fit(self.written(equation), rough=True)

    def finish(self, front: Front) -> Front:
        """Return the front with converged coefficients in all equations."""
        return replace(front, entries=tuple(map(self._finished, front.entries)))

    def _finished(self, entry: Entry) -> Entry:
        try:
            equation, before = self.fit(entry.equation), entry.candidate
        except FormulaError:
            return entry
        candidate = self.candidate(equation, before.structure)
        return replace(entry, equation=equation, candidate=replace(candidate, pole=before.pole, brink=before.brink))

    def candidate(self, equation: Equation, structure: float | None) -> Candidate:
        """Return the properties that selection uses."""
        table, n_coefficients = self.table, self.table.n_coefficients(equation)
        f = table.predicted(equation)
        loss = self.loss.mean(table.y, f, table.weight)
        given = table.weight, table.n_rows, n_coefficients
        code = self.loss.code_length(table.y, f, *given)
        # Outliers bend a fit by most losses a little, and on exact rows this little hides that the law meets them all.
        if (unbent := self._without_outliers(equation)) is not None:
            code = min(code, self.loss.code_length(table.y, table.predicted(unbent), *given))
        return Candidate(equation.complexity, n_coefficients, loss, structure, code=code)

    def _without_outliers(self, equation: Equation) -> Equation | None:
        """Return the equation fitted by squares to the rows that are not outliers; None if there are none."""
        form = form_of(equation)
        if not self.loss.is_robust or not form.names:
            return None
        solver = FormulaSolver(form, self.rows, equation.variables)
        regular = self.regular(solver.predict(form.estimate))
        if regular.all() or regular.sum() <= len(form.names):
            return None
        weights = regular / self.rows.y**2 if self.loss.is_relative else regular
        weights = weights if self.rows.weight is None else weights * self.rows.weight
        theta = form.estimate
        for _ in range(UNBENDING):
            theta = solver.step(theta, weights.astype(np.float64))
        values = dict(zip(form.names, map(float, theta), strict=True))
        try:
            return replace(equation, expr=with_values(form.formula, {**form.known, **values}))
        except FormulaError:  # the coefficients overflow
            return None

    def regular(self, f: Array) -> NDArray[np.bool_]:
        """Return whether each of `rows` is no outlier (n,) at predictions f; only by a robust loss a row can be one."""
        if not self.loss.is_robust:
            return np.ones(len(f), dtype=bool)
        size = np.abs(self.loss.residual(self.rows.y, f))
        return np.asarray(size <= FAR * np.median(size))

    def _usual_residual(self, f: Array) -> float:
        return self._usual(self.rows.y, f)

    def _usual(self, y: Array, f: Array) -> float:
        return float(np.median(np.abs(self.loss.residual(y, f))))

    def _loss(self, f: Array) -> float:
        return self.loss.mean(self.rows.y, f, self.rows.weight)


def with_estimates(equation: Equation, form: Form, theta: Array) -> Equation:
    """Return the equation with the coefficients `theta` (K,) of its form.

    Raises
    ------
    FormulaError
        If a number cannot be written.
    """
    # A typed formula keeps its parameters by name; one from a search has only numbers.
    values = dict(zip(form.names, map(float, theta), strict=True))
    expr = with_values(form.formula, {**form.known, **values})
    if equation.formula is None:
        return replace(equation, expr=readable(expr))
    return replace(equation, expr=expr, parameters=tuple(values.items()))


class FormulaSolver:
    """One formula on the rows, compiled once for many short least squares fits."""

    def __init__(self, form: Form, rows: FitRows, variables: Sequence[str]) -> None:
        import torch

        from eqdarts.solver.formula import FormulaModel

        columns = {name: torch.tensor(rows.X[:, k]) for k, name in enumerate(variables)}
        known = {name: torch.tensor(value, dtype=torch.float64) for name, value in form.known.items()}
        linear = torch.zeros((1, len(form.names)), dtype=torch.bool)
        program = compile_expression(form.formula)
        self.model = FormulaModel(program, form.names, {**known, **columns}, len(rows.y), linear)
        self.y = torch.tensor(rows.y)

    def predict(self, theta: Array) -> Array:
        """Return the values (n,) at coefficients (K,)."""
        import torch

        with torch.inference_mode():
            values: Array = self.model.evaluate(torch.tensor(theta[None]))[0][0].numpy()
        return values

    def step(self, theta: Array, weights: Array, target: Array | None = None) -> Array:
        """Return the coefficients after some steps of weighted least squares of y, or of another target (n,)."""
        import torch

        from eqdarts.solver.refit import levenberg_marquardt

        start, root = torch.tensor(theta[None]), torch.tensor(np.sqrt(weights))
        y = self.y if target is None else torch.tensor(target)
        result = levenberg_marquardt(
            self.model, start, y, root, max_iterations=STEP_ITERATIONS, tolerance=1e-14, solver="qr"
        )
        fitted: Array = result.coefficients[0].numpy()
        return fitted


def _levelled(loss: Loss, weights: Array, y: Array) -> Array:
    """Return weights (n,) of which none is above the median, unless they are the precision of the rows.

    Where a law happens to meet a row, 1 / residual is huge, and other laws would be judged by that row alone. Relative
    residuals have the median of their own weights.
    """
    if not loss.is_robust:
        return weights
    unit = y**2 if loss.is_relative else np.ones_like(y)
    return np.asarray(np.minimum(weights * unit, np.median(weights * unit)) / unit)


def _bounded(loss: Loss, y: Array, f: Array) -> Array:
    """Return weights (n,) by which no row counts for more in the sum of squares than a few with the median residual.

    By the weights of an absolute loss an outlier still makes up most of the sum, and beside it all laws fit as well.
    """
    size = np.abs(loss.residual(y, f))
    limit = BOUND * loss.scale(y, f)
    return np.asarray(_levelled(loss, loss.weights(y, f), y) * np.minimum(1.0, limit / np.maximum(size, limit)))


def working_target(loss: Loss, y: Array, f: Array) -> Array:
    """Return the target of the least squares of a search at predictions f: y, or log odds for a probability."""
    if not loss.logistic:
        return y
    chance = np.clip(f, SMALLEST_CHANCE, 1 - SMALLEST_CHANCE)
    return np.asarray(np.log(chance / (1 - chance)) + (y - chance) / (chance * (1 - chance)))


def working_data(loss: Loss, data: Data, table: Table, f: Array) -> Data:
    """Return the data of the least squares problem at predictions f (N,) of all rows."""
    if loss.logistic:
        chance = np.clip(f, SMALLEST_CHANCE, 1 - SMALLEST_CHANCE)
        target, weight = working_target(loss, table.y, f), chance * (1 - chance)
    else:
        target, weight = loss.least_squares(table.y, f)
        weight = _bounded(loss, table.y, f) if loss.is_robust else weight
    weight = np.where(np.isfinite(weight), weight, 0.0) * (1.0 if table.weight is None else table.weight)
    return replace(data, y=np.nan_to_num(target) / data.y_scale, weight=weight / weight.mean())


def snap_reweighted(
    front: Front,
    reweighting: Reweighting,
    constants: Mapping[str, float],
    go_on: Callable[[], bool] = lambda: True,
) -> tuple[Front, tuple[Snap, ...]]:
    """Make the constants of the chosen equation exact if its description does not become longer.

    The search for constants uses the least squares problem at the chosen equation. The other coefficients are then
    fitted again by the loss, and nothing is snapped if the description becomes longer.
    """
    rows, table = reweighting.rows, reweighting.table
    old, before = front.best.equation, front.best.candidate
    weights = reweighting.weights(old) * reweighting.regular(values_at(old, rows.X))
    found = snap_constants(old, rows.X, rows.y, weights, constants=constants, go_on=go_on)
    if not found.snaps:
        return front, ()
    # The least squares problem at the old coefficients is not the loss, so the others are fitted again by the loss.
    try:
        equation = reweighting.fit(found.equation)
    except FormulaError:
        return front, ()
    after = replace(reweighting.candidate(equation, before.structure), pole=before.pole, brink=before.brink)
    if not _length(after, table) <= _length(before, table):
        return front, ()
    return front.with_chosen(equation, after), found.snaps


def _length(candidate: Candidate, table: Table) -> float:
    return description_length(candidate, table.n_rows, table.X.shape[1], 1.0, 1.0)
