"""How an adapter talks to ``eqdarts bench``: a problem as JSON on standard input, an answer on standard output.

This file and the adapters run in the Python of the other library and use nothing of eqdarts.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is imported

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "asin", "acos", "atan", "sinh", "cosh", "Abs", "Max")


@dataclass(frozen=True)
class Request:
    """A problem: rows, names of the columns, seed, budget in seconds, and options of the adapter's own."""

    X: Any  # (n, d)
    y: Any  # (n,)
    variables: list[str]
    seed: int
    time_limit: float
    options: dict[str, Any]


def answer(package: str, fit: Callable[[Request], tuple[str, list[str], int | None]]) -> None:
    """Read the problem, fit, and print the answer.

    Parameters
    ----------
    package : str
        Name of the distribution that is measured.
    fit : callable
        Returns the chosen equation and the others as text that sympy reads, in variables X0, X1, ... (sympy would
        take a variable called I or E for its own), and how many models were evaluated.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is not the answer
    warnings.simplefilter("ignore")
    import numpy as np

    given = json.load(sys.stdin)
    request = Request(
        np.array(given["X"]), np.array(given["y"]), given["variables"], given["seed"], given["time_limit"],
        given["options"],
    )  # fmt: skip
    cpu, wall = _cpu_seconds(), time.perf_counter()
    equation, front, n_evaluated = fit(request)
    record = {
        "version": version(package),
        "cpu_s": _cpu_seconds() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "refits": n_evaluated,
    }
    texts = [_readable(text, request.variables) for text in (equation, *front)]
    print(json.dumps({**record, "equation": texts[0], "front": [t for t in texts[1:] if t]}), file=answers, flush=True)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _readable(text: str, variables: list[str]) -> str:
    """Return the equation as eqdarts reads it, in the problem's own names; "" where sympy cannot read it."""
    import sympy

    known = {f"X{k}": sympy.Symbol(f"X{k}", real=True) for k in range(len(variables))}
    known |= {name: getattr(sympy, name) for name in FUNCTIONS}
    try:
        expr = sympy.sympify(text.replace("^", "**"), locals=known)
        names = {known[f"X{k}"]: sympy.Symbol(f"`{name}`", real=True) for k, name in enumerate(variables)}
        return str(expr.xreplace(names))
    except (sympy.SympifyError, SyntaxError, TypeError, ValueError, AttributeError, RecursionError):
        return ""
