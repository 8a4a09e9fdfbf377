"""Trajectories of seven two-state systems from Strogatz's textbook, as in the ODE-Strogatz set of La Cava et al. 2016.

The published set has 100 states at steps of 0.1 from each of four starting points, and the exact derivatives as
targets. The starting points here were drawn once from the distributions of that set, rounded, and fixed. Those of
Lotka-Volterra are the published ones.
"""

from __future__ import annotations

import functools

import numpy as np

from eqdarts._typing import Array, Expr

__all__ = ["DURATION", "STARTS", "trajectories"]


DURATION = 9.9
STARTS = {
    "Bacterial-respiration": ((5.14, 9.87), (5.72, 10.11), (4.40, 10.37), (6.46, 10.96)),
    "Bar-magnets": ((3.42, 5.88), (5.13, 0.02), (5.39, 0.21), (4.58, 1.10)),
    "Glider": ((4.39, -0.32), (5.46, 1.05), (4.86, 1.38), (4.25, 0.36)),
    "Lotka-Volterra": ((1.0, 3.0), (4.0, 1.0), (8.0, 2.0), (3.0, 3.0)),
    "Predator-prey": ((6.01, 10.10), (4.17, 9.07), (4.49, 10.22), (3.87, 9.79)),
    "Shear-flow": ((-2.29, 0.70), (0.16, -0.60), (-0.09, 1.22), (2.73, -0.45)),
    "van-der-Pol": ((0.57, 0.32), (0.59, 0.34), (0.39, 0.89), (0.23, 0.62)),
}


@functools.lru_cache(maxsize=32)
def trajectories(system: str, sides: tuple[Expr, Expr], n_rows: int) -> Array:
    """Return states (n_rows, 2) of a system.

    Parameters
    ----------
    system : str
        A key of `STARTS`.
    sides : tuple of two sympy expressions
        The derivatives of x and of y.
    n_rows : int
        Shared among the four trajectories, at equal times from 0 to 9.9.
    """
    from scipy.integrate import solve_ivp

    from eqdarts.expression.program import evaluate

    def derivative(_: float, state: Array) -> list[float]:
        columns = {"x": state[:1], "y": state[1:]}
        return [float(evaluate(side, columns, 1)[0]) for side in sides]

    shares = [len(part) for part in np.array_split(np.arange(n_rows), len(STARTS[system]))]
    parts = []
    for start, share in zip(STARTS[system], shares, strict=True):
        if share:
            times = np.linspace(0.0, DURATION, share)
            path = solve_ivp(derivative, (0.0, DURATION), start, method="LSODA", t_eval=times, rtol=1e-9, atol=1e-10)
            parts.append(path.y.T)
    states = np.concatenate(parts)
    states.flags.writeable = False  # the cache returns the same array again
    return states
