"""Reading the text of a table: the file is read, unpacked and decoded.

The first bytes, not the name of the file, determine compression and encoding.
"""

from __future__ import annotations

import codecs
import importlib
import io
import lzma
import sys
import zipfile
import zlib
from pathlib import Path
from typing import IO

from eqdarts.errors import TableError, explain

__all__ = ["COMPRESSED", "decode", "read_bytes", "unpack"]

COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
LARGEST = 2**32  # largest number of bytes of an unpacked table
_PACKED = {  # first bytes -> module of the standard library
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "lzma",
    **{b"BZh%d1AY&SY" % level: "bz2" for level in range(1, 10)},
}
_ZIP = b"PK\x03\x04"
_ZSTD = b"\x28\xb5\x2f\xfd"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_MARKS = {  # byte order mark -> encoding that consumes it; those of four bytes begin like those of two
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_SAMPLE = 4000  # number of bytes that determine the encoding of a file without a mark


def read_bytes(path: str) -> bytes:
    """Return the content of a file, or of standard input if `path` is ``"-"``.

    Raises
    ------
    TableError
        If there is no content.
    """
    if path == "-":
        if sys.stdin.isatty():
            raise TableError(explain("Standard input must be a table.", "a terminal", "Pipe a file into eqdarts."))
        return sys.stdin.buffer.read()
    if Path(path).is_dir():
        raise TableError(
            explain("FILE must be a table.", f"the directory {path}", "Name a CSV, TSV, Excel or Parquet file.")
        )
    if Path(path).exists() and not Path(path).is_file():
        raise TableError(
            explain("FILE must be a regular file.", path, "Pipe other sources into standard input and name it -.")
        )
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TableError(
            explain("FILE cannot be read.", f"{path} ({error.strerror})", "Check the path and its permissions.")
        ) from None


def unpack(content: bytes, name: str) -> bytes:
    """Return the content of a compressed file, or `content` unchanged.

    Raises
    ------
    TableError
        If it is damaged, an archive of several files, or compressed by another method.
    """
    if content.startswith(_ZSTD):
        raise TableError(explain("FILE must not be compressed by zstd.", name, "Unpack it first: unzstd FILE"))
    try:
        if content.startswith(_ZIP):
            with _only_member(content, name) as member:
                return _at_most(member, name)
        for magic, module in _PACKED.items():
            if content.startswith(magic):
                with importlib.import_module(module).open(io.BytesIO(content)) as packed:
                    return _at_most(packed, name)
    except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError) as error:
        why = str(error) or type(error).__name__
        raise TableError(explain("FILE cannot be unpacked.", f"{name} ({why})", "Compress it again.")) from None
    return content


def _only_member(content: bytes, name: str) -> IO[bytes]:
    """Open the one file of a zip archive."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise _no_text(name) from None
    inside = [entry for entry in archive.infolist() if not (entry.is_dir() or entry.filename.startswith("__MACOSX/"))]
    if len(inside) != 1:
        raise _no_text(name)
    return archive.open(inside[0])


def _no_text(name: str) -> TableError:
    return TableError(
        explain("FILE must be text.", f"{name}, a workbook or a zip of several files", "Save the sheet as CSV.")
    )


def _at_most(packed: IO[bytes], name: str) -> bytes:
    content = packed.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise TableError(
            explain(
                f"A table can have at most {LARGEST >> 30} GiB.",
                f"{name}, which is larger when unpacked",
                "Use part of it.",
            )
        )
    return content


def decode(content: bytes, name: str) -> str:
    r"""Return the text of a UTF-8, UTF-16 or UTF-32 file, with or without a byte order mark; its lines end in ``\n``.

    Raises
    ------
    TableError
        If it is not such a text, or is empty.
    """
    if content.startswith(_OLD_WORKBOOK):
        raise _no_text(name)
    encoding = _encoding(content)
    try:
        text = content.decode("utf-8-sig" if encoding == "UTF-8" else encoding)
    except UnicodeDecodeError as error:
        line = _line(content.decode("latin-1"), error.start)
        raise TableError(
            explain(
                f"The file is not {encoding} text.",
                f"byte 0x{content[min(error.start, len(content) - 1)]:02x} in line {line} of {name}",
                "Save it as UTF-8, for example: iconv -f LATIN1 -t UTF-8 FILE",
            )
        ) from None
    if "\0" in text:
        line = _line(text, text.index("\0"))
        raise TableError(
            explain("The file is not text.", f"a zero byte in line {line} of {name}", "Save it as CSV in UTF-8.")
        )
    if not text.strip():
        raise TableError(explain("The table is empty.", name, "Add a header line and rows of numbers."))
    return _one_line_end(text)


def _encoding(content: bytes) -> str:
    """Return the encoding by the mark or, without one, by the zero bytes of which half of UTF-16 consists."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    even, odd = content[:_SAMPLE:2], content[1:_SAMPLE:2]
    if odd.count(0) > 0.8 * len(odd) and 0 not in even:
        return "UTF-16-LE"
    if even.count(0) > 0.8 * len(even) and 0 not in odd:
        return "UTF-16-BE"
    return "UTF-8"


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(text: str, at: int) -> int:
    return _one_line_end(text[:at]).count("\n") + 1
