"""The kind of scatter as a part of the law: weights for the search, and the kind that the rows tell for the laws found.

Before there is a law, a polynomial behind an exponential shows whether a target over decades has relative errors; the
search then sees the rows with the weights of that. Afterwards the best laws are fitted again by the weights of every
kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.arrays import spread
from eqdarts.data import LARGE, Data, FitRows, are_counts
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError
from eqdarts.fitting.by_loss import FormulaSolver, with_estimates
from eqdarts.fitting.front import Entry, Front
from eqdarts.fitting.table import Table, values_at
from eqdarts.inference.linearised import form_of
from eqdarts.inference.noise import AUTO, EVIDENCE, FEWEST_ROWS, NOISES, Noise, evidence_of, is_exact, noise_of
from eqdarts.search.smooth import exponents_up_to
from eqdarts.selection import CLOSE, Candidate, singularity_price

__all__ = ["ByKind", "Scatter", "by_own_weights", "relative_model", "with_weights"]

MOST_LAWS = 2  # laws that are fitted again by the weights of a kind
MOST_AGAIN, SHORT = 12, 20  # laws fitted by the kind that is told; symbols up to which the best of each size is too
MOST_IN_HASTE = 4  # laws fitted by that kind when the time is up, besides the front by a constant
MOST_FITTED = 400  # rows to which these are fitted
MOST_PRICED = 100_000  # rows of a table that are all looked at for a price
ROUGH_STEPS = 4  # as STEPS, for these
BY_CHANCE = 3.5  # times one over the root of the number of rows: the share that noise has by chance
MISFIT = 0.2  # share of the squared residuals that those of neighbouring rows explain where the law is wrong
STEPS = 12  # of weights from the law and of coefficients by the weights
SLACK = 0.1  # nats that a step may lose: the weights are those of the step before
SAME = 1e-8  # relative change of all coefficients at which these end
DECADES = 100.0  # largest over smallest value of a target for which relative errors are tried with few rows, too
SPREAD = 10.0  # the same of the polynomial's values for weights during the search
POSITIVE = 0.95  # share of the rows with a positive target for a polynomial behind an exponential
MOST_ROWS = 2000  # to which the polynomial is fitted
MOST_TERMS = 120
MOST_DEGREE = 3
ROWS_PER_TERM = 3.0
SMALL = 0.1  # relative error below which the search needs no weights: the large values show the law
UNSETTLED = 0.7  # loss over that of the degree below: what a polynomial leaves is not yet noise


class _Law(NamedTuple):
    """One law with coefficients by the weights of one kind."""

    noise: Noise
    length: float  # nats
    rest: float  # the part of it that is not the residuals
    f: Array  # (N,) its values
    equation: Equation


@dataclass(frozen=True, eq=False)
class Scatter:
    """Finds the kind of scatter.

    Parameters
    ----------
    table : Table
        The rows as given.
    wanted : str
        "auto", or the kind that the user has decided on.
    """

    table: Table
    wanted: str = AUTO

    @property
    def is_open(self) -> bool:
        """Whether there may be another kind than a constant: not where errors or relative weights are given."""
        table = self.table
        counts = table.weight is None or (table.sigma is None and are_counts(table.weight))
        return counts and self.wanted != "constant"

    @property
    def given(self) -> Noise:
        """The noise where it is not open."""
        if self.wanted == "constant":
            return Noise(by="user")
        return Noise(by="weights" if self.table.sigma is None else "sigma")

    def weighted(self, noise: Noise, f: Array) -> Table:
        """Return the table with the weights that the law's values f (N,) give its rows, counted as they were."""
        weight, table = noise.weights(f), self.table
        counts = np.ones(len(f)) if table.weight is None else table.weight
        return table.with_weights(counts * weight, counts)

    def suspected(self) -> Array | None:
        """Return the weights (N,) of relative errors, if a polynomial shows them or the user says so."""
        if not self.is_open or self.wanted == "poisson":
            return None
        f = relative_model(self.table.X, self.table.y, sure=self.wanted == AUTO)
        return None if f is None else np.asarray(self.weighted(Noise("relative"), f).weight)

    def told(self, entries: Sequence[Entry], rows: NDArray[np.intp]) -> tuple[Noise, Array | None]:
        """Return the kind, and the values (N,) of the law that shows it; None for a constant.

        Parameters
        ----------
        entries : sequence of Entry
            The laws found.
        rows : ndarray of int
            The rows to which coefficients are fitted; of a long table no others are looked at.
        """
        whole = len(rows) == len(self.table.y)
        noise, law = (self if whole else self._of(rows))._told(entries)
        if law is None:
            return noise, None
        f = law.f if whole else self.table.predicted(law.equation)
        return (noise, f) if np.isfinite(f).all() else (Noise(), None)

    def _of(self, rows: NDArray[np.intp]) -> Scatter:
        """Return the same for some of the rows."""
        return replace(self, table=self.table.part(rows))

    def _told(self, entries: Sequence[Entry]) -> tuple[Noise, _Law | None]:
        n = len(self.table.y)
        few = self.table.drawn(np.linspace(0, n - 1, min(n, MOST_FITTED)).astype(np.intp))
        if self.wanted != AUTO:
            law = self._best(self.wanted, entries, few)
            return (Noise(by="user"), None) if law is None else (replace(law.noise, by="user"), law)
        constant = self._best("constant", entries, few)
        if constant is None or is_exact(self.table.y, constant.f):
            return Noise() if constant is None else constant.noise, None
        others = [self._best(kind, entries, few) for kind in self._others()]
        best = min((law for law in others if law is not None), key=lambda law: law.length, default=constant)
        if best is constant:
            return constant.noise, None
        nats = evidence_of(best.noise.kind, self.table.y, best.f, constant.f, self.table.weight)
        nats += constant.rest - best.rest
        # What a wrong law leaves is large in places. That is no scatter.
        chance = BY_CHANCE / math.sqrt(min(n, MOST_ROWS))
        explained = explained_by_neighbours(self.table.X, self._standard(best))
        if not nats > EVIDENCE or explained > max(MISFIT, chance):
            return constant.noise, None
        return replace(best.noise, nats=nats), best

    def _standard(self, law: _Law) -> Array:
        return np.asarray((self.table.y - law.f) / law.noise.std(law.f))

    def again(self, noise: Noise, f: Array) -> Noise:
        """Return the noise with the size that the rows have around the values f (N,) of the law chosen with it."""
        return replace(noise_of(noise.kind, self.table.y, f, self.table.weight)[0], nats=noise.nats, by=noise.by)

    def _others(self) -> Iterator[str]:
        """Yield the kinds that are compared with a constant."""
        y = self.table.y
        if self.table.n_rows >= FEWEST_ROWS:
            yield from (kind for kind in NOISES if kind != "constant")
        elif y.min() > 0 and y.max() > DECADES * y.min():
            # Of few rows only a target over decades tells: an error that is the same at all of them is implausible.
            yield "relative"

    def _best(self, kind: str, entries: Sequence[Entry], few: FitRows) -> _Law | None:
        """Return the law with the shortest description by a kind; the most promising are fitted by its weights."""
        laws = [self._fitted(kind, entries[k], few) for _, k in self._promise(kind, entries)[:MOST_LAWS]]
        return min((law for law in laws if law is not None), key=lambda law: law.length, default=None)

    def _promise(self, kind: str, entries: Sequence[Entry]) -> list[tuple[float, int]]:
        """Return the nats of the laws by a kind, before they are fitted by it, with their places."""
        found: list[tuple[float, int]] = []
        for k, entry in enumerate(entries):
            if math.isfinite(entry.candidate.loss):
                f = self.table.predicted(entry.equation)
                found.append((noise_of(kind, self.table.y, f, self.table.weight)[1] + self._rest(entry), k))
        return sorted(found)

    def promising(
        self, kind: str, entries: Sequence[Entry], rows: NDArray[np.intp], in_haste: bool = False
    ) -> list[Entry]:
        """Return the entries that are worth a fit by a kind: the shortest, and the best of each small size.

        `in_haste` they are the few shortest only.
        """
        seen = self if len(rows) == len(self.table.y) else self._of(rows)
        order = [k for _, k in seen._promise(kind, entries)]
        if in_haste:
            return [entries[k] for k in order[:MOST_IN_HASTE]]
        of_size: dict[int, int] = {}
        for k in order:
            of_size.setdefault(entries[k].candidate.complexity, k)
        wanted = {*order[:MOST_AGAIN], *(k for size, k in of_size.items() if size <= SHORT)}
        return [entry for k, entry in enumerate(entries) if k in wanted or entry.candidate.kept]

    def _rest(self, entry: Entry) -> float:
        """Return the nats of a law besides its residuals."""
        n, candidate = self.table.n_rows, entry.candidate
        price = 0.5 * candidate.n_coefficients * math.log(1 + n)
        return price + candidate.structure_in(self.table.X.shape[1]) + singularity_price(candidate, n)

    def _fitted(self, kind: str, entry: Entry, few: FitRows) -> _Law | None:
        """Return the law with its coefficients by the weights of a kind; None where it becomes undefined."""
        try:
            equation = ByKind(kind, self.table, few).settle(entry.equation, ROUGH_STEPS)
        except FormulaError:
            return None
        f = self.table.predicted(equation)
        if not np.isfinite(f).all():
            return None
        noise, code = noise_of(kind, self.table.y, f, self.table.weight)
        rest = self._rest(entry)
        return _Law(noise, code + rest, rest, f, equation)


