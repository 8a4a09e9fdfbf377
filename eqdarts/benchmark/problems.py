"""Benchmark problems as data: a formula and the ranges of its variables; rows are drawn from them, seeded.

The suites: `feynman` (120 laws of physics), `nguyen`, `constant` and `jin` (made-up formulas), `psych` (laws of human
information processing and their neighbours) and `strogatz` (14 right-hand sides of two-state systems, with rows along
their trajectories).
"""

from __future__ import annotations

import csv
import functools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.errors import closest, explain

__all__ = ["SUITES", "Problem", "load_problem", "load_suite"]


SUITES = ("feynman", "nguyen", "constant", "jin", "psych", "strogatz")
PURPOSES = {"train": 0, "noise": 1, "fresh": 2, "wide": 3, "refit": 4}  # each draws from a stream of its own
MOST_DRAWS = 200  # batches after which a box counts as nearly nowhere defined


@dataclass(frozen=True)
class Problem:
    """A law to be found again.

    Parameters
    ----------
    name : str
    expression : str
        The law, in the grammar of `Equation.parse`.
    ranges : tuple of (str, float, float)
        Name, lower and upper end of every variable.
    suite : str
        Where it is from; "" for a problem of the user's own.
    """

    name: str
    expression: str
    ranges: tuple[tuple[str, float, float], ...]
    suite: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in the order of the columns of X."""
        return tuple(name for name, _, _ in self.ranges)

    @property
    def expr(self) -> Any:
        """The law as a sympy expression of real symbols."""
        return _parsed(self.expression)

    def value(self, X: Array) -> Array:
        """Return the law at rows X (n, d); NaN where it is not a finite real number."""
        from eqdarts.expression.program import evaluate

        return evaluate(self.expr, dict(zip(self.variables, X.T, strict=True)), len(X))

    def sample(self, n_rows: int = 1000, seed: int = 0, noise: float = 0.0) -> tuple[Array, Array]:
        """Return rows X (n, d) and y (n,) to learn from.

        Parameters
        ----------
        n_rows : int, default=1000
        seed : int, default=0
            Of the rows and of the noise; each problem draws from its own stream.
        noise : float, default=0
            y gets a normal error with standard deviation ``noise * sqrt(mean(y**2))``.

        Notes
        -----
        X is uniform in the ranges, and rows at which the law is not finite are drawn again. The suite `strogatz` has
        its rows at equal times along four trajectories instead; `seed` then matters for the noise only.
        """
        if self.suite == "strogatz":
            from eqdarts.benchmark.strogatz import trajectories

            X = trajectories(self.name, n_rows)
            y = self.value(X)
        else:
            X, y = self.box(n_rows, seed, "train")
        if len(y) < n_rows or not np.isfinite(y).all():
            raise ValueError(
                explain(f"{self.name} must be finite nearly everywhere in its ranges.", self.ranges, "Narrow them.")
            )
        if noise:
            y = y + self._rng(seed, "noise").normal(0.0, noise * np.sqrt(np.mean(y**2)), n_rows)
        return X, y

    def box(self, n_rows: int, seed: int, purpose: str = "fresh", widened: float = 1.0) -> tuple[Array, Array]:
        """Return up to `n_rows` rows, uniform in ranges `widened` about their middle, where the law is finite."""
        low, high = (np.array([row[k] for row in self.ranges]) for k in (1, 2))
        middle, half = (low + high) / 2, (high - low) / 2 * widened
        rng = self._rng(seed, purpose)
        rows, values = [], []
        n_found = 0
        for _ in range(MOST_DRAWS):
            X = rng.uniform(middle - half, middle + half, (n_rows, len(low)))
            y = self.value(X)
            finite = np.isfinite(y)
            rows.append(X[finite])
            values.append(y[finite])
            n_found += int(finite.sum())
            if n_found >= n_rows:
                break
        return np.concatenate(rows)[:n_rows], np.concatenate(values)[:n_rows]

    def _rng(self, seed: int, purpose: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32(self.name.encode()), PURPOSES[purpose]])


@functools.lru_cache(maxsize=512)
def _parsed(expression: str) -> Any:
    from eqdarts.expression.parse import parse_formula

    return parse_formula(expression).expr


@functools.cache
def load_suite(suite: str) -> tuple[Problem, ...]:
    """Return the problems of one suite, or of "all".

    >>> [len(load_suite(suite)) for suite in SUITES]
    [120, 18, 8, 6, 24, 14]
    """
    if suite == "all":
        return tuple(problem for name in SUITES for problem in load_suite(name))
    if suite not in SUITES:
        raise ValueError(explain("A suite must be known.", repr(suite), closest(suite, [*SUITES, "all"])))
    return tuple(_read(suite))


def _read(suite: str) -> Iterator[Problem]:
    text = resources.files("eqdarts.benchmark").joinpath("problem_data", f"{suite}.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        ranges = tuple((name, float(low), float(high)) for name, (low, high) in json.loads(row["ranges"]).items())
        yield Problem(row["name"], row["expression"], ranges, suite)


def load_problem(name: str) -> Problem:
    """Return the benchmark problem called `name`; capitals do not matter.

    >>> load_problem("I.12.1").expression
    'mu*Nn'
    """
    known = {problem.name.casefold(): problem for problem in load_suite("all")}
    if name.casefold() not in known:
        hint = closest(name, [problem.name for problem in known.values()])
        raise ValueError(explain("A problem must be known.", repr(name), hint if "mean" in hint else "See load_suite."))
    return known[name.casefold()]
