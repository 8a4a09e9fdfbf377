"""One benchmark run in a process of its own: ``python -m eqdarts.benchmark.worker`` reads a task and prints its row.

The row is printed three times, each time with more in it: after the fit, after the verdict on the chosen equation, and
after that on the rest of the front. If the process must be killed, what it printed last is what it found.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdarts.benchmark.judge import judge, normalised_error, within
from eqdarts.benchmark.problems import Problem
from eqdarts.clock import count_cpu_seconds

__all__ = ["Found", "fit_adapter", "fit_eqdarts", "main", "on_front"]

SECONDS_FOR_FRONT = 40.0
SAME_LAW = 1e-20  # loss below which an improvement is only rounding
LIKE_NOISE = 0.25  # clean error of a front member, as a share of the noise's variance, up to which it may be the law


@dataclass(frozen=True)
class Found:
    """What a method found: the chosen equation and all of the front (text or expressions), and what it took."""

    equation: Any
    front: Sequence[Any]
    record: dict[str, Any]


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it waited for, as the operating system counts them."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak_rss_mb() -> float:
    """Return the largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def fit_eqdarts(task: dict[str, Any], variables: Sequence[str], X: Any, y: Any) -> Found:
    """Fit `DARTSRegressor` with the task's options."""
    import pandas as pd
    import torch

    import eqdarts

    torch.set_num_threads(1)
    model = eqdarts.DARTSRegressor(**{"time_limit": task["budget"], "random_state": task["seed"], **task["options"]})
    frame = pd.DataFrame(X, columns=list(variables))
    cpu, wall = cpu_seconds(), time.perf_counter()
    model.fit(frame, y)
    history = model.history_
    record = {
        "version": eqdarts.__version__,
        "cpu_s": cpu_seconds() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_rss_mb": peak_rss_mb(),
        "found_s": found_seconds(history.best),
        "refits": history.n_refits,
        "stopped": history.stop_reason,
    }
    return Found(model.equation_, model.front_, record)


def found_seconds(best: Sequence[Any]) -> float | None:
    """Return the CPU seconds at which the best loss was reached, but for rounding."""
    if not best:
        return None
    enough = max(1.02 * best[-1].loss, SAME_LAW)
    return float(next(point.seconds for point in best if point.loss <= enough))


def fit_adapter(task: dict[str, Any], variables: Sequence[str], X: Any, y: Any) -> Found:
    """Fit another library through its adapter script, in the Python that has it."""
    request = {
        "problem": task["problem"],
        "variables": list(variables),
        "X": X.tolist(),
        "y": y.tolist(),
        "seed": task["seed"],
        "time_limit": task["budget"],
        "options": task["options"],
    }
    done = subprocess.run(
        [task["python"] or sys.executable, task["adapter"]],
        input=json.dumps(request),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"the adapter ended with {done.returncode}: {last[0]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    equation, front = answer.pop("equation"), answer.pop("front", [])
    return Found(equation, front, answer)


def on_front(found: Found, problem: Problem, noise: float, y: Any) -> bool:
    """Return whether some front member is the law, within the seconds set aside for that.

    After noisy data only members whose error on clean rows is that of a fit to noise are looked at: each needs a refit.
    """
    X, clean = problem.box(500, 0)
    limit = LIKE_NOISE * noise**2 * float(np.mean(y**2)) / (float(np.var(clean)) or 1.0) if noise else math.inf
    try:
        with within(SECONDS_FOR_FRONT):
            for member in reversed(found.front):
                if noise and not _error(member, problem, X, clean) <= limit:
                    continue
                if judge(member, problem, noisy=noise > 0).recovered:
                    return True
    except TimeoutError:
        pass
    return False


def _error(member: Any, problem: Problem, X: Any, y: Any) -> float:
    from eqdarts.equation.equation import Equation

    equation = Equation.parse(member, problem.variables) if isinstance(member, str) else member
    return normalised_error(equation.predict(X), y, 0.9)


def run(task: dict[str, Any], report: Any) -> None:
    """Do one task, and call ``report(row)`` each time that more of its row is known."""
    problem = Problem.from_record(task["law"])
    X, y = problem.sample(task["rows"], task["seed"], task["noise"])
    fit = fit_adapter if task["adapter"] else fit_eqdarts
    found = fit(task, problem.variables, X, y)
    row = {"status": "unjudged", "equation": _text(found.equation), **found.record}
    report(row)
    verdict = judge(found.equation, problem, noisy=task["noise"] > 0)
    row |= {
        "status": "done",
        "recovered": int(verdict.recovered),
        "on_front": int(verdict.recovered),
        "reason": verdict.reason,
        "error": verdict.error,
        "error_wide": verdict.error_wide,
        "complexity": verdict.complexity,
        "complexity_true": verdict.complexity_true,
    }
    report(row)
    if not verdict.recovered:
        row["on_front"] = int(on_front(found, problem, task["noise"], y))
    report({**row, "process_cpu_s": cpu_seconds()})


def _text(equation: Any) -> str:
    return equation if isinstance(equation, str) else str(equation)


def main() -> None:
    """Read a task from standard input as JSON, and print its row as JSON; what fits print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    count_cpu_seconds()

    def report(row: dict[str, Any]) -> None:
        print(json.dumps(row), file=answers, flush=True)

    try:
        run(json.load(sys.stdin), report)
    except Exception as error:  # a failure is a row of the table
        report({"status": "failed", "reason": f"{type(error).__name__}: {error}"[:300]})


if __name__ == "__main__":
    main()
