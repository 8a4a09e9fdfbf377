"""Tables and the picture of results, methods side by side."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from eqdarts.benchmark.run import COLUMNS
from eqdarts.benchmark.table import _apart, markdown, plot_recovery, read_results


def results() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for method, share in (("eqdarts", 0.9), ("pyoperon", 0.5), ("eqdarts-random", 0.2)):
        for k in range(20):
            recovered = int(k < 20 * share)
            rows.append(
                dict.fromkeys(COLUMNS)
                | {
                    "suite": "feynman", "problem": f"p{k}", "method": method, "seed": 0, "noise": 0.0, "rows": 1000,
                    "budget": 60.0, "status": "done", "recovered": recovered, "on_front": recovered,
                    "cpu_s": float(10 ** rng.uniform(-0.5, 1.7)), "wall_s": 1.0, "peak_rss_mb": 400.0,
                }
            )  # fmt: skip
    rows[-1] |= {"status": "killed", "cpu_s": None}
    return pd.DataFrame(rows)


def test_the_table_has_the_methods_side_by_side() -> None:
    text = markdown(results())
    assert "| suite | noise | eqdarts, 60 s | pyoperon, 60 s | eqdarts-random, 60 s |" in text
    assert "| feynman | 0 | 18 of 20 (90 %) | 10 of 20 (50 %) | 4 of 20 (20 %) |" in text
    assert text.splitlines()[-1].endswith("| 1 |")
    assert markdown(results().iloc[:0]) == "No results."


def test_the_table_says_what_the_search_missed() -> None:
    assert "chosen when given" not in markdown(results())
    table = results().query("method == 'eqdarts'").assign(recovered=[1] * 14 + [0] * 6)
    table["regret"] = [None] * 14 + ["search", "search", "search", "choice", "choice", "failed"]
    table["regret_nats"] = [None] * 14 + [0, 0, 0, 2.0, 5.0, None]
    last = markdown(table).splitlines()[-1]
    assert last == "| feynman | 0 | eqdarts, 60 s | 6 of 20 (30 %) | 3 of 20 (15 %) | 2 of 20 (10 %) | 3.5 | 1 | 0 |"


def test_the_plot_ends_at_the_share_recovered() -> None:
    ax = plot_recovery(results())
    ends = [line.get_ydata()[-1] for line in ax.get_lines()]
    assert ends == [90.0, 50.0, 20.0]
    for line in ax.get_lines():
        assert (np.diff(line.get_ydata()) >= 0).all()
    assert ax.texts[0].get_text() == "eqdarts, 60 s: 90 %"


def test_noise_has_a_line_of_its_own() -> None:
    ax = plot_recovery(pd.concat([results(), results().assign(noise=0.1, recovered=0)]))
    assert len(ax.get_lines()) == 6
    assert "eqdarts, 60 s, noise 0.1: 0 %" in [text.get_text() for text in ax.texts]


def test_labels_do_not_cover_each_other() -> None:
    for heights in ([90.0, 90.0, 89.0], [0.0, 100.0, 100.0, 99.0], [50.0], []):
        placed = sorted(_apart(heights))
        assert all(b - a >= 5.999 for a, b in itertools.pairwise(placed))
        assert all(-20 <= place <= 100 for place in placed)


def test_of_a_run_that_stands_twice_the_last_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    rows = results()
    rows.to_csv(first, index=False)
    rows.head(30).assign(recovered=0).to_csv(second, index=False)
    read = read_results([first, second])
    assert len(read) == len(rows)
    assert read["recovered"].sum() == rows["recovered"][30:].sum()


def test_a_file_of_no_rows_is_no_trouble(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    results().iloc[:0].to_csv(empty, index=False)
    assert markdown(read_results([empty])) == "No results."
    results().to_csv(tmp_path / "full.csv", index=False)
    assert len(read_results([empty, tmp_path / "full.csv"])) == 60
