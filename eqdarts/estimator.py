"""DARTSRegressor: validate -> search -> select -> store. No mathematics here."""

from __future__ import annotations

import math
import numbers
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from tqdm.auto import tqdm

from eqdarts.data import Data, prepare
from eqdarts.equation import Equation
from eqdarts.errors import EqdartsWarning, FormulaError, closest, explain
from eqdarts.estimator_front import refit_front
from eqdarts.history import SearchHistory
from eqdarts.primitives import Primitive, resolve
from eqdarts.search.archive import Member
from eqdarts.search.search import Config, search
from eqdarts.selection import Candidate, select, structure_length

__all__ = ["DARTSRegressor"]

Array = NDArray[np.float64]

KINDS = ("auto", "implicit", "relaxed", "random")
FEWEST_ROWS, FEW_ROWS = 3, 10


class DARTSRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
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
    max_refits : int, default=10000
        Graphs refitted at most.
    n_restarts : int, default=32
        Restarts of the relaxed stage.
    selection : {"mdl"}, default="mdl"
        How the equation is chosen from the Pareto front: the shortest description.
    validation_fraction : float, default=0.3
        Share of the rows held back for the architecture. Below 20 rows none is.
    verbose : int, default=0
        1 shows a progress bar on stderr.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    equation_ : Equation
        The chosen equation, in the names and units of the data.
    equations_ : DataFrame
        The Pareto front: complexity, loss (mean squared residual, in units of y squared), score (description length in
        nats less that of the chosen one), equation, latex, chosen.
    front_ : tuple of Equation
        The equations of `equations_`, in its order.
    graph_ : Graph
        The chosen graph, and `graph_coefficients_` its coefficients on inputs divided by `x_scale_`, target by
        `y_scale_`.
    history_ : SearchHistory
    alpha_ : AlphaHistory or None
        Trajectories of the architecture weights, if the relaxed stage ran.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        If X has column names.
    """

    def __init__(
        self,
        primitives: str | Iterable[str | Primitive] = "default",
        max_complexity: int = 60,
        search: str = "auto",
        time_limit: float | None = 60,
        max_refits: int = 10_000,
        n_restarts: int = 32,
        selection: str = "mdl",
        validation_fraction: float = 0.3,
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
        self.validation_fraction = validation_fraction
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DARTSRegressor:
        """Search for the law of y in X.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
        y : array of shape (n,)
        sample_weight : array of shape (n,), optional
            Not negative, not all zero.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that cannot be used; before any search starts.
        """
        rows = self._check_parameters()
        target = getattr(y, "name", None)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=FEWEST_ROWS)
        y = np.asarray(y, dtype=np.float64)
        weight = None if sample_weight is None else _checked_weight(sample_weight, X)
        if len(y) < FEW_ROWS:
            warnings.warn(f"Only {len(y)} rows: the law may be chance.", EqdartsWarning, stacklevel=2)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        rng = np.random.default_rng(seed)
        data = prepare(X, y, weight, self.validation_fraction, rng)
        names = self._names()
        config = Config(
            rows, self.search, self.max_complexity, self.time_limit, self.max_refits, self.n_restarts, names
        )
        with _Progress(bool(self.verbose)) as progress:
            result = search(data, config, rng, progress)
        if result.history.stop_reason == "interrupt":
            warnings.warn("Interrupted: these are the best equations so far.", EqdartsWarning, stacklevel=2)
        n_rows = float(len(y) if weight is None else weight.sum())
        front = refit_front(result.front, data, rng)
        self._store(data, front, result.history, X, y, n_rows, None if target is None else str(target))
        return self

    def predict(self, X: Any, index: int | None = None) -> Array:
        """Return the values (n,) of the chosen equation or of row `index` of `equations_`; NaN where undefined."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self._equation(index).predict(X), dtype=np.float64)

    def sympy(self, index: int | None = None) -> Any:
        """Return the chosen equation, or row `index` of `equations_`, as a sympy expression."""
        check_is_fitted(self)
        return self._equation(index).expr

    def latex(self, index: int | None = None) -> str:
        """Return the chosen equation, or row `index` of `equations_`, as LaTeX."""
        check_is_fitted(self)
        return self._equation(index).latex()

    def _equation(self, index: int | None) -> Equation:
        equation: Equation = self.equation_ if index is None else self.front_[index]
        return equation

    def _names(self) -> tuple[str, ...]:
        given = getattr(self, "feature_names_in_", None)
        return tuple(f"x{i}" for i in range(self.n_features_in_)) if given is None else tuple(map(str, given))

    def _check_parameters(self) -> tuple[Primitive, ...]:
        """Raise ValueError for a parameter that makes no sense; return the primitives."""
        if self.search not in KINDS:
            raise ValueError(explain("search must be known.", repr(self.search), closest(str(self.search), KINDS)))
        if self.selection != "mdl":
            raise ValueError(explain("selection must be known.", repr(self.selection), "Use 'mdl'."))
        for name, least in (("max_complexity", 3), ("max_refits", 1), ("n_restarts", 1)):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or value < least:
                raise ValueError(
                    explain(f"{name} must be a whole number of at least {least}.", repr(value), "Raise it.")
                )
        limit: Any = self.time_limit
        if limit is not None and not (isinstance(limit, numbers.Real) and float(limit) > 0):
            raise ValueError(explain("time_limit must be positive seconds, or None.", repr(limit), "Give seconds."))
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                explain("validation_fraction must lie between 0 and 1.", self.validation_fraction, "Try 0.3.")
            )
        return resolve(self.primitives)

    def _store(
        self,
        data: Data,
        members: Iterable[Member],
        history: SearchHistory,
        X: Array,
        y: Array,
        n_rows: float,
        target: str | None,
    ) -> None:
        names, primitives = self._names(), self._check_parameters()
        found = [(m, e) for m in members if (e := _equation_of(m, data, X, names, target)) is not None]
        candidates = [
            _candidate(equation, structure_length(member.graph, primitives), X, y, data.weight)
            for member, equation in found
        ]
        variance = data.variance * data.y_scale**2
        mean_square = float(np.average(y**2, weights=data.weight))
        front, lengths = select(candidates, n_rows, X.shape[1], mean_square, variance)
        found, candidates = [found[k] for k in front], [candidates[k] for k in front]
        chosen = min(range(len(front)), key=lambda k: lengths[k])
        self.front_ = tuple(equation for _, equation in found)
        self.equation_ = self.front_[chosen]
        member: Member = found[chosen][0]
        self.graph_, self.graph_coefficients_ = member.graph, member.coefficients
        self.x_scale_, self.y_scale_ = data.x_scale, data.y_scale
        self.history_, self.alpha_ = history, history.alpha
        self.equations_ = pd.DataFrame(
            {
                "complexity": [c.complexity for c in candidates],
                "loss": [c.loss for c in candidates],
                "score": [length - lengths[chosen] for length in lengths],
                "equation": [str(equation) for equation in self.front_],
                "latex": [equation.latex() for equation in self.front_],
                "chosen": [k == chosen for k in range(len(found))],
            }
        )


