"""Tables of benchmark results by method, and a picture of laws recovered against time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eqdarts.errors import explain
from eqdarts.plotting.style import COLOURS, new_axes, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["markdown", "plot_recovery", "read_results"]

SETTING = ["suite", "noise"]
EARLIEST = 0.01  # seconds
GAP = 6.0  # between two labels, in percent of the height
TICKS = [digit * 10.0**k for k in range(-2, 5) for digit in (1, 3)]
STYLES = [
    (colour, dash) for dash in ("-", "--", ":") for name, colour in COLOURS.items() if name not in ("grey", "sky")
]


def read_results(paths: Sequence[Path]) -> pd.DataFrame:
    """Read files written by `run_benchmark` into one table. If a run occurs twice, the last row counts."""
    import pandas as pd

    from eqdarts.benchmark.regret import REGRET_COLUMNS
    from eqdarts.benchmark.run import COLUMNS, KEY

    parts = []
    for path in paths:
        part = pd.read_csv(path)
        if missing := [name for name in COLUMNS if name not in part and name not in REGRET_COLUMNS]:
            todo = "Name files written by eqdarts bench."
            raise ValueError(
                explain(f"{path} must have the columns of a file of results.", f"no {', '.join(missing)}", todo)
            )
        parts.append(part.reindex(columns=[*COLUMNS]))
    table: pd.DataFrame = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return table.drop_duplicates(list(KEY), keep="last")


def markdown(results: pd.DataFrame) -> str:
    """Return the results as Markdown: recovered laws by suite and noise, then totals for each method.

    Every method is counted on its own runs; the number after "of" is their number.
    """
    if results.empty:
        return "No results."
    results = _labelled(results)
    methods = list(dict.fromkeys(results["label"]))
    lines = [f"| suite | noise | {' | '.join(methods)} |", f"|---|---|{'---|' * len(methods)}"]
    for (suite, noise), part in results.groupby(SETTING, sort=False):
        cells = [_recovered(part[part["label"] == label]) for label in methods]
        lines.append(f"| {suite or '-'} | {noise:g} | {' | '.join(cells)} |")
    head = (
        "method", "runs", "recovered", "on the front", "median CPU s, recovered", "mean CPU s", "mean wall s",
        "peak MB", "failed or killed",
    )  # fmt: skip
    lines += ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for label in methods:
        lines.append(f"| {' | '.join([label, *_totals(results[results['label'] == label])])} |")
    return "\n".join([*lines, *_regret_lines(results)])


def _regret_lines(results: pd.DataFrame) -> list[str]:
    """Return a table of the laws that were missed and then given, where there are any."""
    if "regret" not in results or not results["regret"].notna().any():
        return []
    head = (
        "suite", "noise", "method", "missed", "chosen when given", "another preferred", "by nats, median",
        "could not be given", "not tried",
    )  # fmt: skip
    lines = ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for (suite, noise, label), part in results.groupby([*SETTING, "label"], sort=False):
        missed = part[part["recovered"] == 0]
        if not missed["regret"].notna().any():
            continue
        n = {kind: int((missed["regret"] == kind).sum()) for kind in ("search", "choice", "failed")}
        nats = missed.loc[missed["regret"] == "choice", "regret_nats"].astype(float).median()
        shares = [_share(count, len(part)) for count in (len(missed), n["search"], n["choice"])]
        rest = "" if nats != nats else f"{nats:.3g}", str(n["failed"]), str(len(missed) - sum(n.values()))
        lines.append(f"| {' | '.join([suite or '-', f'{noise:g}', label, *shares, *rest])} |")
    return lines


def _labelled(results: pd.DataFrame) -> pd.DataFrame:
    """Return the results with a label for each method and budget, and with counts where a run failed."""
    counted = {name: results[name].fillna(0).astype(int) for name in ("recovered", "on_front")}
    label = [f"{method}, {budget:g} s" for method, budget in zip(results["method"], results["budget"], strict=True)]
    return results.assign(**counted, label=label, suite=results["suite"].fillna(""))


def _recovered(part: pd.DataFrame) -> str:
    if part.empty:
        return ""
    return _share(int(part["recovered"].sum()), len(part))


def _share(n: int, n_all: int) -> str:
    return f"{n} of {n_all} ({100 * n / n_all:.0f} %)"


def _totals(part: pd.DataFrame) -> list[str]:
    found = part[part["recovered"] == 1]
    numbers = (found["cpu_s"].median(), part["cpu_s"].mean(), part["wall_s"].mean(), part["peak_rss_mb"].max())
    shown = ["" if value != value else f"{value:.3g}" if value < 100 else f"{value:.0f}" for value in numbers]
    broken = int((part["status"] != "done").sum())
    return [str(len(part)), _recovered(part), str(int(part["on_front"].sum())), *shown, str(broken)]


@styled
def plot_recovery(results: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of the laws recovered against the CPU seconds until the method returned its answer.

    Parameters
    ----------
    results : DataFrame
        As from `read_results`: one line for each method, budget and noise, over all its suites and seeds.
    ax : Axes, optional
    """
    import numpy as np
    from matplotlib.ticker import FixedLocator, NullLocator

    results = _labelled(results)
    if results["noise"].nunique() > 1:
        told = [f", noise {noise:g}" if noise else "" for noise in results["noise"]]
        results = results.assign(label=results["label"] + told)
    ax = new_axes(ax, 5.0, 3.2)
    longest = max(float(results["cpu_s"].max()), float(results["budget"].max()))  # the larger of the two, ignoring NaN
    ends: list[tuple[float, str, str]] = []
    recovered = results.loc[results["recovered"] == 1, "cpu_s"]
    first = max(0.8 * min(float(recovered.min()) if recovered.notna().any() else 1.0, longest), EARLIEST)
    for (label, part), (colour, dash) in zip(results.groupby("label", sort=False), _styles(results), strict=True):
        times = np.sort(part.loc[part["recovered"] == 1, "cpu_s"].dropna().to_numpy(dtype=float))
        shares = 100 * np.arange(len(times) + 1) / len(part)
        ax.step(
            [first, *np.maximum(times, first), longest], [*shares, shares[-1]],
            where="post", color=colour, linestyle=dash, clip_on=False,
        )  # fmt: skip
        ends.append((float(shares[-1]), str(label), colour))
    ax.set_xscale("log")
    ax.set_xlim(first, longest)
    ax.xaxis.set_major_locator(FixedLocator(TICKS))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_ylim(0, 100)
    ax.set_xlabel("CPU seconds")
    ax.set_ylabel("laws recovered (%)")
    for place, (share, label, colour) in zip(_apart([end[0] for end in ends]), ends, strict=True):
        ax.annotate(f"{label}: {share:.0f} %", (1.02, place / 100), xycoords="axes fraction", va="center", color=colour)
    return ax


def _styles(results: pd.DataFrame) -> list[tuple[str, str]]:
    n = results["label"].nunique()
    return [STYLES[k % len(STYLES)] for k in range(n)]


def _apart(heights: Sequence[float]) -> list[float]:
    """Return heights of labels, moved as little as possible so that none covers another."""
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    placed = [0.0] * len(heights)
    below = -GAP
    for k in order:
        placed[k] = below = max(heights[k], below + GAP)
    above = 100.0 + GAP
    for k in reversed(order):
        placed[k] = above = min(placed[k], above - GAP)
    return placed
