"""Checkpoints of fits to trajectories: the laws of each state that is done, in a file of a folder."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eqdarts.dynamics.choice import Screened
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.trajectories import Trajectories
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError, explain
from eqdarts.files import is_number, read_json, unusable_folder, warn_unwritten, write_atomically

__all__ = ["CHECKPOINT_FILE", "DynamicsCheckpoint"]

CHECKPOINT_FILE = "dynamics.json"
FORMAT, VERSION = "eqdarts-dynamics-checkpoint", 1
LONGEST = 20_000_000  # characters of a file


class DynamicsCheckpoint:
    """The file of one fit.

    Parameters
    ----------
    folder : str or Path
        Created if it does not exist.
    data : Trajectories
    settings : mapping of str to object
        What the searches depend on. A fit that was interrupted goes on where it was if these are the same.

    Attributes
    ----------
    done : dict of int to list of Screened
        States whose search an interrupted fit with the same settings has finished.
    laws : list of list of Law
        For each state, the laws of an earlier fit that ended, or had other settings: later searches begin with them.

    Raises
    ------
    ValueError
        If the folder cannot be used, or has the checkpoint of other runs.
    """

    def __init__(self, folder: str | Path, data: Trajectories, settings: dict[str, Any]) -> None:
        self.path = Path(folder) / CHECKPOINT_FILE
        self.states = data.states
        self.token, self.settings = _fingerprint(data), {name: repr(value) for name, value in settings.items()}
        self.done: dict[int, list[Screened]] = {}
        self.laws: list[list[Law]] = [[] for _ in data.states]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                self._read(data)
            self._write("search")
        except OSError as error:
            raise unusable_folder(folder, error) from None

    def keep(self, k: int, screened: Sequence[Screened]) -> None:
        """Write the laws of state k, whose search is done; if the disk is full, warn, and let the fit go on."""
        self.done[k] = list(screened)
        self._kept("search")

    def finish(self) -> None:
        """Write that the fit has ended: a later one searches again, beginning with these laws."""
        self._kept("done")

    def _kept(self, stage: str) -> None:
        try:
            self._write(stage)
        except OSError as error:
            warn_unwritten(error)

    def _write(self, stage: str) -> None:
        laws = [self.done.get(k, ()) for k in range(len(self.states))]
        record = {
            "format": FORMAT,
            "version": VERSION,
            "token": self.token,
            "stage": stage,
            "states": list(self.states),
            "settings": self.settings,
            "done": sorted(self.done),
            "laws": [[_written(one) for one in ones] for ones in laws],
            "before": [[_written(Screened(law, math.inf, math.inf)) for law in own] for own in self.laws],
        }
        write_atomically(self.path, json.dumps(record, allow_nan=False))

    def _read(self, data: Trajectories) -> None:
        todo = "Choose another folder, or delete the file."
        try:
            record = read_json(self.path.read_text(encoding="utf-8"), "A checkpoint", FORMAT, VERSION, LONGEST)
            if record.get("token") != self.token:
                got = f"{self.path}, of the states {', '.join(map(str, record.get('states', ())))}"
                raise ValueError(explain("The checkpoint must belong to the same runs.", got, todo))
            found = [[_screened(one, data) for one in ones] for ones in record["laws"]]
            before = [[_screened(one, data).law for one in ones] for ones in record["before"]]
            if len(found) != len(self.states) or len(before) != len(self.states):
                raise FormulaError("It does not have these states.")
            goes_on = record["stage"] == "search" and record["settings"] == self.settings
            done = {int(k) for k in record["done"]} if goes_on else set()
        except (FormulaError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
            got = f"{self.path}: {type(error).__name__}: {error}"
            raise FormulaError(explain("The checkpoint cannot be read.", got[:200], todo)) from None
        for k, ones in enumerate(found):
            if k in done:
                self.done[k] = ones
                self.laws[k] = before[k]
            else:
                self.laws[k] = [*(one.law for one in ones), *before[k]]


def _fingerprint(data: Trajectories) -> str:
    """Return a fingerprint of the runs and their columns."""
    names = [data.states, data.inputs, data.time, data.order, [part.label for part in data.parts]]
    digest = hashlib.sha256(json.dumps(names).encode())
    for part in data.parts:
        for values in (part.t, part.states, part.inputs):
            digest.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()


def _written(one: Screened) -> dict[str, Any]:
    numbers = {"structure": one.law.structure, "square": one.square, "length": one.length}
    plain = {name: float(value) if math.isfinite(value) else None for name, value in numbers.items()}
    return {"equation": json.loads(one.law.equation.to_json()), **plain}


def _screened(one: dict[str, Any], data: Trajectories) -> Screened:
    equation = Equation.from_json(json.dumps(one["equation"]))
    if not {str(name) for name in equation.expr.free_symbols} <= set(data.variables):
        raise FormulaError("It has laws of other columns.")
    numbers = [math.inf if one[name] is None else one[name] for name in ("structure", "square", "length")]
    if not all(value == math.inf or is_number(value) for value in numbers):
        raise FormulaError("Its numbers are no numbers.")
    structure, square, length = map(float, numbers)
    return Screened(Law(equation, structure), square, length)
