"""Laws with rows to infer from, and the problems of NIST with certified answers."""

from __future__ import annotations

import sys
from functools import cache

import numpy as np

from eqdarts.equation.equation import Equation
from eqdarts.inference.uncertainty import Inference, inference
from tests.helpers import load_script
from tests.places import ROOT

NIST = ROOT / "benchmarks" / "nist"

RNG = np.random.default_rng(0)
X = {"x": np.linspace(0.5, 3, 30), "z": RNG.uniform(0.5, 2, 30)}
NOISE = 0.05 * RNG.normal(size=30)


@cache
def line(n: int = 30, seed: int = 0) -> tuple[Equation, dict[str, np.ndarray], np.ndarray]:
    """Return y = a + b x + c z, fitted to rows with errors, and the rows."""
    rng = np.random.default_rng(seed)
    x, z = rng.uniform(0.5, 3, n), rng.uniform(0.5, 2, n)
    y = 2 + 3 * x - z + 0.1 * rng.normal(size=n)
    return Equation.parse("a + b*x + c*z", ["x", "z"]).fit({"x": x, "z": z}, y), {"x": x, "z": z}, y


def found(text: str, y: np.ndarray, columns: dict[str, np.ndarray], **options: object) -> Inference:
    """Return what the rows say about a formula after its fit."""
    return inference(Equation.parse(text, list(columns)).fit(columns, y, **options), columns, y)


problems = load_script(NIST / "problems.py", "problems")
deviations = load_script(NIST / "standard_errors.py", "nist_standard_errors")
del sys.modules["problems"]  # only standard_errors.py had to find it under this name
