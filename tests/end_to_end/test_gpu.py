"""On a GPU, where there is one: training of supernets, refits of a batch, and the torch module agree with the CPU's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import train_supernet
from eqdarts.solver.refit import refit
from tests.solver.laws import exponential, rows

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")


def decay(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).uniform(0.5, 3.0, (n, 2))
    return X, 2.5 * np.exp(-1.2 * X[:, 0]) + 0.4 * X[:, 1]


@pytest.mark.parametrize("order", ["first", "second", "implicit"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_relaxed_search_fits_a_law_on_the_gpu(order: str, dtype: str) -> None:
    X, y = decay()
    relaxed = {"device": "cuda", "order": order, "dtype": dtype, "n_steps": 20, "n_hidden": (1,)}
    model = DARTSRegressor(search="relaxed", relaxed=relaxed, random_state=0, time_limit=None, max_refits=300)
    assert model.fit(X, y).score(X, y) > 0.999


def test_training_gives_the_graphs_of_the_cpu() -> None:
    found = []
    for device in ("cpu", "cuda"):
        data = prepare(*decay(), None, 0.25, np.random.default_rng(0))
        options = RelaxedOptions(device=device, n_steps=20, dtype="float64")
        rng = np.random.default_rng(0)
        found.append(train_supernet(data, resolve("minimal"), n_hidden=1, n_restarts=4, rng=rng, options=options))
    for one, other in zip(*(result.proposals for result in found), strict=True):
        assert one[0] == other[0]
        np.testing.assert_allclose(one[1], other[1], rtol=0, atol=5e-3)  # Adam makes much of rounding


def test_refits_of_a_batch_agree_with_the_cpu() -> None:
    X = rows()
    y = 2.5 * torch.exp(-1.7 * X[:, 0]) + 0.4
    graph, start = exponential(-0.3, 1.0)
    (here,) = refit([graph], [start], X, y)
    (there,) = refit([graph], [start], X.cuda(), y.cuda(), restarts=8)
    assert there.coefficients == pytest.approx(here.coefficients, rel=1e-8)


def test_the_torch_module_gives_the_values_and_slopes_of_the_cpu() -> None:
    equation = Equation.parse("2.5*exp(-1.2*x0) + 0.4*x1 + sqrt(x0)")
    X = torch.as_tensor(decay()[0])
    here, there = equation.to_torch(), equation.to_torch().cuda()
    one, other = here(X), there(X.cuda())
    one.sum().backward()
    other.sum().backward()
    torch.testing.assert_close(other.cpu(), one)
    torch.testing.assert_close(there.coefficients.grad.cpu(), here.coefficients.grad)
