"""One file of the command line at a time: replaced as a whole, links and devices as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eqdarts.cli.saving import save, tell_of_replaced
from eqdarts.cli.usage import UsageError


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    save(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text(encoding="utf-8") == "text"
    (tmp_path / "null").symlink_to(os.devnull)
    save(tmp_path / "null", b"bytes")
    assert os.readlink(tmp_path / "null") == os.devnull
    assert not os.path.isfile(os.devnull)


def test_a_file_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be written. Got .*No such file or directory"):
        save(tmp_path / "absent" / "file", "text")
    with pytest.raises(UsageError, match="cannot be written"):
        save(tmp_path, "text")


def test_replacing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_of_replaced(tmp_path, ("a", "b")) == []
    assert capsys.readouterr().err == ""
    (tmp_path / "b").touch()
    assert tell_of_replaced(tmp_path, ("a", "b")) == ["b"]
    assert "which will be replaced: b." in capsys.readouterr().err
