"""Compiled values and normal equations against those of the tensor program."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import Primitive
from eqdarts.solver.batch import Batch
from eqdarts.solver.compiled import _program, predict_all
from eqdarts.solver.kernels import normal_equations, workspace
from tests.solver.laws import EVERY, drawn, measured_rows


@numba.njit
def equations_at(nodes: Any, edges: Any, powers: Any, theta: Any, X: Any, y: Any, root: Any) -> Any:
    k = len(theta)
    matrix, right = np.empty((k, k)), np.empty(k)
    work = workspace(len(X), len(nodes), max(len(edges), 1), max(k, 1))
    total = normal_equations(nodes, edges, powers, theta, X, y, root, matrix, right, work)
    return total, matrix, right


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 63, 64, 65, 150]))
def test_values_and_normal_equations_are_those_of_the_batch(seed: int, n: int) -> None:
    X, y, weight = measured_rows(seed, n)
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
