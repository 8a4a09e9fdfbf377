"""The table of searches: what reads it, and a strategy of one's own."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.benchmark.run import METHODS
from eqdarts.cli.command import main
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.running import Running
from eqdarts.search.strategies import DEFAULT, SEARCHES, Strategy

X = np.linspace(1.0, 2.0, 30)[:, None]


def squares(running: Running) -> None:
    """Propose one square after the other, and nothing else."""
    drafts = (
        Draft(running.data.n_inputs, [DraftNode("sum", [DraftEdge(i, PRIMITIVES["square"])])])
        for i in range(running.data.n_inputs)
    )
    running.refit("squares", (draft.build() for draft in drafts))


@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_a_search_is_a_row(monkeypatch: pytest.MonkeyPatch, n_jobs: int | None) -> None:
    monkeypatch.setitem(SEARCHES, "squares", Strategy("squares", "squares of inputs", squares))
    model = DARTSRegressor(search="squares", time_limit=None, n_jobs=n_jobs, n_searches=2, random_state=0)
    model.fit(X, 3 * X[:, 0] ** 2 + 0.01 * np.sin(40 * X[:, 0]))
    assert str(model.equation_) == "3*x0**2"
    assert model.history_.stop_reason == "finished"
    assert set(model.history_.stage_seconds) == {"squares"}


def test_the_best_pipeline_is_the_default_and_an_alias() -> None:
    assert DARTSRegressor().search == DEFAULT.name == "auto"
    assert DEFAULT.alias_of is not None
    assert SEARCHES[DEFAULT.alias_of].run is DEFAULT.run
    assert all(name == row.name and row.label for name, row in SEARCHES.items())


def test_checks_benchmark_and_command_line_read_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    own = {name for name, row in SEARCHES.items() if row.alias_of is None}
    assert {method: options.get("search") for method, options in METHODS.items()} == {
        "eqdarts": None,
        **{f"eqdarts-{name}": name for name in own},
    }
    with pytest.raises(ValueError, match=r"There is no such search\. Got 'implicits'\. Did you mean 'implicit'"):
        DARTSRegressor(search="implicits").fit(X, X[:, 0])
    with pytest.raises(SystemExit):
        main(["fit", "--search", "nonsense", "table.csv", "y"])
    said = capsys.readouterr().err
    assert all(name in said for name in SEARCHES)
