"""NIST's 27 nonlinear regression problems: matching digits by Equation.fit, lmfit and scipy, from both starting points.

    OMP_NUM_THREADS=1 python benchmarks/nist/run.py

Every method gets the same formula, rows and start, and its default settings; lmfit's default is leastsq (MINPACK),
scipy's least_squares is run by its default (trf) and by lm (MINPACK), with their default numerical Jacobian. The last
column is MINPACK at its best: the exact Jacobian, tolerances at rounding level. Writes results.csv beside this file.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lmfit
import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from problems import FORMULAS, Problem, load, matching_digits
from scipy.optimize import least_squares

import eqdarts
from eqdarts import Equation
from eqdarts.expression.parse import parse_formula
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.solver.formula import FormulaModel

Array = NDArray[np.float64]
HERE = Path(__file__).parent
Found = dict[str, float]


def by_eqdarts(problem: Problem, start: Found) -> Found:
    return Equation.parse(problem.formula).fit(problem.columns, problem.y, start=start).coefficients


def residual_of(problem: Problem) -> Callable[[Found], Array]:
    """Return the residual as a function of the parameters, on compiled numpy."""
    expr = parse_formula(problem.formula).expr

    def residual(found: Found) -> Array:
        columns = {**problem.columns, **{name: np.asarray(value) for name, value in found.items()}}
        return np.asarray(evaluate(expr, columns, len(problem.y)) - problem.y)

    return residual


def by_lmfit(problem: Problem, start: Found) -> Found:
    residual = residual_of(problem)
    parameters = lmfit.Parameters()
    for name, value in start.items():
        parameters.add(name, value=value)
    result = lmfit.minimize(lambda p: residual(p.valuesdict()), parameters)
    return {name: float(value) for name, value in result.params.valuesdict().items()}


def by_scipy(method: str, problem: Problem, start: Found) -> Found:
    residual, names = residual_of(problem), list(start)
    result = least_squares(
        lambda theta: residual(dict(zip(names, theta, strict=True))), list(start.values()), method=method
    )
    return dict(zip(names, map(float, result.x), strict=True))


def by_exact_minpack(problem: Problem, start: Found) -> Found:
    residual, names = residual_of(problem), list(start)
    program = compile_expression(parse_formula(problem.formula).expr)
    columns = {name: torch.tensor(values) for name, values in problem.columns.items()}
    model = FormulaModel(program, names, columns, len(problem.y), torch.zeros((1, len(names)), dtype=torch.bool))
    result = least_squares(
        lambda theta: residual(dict(zip(names, theta, strict=True))),
        list(start.values()),
        jac=lambda theta: model.evaluate(torch.tensor(theta)[None])[1][0].T.numpy(),
        method="lm",
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=10_000,
    )
    return dict(zip(names, map(float, result.x), strict=True))


METHODS: dict[str, Callable[[Problem, Found], Found]] = {
    "eqdarts": by_eqdarts,
    "lmfit leastsq": by_lmfit,
    "scipy trf": partial(by_scipy, "trf"),
    "scipy lm": partial(by_scipy, "lm"),
    "scipy lm exact": by_exact_minpack,
}
VERSIONS = {
    "eqdarts": f"eqdarts {eqdarts.__version__}, torch {torch.__version__}",
    "lmfit leastsq": f"lmfit {lmfit.__version__}, scipy {scipy.__version__}",
    "scipy trf": f"scipy {scipy.__version__}",
    "scipy lm": f"scipy {scipy.__version__}",
    "scipy lm exact": f"scipy {scipy.__version__}",
}


def measure(problem: Problem, start: int, method: str) -> dict[str, object]:
    """Fit once; a method that fails has 0 digits and its error in the row."""
    begin = time.process_time()
    error = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            digits = matching_digits(METHODS[method](problem, problem.starts[start]), problem.certified)
        except (ValueError, FloatingPointError, np.linalg.LinAlgError) as failure:
            digits, error = 0.0, " ".join(str(failure).split())[:80]
    return {
        "problem": problem.name,
        "start": start + 1,
        "method": method,
        "digits": round(digits, 1),
        "cpu_seconds": round(time.process_time() - begin, 4),
        "versions": VERSIONS[method],
        "error": error,
    }


def table(rows: list[dict[str, object]]) -> str:
    """Return matching digits and CPU seconds, a problem and start a line, with counts of six digits below."""
    lines = ["problem    start " + "".join(f"{name:>22}" for name in METHODS)]
    by_key = {(r["problem"], r["start"], r["method"]): r for r in rows}
    for name in FORMULAS:
        for start in (1, 2):
            cells = [by_key[name, start, method] for method in METHODS]
            lines.append(
                f"{name:<11}{start:>4}  " + "".join(f"{c['digits']:>13} {c['cpu_seconds']:>7.3f}s" for c in cells)
            )
    for start in (1, 2):
        reached = [sum(r["digits"] >= 6 for r in rows if r["start"] == start and r["method"] == m) for m in METHODS]  # type: ignore[operator]
        lines.append(f"6 digits{start:>7}  " + "".join(f"{f'{n} of {len(FORMULAS)}':>22}" for n in reached))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=HERE / "results.csv", help="where the table goes")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    for method in METHODS:
        measure(load("DanWood"), 1, method)  # imports and caches are not what is timed
    rows = [measure(load(name), start, method) for name in FORMULAS for start in (0, 1) for method in METHODS]
    with out.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(table(rows))
    print(f"\n{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