@dataclass(frozen=True, eq=False)
class ByKind:
    """Fits and prices equations by one kind of scatter, each with the weights that its own values give the rows.

    Parameters
    ----------
    kind : str
        A key of `eqdarts.inference.noise.NOISES`.
    table : Table
        All rows, on which losses are measured.
    rows : FitRows
        The rows to which the coefficients are fitted.
    """

    kind: str
    table: Table
    rows: FitRows

    def predicted(self, equation: Equation) -> Array:
        """Return the values (n,) of the equation at `rows`, NaN where it is undefined."""
        return values_at(equation, self.rows.X)

    def settle(self, equation: Equation, steps: int = STEPS) -> Equation:
        """Return the equation with coefficients at which the weights follow from its values.

        Raises
        ------
        FormulaError
            If the numbers that are found cannot be written.
        """
        return self.with_own_weights(equation, steps)[0]

    def with_own_weights(self, equation: Equation, steps: int = STEPS, at_least: int = 0) -> tuple[Equation, Array]:
        """Return the same equation, and the weights (n,) by which its coefficients are those of least squares.

        Where the scatter is as large as the values, no coefficients give the weights by which they are found. Then the
        weights are those of the step before. The first `at_least` steps are taken even if they fit worse.
        """
        form = form_of(equation)
        counts = np.ones(len(self.rows.y)) if self.rows.weight is None else self.rows.weight
        if not form.names:
            f = self.predicted(equation)
            return equation, counts * noise_of(self.kind, self.rows.y, f, counts)[0].weights(f)
        solver, theta = FormulaSolver(form, self.rows, equation.variables), form.estimate
        noise, least = noise_of(self.kind, self.rows.y, f := solver.predict(theta), counts)
        used = counts * noise.weights(f)
        for k in range(steps):
            new = solver.step(theta, weights := counts * noise.weights(f))
            noise, code = noise_of(self.kind, self.rows.y, f := solver.predict(new), counts)
            # Near a zero of the law the weights of the next step can be anything. A step that fits worse is not taken.
            if k >= at_least and not code <= least + SLACK:
                break
            least, used = min(code, least), weights
            before, theta = theta, new
            if (np.abs(theta - before) <= SAME * np.abs(theta)).all():
                break
        return with_estimates(equation, form, theta), used

    def candidate(self, equation: Equation, structure: float | None) -> Candidate:
        """Return what selection uses; the loss is the mean square that has the likelihood of the kind."""
        y, f = self.table.y, self.table.predicted(equation)
        counts = self.table.counts_of_rows
        loss = math.inf
        if np.isfinite(f).all():
            # Of a long table the rows of the fit are enough for a price; only where the law is undefined all must say.
            if len(y) > MOST_PRICED:
                y, f = self.rows.y, self.predicted(equation)
                counts = np.ones(len(y)) if self.rows.weight is None else self.rows.weight
            loss = math.exp(2 * noise_of(self.kind, y, f, counts)[1] / float(counts.sum()))
        return Candidate(equation.complexity, len(equation.coefficients), loss, structure)


