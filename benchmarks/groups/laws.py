"""Eight made-up laws of 10 groups with 20 rows, of which some constants differ between groups, and their judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eqdarts.equation.equation import Equation
from eqdarts.expression.build import rebuild, symbol
from eqdarts.solver.grouped import GroupedProblem

N_GROUPS, N_ROWS = 10, 20
SAME = 1e-4  # root mean square residual without noise, as a share of the spread of y, of a form that is the law's


@dataclass(frozen=True)
class GroupLaw:
    """A law: its value, the ranges of its inputs, its shared constants, and the ranges of its own ones."""

    name: str
    value: Callable[..., np.ndarray]
    inputs: dict[str, tuple[float, float]]
    shared: dict[str, float]
    own: dict[str, tuple[float, float]]

    def draw(self, rng: np.random.Generator, n_rows: int = N_ROWS, n_groups: int = N_GROUPS) -> dict[str, np.ndarray]:
        """Return the own constants of the groups."""
        return {name: rng.uniform(*ends, n_groups) for name, ends in self.own.items()}

    def rows(
        self, own: dict[str, np.ndarray], rng: np.random.Generator, n_rows: int = N_ROWS
    ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Return inputs, values without noise, and the group of each row."""
        n_groups = len(next(iter(own.values())))
        place = np.repeat(np.arange(n_groups), n_rows)
        inputs = {name: rng.uniform(*ends, len(place)) for name, ends in self.inputs.items()}
        values = self.value(**inputs, **self.shared, **{name: numbers[place] for name, numbers in own.items()})
        return inputs, values, place


LAWS = (
    GroupLaw("logistic growth", lambda t, a, b, r: a / (1 + b * np.exp(-r * t)), {"t": (0, 10)}, {"b": 8.0, "r": 0.7},
             {"a": (2, 6)}),
    GroupLaw("decay to a common floor", lambda t, a, k, c: a * np.exp(-k * t) + c, {"t": (0, 8)}, {"k": 0.6, "c": 0.8},
             {"a": (1, 4)}),
    GroupLaw("saturation", lambda s, v, m: v * s / (m + s), {"s": (0.1, 10)}, {"m": 1.7}, {"v": (1, 5)}),
    GroupLaw("cooling, each at its rate", lambda t, a, k, c: a * np.exp(-k * t) + c, {"t": (0, 8)},
             {"a": 3.0, "c": 1.2}, {"k": (0.2, 1.2)}),
    GroupLaw("power", lambda x, a, p: a * x**p, {"x": (0.5, 6)}, {"p": 1.63}, {"a": (0.5, 3)}),
    GroupLaw("product of two inputs", lambda x, z, a, b: a * x * np.exp(-b * z), {"x": (1, 5), "z": (0, 3)},
             {"b": 0.7}, {"a": (1, 4)}),
    GroupLaw("throw from a height", lambda t, v, h, g: h + v * t - g / 2 * t**2, {"t": (0, 3)}, {"g": 9.8},
             {"v": (4, 12), "h": (1, 6)}),
    GroupLaw("ringing", lambda t, a, k, w: a * np.exp(-k * t) * np.sin(w * t), {"t": (0, 6)}, {"k": 0.35, "w": 2.3},
             {"a": (1, 4)}),
)  # fmt: skip


def is_found(law: GroupLaw, equation: Equation, own: dict[str, np.ndarray]) -> bool:
    """Whether an equation has the law's form, with as many constants shared and own as the law.

    The constants are fitted again to new rows without noise: the law's form then has no residuals.
    """
    names = () if equation.groups is None else equation.groups.names
    shared = equation.coefficients
    if len(names) != len(law.own) or len(shared) > len(law.shared):
        return False
    inputs, values, place = law.rows(own, np.random.default_rng(1), 60)
    columns = {name: inputs[name] for name in inputs}
    formula = rebuild(equation.template, {symbol(name): symbol(name) for name in names})
    problem = GroupedProblem(formula, (*names, *shared), columns, values, place)
    mask = np.array([True] * len(names) + [False] * len(shared), dtype=bool)
    numbers = np.array([] if equation.groups is None else equation.groups.values).T.reshape(len(names), -1)
    start = np.vstack([numbers, np.repeat(np.array(list(shared.values()))[:, None], len(own[next(iter(own))]), axis=1)])
    _, squares = problem.fit(start, mask, 300)
    return bool(np.sqrt(squares / len(values)) <= SAME * values.std())
