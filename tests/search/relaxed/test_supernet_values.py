"""Values of hidden nodes and output weights, against the formula and at the ends of domains."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.primitives.own import make_primitive
from eqdarts.primitives.table import PRIMITIVES, Primitive, resolve
from eqdarts.search.relaxed.supernet import (
    LIMIT,
    Supernet,
    initial_parameters,
)
from eqdarts.search.relaxed.supernet_values import Rows, hidden_values, output_weights, place_rows, predictions

ROWS = [p for p in PRIMITIVES.values() if p.name != "none"]


def _parts(
    n_inputs: int, n_hidden: int, n_restarts: int, n_rows: int, names: str | list[str] = "default", seed: int = 0
) -> tuple[Supernet, np.ndarray, torch.Tensor, torch.Tensor, Rows]:
    rng = np.random.default_rng(seed)
    net = Supernet(n_inputs, n_hidden, resolve(names))
    X = rng.uniform(0.2, 3.0, (n_rows, n_inputs))
    w, alpha = initial_parameters(net, n_restarts, rng)
    return net, X, w, alpha, place_rows(net, X, torch.float64, "cpu")


def _by_the_formula(
    net: Supernet, w: torch.Tensor, alpha: torch.Tensor, X: np.ndarray, temperature: float
) -> np.ndarray:
    """Evaluate one restart (w (1, K), alpha (1, A)) edge by edge and primitive by primitive, as written."""
    x = torch.as_tensor(X.T)
    sources = list(x)
    chosen = torch.softmax(net.edge_logits(alpha)[0] / temperature, dim=-1)
    product = torch.sigmoid(net.node_logits(alpha)[0] / temperature)
    for j in range(net.n_hidden):
        total, factor = net.constants(w)[0, j], torch.ones(len(X), dtype=x.dtype)
        for e, (source, node) in enumerate(net.edges):
            if node != j:
                continue
            mixture, term = chosen[e, 0], torch.zeros(len(X), dtype=x.dtype)
            for m, primitive in enumerate(net.primitives):
                own = net.coefficients(w, m)[0, e] if primitive.n_coefficients else ()
                u = primitive.inner_value(sources[source], list(own))
                value = primitive.value(primitive.domain.clamp(u), *own[len(primitive.inner) :])
                term = term + chosen[e, m + 1] * net.weights(w)[0, e, m] * value
                mixture = mixture + chosen[e, m + 1] * value
            total, factor = total + term, factor * mixture
        sources.append((1 - product[j]) * total + product[j] * factor)
    return torch.stack(sources[net.n_inputs :]).numpy()


@pytest.mark.parametrize("names", ["default", ["linear", "square"], ["exp"]])
@pytest.mark.parametrize(("n_inputs", "n_hidden", "n_restarts"), [(1, 1, 1), (2, 1, 3), (1, 4, 2), (5, 3, 4)])
def test_shapes(names: str | list[str], n_inputs: int, n_hidden: int, n_restarts: int) -> None:
    net, _, w, alpha, rows = _parts(n_inputs, n_hidden, n_restarts, 7, names)
    assert w.shape == (n_restarts, net.n_coefficients)
    assert alpha.shape == (n_restarts, net.n_alpha)
    assert len(net.edges) == n_inputs * n_hidden + n_hidden * (n_hidden - 1) // 2
    assert len(set(net.edges)) == len(net.edges)
    assert all(source < net.n_inputs + node for source, node in net.edges)
    z = hidden_values(net, w, alpha, rows)
    assert z.shape == (n_restarts, n_hidden, 7)
    y = torch.ones(7, dtype=torch.float64)
    c = output_weights(z, y, y)
    assert c.shape == (n_restarts, n_hidden + 1)
    assert predictions(z, c).shape == (n_restarts, 7)


def test_only_adjustable_primitives() -> None:
    alone = Supernet(2, 2, (PRIMITIVES["exp"], PRIMITIVES["tanh"]))
    w, alpha = initial_parameters(alone, 3, np.random.default_rng(0))
    rows = place_rows(alone, np.ones((5, 2)), torch.float64, "cpu")
    assert bool(torch.isfinite(hidden_values(alone, w, alpha, rows)).all())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 1.0]))
def test_values_are_the_formula(n_inputs: int, n_hidden: int, seed: int, temperature: float) -> None:
    names = ["linear", "square", "sin", "logistic", "arctan"]  # tame ones: no clamp may hide a difference
    net, X, w, alpha, rows = _parts(n_inputs, n_hidden, 3, 6, names, seed)
    z = hidden_values(net, w, alpha, rows, temperature).numpy()
    for r in range(3):
        expected = _by_the_formula(net, w[r : r + 1], alpha[r : r + 1], X, temperature)
        inside = np.abs(expected) < 50
        np.testing.assert_allclose(z[r][inside], expected[inside], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("primitive", ROWS, ids=lambda p: p.name)
def test_values_and_gradients_are_finite_at_and_past_the_domain(primitive: Primitive, dtype: torch.dtype) -> None:
    net = Supernet(2, 3, (PRIMITIVES["linear"], primitive))
    edge = [-1e6, -1e4, -30.0, -1.0 - 1e-12, -1.0, -1e-3, -1e-300, 0.0, 1e-300, 1e-12, 1e-3, 1.0, 30.0, 1e4, 1e6]
    X = np.array([(a, b) for a in edge for b in edge])
    rows = place_rows(net, X, dtype, "cpu")
    rng = np.random.default_rng(0)
    w, alpha = initial_parameters(net, 8, rng)
    # half of the restarts start at the far corners of what the coefficients may become
    w[4:] = torch.as_tensor(net.bounds * rng.choice([-1.0, 1.0], size=(4, net.n_coefficients)))
    w, alpha = w.to(dtype).requires_grad_(True), (5 * alpha).to(dtype).requires_grad_(True)
    z = hidden_values(net, w, alpha, rows)
    assert bool(torch.isfinite(z).all())
    assert float(z.detach().abs().max()) <= LIMIT
    y = torch.linspace(-1, 1, len(X), dtype=dtype)
    loss = (predictions(z, output_weights(z, y, torch.ones_like(y))) - y).square().mean(dim=1)
    assert bool(torch.isfinite(loss).all())
    for gradient in torch.autograd.grad(loss.sum(), (w, alpha)):
        assert bool(torch.isfinite(gradient).all())


@pytest.mark.slow
def test_gradients_against_differences() -> None:
    net, _, w, alpha, rows = _parts(2, 2, 3, 4)
    assert torch.autograd.gradcheck(lambda p: hidden_values(net, p, alpha, rows, 0.5), (w.requires_grad_(True),))
    w = w.detach()
    assert torch.autograd.gradcheck(lambda p: hidden_values(net, w, p, rows, 0.5), (alpha.requires_grad_(True),))


def test_restarts_do_not_depend_on_each_other() -> None:
    net, _, w, alpha, rows = _parts(2, 3, 6, 11)
    y = torch.linspace(0, 1, 11, dtype=torch.float64)

    def gradients(w: torch.Tensor, alpha: torch.Tensor) -> tuple[torch.Tensor, ...]:
        w, alpha = w.clone().requires_grad_(True), alpha.clone().requires_grad_(True)
        z = hidden_values(net, w, alpha, rows)
        loss = (predictions(z, output_weights(z, y, torch.ones_like(y))) - y).square().mean(dim=1)
        return loss.detach(), *torch.autograd.grad(loss.sum(), (w, alpha))

    together = gradients(w, alpha)
    for r in range(6):
        for whole, alone in zip(together, gradients(w[r : r + 1], alpha[r : r + 1]), strict=True):
            torch.testing.assert_close(whole[r : r + 1], alone, rtol=1e-8, atol=1e-10)
    broken = w.clone()
    broken[2] = math.nan
    for whole, beside in zip(together, gradients(broken, alpha), strict=True):
        keep = [0, 1, 3, 4, 5]
        torch.testing.assert_close(whole[keep], beside[keep], rtol=1e-8, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(8, 40), st.integers(0, 2**32 - 1))
def test_output_weights_satisfy_the_normal_equations(n_hidden: int, n_rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = torch.as_tensor(rng.normal(size=(3, n_hidden, n_rows)) * 10 ** rng.uniform(-3, 3, (3, n_hidden, 1)))
    y, weight = torch.as_tensor(rng.normal(size=n_rows)), torch.as_tensor(rng.uniform(0, 2, n_rows))
    c = output_weights(z, y, weight)
    columns = torch.cat((z, torch.ones(3, 1, n_rows, dtype=z.dtype)), dim=1)
    residual = y - predictions(z, c)
    projection = (columns * (weight * residual)[:, None]).sum(dim=2)
    size = (columns.square() * weight).sum(dim=2).sqrt() * (weight * y.square()).sum().sqrt()
    assert float((projection / size).abs().max()) < 1e-5


def test_output_weights_ignore_units_and_survive_equal_or_constant_nodes() -> None:
    rng = np.random.default_rng(0)
    z = torch.as_tensor(rng.normal(size=(1, 2, 30)))
    y, one = 2 * z[0, 0] + 1, torch.ones(30, dtype=torch.float64)
    c = output_weights(z, y, one)
    torch.testing.assert_close(c[0], torch.tensor([2.0, 0.0, 1.0], dtype=torch.float64), rtol=1e-6, atol=1e-6)
    scaled = output_weights(z * 1e3, y, 7 * one)
    torch.testing.assert_close(scaled[:, :2] * 1e3, c[:, :2], rtol=1e-9, atol=1e-9)
    twice = torch.stack((z[:, 0], z[:, 0]), dim=1)
    constant = torch.full_like(z, 3.0)
    zero = torch.zeros_like(z)
    for degenerate, spread in (
        (twice, 0.0),
        (constant, float(y.var(correction=0))),
        (zero, float(y.var(correction=0))),
    ):
        c = output_weights(degenerate, y, one)
        assert bool(torch.isfinite(c).all())
        assert float((predictions(degenerate, c) - y).square().mean()) == pytest.approx(spread, abs=1e-6)


def test_a_primitive_of_the_users_own() -> None:
    import sympy

    bump = make_primitive(
        "bump", lambda x, a: torch.exp(-a * x**2), lambda x, a: sympy.exp(-a * x**2), n_coefficients=1
    )
    net = Supernet(1, 2, (PRIMITIVES["linear"], bump))
    w, alpha = initial_parameters(net, 2, np.random.default_rng(0))
    rows = place_rows(net, np.linspace(-2, 2, 5)[:, None], torch.float64, "cpu")
    w.requires_grad_(True)
    (gradient,) = torch.autograd.grad(hidden_values(net, w, alpha, rows).sum(), w)
    assert bool(torch.isfinite(gradient).all())
    assert float(net.coefficients(gradient, 1).abs().max()) > 0