def by_own_weights(front: Front, noise: Noise, given: FitRows, table: Table) -> tuple[Front, Noise, FitRows]:
    """Return the front with the chosen law, which may have got exact constants, by its own weights."""
    if noise.kind == "constant":
        return front, replace(noise, size=noise.size * table.y_unit), given
    rows = replace(given, y=given.y / table.y_unit)
    by = ByKind(noise.kind, table, rows)
    equation, weight = by.with_own_weights(front.best.equation, at_least=1)
    found, _ = noise_of(noise.kind, rows.y, by.predicted(equation), rows.weight)
    entries = list(front.entries)
    entries[front.chosen] = replace(front.best, equation=equation)
    found = replace(found, nats=noise.nats, by=noise.by).in_unit(table.y_unit)
    return replace(front, entries=tuple(entries)), found, replace(given, weight=weight)


def explained_by_neighbours(X: Array, residuals: Array) -> float:
    """Return the share of the squares of residuals (N,) that the residual of the nearest row explains: 0 for noise."""
    from scipy.spatial import cKDTree

    few = spread(len(X), MOST_ROWS)
    columns, r = _standardised(X[few]), residuals[few]
    nearest = cKDTree(columns).query(columns, k=2)[1][:, 1]
    return 1 - float(np.mean((r - r[nearest]) ** 2)) / max(2 * float(np.mean(r**2)), 1e-300)


