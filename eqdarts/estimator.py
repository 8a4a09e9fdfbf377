"""DARTSRegressor: validate -> search -> select -> store. No mathematics here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from eqdarts.clock import now
from eqdarts.constants import Snap
from eqdarts.data import Data, prepare
from eqdarts.errors import EqdartsWarning
from eqdarts.estimator_alpha import Alpha, structure_of
from eqdarts.estimator_checks import (
    checked_constants,
    checked_held_out,
    checked_loss,
    checked_parameters,
    checked_weight,
)
from eqdarts.estimator_choice import Front, Table, choose, snap_chosen
from eqdarts.estimator_display import DisplayMixin
from eqdarts.estimator_front import fitted_rows, held_out_losses, refit_front
from eqdarts.estimator_inference import InferenceMixin
from eqdarts.estimator_losses import ROUNDS, Reweighting, snap_reweighted, working_data, working_target
from eqdarts.estimator_progress import Progress
from eqdarts.estimator_range import RangeMixin, warn_outside
from eqdarts.estimator_stability import StabilityMixin
from eqdarts.history import SearchHistory, with_totals
from eqdarts.losses import resolve_loss
from eqdarts.primitives import Primitive
from eqdarts.search.archive import Member
from eqdarts.search.evidence import Evidence
from eqdarts.search.findings import Finding
from eqdarts.search.parallel import search_many
from eqdarts.search.search import Config, search

__all__ = ["DARTSRegressor"]

Array = NDArray[np.float64]

FEWEST_ROWS, FEW_ROWS = 3, 10


class Task(NamedTuple):
    """What one fit is asked to do."""

    table: Table
    sigma: Array | None
    primitives: tuple[Primitive, ...]
    constants: dict[str, float]
    rng: np.random.Generator
    began: float  # by `eqdarts.clock.now`


class Outcome(NamedTuple):
    """What one fit has found."""

    front: Front
    snaps: tuple[Snap, ...]
    data: Data
    history: SearchHistory
    evidence: Evidence
    structure: tuple[Finding, ...]


FOR_SEARCH = 0.95  # share of the time limit at which the search ends; the rest is for the last refit and the choice
LEAST_SEARCH = 0.5  # share of its time that a search gets, however long it took to prepare the table


class DARTSRegressor(DisplayMixin, InferenceMixin, RangeMixin, StabilityMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Discover a closed-form equation for y by differentiable architecture search.

    Parameters
    ----------
    primitives : str or list, default="default"
        A preset ("default", "minimal", "psychology", "physics") or a list of names and `Primitive` rows.
    max_complexity : int, default=60
        Symbols of the largest graph that is tried; the equation is simplified afterwards.
    search : {"auto", "implicit", "relaxed", "random"}, default="auto"
        "auto" is the best measured pipeline; "implicit" grows graphs by exact gains; "relaxed" is bilevel architecture
        search by a supernet; "random" is the baseline.
    time_limit : float or None, default=60
        Seconds of wall time; the search ends earlier when a law is exact. None: only `max_refits` counts, and the same
        `random_state` gives the same equation bit for bit.
    max_refits : int, default=1000000
        Graphs refitted at most.
    n_restarts : int, default=32
        Restarts of the relaxed stage.
    selection : {"mdl", "bic", "aicc", "validation"}, default="mdl"
        How the equation is chosen from the Pareto front: by description length, by the criteria of Schwarz or Akaike,
        or by the loss on the rows held back. Each pays for the number of graphs there are; see `eqdarts.selection`.
    constants : dict of str to float, optional
        Constants of nature by name, in the units of the data, such as ``{"g": 9.80665}``. Coefficients of the chosen
        equation become these, or integers, simple fractions, pi, e or sqrt(2), where that makes its description
        shorter; `snaps_` says which, and at what cost.
    loss : {"squared", "huber", "absolute", "poisson", "bernoulli"} or callable, default="squared"
        What is smallest at the fit: squared residuals; Huber's loss or absolute residuals, which outliers do not
        govern; or minus the log likelihood of counts ("poisson": the law is their mean) or of answers that are 0 or 1
        ("bernoulli": the law is the probability of 1, the logistic function of what is searched). A callable takes y
        and the prediction as torch tensors and returns the loss of each row: not negative, smallest at y. Half of the
        budget is spent before, half after the rows are weighted by the first result.
    validation_fraction : float, default=0.3
        Share of the rows held back for the architecture. Below 20 rows none is.
    n_jobs : int or None, default=None
        None: one search, in this process. A number: `n_searches` independent searches on so many workers of joblib, -1
        for all cores; ``with joblib.parallel_config(backend="dask")`` makes the workers those of a cluster. The result
        depends on `n_searches`, and with ``time_limit=None`` not on the number of workers.
    n_searches : int, default=4
        How many searches divide the budget if `n_jobs` is a number.
    verbose : int, default=0
        1 shows a progress bar on stderr.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    equation_ : Equation
        The chosen equation, in the names and units of the data.
    equations_ : DataFrame
        The Pareto front: complexity, loss (mean over the rows; squared residuals in units of y squared), score
        (description length in nats, or another criterion, less that of the chosen one, before its constants became
        exact), equation, latex, chosen.
    front_ : tuple of Equation
        The equations of `equations_`, in its order.
    selection_ : str
        Why this equation was chosen, and which came close.
    snaps_ : tuple of Snap
        Coefficients of the chosen equation that became exact constants, its exponents among them, with the cost.
    known_ : dict of str to float
        The named constants in the chosen equation.
    graph_ : Graph
        The chosen graph, and `graph_coefficients_` its coefficients on inputs divided by `x_scale_`, target by
        `y_scale_`, before constants became exact.
    history_ : SearchHistory
        Its `alpha` has the trajectories of the architecture weights, if the relaxed stage ran.
    alpha_ : DataFrame
        The weight of evidence for each primitive (columns) on each edge of `graph_` (rows): softmax of minus the
        description length with that primitive in place of the graph's own, all coefficients refitted on at most 1000
        rows. "none" is the absent edge.
    structure_ : tuple of Finding
        What acts only together, and laws of scale, as sentences with their evidence: ``print(*model.structure_)``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If X has column names.

    Notes
    -----
    A fitted estimator keeps the rows that its coefficients were fitted to, at most 10,000, for `inference`, `summary`
    and intervals; so does its pickle.
    """

    def __init__(
        self,
        primitives: str | Iterable[str | Primitive] = "default",
        max_complexity: int = 60,
        search: str = "auto",
        time_limit: float | None = 60,
        max_refits: int = 1_000_000,
        n_restarts: int = 32,
        selection: str = "mdl",
        constants: Mapping[str, float] | None = None,
        loss: str | Callable[..., Any] = "squared",
        validation_fraction: float = 0.3,
        n_jobs: int | None = None,
        n_searches: int = 4,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.primitives = primitives
        self.max_complexity = max_complexity
        self.search = search
        self.time_limit = time_limit
        self.max_refits = max_refits
        self.n_restarts = n_restarts
        self.selection = selection
        self.constants = constants
        self.loss = loss
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.n_searches = n_searches
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, sigma: Any = None) -> DARTSRegressor:
        """Search for the law of y in X.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        y : array of shape (n,)
        sample_weight : array of shape (n,), optional
            Not negative, not all zero. Where all are whole numbers they say how often a row was seen, and the choice of
            the equation counts it so often. Otherwise, and for all standard errors, they are relative: the variance of
            a row is sigma**2 / weight with one sigma, which is estimated.
        sigma : float or array of shape (n,), optional
            Known standard deviations of y, in place of weights: they weight the rows by 1 / sigma**2, and standard
            errors are not scaled by the residuals.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that cannot be used; before any search starts.
        """
        began = now()
        primitives = checked_parameters(self)
        target = getattr(y, "name", None)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=FEWEST_ROWS)
        weight, sigma = checked_weight(sample_weight, sigma, X, self.loss)
        names = self._names()
        constants = checked_constants(self.constants, names)
        target = None if target is None else str(target)
        table = Table(X, np.asarray(y, dtype=np.float64), weight, names, target, sigma)
        if len(y) < FEW_ROWS:
            warnings.warn(f"Only {len(y)} rows: the law may be chance.", EqdartsWarning, stacklevel=2)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        task = Task(table, sigma, primitives, constants, rng, began)
        outcome = self._by_squares(task) if self.loss == "squared" else self._by_loss(task)
        if outcome.history.stop_reason == "interrupt":
            warnings.warn("Interrupted: these are the best equations so far.", EqdartsWarning, stacklevel=2)
        self._store(outcome, table)
        return self

    def _by_squares(self, task: Task) -> Outcome:
        table, rng = task.table, task.rng
        data = prepare(table.X, table.y, table.weight, self.validation_fraction, rng)
        checked_held_out(data, self.selection)
        found, history = self._search(data, task)
        rows = fitted_rows(data, rng)
        held_out = held_out_losses(found, data, rng) if self.selection == "validation" else None
        members = refit_front(found, data, rows, rng)
        self._rows = table.kept(rows, task.sigma)
        front = choose(members, data, table, task.primitives, self.selection, held_out)
        alpha = Alpha(data, rows, table, task.primitives, self.selection, rng)
        front, evidence = alpha.settled(front, lambda: self._has_time(task))
        structure = structure_of(front, data, table, rng)
        snapped = snap_chosen(front, table, self._rows, task.constants, task.primitives)
        return Outcome(*snapped, data, history, evidence, structure)

    def _by_loss(self, task: Task) -> Outcome:
        table, rng = task.table, task.rng
        f = np.full(len(table.y), np.average(table.y, weights=table.weight))
        loss = checked_loss(self.loss, self.selection, table.y, f)
        target = working_target(loss, table.y, f)
        data = prepare(table.X, target, table.weight, self.validation_fraction, rng)
        rows = fitted_rows(data, rng)
        self._rows = table.kept(rows, None)
        members: list[Member] = []
        histories: list[SearchHistory] = []
        for k in range(ROUNDS):
            found, history = self._search(data, task, 1 / ROUNDS, (k + 1) / ROUNDS)
            histories.append(history)
            members += refit_front(found, data, rows, rng)
            for _ in range(2 if loss.name == "huber" else 1):  # what is large is known after the first choice
                reweighting = Reweighting(resolve_loss(self.loss, table.y, table.y - f), table, self._rows)
                front = choose(members, data, table, task.primitives, self.selection, reweighting=reweighting)
                f = table.predicted(front.equations[front.chosen])
            data = working_data(reweighting.loss, data, table, f)
            if history.stop_reason == "interrupt":
                break
        front = reweighting.finish(front)
        evidence = Alpha(data, rows, table, task.primitives, "bic", rng).of(front)
        structure = structure_of(front, data, table, rng, loss.logistic)
        snapped = snap_reweighted(front, reweighting, task.constants)
        return Outcome(*snapped, data, with_totals(histories[-1], histories), evidence, structure)

    def _has_time(self, task: Task) -> bool:
        return self.time_limit is None or now() - task.began < self.time_limit

    def _search(
        self, data: Data, task: Task, share: float = 1.0, end: float = 1.0
    ) -> tuple[tuple[Member, ...], SearchHistory]:
        """Search within a share of the budget, until `end`, a share of the time since the fit began."""
        limit = None
        if self.time_limit is not None:
            whole = FOR_SEARCH * self.time_limit
            limit = max(end * whole - (now() - task.began), LEAST_SEARCH * share * whole)
        most = max(round(share * self.max_refits), 1)
        config = Config(
            task.primitives, self.search, self.max_complexity, limit, most, self.n_restarts, task.table.names
        )
        with Progress(bool(self.verbose)) as progress:
            if self.n_jobs is None:
                result = search(data, config, task.rng, progress)
            else:
                result = search_many(data, config, task.rng, self.n_searches, self.n_jobs, progress)
        return result.front, result.history

    def predict(self, X: Any, index: int | None = None, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Return the values of the chosen equation or of row `index` of `equations_`.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        return_std : bool, default=False
            Whether the standard deviation of a new observation (at weight one) is returned too: the scatter of the rows
            and the uncertainty of the coefficients. `predict_interval` makes intervals of it.

        Returns
        -------
        values : ndarray of shape (n,)
            NaN where the equation is undefined.
        std : ndarray of shape (n,)
            Only with `return_std`.

        Warns
        -----
        EqdartsWarning
            Once, if rows lie outside the range of the training rows; `outside` says which.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        warn_outside(self._equation(index), X, stacklevel=2)
        values = np.asarray(self._equation(index).predict(X), dtype=np.float64)
        return (values, self._std(X, index)) if return_std else values

    def sympy(self, index: int | None = None) -> Any:
        """Return the chosen equation, or row `index` of `equations_`, as a sympy expression."""
        check_is_fitted(self)
        return self._equation(index).expr

    def latex(self, index: int | None = None) -> str:
        """Return the chosen equation, or row `index` of `equations_`, as LaTeX."""
        check_is_fitted(self)
        return self._equation(index).latex()

    def report(self, path: Any, units: Mapping[str, str] | None = None) -> None:
        """Write one self-contained web page: the law, its uncertainty, its rivals, pictures, and how it was found.

        Parameters
        ----------
        path : str or Path
            Such as "law.html".
        units : mapping of str to str, optional
            Units of columns and target, by name.
        """
        from eqdarts.report import write_report

        check_is_fitted(self)
        write_report(self, path, units)

    def _names(self) -> tuple[str, ...]:
        given = getattr(self, "feature_names_in_", None)
        return tuple(f"x{i}" for i in range(self.n_features_in_)) if given is None else tuple(map(str, given))

    def _store(self, outcome: Outcome, table: Table) -> None:
        front, data, history = outcome.front, outcome.data, outcome.history
        self.front_ = tuple(equation.with_ranges(table.box) for equation in front.equations)
        self.snaps_, self._loss, self._members, self._stability = outcome.snaps, self.loss, front.members, None
        self.equation_ = self.front_[front.chosen]
        self.known_ = dict(self.equation_.constants)
        self.equations_ = front.as_table()
        self.selection_ = front.in_words(self.selection, history.n_refits, table.n_rows)
        member = front.members[front.chosen]
        self.graph_, self.graph_coefficients_ = member.graph, member.coefficients
        self.x_scale_, self.y_scale_ = data.x_scale, data.y_scale
        self.alpha_, self.structure_ = outcome.evidence.as_table(), outcome.structure
        self.history_ = history
