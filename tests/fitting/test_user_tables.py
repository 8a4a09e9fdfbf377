"""DataFrames with dates, text and gaps in the estimator."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor
from eqdarts.errors import EqdartsWarning
from eqdarts.fitting.user_tables import Given, given_rows

N = 30
DAYS = pd.date_range("2021-05-01", periods=N)
TABLE = pd.DataFrame(
    {
        "day": DAYS.strftime("%Y-%m-%d"),
        "site": ["low", "high"] * (N // 2),
        "m [g]": [str(k % 7 + 1) for k in range(N)],
        "flat": 1.0,
        "y": 2.0 * np.arange(N) + 5.0 * (np.arange(N) % 2 == 0),
    }
)
TABLE.loc[4, "m [g]"] = "?"
TABLE.loc[9, "y"] = np.nan
GUESS = "a*day + b*`site=low`"


def _model(**given: object) -> DARTSRegressor:
    quick = {"search": "random", "max_refits": 20, "time_limit": None, "random_state": 0, "guesses": [GUESS]}
    return DARTSRegressor(**{**quick, **given})


@pytest.fixture(scope="module")
def model() -> DARTSRegressor:
    with pytest.warns(EqdartsWarning) as told:
        found = _model().fit(TABLE.drop(columns="y"), TABLE["y"], sample_weight=np.ones(N))
    assert [str(one.message) for one in told] == [
        "The law is chosen without 2 of 30 rows, which have missing values: 1 in 'm', 1 in 'y'."
    ]
    return found


def test_dates_text_and_gaps_need_no_work_of_the_user(model: DARTSRegressor) -> None:
    assert model.equation_.format() == "y = 2*day + 5*`site=low`"
    assert model.run_.rows.n_all == model.inference().n_rows == N - 1
    assert model.columns_["became"].tolist() == [
        "days since 2021-05-01",
        "1 or 0: site=low; high where all are 0",
        "number; its gaps cost no row, since the law does not use it",
        "left out: the same in all rows: 1",
    ]
    assert model.columns_["unit"].tolist() == ["d", "", "g", ""]
    assert model.feature_names_in_.tolist() == ["day", "site", "m [g]", "flat"]
    assert model.n_features_in_ == 4


def test_predictions_for_the_raw_columns_are_the_same_after_load(model: DARTSRegressor, tmp_path: Path) -> None:
    model.save(tmp_path / "law.json")
    loaded = DARTSRegressor.load(tmp_path / "law.json")
    new = TABLE[["site", "day"]].iloc[::-1].assign(day=DAYS[::-1])
    for one in (model, loaded):
        np.testing.assert_allclose(one.predict(new)[::-1][10:], TABLE["y"][10:])
        assert one.predict_interval(new).shape == (N, 2)
        assert one.score(TABLE, TABLE["y"]) > 0.999
    assert loaded.columns_.equals(model.columns_)
    assert loaded.feature_names_in_.tolist() == model.feature_names_in_.tolist()


def test_a_gap_in_new_rows_is_a_gap_in_predictions(model: DARTSRegressor) -> None:
    with pytest.warns(EqdartsWarning, match=r"undefined at 1 of 30 row\(s\) \(a value is missing in 1 of these\)"):
        predicted = model.predict(TABLE.assign(day=[None, *TABLE["day"][1:]]))
    assert np.flatnonzero(np.isnan(predicted)).tolist() == [0]
    with pytest.raises(ValueError, match=r"Got 'middle' in row 1. Known: high, low"):
        model.predict(TABLE.assign(site="middle"))


def test_arrays_and_plain_tables_are_as_before() -> None:
    X, y = np.arange(12.0)[:, None] + 1, np.arange(12.0)
    given = Given(X, y, None, None)
    found = given_rows(given, None, {"guesses": None})
    assert found.X is X
    assert found.y is y
    model = _model(guesses=None).fit(X, y)
    assert model.columns_ is None
    frame = pd.DataFrame(X, columns=["x"])
    plain = _model(guesses=None).fit(frame, y)
    assert plain.equation_.format().replace("x", "x0") == model.equation_.format()
    assert plain.columns_["became"].tolist() == ["number"]
    gap = frame.where(frame != 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        assert np.flatnonzero(np.isnan(plain.predict(gap))).tolist() == [2]


def test_rows_with_gaps_in_columns_without_use_count_in_the_coefficients(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.uniform(1, 5, N), "z": rng.normal(size=N)})
    y = pd.Series(2 * X["x"] + rng.normal(size=N), name="y")
    X.loc[:9, "z"] = np.nan
    weight = 1.5 + np.arange(N) % 2
    with pytest.warns(EqdartsWarning, match="The law is chosen without 10 of 30 rows"):
        model = _model(guesses=["a*x"], snap=False).fit(X, y, sample_weight=weight)
    whole = _model(guesses=["a*x"], snap=False).fit(X[["x"]], y, sample_weight=weight)
    found, known = model.inference(), whole.inference()
    np.testing.assert_allclose(found.estimate, known.estimate, rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, known.standard_error, rtol=1e-9)
    said = "The law does not use z: 10 rows with gaps there count in its coefficients."
    assert model.run_.columns.steps()[-1] == said
    assert f"Coefficients and intervals come from 30 rows. {said}" in " ".join(model.summary(profile=False).split())
    model.save(tmp_path / "law.json")
    for one in (model, DARTSRegressor.load(tmp_path / "law.json")):
        assert one.predict(X[["x"]]).tolist() == model.predict(X).tolist()


def test_with_groups_rows_with_gaps_come_back_too_and_with_them_their_groups() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"who": np.repeat(list("abc"), 10), "x": rng.uniform(1, 5, N), "z": rng.normal(size=N)})
    y = pd.Series(np.repeat([2.0, 3.0, 5.0], 10) * X["x"] + rng.normal(size=N) / 20, name="y")
    X.loc[[3, *range(20, N)], "z"] = np.nan
    with pytest.warns(EqdartsWarning, match="The law is chosen without 11 of 30 rows"):
        model = _model(guesses=["a*x"], primitives="minimal", max_refits=2, max_complexity=5).fit(X, y, groups="who")
    own = model.coefficients_by_group_
    for label, rows in X.groupby("who"):
        x = rows["x"]
        assert own.loc[label].iloc[0] == pytest.approx(x @ y[rows.index] / (x @ x), rel=1e-9)
    assert model.columns_["became"].tolist()[1] == "left out: the law does not use it, so its gaps cost no row"
    assert model.predict(X.drop(columns="z")).tolist() == model.predict(X).tolist()
    said = "come from 30 rows. The law does not use z: 11 rows with gaps there count in its coefficients."
    assert said in " ".join(model.summary().split())


def test_a_robust_fit_says_what_gaps_without_use_cost() -> None:
    x = np.arange(1.0, N + 1)
    X = pd.DataFrame({"x": x, "z": np.where(x == 5, np.nan, x % 4)})
    with pytest.warns(EqdartsWarning) as told:
        _model(guesses=["a*x"], loss="absolute", max_refits=5).fit(X, pd.Series(2 * x, name="y"))
    assert "The law does not use 'z', whose gaps cost 1 of the rows." in str(told[-1].message)
