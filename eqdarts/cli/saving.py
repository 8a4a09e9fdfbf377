"""Files of the command line: each is written as a whole, and a note names the files that are replaced."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from eqdarts.cli.notes import note
from eqdarts.cli.usage import UsageError
from eqdarts.errors import TableError, explain
from eqdarts.files import write_atomically
from eqdarts.tables.files import table_name

__all__ = ["make_folder", "picture", "save", "tell_of_replaced"]


def save(path: Path, content: str | bytes) -> None:
    """Write a file as a whole; write to a device or a pipe directly.

    Raises
    ------
    UsageError
        If it cannot be written. An earlier file is then unchanged.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        else:
            write_atomically(path.resolve(), content)  # behind a link, so that the link stays
    except OSError as error:
        todo = "Free some space, or choose another place with --out. Earlier files are unchanged."
        raise UsageError(explain("The file cannot be written.", f"{path} ({error.strerror})", todo)) from None


def tell_of_replaced(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Print which of these files exist and will be replaced, and return their names."""
    there = [name for name in names if (folder / name).is_file()]
    if there:
        note(f"{folder} holds earlier files, which will be replaced: {', '.join(there)}.")
    return there


def picture(figure: Any, suffix: str = ".png") -> bytes:
    """Return a figure as the content of a file, and close it."""
    import matplotlib
    from matplotlib import pyplot

    from eqdarts.plotting.style import STYLE

    page = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(page, format=suffix.removeprefix(".") or "png")
    pyplot.close(figure)
    return page.getvalue()


def make_folder(out: str | None, file: str) -> Path:
    """Make the output folder before the search, so that an error is raised at once; its default is named after FILE."""
    folder = Path(out) if out is not None else Path("eqdarts-out") / table_name(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".eqdarts-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TableError(
            explain(
                "The output folder cannot be written.", f"{folder} ({error.strerror})", "Choose another with --out."
            )
        ) from None
    return folder
