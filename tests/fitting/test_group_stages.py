"""A whole fit with groups."""

from __future__ import annotations

import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.equation.groups import row_groups
from eqdarts.expression.parse import parse_formula
from eqdarts.fitting.group_forms import GroupForm
from eqdarts.fitting.group_stages import _GroupFit, _in_names_of_guesses, _Law
from eqdarts.fitting.group_waves import n_waves
from eqdarts.fitting.table import Table
from eqdarts.selection import Candidate
from tests.fits import QUICK, grown, trees


def test_a_law_is_found_whose_constants_differ_as_they_should() -> None:
    model = grown()
    X, y = trees()
    assert model.equation_.groups is not None
    assert model.equation_.groups.names == ("f_tree",)  # the name that the guess has
    table = model.coefficients_by_group_
    assert table.index.tolist() == ["T0", "T1", "T2", "T3"]
    assert (np.abs(table["f_tree"] - [2, 3, 4, 5]) < 3 * table["f_tree_error"]).all()
    assert "f_tree has a value for each tree." in model.selection_
    assert model.score(X, y) > 0.99
    np.testing.assert_allclose(model.predict(X[["age"]], groups=X["tree"]), model.predict(X))


def test_files_and_pickles_keep_the_groups(tmp_path: pytest.TempPathFactory) -> None:
    model, X = grown(), trees()[0]
    path = f"{tmp_path}/law.json"
    model.save(path)
    loaded = DARTSRegressor.load(path)
    for again in (loaded, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.coefficients_by_group_.equals(model.coefficients_by_group_)
        assert again.equation_ == model.equation_


def test_standard_deviations_and_intervals_are_those_of_the_group() -> None:
    model, (X, y) = grown(), trees()
    values, std = model.predict(X, return_std=True)
    low, high = model.predict_interval(X).T
    assert ((low < y) & (y < high)).mean() > 0.85
    assert (std > 0.013).all()
    law = model.predict_interval(X, observation=False)
    assert ((law[:, 0] > low) & (law[:, 1] < high)).all()
    np.testing.assert_allclose(law.mean(axis=1), values)


def test_a_new_tree_is_adapted() -> None:
    model, (X, y) = pickle.loads(pickle.dumps(grown())), trees()
    with pytest.raises(ValueError, match="Call adapt"):
        model.predict(X[["age"]], groups="oak")
    rows = X["tree"] == "T2"
    model.adapt(X.loc[rows, ["age"]], y[rows], groups=["oak"] * int(rows.sum()))
    found = model.coefficients_by_group_["f_tree"]
    assert found["oak"] == pytest.approx(found["T2"], rel=1e-4)


def test_a_long_table_keeps_rows_of_every_group(monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdarts.fitting import group_stages

    monkeypatch.setattr(group_stages, "MOST_ROWS", 20)
    labels = ["large"] * 50 + ["small"] * 5
    weight = np.ones(55)
    weight[-1] = 0.0
    table = Table(np.arange(55.0)[:, None], np.arange(55.0), weight, ("x",), "y")
    rows, groups = group_stages._rows(table, row_groups(labels, "g"), np.random.default_rng(0))
    assert np.bincount(groups.place).tolist() == [16, 4]
    assert rows.X.shape == (20, 1)


def test_curves_that_do_not_repeat_have_no_sums_of_waves_unless_the_user_guessed_them() -> None:
    t, own = np.tile(np.linspace(0, 10, 20), 3), np.repeat([0.2, 0.25, 0.3], 20)
    table, groups = Table(t[:, None], np.sin(own * t), None, ("t",), "y"), row_groups(own, "g")
    settings = SimpleNamespace(selection="mdl", time_limit=None)
    watch = SimpleNamespace(callback=None, interrupts=SimpleNamespace(seen=False))
    fit = _GroupFit(table, groups, settings, np.random.default_rng(0), 0.0, watch, 60)  # type: ignore[arg-type]
    wave = GroupForm(parse_formula("a*sin(k*t)").expr, ("a", "k"), (np.array([1.0, 0.25]),), 5.0)
    three = parse_formula("a*sin(k*t) + sin(2*t) + cos(3*t)").expr
    laws = fit._laws([wave, replace(wave, formula=three), replace(wave, kept=True)])
    assert all(n_waves(law.form.formula) == 1 for law in laws)
    own_rates = {law.form.kept: bool(law.choice.own[1]) for law in laws if law.form.names == wave.names}
    assert own_rates == {True: True, False: False}


def test_a_guess_that_a_search_finds_too_keeps_its_names_and_the_shorter_structure() -> None:
    def law(kept: bool, structure: float, loss: float) -> _Law:
        return _Law(None, None, None, Candidate(5, 4, loss, structure, kept=kept))  # type: ignore[arg-type]

    laws = [law(True, 9.0, 2.0), law(False, 6.0, 2.0 + 1e-9), law(False, 5.0, 1.0)]
    found = [law.candidate for law in _in_names_of_guesses(laws)]
    assert [(one.kept, one.structure, one.loss) for one in found] == [(True, 6.0, 2.0), (False, 5.0, 1.0)]


@pytest.mark.slow
def test_a_callback_sees_the_share_of_the_whole_fit_and_may_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdarts.fitting import progress

    monkeypatch.setattr(progress, "EVERY", 0.0)
    shares: list[float] = []

    def stop(moment: progress.FitProgress) -> bool:
        shares.append(moment.share)
        return moment.share > 0.05  # the first of the searches has the first fifth

    model = DARTSRegressor(**QUICK).fit(*trees(), groups="tree", callback=stop)
    assert shares == sorted(shares)
    assert 0.05 < shares[-1] < 0.5
    assert model.history_.stop_reason == "callback"


def test_what_groups_do_not_take_is_an_error_before_the_search() -> None:
    X, y = trees()
    with pytest.raises(ValueError, match="needs loss='squared'"):
        DARTSRegressor(**QUICK, loss="huber").fit(X, y, groups="tree")
    with pytest.raises(ValueError, match="must be a column of X"):
        DARTSRegressor(**QUICK).fit(X, y, groups="Tree")
