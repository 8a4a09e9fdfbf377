"""One benchmark run in a process of its own: ``python -m eqdarts.benchmark.worker`` reads a task and prints its row.

The row is printed three times, each time with more columns: after the fit, after the verdict on the chosen equation,
and after the verdict on the rest of the front. If the process is killed, the last printed row counts.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from eqdarts.benchmark.found import Found, law_on_front
from eqdarts.benchmark.judge import judge
from eqdarts.benchmark.problems import Problem
from eqdarts.benchmark.regret import regret_row
from eqdarts.clock import count_cpu_seconds

__all__ = ["ask_adapter", "fit_adapter", "fit_eqdarts", "main"]

Report = Callable[[dict[str, Any]], None]
SAME_LAW = 1e-20  # loss below which an improvement is only rounding


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those for which it waited, as the operating system counts them."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak_rss_mb() -> float:
    """Return the largest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def fit_eqdarts(task: dict[str, Any], variables: Sequence[str], X: Any, y: Any) -> Found:
    """Fit `DARTSRegressor` with the task's options."""
    return fit_model(task, variables, X, y)[0]


def fit_model(task: dict[str, Any], variables: Sequence[str], X: Any, y: Any) -> tuple[Found, Any]:
    """Fit `DARTSRegressor` with the task's options; return what it found and the estimator."""
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
    return Found(model.equation_, model.front_, record, model.equations_["score"].tolist()), model


def found_seconds(best: Sequence[Any]) -> float | None:
    """Return the CPU seconds at which the best loss was reached, except for rounding."""
    if not best:
        return None
    enough = max(1.02 * best[-1].loss, SAME_LAW)
    return float(next(point.seconds for point in best if point.loss <= enough))


def fit_adapter(task: dict[str, Any], variables: Sequence[str], X: Any, y: Any) -> Found:
    """Fit another library through its adapter script, in the Python that has the library."""
    request = {
        "problem": task["problem"],
        "variables": list(variables),
        "X": X.tolist(),
        "y": y.tolist(),
        "seed": task["seed"],
        "time_limit": task["budget"],
        "options": task["options"],
    }
    answer = ask_adapter(task, request)
    equation, front = answer.pop("equation"), answer.pop("front", [])
    return Found(equation, front, answer)


def ask_adapter(task: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the task's adapter script, which runs in the Python that has the other library."""
    command = [task["python"] or sys.executable, task["adapter"]]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"the adapter ended with {done.returncode}: {last[0]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def run(task: dict[str, Any], report: Report) -> None:
    """Run one task, and call ``report(row)`` each time that more of its row is known."""
    problem = Problem.from_record(task["law"])
    X, y = problem.sample(task["rows"], task["seed"], task["noise"])
    if task.get("law_given"):
        given = {**task, "options": {**task["options"], "guesses": [problem.expression]}}
        found, model = fit_model(given, problem.variables, X, y)
        report({"status": "done", **regret_row(found, model, problem, task["noise"], X, y)})
        return
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
        row["on_front"] = int(law_on_front(found, problem, task["noise"], y) is not None)
    report({**row, "process_cpu_s": cpu_seconds()})


def _text(equation: Any) -> str:
    return equation if isinstance(equation, str) else str(equation)


def main(run: Callable[[dict[str, Any], Report], None] = run) -> None:
    """Read a task from standard input as JSON and print its row as JSON. Output of fits goes to standard error."""
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
