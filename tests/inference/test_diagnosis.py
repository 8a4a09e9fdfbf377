"""What residuals say of the measurements."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import FitRows
from eqdarts.inference.by_loss import diagnosis_by_loss
from eqdarts.inference.diagnosis import Diagnosis, diagnosis
from eqdarts.report.page import report_page
from tests.helpers import QUICK

N = 80
X = np.linspace(1, 5, N)
F = 2 + 3 * X


def _seen(residual: np.ndarray, whole: bool = True) -> Diagnosis:
    return diagnosis(residual, F, {"x": X}, whole)


@pytest.mark.slow
def test_even_independent_scatter_is_no_reason_for_a_sentence() -> None:
    told = [_seen(np.random.default_rng(seed).normal(size=N)).sentences for seed in range(300)]
    assert sum(map(bool, told)) <= 9


def test_outlying_rows_are_named_by_number() -> None:
    residual = np.random.default_rng(0).normal(size=N)
    residual[[11, 40]] = 30, -9
    seen = _seen(residual)
    assert [row for row, _ in seen.outlying] == [11, 40]
    assert len(seen.sentences) == 1
    assert "2 row(s) miss the law by up to" in seen.sentences[0]
    assert "(counted from 1: 12, 41)" in seen.sentences[0]
    assert "counted" not in _seen(residual, whole=False).sentences[0]
    residual[:10] = 100
    assert "and 7 more" in _seen(residual).sentences[0]


def test_an_exact_law_with_one_wrong_row() -> None:
    residual = np.zeros(N)
    assert _seen(residual).sentences == ()
    residual[5] = 1.0
    assert "counted from 1: 6" in _seen(residual).sentences[0]
    rounding = 1e-16 * np.sin(X)
    assert _seen(rounding).sentences == ()
    assert diagnosis(np.zeros(N), np.zeros(N), {"x": X}).outlying == ()


def test_of_few_rows_one_stands_out_if_it_is_too_far_for_the_others() -> None:
    residual = np.array([0.12, 0.12, 0.12, 0.12, 0.12, 0.03, -0.58, -0.16, 0.05, 0.06])
    assert [row for row, _ in diagnosis(residual, np.ones(10), {}).outlying] == [6]
    told = [diagnosis(np.random.default_rng(seed).normal(size=10), np.ones(10), {}).outlying for seed in range(300)]
    assert sum(map(bool, told)) <= 40


def test_residuals_in_runs() -> None:
    seen = _seen((X - 3) ** 2 + 0.1 * np.random.default_rng(0).normal(size=N) - 4 / 3)
    assert seen.runs is not None
    assert seen.runs[0] == "x"
    assert seen.runs[1] < seen.runs[2] / 2
    assert any("Along x the residuals keep their sign in runs" in sentence for sentence in seen.sentences)
    few = diagnosis(np.sin(X[:15]), F[:15], {"x": X[:15]})
    assert (few.runs, few.sentences) == (None, ())


@pytest.mark.parametrize(("power", "word"), [(2, "grows"), (-2, "falls")])
def test_scatter_that_depends_on_the_value(power: int, word: str) -> None:
    seen = _seen(F**power * np.random.default_rng(1).normal(size=N))
    assert any(f"scatter {word} with the value" in sentence for sentence in seen.sentences)
    assert seen.scatter is not None
    assert (seen.scatter > 2) is (power > 0)


def test_many_rows_that_stand_out_are_heavy_tails_and_few_are_mistakes() -> None:
    residual = np.random.default_rng(0).standard_cauchy(N)
    (sentence,) = _seen(residual).sentences
    assert "heavy tails" in sentence
    assert 'loss="huber"' in sentence
    (sentence,) = _seen(np.clip(residual, -3, 3) + 40.0 * (np.arange(N) == 7)).sentences
    assert "heavy tails" not in sentence


def test_rows_without_a_residual_and_constant_laws() -> None:
    assert diagnosis(np.full(3, np.nan), np.ones(3), {}).figures()[0][0] == "usual residual"
    residual = np.random.default_rng(0).normal(size=N)
    seen = diagnosis(residual, np.full(N, 4.0), {})
    assert (seen.sentences, seen.runs) == ((), None)


def test_known_errors_weights_and_likelihoods_make_residuals_comparable() -> None:
    rng, law = np.random.default_rng(0), Equation.parse("2 + 3*x", ["x"])
    noise = F**2 * rng.normal(size=N)
    rows = FitRows(X[:, None], F + noise, None, F**2, N)
    even = diagnosis_by_loss(law, rows, "squared")
    assert even is not None
    assert even.sentences == ()
    weighted = diagnosis_by_loss(law, FitRows(X[:, None], F + noise, F**-4.0, None, N), "squared")
    assert weighted is not None
    assert weighted.sentences == ()
    steep = Equation.parse("exp(1.5*x)", ["x"])
    counts = rng.poisson(steep.predict({"x": X})).astype(float)
    poisson = diagnosis_by_loss(steep, FitRows(X[:, None], counts, None, None, N), "poisson")
    assert poisson is not None
    assert poisson.sentences == ()
    assert diagnosis_by_loss(law, FitRows(X[:, None], (X > 3).astype(float), None, None, N), "bernoulli") is None


@pytest.mark.slow
def test_report_and_summary_speak_of_them() -> None:
    y = F + np.random.default_rng(0).normal(size=N) * 0.1
    y[7] += 5
    model = DARTSRegressor(**QUICK, guesses=["a + b*x"], max_complexity=5).fit(
        pd.DataFrame({"x": X}), pd.Series(y, name="y")
    )
    assert "miss the law by up to" in " ".join(model.summary().split())
    page = report_page(model.run_)
    careful, _, rest = page.partition('<h2 id="careful">To be careful about</h2>')[2].partition("</section>")
    assert "miss the law by up to" in careful
    measurements = rest.partition('<h2 id="measurements">Measurements</h2>')[2].partition("</section>")[0]
    for words in ("usual residual", "outlying rows", "runs along x", "scatter of large over that of small values"):
        assert words in measurements
