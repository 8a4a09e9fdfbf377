"""Standard errors of constants by group, against those of one dense problem."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.data import FitRows
from eqdarts.equation.groups import GroupConstants, row_groups
from eqdarts.expression.build import symbol
from eqdarts.inference.by_group import group_inference

LABELS = np.repeat(["a", "b", "c"], 7)
T = np.tile(np.linspace(0, 3, 7), 3)
RNG = np.random.default_rng(1)
SIZES = np.array([1.0, 2.0, 4.0])
PLACE = np.repeat([0, 1, 2], 7)
Y = SIZES[PLACE] * T + 0.7 + 0.1 * RNG.normal(size=21)


def _line(weight: np.ndarray) -> tuple[Equation, np.ndarray, np.ndarray]:
    """Return the line with a slope for each group, fitted by a dense design, that design, and its inverse."""
    design = np.column_stack([T * (g == PLACE) for g in range(3)] + [np.ones(21)])
    inverse = np.linalg.inv(design.T @ (design * weight[:, None]))
    found = inverse @ design.T @ (weight * Y)
    constants = GroupConstants("g", ("a", "b", "c"), ("a_g",), tuple((float(s),) for s in found[:3]))
    return Equation(symbol("a_g") * symbol("t") + float(found[3]), ("t",), groups=constants), design, inverse


@pytest.mark.parametrize("known", [False, True])
def test_errors_are_those_of_the_dense_problem(known: bool) -> None:
    weight = np.linspace(0.5, 2, 21)
    law, design, inverse = _line(weight)
    sigma = weight**-0.5 if known else None
    rows = FitRows(T[:, None], Y, None if known else weight, sigma, 21)
    found = group_inference(law, rows, row_groups(LABELS, "g"))
    scale = 1.0 if known else float(weight @ (Y - law.predict({"t": T}, LABELS)) ** 2 / 17) ** 0.5
    assert found.sigma == pytest.approx(scale)
    assert found.dof == (np.inf if known else 17)
    errors = scale * np.sqrt(np.diag(inverse))
    np.testing.assert_allclose(found.by_group["a_g_error"], errors[:3], rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, errors[3:], rtol=1e-9)
    of_law = scale * np.sqrt(np.einsum("nk,kj,nj->n", design, inverse, design))
    np.testing.assert_allclose(found.predict_std({"t": T}, LABELS), of_law, rtol=1e-9)
    low, high = found.interval().T
    assert low < found.estimate < high


def test_a_law_with_only_shared_constants_has_an_empty_table() -> None:
    law = Equation.parse("2.5*t + 0.7", ["t"])
    found = group_inference(law, FitRows(T[:, None], Y, None, None, 21), row_groups(LABELS, "g"))
    assert found.by_group.shape == (3, 0)
    assert found.names == ("c0", "c1")
    assert found.n_constants == 2


def test_what_a_group_does_not_determine_has_an_infinite_error() -> None:
    law = _line(np.ones(21))[0]
    t = np.where(PLACE == 2, 0.0, T)  # where t is 0 the slope says nothing
    found = group_inference(law, FitRows(t[:, None], Y, None, None, 21), row_groups(LABELS, "g"))
    assert np.isinf(found.by_group["a_g_error"].to_numpy()).tolist() == [False, False, True]
    assert "do not determine" in found.notes[0]
