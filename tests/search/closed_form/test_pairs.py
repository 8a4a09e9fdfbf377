"""Pairs of features by closed form, against least squares on each, and functions of functions against their graphs."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.graph.draft import Draft, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.search.closed_form.pairs import Pair, best_pairs, deep_features
from eqdarts.search.growth.features import Combination, Features, features, grid, insert_feature
from eqdarts.search.growth.sites import Array, linearise


def dictionary(rng: np.random.Generator, n: int = 60) -> tuple[Array, Features]:
    X = rng.uniform(0.5, 2.0, (n, 2))
    functions = grid(resolve(["linear", "exp", "log", "square", "sin"]), 2)
    return X, features([Combination("single", (i,), (1.0,)) for i in range(2)], X.T, functions)


def left(columns: Array, target: Array, weight: Array) -> float:
    """Share of the weighted variance that least squares with a constant leaves."""
    w = weight**2 / np.sum(weight**2)
    A = np.c_[np.ones(len(target)), columns] * weight[:, None]
    residual = (target * weight - A @ np.linalg.lstsq(A, target * weight, rcond=None)[0]) ** 2
    return float(residual.sum() / np.sum(weight**2) / (w @ (target - w @ target) ** 2))


def values_of(pair: Pair, X: Array, parts: Features) -> Array:
    place = {parts.recipe(m): m for m in range(len(parts))}
    values = [parts.values[place[f]] for f in pair.features]
    return np.stack([np.prod(values, axis=0)] if pair.kind == "product" else values, axis=1)


@pytest.mark.parametrize("kind", ["single", "sum", "product"])
@pytest.mark.parametrize("seed", range(3))
def test_no_pair_fits_better_than_the_first(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, parts = dictionary(rng)
    target, weight = rng.normal(size=len(X)) + X[:, 0], rng.uniform(0.5, 1.5, len(X))
    found = [p for p in best_pairs(parts, target, weight, price=0.0, count=1) if p.kind == kind]
    best = left(values_of(found[0], X, parts), target, weight)
    everything = []
    for i, f in enumerate(parts.values):
        if kind == "single":
            everything.append(left(f[:, None], target, weight))
            continue
        for j in range(i if kind == "product" else i + 1, len(parts)):
            g = parts.values[j]
            everything.append(left((f * g)[:, None] if kind == "product" else np.c_[f, g], target, weight))
    assert best == pytest.approx(min(everything), rel=1e-4)


def test_a_ratio_of_two_sums_is_found() -> None:
    X, parts = dictionary(np.random.default_rng(0))
    f, g = np.log(X[:, 0]), X[:, 1] ** 2
    found = best_pairs(parts, (3.0 + 2.0 * f) / (1 + 0.5 * g), np.ones(len(X)), price=0.1, count=3)
    best = next(p for p in found if p.kind == "ratio")
    assert [r.primitive.name for r in best.features] == ["log", "square"]
    assert (best.constant, *best.weights) == pytest.approx((3.0, 2.0, 0.5))


@pytest.mark.parametrize("kind", ["sum", "product"])
def test_constant_and_weights_are_those_of_the_law(kind: str) -> None:
    X, parts = dictionary(np.random.default_rng(0))
    f, g = np.log(X[:, 0]), X[:, 1] ** 2
    target = 3.0 + 2.0 * f * g if kind == "product" else 3.0 + 2.0 * f - g
    found = best_pairs(parts, target, np.ones(len(X)), price=0.1, count=3)
    best = next(p for p in found if p.kind == kind)
    assert {r.primitive.name for r in best.features} == {"log", "square"}
    assert best.constant == pytest.approx(3.0)
    assert sorted(best.weights) == pytest.approx([2.0] if kind == "product" else [-1.0, 2.0])


def test_a_price_prefers_the_shorter() -> None:
    X, parts = dictionary(np.random.default_rng(1))
    target = X[:, 0] + 1e-4 * np.exp(X[:, 1])
    for price, primitive in ((0.0, "exp"), (20.0, "linear")):
        found = [p for p in best_pairs(parts, target, np.ones(len(X)), price, 1) if p.kind == "sum"]
        assert any(r.primitive.name == primitive and r.argument.sources == (1,) for r in found[0].features)


def test_rows_without_a_target_count_for_nothing() -> None:
    X, parts = dictionary(np.random.default_rng(2))
    target, weight = np.log(X[:, 0]) * X[:, 1], np.ones(len(X))
    holes = target.copy()
    holes[::7] = np.nan
    full, less = (best_pairs(parts, t, weight, 0.1, 2) for t in (target, holes))
    assert full[-4].kind == less[-4].kind == "product"
    assert full[-4].features == less[-4].features
    assert best_pairs(parts, np.full(len(X), np.nan), weight, 0.1, 2) == []
    assert best_pairs(parts, np.ones(len(X)), weight, 0.1, 2) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_function_of_a_function_has_the_values_of_its_graph(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.2, 2.0, (40, 3))
    units = (2.1, -0.3, 1.0)
    deep = deep_features(X, units, grid(resolve("default"), 2), rng)
    assert len(deep) > 100
    for m in rng.choice(len(deep), 40, replace=False):
        feature = deep.recipe(int(m))
        draft = Draft(3, [])
        edge, _ = insert_feature(draft, 0, feature)
        draft.nodes.append(DraftNode("sum", [edge]))
        np.testing.assert_allclose(linearise(draft, X).prediction, deep.values[m], rtol=1e-9, atol=1e-12)


def test_arguments_have_coefficients_one_in_the_units_of_the_data() -> None:
    rng = np.random.default_rng(0)
    X, unit = rng.uniform(0.2, 0.9, (50, 1)), 3.0
    functions = [(PRIMITIVES["sqrt"], ()), (PRIMITIVES["square"], ()), (LINEAR, ())]
    values = np.concatenate([deep_features(X, (unit,), functions, rng).values for _ in range(5)])
    x = unit * X[:, 0]
    with np.errstate(invalid="ignore"):
        for expected in (1 + x, np.sqrt(x**2 + x), (1 + x) ** 2):
            assert any(np.allclose(v, expected) for v in values)


def test_products_and_ratios_of_shifted_inputs_are_arguments() -> None:
    rng = np.random.default_rng(0)
    X, units = rng.uniform(0.1, 0.3, (50, 2)), (2.0, 3.0)
    functions = [(PRIMITIVES["square"], ()), (LINEAR, ())]
    values = np.concatenate([deep_features(X, units, functions, rng).values for _ in range(8)])
    x, z = (X * units).T
    for expected in ((x - 1) * (z + 1), ((1 + x) / (x - 1)) ** 2, x / (z - 1)):
        assert any(np.allclose(v, expected) for v in values)


def test_huge_features_are_left_out() -> None:
    X = np.random.default_rng(0).uniform(100.0, 800.0, (50, 1))
    deep = deep_features(X, (1.0,), grid(resolve("default"), 2), np.random.default_rng(0))
    assert np.abs(deep.values).max() < 1e100
    assert best_pairs(deep, X[:, 0], np.ones(len(X)), 0.1, 3)
