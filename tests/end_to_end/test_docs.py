"""Every block of Python in the documentation and the README runs; the checker of links finds what is wrong."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib import pyplot

from eqdarts import DARTSRegressor
from tests.places import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Run are the blocks that are fenced as python; those of other libraries are directives, and only shown.
RUN = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^```\{code-block\} python\n(.*?)^```", re.DOTALL | re.MULTILINE)
WITH_PYTHON = [path for path in PAGES if RUN.search(path.read_text(encoding="utf-8"))]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every fit end within about a second, and clusters be threads of this process."""
    fit: Callable[..., Any] = DARTSRegressor.fit

    def soon(self: DARTSRegressor, *args: Any, **kwargs: Any) -> DARTSRegressor:
        # of a relaxed search the page shows what training leaves, which a slow machine has not in less
        self.set_params(time_limit=30 if self.search == "relaxed" else 0.6, max_refits=300, n_searches=2)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(DARTSRegressor, "fit", soon)
    distributed = pytest.importorskip("dask.distributed")
    client = partial(distributed.Client, processes=False, n_workers=1, dashboard_address=None)
    monkeypatch.setattr(distributed, "Client", client)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    with matplotlib.rc_context({"figure.max_open_warning": 0}):
        yield tmp_path
    pyplot.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda path: path.stem)
def test_the_python_of_a_page_runs(page: Path, quick: None, folder: Path) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for block in RUN.findall(page.read_text(encoding="utf-8")):
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # a fit of half a second may find nothing
            exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_is_only_shown_is_python(page: Path) -> None:
    for block in SHOWN.findall(page.read_text(encoding="utf-8")):
        compile(block, str(page), "exec")


def test_the_checker_of_links_finds_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    sys.modules.pop("check_links", None)
    from check_links import complaints  # type: ignore[import-not-found]

    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">b</a> <a href="#here">a</a></p>')
    (tmp_path / "b.html").write_text('<p id="there"><a href="https://example.org">c</a></p>')
    assert complaints(tmp_path) == []
    (tmp_path / "b.html").write_text('<img src="https://example.org/x.png"><a href="c.html">c</a>')
    found = "\n".join(complaints(tmp_path))
    assert len(found.splitlines()) == 3
    for words in ("a place that the page does not have", "c.html, which is not there", "loads https://example.org"):
        assert words in found


def test_the_picture_and_the_table_of_the_floors_show_every_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    sys.modules.pop("floors", None)
    from floors import OUT, floors  # type: ignore[import-not-found]

    rooms = [room for rooms in floors() for room in rooms]
    drawn = re.findall(r'id="room-(\w+)"', OUT.read_text(encoding="utf-8"))
    assert drawn == rooms, "draw it again: make docs-figures"
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room in rooms:
        assert room.startswith("_") or f"`{room}`" in text, room
