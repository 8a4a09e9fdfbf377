"""Systems: rates, trajectories and text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from scipy.integrate import solve_ivp

from eqdarts.dynamics.system import System
from eqdarts.errors import EqdartsWarning
from tests.dynamics.systems import PREY, STARTS

OTHERS = (
    PREY,
    {"x": "0.5 - x**2/(x**2 + 1.7) + 0.2*cos(3*y)", "y": "-exp(-y) + 1/(1 + exp(-2*x))"},
    {"x": "y", "y": "-1.2*sin(x) - 0.1*abs(y)*y + sqrt(1.5 + x**2)"},
)


@pytest.mark.parametrize("sides", OTHERS)
def test_simulated_states_are_those_of_scipy_on_the_sympy_expressions(sides: dict[str, str]) -> None:
    system = System.parse(sides)
    symbols = [sympy.Symbol(name, real=True) for name in system.states]
    side = sympy.lambdify(symbols, [equation.expr for equation in system.equations], "numpy")
    t = np.linspace(0, 6, 30)
    path = solve_ivp(lambda _, x: side(*x), (0, 6), STARTS[0], "LSODA", t, rtol=1e-10, atol=1e-12)
    found = system.simulate(STARTS[0], t)
    assert np.abs(found - path.y.T).max() < 1e-8 * np.abs(path.y).max()
    assert np.allclose(system.rates(found), np.array(side(*found.T)).T, rtol=1e-12)


def test_inputs_are_functions_or_values_at_the_times() -> None:
    system = System.parse({"x": "u - x"}, ["u"])
    t = np.linspace(0, 3, 31)
    exact = t - 1 + np.exp(-t)
    assert np.allclose(system.simulate([0.0], t, t)[:, 0], exact, atol=1e-7)
    assert np.allclose(system.simulate({"x": 0.0}, t, lambda now: now)[:, 0], exact, atol=1e-7)
    with pytest.raises(ValueError, match="need their inputs"):
        system.simulate([0.0], t)
    with pytest.raises(ValueError, match="need their inputs"):
        system.rates([[0.0]])


def test_what_cannot_be_integrated_is_said() -> None:
    with pytest.warns(EqdartsWarning, match="up to t = 0.5 only"):
        found = System.parse({"x": "x*x"}).simulate([1.0], [0.0, 0.5, 2.0])
    assert np.isfinite(found[:, 0]).tolist() == [True, True, False]


def test_starts_and_times_are_checked() -> None:
    system = System.parse(PREY)
    with pytest.raises(ValueError, match="one number for each state"):
        system.simulate([1.0], [0, 1])
    with pytest.raises(ValueError, match="The times must increase"):
        system.simulate([1.0, 1.0], [0, 0])
    with pytest.raises(ValueError, match="a value for each state"):
        system.simulate({"S": 1.0}, [0, 1])


def test_the_text_in_two_languages() -> None:
    system = System.parse(PREY, time="day")
    assert system.format() == "dS/dt = -0.4*I*S\ndI/dt = 0.4*I*S - 0.3*I"
    assert system.latex().startswith("\\begin{aligned}\n\\frac{d S}{d \\mathrm{day}} &= -0.4 I S \\\\\n")


def test_a_system_of_second_order_is_integrated_with_its_velocities() -> None:
    system = System.parse({"x": "-4.0*x", "y": "-0.5*y_dot"}, order=2)
    t = np.linspace(0, 3, 20)
    found = system.simulate({"x": 1.0, "y": 0.0, "x_dot": 0.0, "y_dot": 1.0}, t)
    exact = [np.cos(2 * t), 2 - 2 * np.exp(-t / 2), -2 * np.sin(2 * t), np.exp(-t / 2)]
    assert np.abs(found - np.transpose(exact)).max() < 1e-8
    assert np.allclose(system.rates(found), np.transpose([-4 * exact[0], -0.5 * exact[3]]))
    assert system.latex().startswith("\\begin{aligned}\n\\frac{d^2 x}{d t^2} &= -4 x")
    state = torch.from_numpy(found)
    assert torch.allclose(system.to_torch()(0.0, state)[:, 2:], torch.from_numpy(system.rates(found)))
    assert torch.equal(system.to_torch()(0.0, state)[:, :2], state[:, 2:])
    assert "dx[1] = x[3];\n    dx[2] = rates_x(" in system.to_c_source()
    with pytest.raises(ValueError, match="a column each"):
        system.rates([[1.0, 2.0]])


@pytest.mark.skipif(shutil.which("cc") is None or sys.platform == "win32", reason="needs a C compiler")
def test_c_source_computes_the_rates(tmp_path: Path) -> None:
    system = System.parse({"x": "u - x**2/(1 + y)", "y": "sin(x) - 0.1*t"}, ["u"])
    calls = "int main(void) { double x[2] = {1.5, 0.3}, u[1] = {0.7}, d[2]; rates(2.0, x, u, d);"
    text = system.to_c_source() + f'#include <stdio.h>\n{calls} printf("%.17g %.17g", d[0], d[1]); return 0; }}\n'
    (tmp_path / "a.c").write_text(text)
    subprocess.run(["cc", "-std=c99", "-Wall", "-Werror", "-o", "a", "a.c", "-lm"], cwd=tmp_path, check=True)
    out = subprocess.run([str(tmp_path / "a")], capture_output=True, text=True, check=True).stdout
    assert np.allclose([float(part) for part in out.split()], system.rates([[1.5, 0.3]], [[0.7]], 2.0)[0], rtol=1e-14)
