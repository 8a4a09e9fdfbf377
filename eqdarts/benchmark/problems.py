"""Benchmark problems as data: a formula and the ranges of its variables; rows are drawn from them, seeded.

The suites: `feynman` (120 laws of physics), `nguyen`, `constant` and `jin` (made-up formulas), `psych` (laws of human
information processing and their neighbours), `strogatz` (14 right-hand sides of two-state systems, with rows along
their trajectories), `srsd` (the laws of physics with realistic ranges, over many decades, and the constants of nature
as numbers) and `solved` (120 laws of `feynman` solved for one of their inputs).
"""

from __future__ import annotations

import csv
import functools
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.benchmark.draws import draw_rows
from eqdarts.errors import closest, explain

__all__ = ["SUITES", "UNITS", "Problem", "load_problem", "load_suite"]


SUITES = ("feynman", "nguyen", "constant", "jin", "psych", "strogatz", "srsd", "solved")
UNITS = ("m", "s", "kg", "K", "V")  # base units; the unit of an input is a tuple of their exponents
PURPOSES = {"train": 0, "noise": 1, "fresh": 2, "wide": 3, "refit": 4}  # each draws from its own stream
MOST_DRAWS = 200  # batches after which a law counts as undefined in most of its ranges
SAME_BRANCH = 1e-6  # relative difference up to which a solved law counts as returning the number that was drawn
VALUE = "val"  # name of the input of a solved law that is the value of its source


@dataclass(frozen=True)
class Problem:
    """A known law that a method should find.

    Parameters
    ----------
    name : str
    expression : str
        The law, in the grammar of `Equation.parse`.
    ranges : tuple of (str, float, float)
        Name, lower and upper end of every number that is drawn. If the law is not a solved one, these are its
        variables.
    suite : str
        Name of its suite; "" for a problem of your own.
    draws : tuple of str
        Kind of draw of each number: a key of `eqdarts.benchmark.draws.DRAWS`. If empty, all are uniform.
    units : tuple of tuple of int
        Exponents of `UNITS` for every variable, followed by those of the value of the law. Empty if they are not known.
    source : str
        For a law that was obtained by solving another law for an input: that other law, whose inputs are drawn. Its
        value is the variable ``val``.
    solved_for : str
        The input of `source` for which `expression` is solved.
    """

    name: str
    expression: str
    ranges: tuple[tuple[str, float, float], ...]
    suite: str = ""
    draws: tuple[str, ...] = ()
    units: tuple[tuple[int, ...], ...] = ()
    source: str = ""
    solved_for: str = ""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Problem:
        """Return the problem whose fields are `record`. Lists may replace tuples, as after reading JSON."""
        values = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        values["ranges"] = tuple(map(tuple, values["ranges"]))
        values["draws"] = tuple(values.get("draws", ()))
        values["units"] = tuple(map(tuple, values.get("units", ())))
        return cls(**values)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in the order of the columns of X."""
        drawn = tuple(name for name, _, _ in self.ranges)
        return (*(name for name in drawn if name != self.solved_for), VALUE) if self.source else drawn

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
            Seed of the rows and of the noise; each problem draws from its own stream.
        noise : float, default=0
            A normal error with standard deviation ``noise * sqrt(mean(y**2))`` is added to y.

        Notes
        -----
        X is drawn from the ranges according to `draws`. Rows at which the law is not finite are drawn again. The rows
        of the suite `strogatz` are at equal times along four trajectories instead, and `seed` affects only the noise.
        For a solved law the inputs of its source are drawn. Rows at which `expression` is another branch of the
        inverse, so that y is not the number drawn, are drawn again.
        """
        if self.suite == "strogatz":
            from eqdarts.benchmark.strogatz import trajectories

            system = self.name.removesuffix("-x").removesuffix("-y")
            sides = load_problem(f"{system}-x").expr, load_problem(f"{system}-y").expr
            X = trajectories(system, sides, n_rows)
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
        """Return up to `n_rows` rows where the law is finite, from ranges `widened` times as wide."""
        rng = self._rng(seed, purpose)
        rows, values = [], []
        n_found = 0
        for _ in range(MOST_DRAWS):
            X, y = self._table(draw_rows(rng, self.ranges, self.draws, n_rows, widened))
            finite = np.isfinite(y)
            rows.append(X[finite])
            values.append(y[finite])
            n_found += int(finite.sum())
            if n_found >= n_rows:
                break
        return np.concatenate(rows)[:n_rows], np.concatenate(values)[:n_rows]

    def _table(self, drawn: Array) -> tuple[Array, Array]:
        """Return X and y for the numbers drawn (n, len(ranges)); y is NaN at rows of another branch."""
        if not self.source:
            return drawn, self.value(drawn)
        from eqdarts.expression.program import evaluate

        columns = dict(zip([name for name, _, _ in self.ranges], drawn.T, strict=True))
        columns[VALUE] = evaluate(_parsed(self.source), columns, len(drawn))
        X = np.column_stack([columns[name] for name in self.variables])
        y = self.value(X)
        truth = columns[self.solved_for]
        with np.errstate(invalid="ignore"):
            same = np.abs(y - truth) <= SAME_BRANCH * np.abs(truth)
        return X, np.where(same, y, np.nan)

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
    [120, 18, 8, 6, 24, 14, 120, 120]
    """
    if suite == "all":
        return tuple(problem for name in SUITES for problem in load_suite(name))
    if suite not in SUITES:
        raise ValueError(explain("There is no such suite.", repr(suite), closest(suite, [*SUITES, "all"])))
    return tuple(_read(suite))


def _read(suite: str) -> Iterator[Problem]:
    text = resources.files("eqdarts.benchmark").joinpath("problem_data", f"{suite}.csv").read_text(encoding="utf-8")
    sources = {problem.name: problem for problem in load_suite("feynman")} if suite == "solved" else {}
    for row in csv.DictReader(text.splitlines()):
        facts: dict[str, Any] = {"name": row["name"], "expression": row["expression"], "suite": suite}
        if sources:
            source = sources[row["source"]]
            facts |= {"ranges": source.ranges, "source": source.expression, "solved_for": row["solved_for"]}
        else:
            ranges = json.loads(row["ranges"])
            facts["ranges"] = [(name, float(low), float(high)) for name, (low, high) in ranges.items()]
        if "draws" in row:
            draws = json.loads(row["draws"])
            facts["draws"] = [draws[name] for name in ranges]
        if "units" in row:
            units = json.loads(row["units"])
            facts["units"] = [*(units[name] for name in ranges), json.loads(row["unit"])]
        yield Problem.from_record(facts)


def load_problem(name: str) -> Problem:
    """Return the benchmark problem called `name`; upper and lower case are the same.

    >>> load_problem("I.12.1").expression
    'mu*Nn'
    """
    known = {problem.name.casefold(): problem for problem in load_suite("all")}
    if name.casefold() not in known:
        hint = closest(name, [problem.name for problem in known.values()])
        raise ValueError(
            explain("There is no such problem.", repr(name), hint if "mean" in hint else "See load_suite.")
        )
    return known[name.casefold()]
