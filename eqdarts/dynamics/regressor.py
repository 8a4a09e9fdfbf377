"""ODERegressor: differential equations from trajectories, with the interface of scikit-learn."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from eqdarts._typing import Array
from eqdarts.arrays import as_floats
from eqdarts.dynamics.by_state import How
from eqdarts.dynamics.checkpoint import DynamicsCheckpoint
from eqdarts.dynamics.groups import rates_of_groups, simulated_runs, with_groups, without_groups
from eqdarts.dynamics.known_parts import checked_forms
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.rate_units import rate_units
from eqdarts.dynamics.record import DynamicsRun, r_squared
from eqdarts.dynamics.scatter import checked_kinds
from eqdarts.dynamics.stages import fit_dynamics
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import Trajectories, of_order, read_trajectories
from eqdarts.dynamics.warm_start import laws_on_fronts
from eqdarts.dynamics.words import summary
from eqdarts.errors import EqdartsWarning, FormulaError, closest, explain
from eqdarts.estimator import DARTSRegressor
from eqdarts.files import write_atomically
from eqdarts.fitting import checks
from eqdarts.fitting.progress import Callback

__all__ = ["ODERegressor"]


class ODERegressor(BaseEstimator):  # type: ignore[misc]
    """Discover a system of differential equations from trajectories.

    The right-hand side of each state is searched on smoothed trajectories. The best laws are then fitted to the
    measured values through the integrated system, where the choice is made.

    Parameters
    ----------
    primitives, max_complexity, search, max_refits
        As for `DARTSRegressor`, for the search of each state.
    time_limit : float or None, default=60
        Largest time in seconds of all steps and all states together.
    order : {1, 2}, default=1
        With 2 the states are positions, and their accelerations are searched: d2x/dt2 from x and its velocity x_dot.
    autonomous : bool, default=True
        If False, the right-hand sides may contain the time.
    guesses : mapping of str to list of str, optional
        For each state, formulas from which its search starts, such as ``{"S": ["-b*S*I"]}``. They are always tried,
        and `summary()` reports how far each is behind the chosen law.
    form : mapping of str to str, optional
        The known part of the right-hand side of some states, with a function for each unknown part, such as
        ``{"x": "f(x, y) - k*x"}``. Without an unknown function, the law is known up to its coefficients.
    noise : {"constant", "relative", "poisson", "both", "auto"} or mapping of str to these, default="constant"
        How the standard deviation of a measured value depends on its state f: not at all, as abs(f), sqrt(abs(f)) or
        sqrt(a**2 + b**2 f**2). "auto" chooses by smooth courses. A mapping has the kinds of some states.
    n_jobs : int or None, default=None
        Workers of joblib that search states at the same time; -1 uses all cores. With ``time_limit=None`` their number
        does not change the result.
    warm_start : bool, default=False
        Whether the next `fit` starts from the result of this one: the laws on its fronts are fitted to the new runs.
    verbose : int, default=0
        1 shows a progress bar on stderr.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    system_ : System
        The chosen system. Its text is ``print(model.system_)``.
    equations_ : tuple of Equation
        The right-hand side of each state.
    front_ : dict of str to tuple of Equation
        For each state, the laws that fit its trajectories better than all simpler ones.
    fronts_ : DataFrame
        The same as a table, with complexity, loss and score. The score is the description length minus that of the
        chosen law, of whole systems where a rival was tried in one. The loss of a rival is with the other states
        smoothed.
    coefficients_ : DataFrame
        Each coefficient with its standard error and 95 % interval.
    coefficients_by_group_ : DataFrame or None
        After a fit with groups: the constants that differ, a row for each and each group, with standard errors. In
        `system_` and `coefficients_` they are the means over the groups.
    noise_ : dict of str to float
        Standard deviation of the measured values of each state around its trajectories; their geometric mean where
        it depends on the state.
    scatter_ : dict of str to Noise
        For states whose errors depend on their value: the kind, its size and evidence.
    structure_ : tuple of str
        Terms that states share, and quantities that are conserved.
    cautions_ : tuple of str
        What these trajectories cannot tell; the same sentences are warnings of `fit`.
    states_, inputs_ : tuple of str
    run_ : DynamicsRun

    Notes
    -----
    Measured states may be missing (NaN). Inputs must be known at all times, and are linear between them.
    """

    run_: DynamicsRun

    def __init__(
        self,
        primitives: Any = "default",
        max_complexity: int = 60,
        search: str = "auto",
        time_limit: float | None = 60,
        max_refits: int = 1_000_000,
        order: int = 1,
        autonomous: bool = True,
        guesses: Any = None,
        form: Mapping[str, str] | None = None,
        noise: str | Mapping[str, str] = "constant",
        n_jobs: int | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.primitives = primitives
        self.max_complexity = max_complexity
        self.search = search
        self.time_limit = time_limit
        self.max_refits = max_refits
        self.order = order
        self.autonomous = autonomous
        self.guesses = guesses
        self.form = form
        self.noise = noise
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        t: Any = None,
        trajectory: Any = None,
        inputs: Any = None,
        states: Sequence[str] | None = None,
        groups: Any = None,
        units: Mapping[str, Any] | None = None,
        checkpoint: str | Path | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Find the system of the measured trajectories.

        Parameters
        ----------
        X : DataFrame, array of shape (n, d), or list of these
            A long table with one row a time, or one table or array for each run.
        y : None
            Not used.
        t : str, array of shape (n,), or list of arrays
            The column of the times, the times, or those of each run.
        trajectory : str or array of shape (n,), optional
            The column of the labels of the runs, or a label for each row.
        inputs : list of str, array or list of arrays, optional
            The columns of known inputs, or their values.
        states : list of str, optional
            Default: all other numeric columns.
        groups : str or list, optional
            The column of the runs, another one that is constant in each run, such as the person, or a label for each
            row or array. Constants may then differ between groups; which of them do is chosen by description length.
        units : mapping of str to str or unit, optional
            Of states, inputs and the time, such as ``{"S": "mg/L", "time": "h"}``. Laws whose units add up win.
        checkpoint : str or Path, optional
            A folder in which the laws of each state are saved as soon as its search is done, in `dynamics.json`. If the
            fit is interrupted, the same fit with this folder goes on with the other states. After a fit that ended, or
            with other settings, a fit to the same runs searches again, and begins with these laws.
        callback : callable, optional
            As for `DARTSRegressor.fit`, for the search of each state. Not with `n_jobs`.

        Raises
        ------
        ValueError
            If parameters or data are not valid, before any search.
        """
        settings = self._settings()
        data = self._runs(X, t, trajectory, inputs, states, groups)
        guesses, noise = self._guesses(data), checked_kinds(self.noise, data.states)
        kept = None if checkpoint is None else DynamicsCheckpoint(checkpoint, data, self._searched_with(units))
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        run = fit_dynamics(
            data,
            settings,
            rng,
            guesses=guesses,
            forms=checked_forms(self.form, self.guesses, data.states),
            units=rate_units(units, data),
            autonomous=self.autonomous,
            noise=noise,
            how=self._how(data, kept, callback),
        )
        if kept is not None:
            kept.finish()
        for words in run.cautions:
            warnings.warn(words, EqdartsWarning, stacklevel=2)
        params = self.get_params(deep=False)
        usual = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        changed = tuple(name for name, value in params.items() if name not in usual or value is not usual[name])
        self._keep(replace(run, params=params, changed=changed))
        return self

    def _runs(self, X: Any, t: Any, trajectory: Any, inputs: Any, states: Any, groups: Any) -> Trajectories:
        """Return the runs with their groups, for equations of the order that is wanted."""
        if self.order not in (1, 2):
            raise ValueError(explain("order must be 1 or 2.", repr(self.order), "Give order=2 for accelerations."))
        table = without_groups(X, groups, trajectory)
        data = of_order(read_trajectories(table, t, trajectory, inputs, states), self.order)
        return with_groups(data, X, groups, trajectory)

    def _settings(self) -> Any:
        """Return the checked settings of the searches; what has no parameter here is as `DARTSRegressor` has it."""
        defaults = {name: p.default for name, p in inspect.signature(DARTSRegressor).parameters.items()}
        own = {name: value for name, value in self.get_params(deep=False).items() if name in defaults}
        return checks.checked_settings({**defaults, **own, "guesses": None, "form": None, "noise": "auto"}, defaults)

    def _how(self, data: Trajectories, kept: DynamicsCheckpoint | None, callback: Callback | None) -> How:
        """Return how the states are searched."""
        if callback is not None and self.n_jobs is not None:
            got, todo = f"n_jobs={self.n_jobs!r}", "Leave out n_jobs, or the callback."
            raise ValueError(explain("A callback watches searches of this process only.", got, todo))
        return How(self.n_jobs, callback, bool(self.verbose), kept, self._laws_before(data))

    def _searched_with(self, units: Any) -> dict[str, Any]:
        """Return what the searches of the states depend on, besides their time."""
        names = ("primitives", "max_complexity", "search", "max_refits", "autonomous", "guesses", "form", "noise")
        return {**{name: getattr(self, name) for name in names}, "units": units}

    def _laws_before(self, data: Trajectories) -> list[list[Law]]:
        """Return the laws of each state that the fit before has found, for a warm start."""
        before = getattr(self, "run_", None) if self.warm_start else None
        if before is None:
            return []
        if before.system.states != data.states or before.system.order != data.order:
            got = f"{', '.join(data.states)} after {', '.join(before.system.states)}"
            raise ValueError(explain("A warm start needs the same states.", got, "Give warm_start=False."))
        return laws_on_fronts(before, data, self._settings().primitives)

    def _guesses(self, data: Trajectories) -> dict[str, list[str]]:
        if self.guesses is None:
            return {}
        if not isinstance(self.guesses, Mapping):
            todo = 'Try {"x": ["-k*x"]}.'
            raise ValueError(explain("guesses must map states to formulas.", repr(self.guesses)[:60], todo))
        for name in self.guesses:
            if name not in data.states:
                raise ValueError(explain("A guess must be of a state.", repr(name), closest(str(name), data.states)))
        return {name: [texts] if isinstance(texts, str) else list(texts) for name, texts in self.guesses.items()}

    # --- using ---

    def predict(self, X: Any, t: Any = None, inputs: Any = None, groups: Any = None) -> Array:
        """Return the right-hand sides (n, d): the rates of all states at given states.

        Parameters
        ----------
        X : DataFrame or array of shape (n, d)
            A table has the columns of states, inputs and, if it is used, the time. Of order two it has the velocities
            too, such as x_dot, and an array (n, 2 d) has them after the positions.
        t : float or array of shape (n,), optional
            The times, where the right-hand sides contain them and X is an array.
        inputs : array of shape (n, q), optional
        groups : str or array of shape (n,), optional
            A column of X, one label, or a label for each row. Default: constants are the means over the groups.
        """
        check_is_fitted(self)
        system = self.system_
        is_column = isinstance(groups, str) and hasattr(X, "columns") and groups in X.columns
        labels = X[groups].to_numpy() if is_column else groups
        if hasattr(X, "columns"):
            for name in (*system.flow_names, *system.inputs):
                if name not in X.columns:
                    hint = closest(name, map(str, X.columns))
                    raise ValueError(explain("The table must have the column.", repr(name), hint))
            inputs = X[list(system.inputs)].to_numpy(float) if system.inputs else None
            t = X[system.time] if t is None and system.time in X.columns else t
            X = X[list(system.flow_names)].to_numpy(float)
        return system.rates(X, inputs, t) if groups is None else rates_of_groups(self.run_, X, inputs, t, labels)

    def simulate(self, x0: Any, t: Any, u: Any = None, v0: Any = None, group: Any = None) -> Array:
        """Return the states (n, d) at times t from the states x0 at the first of them.

        Parameters
        ----------
        x0 : mapping or array of shape (d,)
        t : array of shape (n,)
        u : callable or array of shape (n, q), optional
            The inputs: ``u(t)``, or their values at the times.
        v0 : mapping or array of shape (d,), optional
            The velocities at the first time, for equations of second order. ``system_.simulate`` returns them too.
        group : label, optional
            The group whose constants are used. Default: the means over the groups.
        """
        check_is_fitted(self)
        system = self.run_.system_of(group)
        start = _named(x0, system.states)
        if system.order == 2:
            if v0 is None:
                todo = f"Give v0=, the velocities of {', '.join(system.states)}."
                raise ValueError(explain("Equations of second order start with velocities.", "v0=None", todo))
            start = np.concatenate([start, _named(v0, system.states)])
        return system.simulate(start, t, u)[:, : len(system.states)]

    def score(
        self, X: Any, y: Any = None, *, t: Any = None, trajectory: Any = None, inputs: Any = None, groups: Any = None
    ) -> float:
        """Return the mean over the states of the R2 of simulated trajectories.

        Each run starts at the states that fit its measured values best, because the first of these has errors too.

        Parameters
        ----------
        X, y, t, trajectory, inputs, groups
            As for `fit`.
        """
        check_is_fitted(self)
        system = self.system_
        named = None if inputs is None or not all(isinstance(name, str) for name in inputs) else system.inputs
        given = inputs if named is None else list(named)
        data = of_order(read_trajectories(X, t, trajectory, given, system.states), system.order)
        path = simulated_runs(self.run_, with_groups(data, X, groups, trajectory, fewest=1))[:, : len(system.states)]
        return float(np.mean(np.nan_to_num(r_squared(data.values, path), nan=-np.inf)))

    # --- showing and saving ---

    def summary(self) -> str:
        """Return a text table: the system, its fit, coefficients with intervals, rivals and cautions."""
        check_is_fitted(self)
        return summary(self.run_)

    def report(self, path: Any) -> None:
        """Write one self-contained web page: system, uncertainty, rivals, and measured against simulated states.

        Parameters
        ----------
        path : str or Path
            Such as "law.html".
        """
        from eqdarts.dynamics.page import write_dynamics_page

        check_is_fitted(self)
        write_dynamics_page(self.run_, path)

    def latex(self) -> str:
        """Return the system as LaTeX, aligned at the equals signs."""
        check_is_fitted(self)
        return self.system_.latex()

    def to_c_source(self, name: str = "rates") -> str:
        """Return C99 source of the right-hand sides."""
        check_is_fitted(self)
        return self.system_.to_c_source(name)

    def to_torch(self) -> Any:
        """Return the right-hand sides as a torch module ``module(t, x, u=None)``."""
        check_is_fitted(self)
        return self.system_.to_torch()

    def save(self, path: str | Path) -> None:
        """Write the fitted system to a JSON file, to be read by `load`."""
        check_is_fitted(self)
        write_atomically(Path(path), self.run_.to_json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the fitted system in a file of `save`; nothing in the file is executed."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise FormulaError(explain("A file of dynamics must be text.", str(path), "Name one of save.")) from None
        run = DynamicsRun.from_json(text)
        known = inspect.signature(cls).parameters
        model = cls(**{name: value for name, value in run.params.items() if name in known})
        model._keep(run)
        return model

    def _repr_latex_(self) -> str | None:
        return f"$${self.system_.latex()}$$" if hasattr(self, "run_") else None

    def _keep(self, run: DynamicsRun) -> None:
        self.run_ = run
        self.system_: System = run.system
        self.equations_ = run.system.equations
        self.states_, self.inputs_ = run.system.states, run.system.inputs
        self.front_ = {
            state: tuple(one.equation for one in ones) for state, ones in zip(run.system.states, run.front, strict=True)
        }
        self.fronts_ = run.front_table()
        self.coefficients_ = run.coefficient_table()
        self.coefficients_by_group_ = run.group_table()
        self.noise_ = dict(zip(run.system.states, run.noise, strict=True))
        self.scatter_ = {
            state: own for state, own in zip(run.system.states, run.scatter, strict=False) if own.kind != "constant"
        }
        self.structure_ = run.structure
        self.cautions_ = run.cautions


def _named(values: Any, states: Sequence[str]) -> Array:
    """Return one number for each state, given in their order or by name."""
    if isinstance(values, Mapping):
        if set(values) != set(states):
            got = ", ".join(map(str, values))
            raise ValueError(explain("There must be a value for each state.", got, f"Give {', '.join(states)}."))
        values = [values[name] for name in states]
    return np.atleast_1d(as_floats(values, "x0"))
