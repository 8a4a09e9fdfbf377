"""Systems as torch modules."""

from __future__ import annotations

import pytest
import torch

from eqdarts.dynamics.system import System


def test_the_module_computes_the_rates_and_has_gradients() -> None:
    system = System.parse({"x": "u - x**2/(1 + y)", "y": "sin(x) - 0.1*t"}, ["u"])
    module = system.to_torch()
    x, u = torch.tensor([[1.5, 0.3], [0.2, 0.1]], dtype=torch.float64), torch.tensor([[0.7], [0.1]])
    found = module(2.0, x, u)
    assert torch.allclose(found, torch.from_numpy(system.rates(x.numpy(), u.numpy(), 2.0)))
    found.sum().backward()
    assert module.sides[1].coefficients.grad is not None
    with pytest.raises(ValueError, match="need their inputs"):
        module(2.0, x)
