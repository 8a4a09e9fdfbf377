"""A CSV of results to which rows are added one after the other, so that a run can be resumed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eqdarts.errors import explain
from eqdarts.files import write_atomically

__all__ = ["Results"]

AS_NUMBERS = ("noise", "budget")  # cells of a key that may be written in several ways


class Results:
    """The rows of a benchmark, and the file to which they are added, if there is one.

    Parameters
    ----------
    path : Path or None
    columns : sequence of str
    key : sequence of str
        The columns that distinguish rows.
    later : sequence of str
        The last columns, which an older file may lack.
    """

    def __init__(
        self, path: Path | None, columns: Sequence[str], key: Sequence[str], later: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.columns, self.key = tuple(columns), tuple(key)
        self.done: dict[tuple[str, ...], dict[str, Any]] = {}
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            write_atomically(path, ",".join(self.columns) + "\n")
            return
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            known = tuple(reader.fieldnames or ())
            if known not in (self.columns, self.columns[: len(self.columns) - len(later)]):
                raise ValueError(
                    explain("The file must have the columns of a file of results.", str(path), "Choose another file.")
                )
            self.done = {self.key_of(row): {name: _cell(row.get(name)) for name in self.columns} for row in reader}
        if known != self.columns:
            self._write(path)

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the key that distinguishes a row, as text of the CSV."""
        known = dict(row)
        if not isinstance(row["options"], str):
            known["options"] = json.dumps(row["options"], sort_keys=True)
        for name in AS_NUMBERS:
            known[name] = f"{float(row[name]):g}"
        return tuple(str(known[name]) for name in self.key)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row, or replace the one with the same key."""
        key = self.key_of(row)
        cells = {name: row.get(name) for name in self.columns} | dict(zip(self.key, key, strict=True))
        for name, value in cells.items():
            if isinstance(value, float):
                cells[name] = float(f"{value:.6g}")
        is_new = key not in self.done
        self.done[key] = {name: _cell(value) for name, value in cells.items()}
        if self.path is None:
            return
        if is_new:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.columns, lineterminator="\n").writerow(cells)
        else:
            self._write(self.path)

    def _write(self, path: Path) -> None:
        """Write the file anew, with every row once."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.done.values())
        write_atomically(path, text.getvalue())


def _cell(text: Any) -> Any:
    """Return a cell of the CSV as a number if it is one, None if it is empty."""
    if not isinstance(text, str):
        return text
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text or None
