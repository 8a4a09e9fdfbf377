"""Refits: exact where the law is in the graph, safe where it is undefined, in any units."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives.table import get_primitive as primitive
from eqdarts.solver.refit import RESULTS, refit
from tests.solver.laws import exponential, rows


def test_coefficients_of_the_law_are_found_to_rounding() -> None:
    X = rows()
    graph, start = exponential(-0.3, 1.0)
    (fit,) = refit([graph], [start], X, 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4)
    assert fit.loss < 1e-28
    assert fit.coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-10)


def test_weights_of_zero_leave_rows_out() -> None:
    X = rows()
    y = 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4
    weight = torch.ones(60, dtype=torch.float64)
    y[:10], weight[:10] = 1e6, 0.0
    graph, start = exponential(-0.3, 1.0)
    (fit,) = refit([graph], [start], X, y, weight)
    assert fit.coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-9)


def test_a_start_outside_the_domain_is_reported() -> None:
    graph, start = Draft(2, [DraftNode("sum", [DraftEdge(0, primitive("log"))], 0.0)]).build()
    (fit,) = refit([graph], [start], -rows(), torch.ones(60, dtype=torch.float64))
    assert fit.status == RESULTS[5]
    assert fit.loss == float("inf")


def test_no_graphs_give_no_fits() -> None:
    assert refit([], [], rows(), torch.ones(60, dtype=torch.float64)) == []


def test_all_undefined_starts_end_the_refit() -> None:
    graph, start = Draft(2, [DraftNode("sum", [DraftEdge(0, primitive("log"))], 0.0)]).build()
    fits = refit([graph, graph], [start, start], -rows(), torch.ones(60, dtype=torch.float64), restarts=3)
    assert [fit.status for fit in fits] == [RESULTS[5]] * 2


def test_a_target_for_each_graph() -> None:
    X = rows()
    graph, start = exponential(-0.3, 1.0)
    y = torch.stack([2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4, torch.exp(0.5 * X[:, 0])])
    fits = refit([graph, graph], [start, start], X, y)
    assert fits[0].coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-10)
    assert fits[1].coefficients == pytest.approx((0.0, 1.0, 0.5), rel=1e-10, abs=1e-10)


def test_weights_of_one_change_nothing() -> None:
    X = rows()
    y = torch.sin(X[:, 0]) + X[:, 1]
    graph, start = exponential(-0.3, 1.0)
    assert refit([graph], [start], X, y) == refit([graph], [start], X, y, torch.ones(60, dtype=torch.float64))


@pytest.mark.parametrize("factor", [1e-9, 1e7])
def test_units_of_the_target_do_not_matter(factor: float) -> None:
    X = rows()
    y = torch.sin(X[:, 0]) + X[:, 1]
    graph, start = exponential(-0.3, 1.0)
    moved = [start[0] * factor, start[1] * factor, start[2]]
    (fit,), (scaled,) = refit([graph], [start], X, y), refit([graph], [moved], X, y * factor)
    assert scaled.loss == pytest.approx(fit.loss * factor**2, rel=1e-9)
    assert scaled.coefficients[2] == pytest.approx(fit.coefficients[2], rel=1e-6)


def test_a_model_does_not_depend_on_the_others_of_its_batch() -> None:
    """Those that finish early are dropped while the others go on."""
    X = rows()
    scales = np.linspace(-3.0, 1.5, 40)
    graphs_, starts = zip(*(exponential(scale, 1.0) for scale in scales), strict=True)
    y = torch.stack([2.5 * torch.exp(-1.7 * X[:, 0]) + 0.1 * torch.sin(k * X[:, 1]) for k in range(40)])
    together = refit(graphs_, starts, X, y)
    alone = [refit([g], [s], X, row)[0] for g, s, row in zip(graphs_, starts, y, strict=True)]
    assert [fit.loss for fit in together] == pytest.approx([fit.loss for fit in alone], rel=1e-9)


def test_the_type_of_the_tensors_is_that_of_the_computation() -> None:
    X = rows()
    y = 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4
    graph, start = exponential(-0.3, 1.0)
    (double,), (single,) = (refit([graph], [start], X.to(t), y.to(t)) for t in (torch.float64, torch.float32))
    assert double.coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-9)
    assert single.coefficients == pytest.approx((0.4, 2.5, -1.7), rel=1e-3)
    assert single.coefficients != double.coefficients
