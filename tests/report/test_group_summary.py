"""The text table of a fit with groups."""

from __future__ import annotations

import pytest

from eqdarts.inference.by_group import GroupInference
from eqdarts.report.group_summary import group_lines
from tests.fits import grown


@pytest.mark.slow
def test_the_summary_tells_shared_constants_and_those_of_each_group() -> None:
    text = grown().summary()
    assert "f_tree has a value for each tree." in text
    assert "groups                         4" in text
    assert any(line.startswith("c0 ") for line in text.splitlines())
    assert [line.split()[0] for line in text.splitlines() if line.startswith("T")] == ["T0", "T1", "T2", "T3"]
    assert "rivals: longer by" in text


@pytest.mark.slow
def test_the_constants_are_lines_with_errors() -> None:
    found: GroupInference = grown().inference()
    head, shared, groups, *rest = group_lines(found)
    assert head.split() == ["shared", "estimate", "std.", "error", "95", "%", "interval"]
    assert shared.split()[0] == "c0"
    assert groups.split() == ["tree", "f_tree", "std.", "error"]
    assert len(rest) == 4
