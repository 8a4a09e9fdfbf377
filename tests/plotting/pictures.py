"""What the tests of pictures draw, and how they look at it."""

from __future__ import annotations

import io
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from eqdarts.equation.equation import Equation
from eqdarts.expression.parse import quoted
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import PRIMITIVES, fixed_power


def drawn(figure: Figure, **more: Any) -> bytes:
    """Return the picture, as PNG unless told otherwise; glyphs that the font lacks are no fault of ours."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(out, **{"format": "png", "dpi": 50} | more)
    return out.getvalue()


def uniform_rows(n: int, names: list[str], seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.uniform(0.5, 5.0, (n, len(names))), columns=names)


def fitted_line() -> tuple[Equation, pd.DataFrame, np.ndarray]:
    """Return y = a + b x, fitted to 30 rows with normal errors of 0.3, and the rows."""
    X = uniform_rows(30, ["x"])
    y = 1 + 2 * X["x"].to_numpy() + 0.3 * np.random.default_rng(1).normal(size=30)
    return Equation.parse("a + b*x", ["x"], target="y").fit(X, y), X, y


def power_law(name: str = "x", target: str | None = "y") -> Equation:
    return Equation.parse(f"2.5*{quoted(name)}**1.5", variables=[name], target=target)


def front_table(**more: object) -> pd.DataFrame:
    """Return a front of three: a loss of zero is among them, and the second is chosen."""
    table = {
        "complexity": [1, 3, 7],
        "loss": [10.0, 0.5, 0.0],
        "equation": ["1", "2*x", "2*x + exp(x)"],
        "latex": ["1", "2 x", r"2 x + e^{x}"],
        "chosen": [False, True, False],
    }
    return pd.DataFrame(table | more)


def two_nodes() -> Graph:
    """Return y = c sqrt(c + w a + w exp(scale b)) a**(3/2)."""
    inner = Node("sum", (Edge(0, PRIMITIVES["linear"]), Edge(1, PRIMITIVES["exp"])), constant=True)
    outer = Node("product", (Edge(2, PRIMITIVES["sqrt"]), Edge(0, fixed_power(Fraction(3, 2)))), constant=True)
    return Graph(2, (inner, outer))
