r"""Fitting the parameters of a given formula with the Levenberg-Marquardt solver that the search uses.

The program of the formula runs on torch for G parameter vectors at once, and one reverse sweep with a per-row adjoint
gives the exact Jacobian: a parameter is a value that is the same at every row, so that its adjoint, row by row, is its
column of the Jacobian.

Axes: G starts, K parameters, N rows.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts._typing import Array, Expr
from eqdarts.errors import explain
from eqdarts.expression.program import Program, compile_expression, evaluate, folded
from eqdarts.primitives.functions import FUNCTIONS
from eqdarts.solver.frequencies import Frequency, frequencies_of
from eqdarts.solver.refit import RESULTS, Refit, levenberg_marquardt

__all__ = ["FitResult", "FormulaModel", "fit_formula", "linear_parameters"]


N_STARTS = 32
SCREENING_STEPS = 60
SCREENING_TOLERANCE = 1e-8
MAX_ITERATIONS = 2000
TOLERANCE = 1e-14
NOTHING_TO_FIT = "nothing was fitted: the formula has no parameters"
SAME_LOSS = 1e-9  # losses that differ by a smaller share belong to the same minimum
MOST_NUMBERS = 20_000_000  # in the Jacobian of all starts together: 160 MB


@dataclass(frozen=True)
class FitResult:
    """The record of a fit.

    Parameters
    ----------
    loss : float
        Weighted residual sum of squares, in squared units of y.
    status : str
        Why the solver stopped.
    iterations : int
        Number of steps tried from the best start; 0 where there was nothing to fit.
    n_rows : int
        Number of rows.
    at_bounds : tuple of (str, float)
        Parameters that stay at a bound, with it.
    """

    loss: float
    status: str
    iterations: int
    n_rows: int
    at_bounds: tuple[tuple[str, float], ...] = ()


# --- torch ---


_product = folded(operator.mul)

_VALUES: dict[str, Callable[..., Tensor]] = {
    "add": folded(operator.add),
    "mul": _product,
    "power": lambda p, u: u.sqrt() if p == 0.5 else u.pow(p),
    "pow": lambda _, u, v: u.pow(v),
    "softplus": lambda a, u: torch.logaddexp(torch.full_like(u, math.log(a)), u),
    "logistic": lambda a, m: (m + math.log(a)).sigmoid() / a,
    "call": lambda name, u: FUNCTIONS[name].torch(u),
    "max": folded(torch.maximum),
    "min": folded(torch.minimum),
}


def _pow_slopes(u: Tensor, v: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
    log_u = torch.where(u > 0, u, 1.0).log()  # u**v log u tends to 0 with u, and is not real for u < 0
    return v * u.pow(v - 1), f * log_u


_SLOPES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "add": lambda _, f, *u: (1.0,) * len(u),
    "mul": lambda _, f, *u: tuple(_product(None, *(u[:k] + u[k + 1 :])) if len(u) > 1 else 1.0 for k in range(len(u))),
    "power": lambda p, f, u: (p * u.pow(p - 1),),
    "pow": lambda _, f, u, v: _pow_slopes(u, v, f),
    "softplus": lambda a, f, u: ((u - math.log(a)).sigmoid(),),
    "logistic": lambda a, f, m: (f * (1 - a * f),),
    "call": lambda name, f, u: (FUNCTIONS[name].slope(u, f),),
    "max": lambda _, f, *u: tuple((argument >= f).to(f.dtype) for argument in u),
    "min": lambda _, f, *u: tuple((argument <= f).to(f.dtype) for argument in u),
}


class FormulaModel:
    """One formula at G parameter vectors, in the form that the solver needs.

    Parameters
    ----------
    program : Program
    parameters : sequence of str
        The K names to fit.
    columns : mapping of str to Tensor of shape (N,)
        The other names.
    n_rows : int
        N.
    linear : Tensor of bool, shape (G, K)
        For each parameter vector, the parameters in which the solver may treat the formula as jointly linear.
    """

    def __init__(
        self,
        program: Program,
        parameters: Sequence[str],
        columns: Mapping[str, Tensor],
        n_rows: int,
        linear: Tensor,
    ) -> None:
        self._program = program
        self._parameters = tuple(parameters)
        self._columns = dict(columns)
        self._n_rows = n_rows
        self.n_coefficients = torch.full((len(linear),), len(self._parameters))
        self.linear = linear

    def subset(self, keep: Tensor) -> FormulaModel:
        """Return the model for the parameter vectors for which `keep` (G,) is true."""
        return FormulaModel(self._program, self._parameters, self._columns, self._n_rows, self.linear[keep])

    def evaluate(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return predictions (G, N) and Jacobian (G, K, N) at parameters (G, K), or (G, K, N) by row."""
        shape = (len(theta), self._n_rows)
        own = {name: theta[:, k] if theta.ndim == 3 else theta[:, k : k + 1] for k, name in enumerate(self._parameters)}
        values = self._forward({**self._columns, **own}, theta)
        # The reverse sweep: the adjoint of a step is the slope of the result in the value of that step, row by row.
        steps = self._program.steps
        adjoints: list[Tensor | None] = [None] * len(steps)
        adjoints[-1] = theta.new_ones(shape)
        active = self._active()
        jacobian = theta.new_zeros((len(theta), len(self._parameters), self._n_rows))
        for k in range(len(steps) - 1, -1, -1):
            adjoint = adjoints[k]
            operation, arguments, detail = steps[k]
            if adjoint is None or not active[k]:
                continue
            if operation == "name":
                jacobian[:, self._parameters.index(detail)] = adjoint
                continue
            # The chain rule passes the adjoint to the arguments; the adjoints of several readers are added.
            slopes = _SLOPES[operation](detail, values[k], *[values[j] for j in arguments])
            for j, slope in zip(arguments, slopes, strict=True):
                if active[j]:
                    part = adjoint * slope
                    known = adjoints[j]
                    adjoints[j] = part if known is None else known + part
            adjoints[k] = None  # frees the memory
        return values[-1].expand(shape), jacobian

    def _forward(self, values: Mapping[str, Tensor], theta: Tensor) -> list[Any]:
        results: list[Any] = []
        for operation, arguments, detail in self._program.steps:
            if operation == "name":
                results.append(values[detail])
            elif operation == "number":
                results.append(theta.new_tensor(detail))
            else:
                results.append(_VALUES[operation](detail, *[results[k] for k in arguments]))
        return results

    def _active(self) -> list[bool]:
        """Return whether each step depends on a parameter."""
        active: list[bool] = []
        for operation, arguments, detail in self._program.steps:
            active.append(detail in self._parameters if operation == "name" else any(active[k] for k in arguments))
        return active


