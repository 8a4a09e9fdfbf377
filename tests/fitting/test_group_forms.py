"""Forms with constants, and forms with one constant more."""

from __future__ import annotations

import numpy as np

from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.group_forms import GroupForm, extended
from eqdarts.solver.grouped import GroupedProblem

PLACE = np.repeat([0, 1], 8)
COLUMNS = {"t": np.tile(np.linspace(1, 4, 8), 2)}


def _extended(text: str, names: tuple[str, ...]) -> set[str]:
    form = GroupForm(parse_formula(text).expr, names, (), 5.0)
    theta = np.full((len(names), 2), 1.3)
    problem = GroupedProblem(form.formula, names, COLUMNS, COLUMNS["t"] ** 2, PLACE)
    longer = extended(form, theta, problem, COLUMNS)
    assert all(new.names[-1] == "extra" and new.structure is not None and new.structure > 5 for new in longer)
    return {str(new.formula) for new in longer}


def test_a_constant_is_added_where_the_form_has_not_its_freedom_yet() -> None:
    # A factor of exp is its shift, and the rate is its stretch.
    assert _extended("a*exp(k*t)", ("a", "k")) == {"a*exp(k*t) + extra"}
    assert _extended("a*t + b", ("a", "b")) == set()
    assert "a*(-extra + t)**2" in _extended("a*t**2", ("a",))
