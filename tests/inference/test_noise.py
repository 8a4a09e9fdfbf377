"""Kinds of scatter: their sizes, codes, weights and evidence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eqdarts.inference.noise import NOISES, Noise, evidence_of, is_exact, noise_from, noise_of


def rows(kind: str, seed: int = 0, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return y and f over two decades, with a known scatter."""
    rng = np.random.default_rng(seed)
    f = np.exp(rng.uniform(0, 4.6, n))
    std = {"constant": 2.0, "relative": 0.3 * f, "poisson": 0.7 * np.sqrt(f), "both": np.hypot(2.0, 0.3 * f)}[kind]
    return f + std * rng.normal(size=n), f


@pytest.mark.parametrize("kind", NOISES)
def test_the_size_is_that_of_the_rows_and_the_right_kind_has_the_shortest_code(kind: str) -> None:
    y, f = rows(kind)
    found = {name: noise_of(name, y, f) for name in NOISES}
    assert min(found, key=lambda name: found[name][1]) == kind
    true = {"constant": 2.0, "relative": 0.3, "poisson": 0.7, "both": 2.0}[kind]
    assert found[kind][0].size == pytest.approx(true, rel=0.1)
    if kind == "both":
        assert found[kind][0].share * found[kind][0].size == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("kind", NOISES)
def test_weights_are_one_over_the_variance_with_geometric_mean_one(kind: str) -> None:
    y, f = rows(kind)
    noise = noise_of(kind, y, f)[0]
    weights = noise.weights(f)
    assert np.log(weights).mean() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(weights * noise.std(f) ** 2 / (weights * noise.std(f) ** 2).mean(), 1, rtol=1e-9)


@pytest.mark.parametrize("factor", [1e-250, 1e-3, 1e250])
@pytest.mark.parametrize("kind", NOISES)
def test_the_kind_does_not_depend_on_the_unit(kind: str, factor: float) -> None:
    y, f = rows(kind, n=200)
    codes = [noise_of(name, y, f)[1] for name in NOISES]
    scaled = [noise_of(name, factor * y, factor * f)[1] for name in NOISES]
    np.testing.assert_allclose(np.array(scaled) - len(y) * math.log(factor), codes, atol=1e-5)


def test_a_zero_of_the_law_has_a_scatter_above_zero() -> None:
    noise = Noise("relative", 0.1)
    assert (noise.std(np.array([0.0, 1.0, -2.0])) > 0).all()
    assert (noise.std(np.zeros(3)) > 0).all()


def test_one_row_is_no_evidence() -> None:
    f = np.linspace(1, 100, 50)
    y = f + np.random.default_rng(0).normal(size=50)
    y[-1] += 30
    assert noise_of("constant", y, f)[1] - noise_of("relative", y, f)[1] > 30
    assert evidence_of("relative", y, f, f) < 0


def test_evidence_is_seldom_seen_where_the_scatter_is_constant_and_mostly_where_it_is_not() -> None:
    def evidence(kind: str, seed: int) -> float:
        y, f = rows(kind, seed, 100)
        return evidence_of("relative", y, f, f)

    assert sum(evidence("constant", seed) > 2 for seed in range(100)) <= 5
    assert sum(evidence("relative", seed) > 2 for seed in range(100)) >= 95


def test_an_exact_law_has_no_scatter() -> None:
    f = np.linspace(1, 5, 30)
    assert is_exact(f * (1 + 1e-13), f)
    assert not is_exact(f * (1 + 1e-6), f)


def test_words_name_the_kind_and_the_size() -> None:
    assert str(Noise("relative", 0.123, nats=7)) == (
        "The scatter grows in proportion to the law's value (12 % of it); "
        "a scatter that is the same at all rows would be 7.0 nats longer"
    )
    assert str(Noise("constant", 2.5)) == "The scatter is the same at all rows (2.5)"
    assert str(Noise("poisson", 1.1, by="user")).endswith("(1.1 times the root), as `noise` says")
    assert str(Noise(by="sigma")) == "The scatter follows the sigma given"
    assert "(2, and 30 % of the value)" in str(Noise("both", 2.0, 0.15))


def test_a_record_is_read_as_it_was_written_and_a_foreign_one_refused() -> None:
    noise = Noise("both", 2.0, 0.15, 3.5)
    assert noise_from(noise.record()) == noise
    assert noise_from(None).kind == "constant"
    with pytest.raises(ValueError, match="unknown noise 'odd'"):
        noise_from({**noise.record(), "kind": "odd"})
