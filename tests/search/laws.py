"""Laws as tensors with their gradients, and trials of a table, that the tests of the search use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from eqdarts.data import Data
from eqdarts.search.budget import Budget
from eqdarts.search.evaluator import Trials
from eqdarts.search.problem import Problem, training_problem
from eqdarts.search.structure import Reduction
from tests import helpers
from tests.helpers import Array

rows = partial(helpers.rows, low=0.4, high=2.5)


Law = Callable[..., torch.Tensor]


Chain = tuple[Reduction, ...]


def value_and_gradient(law: Law, X: Array) -> tuple[Array, Array]:
    """Return f (N,) and df/dx (D, N)."""
    columns = [torch.tensor(x, requires_grad=True) for x in X.T.copy()]
    f = law(*columns)
    f.sum().backward()
    gradient = [np.zeros(len(X)) if c.grad is None else c.grad.numpy() for c in columns]
    return f.detach().numpy(), np.stack(gradient)


def through(chain: Chain, X: Array) -> tuple[Array, Array]:
    """Return the last new inputs (N, D') and the product of the prefactors (N,)."""
    factor = np.ones(len(X))
    for step in chain:
        factor, X = factor * step.prefactor(X), np.stack([g(X) for g in step.groups], axis=1)
    return X, factor


def contradiction(law: Law, chain: Chain, X: Array) -> float:
    """Return by how much, in the relative gradient, f / prefactor changes where the new inputs do not."""
    h, d = 1e-6, X.shape[1]
    f, G = value_and_gradient(law, X)
    by_input, of_factor = [], []
    for i in range(d):
        step = h * np.eye(d)[i]
        (up, factor_up), (down, factor_down) = through(chain, X + step), through(chain, X - step)
        by_input.append((up - down) / (2 * h))
        of_factor.append((np.log(np.abs(factor_up)) - np.log(np.abs(factor_down))) / (2 * h))
    jacobian, log_gradient = np.stack(by_input, axis=2), (G / f - np.stack(of_factor)).T  # (N, D', D), (N, D)
    worst = 0.0
    for J, g, size in zip(jacobian, log_gradient, np.linalg.norm(G / f, axis=0), strict=True):
        solution = np.linalg.lstsq(J.T, g, rcond=1e-9)[0]
        worst = max(worst, float(np.linalg.norm(g - J.T @ solution) / size))
    return worst


def make_trials(data: Data, max_complexity: int = 30, max_refits: int = 100) -> Trials:
    problem: Problem = training_problem(data, 150, np.random.default_rng(0))
    return Trials(problem, Budget(None, max_refits), max_complexity)
