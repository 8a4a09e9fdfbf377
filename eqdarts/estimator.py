"""DARTSRegressor, the scikit-learn interface: it validates, calls functions, and keeps a `Run`. No mathematics here."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state, estimator_html_repr
from sklearn.utils.validation import check_is_fitted, validate_data

from eqdarts._typing import Array
from eqdarts.arrays import as_floats, finite, without_masks
from eqdarts.clock import now
from eqdarts.equation.equation import Equation, warn_outside
from eqdarts.equation.ranges import MARGIN
from eqdarts.equation.singularities import Singularities, singularities_in_range
from eqdarts.errors import EqdartsWarning
from eqdarts.evidence.stability import stability_of
from eqdarts.failures import warn_left_out
from eqdarts.files import write_atomically
from eqdarts.fitting import checks, group_rows
from eqdarts.fitting.dimensions import column_units, constant_units, without_units
from eqdarts.fitting.group_rows import labels_in
from eqdarts.fitting.group_stages import fit_groups
from eqdarts.fitting.known import checked_knowledge
from eqdarts.fitting.new_rows import inference_of, interval_of_new, std_of_new
from eqdarts.fitting.progress import Callback
from eqdarts.fitting.run import Run, read_run
from eqdarts.fitting.stages import fit_table
from eqdarts.fitting.user_tables import (
    Given,
    checked_table,
    explained_share,
    given_rows,
    new_rows,
    observed,
    with_columns,
    with_units_of_table,
)
from eqdarts.form.fit import checked_form, fit_form
from eqdarts.primitives.table import Primitive, resolve
from eqdarts.report.notebook import fitted_html
from eqdarts.report.summary import run_summary

__all__ = ["DARTSRegressor"]

# Fields of a fit that are attributes of the same name with an underscore.
SHOWN = ("equation", "selection", "snaps", "structure", "x_scale", "y_scale", "x_origin", "alpha", "noise", "history")


class DARTSRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Discover a closed-form equation for y by differentiable architecture search.

    Parameters
    ----------
    primitives : str or list, default="default"
        A preset ("default", "minimal", "psychology", "physics") or a list of names and `Primitive` rows.
    exponents : {"any", "half", "integer"}, default="any"
        Which exponents a law may have: fitted ones too, multiples of a half, or whole numbers.
    max_complexity : int, default=60
        Largest number of symbols of a graph; the equation is simplified afterwards.
    search : {"auto", "implicit", "relaxed", "random"}, default="auto"
        "auto" is "implicit", which grows graphs by exact gains. "relaxed" is bilevel architecture search by a supernet.
        "random" is the baseline: random graphs.
    time_limit : float or None, default=60
        Largest wall time in seconds of all steps together; a step that has begun ends, which takes about half a second
        on small tables. The search ends earlier if a law is exact. With None only `max_refits` limits the
        search, and the same `random_state` gives the same equation bit for bit.
    max_refits : int, default=1000000
        Maximum number of graphs to refit.
    n_restarts : int, default=128
        Number of restarts of each supernet of the relaxed search.
    relaxed : {"first", "second", "implicit"} or dict of str to object, optional
        Order of the gradient of the relaxed search, or fields of `eqdarts.search.relaxed.options.RelaxedOptions`,
        such as ``{"order": "second", "device": "cuda"}``.
    selection : {"mdl", "bic", "aicc", "validation"}, default="mdl"
        Criterion by which the equation is chosen from the Pareto front: description length, the criteria of Schwarz or
        Akaike, or the loss on the rows held back. Each accounts for the number of possible graphs; see
        `eqdarts.selection`.
    constants : dict of str to float or (float, unit), optional
        Constants of nature by name, in the units of the data, such as ``{"g": 9.80665, "h": (6.626e-34, "J s")}``.
        Coefficients of the chosen equation become these constants, integers, simple fractions, pi, e or sqrt(2) if this
        makes the description shorter. `snaps_` lists the changes and their cost.
    constants_dimensionless : bool, default=False
        Whether coefficients must be plain numbers, in a fit with units.
    snap : bool, default=True
        Whether coefficients may become exact constants. With False they keep their decimals.
    loss : {"squared", "huber", "absolute", "squared_log", "poisson", "bernoulli"} or callable, default="squared"
        The loss to minimise. Outliers have less influence on "huber" and "absolute" than on "squared". "poisson" is
        minus the log likelihood of counts, and the law is their mean. "bernoulli" is that of answers that are 0 or 1,
        and the law is the probability of 1: the logistic function of the formula that is searched. A callable takes y
        and the prediction as torch tensors and returns the loss of each row, which is not negative and smallest at y.
        For losses other than "squared", half of the budget is spent before the rows are weighted by the first result,
        and half after that.
    noise : {"auto", "constant", "relative", "poisson", "both"}, default="auto"
        How the standard deviation of a row depends on the law's value f: not at all, as abs(f), sqrt(abs(f)) or
        sqrt(a**2 + b**2 f**2). "auto" chooses with the law, by robust losses only the first or second; not if given.
    validation_fraction : float, default=0.3
        Share of the rows held back to fit the architecture. With fewer than 20 rows nothing is held back.
    n_jobs : int or None, default=None
        With None there is one search, in this process. With a number there are `n_searches` independent searches on
        that number of joblib workers; -1 uses all cores. ``with joblib.parallel_config(backend="dask")`` uses the
        workers of a cluster. The result depends on `n_searches`, but with ``time_limit=None`` not on the number of
        workers.
    n_searches : int, default=4
        Number of searches that share the budget if `n_jobs` is a number.
    guesses : list of str or Equation, optional
        Formulas in the names of the columns from which the search starts, such as ``["a*x/(b + x)"]``. Every other name
        is a coefficient, and so is every number except exponents. The chosen equation may be a different one.
    knowledge : list of str, optional
        What is known of the law, such as ``["increasing in x", "y -> const as x -> oo"]``. Equations that contradict it
        are not chosen. `eqdarts.knowledge.statements.KINDS` lists what is understood; `selection_` says how it holds.
    form : str, optional
        The known part of the law, with a function for each unknown one: ``"f(x, y)*exp(-k*t) + g(z)"``.
    bounds : mapping of str to (float or None, float or None), optional
        The least and largest value of coefficients of `form`, such as ``{"k": (0, None)}``.
    warm_start : bool, default=False
        Whether the next `fit` starts from the result of this one: the best graph of each size is refitted to the new
        rows, and is kept unless the search finds a better one.
    verbose : int, default=0
        1 shows a progress bar on stderr.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    equation_ : Equation
        The chosen equation, in the names and units of the data.
    equations_ : DataFrame
        The Pareto front, and in any case the constant, the best line and every guess. Columns: complexity, loss (mean
        over the rows; squared residuals in units of y squared), score (description length in nats, or another
        criterion, minus that of the chosen equation before its constants became exact), equation, latex, chosen, and
        units in a fit with units: whether they add up.
    front_ : tuple of Equation
        The equations of `equations_`, in its order.
    selection_ : str
        Why this equation was chosen, and which others came close.
    snaps_ : tuple of Snap
        Coefficients and exponents of the chosen equation that became exact constants, with the cost.
    known_, functions_ : dict of str to float, dict of str to Equation
        The named constants in the chosen equation; what was found for each unknown function of a `form`.
    graph_ : Graph
        The chosen graph, and `graph_coefficients_` its coefficients on inputs minus `x_origin_` divided by `x_scale_`,
        target by `y_scale_`, before constants became exact.
    history_ : SearchHistory
        Its `alpha` has the trajectories of the architecture weights of the relaxed search.
    alpha_ : DataFrame
        The weight of evidence for each primitive (columns) on each edge of `graph_` (rows): softmax of minus the
        description length with that primitive in place of the graph's own, all coefficients refitted on at most 1000
        rows. "none" is the absent edge.
    structure_ : tuple of Finding
        Inputs that appear only in combination, and scaling laws, as sentences with their evidence:
        ``print(*model.structure_)``.
    coefficients_by_group_ : DataFrame or None
        After a fit with groups: a row for each group, with each constant that differs between groups and its standard
        error, such as a_Tree and a_Tree_error. It has no columns if all constants are shared.
    columns_ : DataFrame or None
        What became of each column of a DataFrame X: its name, what it was made into, its unit and its gaps.
    noise_, run_ : Noise, Run
        How the rows scatter around the law: kind, size, evidence. The whole fit as one record.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If X has column names.

    Notes
    -----
    A fitted estimator and its pickle keep at most 10,000 of the fitted rows for `inference`, `summary` and intervals.
    """

    run_: Run
    equation_: Equation

    def __init__(
        self,
        primitives: str | Iterable[str | Primitive] = "default",
        max_complexity: int = 60,
        search: str = "auto",
        time_limit: float | None = 60,
        max_refits: int = 1_000_000,
        n_restarts: int = 128,
        relaxed: Mapping[str, Any] | str | None = None,
        selection: str = "mdl",
        constants: Mapping[str, float | tuple[float, Any]] | None = None,
        constants_dimensionless: bool = False,
        exponents: str = "any",
        snap: bool = True,
        loss: str | Callable[..., Any] = "squared",
        noise: str = "auto",
        validation_fraction: float = 0.3,
        n_jobs: int | None = None,
        n_searches: int = 4,
        guesses: Sequence[str | Equation] | None = None,
        knowledge: Sequence[str] | None = None,
        form: str | None = None,
        bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.primitives, self.max_complexity = primitives, max_complexity
        self.search, self.time_limit = search, time_limit
        self.max_refits, self.n_restarts = max_refits, n_restarts
        self.relaxed = relaxed
        self.selection, self.exponents = selection, exponents
        self.constants, self.constants_dimensionless = constants, constants_dimensionless
        self.snap, self.noise = snap, noise
        self.loss, self.validation_fraction = loss, validation_fraction
        self.n_jobs, self.n_searches = n_jobs, n_searches
        self.guesses, self.knowledge = guesses, knowledge
        self.form, self.bounds = form, bounds
        self.warm_start, self.verbose = warm_start, verbose
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        sigma: Any = None,
        *,
        groups: Any = None,
        checkpoint: str | Path | None = None,
        callback: Callback | None = None,
        units: Mapping[str, Any] | None = None,
        y_units: Any = None,
    ) -> Self:
        """Search for the law of y in X.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
            A DataFrame may have dates, text and gaps, see `columns_`; an array must hold finite numbers.
        y : array of shape (n,)
            In any unit between 1e-280 and 1e280; losses that floats cannot hold are shown as the largest or smallest.
        sample_weight : array of shape (n,), optional
            Not negative, not all zero. If all are whole numbers (of at most 2**53), they are the number of times that a
            row was seen: the equation is the same as if the rows were repeated. Otherwise, and for all standard errors,
            they are relative: the variance of a row is sigma**2 / weight, and the common sigma is estimated.
        sigma : float or array of shape (n,), optional
            Known standard deviations of y, instead of weights. They weight the rows by 1 / sigma**2, which is never
            a count of rows, and standard errors are not scaled by the residuals.
        groups : str or array of shape (n,), optional
            A column of X, or a label for each row, such as its tree or patient. Constants of the law may then differ
            between groups; which of them do is chosen by description length. See `coefficients_by_group_`.
        checkpoint : str or Path, optional
            A folder in which the best graphs so far are saved every few seconds. A later fit to the same rows, columns
            and loss with the same folder continues from there, however the earlier fit ended, and its front is never
            worse. The file is `checkpoint.json`, a readable JSON.
        callback : callable, optional
            Called with a `FitProgress` at most once a second (with `n_jobs`, whenever a search has finished). If it
            returns True, the search stops and the best so far is kept. An exception ends the fit and is passed on.
            `JsonLog` is an example.
        units : mapping of str to str or unit, optional
            Of columns, and of y by its name, such as ``{"m": "kg", "v": "km/h"}``: text, or units of pint, astropy or
            unyt. Values are not converted. Laws whose units add up, with few and simple units of coefficients, win.
        y_units : str or unit, optional

        Returns
        -------
        self

        Notes
        -----
        Ctrl-C stops the search and keeps the best equations so far, without evidence, structure and exact constants.

        Raises
        ------
        ValueError
            If parameters or data are not valid, before any search.
        """
        began = now()
        # Parameters first: a typing error is told before a large table is checked.
        defaults = {name: own.default for name, own in inspect.signature(type(self)).parameters.items()}
        given = self.get_params(deep=False)
        settings = checks.checked_settings(given, defaults)
        X, y, carried = without_units(X, y)
        rows = given_rows(Given(X, y, sample_weight, sigma), groups, {**given, "checkpoint": checkpoint})
        table = checked_table(rows, self)
        # The names of the columns are known from here on; constants must have others.
        constants, own = constant_units(self.constants)
        settings = replace(settings, constants=checks.checked_constants(constants, table.names))
        given_units = with_units_of_table(rows.ready, units, y_units), y_units, carried
        told = column_units(given_units, table.names, table.target, own, self.constants_dimensionless)
        table = replace(table, units=told, knowledge=checked_knowledge(self.knowledge, table.names, table.target))
        form = checked_form({**given, "checkpoint": checkpoint, "groups": groups}, table)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        watched: dict[str, Any] = {"callback": callback, "shows_bar": bool(self.verbose), "began": began}
        if form is not None:
            run = fit_form(table, form, settings, rng, **watched)
        elif rows.groups is not None:
            partial = None if rows.partial is None else rows.partial.groups
            run = fit_groups(table, rows.groups, settings, rng, partial=partial, **watched)
        else:
            before = getattr(self, "run_", None) if self.warm_start else None
            run = fit_table(table, settings, rng, before=before, checkpoint=checkpoint, **watched)
        # Nothing is kept of a fit that raised: what an earlier one has left is still there.
        warn_left_out(run.history.left_out, stacklevel=3)
        for caution in run.cautions():
            warnings.warn(caution, EqdartsWarning, stacklevel=2)
        return self._keep(with_columns(run, rows.ready))

    # --- predicting ---

    def predict(
        self, X: Any, index: int | None = None, return_std: bool = False, groups: Any = None
    ) -> Array | tuple[Array, Array]:
        """Return the values of the chosen equation or of row `index` of `equations_`.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        return_std : bool, default=False
            Whether to return the standard deviation of a new observation (at weight one) too. It includes the scatter
            of the rows and the uncertainty of the coefficients. `predict_interval` makes intervals of it.
        groups : str, label or array of shape (n,), optional
            After a fit with groups: the label of each row, or of all. Default: the column of the labels, if X has it.

        Returns
        -------
        values : ndarray of shape (n,)
            NaN where the equation is undefined.
        std : ndarray of shape (n,)
            Returned only with `return_std`.

        Warns
        -----
        EqdartsWarning
            Once, if rows lie outside the range of the training rows.
        """
        check_is_fitted(self)
        equation = self._equation(index)
        labels, X = labels_in(self.run_, groups, X), self._rows(X, equation)
        warn_outside(equation, X, stacklevel=2)
        values = np.asarray(equation.predict(X, labels), dtype=np.float64)
        if not return_std:
            return values
        return values, std_of_new(self.run_, index, X, labels)

    def predict_interval(
        self,
        X: Any,
        coverage: float = 0.95,
        index: int | None = None,
        observation: bool = True,
        sample_weight: Any = None,
        sigma: Any = None,
        groups: Any = None,
    ) -> Array:
        """Return intervals (n, 2) that contain a new observation at each row of X with the given probability.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        coverage : float, default=0.95
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        observation : bool, default=True
            If False, the intervals are those of the law's value, without the scatter of an observation.
        sample_weight : array of shape (n,), optional
            Weights of the new observations. Default: 1.
        sigma : float or array of shape (n,), optional
            Known errors of the new observations, if the fit had known errors. Default: that of the fit, if it was the
            same for all rows.
        groups : str, label or array of shape (n,), optional
            As for `predict`. Weights and errors of new observations are then not used.
        """
        check_is_fitted(self)
        equation = self._equation(index)
        labels, X = labels_in(self.run_, groups, X), self._rows(X, equation)
        warn_outside(equation, X, stacklevel=2)
        return interval_of_new(self.run_, index, X, labels, coverage, observation, sample_weight, sigma)

    def score(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> float:
        """Return the share of the variance of y that the chosen equation explains, R2.

        Parameters
        ----------
        X, y, sample_weight, groups
            As for `fit` and `predict`. A missing or infinite value is a ValueError.
        """
        check_is_fitted(self)
        rows = observed(self.run_, X, y)
        return explained_share(y, self.predict(X, groups=groups), sample_weight, rows)

    def outside(self, X: Any, index: int | None = None, margin: float = MARGIN) -> NDArray[np.bool_]:
        """Return whether each row lies outside the range of the training rows, in an input that is in the equation.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        index : int, optional
        margin : float, default=0.05
            Tolerance at the ends of the range, as a share of its width. `predict` uses 0.05 for its warning.
        """
        check_is_fitted(self)
        equation = self._equation(index)
        return np.asarray(equation.outside(self._rows(X, equation), margin))

    def adapt(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Fit the constants of new groups alone; the form and the constants that all groups share stay.

        Parameters
        ----------
        X, y, sample_weight
            Rows of the new groups, as for `fit`. A group that is known gets new constants from these rows.
        groups : str, label or array of shape (n,), optional
            A column of X, one label for all rows, or a label for each row. Default: the column of the labels, if X has
            it; otherwise all rows are one group, called "new".

        Returns
        -------
        self
        """
        check_is_fitted(self)
        labels, X = labels_in(self.run_, groups, X), self._rows(X, *self.run_.equations)
        y, weight = finite(as_floats(y, "y"), "y"), checks.checked_weight(sample_weight, None, X, "squared")[0]
        return self._keep(group_rows.adapted(self.run_, X, y, labels, weight))

    # --- what is known of the equations ---

    def inference(self, index: int | None = None) -> Any:
        """Return standard errors, intervals and identifiability of the chosen equation or of row `index`.

        Returns
        -------
        Inference, or after a fit with groups GroupInference

        Notes
        -----
        The chosen equation is fitted to all rows, unless the time is up before. The others are fitted to at most
        10,000. For the losses "poisson" and "bernoulli" the covariance is the inverse of the Fisher information. For
        other losses than "squared" there is none.
        """
        check_is_fitted(self)
        return inference_of(self.run_, index)

    def summary(self, index: int | None = None, coverage: float = 0.95, profile: bool = True) -> str:
        """Return a text table: the equation, its fit, coefficients with intervals, rivals and cautions.

        Parameters
        ----------
        index : int, optional
            A row of `equations_`. Default: the chosen one.
        coverage : float, default=0.95
            Coverage of the intervals.
        profile : bool, default=True
            Whether to show profile likelihood intervals too, which need some refits. Only for squared residuals.
        """
        check_is_fitted(self)
        return run_summary(self.run_, index, coverage, profile)

    def singularities(self, index: int | None = None) -> Singularities:
        """Return the poles of an equation inside the range of the training rows, and the places where it is undefined.

        Its `status` is "none" (proved by interval arithmetic), "found" or "unknown".
        """
        check_is_fitted(self)
        return singularities_in_range(self._equation(index))

    def stability(self, n: int = 20, random_state: int | None = 0) -> pd.DataFrame:
        """Return how often each form would be chosen if the rows were drawn again with replacement.

        Parameters
        ----------
        n : int, default=20
            Number of resamples.
        random_state : int or None, default=0

        Returns
        -------
        DataFrame
            `form` (the equation with its coefficients as names), `frequency` (share of the resamples) and `chosen`
            (whether `equation_`, before its constants became exact, has this form); the most frequent first.

        Notes
        -----
        The search is not repeated: the equations of the front and close variants of the chosen graph are refitted to
        every resample, so that the frequencies are upper bounds. `eqdarts.evidence.stability` has the details.
        """
        check_is_fitted(self)
        table = stability_of(self.run_, resolve(self.primitives), self.selection, n, random_state)
        self.run_ = replace(self.run_, stability=table)
        return table.copy()

    # --- showing and saving ---

    def sympy(self, index: int | None = None) -> Any:
        """Return the chosen equation, or row `index` of `equations_`, as a sympy expression."""
        check_is_fitted(self)
        return self._equation(index).expr

    def latex(self, index: int | None = None) -> str:
        """Return the chosen equation, or row `index` of `equations_`, as LaTeX."""
        check_is_fitted(self)
        return self._equation(index).latex()

    def report(self, path: Any, units: Mapping[str, str] | None = None) -> None:
        """Write one self-contained web page: law, uncertainty, rivals, pictures, and the course of the search.

        Parameters
        ----------
        path : str or Path
            Such as "law.html".
        units : mapping of str to str, optional
            Units of columns and target, by name.
        """
        from eqdarts.report.page import write_report

        check_is_fitted(self)
        write_report(self.run_, path, units)

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to a file, to be read by `load`; it is JSON, and `eqdarts report` reads it too.

        Parameters
        ----------
        path : str or Path
            Such as "law.json". The file is written as a whole or not at all.

        Notes
        -----
        The file contains everything but the trajectories of the relaxed search and parameters that are not plain
        values: functions and primitives of your own.
        """
        check_is_fitted(self)
        run = replace(self.run_, params=self.get_params(deep=False))
        write_atomically(Path(path), run.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the fitted estimator in a file of `save`, or in the ``run.json`` of `eqdarts fit`.

        Nothing in the file is executed: it may come from anyone. What is not such a file is a FormulaError. Parameters
        that the file lacks, because they were not plain values, have their defaults, with a warning.
        """
        run = read_run(path)
        known = inspect.signature(cls).parameters
        model = cls(**{name: value for name, value in run.params.items() if name in known})
        for message in run.lost_in_words():
            warnings.warn(message, EqdartsWarning, stacklevel=2)
        return model._keep(run)

    def _repr_html_inner(self) -> str:
        if hasattr(self, "run_"):
            return fitted_html(self.run_, repr(self))
        return str(estimator_html_repr(self))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        if get_config()["display"] == "diagram":
            bundle["text/html"] = self._repr_html_inner()
        return bundle

    def _repr_latex_(self) -> str | None:
        return self.equation_._repr_latex_() if hasattr(self, "equation_") else None

    # --- the one record ---

    def _rows(self, X: Any, *used: Equation) -> Array:
        """Return X as floats with the columns of the fit; a masked value is a missing one, which is an error."""
        if self.run_.groups is not None:
            X = group_rows.without_labels(X, self.run_.groups.by)
        if (numbers := new_rows(self.run_, X, used)) is not None:
            return numbers
        with np.errstate(all="ignore"):  # the sum by which sklearn looks for infinity may overflow
            rows: Array = validate_data(self, without_masks(X, "X"), dtype=np.float64, reset=False)
        return rows

    def _equation(self, index: int | None) -> Equation:
        return self.run_.equation_at(index)

    def _keep(self, run: Run) -> Self:
        """Keep a fit, and set the attributes that show it."""
        self.run_ = run
        names = run.names if run.columns is None else run.columns.given
        self.n_features_in_ = len(names)
        if run.named:
            self.feature_names_in_ = np.array(names, dtype=object)
        self.columns_ = None if run.columns is None else run.columns.as_frame()
        for name in SHOWN:
            setattr(self, f"{name}_", getattr(run, name))
        self.front_ = run.equations
        self.equations_ = run.as_table()
        self.known_, self.functions_ = dict(run.equation.constants), dict(run.functions)
        self.graph_ = None if run.graph is None else run.graph.graph
        self.graph_coefficients_ = () if run.graph is None else run.graph.coefficients
        self.coefficients_by_group_ = None if run.groups is None else self.inference().by_group
        return self
