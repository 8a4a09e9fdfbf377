"""The README is short, its sample output is what the command prints, and its figures are in the committed results."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from eqdarts import DARTSRegressor
from eqdarts.cli import main
from tests.places import DATASETS, ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
RECOVERY = ROOT / "benchmarks" / "recovery" / "results"
REFITS = 400


@pytest.fixture
def by_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every fit end after a number of refits, so that no clock matters."""
    fit: Callable[..., Any] = DARTSRegressor.fit

    def counted(self: DARTSRegressor, *args: Any, **kwargs: Any) -> DARTSRegressor:
        self.set_params(time_limit=None, max_refits=REFITS)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(DARTSRegressor, "fit", counted)


@pytest.mark.slow
def test_the_sample_output_is_what_the_command_prints(
    by_count: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The README leaves out, as dots, the equations that depend on how long the search runs.
    (sample,) = re.findall(r"^```\n(Pareto front.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    main(["fit", str(DATASETS / "solar_system.csv"), "--target", "period_days", "--seed", "0", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    place = 0
    for part in re.split(r"^\.\.\.\n", sample, flags=re.MULTILINE):
        found = printed.find(part, place)
        assert found >= 0, f"not printed, or in another place:\n{part}\nin:\n{printed}"
        place = found + len(part)


def test_it_is_short_its_python_is_python_and_its_files_are_there() -> None:
    assert len(TEXT.splitlines()) <= 120
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")
    for path in re.findall(r"\]\((?!http)([^)]+)\)|src=\"([^\"]+)\"", TEXT):
        assert (ROOT / "".join(path)).is_file(), path


def _results(file: str, **equal: Any) -> pd.DataFrame:
    table = pd.read_csv(RECOVERY / file)
    for column, value in equal.items():
        table = table[table[column] == value]
    return table


def _of(table: pd.DataFrame) -> str:
    return f"{int(table['recovered'].sum())} of {len(table)}"


def test_the_figures_of_recovery_are_those_of_the_results() -> None:
    alone = _results("feynman_60.csv")
    found = alone[alone["recovered"].astype(bool)]
    assert f"{_of(alone)}; median {found['cpu_s'].median():.1f} CPU-s" in TEXT
    assert _of(_results("others_60.csv")) in TEXT
    noisy = _results("feynman_10_noise.csv")
    low, middle, high = (int(part["recovered"].sum()) for _, part in noisy.groupby("noise"))
    assert f"{low}, {middle} and {high} of 120" in TEXT
    missed = noisy[~noisy["recovered"].astype(bool)]
    assert f"Of the {len(missed)} misses, {int((missed['error'] < 1e-3).sum())} are lookalikes" in TEXT
    operon = _results("feynman_60_pyoperon.csv")
    ours = alone[alone["problem"].isin(operon["problem"])]
    assert f"pyoperon 0.6.2: {_of(operon)} (eqdarts: {int(ours['recovered'].sum())} of these {len(ours)})" in TEXT
    assert f"gplearn 0.4.3: {_of(_results('feynman_60_gplearn.csv'))}" in TEXT
    assert f"autora-theorist-darts 1.1.0: {_of(_results('feynman_60_autora.csv'))}" in TEXT
    for file, words in (("random_10.csv", "random graphs"), ("feynman_10.csv", "the relaxed (DARTS) search")):
        table = pd.read_csv(ROOT / "benchmarks" / "relaxed" / file)
        assert f"{words} {_of(table)}" in TEXT


def test_the_other_figures_are_those_of_the_results() -> None:
    benchmarks = ROOT / "benchmarks"
    noise = pd.read_csv(benchmarks / "noise" / "noise.csv")
    assert f"no, in {int(noise['constant'].sum())} of {len(noise)} tables" in TEXT
    nist = pd.read_csv(benchmarks / "nist" / "results.csv").query("method == 'eqdarts'")
    far, near = (int((nist.query(f"start == {start}")["digits"] >= 6).sum()) for start in (1, 2))
    assert f"{near} from the near start, {far} from the far one" in TEXT
    scale = pd.read_csv(benchmarks / "scale" / "results.csv")
    wide, tall = scale[scale["inputs"] == 50], scale[scale["rows"] == 1_000_000].iloc[0]
    assert f"found in {wide['cpu_seconds'].min():.0f} to {wide['cpu_seconds'].max():.0f} CPU-s" in TEXT
    assert f"{tall['peak_gb']:.1f} GB, {tall['seconds']:.0f} s for a limit of {tall['time_limit']:.0f} s" in TEXT
    coverage = pd.read_csv(benchmarks / "coverage" / "results.csv")
    coefficients = coverage[coverage["what"].str.len() <= 2]["coverage"]
    assert f"in {coefficients.min():.0f} to {coefficients.max():.0f} % of 2000" in TEXT
