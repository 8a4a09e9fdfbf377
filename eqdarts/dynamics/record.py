"""The record of a fit to trajectories, and its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from eqdarts._typing import Array
from eqdarts.dynamics.system import System
from eqdarts.dynamics.trajectories import Trajectory, velocity_name
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError, closest, explain
from eqdarts.files import is_number, read_json, short
from eqdarts.inference.noise import Noise, noise_from

__all__ = ["FORMAT", "Coefficient", "Course", "DynamicsRun", "OfGroup", "OnFront"]

FORMAT, VERSION = "eqdarts-dynamics", 1
LONGEST = 20_000_000  # characters of a file
WRONG = "Use the file exactly as eqdarts wrote it."


@dataclass(frozen=True)
class Coefficient:
    """One coefficient: the state whose rate it is in, its name there, its value, standard error, interval and unit."""

    state: str
    name: str
    estimate: float
    standard_error: float
    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class OfGroup:
    """A constant of one group: the state whose rate it is in, its name there, its value, standard error, interval."""

    group: str
    state: str
    name: str
    estimate: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class OnFront:
    """A law on the front of one state.

    Parameters
    ----------
    equation : Equation
    loss : float
        Mean squared residual of the state's trajectories, with the other states smoothed; that of the chosen law is
        from the fit of the whole system.
    score : float
        Its description length minus that of the chosen law, in nats: of the whole system where it was tried in one, and
        otherwise with the other states smoothed.
    chosen : bool
    """

    equation: Equation
    loss: float
    score: float
    chosen: bool


@dataclass(frozen=True, eq=False)
class Course:
    """One run as a report shows it.

    Parameters
    ----------
    measured : Trajectory
    fitted : ndarray of shape (n, d)
        The states of the fitted system at the same times, (n, 2 d) with velocities if its order is two.
    """

    measured: Trajectory
    fitted: Array


@dataclass(frozen=True, eq=False)
class DynamicsRun:
    """All that is known after a fit.

    Parameters
    ----------
    system : System
    front : tuple of tuple of OnFront
        For each state.
    coefficients : tuple of Coefficient
    noise : tuple of float
        Standard deviation of the measured values of each state around its trajectories.
    r_squared : tuple of float
    structure, cautions : tuple of str
        Sentences.
    n_rows, n_runs, freedom : int
    horizon : int or None
        Intervals that one integration spans, if the system could not be integrated over whole runs.
    seconds : float
    params : mapping
        The parameters of the estimator that are plain values.
    guesses : tuple of str
        Sentences on what became of the user's guesses.
    changed : tuple of str
        Names of the parameters that were not left as they are.
    courses : tuple of Course
        The runs of the fit, or the first of them if they have many rows.
    scatter : tuple of Noise
        How the errors of each state depend on its value; none if they are the same everywhere. Then `noise` is their
        geometric mean.
    groups : tuple of str
        The labels of groups whose constants may differ; the system has the means over these.
    by_group : tuple of OfGroup
        The constants that differ.
    """

    system: System
    front: tuple[tuple[OnFront, ...], ...]
    coefficients: tuple[Coefficient, ...]
    noise: tuple[float, ...]
    r_squared: tuple[float, ...]
    structure: tuple[str, ...]
    cautions: tuple[str, ...]
    n_rows: int
    n_runs: int
    freedom: int
    horizon: int | None = None
    seconds: float = 0.0
    params: Mapping[str, Any] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    courses: tuple[Course, ...] = ()
    scatter: tuple[Noise, ...] = ()
    groups: tuple[str, ...] = ()
    by_group: tuple[OfGroup, ...] = ()

    def system_of(self, group: Any) -> System:
        """Return the system with the constants of a group; None or "" is that with the means over the groups.

        Raises
        ------
        ValueError
            If there is no such group.
        """
        if group is None or group == "":
            return self.system
        if str(group) not in self.groups:
            todo = closest(str(group), self.groups) if self.groups else "Fit with groups= for constants of groups."
            raise ValueError(explain("There is no such group.", repr(group), todo))
        own = {(row.state, row.name): row.estimate for row in self.by_group if row.group == str(group)}
        equations = (
            equation.with_coefficients(
                {name: own.get((state, name), value) for name, value in equation.coefficients.items()}
            )
            if equation.coefficients
            else equation
            for state, equation in zip(self.system.states, self.system.equations, strict=True)
        )
        return replace(self.system, equations=tuple(equations))

    def group_table(self) -> pd.DataFrame | None:
        """Return a row for each constant of each group; None without groups."""
        if not self.groups:
            return None
        columns = ["group", "state", "name", "estimate", "standard_error", "low", "high"]
        return pd.DataFrame([asdict(row) for row in self.by_group], columns=columns)

    def width(self, k: int, f: Array) -> Array:
        """Return the standard deviation (n,) of measured values of state k where its trajectory is f (n,)."""
        if not self.scatter or self.scatter[k].kind == "constant":
            return np.full(len(f), self.noise[k])
        return self.scatter[k].std(f)

    def scatter_in_words(self) -> tuple[str, ...]:
        """Return a sentence for each state whose errors depend on its value."""
        pairs = zip(self.system.states, self.scatter, strict=False)
        return tuple(f"{state}: {own}." for state, own in pairs if own.kind != "constant")

    def coefficient_table(self) -> pd.DataFrame:
        """Return a row for each coefficient."""
        columns = ["state", "name", "estimate", "standard_error", "low", "high"]
        columns += ["unit"] if any(row.unit for row in self.coefficients) else []
        return pd.DataFrame([asdict(row) for row in self.coefficients], columns=columns)

    def front_table(self) -> pd.DataFrame:
        """Return a row for each law on a front."""
        rows = [
            {
                "state": state,
                "complexity": one.equation.complexity,
                "loss": one.loss,
                "score": one.score,
                "equation": one.equation.format(),
                "chosen": one.chosen,
            }
            for state, ones in zip(self.system.states, self.front, strict=True)
            for one in ones
        ]
        return pd.DataFrame(rows, columns=["state", "complexity", "loss", "score", "equation", "chosen"])

    def to_json(self) -> str:
        """Return the record as JSON text."""
        record = {
            "format": FORMAT,
            "version": VERSION,
            "states": list(self.system.states),
            "inputs": list(self.system.inputs),
            "time": self.system.time,
            "order": self.system.order,
            "equations": [json.loads(equation.to_json()) for equation in self.system.equations],
            "front": [[_written(one) for one in ones] for ones in self.front],
            "coefficients": [{k: _plain(v) for k, v in asdict(row).items()} for row in self.coefficients],
            "noise": [_plain(value) for value in self.noise],
            "r_squared": [_plain(value) for value in self.r_squared],
            "structure": list(self.structure),
            "cautions": list(self.cautions),
            "n_rows": self.n_rows,
            "n_runs": self.n_runs,
            "freedom": self.freedom,
            "horizon": self.horizon,
            "seconds": self.seconds,
            "params": {name: value for name, value in self.params.items() if _is_plain(value)},
            "guesses": list(self.guesses),
            "changed": list(self.changed),
            "scatter": [{key: _plain(value) for key, value in own.record().items()} for own in self.scatter],
            "groups": list(self.groups),
            "by_group": [{key: _plain(value) for key, value in asdict(row).items()} for row in self.by_group],
            "courses": [_written_course(course) for course in self.courses],
        }
        return json.dumps(record, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> DynamicsRun:
        """Read a record; nothing in it is executed.

        Raises
        ------
        FormulaError
            If it is not such a text.
        """
        record = read_json(text, "A file of dynamics", FORMAT, VERSION, LONGEST)
        try:
            return _read(record)
        except FormulaError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            rule = "A file of dynamics must have all its fields."
            raise FormulaError(explain(rule, short(f"{type(error).__name__}: {error}"), WRONG)) from None


def _read(record: dict[str, Any]) -> DynamicsRun:
    names = [*record["states"], *record["inputs"], record["time"]]
    if not all(isinstance(name, str) for name in names):
        raise FormulaError(explain("Names must be text.", short(names), WRONG))
    order = record.get("order", 1)
    if order not in (1, 2):
        raise FormulaError(explain("The order must be 1 or 2.", short(order), WRONG))
    names += [velocity_name(name) for name in record["states"]] if order == 2 else []
    equations = tuple(Equation.from_json(json.dumps(one)) for one in record["equations"])
    states = tuple(record["states"])
    if not equations or len(equations) != len(states) or len(record["front"]) != len(states):
        raise FormulaError(explain("There must be an equation for each state.", f"{len(equations)}", WRONG))
    for equation in equations:
        if not {str(s) for s in equation.expr.free_symbols} <= set(names):
            raise FormulaError(explain("Equations must be in the names of the system.", short(names), WRONG))
    params = record["params"]
    if not isinstance(params, dict):
        raise FormulaError(explain("'params' must be a mapping.", short(params), WRONG))
    return DynamicsRun(
        System(equations, states, tuple(record["inputs"]), record["time"], order),
        tuple(tuple(_on_front(one) for one in ones) for ones in record["front"]),
        tuple(_coefficient(row) for row in record["coefficients"]),
        tuple(_number(value) for value in record["noise"]),
        tuple(_number(value) for value in record["r_squared"]),
        tuple(map(str, record["structure"])),
        tuple(map(str, record["cautions"])),
        int(record["n_rows"]),
        int(record["n_runs"]),
        int(record["freedom"]),
        None if record["horizon"] is None else int(record["horizon"]),
        float(record["seconds"]),
        params,
        tuple(map(str, record.get("guesses", ()))),
        tuple(map(str, record.get("changed", ()))),
        tuple(_course(one, len(states), len(record["inputs"]), order) for one in record.get("courses", ())),
        tuple(map(noise_from, record.get("scatter", ()))),
        tuple(map(str, record.get("groups", ()))),
        tuple(map(_of_group, record.get("by_group", ()))),
    )


def _course(one: dict[str, Any], n_states: int, n_inputs: int, order: int) -> Course:
    t = _numbers(one["t"], 1).ravel()
    states, fitted = _numbers(one["states"], n_states), _numbers(one["fitted"], n_states * order)
    inputs = _numbers(one["inputs"], n_inputs)
    if not len(t) == len(states) == len(fitted) == len(inputs):
        raise FormulaError(explain("A run must have as many states as times.", short(one["label"]), WRONG))
    return Course(Trajectory(str(one["label"]), t, states, inputs, str(one.get("group", ""))), fitted)


def _numbers(rows: Any, width: int) -> Array:
    """Return rows of numbers (n, width); null is NaN."""
    table = np.array([[_number(value) for value in (row if isinstance(row, list) else [row])] for row in rows])
    return table.reshape(len(rows), width)


def _coefficient(row: dict[str, Any]) -> Coefficient:
    numbers = {name: _number(row[name]) for name in ("estimate", "standard_error", "low", "high")}
    return Coefficient(str(row["state"]), str(row["name"]), **numbers, unit=str(row.get("unit", "")))


def _of_group(row: dict[str, Any]) -> OfGroup:
    numbers = {name: _number(row[name]) for name in ("estimate", "standard_error", "low", "high")}
    return OfGroup(str(row["group"]), str(row["state"]), str(row["name"]), **numbers)


def _on_front(one: dict[str, Any]) -> OnFront:
    equation = Equation.from_json(json.dumps(one["equation"]))
    return OnFront(equation, _number(one["loss"]), _number(one["score"]), bool(one["chosen"]))


def _written(one: OnFront) -> dict[str, Any]:
    equation = json.loads(one.equation.to_json())
    return {"equation": equation, "loss": _plain(one.loss), "score": _plain(one.score), "chosen": one.chosen}


def _written_course(course: Course) -> dict[str, Any]:
    part = course.measured
    tables = {"states": part.states, "inputs": part.inputs, "fitted": course.fitted}
    written = {name: [[_plain(value) for value in row] for row in table.tolist()] for name, table in tables.items()}
    return {"label": part.label, "group": part.group, "t": part.t.tolist(), **written}


def _number(value: Any) -> float:
    if value is None:
        return float("nan")
    if not is_number(value):
        raise FormulaError(explain("Numbers must be finite.", short(value), WRONG))
    return float(value)


def _plain(value: Any) -> Any:
    """Return a number that JSON has: NaN and infinities become null."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return bool(np.isfinite(value))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(entry) for name, entry in value.items())
    return value is None or isinstance(value, (bool, int, str))


def r_squared(measured: Array, fitted: Array) -> tuple[float, ...]:
    """Return the share of the variance of each state (n, d) that its trajectory explains."""
    known = np.isfinite(measured)
    found = []
    for k in range(measured.shape[1]):
        y, f = measured[known[:, k], k], fitted[known[:, k], k]
        total = float(np.square(y - y.mean()).sum())
        with np.errstate(all="ignore"):
            rest = float(np.square(y - f).sum())
        found.append(1 - rest / total if total > 0 and np.isfinite(rest) else float("nan"))
    return tuple(found)
