"""Fits that are killed and go on from their checkpoint."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, EqdartsWarning, FormulaError
from eqdarts.data import prepare
from eqdarts.fitting.checkpoint import CHECKPOINT_FILE
from eqdarts.fitting.front import measured
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.record import read_fitted
from eqdarts.search.result import Moment
from eqdarts.search.worker_files import PartFile, read_members, read_parts
from tests import helpers
from tests.kill_child import started, table

QUICK: dict[str, Any] = helpers.QUICK | {"max_refits": 100}


def read(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / CHECKPOINT_FILE).read_text(encoding="utf-8"))
    return record


def front(record: dict[str, Any]) -> list[tuple[int, float]]:
    """Return complexity and loss of the members of a checkpoint."""
    d = len(record["names"])
    return [(read_fitted(nodes, theta, d)[0].complexity, loss) for nodes, theta, loss in record["members"]]


def assert_no_worse(after: list[tuple[int, float]], before: list[tuple[int, float]]) -> None:
    for complexity, loss in before:
        assert min(b for c, b in after if c <= complexity) <= loss * (1 + 1e-9), complexity


@pytest.mark.slow
def test_a_fit_goes_on_from_a_checkpoint_and_loses_nothing(tmp_path: Path) -> None:
    model = DARTSRegressor(**QUICK).fit(*table(80), checkpoint=tmp_path)
    before = read(tmp_path)
    assert before["stage"] == "done"
    assert before["settings"]["max_refits"] == "100"
    # The front also has a constant and a line that fit no better than shorter equations.
    better = model.equations_["loss"].cummin().drop_duplicates()
    assert len(before["members"]) >= len(better) - 1
    DARTSRegressor(**(QUICK | {"max_refits": 5, "random_state": 3})).fit(*table(80), checkpoint=tmp_path)
    assert_no_worse(front(read(tmp_path)), front(before))
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


@pytest.mark.slow
def test_a_fit_by_another_loss_goes_on_too(tmp_path: Path) -> None:
    # Losses in the file are not compared: they are of rows with the weights that the law so far gives them.
    given: dict[str, Any] = QUICK | {"loss": "absolute", "max_refits": 20, "max_complexity": 9}
    before = DARTSRegressor(**given).fit(*table(80), checkpoint=tmp_path).equations_["loss"].min()
    again = DARTSRegressor(**(given | {"max_refits": 5, "random_state": 3})).fit(*table(80), checkpoint=tmp_path)
    assert again.equations_["loss"].min() <= 1.001 * before


@pytest.mark.slow
def test_several_searches_go_on_too_and_clear_up(tmp_path: Path) -> None:
    DARTSRegressor(**QUICK).fit(*table(80), checkpoint=tmp_path)
    before = front(read(tmp_path))
    parallel = QUICK | {"max_refits": 40, "n_jobs": 1, "n_searches": 2}
    model = DARTSRegressor(**parallel).fit(*table(80), checkpoint=tmp_path)
    assert_no_worse(front(read(tmp_path)), before)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    assert model.history_.stop_reason == "budget"


@pytest.mark.slow
def test_what_another_process_left_is_read(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    DARTSRegressor(**QUICK).fit(*table(80), checkpoint=there)
    DARTSRegressor(**(QUICK | {"max_refits": 5})).fit(*table(80), checkpoint=here)
    token, before = read(here)["token"], front(read(there))
    members = read_members(read(there)["members"], 3, ())
    moment = Moment(0.5, 10, members[-1], lambda: members)
    PartFile(here / "part-0.json", token)(moment)
    PartFile(here / "part-1.json", "of other data")(moment)
    (here / "part-2.json").write_text("{", encoding="utf-8")
    assert read_parts(here, token, 3, ()) == members
    DARTSRegressor(**(QUICK | {"max_refits": 2})).fit(*table(80), checkpoint=here)
    assert_no_worse(front(read(here)), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X.iloc[:60], y.iloc[:60]), r"other number of rows \(80, not 60\)"),
        (lambda X, y: (X.rename(columns={"a": "q"}), y), "other columns"),
        (lambda X, y: (X, y + 1), "of a table with other values"),
        (lambda X, y: (X[["b", "a", "c"]], y), "other columns"),
    ],
)
def test_a_checkpoint_of_other_data_is_an_error(
    change: Callable[[pd.DataFrame, pd.Series], Any], message: str, tmp_path: Path
) -> None:
    DARTSRegressor(**(QUICK | {"max_refits": 5})).fit(*table(80), checkpoint=tmp_path)
    before = read(tmp_path)
    with pytest.raises(ValueError, match=f"must belong to the same rows, columns and loss.*{message}"):
        DARTSRegressor(**QUICK).fit(*change(*table(80)), checkpoint=tmp_path)
    with pytest.raises(ValueError, match="other loss"):
        DARTSRegressor(**QUICK, loss="huber").fit(*table(80), checkpoint=tmp_path)
    assert read(tmp_path) == before


def damaged(record: dict[str, Any]) -> Iterator[str]:
    """Yield texts that are no checkpoint."""
    yield from ("", "[]", "{", "[" * 100_000, "null", "\ufeff", json.dumps({**record, "version": 2}), "\0")
    values: list[Any] = [
        None, 3, "x", [], [[]], [[1, 2, 3]], [[[["sum", True, []]] * 300, [], 0.1]], [[[["sum", False, []]], [], 0.1]],
        [[[["sum", True, [[7, "exp"]]]], [1.0] * 3, 0.1]], [[[["sum", True, []]], ["1"], 0.1]],
        [[[["sum", True, []]], [1e999], 0.1]], [[[["sum", True, []]], [10**400], 0.1]],
        [[[["sum", True, [[0, "power[99999999/7]"]]]], [1.0, 1.0], 0.1]],
        [[[["sum", True, [[0, "eval"]]]], [1.0, 1.0], 0.1]], [[[["max", True, []]], [1.0], 0.1]],
        [[[["sum", 1, []]], [1.0], 0.1]], [[[["sum", True, [[True, "exp"]]]], [1.0, 1.0, 1.0], 0.1]],
    ]  # fmt: skip
    for value in values:
        if value != []:
            yield json.dumps({**record, "members": value})
    yield json.dumps({**record, "x_scale": [1.0]})


@pytest.mark.slow
def test_a_damaged_checkpoint_is_one_clear_error(tmp_path: Path) -> None:
    quick = QUICK | {"max_refits": 5}
    DARTSRegressor(**quick).fit(*table(80), checkpoint=tmp_path)
    for text in damaged(read(tmp_path)):
        (tmp_path / CHECKPOINT_FILE).write_text(text, encoding="utf-8")
        with pytest.raises(FormulaError, match=r"The checkpoint cannot be read\. Got .*Delete this file") as caught:
            DARTSRegressor(**quick).fit(*table(80), checkpoint=tmp_path)
        assert str(tmp_path / CHECKPOINT_FILE) in str(caught.value)
        assert len(str(caught.value)) < 500


def test_a_graph_of_more_shared_nodes_than_its_key_can_bear_is_refused() -> None:
    shared = [["sum", True, [[0, "sin"]]] for _ in range(12)]
    output = ["sum", True, [[1 + k, name] for k in range(12) for name in ("exp", "tanh")]]
    with pytest.raises(FormulaError, match="must be small"):
        read_fitted([*shared, output], [], 1)


@pytest.mark.slow
def test_a_killed_fit_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    with started(str(tmp_path), "600") as child:
        time.sleep(0.5)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert child.returncode == -signal.SIGKILL
    record = read(tmp_path)
    assert record["stage"] == "search"
    before = front(record)
    DARTSRegressor(**(QUICK | {"max_refits": 5})).fit(*table(), checkpoint=tmp_path)
    assert_no_worse(front(read(tmp_path)), before)


def _workers(parent: int) -> list[int]:
    """Return the processes that a fit has started to search in."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            is_child = int(status.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent
            if is_child and b"popen_loky" in (status.parent / "cmdline").read_bytes():
                found.append(int(status.parent.name))
    return found


