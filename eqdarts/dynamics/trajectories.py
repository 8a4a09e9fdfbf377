"""Trajectories: times, measured states and inputs of each run, read from a long table or from lists of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from eqdarts._typing import Array
from eqdarts.arrays import as_floats, finite
from eqdarts.equation.names import checked_names
from eqdarts.errors import closest, explain

__all__ = ["FEWEST_TIMES", "Trajectories", "Trajectory", "of_order", "read_trajectories", "velocity_name"]

FEWEST_TIMES = 4  # of one trajectory
FEWEST_VALUES = 5  # measured values of each state, all trajectories together
TIME = "t"  # the name of the time where it has none


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One run: times that increase, states (NaN where not measured) and inputs at these times."""

    label: str
    t: Array  # (n,)
    states: Array  # (n, d)
    inputs: Array  # (n, q)
    group: str = ""  # the label of its group, if there are groups


@dataclass(frozen=True, eq=False)
class Trajectories:
    """All runs, with the names of their columns."""

    parts: tuple[Trajectory, ...]
    states: tuple[str, ...]
    inputs: tuple[str, ...]
    time: str
    left_out: tuple[str, ...] = ()  # labels of runs with too few times
    order: int = 1  # of the equations; with 2 the velocities of all states are states too, which nobody measured

    @property
    def velocities(self) -> tuple[str, ...]:
        """The names of the velocities, for equations of second order."""
        return tuple(map(velocity_name, self.states)) if self.order == 2 else ()

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of all that a right-hand side may contain."""
        return (*self.states, *self.velocities, *self.inputs, self.time)

    @property
    def t(self) -> Array:
        """The times (n,) of all runs, one run after the other."""
        return np.concatenate([part.t for part in self.parts])

    @property
    def values(self) -> Array:
        """The measured states (n, d) of all runs."""
        return np.concatenate([part.states for part in self.parts])

    @property
    def signals(self) -> Array:
        """The inputs (n, q) of all runs."""
        return np.concatenate([part.inputs for part in self.parts])

    def few(self, most: int, rng: np.random.Generator) -> Trajectories:
        """Return runs drawn at random, with at most `most` rows; itself if it has no more. A longer run is cut."""
        if len(self.t) <= most:
            return self
        kept: list[Trajectory] = []
        left = most
        for k in rng.permutation(len(self.parts)).tolist():
            part = self.parts[k]
            n = min(len(part.t), left)
            if n >= FEWEST_TIMES:
                kept.append(replace(part, t=part.t[:n], states=part.states[:n], inputs=part.inputs[:n]))
                left -= n
        return replace(self, parts=tuple(kept))

    @property
    def spread(self) -> Array:
        """The standard deviation (d,) of each state; its size where it does not change."""
        values = self.values
        spread = np.nanstd(values, axis=0)
        size = np.nanmax(np.abs(values), axis=0)
        return np.where(spread > 1e-12 * size, spread, np.where(size > 0, size, 1.0))


def velocity_name(state: str) -> str:
    """Return the name of the velocity of a state, where equations are of second order.

    >>> velocity_name("angle")
    'angle_dot'
    """
    return f"{state}_dot"


def read_trajectories(
    X: Any, t: Any = None, trajectory: Any = None, inputs: Any = None, states: Sequence[str] | None = None
) -> Trajectories:
    """Read runs from a long table, an array, or a list with a table or an array for each run.

    Parameters
    ----------
    X : DataFrame, array of shape (n, d), or list of these
    t : str, array of shape (n,), or list of arrays
        The column of the times, the times themselves, or those of each run. A single array is common to all runs.
    trajectory : str or array of shape (n,), optional
        The column of the labels of the runs, or a label for each row. Default: all rows are one run.
    inputs : list of str, or list of arrays, optional
        The columns of known inputs; for a list of arrays without names, the inputs (n, q) of each run.
    states : list of str, optional
        Default: all other numeric columns.

    Raises
    ------
    ValueError
        If a column is missing, times do not increase within a run, or there are too few of them.
    """
    if isinstance(X, (list, tuple)) and len(X) and np.ndim(X[0]) > 0:
        if trajectory is not None:
            todo = "Leave out trajectory, or join the runs to one long table."
            raise ValueError(explain("A list has a run for each entry.", "a list and trajectory", todo))
        frame, time, inputs = _joined(X, t, inputs, states)
        return _checked(frame, time, "run", inputs, states)
    frame, time = _as_frame(X, t, states)
    label = None
    if trajectory is not None:
        label = trajectory if isinstance(trajectory, str) else "run"
        frame = frame if isinstance(trajectory, str) else _with_labels(frame, trajectory)
    if inputs is not None and not all(isinstance(name, str) for name in inputs):
        frame, inputs = _with_inputs(frame, inputs)
    return _checked(frame, time, label, inputs, states)


def of_order(data: Trajectories, order: int) -> Trajectories:
    """Return the runs for equations of order one or two.

    Raises
    ------
    ValueError
        If the name of a velocity is taken.
    """
    found = replace(data, order=order)
    checked_names(found.variables)
    return found


def _as_frame(X: Any, t: Any, states: Sequence[str] | None) -> tuple[pd.DataFrame, str]:
    """Return a table with a column of times, and the name of this column."""
    if isinstance(X, pd.DataFrame):
        frame = X.copy(deep=False)
    else:
        values = as_floats(X, "X")
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2:
            raise ValueError(
                explain("The states must be a table.", f"{values.ndim} dimensions", "Give rows of states.")
            )
        names = [f"x{k}" for k in range(values.shape[1])]
        frame = pd.DataFrame(values, columns=list(states) if states and len(states) == len(names) else names)
    if isinstance(t, str):
        return frame, t
    if t is None:
        todo = 'Give the column, such as t="time", or an array.'
        raise ValueError(explain("Differential equations need the times.", "t=None", todo))
    times = as_floats(t, "t")
    if times.shape != (len(frame),):
        got = f"{len(frame)} rows and times of shape {times.shape}"
        raise ValueError(explain("There must be one time for each row.", got, "Give as many times as rows."))
    name = TIME
    while name in frame.columns:
        name += "_"
    return frame.assign(**{name: times}), name


def _joined(
    runs: Sequence[Any], t: Any, inputs: Any, states: Sequence[str] | None
) -> tuple[pd.DataFrame, str, list[str] | None]:
    """Return the runs as one long table with a column "run"."""
    common = isinstance(t, str) or np.ndim(t[0] if isinstance(t, (list, tuple)) and len(t) else t) == (
        0 if isinstance(t, (list, tuple)) else 1
    )
    if not common and len(t) != len(runs):
        got = f"{len(runs)} runs and {len(t)} arrays of times"
        raise ValueError(explain("Each run needs its times.", got, "Give a list with the times of each run."))
    named = inputs is None or all(isinstance(name, str) for name in inputs)
    if not named and len(inputs) != len(runs):
        got = f"{len(runs)} runs and {len(inputs)} arrays of inputs"
        raise ValueError(explain("Each run needs its inputs.", got, "Give a list with the inputs of each run."))
    frames = []
    names = list(inputs) if named and inputs is not None else None
    for k, run in enumerate(runs):
        frame, time = _as_frame(run, t if common else t[k], states)
        if not named:
            frame, names = _with_inputs(frame, inputs[k])
        frames.append(frame.assign(run=str(k)))
    return pd.concat(frames, ignore_index=True), time, names


def _with_inputs(frame: pd.DataFrame, inputs: Any) -> tuple[pd.DataFrame, list[str]]:
    values = as_floats(inputs, "inputs")
    values = values[:, None] if values.ndim == 1 else values
    if len(values) != len(frame):
        got = f"{len(frame)} rows and inputs of shape {values.shape}"
        raise ValueError(explain("There must be inputs for each row.", got, "Give as many as there are times."))
    names = [f"u{k}" for k in range(values.shape[1])]
    return frame.assign(**dict(zip(names, values.T, strict=True))), names


def _with_labels(frame: pd.DataFrame, labels: Any) -> pd.DataFrame:
    values = np.asarray(labels, dtype=object)
    if values.shape != (len(frame),):
        got = f"{len(frame)} rows and labels of shape {values.shape}"
        raise ValueError(explain("There must be one label for each row.", got, "Give as many labels as rows."))
    if "run" in frame.columns:
        todo = 'Rename it, or give trajectory="run".'
        raise ValueError(explain("Labels need a name that is not taken.", "a column 'run'", todo))
    return frame.assign(run=values)


def _checked(
    frame: pd.DataFrame, time: str, label: str | None, inputs: Sequence[str] | None, states: Sequence[str] | None
) -> Trajectories:
    """Return the runs of a long table, if they can be fitted."""
    frame = frame.rename(columns=str)
    inputs = [] if inputs is None else list(inputs)
    special = [time, *inputs, *([] if label is None else [label])]
    if states is None:
        numeric = frame.select_dtypes(include="number").columns
        states = [name for name in frame.columns if name in numeric and name not in special]
    for name in [*special, *states]:
        if name not in frame.columns:
            raise ValueError(
                explain("The table must have the column.", repr(name), closest(name, map(str, frame.columns)))
            )
    if not states:
        raise ValueError(explain("There must be a state.", f"columns {list(frame.columns)}", "Add a numeric column."))
    names = checked_names((*states, *inputs, time))
    if len(frame) == 0:
        raise ValueError(explain("The table must have rows.", "none", "Give measured states."))
    columns = {name: as_floats(frame[name], name) for name in names}
    finite(columns[time], f"The time {time!r}")
    for name in inputs:
        finite(columns[name], f"The input {name!r}")
    for name in states:
        if np.isinf(columns[name]).any():
            raise ValueError(explain(f"The state {name!r} must be finite or missing.", "inf", "Leave these rows out."))
    groups = {"": np.arange(len(frame))} if label is None else _rows_by_label(frame[label], label)
    return _in_parts(columns, groups, tuple(states), tuple(inputs), time)


def _rows_by_label(labels: pd.Series, name: str) -> dict[str, Any]:
    if labels.isna().any():
        got = f"{int(labels.isna().sum())} missing in {name!r}"
        raise ValueError(explain("Every row must have the label of its run.", got, "Fill them."))
    places = labels.reset_index(drop=True).groupby(labels.to_numpy(), sort=False).indices
    return {str(key): np.sort(rows) for key, rows in places.items()}


def _in_parts(
    columns: dict[str, Array], groups: dict[str, Any], states: tuple[str, ...], inputs: tuple[str, ...], time: str
) -> Trajectories:
    parts, left_out = [], []
    for label, rows in groups.items():
        t = columns[time][rows]
        _check_increasing(t, label, time)
        if len(t) < FEWEST_TIMES:
            left_out.append(label)
            continue
        values = np.column_stack([columns[name][rows] for name in states])
        signals = np.column_stack([columns[name][rows] for name in inputs]) if inputs else np.zeros((len(t), 0))
        parts.append(Trajectory(label, t, values, signals))
    if not parts:
        got = f"at most {max(len(rows) for rows in groups.values())} times"
        todo = "Measure more of them, or give the law and fit its constants."
        raise ValueError(explain(f"A trajectory must have at least {FEWEST_TIMES} times.", got, todo))
    found = Trajectories(tuple(parts), states, inputs, time, tuple(left_out))
    for name, n_values in zip(states, np.isfinite(found.values).sum(axis=0).tolist(), strict=True):
        if n_values < FEWEST_VALUES:
            todo = "Leave this state out by naming the states, or measure it."
            rule = f"A state must have at least {FEWEST_VALUES} measured values."
            raise ValueError(explain(rule, f"{n_values} of {name!r}", todo))
    return found


def _check_increasing(t: Array, label: str, time: str) -> None:
    steps = np.diff(t)
    if (steps > 0).all():
        return
    k = int(np.argmax(steps <= 0))
    where = f" in run {label!r}" if label else ""
    got = f"{t[k]:g} and then {t[k + 1]:g}{where}"
    todo = "Sort the rows, and name the column of the runs with trajectory= if there are several."
    raise ValueError(explain(f"The time {time!r} must increase within a trajectory.", got, todo))
