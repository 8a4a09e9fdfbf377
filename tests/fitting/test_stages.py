"""One fit as a function of a table and settings, without an estimator."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning
from eqdarts.fitting import choice
from eqdarts.fitting.by_loss import Reweighting
from eqdarts.fitting.checks import checked_settings
from eqdarts.fitting.choice import LEAST_WRITTEN
from eqdarts.fitting.settings import FitSettings, time_for_search
from eqdarts.fitting.stages import fit_table
from eqdarts.fitting.table import Table


def settings(**given: object) -> FitSettings:
    defaults = DARTSRegressor().get_params()
    return checked_settings({**defaults, "search": "random", "time_limit": None, "max_refits": 60, **given}, defaults)


def line() -> Table:
    x = np.linspace(1.0, 2.0, 30)
    return Table(x[:, None], 3 * x + 0.1 * np.sin(20 * x), None, ("x",), "y")


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_a_table_and_settings_give_a_run(loss: str) -> None:
    run = fit_table(line(), settings(loss=loss), np.random.default_rng(0))
    assert run.equation.predict([[1.5]]) == pytest.approx([4.5], abs=0.2)
    assert (run.loss, run.names, run.named) == (loss, ("x",), True)
    assert len(run.members) == len(run.equations) == len(run.table)
    assert run.graph == run.members[run.chosen]
    assert set(run.changed) == {"search", "time_limit", "max_refits"} | ({"loss"} if loss != "squared" else set())
    assert run.settings["max_refits"] == "60"


@pytest.mark.slow
def test_the_same_generator_gives_the_same_run_and_a_run_can_be_started_from() -> None:
    first, second = (fit_table(line(), settings(), np.random.default_rng(4)) for _ in range(2))
    assert first.equations == second.equations
    third = fit_table(line(), settings(max_refits=2), np.random.default_rng(5), before=first)
    assert third.table["loss"].min() <= first.table["loss"].min() * (1 + 1e-9)


@pytest.mark.slow
def test_a_fit_by_another_loss_writes_no_more_than_it_must_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[Equation] = []
    original = Reweighting.settle

    def settle(self: Reweighting, equation: Equation) -> Equation:
        settled.append(equation)
        return original(self, equation)

    monkeypatch.setattr(Reweighting, "settle", settle)
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 3, (60, 2))
    table = Table(x, x[:, 0] * np.exp(-x[:, 1]) + 0.05 * rng.normal(size=60), None, ("a", "b"), "y")
    # Two searches, and after each of them Huber's loss chooses twice.
    fit_table(table, settings(loss="huber", max_refits=300), np.random.default_rng(0))
    assert len(settled) > 1.5 * 4 * LEAST_WRITTEN
    settled.clear()
    monkeypatch.setattr("eqdarts.fitting.stages.Stages._has_time", lambda *_: False)
    run = fit_table(table, settings(loss="huber", max_refits=300), np.random.default_rng(0))
    assert len(settled) == 4 * LEAST_WRITTEN
    assert "exp(-" in str(run.equation)


@pytest.mark.slow
def test_what_is_not_written_because_the_time_is_up_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings(search="implicit", max_refits=600)
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3, (60, 2))
    table = Table(X, X[:, 0] * np.exp(-X[:, 1]) + 0.05 * rng.normal(size=60), None, ("a", "b"), "y")
    everything = fit_table(table, given, np.random.default_rng(0))
    assert "The time was up" not in everything.selection
    monkeypatch.setattr("eqdarts.fitting.stages.Stages._has_time", lambda *_: False)
    cut = fit_table(table, given, np.random.default_rng(0))
    assert re.search(r"The time was up before \d+ of the refitted graphs were written as equations", cut.selection)


def test_without_snapping_the_decimals_stay() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(1.0, 2.0, 40)
    table = Table(x[:, None], x / 2 + 1e-3 * rng.normal(size=40), None, ("x",), "y")
    exact = fit_table(table, settings(), np.random.default_rng(0))
    assert (exact.equation.format(), len(exact.snaps)) == ("y = x/2", 1)
    decimal = fit_table(table, settings(snap=False), np.random.default_rng(0))
    assert decimal.snaps == ()
    assert decimal.equation.format() != "y = x/2"


def test_a_front_has_the_constant_the_line_and_every_guess_and_says_what_became_of_guesses() -> None:
    guesses = ["a*x**2 + b*sin(3*x)", "a*x + b"]
    run = fit_table(line(), settings(guesses=guesses), np.random.default_rng(0))
    shown = [equation.expr for equation in run.equations]
    assert any(not expr.free_symbols for expr in shown)
    assert any(str(expr).count("x") == 1 and "sin" not in str(expr) and "**" not in str(expr) for expr in shown)
    assert any("x**2" in str(expr) and "sin" in str(expr) for expr in shown)
    for guess in guesses:
        assert f"The guess {guess} " in run.selection
    assert "nats longer than the chosen equation" in run.selection


def test_most_of_a_long_limit_and_a_share_of_a_short_one_is_for_the_search() -> None:
    assert time_for_search(1000.0) == pytest.approx(967.5)
    assert time_for_search(2.0) == pytest.approx(1.5)


# --- stages that end in a numerical error ---


def failing(wanted: Callable[..., bool] = lambda *_, **__: True, usual: Any = None) -> Callable[..., Any]:
    """Return a stage that raises where `wanted` says so, and does the usual elsewhere."""

    def stage(*given: Any, **more: Any) -> Any:
        if wanted(*given, **more):
            raise np.linalg.LinAlgError("SVD did not converge")
        return usual(*given, **more)

    return stage


def is_law(found: Any, *_: Any, **__: Any) -> bool:
    """Whether a member, or a candidate for choice, is more than a constant."""
    return bool((found.graph if hasattr(found, "graph") else found).complexity > 1)


FAILING = (
    # stage, function that raises, what it does for a constant, parameters
    ("refit to all rows", "stages.refit_front", None, {}),
    ("writing of an equation", "choice._written", choice._written, {}),
    ("price of an equation", "choice.on_range", choice.on_range, {}),
    ("losses on the rows held back", "stages.with_held_out", None, {"selection": "validation"}),
    ("evidence for the primitives", "choice.evidence", None, {}),
    ("structure of the law", "stages.structure_of", None, {}),
    ("exact constants", "stages.snap_chosen", None, {}),
    ("refit to all rows", "stages.refit_front", None, {"loss": "absolute"}),
    ("last refit by the loss", "stages.Reweighting.finish", None, {"loss": "absolute"}),
    ("evidence for the primitives", "choice.evidence", None, {"loss": "absolute"}),
    ("structure of the law", "stages.structure_of", None, {"loss": "absolute"}),
    ("exact constants", "stages.snap_reweighted", None, {"loss": "absolute"}),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "function", "usual", "given"), FAILING, ids=[f"{row[0]} {row[3].get('loss', '')}" for row in FAILING]
)
def test_a_stage_that_fails_is_left_out_and_told_once(
    stage: str, function: str, usual: Any, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = failing() if usual is None else failing(is_law, usual)
    monkeypatch.setattr(f"eqdarts.fitting.{function}", stand_in)
    table = line()
    model = DARTSRegressor("minimal", search="random", time_limit=None, max_refits=60, random_state=0, **given)
    with pytest.warns(EqdartsWarning) as told:
        model.fit(table.X, table.y)
    assert [str(warning.message) for warning in told] == [
        f"Left out after a numerical error: {stage} (LinAlgError: SVD did not converge). The fit went on without it."
    ]
    assert told[0].filename == __file__
    assert np.isfinite(model.predict(table.X)).all()
    assert list(model.history_.left_out) == [stage]


def test_a_stage_of_the_search_is_told_by_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqdarts.search.evaluator.simple_exponents", failing())
    table = line()
    for n_jobs in (None, 1):
        model = DARTSRegressor(search="random", n_jobs=n_jobs, time_limit=None, max_refits=60, random_state=0)
        with pytest.warns(EqdartsWarning, match="refinement of the front") as told:
            model.fit(table.X, table.y)
        assert len(told) == 1
        assert model.equation_.complexity > 1
