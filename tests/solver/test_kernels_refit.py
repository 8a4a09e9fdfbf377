"""The compiled loop of Levenberg-Marquardt against the one of tensors, which is its reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.solver import levenberg_marquardt as refit_solver
from eqdarts.solver.compiled import can_compile
from eqdarts.solver.kernels_refit import _cholesky_solve
from eqdarts.solver.levenberg_marquardt import RESULTS
from eqdarts.solver.refit import refit
from tests.solver.laws import EVERY, drawn, measured_rows


@pytest.mark.parametrize("weighted", [False, True])
def test_refits_are_as_good_as_those_of_the_batch(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps are the same but for rounding, which decides between minima here and there."""
    X, y, weight = measured_rows(3, 90)
    graphs, starts = zip(*drawn(3, 150), strict=True)
    given_ = (graphs, starts, X, y, weight if weighted else None)
    compiled = refit(*given_, max_iterations=60)
    monkeypatch.setattr(refit_solver, "can_compile", lambda *_: False)
    batched = refit(*given_, max_iterations=60)
    losses = [(a.loss, b.loss) for a, b in zip(compiled, batched, strict=True)]
    assert sum(a <= b * (1 + 1e-6) + 1e-12 or np.isinf([a, b]).all() for a, b in losses) >= 0.94 * len(losses)
    assert sum(b <= a * (1 + 1e-6) + 1e-12 or np.isinf([a, b]).all() for a, b in losses) >= 0.94 * len(losses)
    assert [np.isinf(a) for a, _ in losses] == [np.isinf(b) for _, b in losses]
    same = [a.status == b.status for a, b in zip(compiled, batched, strict=True)]
    assert np.mean(same) > 0.8


def test_each_graph_may_have_its_own_target() -> None:
    X, y, _ = measured_rows(5, 80)
    graphs, starts = zip(*drawn(5, 12, EVERY[1:5]), strict=True)
    targets = torch.stack([y + k for k in range(12)])
    together = refit(graphs, starts, X, targets)
    alone = [refit([g], [s], X, t)[0] for g, s, t in zip(graphs, starts, targets, strict=True)]
    assert together == alone


def test_graphs_are_refitted_in_portions_as_they_are_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, weight = measured_rows(7, 50)
    graphs, starts = zip(*drawn(7, 20), strict=True)
    whole = refit(graphs, starts, X, y, weight)
    monkeypatch.setattr("eqdarts.solver.compiled.MOST_WORK", 1)
    assert refit(graphs, starts, X, y, weight) == whole


def test_an_exact_law_and_an_undefined_start_end_at_once() -> None:
    X, _, _ = measured_rows(1, 40)
    line = Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["linear"], 2.0)], 1.0)]).build()
    log = Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["log"])], 0.0)]).build()
    assert can_compile([line[0], log[0]], X)
    exact, undefined = refit([line[0], log[0]], [line[1], log[1]], -X, 1.0 - 2.0 * X[:, 0])
    assert exact.status == RESULTS[2]
    assert exact.coefficients == pytest.approx((1.0, 2.0))
    assert undefined.status == RESULTS[5]
    assert undefined.loss == float("inf")


@pytest.mark.parametrize("k", [1, 2, 5])
def test_a_positive_definite_system_is_solved_and_others_are_refused(k: int) -> None:
    rng = np.random.default_rng(k)
    root = rng.normal(size=(k, k + 2))
    matrix, right, out = root @ root.T, rng.normal(size=k), np.empty(k)
    assert _cholesky_solve.py_func(matrix.copy(), right, out, k)
    np.testing.assert_allclose(out, np.linalg.solve(matrix, right), rtol=1e-9)
    matrix[k - 1, k - 1] = -1.0
    assert not _cholesky_solve.py_func(matrix, right, out, k)
