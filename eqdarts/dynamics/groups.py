"""The groups of runs: people, trees, machines, which may have constants of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from eqdarts._typing import Array
from eqdarts.arrays import as_floats
from eqdarts.dynamics.problem import fitted_starts
from eqdarts.dynamics.record import DynamicsRun
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.errors import closest, explain

__all__ = ["rates_of_groups", "simulated_runs", "with_groups", "without_groups"]

RUN = "run"  # the name of the runs where they have none


def without_groups(X: Any, groups: Any, trajectory: Any) -> Any:
    """Return the table without the column of groups, unless it is that of the runs: it is no state."""
    is_column = isinstance(X, pd.DataFrame) and isinstance(groups, str) and groups in X.columns
    return X.drop(columns=groups) if is_column and groups != trajectory else X


def with_groups(data: Trajectories, X: Any, groups: Any, trajectory: Any, fewest: int = 2) -> Trajectories:
    """Return the runs with the label of their group.

    Parameters
    ----------
    data : Trajectories
        The runs of X.
    X : DataFrame, array, or list of these
    groups : str, or sequence
        The column of the runs, another one that is constant in each run, a label for each row, or for each entry of a
        list. None: there are no groups.
    trajectory : str or sequence, optional
        As for `read_trajectories`.
    fewest : int, default=2
        Groups that there must be.

    Raises
    ------
    ValueError
        If a run has rows of two groups, or there is only one group.
    """
    if groups is None:
        return data
    of_run = _labels(X, groups, trajectory)
    parts = tuple(replace(part, group=of_run.get(part.label, part.label)) for part in data.parts)
    n_groups = len({part.group for part in parts})
    if n_groups < fewest:
        todo = "Leave out groups, or name the runs with trajectory=."
        raise ValueError(explain("groups must have two different labels or more.", f"{n_groups}", todo))
    return replace(data, parts=parts)


def _labels(X: Any, groups: Any, trajectory: Any) -> dict[str, str]:
    """Return the labels of groups by those of runs; nothing if each run is a group."""
    is_list = isinstance(X, (list, tuple)) and len(X) and np.ndim(X[0]) > 0
    if isinstance(groups, str):
        if groups == trajectory or (groups == RUN and not isinstance(trajectory, str)):
            return {}
        if not isinstance(X, pd.DataFrame) or groups not in X.columns:
            names = list(map(str, X.columns)) if isinstance(X, pd.DataFrame) else [RUN]
            raise ValueError(explain("groups must be a column.", repr(groups), closest(groups, names)))
        return _by_run(X[groups], X[trajectory] if isinstance(trajectory, str) else trajectory)
    values = list(groups)
    n = len(X)
    if len(values) != n:
        todo = "Give a label for each entry of the list." if is_list else "Give a label for each row."
        raise ValueError(explain("There must be a label for each.", f"{len(values)} labels for {n}", todo))
    if is_list:
        return {str(k): str(label) for k, label in enumerate(values)}
    return _by_run(values, X[trajectory] if isinstance(trajectory, str) else trajectory)


def _by_run(labels: Any, runs: Any) -> dict[str, str]:
    """Return the label of each run, if its rows have the same."""
    if runs is None:
        return {"": str(next(iter(labels)))}
    found: dict[str, str] = {}
    for run, label in zip(np.asarray(runs, dtype=object), np.asarray(labels, dtype=object), strict=True):
        if pd.isna(label):
            raise ValueError(explain("Every run must have the label of its group.", f"none in run {run}", "Fill it."))
        if found.setdefault(str(run), str(label)) != str(label):
            got = f"{found[str(run)]!r} and {str(label)!r} in run {str(run)!r}"
            raise ValueError(explain("All rows of a run must be of one group.", got, "Give each part its own run."))
    return found


def rates_of_groups(run: DynamicsRun, X: Any, inputs: Any, t: Any, groups: Any) -> Array:
    """Return the right-hand sides (n, d), each row with the constants of its group.

    Parameters
    ----------
    run : DynamicsRun
    X, inputs, t
        As for `System.rates`.
    groups : label or array of shape (n,)
    """
    x = np.atleast_2d(as_floats(X, "states"))
    labels = np.full(len(x), groups, dtype=object) if np.ndim(groups) == 0 else np.asarray(groups, dtype=object)
    if labels.shape != (len(x),):
        raise ValueError(explain("There must be a group for each row.", f"shape {labels.shape}", "Give as many."))
    labels = labels.astype(str)
    u = None if inputs is None else as_floats(inputs, "inputs").reshape(len(x), -1)
    times = np.broadcast_to(0.0 if t is None else as_floats(t, "t"), (len(x),))
    found = np.empty((len(x), len(run.system.states)))
    for label in np.unique(labels):
        rows = labels == label
        found[rows] = run.system_of(label).rates(x[rows], None if u is None else u[rows], times[rows])
    return found


def simulated_runs(run: DynamicsRun, data: Trajectories) -> Array:
    """Return the states (N, D) of all runs, each from its best start and with the constants of its group."""
    found: dict[str, Array] = {}
    for group in dict.fromkeys(part.group for part in data.parts):
        own = replace(data, parts=tuple(part for part in data.parts if part.group == group))
        system = run.system_of(group)
        path = system.simulated(own, fitted_starts(system, own))
        ends = np.cumsum([len(part.t) for part in own.parts])[:-1]
        found |= dict(zip((part.label for part in own.parts), np.split(path, ends), strict=True))
    return np.concatenate([found[part.label] for part in data.parts])
