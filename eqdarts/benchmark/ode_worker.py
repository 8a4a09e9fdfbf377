"""One system of differential equations in a process of its own: reads a task, fits, judges, and prints the row."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

from eqdarts._typing import Array
from eqdarts.benchmark.odes import OdeProblem, judge_system, nearest
from eqdarts.benchmark.worker import ask_adapter, cpu_seconds, main, peak_rss_mb
from eqdarts.dynamics.system import System

__all__ = ["fit_adapter", "fit_eqdarts", "run"]


def fit_eqdarts(task: dict[str, Any], states: tuple[str, ...], t: Array, x: Array) -> tuple[System, dict[str, Any]]:
    """Fit `ODERegressor` with the task's options."""
    import torch

    import eqdarts

    torch.set_num_threads(1)
    limit = task["budget"] * len(states)
    cpu, wall = cpu_seconds(), time.perf_counter()
    model = eqdarts.ODERegressor(**{"time_limit": limit, "random_state": task["seed"], **task["options"]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, t=t, states=list(states))
    record = {
        "version": eqdarts.__version__,
        "cpu_s": cpu_seconds() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_rss_mb": peak_rss_mb(),
    }
    return model.system_, record


def fit_adapter(task: dict[str, Any], states: tuple[str, ...], t: Array, x: Array) -> tuple[System, dict[str, Any]]:
    """Fit another library through its adapter script, in the Python that has the library."""
    request = {name: task[name] for name in ("problem", "seed", "options")}
    request |= {"states": list(states), "t": t.tolist(), "x": x.tolist(), "time_limit": task["budget"] * len(states)}
    answer = ask_adapter(task, request)
    return nearest(answer.pop("systems"), states, t, x), answer


def run(task: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> None:
    """Run one task, and call ``report(row)`` when its row is known."""
    starts = tuple(map(tuple, task["starts"]))
    problem = OdeProblem(task["problem"], task["title"], tuple(task["sides"]), starts, task["end"])
    t, x = problem.sample(task["noise"], bool(task["thinned"]), task["seed"])
    fit = fit_adapter if task["adapter"] else fit_eqdarts
    found, record = fit(task, problem.states, t, x)
    report({"status": "done", **record, **judge_system(found, problem, task["noise"] > 0)})


if __name__ == "__main__":
    main(run)
