"""Our files: a record is read or refused with one clear error; a file is the old one or the whole new one."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from eqdarts.errors import FormulaError
from eqdarts.files import is_number, read_json, short, write_atomically
from tests.places import ROOT

GOOD = {"format": "demo", "version": 2, "x": [1.5, "é"]}


def read(text: Any) -> dict[str, Any]:
    return read_json(text, "A demo", "demo", 2, 1000)


def test_a_record_comes_back_as_it_was() -> None:
    assert read(json.dumps(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps(GOOD) + " " * 1000, "at most 1000 characters. Got 10"),
        ("", "must be a JSON object. Got ''"),
        ("[1]", "must be a JSON object"),
        ("{", "must be a JSON object"),
        ("[" * 999, "must be a JSON object"),
        (3, "must be text. Got int"),
        ("{}", "must be of the format 'demo'. Got None"),
        (json.dumps({**GOOD, "format": "other"}), "must be of the format 'demo'. Got 'other'"),
        (json.dumps({**GOOD, "format": ["demo"]}), "must be of the format 'demo'"),
        (json.dumps({**GOOD, "version": 3}), "must be of version 2. Got 3. Use the version of eqdarts"),
        (json.dumps({"format": "demo"}), "must be of version 2. Got None"),
    ],
)
def test_anything_else_is_refused(text: Any, says: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read(text)
    assert str(caught.value).startswith("A demo ")
    assert says in str(caught.value)
    assert len(str(caught.value)) < 250


def test_true_is_not_version_one() -> None:
    with pytest.raises(FormulaError, match=r"version 1\. Got True"):
        read_json('{"format": "demo", "version": true}', "A demo", "demo", 1, 1000)


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "law.json"
    for content in ("old", "new θ\n", b"bytes \xff\r\n"):
        write_atomically(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert os.listdir(tmp_path) == ["law.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "law.json"
    write_atomically(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["law.json"]


@pytest.mark.parametrize("value", [0, -1.5, 2**53, 1.79e308])
def test_numbers(value: object) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), 10**400, [1]])
def test_other_values_are_no_numbers(value: object) -> None:
    assert not is_number(value)


def test_a_long_value_is_shown_short() -> None:
    assert short("abc") == "'abc'"
    for value in ("a" * 10**6, list(range(1000))):
        assert len(short(value)) == 60
        assert short(value).endswith("...")


# Where a file may be written otherwise: to a device, or row by row to the end of a file.
OTHERWISE = {"cli/saving.py": 1, "benchmark/results.py": 1, "fitting/progress.py": 1, "files.py": 1}
WRITES = re.compile(
    r"""\.write_(text|bytes)\(|open\([^)\n]*["'][wax]b?["']|\.savefig\((?!page)|\.to_csv\(["'a-z_]*path"""
)
APART = {"benchmark/worker.py"}  # writes into a pipe


def test_only_one_function_writes_files() -> None:
    package = ROOT / "eqdarts"
    found = {
        str(path.relative_to(package)): len(WRITES.findall(path.read_text(encoding="utf-8")))
        for path in sorted(package.rglob("*.py"))
    }
    assert {name: n for name, n in found.items() if n and name not in APART} == OTHERWISE