def with_weights(data: Data, weight: Array) -> Data:
    """Return the data, in the same scales, with other weights (N,)."""
    return replace(data, weight=weight / weight.mean())


class _Polynomial(NamedTuple):
    """A polynomial, and the code of its errors at the rows left out one by one."""

    solution: Array  # (T,)
    f: Array  # (n,) values without the row itself
    code: float
    loss: float


def relative_model(X: Array, y: Array, sure: bool = True) -> Array | None:
    """Return a smooth positive model (N,) of a target with relative errors; None if the errors are not of that kind.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    y : ndarray of shape (N,)
    sure : bool, default=True
        Whether relative errors must describe the rows better than constant ones do, and the model span a decade.

    Notes
    -----
    The model is the exponential of a polynomial, by the quasi-likelihood of errors in proportion to the mean, in the
    logarithms of positive inputs. Its rival is a polynomial by least squares. Both predict every row from all others.
    """
    # The polynomials hold some copies of the table. Of a large one the kind of scatter is told by the law alone.
    if X.size > LARGE or not np.mean(y > 0) >= POSITIVE or len(y) < X.shape[1] + 4:
        return None
    if sure and np.quantile(y, 0.95) < SPREAD * np.quantile(y, 0.05):
        return None
    few = spread(len(y), MOST_ROWS)
    columns, raw = _standardised(X), _standardised(X, logs=False)[few]
    relative: list[_Polynomial] = []
    constant = math.inf
    for degree in range(1, MOST_DEGREE + 1):
        exponents = exponents_up_to(X.shape[1], degree)
        if len(exponents) > min(MOST_TERMS, len(few) / ROWS_PER_TERM) and degree > 1:
            break
        A = _monomials(columns[few], exponents)
        relative.append(_relative(A, y[few]))
        constant = min(constant, _constant(A, y[few]), _constant(_monomials(raw, exponents), y[few]))
    best = min(range(len(relative)), key=lambda k: relative[k].code)
    model = relative[best]
    # A polynomial that still improves with its degree does not fit yet: what it leaves is no noise.
    rising = best == len(relative) - 1 and best > 0 and model.loss < UNSETTLED * relative[best - 1].loss
    spans = model.f.max() > SPREAD * model.f.min()
    small = model.loss < SMALL**2
    if sure and (not constant - model.code > CLOSE or rising or small or not spans):
        return None
    A = _monomials(columns, exponents_up_to(X.shape[1], best + 1))
    return np.asarray(np.exp(np.clip(A @ model.solution, -600, 600)))


def _standardised(X: Array, logs: bool = True) -> Array:
    """Return the columns, in logarithms where positive, with mean zero and standard deviation one."""
    positive = X.min(axis=0) > 0
    columns = np.where(positive & logs, np.log(np.where(positive, X, 1.0)), X)
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _monomials(columns: Array, exponents: NDArray[np.int64]) -> Array:
    return np.asarray(np.prod(columns[:, None, :] ** exponents[None], axis=2))


def _relative(A: Array, y: Array) -> _Polynomial:
    """Fit exp(A b) to y (n,) with errors in proportion to it."""
    u, singular, vt = np.linalg.svd(A, full_matrices=False)
    kept = singular > 1e-9 * singular[0]
    u, inverse = u[:, kept], vt[kept].T / singular[kept]
    log = np.log(np.maximum(y, np.min(y[y > 0])))
    leverage = np.minimum(np.square(u).sum(axis=1), 0.99)
    for _ in range(STEPS):
        fitted = u @ (u.T @ log)
        f = np.exp(np.clip(fitted, -600, 600))
        # One step by Fisher scoring; far rows are pulled in, so that it does not overshoot.
        log = fitted + np.clip((y - f) / f, -0.9, 3.0)
    solution = inverse @ (u.T @ log)
    fitted = u @ (u.T @ log)
    without = np.exp(np.clip(fitted - leverage / (1 - leverage) * (log - fitted), -600, 600))
    loss = float(np.mean(np.square((y - without) / without)))
    code = 0.5 * len(y) * math.log(max(loss, 1e-300)) + float(np.log(without).sum())
    return _Polynomial(solution, without, code, loss)


def _constant(A: Array, y: Array) -> float:
    """Return the code of the errors of a least squares fit at the rows left out one by one."""
    u, singular, _ = np.linalg.svd(A, full_matrices=False)
    u = u[:, singular > 1e-9 * singular[0]]
    leverage = np.minimum(np.square(u).sum(axis=1), 0.99)
    errors = (y - u @ (u.T @ y)) / (1 - leverage)
    return 0.5 * len(y) * math.log(max(float(np.mean(errors**2)), 1e-300))