def linear_parameters(expr: Expr, parameters: Sequence[Expr]) -> list[bool]:
    """Return the parameters in which the formula is jointly linear; of a product of two, the first."""
    linear: list[Expr] = []
    for parameter in parameters:
        slope = expr.diff(parameter)
        if not slope.has(parameter, *linear):
            linear.append(parameter)
    return [parameter in linear for parameter in parameters]


def _default_starts(n_parameters: int) -> Array:
    """Return starts (G, K): ones, tenths, and log-uniform magnitudes with random signs."""
    rng = np.random.default_rng(0)
    shape = (N_STARTS - 2, n_parameters)
    sizes = 10.0 ** rng.uniform(-3, 2, shape)
    signs = rng.choice([1.0, 1.0, -1.0], shape)
    return np.vstack([np.ones(n_parameters), np.full(n_parameters, 0.1), sizes * signs])


def _at_peaks(starts: Array, frequencies: Sequence[Frequency]) -> Array:
    """Return the starts (G, K) with frequencies at different peaks of the periodogram; every fourth start stays."""
    rng = np.random.default_rng(0)
    starts = starts.copy()
    for g in np.flatnonzero(np.arange(len(starts)) % 4):
        taken: dict[str, list[float]] = {}
        for frequency in frequencies:
            used = taken.setdefault(frequency.column, [])
            left = [peak for peak in frequency.found if peak not in used]
            if left:
                used.append(left[min(int(rng.geometric(0.5)) - 1, len(left) - 1)])
                starts[g, frequency.place] = frequency.values_at(np.array(used[-1]))
    return starts


def fit_formula(
    expr: Expr,
    parameters: Sequence[Expr],
    columns: Mapping[str, Array],
    y: Array,
    start: Array | None = None,
    sample_weight: Array | None = None,
    max_iterations: int = MAX_ITERATIONS,
) -> tuple[tuple[float, ...], FitResult]:
    """Fit the parameters of a formula by weighted least squares.

    Every start is used twice: with the linear parameters almost undamped, which is close to variable
    projection, and with the same damping for all parameters. Neither is better on every problem; the lower loss is
    kept.

    Parameters
    ----------
    expr : sympy.Expr
    parameters : sequence of sympy.Symbol
        The K names to fit. With none of them the formula is evaluated, and the record has its loss.
    columns : mapping of str to ndarray of shape (n,)
        The rows of the other names.
    y : ndarray of shape (n,)
    start : ndarray of shape (K,), optional
        Default: the best of 32 starts after a few steps in one batch. Frequencies of sines and cosines start at peaks
        of the periodogram of y, and do not end beyond half a period for each value of their column.
    sample_weight : ndarray of shape (n,), optional
    max_iterations : int, default=2000
        Largest number of steps tried from each start.

    Returns
    -------
    tuple of float
        The K fitted values.
    FitResult

    Raises
    ------
    ValueError
        If the formula is undefined or infinite at the start.
    """
    if not parameters:
        return (), _evaluated(expr, columns, y, sample_weight)
    names = tuple(str(p.name) for p in parameters)
    root = None if sample_weight is None else np.sqrt(sample_weight)
    linear = torch.tensor(linear_parameters(expr, parameters))
    problem = _Problem(compile_expression(expr), names, linear, columns, y, root)
    with np.errstate(all="ignore"):
        if start is None:
            start = problem.best_start(frequencies_of(expr, parameters, columns, y, root))
        result = problem.solve(start[None], slice(None), max_iterations, TOLERANCE)
    # The second solution, with the same damping for all parameters, must be better by more than rounding.
    best = int(result.loss[1] < result.loss[0] * (1 - SAME_LOSS))
    loss = float(result.loss[best])
    if not math.isfinite(loss):
        shown = ", ".join(f"{name}={value:g}" for name, value in zip(names, start, strict=True))
        raise ValueError(
            explain("The formula is undefined or infinite at the start on some rows.", shown, "Give another start.")
        )
    record = FitResult(loss * len(y), RESULTS[int(result.status[best])], int(result.iterations[best]), len(y))
    return tuple(result.coefficients[best].tolist()), record


