"""Selection frequencies over resamples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from eqdarts import DARTSRegressor
from eqdarts.evidence import stability as module
from eqdarts.evidence.stability import _refitted
from eqdarts.primitives.table import resolve
from tests.helpers import QUICK

Array = NDArray[np.float64]


def rows(n: int, noise: float, seed: int = 0) -> tuple[pd.DataFrame, Array]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.uniform(0.5, 3.0, (n, 2)), columns=["a", "b"])
    return X, np.asarray(2.3 * X["a"] + 0.4 + noise * rng.standard_normal(n))


@pytest.fixture(scope="module")
def clear() -> DARTSRegressor:
    return DARTSRegressor(**QUICK).fit(*rows(120, 0.05))


def test_a_clear_law_is_chosen_every_time_and_the_summary_says_so(clear: DARTSRegressor) -> None:
    assert "resampled" not in clear.summary(profile=False)
    table = clear.stability(n=12)
    assert table["form"].iloc[0] == "a*c0 + c1"
    assert table["frequency"].iloc[0] > 0.9
    assert table["chosen"].iloc[0]
    assert f"chosen for {table['frequency'].iloc[0]:.0%} of resampled rows" in clear.summary(profile=False)


@pytest.mark.slow
def test_frequencies_are_shares_in_order_and_repeat(clear: DARTSRegressor) -> None:
    X, y = rows(25, 1.5)
    unclear = DARTSRegressor(**QUICK).fit(X, y)
    table = unclear.stability(n=30)
    assert table["frequency"].sum() == pytest.approx(1.0)
    assert table["frequency"].is_monotonic_decreasing
    assert table["form"].is_unique
    assert len(table) > 1
    pd.testing.assert_frame_equal(table, unclear.stability(n=30))
    assert not table.equals(unclear.stability(n=30, random_state=1))


def test_a_resample_is_fitted_as_its_rows_repeated_would_be(clear: DARTSRegressor) -> None:
    rng = np.random.default_rng(4)
    sample = module._Sample.of(clear.run_.rows, clear.run_.scales, rng)
    counts = rng.multinomial(120, np.full(120, 1 / 120), size=2).astype(float)
    assert clear.run_.graph is not None
    forms = module._forms(clear.run_, clear.run_.graph, sample, resolve("default"), "mdl")
    got = _refitted(forms, sample.rows, counts)
    k = next(k for k, form in enumerate(forms) if form.graph == clear.graph_)
    for b in range(2):
        repeated = np.repeat(np.arange(120), counts[b].astype(int))
        x, y = sample.rows.X[repeated, 0], sample.rows.y[repeated]
        residual = y - np.polyval(np.polyfit(x, y, 1), x)
        assert got[b, k] == pytest.approx(float(np.mean(residual**2)), rel=1e-6)


@pytest.mark.slow
def test_pure_noise_weights_and_known_errors_are_survived() -> None:
    X, y = rows(60, 0.1)
    noise = np.random.default_rng(1).standard_normal(60)
    for fitted in (
        DARTSRegressor(**QUICK).fit(X, noise),
        DARTSRegressor(**QUICK).fit(X, y, sample_weight=np.arange(60.0) % 3),
        DARTSRegressor(**QUICK).fit(X, y, sigma=0.1),
    ):
        assert fitted.stability(n=5)["frequency"].sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_what_cannot_be_done_is_said(clear: DARTSRegressor) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        clear.stability(n=0)
    robust = DARTSRegressor(**(QUICK | {"loss": "huber", "max_refits": 60})).fit(*rows(40, 0.1))
    with pytest.raises(ValueError, match="squared residuals"):
        robust.stability()
