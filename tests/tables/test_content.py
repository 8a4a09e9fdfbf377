"""Files as they come: compressed, in other encodings, with other line ends; and what is no text."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from eqdarts.errors import TableError
from eqdarts.tables import content as content_module
from eqdarts.tables.content import decode, unpack
from eqdarts.tables.files import load_table

TEXT = "t [°C],y\n1,2.5\n2,3.5\n"


def _zipped(**files: bytes) -> bytes:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return page.getvalue()


PACK = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: _zipped(table=content),
    "nothing": bytes,
}
ENCODE = {
    "utf-8": lambda text: text.encode(),
    "utf-8-sig": lambda text: text.encode("utf-8-sig"),
    "utf-16-le with a mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be with a mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
}


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("encoded", ENCODE)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_the_same_table_in_every_wrapping(tmp_path: Path, packed: str, encoded: str, end: str) -> None:
    path = tmp_path / "table.csv.gz"  # what a file is stands in its first bytes, not in its name
    path.write_bytes(PACK[packed](ENCODE[encoded](TEXT.replace("\n", end))))
    frame = load_table(str(path)).frame
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"t": [1.0, 2.0], "y": [2.5, 3.5]}))


def test_a_compressed_tsv_is_split_at_tabs(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv.gz"
    path.write_bytes(gzip.compress(b"a,b,c\ty\n1\t2\n"))
    assert list(load_table(str(path)).frame.columns) == ["a,b,c", "y"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (gzip.compress(b"x,y\n1,2\n" * 99)[:30], "cannot be unpacked"),
        (gzip.compress(b"x,y\n1,2\n")[:-8] + b"12345678", "cannot be unpacked"),
        (bz2.compress(b"x,y\n")[:-6], "cannot be unpacked"),
        (lzma.compress(b"x,y\n")[:-6], "cannot be unpacked"),
        (b"\x1f\x8b" + b"\xff" * 20, "cannot be unpacked"),
        (b"\x28\xb5\x2f\xfd more", "unzstd"),
        (_zipped(a=b"x", b=b"y"), "Save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "Save the sheet as CSV"),
        (codecs.BOM_UTF16_LE + b"x\0,\0\n\0y", r"not UTF-16 text.*in line 2"),
        (b"x,y\r1,2\r\xe9,4", r"not UTF-8 text.*byte 0xe9 in line 3"),
        (b"x,y\r\n1,\0\r\n", r"zero byte in line 2"),
        (b"", "empty"),
    ],
    ids=range(12),  # compressed content has the time in it, and so would a name made of it
)
def test_what_cannot_be_read_is_one_error(content: bytes, expected: str) -> None:
    with pytest.raises(TableError, match=expected) as caught:
        decode(unpack(content, "FILE.csv"), "FILE.csv")
    assert "Got" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "LARGEST", 1000)
    assert len(unpack(gzip.compress(b" " * 1000), "FILE")) == 1000
    with pytest.raises(TableError, match="larger when unpacked"):
        unpack(gzip.compress(b" " * 1001), "FILE")