def _equation_of(member: Member, data: Data, X: Array, names: tuple[str, ...], target: str | None) -> Equation | None:
    """Return the member's equation, None where folding its numbers leaves the real line."""
    scales = data.x_scale, data.y_scale
    try:
        return Equation.from_graph(member.graph, member.coefficients, scales, names, target, rows=X)
    except FormulaError:
        return None


def _checked_weight(sample_weight: Any, X: Array) -> Array:
    weight = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True))
    if not weight.any():
        raise ValueError(explain("sample_weight must not be all zero.", "only zeros", "Give some row weight."))
    return weight


def _candidate(equation: Equation, structure: float, X: Array, y: Array, weight: Array) -> Candidate:
    if not weight.all():  # an equation may be undefined where nobody looks
        X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        residual = y - np.asarray(equation.predict(X))
    with np.errstate(all="ignore"):
        loss = float(np.average(residual**2, weights=weight))
    loss = loss if math.isfinite(loss) else math.inf
    return Candidate(equation.complexity, len(equation.coefficients), loss, structure)


class _Progress:
    """A bar on stderr: share of the budget, refits, best loss and the best graph."""

    def __init__(self, shown: bool) -> None:
        self.bar = tqdm(total=100, unit="%", disable=not shown, file=sys.stderr, leave=False)

    def __enter__(self) -> _Progress:
        return self

    def __call__(self, share: float, n_refits: int, best: Member) -> None:
        if self.bar.disable:
            return
        self.bar.n = min(round(100 * share), 100)
        self.bar.set_postfix_str(f"{n_refits} refits, best {best.loss:.3g}: {best.graph.key[:40]}")

    def __exit__(self, *_: object) -> None:
        self.bar.close()
