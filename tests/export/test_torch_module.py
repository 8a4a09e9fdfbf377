"""Equations as torch modules: the values of `predict`, right gradients, coefficients that can be trained."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eqdarts.equation.equation import Equation
from eqdarts.export import to_torch

Array = NDArray[np.float64]

pytestmark = pytest.mark.filterwarnings("ignore:The equation is undefined")


@pytest.mark.slow
def test_torch_gives_what_predict_gives(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases:
        values = to_torch(equation)(torch.tensor(X)).detach().numpy()
        np.testing.assert_allclose(values, equation.predict(X), rtol=1e-12, err_msg=str(equation))


def _steep(module: torch.nn.Module, row: torch.Tensor) -> bool:
    """Whether the equation leaves the real line, or has a pole or a kink, near a row."""
    with torch.no_grad():
        near = module(row + 1e-3 * torch.linspace(-1, 1, 5, dtype=row.dtype)[:, None])
        return not bool(near.abs().max() < 1e3 and near.diff().diff().abs().max() < 1e-2)


@pytest.mark.slow
def test_torch_gradients_are_those_of_differences(cases: list[tuple[Equation, Array]]) -> None:
    checked = 0
    for equation, X in cases[::4]:
        module = to_torch(equation)
        rows = [row for row in torch.tensor(X + 0.013) if not _steep(module, row)][:1]

        def at(theta: torch.Tensor, x: torch.Tensor, module: torch.nn.Module = module) -> torch.Tensor:
            return torch.func.functional_call(module, {"coefficients": theta}, (x,))

        for row in rows:
            theta = module.coefficients.detach().clone().requires_grad_()
            assert torch.autograd.gradcheck(at, (theta, row.requires_grad_()), rtol=1e-4), equation
            checked += 1
    assert checked > 40


def test_rows_past_the_edge_of_a_domain_add_no_nan_to_a_gradient(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases:
        module = to_torch(equation)
        inputs = torch.tensor(X, requires_grad=True)
        values = module(inputs)
        total = torch.where(values.isfinite(), values, 0.0).sum()
        if not total.requires_grad:
            continue  # a constant
        total.backward()
        for gradient in (inputs.grad, module.coefficients.grad):
            assert gradient is None or not gradient.isnan().any(), equation


@pytest.mark.slow
def test_training_finds_the_coefficients_that_made_the_data() -> None:
    x = np.linspace(0.1, 4, 40)
    true = Equation.parse("3.0*x/(0.5 + x)", ["x"])
    module = to_torch(Equation.parse("2.0*x/(1.0 + x)", ["x"]))
    X, y = torch.tensor(x[:, None]), torch.tensor(true.predict({"x": x}))
    optimiser = torch.optim.LBFGS(module.parameters(), max_iter=200, tolerance_change=0, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        total = (module(X) - y).square().mean()
        total.backward()
        return total

    optimiser.step(loss)
    found = module.to_equation()
    assert sorted(found.coefficients.values()) == pytest.approx([0.5, 3.0], rel=1e-4)
    np.testing.assert_allclose(found.predict({"x": x}), module(X).detach().numpy(), rtol=1e-12)


def test_the_parameters_of_a_typed_formula_keep_their_names() -> None:
    x = np.linspace(1, 5, 20)
    law = Equation.parse("Vm*x/(K + x)", target="rate").fit({"x": x}, 3 * x / (0.5 + x))
    module = to_torch(law)
    assert set(module.names) == {"Vm", "K"}
    back = module.to_equation()
    assert back == law
    assert (back.target, back.fit_result_) == ("rate", None)


def test_named_constants_are_not_trained() -> None:
    law = Equation.parse("g*t**2/2 + v*t", ["t"], "h", constants={"g": 9.80665}).fit({"t": [1.0, 2.0]}, [7.0, 24.0])
    module = to_torch(law)
    assert module.names == ("v",)
    t = np.array([[0.5], [3.0]])
    np.testing.assert_allclose(module(torch.tensor(t)).detach().numpy(), law.predict(t), rtol=1e-14)
    assert module.to_equation() == law


def test_a_module_is_an_ordinary_one() -> None:
    equation = Equation.parse("2.5*exp(-0.5*x) + y", ["x", "y"], target="z")
    module = to_torch(equation)
    X = torch.rand(3, 4, 2, dtype=torch.float64)
    assert module(X).shape == (3, 4)
    assert str(equation.format()) in repr(module)
    other = to_torch(Equation.parse("1.5*exp(-0.1*x) + y", ["x", "y"]))
    other.load_state_dict(module.state_dict())
    for same in (other, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(same(X), module(X))
    single = copy.deepcopy(module).to(torch.float32)(X.float())
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), module(X), rtol=1e-5)
    with pytest.raises(ValueError, match=r"X must be of shape \(\.\.\., 2\)"):
        module(X[..., :1])
    with torch.no_grad():
        module.coefficients[0] = np.nan
    with pytest.raises(ValueError, match="Coefficients must be finite"):
        module.to_equation()
