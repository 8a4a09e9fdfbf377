"""DARTSRegressor: validate -> search -> select -> store. No mathematics here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from eqdarts._typing import Array
from eqdarts.clock import now
from eqdarts.equation.equation import Equation, warn_outside
from eqdarts.errors import EqdartsWarning
from eqdarts.evidence.stability import StabilityMixin
from eqdarts.fitting.bar import Progress
from eqdarts.fitting.checkpoint import Checkpoint
from eqdarts.fitting.checks import checked_constants, checked_parameters, checked_weight, loss_name
from eqdarts.fitting.estimator_range import RangeMixin
from eqdarts.fitting.interrupts import Interrupts
from eqdarts.fitting.progress import Callback, Watch
from eqdarts.fitting.saved import SaveMixin
from eqdarts.fitting.stages import Outcome, Stages
from eqdarts.fitting.table import Table
from eqdarts.inference.by_loss import InferenceMixin
from eqdarts.primitives.table import Primitive
from eqdarts.report.notebook import DisplayMixin

__all__ = ["DARTSRegressor"]


FEWEST_ROWS, FEW_ROWS = 3, 10


class DARTSRegressor(
    DisplayMixin,
    InferenceMixin,
    RangeMixin,
    SaveMixin,
    StabilityMixin,
    RegressorMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
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
    n_restarts : int, default=128
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
    guesses : list of str or Equation, optional
        Formulas in the names of the columns from which the search starts, such as ``["a*x/(b + x)"]``. Every other name
        is a coefficient; so is every number but exponents. What is chosen may be something else.
    warm_start : bool, default=False
        Whether the next `fit` starts from what this one has found: the best graph of each size is refitted to the new
        rows, and none is lost unless a better one is found.
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
        n_restarts: int = 128,
        selection: str = "mdl",
        constants: Mapping[str, float] | None = None,
        loss: str | Callable[..., Any] = "squared",
        validation_fraction: float = 0.3,
        n_jobs: int | None = None,
        n_searches: int = 4,
        guesses: Sequence[str | Equation] | None = None,
        warm_start: bool = False,
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
        self.guesses = guesses
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        sigma: Any = None,
        *,
        checkpoint: str | Path | None = None,
        callback: Callback | None = None,
    ) -> DARTSRegressor:
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
        checkpoint : str or Path, optional
            A folder for the best graphs so far, written every few seconds. A fit to the same rows, columns and loss
            with the same folder goes on from there, however the one before has ended; its front is never worse. The
            folder's file is one readable JSON, `checkpoint.json`.
        callback : callable, optional
            Called with a `FitProgress` once a second at most (with `n_jobs`: whenever a search has finished). If it
            returns True the search stops and the best so far is kept; an exception ends the fit and is yours.
            `JsonLog` is one.

        Returns
        -------
        self

        Notes
        -----
        Ctrl-C stops the search, or what comes after it, and keeps the best so far; the evidence and the structure are
        then not worked out, and no constants made exact.

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
        before = getattr(self, "_kept", None) if self.warm_start else None
        settings = {name: repr(value) for name, value in self.get_params(deep=False).items()}
        kept_in = None if checkpoint is None else Checkpoint(Path(checkpoint), table, loss_name(self.loss), settings)
        with Interrupts() as interrupts, Progress(bool(self.verbose)) as bar:
            began += _compiling(bar)
            watch = Watch(bar, kept_in, callback, interrupts)
            given = (table, sigma, primitives, constants, rng, began, watch, interrupts, before)
            outcome = Stages(self, *given).run()
        if outcome.history.stop_reason == "interrupt":
            warnings.warn("Interrupted: these are the best equations so far.", EqdartsWarning, stacklevel=2)
        self._store(outcome, table)
        return self

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
        from eqdarts.report.page import write_report

        check_is_fitted(self)
        write_report(self, path, units)

    def _names(self) -> tuple[str, ...]:
        given = getattr(self, "feature_names_in_", None)
        return tuple(f"x{i}" for i in range(self.n_features_in_)) if given is None else tuple(map(str, given))

    def _store(self, outcome: Outcome, table: Table) -> None:
        front, data, history = outcome.front, outcome.data, outcome.history
        self._rows, self._kept = outcome.rows, outcome.kept
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


def _compiling(bar: Progress) -> float:
    """Load or compile what refits graphs; return the seconds that took, which are not the search's."""
    from eqdarts.solver.compiled import warm_up

    began = now()
    warm_up(lambda: bar.say("compiling, once after an installation"))
    return now() - began
