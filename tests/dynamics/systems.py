"""Systems with known laws, and their trajectories."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.trajectories import Trajectories, read_trajectories
from eqdarts.equation.equation import Equation

PREY = {"S": "-0.4*S*I", "I": "0.4*S*I - 0.3*I"}
STARTS = ((7.2, 0.98), (4.0, 0.5))


def epidemic(t: float, x: np.ndarray) -> list[float]:
    """Return the rates of susceptible and infected people."""
    return [-0.4 * x[0] * x[1], 0.4 * x[0] * x[1] - 0.3 * x[1]]


def runs(noise: float = 0.0, n: int = 40) -> pd.DataFrame:
    """Return two runs of an epidemic as a long table."""
    rng = np.random.default_rng(0)
    parts = []
    for k, start in enumerate(STARTS):
        t = np.linspace(0, 8 + k, n - 5 * k)
        x = solve_ivp(epidemic, (0, t[-1]), start, "LSODA", t, rtol=1e-10, atol=1e-12).y.T
        x = x + noise * x.std(axis=0) * rng.standard_normal(x.shape)
        parts.append(pd.DataFrame({"run": f"r{k}", "time": t, "S": x[:, 0], "I": x[:, 1]}))
    return pd.concat(parts, ignore_index=True)


def data(noise: float = 0.0, n: int = 40) -> Trajectories:
    """Return the same as trajectories."""
    return read_trajectories(runs(noise, n), "time", "run")


def problem(noise: float = 0.0, n: int = 40) -> Problem:
    """Return the problem of these runs."""
    found = data(noise, n)
    return Problem(found, smooth_states(found))


def law(text: str, structure: float = 10.0) -> Law:
    """Return a law in S, I and time."""
    return Law(Equation.parse(text, ("S", "I", "time")), structure)
