"""Compiled code against the tensor program: values, normal equations, refits, and what it leaves to tensors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.own import make_primitive
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power
from eqdarts.solver import levenberg_marquardt as refit_solver
from eqdarts.solver.batch import Batch
from eqdarts.solver.compiled import _program, can_compile, predict_all
from eqdarts.solver.kernels import normal_equations, workspace
from eqdarts.solver.refit import refit

FIXED = [fixed_power(Fraction(*p)) for p in ((-2, 1), (4, 1), (3, 2), (-3, 2), (5, 2), (1, 3))]
EVERY = (*PRIMITIVES.values(), *FIXED)


@numba.njit
def equations_at(nodes: Any, edges: Any, powers: Any, theta: Any, X: Any, y: Any, root: Any) -> Any:
    k = len(theta)
    matrix, right = np.empty((k, k)), np.empty(k)
    work = workspace(len(X), len(nodes), max(len(edges), 1), max(k, 1))
    total = normal_equations(nodes, edges, powers, theta, X, y, root, matrix, right, work)
    return total, matrix, right


def drawn(seed: int, count: int, primitives: Sequence[Primitive] = EVERY) -> list[tuple[Graph, tuple[float, ...]]]:
    rng = np.random.default_rng(seed)
    return [random_graph(rng, 2, tuple(primitives)) for _ in range(count)]


def rows(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng([seed, 1])
    X, weight = rng.uniform(0.3, 1.5, (count, 2)), rng.uniform(0.5, 2.0, count)
    y = np.exp(-X[:, 0]) + X[:, 1] ** 2 + 0.1 * rng.normal(size=count)
    return torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(weight)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 63, 64, 65, 150]))
def test_values_and_normal_equations_are_those_of_the_batch(seed: int, n: int) -> None:
    X, y, weight = rows(seed, n)
    for graph, start in drawn(seed, 4):
        batch = Batch([graph], X)
        theta = batch.pad([start])
        prediction, jacobian = batch.evaluate(theta)
        own = jacobian[0, : len(start)].numpy().copy()
        residual = (y - prediction[0]).numpy()
        values: NDArray[np.float64] = predict_all([graph], [start], X)[0].numpy()
        np.testing.assert_allclose(values, prediction[0].numpy(), rtol=1e-12, atol=1e-12, equal_nan=True)
        if not (np.isfinite(residual).all() and np.isfinite(own).all()):
            continue
        program = _program(graph)
        assert program is not None
        root = weight.sqrt().numpy()
        given_ = (program.nodes, program.edges, program.powers, np.array(start, dtype=float))
        total, matrix, right = equations_at(*given_, np.ascontiguousarray(X.numpy().T), y.numpy(), root)
        own, residual = own * root, residual * root
        assert total == pytest.approx(residual @ residual, rel=1e-10)
        size = np.sqrt(np.outer((own**2).sum(1), (own**2).sum(1))) + 1e-300
        np.testing.assert_allclose(matrix / size, own @ own.T / size, atol=1e-9)
        norm = np.sqrt((own**2).sum(1) * (residual @ residual)) + 1e-300
        np.testing.assert_allclose(right / norm, own @ residual / norm, atol=1e-9)


@pytest.mark.parametrize("primitive", EVERY, ids=lambda p: p.name)
@pytest.mark.parametrize("x", [-2.0, -0.5, 0.0, 0.5, 2.0, 800.0, -800.0])
def test_every_primitive_is_undefined_where_the_table_says_so(primitive: Primitive, x: float) -> None:
    graph = Graph(1, (Node("sum", (Edge(0, primitive),)),))
    start = (1.0, *primitive.initial[0])
    X = torch.tensor([[x]], dtype=torch.float64)
    batch = Batch([graph], X)
    expected = batch.predict(batch.pad([start])).numpy()
    np.testing.assert_allclose(predict_all([graph], [start], X).numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
def test_refits_are_as_good_as_those_of_the_batch(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps are the same but for rounding, which decides between minima here and there."""
    X, y, weight = rows(3, 90)
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
    X, y, _ = rows(5, 80)
    graphs, starts = zip(*drawn(5, 12, EVERY[1:5]), strict=True)
    targets = torch.stack([y + k for k in range(12)])
    together = refit(graphs, starts, X, targets)
    alone = [refit([g], [s], X, t)[0] for g, s, t in zip(graphs, starts, targets, strict=True)]
    assert together == alone


def test_what_cannot_be_compiled_is_left_to_tensors() -> None:
    own = make_primitive("bent", lambda x: x * x + 1, lambda x: x**2 + 1)
    graph = Graph(1, (Node("sum", (Edge(0, own),)),))
    X = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    assert not can_compile([graph], X)
    assert refit([graph], [(1.0,)], X, 3 * (X[:, 0] ** 2 + 1))[0].coefficients == pytest.approx((3.0,))
    plain = Graph(1, (Node("sum", (Edge(0, PRIMITIVES["linear"]),)),))
    assert can_compile([plain], X)
    assert not can_compile([plain], X.float())
    assert not can_compile([plain], X.repeat(1000, 1))


def test_a_function_written_anew_under_its_old_name_is_not_taken_for_the_old_one() -> None:
    X = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    for power in (2, 3):
        own = make_primitive("bent", lambda x, p=power: x**p + 1, lambda x, p=power: x**p + 1)
        graph = Graph(1, (Node("sum", (Edge(0, own),)),))
        fit = refit([graph], [(1.0,)], X, 3 * (X[:, 0] ** power + 1))[0]
        assert fit.coefficients == pytest.approx((3.0,))
        assert fit.loss < 1e-20


def test_a_graph_without_coefficients_or_edges_is_refitted() -> None:
    X, y, _ = rows(1, 30)
    constant = Graph(2, (Node("sum", (), constant=True),))
    bare = Graph(2, (Node("product", (Edge(0, PRIMITIVES["linear"]),)),))
    fits = refit([constant, bare], [(0.0,), ()], X, y)
    assert fits[0].coefficients == pytest.approx((float(y.mean()),))
    assert fits[1].loss == pytest.approx(float(((y - X[:, 0]) ** 2).mean()))


def test_without_a_place_for_machine_code_nothing_is_compiled_and_that_is_said_once() -> None:
    code = """
import warnings
from numba.core import caching
for kind in vars(caching).values():
    if hasattr(kind, "_locator_classes"):
        kind._locator_classes = []
import numpy as np
from eqdarts import DARTSRegressor
from eqdarts.solver.kernels_refit import refit_graphs
X = np.linspace(1, 3, 30)[:, None]
model = DARTSRegressor(time_limit=None, max_refits=50, random_state=0)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        model.fit(X, 2.5 * X[:, 0] ** 2)
said = [str(w.message) for w in caught if "NUMBA_CACHE_DIR" in str(w.message)]
print(len(said), len(refit_graphs.signatures), model.equation_)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout == "1 0 5*x0**2/2\n"
