"""Files with the results so far of a search in another process, for the process that waits for it.

A worker that is ended, by an interrupt or by the death of the whole fit, cannot hand over what it has found; the file
that it has written a second before can.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqdarts.errors import FormulaError
from eqdarts.files import AS_WRITTEN, read_json, write_atomically
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.record import graph_record, is_plain, read_fitted
from eqdarts.primitives.table import Primitive

if TYPE_CHECKING:
    from eqdarts.search.result import Moment

__all__ = [
    "LONGEST",
    "PART",
    "PartFile",
    "member_records",
    "read_members",
    "read_parts",
    "remove_parts",
]

FORMAT, VERSION = "eqdarts-part", 1
LONGEST = 20_000_000  # characters of a file
PART = "part-{}.json"
EVERY = 1.0  # seconds between two writes


class PartFile:
    """Writes the front of a search to a file, once a second at most: an `on_progress` of `search`.

    Parameters
    ----------
    path : Path
    token : str
        Says which data it belongs to.
    """

    def __init__(self, path: Path, token: str) -> None:
        self.path = path
        self.token = token
        self.last = time.monotonic() - EVERY

    def __call__(self, moment: Moment) -> None:
        if time.monotonic() - self.last < EVERY:
            return
        record = {"format": FORMAT, "version": VERSION, "token": self.token, "members": member_records(moment.front())}
        with suppress(OSError):  # on a machine without this folder
            write_atomically(self.path, json.dumps(record))
        self.last = time.monotonic()


def read_parts(folder: Path, token: str, n_inputs: int, primitives: Iterable[Primitive]) -> list[FittedGraph]:
    """Return the members in the part files of a folder that belong to these data; what cannot be read is left out."""
    members: list[FittedGraph] = []
    for path in sorted(folder.glob(PART.format("*"))):
        with suppress(OSError, FormulaError, UnicodeDecodeError):
            record = read_json(path.read_text(encoding="utf-8"), "A part of a search", FORMAT, VERSION, LONGEST)
            if record.get("token") == token:
                members += read_members(record.get("members"), n_inputs, primitives)
    return members


def remove_parts(folder: Path) -> None:
    """Remove the part files of a folder."""
    for path in folder.glob(PART.format("*")):
        with suppress(OSError):
            path.unlink()


def member_records(members: Sequence[FittedGraph]) -> list[Any]:
    """Return members as plain values."""
    plain = [member for member in members if is_plain(member.graph)]
    return [[graph_record(m.graph), list(m.coefficients), m.loss] for m in plain]


def read_members(records: Any, n_inputs: int, primitives: Iterable[Primitive]) -> list[FittedGraph]:
    """Return the members of records.

    Raises
    ------
    FormulaError
    """
    rows = tuple(primitives)
    members = []
    if not isinstance(records, list) or not all(isinstance(r, list) and len(r) == 3 for r in records):
        raise FormulaError("The file is damaged: it has no list of graphs. " + AS_WRITTEN)
    for nodes, coefficients, loss in records:
        graph, theta = read_fitted(nodes, coefficients, n_inputs, rows)
        is_number = isinstance(loss, (int, float)) and not isinstance(loss, bool)
        members.append(FittedGraph(graph, theta, loss if is_number and loss >= 0 else float("inf")))
    return members
