"""Checkpoints: the best graphs so far in a file of a folder, from which a later fit continues."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eqdarts.data import Data, draw_rows
from eqdarts.errors import FormulaError, explain
from eqdarts.files import read_json, unusable_folder, warn_unwritten, write_atomically
from eqdarts.fitting.front import best_of, measured
from eqdarts.fitting.table import Table
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.record import is_plain
from eqdarts.primitives.table import Primitive
from eqdarts.search.result import Moment
from eqdarts.search.worker_files import (
    LONGEST,
    member_records,
    read_members,
    read_parts,
    remove_parts,
)

__all__ = ["CHECKPOINT_FILE", "Checkpoint", "fingerprint"]

CHECKPOINT_FILE = "checkpoint.json"
FORMAT, VERSION = "eqdarts-checkpoint", 1
EVERY = 4.0  # seconds between two writes
MOST_ROWS = 2000  # rows on which losses are compared


def fingerprint(table: Table, loss: str) -> str:
    """Return a fingerprint of the rows, columns and loss of a fit."""
    digest = hashlib.sha256(json.dumps([table.names, table.X.shape, loss]).encode())
    for values in (table.X, table.y, table.weight):
        digest.update(b"none" if values is None else np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()


@dataclass
class Checkpoint:
    """The file of one fit.

    Parameters
    ----------
    folder : Path
        Created if it does not exist.
    table : Table
    loss : str
    settings : dict of str to str
        For people who read the file.
    """

    folder: Path
    table: Table
    loss: str
    settings: dict[str, str]
    base: tuple[FittedGraph, ...] = ()
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.token = fingerprint(self.table, self.loss)
        self.last = time.monotonic() - EVERY
        self.n_refits = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable_folder(self.folder, error) from None

    @property
    def parts(self) -> tuple[Path, str]:
        """The folder in which searches in other processes write."""
        return self.folder, self.token

    def read(self, data: Data, primitives: Sequence[Primitive]) -> tuple[FittedGraph, ...]:
        """Return the members of an earlier fit, which everything written later includes; none if there was no such fit.

        Parameters
        ----------
        data : Data
            The data on which losses are measured from now on.
        primitives : sequence of Primitive

        Raises
        ------
        ValueError
            If the file is not a checkpoint, or belongs to other rows, columns or another loss.
        """
        self.data = data
        self.rows = draw_rows(np.flatnonzero(data.weight > 0), MOST_ROWS, np.random.default_rng(0))
        path, members = self.folder / CHECKPOINT_FILE, list[FittedGraph]()
        if path.exists():
            members = self._members(path, primitives)
        kept = {m.graph.key: m for m in sorted(measured(members, data, self.rows), key=lambda m: -m.loss)}
        parts = measured(read_parts(*self.parts, data.n_inputs, primitives), data, self.rows)
        # A file keeps what an earlier front had, even where another graph fits better by squares.
        self.base = tuple(dict.fromkeys((*best_of([*kept.values(), *parts]), *kept.values())))
        self.write(())  # an error of writing is raised before the search
        self.last -= EVERY
        return self.base

    def _members(self, path: Path, primitives: Sequence[Primitive]) -> list[FittedGraph]:
        todo = "Choose another folder, or delete the file."
        try:
            record = read_json(path.read_text(encoding="utf-8"), "A checkpoint", FORMAT, VERSION, LONGEST)
            if record.get("token") != self.token:
                raise ValueError(
                    explain(
                        "The checkpoint must belong to the same rows, columns and loss.",
                        f"{path}, {self._of(record)}",
                        todo,
                    )
                )
            origin = record.get("x_origin", [0.0] * self.data.n_inputs)  # older files have none
            if [record.get("x_scale"), record.get("y_scale"), origin] != self._scales():
                raise FormulaError("It does not have the scales of these rows.")
            return read_members(record.get("members"), self.data.n_inputs, primitives)
        except (FormulaError, UnicodeDecodeError, OSError) as error:
            why = "it is not text" if isinstance(error, UnicodeDecodeError) else error
            todo = "Delete this file, and the fit starts anew; or choose another folder."
            raise FormulaError(explain("The checkpoint cannot be read.", f"{path}: {why}", todo)) from None

    def _of(self, record: dict[str, Any]) -> str:
        """Describe the fit to which an unsuitable checkpoint belongs."""
        given: list[tuple[str, object, object]] = [
            ("columns", record.get("names"), list(self.table.names)),
            ("loss", record.get("loss"), self.loss),
            ("number of rows", record.get("n_rows"), len(self.table.y)),
        ]
        found = next(((what, theirs, ours) for what, theirs, ours in given if theirs != ours), None)
        if found is None:
            return "of a table with other values"
        what, theirs, ours = found
        return f"of other {what} ({repr(theirs)[:60]}, not {repr(ours)[:60]})"

    def _scales(self) -> list[Any]:
        scales = self.data.scales
        return [scales.x.tolist(), float(scales.y), scales.origin.tolist()]

    def note(self, moment: Moment) -> None:
        """Write the result so far, if the last write was some seconds ago."""
        self.n_refits = max(self.n_refits, moment.n_refits)
        if time.monotonic() - self.last >= EVERY:
            self.keep(moment.front())

    def keep(self, members: Sequence[FittedGraph], stage: str = "search", always: Sequence[FittedGraph] = ()) -> None:
        """Write like `write`; if the disk is full, warn, and let the fit continue."""
        try:
            self.write(members, stage, always)
        except OSError as error:
            self.last = time.monotonic()
            warn_unwritten(error)

    def write(self, members: Sequence[FittedGraph], stage: str = "search", always: Sequence[FittedGraph] = ()) -> None:
        """Write the best of `members` and of those of the earlier fit, and all of `always`."""
        plain = [member for member in (*members, *always) if is_plain(member.graph)]
        seen = measured(plain, self.data, self.rows)
        keys = {member.graph.key for member in always}
        # By another loss than squares the front has members that are not the best here.
        best = tuple(dict.fromkeys((*best_of([*self.base, *seen]), *(m for m in seen if m.graph.key in keys))))
        x_scale, y_scale, x_origin = self._scales()
        record = {
            "format": FORMAT,
            "version": VERSION,
            "token": self.token,
            "stage": stage,
            "seconds": round(time.monotonic() - self.began, 3),
            "n_refits": self.n_refits,
            "names": list(self.table.names),
            "target": self.table.target,
            "n_rows": len(self.table.y),
            "loss": self.loss,
            "settings": self.settings,
            "x_scale": x_scale,
            "y_scale": y_scale,
            "x_origin": x_origin,
            "members": member_records(best),
        }
        write_atomically(self.folder / CHECKPOINT_FILE, json.dumps(record, allow_nan=False))
        self.last = time.monotonic()

    def finish(self, members: Sequence[FittedGraph], always: Sequence[FittedGraph] = ()) -> None:
        """Write the last state, with all of `always`, and remove the files of searches in other processes."""
        self.keep(members, "done", always)
        remove_parts(self.folder)
