"""Standard errors of NIST's 27 nonlinear problems against the certified standard deviations: matching digits.

    OMP_NUM_THREADS=1 python benchmarks/nist/standard_errors.py

Every problem is fitted from NIST's near start; `inference` then gives the standard errors. Writes standard_errors.csv
beside this file.
"""

from __future__ import annotations

import csv
import math
import re
import time
from pathlib import Path

from problems import FOLDER, FORMULAS, load, matching_digits

from eqdarts import Equation
from eqdarts.inference.uncertainty import Inference, inference

HERE = Path(__file__).parent
NEAR = 1


def certified_deviations(name: str, folder: Path = FOLDER) -> tuple[dict[str, float], float]:
    """Return the certified standard deviations of the parameters, and that of the residuals."""
    text = (folder / f"{name}.dat").read_text()
    lines = text.splitlines()[:60]
    found = {m[1]: float(m[2].split()[3]) for line in lines if (m := re.match(r"\s*(b\d+) =\s*(.+)", line))}
    return found, float(re.findall(r"Residual Standard Deviation:\s+(\S+)", text)[0])


def infer(name: str) -> Inference:
    """Fit a problem from the near start; return its inference."""
    problem = load(name)
    fitted = Equation.parse(problem.formula).fit(problem.columns, problem.y, start=problem.starts[NEAR])
    return inference(fitted, problem.columns, problem.y)


def measure(name: str) -> dict[str, object]:
    """Return one row of the table."""
    begin = time.process_time()
    found = infer(name)
    seconds = time.process_time() - begin
    deviations, residual = certified_deviations(name)
    errors = dict(zip(found.names, map(float, found.standard_error), strict=True))
    return {
        "problem": name,
        "coefficients": len(errors),
        "digits_standard_errors": round(matching_digits(errors, deviations), 1),
        "digits_sigma": round(matching_digits({"s": found.sigma}, {"s": residual}), 1),
        "dof": int(found.dof) if math.isfinite(found.dof) else "",
        "cpu_seconds": round(seconds, 3),
    }


def main() -> None:
    rows = [measure(name) for name in FORMULAS]
    with (HERE / "standard_errors.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(f"{row['problem']!s:<10} {row['digits_standard_errors']!s:>5} {row['digits_sigma']!s:>5}")
    print(sum(float(str(row["digits_standard_errors"])) >= 5 for row in rows), "of", len(rows), "to 5 digits")


if __name__ == "__main__":
    main()