def _runs(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def _wait_until(true: Callable[[], bool], seconds: float = 200.0) -> None:
    """Wait until a condition holds; the deadline is generous, for busy machines."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.json"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
def test_workers_end_with_the_fit_that_started_them_and_a_later_fit_goes_on(tmp_path: Path) -> None:
    with started(str(tmp_path), "3000", 2) as child:
        _wait_until(lambda: len(_parts(tmp_path)) >= 2)
        workers = _workers(child.pid)
        assert len(workers) == 2
        os.kill(child.pid, signal.SIGKILL)  # the fit alone, not its workers
        child.wait()
        _wait_until(lambda: not any(map(_runs, workers)))
    left = read_parts(tmp_path, read(tmp_path)["token"], 3, ())
    assert left
    before = [(member.graph.complexity, member.loss) for member in measured_again(left)]
    resumed = QUICK | {"max_refits": 10, "n_jobs": 1, "n_searches": 2}
    DARTSRegressor(**resumed).fit(*table(), checkpoint=tmp_path)
    assert_no_worse(front(read(tmp_path)), before)
    assert _parts(tmp_path) == []


def measured_again(members: list[FittedGraph]) -> list[FittedGraph]:
    """Return the members with their losses on the rows on which a checkpoint compares them."""
    X, y = table()
    data = prepare(X.to_numpy(), y.to_numpy(), None, 0.25, np.random.default_rng(0))
    return list(measured(members, data, np.arange(len(y))))


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_in_place_of_the_folder_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match=r"checkpoint must be a folder\. Got .*file.* Choose another folder"):
        DARTSRegressor(**QUICK).fit(*table(80), checkpoint=tmp_path / name)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_full_disk_is_told_and_the_fit_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdarts.fitting import checkpoint as module

    original, calls = module.write_atomically, []

    def full(*given: Any) -> None:
        calls.append(given)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        original(*given)

    monkeypatch.setattr(module, "write_atomically", full)
    with pytest.warns(EqdartsWarning, match="could not be written: No space left"):
        model = DARTSRegressor(**(QUICK | {"max_refits": 20})).fit(*table(80), checkpoint=tmp_path)
    assert len(model.equations_)
    calls[:] = [()]
    with pytest.raises(OSError, match="No space left"):
        DARTSRegressor(**QUICK).fit(*table(80), checkpoint=tmp_path)
