"""The suites of systems of differential equations, by name.

- ``odes``: the 63 systems of ODEBench (d'Ascoli et al. 2024), with one to four states, from 0 to 10.
- ``odes_strogatz``: the 7 two-state systems of the ODE-Strogatz set (La Cava et al. 2016), from 0 to 9.9. Of the four
  starts in `eqdarts.benchmark.strogatz`, a method sees the run from the first; the other is the one farthest from it.
- ``reactions``: 16 systems of pharmacokinetics, enzymes, growth and genes with terms of Michaelis and Menten, Hill and
  Haldane. The source of each is that of its equations. Constants are of a usual size, and published ones in the toggle
  switch and the oscillations of calcium. In none is a sum of states constant, so that one run decides its equations.

Tables are in ``problem_data``: right-hand sides, two starts, and the last time.
"""

from __future__ import annotations

import csv
import functools
import json
import math
import re
from collections.abc import Callable, Iterator
from importlib import resources

from eqdarts.benchmark.odes import OdeProblem
from eqdarts.benchmark.problems import load_suite
from eqdarts.benchmark.strogatz import DURATION, STARTS
from eqdarts.errors import closest, explain

__all__ = ["ODE_SUITES", "load_odes", "suite_of"]


def _table(suite: str) -> Iterator[OdeProblem]:
    text = resources.files("eqdarts.benchmark").joinpath("problem_data", f"{suite}.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        sides = tuple(json.loads(row["right_hand_sides"]))
        starts = tuple(tuple(map(float, json.loads(row[f"start_{k}"]))) for k in (1, 2))
        yield OdeProblem(row["id"], row["name"], sides, starts, float(row["end"]))


def _strogatz(_: str) -> Iterator[OdeProblem]:
    """Yield the systems whose right-hand sides are the laws of the suite `strogatz`."""
    laws = {law.name: law.expression for law in load_suite("strogatz")}
    states = {"x": "x_0", "y": "x_1"}
    for name, starts in STARTS.items():
        sides = [re.sub(r"\b[xy]\b", lambda found: states[found[0]], laws[f"{name}-{state}"]) for state in states]
        farthest = max(starts[1:], key=functools.partial(math.dist, starts[0]))
        yield OdeProblem(name, name.replace("-", " "), tuple(sides), (starts[0], farthest), DURATION)


ODE_SUITES: dict[str, Callable[[str], Iterator[OdeProblem]]] = {
    "odes": _table,
    "odes_strogatz": _strogatz,
    "reactions": _table,
}


@functools.cache
def load_odes(suite: str = "odes") -> tuple[OdeProblem, ...]:
    """Return the systems of a suite.

    >>> [len(load_odes(suite)) for suite in ODE_SUITES]
    [63, 7, 16]
    """
    if suite not in ODE_SUITES:
        raise ValueError(explain("There is no such suite of systems.", repr(suite), closest(suite, ODE_SUITES)))
    return tuple(ODE_SUITES[suite](suite))


def suite_of(name: str) -> str:
    """Return the suite of a system; "own" if it is in none.

    >>> suite_of("63"), suite_of("Glider"), suite_of("tank")
    ('odes', 'odes_strogatz', 'own')
    """
    return next((suite for suite in ODE_SUITES if any(one.name == name for one in load_odes(suite))), "own")
