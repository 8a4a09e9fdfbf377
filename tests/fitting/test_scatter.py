"""The kind of scatter is chosen with the law, and everything that is told of the law uses it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import prepare
from eqdarts.fitting.front import Entry
from eqdarts.fitting.scatter import ByKind, Scatter, explained_by_neighbours, relative_model, with_weights
from eqdarts.fitting.stages import Stages
from eqdarts.fitting.table import Table
from eqdarts.graph.draft import Draft, DraftNode
from eqdarts.graph.fitted import FittedGraph
from eqdarts.selection import Candidate
from tests.fits import QUICK

KINDS = {
    "constant": lambda f: 0.1 * np.abs(f).mean() + 0 * f,
    "relative": lambda f: 0.15 * f,
    "poisson": lambda f: 0.3 * np.sqrt(f),
    "both": lambda f: np.hypot(0.02 * np.abs(f).mean(), 0.2 * f),
}


def decay(kind: str, n: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.2, 10, n)
    f = 40 * np.exp(-0.5 * x)
    return x[:, None], f + KINDS[kind](f) * rng.normal(size=n)


@cache
def fitted(kind: str) -> DARTSRegressor:
    return DARTSRegressor(**QUICK, noise="auto").fit(*decay(kind))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_law_and_kind_are_found_together(kind: str) -> None:
    model = fitted(kind)
    assert model.noise_.kind == kind
    assert model.noise_.by == "rows"
    rate = Equation.parse("a*exp(b*x0)").fit(
        pd.DataFrame({"x0": [0.5, 2.0, 6.0]}), model.predict([[0.5], [2.0], [6.0]])
    )
    assert rate.coefficients["b"] == pytest.approx(-0.5, abs=0.03)
    assert ("nats longer" in str(model.noise_)) == (kind != "constant")
    assert (str(model.noise_) in model.selection_) == (kind != "constant")


@pytest.mark.slow
def test_few_decades_and_powers_of_the_inputs_survive_large_relative_errors() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 5, (200, 4))
    f = X[:, 2] ** 2 * X[:, 3] / (X[:, 0] ** 2 * X[:, 1])
    options = {"time_limit": None, "max_refits": 600, "random_state": 0}
    model = DARTSRegressor(**options).fit(X, f * (1 + 0.4 * rng.normal(size=200)))
    assert model.noise_.kind == "relative"
    assert model.noise_.size == pytest.approx(0.4, rel=0.2)
    np.testing.assert_allclose(model.predict(X), f, rtol=0.25)


@pytest.mark.slow
def test_standard_errors_and_intervals_are_those_of_the_weights() -> None:
    model = fitted("relative")
    X, y = decay("relative")
    f = model.predict(X)
    np.testing.assert_allclose(np.ptp(np.log(model.run_.rows.weight * f**2)), 0, atol=1e-6)
    error = model.inference().standard_error
    plain = model.equation_.fit(X, y, sample_weight=1 / f**2)
    np.testing.assert_allclose(list(plain.coefficients.values()), model.inference().estimate, rtol=1e-5)
    assert (error > 0).all()
    # The band of new rows has the width of their own scatter.
    ends = model.predict_interval([[1.0], [9.0]])
    values = model.predict([[1.0], [9.0]])
    np.testing.assert_allclose((ends[:, 1] - ends[:, 0]) / values, 2 * 1.98 * 0.15, rtol=0.2)
    std = model.predict([[1.0], [9.0]], return_std=True)[1]
    np.testing.assert_allclose(std / values, 0.15, rtol=0.2)
    assert "grows in proportion" in model.summary(profile=False)


def test_equations_of_the_front_have_their_own_weights() -> None:
    model = fitted("relative")
    chosen = model.inference()
    assert not any("standard errors from the least squares" in note for note in chosen.notes)
    for k, law in enumerate(model.front_):
        found = model.inference(k)
        if law is not model.equation_:
            f = law.predict(decay("relative")[0])
            assert not np.allclose(found.sigma, chosen.sigma)
            assert np.isfinite(f).all()


@pytest.mark.slow
def test_a_constant_is_kept_where_the_user_says_so_and_for_given_weights() -> None:
    X, y = decay("relative")
    assert DARTSRegressor(**QUICK, noise="constant").fit(X, y).noise_.kind == "constant"
    given = DARTSRegressor(**QUICK).fit(X, y, sigma=0.15 * 40 * np.exp(-0.5 * X[:, 0]))
    assert (given.noise_.kind, given.noise_.by) == ("constant", "sigma")
    assert str(given.noise_) == "The scatter follows the sigma given"
    assert DARTSRegressor(**QUICK).fit(X, y, sample_weight=np.full(150, 0.5)).noise_.by == "weights"


@pytest.mark.slow
def test_the_users_kind_is_used() -> None:
    noise = DARTSRegressor(**QUICK, noise="poisson").fit(*decay("relative")).noise_
    assert (noise.kind, noise.by) == ("poisson", "user")


def test_a_kind_is_refused_where_something_else_says_it_already() -> None:
    X, y = decay("relative", 30)
    with pytest.raises(ValueError, match=r"without weights and with squared residuals\. Got 'relative' and sigma"):
        DARTSRegressor(noise="relative").fit(X, y, sigma=1.0)
    with pytest.raises(ValueError, match="Got 'both' and loss='huber'"):
        DARTSRegressor(noise="both", loss="huber").fit(X, y)
    with pytest.raises(ValueError, match=r"There is no such noise\. Got 'relativ'"):
        DARTSRegressor(noise="relativ").fit(X, y)


@pytest.mark.slow
def test_a_saved_fit_has_its_noise(tmp_path: Path) -> None:
    model = fitted("relative")
    model.save(tmp_path / "law.json")
    again = DARTSRegressor.load(tmp_path / "law.json")
    assert again.noise_ == model.noise_
    np.testing.assert_array_equal(again.predict_interval([[2.0]]), model.predict_interval([[2.0]]))


def test_exact_rows_have_no_other_kind() -> None:
    x = np.linspace(0.1, 8, 60)[:, None]
    model = DARTSRegressor(**QUICK).fit(x, 40 * np.exp(-0.5 * x[:, 0]))
    assert model.noise_.kind == "constant"


@pytest.mark.slow
def test_few_rows_over_decades_have_relative_errors() -> None:
    rng = np.random.default_rng(1)
    x = np.geomspace(0.1, 50, 11)
    model = DARTSRegressor(**QUICK).fit(x[:, None], 3 * x**1.5 * (1 + 0.02 * rng.normal(size=11)))
    assert model.noise_.kind == "relative"
    narrow = np.linspace(1, 3, 11)
    model = DARTSRegressor(**QUICK).fit(narrow[:, None], 3 * narrow**1.5 * (1 + 0.02 * rng.normal(size=11)))
    assert model.noise_.kind == "constant"


def test_the_smooth_model_tells_relative_errors_from_constant_ones() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 5, (300, 2))
    f = X[:, 0] ** 3 / X[:, 1] ** 2
    model = relative_model(X, f * np.exp(0.4 * rng.normal(size=300)))
    assert model is not None
    assert np.abs(np.log(model / f)).mean() < 0.3
    assert relative_model(X, f + f.std() * 0.1 * rng.normal(size=300)) is None
    assert relative_model(X, f) is None


def test_neighbours_explain_a_misfit_and_no_noise() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 1, (300, 2))
    assert abs(explained_by_neighbours(X, rng.normal(size=300))) < 0.2
    assert explained_by_neighbours(X, np.sin(3 * X[:, 0]) - X[:, 1]) > 0.8


def test_a_fit_by_a_kind_is_at_the_weights_of_its_own_values() -> None:
    X, y = decay("relative")
    table = Table(X, y, None, ("x0",), None)
    by = ByKind("relative", table, table.kept(np.arange(150)))
    law = by.settle(Equation.parse("30.0*exp(-0.4*x0)"))
    f = by.predicted(law)
    again = law.fit(X, y, sample_weight=1 / f**2)
    np.testing.assert_allclose(sorted(again.coefficients.values()), sorted(law.coefficients.values()), rtol=1e-5)
    assert by.candidate(law, 10.0).loss < by.candidate(Equation.parse("30.0*exp(-0.4*x0)"), 10.0).loss


def test_other_weights_leave_the_scales() -> None:
    data = prepare(*decay("relative"), None, 0.3, np.random.default_rng(0))
    other = with_weights(data, np.linspace(1, 5, 150))
    assert other.y_scale == data.y_scale
    assert other.weight.mean() == pytest.approx(1)


def test_of_a_long_table_only_the_rows_of_the_fit_are_looked_at() -> None:
    X, y = decay("relative", 20_000)
    y[::2] = 1e6  # not among the rows of the fit, and no law holds there
    table = Table(X, y, None, ("x0",), None)
    graph, start = Draft(1, [DraftNode("sum", [], 0.0)]).build()
    law = Equation.parse("40.0*exp(-0.5*x0)", ["x0"])
    data = prepare(X, y, None, 0.3, np.random.default_rng(0))
    entry = Entry(FittedGraph(graph, start, 1.0), law, Candidate(5, 2, 1.0, 10.0), data)
    noise, f = Scatter(table).told([entry], np.arange(1, 20_000, 2))
    assert noise.kind == "relative"
    assert noise.size == pytest.approx(0.15, rel=0.05)
    assert f is not None
    np.testing.assert_allclose(f, law.predict(X), rtol=0.05)


def test_only_the_shortest_laws_and_the_best_of_each_small_size_are_fitted_by_a_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    t = np.linspace(0, 3, 40)
    table = Table(t[:, None], np.exp(-t) * (1 + 0.1 * np.sin(9 * t)), None, ("t",), None)
    data = prepare(table.X, table.y, None, 0.25, np.random.default_rng(0))
    graph = FittedGraph(Draft(1, [DraftNode("sum", [], 1.0)]).build()[0], (1.0,), 0.1)
    kept = Candidate(1, 1, 0.2, 1.0, kept=True)
    laws = [("0.4", kept), ("exp(-t)", Candidate(5, 1, 0.01, 9.0)), ("exp(-2*t)", Candidate(5, 1, 0.1, 9.0))]
    laws += [("exp(-t) + t/9", Candidate(30, 2, 0.05, 60.0))]
    entries = [Entry(graph, Equation.parse(text, ["t"]), candidate, data) for text, candidate in laws]
    monkeypatch.setattr("eqdarts.fitting.scatter.MOST_AGAIN", 1)
    assert Scatter(table).promising("relative", entries, np.arange(40)) == entries[:2]
    monkeypatch.setattr("eqdarts.fitting.scatter.MOST_IN_HASTE", 2)
    assert set(map(id, Scatter(table).promising("relative", entries, np.arange(40), in_haste=True))) == {
        id(entry) for entry in entries[:2]
    }
    monkeypatch.setattr("eqdarts.fitting.scatter.MOST_AGAIN", 4)
    assert Scatter(table).promising("relative", entries, np.arange(40)) == entries


@pytest.mark.slow
def test_when_the_time_is_up_laws_of_the_weighted_search_are_fitted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    mass = np.exp(rng.uniform(-3, 8, 60))
    rate = 4 * mass**0.7 * np.exp(0.3 * rng.normal(size=60))
    by_scatter, priced = Stages._by_scatter, Stages._priced
    n_members: list[int] = []

    def in_haste(self: Stages, *given: Any) -> Any:
        monkeypatch.setattr(Stages, "_until", lambda self, step: -1.0)
        return by_scatter(self, *given)

    def counted(self: Stages, members: Any, *given: Any, **by: Any) -> Any:
        n_members.append(len(members[-1]))  # of the search with weights
        return priced(self, members, *given, **by)

    monkeypatch.setattr(Stages, "_by_scatter", in_haste)
    monkeypatch.setattr(Stages, "_priced", counted)
    DARTSRegressor(**(QUICK | {"max_refits": 60})).fit(pd.DataFrame({"mass": mass}), rate)
    assert len(n_members) == 2  # by squares, and by the scatter
    assert n_members[1] > 0
