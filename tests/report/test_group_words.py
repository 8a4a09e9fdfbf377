"""The report of a fit with groups."""

from __future__ import annotations

import pytest

from eqdarts.report.group_words import group_words
from eqdarts.report.page import report_page
from tests.fits import grown


def test_the_words_have_a_line_for_each_constant() -> None:
    run = grown().run_
    words = group_words(run, run.chosen)
    assert [line[0] for line in words.coefficients] == ["c0", *(f"f_tree, tree T{k}" for k in range(4))]
    assert ("groups of tree", "4") in words.figures


@pytest.mark.slow
def test_the_page_shows_the_law_of_each_group() -> None:
    page = report_page(grown().run_)
    assert "The law of each group beside its measurements" in page
    assert "f_tree, tree T3" in page
    assert "groups=table[&#39;tree&#39;]" in page
