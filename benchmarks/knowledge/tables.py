"""Tables of few, noisy rows, each with what a scientist knows of its law before it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

DATASETS = Path(__file__).parents[2] / "datasets"

Law = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Known:
    """A table: inputs, target, what is known, and the law if the rows are simulated."""

    name: str
    knowledge: tuple[str, ...]
    X: pd.DataFrame
    y: pd.Series
    law: Law | None = None


def _simulated(
    name: str, knowledge: tuple[str, ...], n: int, noise: float, law: Law, draw: int = 0, **ends: tuple[float, float]
) -> Known:
    """Return rows on a grid of one column, or drawn from several, with normal errors of a share of the spread."""
    rng = np.random.default_rng([sum(map(ord, name)), draw])
    if len(ends) == 1:
        X = pd.DataFrame({column: np.linspace(*both, n) for column, both in ends.items()})
    else:
        X = pd.DataFrame({column: rng.uniform(*both, n) for column, both in ends.items()})
    f = np.asarray(law(X), dtype=float)
    return Known(f"{name} {draw}", knowledge, X, pd.Series(f + noise * f.std() * rng.normal(size=n), name="y"), law)


def simulated() -> list[Known]:
    """Return the tables whose law is known; the first ten, of one column each, with two draws of the errors."""
    return [*_drawn(0), *_drawn(1)[:10]]


def _drawn(draw: int) -> list[Known]:
    rising, bounded = "increasing in x", "y -> const as x -> oo"
    falling, to_zero = "decreasing in t", "y -> 0 as t -> oo"
    return [
        _simulated(
            "michaelis",
            (rising, bounded, "y = 0 at x = 0"),
            14,
            0.15,
            lambda d: 3 * d.x / (1.5 + d.x),
            draw=draw,
            x=(0.1, 8),
        ),
        _simulated(
            "approach", (rising, bounded), 14, 0.15, lambda d: 2 - 1.7 * np.exp(-0.5 * d.x), draw=draw, x=(0.2, 10)
        ),
        _simulated(
            "light",
            (rising, bounded, "y = 0 at x = 0"),
            15,
            0.12,
            lambda d: 4 * np.tanh(0.02 * d.x),
            draw=draw,
            x=(5, 150),
        ),
        _simulated(
            "hill", (rising, "0 <= y <= 1", bounded), 16, 0.12, lambda d: d.x**3 / (8 + d.x**3), draw=draw, x=(0.3, 7)
        ),
        _simulated(
            "survival",
            (falling, "0 <= y <= 1", to_zero),
            15,
            0.12,
            lambda d: np.exp(-((d.t / 4) ** 1.6)),
            draw=draw,
            t=(0.2, 10),
        ),
        _simulated(
            "decay", (falling, to_zero, "positive"), 15, 0.15, lambda d: 5 * np.exp(-0.6 * d.t), draw=draw, t=(0, 8)
        ),
        _simulated(
            "second_order",
            (falling, to_zero, "convex in t"),
            15,
            0.15,
            lambda d: 1 / (0.4 + 0.8 * d.t),
            draw=draw,
            t=(0.1, 9),
        ),
        _simulated(
            "cooling",
            (falling, "convex in t", "y -> const as t -> oo"),
            16,
            0.15,
            lambda d: 20 + 60 * np.exp(-0.4 * d.t),
            draw=draw,
            t=(0, 9),
        ),
        _simulated(
            "gompertz",
            (rising, bounded, "positive"),
            16,
            0.1,
            lambda d: 10 * np.exp(-4 * np.exp(-0.7 * d.x)),
            draw=draw,
            x=(0.5, 9),
        ),
        _simulated(
            "detection",
            (rising, "0 <= y <= 1"),
            14,
            0.15,
            lambda d: 1 / (1 + np.exp(-1.2 * (d.x - 3))),
            draw=draw,
            x=(0, 7),
        ),
        _simulated(
            "area",
            (rising, "concave in x", "y = 0 at x = 0"),
            15,
            0.15,
            lambda d: 1.3 * d.x**0.45,
            draw=draw,
            x=(0.2, 12),
        ),
        _simulated(
            "drag",
            ("increasing in v", "convex in v", "y = 0 at v = 0"),
            14,
            0.15,
            lambda d: 0.8 * d.v**2,
            draw=draw,
            v=(0.5, 6),
        ),
        _simulated(
            "resonance",
            ("even in x", "positive", "y -> 0 as x -> oo"),
            21,
            0.15,
            lambda d: 2 / (1 + d.x**2),
            draw=draw,
            x=(-4, 4),
        ),
        _simulated(
            "angle", ("periodic in phi: 2*pi",), 24, 0.15, lambda d: np.exp(np.cos(d.phi - 1)), draw=draw, phi=(0, 6.2)
        ),
        _simulated(
            "reduced_mass",
            ("symmetric in (m1, m2)",),
            24,
            0.1,
            lambda d: d.m1 * d.m2 / (d.m1 + d.m2),
            draw=draw,
            m1=(0.5, 4),
            m2=(0.5, 6),
        ),
        _simulated(
            "nuisance",
            ("without z", rising),
            20,
            0.3,
            lambda d: 2 + 1.5 * np.sqrt(d.x),
            draw=draw,
            x=(0.1, 9),
            z=(0, 1),
        ),
        _simulated(
            "enzyme",
            ("increasing in S", "decreasing in I", "y -> const as S -> oo", "y -> 0 as I -> oo"),
            30,
            0.12,
            lambda d: 5 * d.S / (d.S + 1.5 * (1 + d.I / 0.7)),
            draw=draw,
            S=(0.1, 8),
            I=(0, 4),
        ),
        _simulated(
            "saturated_time",
            (rising, bounded, "decreasing in t", to_zero),
            30,
            0.12,
            lambda d: d.x / (2 + d.x) * np.exp(-0.5 * d.t),
            draw=draw,
            x=(0.1, 9),
            t=(0, 5),
        ),
    ]


def measured() -> list[Known]:
    """Return the measured tables of this package."""

    def of(file: str, x: str, y: str, knowledge: tuple[str, ...], query: str = "") -> Known:
        table = pd.read_csv(DATASETS / f"{file}.csv")
        table = table.query(query) if query else table
        own = table[[x, y]].dropna().reset_index(drop=True)
        name = f"{file} {query}".strip()
        return Known(name, knowledge, own[[x]], own[y])

    return [
        of("bod", "Time", "demand", ("increasing in Time", "y -> const as Time -> oo", "y = 0 at Time = 0")),
        of("puromycin", "conc", "rate", ("increasing in conc", "y -> const as conc -> oo"), "state == 'treated'"),
        of("puromycin", "conc", "rate", ("increasing in conc", "y -> const as conc -> oo"), "state == 'untreated'"),
        of("dnase", "conc", "density", ("increasing in conc", "y -> const as conc -> oo"), "Run == 1"),
        of(
            "muscle",
            "Conc",
            "Length",
            ("increasing in Conc", "y -> const as Conc -> oo"),
            "Strip == 'S01' or Strip == 'S02'",
        ),
        of("orange", "age", "circumference", ("increasing in age", "y -> const as age -> oo"), "Tree == 2"),
        of("loblolly", "age", "height", ("increasing in age", "y -> const as age -> oo"), "Seed == 301"),
        of("indometh", "time", "conc", ("decreasing in time", "y -> 0 as time -> oo", "positive"), "Subject == 1"),
        of("indometh", "time", "conc", ("decreasing in time", "y -> 0 as time -> oo", "positive"), "Subject == 4"),
        of("pressure", "temperature", "pressure", ("increasing in temperature", "convex in temperature", "positive")),
        of("trees", "Girth", "Volume", ("increasing in Girth", "convex in Girth", "y = 0 at Girth = 0")),
        of("cars", "speed", "dist", ("increasing in speed", "y = 0 at speed = 0")),
    ]
