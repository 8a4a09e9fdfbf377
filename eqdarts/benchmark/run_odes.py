"""``eqdarts bench`` of suites of differential equations: run a method on systems, and keep the rows in a CSV."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqdarts.benchmark.ode_suites import load_odes, suite_of
from eqdarts.benchmark.odes import OdeProblem
from eqdarts.benchmark.processes import run_all
from eqdarts.benchmark.results import Results

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "has_systems", "markdown", "read_rows", "run_odes"]

KEY = ("problem", "method", "seed", "noise", "thinned", "budget", "options")
VERDICTS = ("reconstructed", "generalised", "recovered")
COLUMNS = (
    *KEY, "version", "status", *VERDICTS, "r2", "r2_other", "reason", "cpu_s", "wall_s", "peak_rss_mb", "found"
)  # fmt: skip


def run_odes(
    problems: str | Iterable[OdeProblem] = "odes",
    method: str = "eqdarts",
    *,
    time_limit: float = 60.0,
    seeds: Sequence[int] = (0,),
    noise: Sequence[float] = (0.0,),
    thinned: bool = False,
    options: Mapping[str, Any] | None = None,
    adapter: str | Path | None = None,
    python: str | Path | None = None,
    out: str | Path | None = None,
    n_jobs: int = 1,
    progress: bool = False,
) -> pd.DataFrame:
    """Run one method on systems and return one row for each system, seed and noise.

    Parameters
    ----------
    problems : str or iterable of OdeProblem, default="odes"
        A suite (see `eqdarts.benchmark.ode_suites.ODE_SUITES`), or systems.
    method : str, default="eqdarts"
        The name of the method in the rows.
    time_limit : float, default=60
        CPU seconds for each state of a system.
    seeds : sequence of int, default=(0,)
        Of the errors, the times that are left out, and the method.
    noise : sequence of float, default=(0,)
        Standard deviation of the errors, as a share of that of each state.
    thinned : bool, default=False
        Whether a random half of the times is left out.
    options : mapping, optional
        Parameters of `ODERegressor`, or options of the adapter.
    adapter : path, optional
        A script that fits another library: it reads times and states as JSON and prints its systems as JSON.
    python, out, n_jobs, progress
        As for `run_benchmark`.

    Returns
    -------
    DataFrame
        With the columns `COLUMNS`, including the rows that `out` had before.
    """
    import pandas as pd

    own = {
        "method": method,
        "options": dict(options or {}),
        "adapter": None if adapter is None else str(Path(adapter).resolve()),
        "python": None if python is None else str(python),
        "thinned": int(thinned),
    }
    chosen = load_odes(problems) if isinstance(problems, str) else tuple(problems)
    tasks = [
        {**own, **_facts(problem, time_limit), "seed": seed, "noise": float(level), "budget": float(time_limit)}
        for level, seed, problem in itertools.product(noise, seeds, chosen)
    ]
    table = Results(None if out is None else Path(out), COLUMNS, KEY)
    missing = [task for task in tasks if table.key_of(task) not in table.done]
    for row in run_all(missing, n_jobs, progress, len(tasks), "eqdarts.benchmark.ode_worker"):
        table.add(row)
    wanted = {table.key_of(task) for task in tasks}
    return pd.DataFrame([row for key, row in table.done.items() if key in wanted], columns=list(COLUMNS))


def _facts(problem: OdeProblem, time_limit: float) -> dict[str, Any]:
    facts = asdict(problem)
    return {"problem": facts.pop("name"), **facts, "limit": time_limit * len(problem.sides)}


def has_systems(path: Path) -> bool:
    """Whether a file holds rows of `run_odes`."""
    with path.open(encoding="utf-8") as file:
        return tuple(file.readline().strip().split(",")) == COLUMNS


def read_rows(paths: Sequence[Path]) -> pd.DataFrame:
    """Read files written by `run_odes` into one table. If a run occurs twice, the last row counts."""
    import pandas as pd

    tables = [pd.read_csv(path, dtype={"problem": str}) for path in paths]  # some suites number their systems
    return pd.concat(tables, ignore_index=True).drop_duplicates(list(KEY), keep="last")


def markdown(results: pd.DataFrame) -> str:
    """Return the number of systems with each verdict, by suite, noise and method, as Markdown."""
    if results.empty:
        return "No results."
    lines = [f"| suite | noise | thinned | method | systems | {' | '.join(VERDICTS)} | mean CPU s | failed or killed |"]
    lines.append(f"|{'---|' * (len(VERDICTS) + 7)}")
    suites = results["problem"].astype(str).map(suite_of).rename("suite")
    groups = results.groupby([suites, "noise", "thinned", "method", "budget"], sort=False)
    for (suite, noise, thinned, method, budget), part in groups:
        counts = [int(part[name].fillna(0).sum()) for name in VERDICTS]
        shares = [f"{count} ({100 * count / len(part):.0f} %)" for count in counts]
        head = [suite, f"{noise:g}", "half" if thinned else "no", f"{method}, {budget:g} s a state", str(len(part))]
        rest = [f"{part['cpu_s'].mean():.3g}", str(int((part["status"] != "done").sum()))]
        lines.append(f"| {' | '.join([*head, *shares, *rest])} |")
    return "\n".join(lines)
