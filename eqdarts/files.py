"""The files of eqdarts: JSON records with a format and a version, read with care and written as a whole."""

from __future__ import annotations

import json
import math
import os
import warnings
from pathlib import Path
from typing import Any

from eqdarts.errors import EqdartsWarning, FormulaError, explain

__all__ = ["is_number", "read_json", "short", "unusable_folder", "warn_unwritten", "write_atomically"]

AS_WRITTEN = "Use the file exactly as eqdarts wrote it."
LONGEST_SHOWN = 60  # characters of a value in an error


def read_json(
    text: str, what: str, file_format: str, version: int, longest: int, todo: str = AS_WRITTEN
) -> dict[str, Any]:
    """Return the record in the text of a file; nothing in it is executed, and its fields are still unchecked.

    Parameters
    ----------
    text : str
    what : str
        The kind of file, as errors name it: "A checkpoint".
    file_format : str
        The value that the field "format" must have.
    version : int
        The value that the field "version" must have.
    longest : int
        Largest number of characters.
    todo : str, optional
        Advice to the user in errors.

    Raises
    ------
    FormulaError
        If the text is too long, is not a JSON object, or is of another format or version.

    Examples
    --------
    >>> read_json('{"format": "demo", "version": 1, "x": 2}', "A demo", "demo", 1, 1000)["x"]
    2
    """
    if not isinstance(text, str):
        raise FormulaError(explain(f"{what} must be text.", type(text).__name__, todo))
    # Length comes first: the reader of JSON takes memory and time in proportion to it.
    if len(text) > longest:
        raise FormulaError(explain(f"{what} can have at most {longest} characters.", f"{len(text)} characters", todo))
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise FormulaError(explain(f"{what} must be a JSON object.", short(text), todo))
    if record.get("format") != file_format:
        raise FormulaError(explain(f"{what} must be of the format {file_format!r}.", short(record.get("format")), todo))
    found = record.get("version")
    if found != version or isinstance(found, bool):
        raise FormulaError(
            explain(f"{what} must be of version {version}.", short(found), "Use the version of eqdarts that wrote it.")
        )
    return record


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader finds the old one or the whole new one, even after a crash.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    content : str or bytes
        Text is written as UTF-8.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is left as it was.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with aside.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            # Without this the new name could reach the disk before the content does.
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def is_number(value: object) -> bool:
    """Return whether a value of a record is a number that a float holds, and finite.

    >>> is_number(1), is_number(True), is_number(float("nan")), is_number(10**400)
    (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def short(value: object) -> str:
    """Return a value as an error shows it: at most 60 characters.

    >>> short([1.0, 2.0])
    '[1.0, 2.0]'
    """
    shown = repr(value[: 2 * LONGEST_SHOWN] if isinstance(value, str) else value)
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 3] + "..."


def unusable_folder(folder: str | Path, error: OSError) -> ValueError:
    """Return the error of a fit whose checkpoint cannot be in this folder."""
    todo = "Choose another folder; it is created if it does not exist."
    return ValueError(explain("checkpoint must be a folder.", f"{folder} ({error.strerror})", todo))


def warn_unwritten(error: OSError) -> None:
    """Warn in the name of the caller's caller that a checkpoint was not written."""
    words = f"The checkpoint could not be written: {error.strerror}. The fit continues without it."
    warnings.warn(words, EqdartsWarning, stacklevel=3)
