"""The 27 nonlinear regression problems of NIST's Statistical Reference Datasets, read from their .dat files.

The models are written out here: the files give them in prose, with mixed brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMULAS", "Problem", "load", "matching_digits"]

FOLDER = Path(__file__).resolve().parents[2] / "datasets" / "nist"
MOST_DIGITS = 11.0  # NIST certifies eleven

_EXPONENTIALS = "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)"
_GAUSSIANS = "b1*exp(-b2*x) + b3*exp(-(x - b4)**2/b5**2) + b6*exp(-(x - b7)**2/b8**2)"
_CUBICS = "(b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3)"

FORMULAS: dict[str, str] = {
    "Bennett5": "b1*(b2 + x)**(-1/b3)",
    "BoxBOD": "b1*(1 - exp(-b2*x))",
    "Chwirut1": "exp(-b1*x)/(b2 + b3*x)",
    "Chwirut2": "exp(-b1*x)/(b2 + b3*x)",
    "DanWood": "b1*x**b2",
    "ENSO": "b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12) + b5*cos(2*pi*x/b4) + b6*sin(2*pi*x/b4)"
    " + b8*cos(2*pi*x/b7) + b9*sin(2*pi*x/b7)",
    "Eckerle4": "(b1/b2)*exp(-0.5*((x - b3)/b2)**2)",
    "Gauss1": _GAUSSIANS,
    "Gauss2": _GAUSSIANS,
    "Gauss3": _GAUSSIANS,
    "Hahn1": _CUBICS,
    "Kirby2": "(b1 + b2*x + b3*x**2)/(1 + b4*x + b5*x**2)",
    "Lanczos1": _EXPONENTIALS,
    "Lanczos2": _EXPONENTIALS,
    "Lanczos3": _EXPONENTIALS,
    "MGH09": "b1*(x**2 + x*b2)/(x**2 + x*b3 + b4)",
    "MGH10": "b1*exp(b2/(x + b3))",
    "MGH17": "b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
    "Misra1a": "b1*(1 - exp(-b2*x))",
    "Misra1b": "b1*(1 - (1 + b2*x/2)**(-2))",
    "Misra1c": "b1*(1 - (1 + 2*b2*x)**(-0.5))",
    "Misra1d": "b1*b2*x*((1 + b2*x)**(-1))",
    "Nelson": "b1 - b2*x1*exp(-b3*x2)",  # of log y
    "Rat42": "b1/(1 + exp(b2 - b3*x))",
    "Rat43": "b1/((1 + exp(b2 - b3*x))**(1/b4))",
    "Roszman1": "b1 - b2*x - arctan(b3/(x - b4))/pi",
    "Thurber": _CUBICS,
}


@dataclass(frozen=True)
class Problem:
    """One problem.

    Parameters
    ----------
    name, formula : str
    columns : dict of str to ndarray of shape (n,)
        The predictors.
    y : ndarray of shape (n,)
        The response; its logarithm for Nelson.
    starts : tuple of two dicts of str to float
        NIST's starting values: far, and near.
    certified : dict of str to float
    sum_of_squares : float
        Certified residual sum of squares.
    """

    name: str
    formula: str
    columns: dict[str, NDArray[np.float64]]
    y: NDArray[np.float64]
    starts: tuple[dict[str, float], dict[str, float]]
    certified: dict[str, float]
    sum_of_squares: float


def load(name: str, folder: Path = FOLDER) -> Problem:
    """Read one problem."""
    lines = (folder / f"{name}.dat").read_text().splitlines()
    text = "\n".join(lines)
    parameters: dict[str, tuple[float, ...]] = {}
    for line in lines[:60]:
        match = re.match(r"\s*(b\d+) =\s*(.+)", line)
        if match:
            parameters[match[1]] = tuple(float(v) for v in match[2].split()[:3])
    first, last = map(int, re.findall(r"Data\s+\(lines (\d+) to (\d+)\)", text)[-1])
    rows = np.array([line.split() for line in lines[first - 1 : last]], dtype=np.float64)
    squares = float(re.findall(r"Residual Sum of Squares:\s+(\S+)", text)[0])
    names = ["x"] if rows.shape[1] == 2 else [f"x{i}" for i in range(1, rows.shape[1])]
    return Problem(
        name,
        FORMULAS[name],
        {column: rows[:, i + 1] for i, column in enumerate(names)},
        np.log(rows[:, 0]) if name == "Nelson" else rows[:, 0],
        ({k: v[0] for k, v in parameters.items()}, {k: v[1] for k, v in parameters.items()}),
        {k: v[2] for k, v in parameters.items()},
        squares,
    )


def matching_digits(found: dict[str, float], certified: dict[str, float]) -> float:
    """Return the smallest number of matching digits over the parameters: -log10 of the relative error, 0 to 11."""
    errors = [abs(found[name] - value) / abs(value) for name, value in certified.items()]
    worst = float(np.max(errors))
    if not np.isfinite(worst):
        return 0.0
    return float(np.clip(-np.log10(max(worst, 1e-300)), 0.0, MOST_DIGITS))
