"""Known laws to be found again: problems, a judge, and a runner for eqdarts and other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.benchmark.problems import SUITES, Problem, load_problem, load_suite
    from eqdarts.benchmark.run import run_benchmark

__all__ = ["SUITES", "Problem", "load_problem", "load_suite", "run_benchmark"]

_HOMES = {
    "SUITES": "eqdarts.benchmark.problems",
    "Problem": "eqdarts.benchmark.problems",
    "load_problem": "eqdarts.benchmark.problems",
    "load_suite": "eqdarts.benchmark.problems",
    "run_benchmark": "eqdarts.benchmark.run",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
