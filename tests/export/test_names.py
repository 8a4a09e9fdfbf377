"""Column names as identifiers, and text inside comments."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from eqdarts.export.names import C_WORDS, identifiers, note
from tests.export.hostile import HOSTILE


def test_identifiers_are_different_plain_and_no_words_of_the_language() -> None:
    found = identifiers(HOSTILE, C_WORDS)
    assert len(set(found)) == len(HOSTILE)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and name not in C_WORDS for name in found)
    assert found[3:6] == ("theta_0", "Deltat", "mu")


@given(st.lists(st.text(min_size=1), unique=True))
def test_any_names_become_different_identifiers(names: list[str]) -> None:
    found = identifiers(names, C_WORDS)
    assert len(set(found)) == len(names)
    assert all(name.isascii() and name.isidentifier() for name in found)


@given(st.text())
def test_a_note_stays_inside_its_comment(text: str) -> None:
    shown = note(text)
    assert shown.isprintable()
    assert not any(bad in shown for bad in ("*/", "/*", "??", "\\"))
    compile(f"def f():\n    # {shown}\n    return 1\n", "<note>", "exec", dont_inherit=True)
