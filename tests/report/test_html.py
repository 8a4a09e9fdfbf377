"""Templates: text of users is escaped, and what a template needs must be given."""

from __future__ import annotations

import jinja2
import pytest

from eqdarts.report.html import render


def test_a_template_needs_all_that_it_names() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("dynamics.html", {})
