"""What a worker has found so far, in a file: written now and then, read whatever else lies there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eqdarts.errors import FormulaError
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.search import worker_files
from eqdarts.search.result import Moment
from eqdarts.search.worker_files import PART, PartFile, member_records, read_members, read_parts, remove_parts
from tests.helpers import edge, node

GRAPH = Graph(2, (node("sum", edge(0, "exp"), edge(1, "linear"), constant=True),))
MEMBERS = [FittedGraph(GRAPH, (0.5, 2.0, -1.0, 3.0), 0.25)]


def moment(members: Sequence[FittedGraph] = MEMBERS) -> Moment:
    return Moment(0.5, 10, members[0], lambda: members)


def test_what_a_worker_writes_is_read_back(tmp_path: Path) -> None:
    for k in range(2):
        PartFile(tmp_path / PART.format(k), "these data")(moment())
    assert read_parts(tmp_path, "these data", 2, ()) == MEMBERS * 2
    assert read_parts(tmp_path, "other data", 2, ()) == []
    remove_parts(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_written_now_and_then_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(worker_files.time, "monotonic", lambda: now)
    path = tmp_path / PART.format(0)
    write = PartFile(path, "these data")
    write(moment())
    path.unlink()
    now = 100.5
    write(moment())
    assert not path.exists()
    now = 101.5
    write(moment())
    assert path.exists()


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    PartFile(tmp_path / "away" / PART.format(0), "these data")(moment())
    assert read_parts(tmp_path / "away", "these data", 2, ()) == []
    remove_parts(tmp_path / "away")


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"format": "eqdarts-part", "version": 99}), "\udcff"])
def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path, text: str) -> None:
    PartFile(tmp_path / PART.format(0), "these data")(moment())
    (tmp_path / PART.format(1)).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_parts(tmp_path, "these data", 2, ()) == MEMBERS


@pytest.mark.parametrize("records", [None, {}, [1], [[1, 2]], [[None, [], 0.0]], [[[], [], 0.0]]])
def test_records_that_are_none_are_refused(records: Any) -> None:
    with pytest.raises(FormulaError):
        read_members(records, 2, ())


@pytest.mark.parametrize("loss", [None, "0", True, -1.0, float("nan")])
def test_a_loss_that_is_none_counts_as_infinite(loss: Any) -> None:
    ((nodes, coefficients, _),) = member_records(MEMBERS)
    (member,) = read_members([[nodes, coefficients, loss]], 2, ())
    assert member.loss == float("inf")
    assert member.graph == GRAPH
