"""Forms with unknown functions, the laws behind them, and simulated rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

N_ROWS = 200
Rows = pd.DataFrame
Values = pd.Series


@dataclass(frozen=True)
class Simulated:
    """A form and its law.

    Parameters
    ----------
    form : str
    ends : dict of str to (float, float)
        Of the columns.
    law : callable
    outside : dict of str to float
        Coefficients of the form that the rows determine, at their true values.
    inner : dict of str to (callable, callable)
        For each unknown function: its arguments, as a table, and its values.
    formulas : dict of str to str
        The form of each unknown function, in the names of its arguments, with any coefficients.
    """

    form: str
    ends: dict[str, tuple[float, float]]
    law: Callable[[Rows], Values]
    outside: dict[str, float] = field(default_factory=dict)
    inner: dict[str, tuple[Callable[[Rows], Rows], Callable[[Rows], Values]]] = field(default_factory=dict)
    formulas: dict[str, str] = field(default_factory=dict)

    def rows(self, rng: np.random.Generator) -> Rows:
        """Return a table of inputs."""
        return pd.DataFrame({name: rng.uniform(*both, N_ROWS) for name, both in self.ends.items()})


def noisy(values: Values, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return values with errors of a share of their spread."""
    f = values.to_numpy()
    return f + noise * f.std() * rng.normal(size=len(f))


def _saturating(d: Rows) -> Values:
    return 3 * d.conc / (1.2 + d.conc)


FORMS = (
    Simulated(
        "f(conc)*exp(-k*time)",
        {"conc": (0.1, 5), "time": (0, 4)},
        lambda d: _saturating(d) * np.exp(-0.6 * d.time),
        {"k": 0.6},
        {"f": (lambda d: d[["conc"]], _saturating)},
        {"f": "2.0*conc/(1.5 + conc)"},
    ),
    Simulated(
        "a + f(x)*g(y)",
        {"x": (0.5, 3), "y": (0.5, 3)},
        lambda d: 1.5 + d.x**2 * np.sin(d.y),
        {"a": 1.5},
        {"f": (lambda d: d[["x"]], lambda d: d.x**2), "g": (lambda d: d[["y"]], lambda d: np.sin(d.y))},
        {"f": "1.1*x**2", "g": "0.9*sin(y)"},
    ),
    Simulated(
        "V*f(S/K)",
        {"S": (0.1, 8)},
        lambda d: 3 * d.S / (2 + d.S),
        {},
        {"f": (lambda d: d[["S"]], lambda d: d.S / (2 + d.S))},
        {"f": "1.2*S/(1.5 + S)"},
    ),
    Simulated(
        "f(x1 - x2)/(r**2 + e**2)",
        {"x1": (0, 3), "x2": (0, 3), "r": (0.5, 3)},
        lambda d: (2 + np.tanh(d.x1 - d.x2)) / (d.r**2 + 0.49),
        {"e": 0.7},
        {"f": (lambda d: (d.x1 - d.x2).to_frame("u"), lambda d: 2 + np.tanh(d.x1 - d.x2))},
        {"f": "1.5 + 1.2*tanh(u1)"},
    ),
    Simulated(
        "log(f(x)) + b*t",
        {"x": (0.5, 3), "t": (0, 4)},
        lambda d: np.log(1 + d.x**2) + 0.4 * d.t,
        {"b": 0.4},
        {"f": (lambda d: d[["x"]], lambda d: 1 + d.x**2)},
        {"f": "1.2 + 0.9*x**2"},
    ),
)
MORE = (
    Simulated(
        "f(x - v*t)",
        {"x": (-2, 3), "t": (0, 3)},
        lambda d: 2 / (1 + (d.x - 0.7 * d.t) ** 2),
        {"v": 0.7},
    ),
    Simulated("f(x) - f(y)", {"x": (0.5, 3), "y": (0.5, 3)}, lambda d: np.log(1 + d.x**2) - np.log(1 + d.y**2)),
    Simulated(
        "f(g(x, y), z)",
        {"x": (0.2, 2), "y": (0.2, 2), "z": (0.5, 3)},
        lambda d: d.z * np.exp(-(d.x**2) - d.y),
    ),
)
