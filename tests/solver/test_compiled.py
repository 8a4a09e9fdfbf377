"""What is compiled, and what is left to tensors."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.own import make_primitive
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.solver.compiled import can_compile
from eqdarts.solver.refit import refit
from tests.solver.laws import measured_rows


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
    X, y, _ = measured_rows(1, 30)
    constant = Graph(2, (Node("sum", (), constant=True),))
    bare = Graph(2, (Node("product", (Edge(0, PRIMITIVES["linear"]),)),))
    fits = refit([constant, bare], [(0.0,), ()], X, y)
    assert fits[0].coefficients == pytest.approx((float(y.mean()),))
    assert fits[1].loss == pytest.approx(float(((y - X[:, 0]) ** 2).mean()))


@pytest.mark.slow
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
