"""What is said reaches the terminal as plain text, on one line."""

from __future__ import annotations

import warnings

import pytest

from eqdarts.cli.notes import note, notes_to_stderr, show
from eqdarts.errors import EqdartsWarning, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("a\u202eb\u200b", r"a\u202eb\u200b"),
        ("\udc80\x85\x9b31m", r"\udc80\x85\x9b31m"),
        ("θ 温度 é", "θ 温度 é"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert visible(text) == shown
    show("one\n" + text.replace("\n", " "))
    assert capsys.readouterr().out == "one\n" + shown.replace(r"\n", " ") + "\n"


def test_a_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    note("a\n b \x1b[0m")
    note("unheard", quiet=True)
    assert capsys.readouterr().err == "eqdarts: a b \\x1b[0m\n"


def test_warnings_of_ours_are_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with notes_to_stderr():
        warnings.warn("of ours", EqdartsWarning, stacklevel=1)
    with notes_to_stderr(quiet=True):
        warnings.warn("unheard", EqdartsWarning, stacklevel=1)
    assert capsys.readouterr().err == "eqdarts: of ours\n"