def _evaluated(expr: Expr, columns: Mapping[str, Array], y: Array, sample_weight: Array | None) -> FitResult:
    """Return the record of a formula that has no parameters: its loss."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    counted = weight > 0
    residual = y[counted] - evaluate(expr, columns, len(y))[counted]
    n_undefined = int(np.isnan(residual).sum())
    if n_undefined:
        raise ValueError(
            explain(
                "A formula without parameters must be defined at every row.",
                f"{n_undefined} of {len(y)} row(s) where it is not",
                "Leave these rows out.",
            )
        )
    return FitResult(float(weight[counted] @ np.square(residual)), NOTHING_TO_FIT, 0, len(y))


class _Problem(NamedTuple):
    """The formula and the rows of one fit."""

    program: Program
    names: tuple[str, ...]
    linear: Tensor  # (K,) of bool
    columns: Mapping[str, Array]
    y: Array
    root: Array | None  # square roots of the weights

    def best_start(self, frequencies: Sequence[Frequency] = ()) -> Array:
        """Return the best (K,) of the default starts after a few steps, on as many rows as fit in memory."""
        starts = _at_peaks(_default_starts(len(self.names)), frequencies)
        most = max(MOST_NUMBERS // (2 * len(starts) * len(self.names)), 1)
        rows = np.linspace(0, len(self.y) - 1, min(len(self.y), most)).astype(np.intp)
        if frequencies:
            starts = self._with_linear_solved(starts, rows)
        screened = self.solve(starts, rows, SCREENING_STEPS, SCREENING_TOLERANCE)
        ends, loss = screened.coefficients.numpy(), screened.loss.numpy().copy()
        shown = np.all([frequency.is_shown(ends[:, frequency.place]) for frequency in frequencies], axis=0)
        loss[~np.broadcast_to(shown, len(loss))] = np.inf
        best = loss.argmin() if np.isfinite(loss).any() else screened.loss.argmin()
        return np.asarray(ends[int(best)])

    def _with_linear_solved(self, starts: Array, rows: NDArray[np.intp]) -> Array:
        """Return the starts (G, K) with their linear parameters solved for, so that no step is wasted on a trend."""
        columns = {k: torch.tensor(v[rows]) for k, v in self.columns.items() if k in self.program.names}
        linear = self.linear.numpy()
        model = FormulaModel(self.program, self.names, columns, len(rows), self.linear.repeat(len(starts), 1))
        value, jacobian = (part.numpy() for part in model.evaluate(torch.tensor(starts)))
        root = np.ones(len(rows)) if self.root is None else self.root[rows]
        solved = starts.copy()
        for start, f, slopes in zip(solved, value, jacobian, strict=True):
            design = slopes[linear].T * root[:, None]
            target = (self.y[rows] - f) * root + design @ start[linear]
            if np.isfinite(design).all() and np.isfinite(target).all():
                start[linear] = np.linalg.lstsq(design, target, rcond=None)[0]
        return solved

    def solve(self, starts: Array, rows: slice | NDArray[np.intp], max_iterations: int, tolerance: float) -> Refit:
        """Return the solutions from starts (G, K): G with linear parameters almost undamped, then G with all damped."""
        tensors = {k: torch.tensor(v[rows]) for k, v in self.columns.items() if k in self.program.names}
        target = torch.tensor(self.y[rows])
        both = torch.stack([self.linear, torch.zeros_like(self.linear)]).repeat_interleave(len(starts), dim=0)
        return levenberg_marquardt(
            FormulaModel(self.program, self.names, tensors, len(target), both),
            torch.tensor(np.vstack([starts, starts])),
            target,
            None if self.root is None else torch.tensor(self.root[rows]),
            max_iterations=max_iterations,
            tolerance=tolerance,
            patience=5,
            solver="qr",
        )
