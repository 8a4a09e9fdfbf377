"""Laws of scale that a gradient with errors does not contradict.

A law (w, k) says that a function f does not change if every input x_i is multiplied by t to the power of w_i and f is
divided by t to the power of k. How much the rows contradict it is a quadratic form of its weights. The laws with
small weights are all tried. Larger ones, with more inputs or other ratios, are read off the directions in which the
form is small: in the basis of these directions in which some inputs have no part, numbers are simple.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array

__all__ = ["ANOTHER", "BROKEN", "WHOLE", "likely_laws", "likely_sets", "pivots_of", "price_of_set"]

# Prices in nats: of two reductions that the rows bear out alike, the simpler one is meant.
ANOTHER, WHOLE = 1.0, 1.0  # another input, and one more in a whole number
BROKEN = 4.0  # a fraction
POWERS = (0.5, 1.0, 1.5, 2.0, 3.0)  # ratios of exponents, and their reciprocals
DEGREES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)  # of factors
SIGNED_DEGREES = (0.0, 1.0, 2.0)  # of a factor that is not positive
LARGEST_GROUP = 4
FEW_INPUTS = 8
MOST_DIRECTIONS = 4  # that hold together when laws of more inputs are read off
LARGEST_WEIGHT = 6.0
IS_WHOLE = 0.3  # distance from a whole number
NEAR = 1e-9


def likely_laws(square: Array, spread: Array) -> Iterator[tuple[float, float, Array]]:
    """Yield laws of scale (D + 1,), the most likely first, after the nats that each costs with its price and without.

    Parameters
    ----------
    square : ndarray of shape (D + 1, D + 1)
        The quadratic form, in nats: products of the changes of the function along the logarithm of each input, and of
        minus the function.
    spread : ndarray of shape (D, D)
        Inverse of the covariance of the logarithms of the inputs.
    """
    d = len(spread)
    laws, prices = _small_laws(d)
    more = np.concatenate([*_read_off(square, spread), np.zeros((0, d + 1))])
    more = np.unique(more[_is_sound(more) & (np.count_nonzero(more[:, :d], axis=1) > 1)], axis=0)
    laws, prices = np.concatenate([laws, more]), np.concatenate([prices, _price(more)])
    missed = _quadratic(laws, square) / _quadratic(laws[:, :d], spread)
    seen: set[bytes] = set()
    for k in np.argsort(missed + prices, kind="stable"):
        first = laws[k][np.flatnonzero(laws[k])[0]]
        key = (np.round(laws[k] / first, 6) + 0.0).tobytes()
        if key not in seen:
            seen.add(key)
            yield float(missed[k] + prices[k]), float(prices[k]), laws[k]


def likely_sets(square: Array, spread: Array) -> list[tuple[float, Array]]:
    """Return sets of two and more laws (m, D + 1) that hold together, the most likely first, after the nats each costs.

    For the arguments see `likely_laws`; for their prices `price_of_set`.
    """
    found: dict[bytes, tuple[float, Array]] = {}
    for laws in _read_off(square, spread):
        inside = laws[:, :-1]
        if len(laws) == 1 or not _is_sound(laws).all() or np.linalg.matrix_rank(inside) < len(laws):
            continue
        # one set in another basis
        key = (np.round(np.linalg.pinv(laws) @ laws, 6) + 0.0).tobytes()
        if key not in found:
            missed = float(np.trace(np.linalg.solve(inside @ spread @ inside.T, laws @ square @ laws.T)))
            found[key] = missed, laws
    return sorted(found.values(), key=lambda row: row[0])


def price_of_set(rows: Sequence[tuple[int, Array]]) -> float:
    """Return the price of laws (p, law), each of which takes the input p out: that of the powers that are then left."""
    pivots = [p for p, _ in rows]
    laws = np.array([law for _, law in rows])
    groups = np.delete(laws, pivots, axis=1).T[:-1]  # (D - m, m), minus the powers of the inputs taken out
    # a group may be raised to any power
    with_own = np.concatenate([np.ones((len(groups), 1)), groups], axis=1)
    return float(
        _price(np.concatenate([with_own, np.zeros((len(groups), 1))], axis=1)).sum() + _numbers(laws[:, -1]).sum()
    )


def _is_sound(laws: Array) -> NDArray[np.bool_]:
    """Return which laws (C,) have weights that are not large, and an input."""
    return np.asarray((np.abs(laws) <= LARGEST_WEIGHT).all(1) & laws[:, :-1].any(1))


def _read_off(square: Array, spread: Array) -> list[Array]:
    """Return sets of laws (m, D + 1) near the directions in which the form is small."""
    d = len(spread)
    if not (np.isfinite(square).all() and np.isfinite(spread).all()):  # a smooth model may be steep without bound
        return []
    # the best degree of the target for given weights of the inputs
    degree = -square[:d, d] / max(square[d, d], 1e-300)
    form = square[:d, :d] - np.outer(square[:d, d], square[:d, d]) / max(square[d, d], 1e-300)
    root = np.linalg.cholesky(spread)
    whitened = np.linalg.solve(root, np.linalg.solve(root, form).T)
    directions = np.linalg.solve(root.T, np.linalg.eigh((whitened + whitened.T) / 2)[1]).T  # (D, D), smallest first
    found: list[Array] = []
    for m in range(1, d if d <= FEW_INPUTS else MOST_DIRECTIONS + 1):
        for pivots in itertools.combinations(range(d), m):
            block = directions[:m, pivots]
            if abs(np.linalg.det(block)) > 1e-6 * np.prod(np.linalg.norm(directions[:m], axis=1)):
                weights = np.linalg.solve(block, directions[:m])
                laws = np.concatenate([weights, (weights @ degree)[:, None]], axis=1)
                found += [np.round(laws) + 0.0, _to_halves(laws)]
    return found


def _to_halves(weights: Array) -> Array:
    """Return whole numbers near to weights, and halves where none is near."""
    whole = np.round(weights)
    return np.where(np.abs(weights - whole) < IS_WHOLE, whole, np.round(2 * weights) / 2) + 0.0


def pivots_of(law: Array, is_positive: NDArray[np.bool_]) -> list[int]:
    """Return the inputs that a law of scale can take out, first that by which the powers of the others are simple."""
    found: list[tuple[float, int]] = []
    for p in np.flatnonzero(law[:-1]):
        powers = law / law[p]
        others = np.delete(powers[:-1], p)
        # an input that is not positive is only multiplied and divided
        if not is_positive[p] and not (np.isin(others, (0.0, -1.0)).all() and powers[-1] in SIGNED_DEGREES):
            continue
        is_broken = np.abs(powers - np.round(powers)) > NEAR
        found.append((float(BROKEN * is_broken.sum() + np.abs(powers).sum()), int(p)))
    return [p for _, p in sorted(found)]


def _quadratic(rows: Array, matrix: Array) -> Array:
    return np.asarray(np.einsum("ci,ij,cj->c", rows, matrix, rows))


@cache
def _small_laws(d: int) -> tuple[Array, Array]:
    """List laws of scale (C, D + 1), the weights of the inputs and then the degree, and their prices (C,)."""
    ratios = sorted({*POWERS, *(1 / p for p in POWERS)})
    signed = [s * r for r in ratios for s in (1.0, -1.0)]
    degrees = [s * k for k in DEGREES for s in ((1.0, -1.0) if k else (1.0,))]
    found: list[tuple[tuple[int, ...], tuple[float, ...], float]] = []
    for size in range(1, min(d, LARGEST_GROUP) + 1):
        weights = (signed, signed, (1.0, -1.0, 2.0, -2.0), (1.0, -1.0))[size - 1]
        own_degrees = degrees if size <= 2 else [k for k in degrees if abs(k) <= 2]
        for members in itertools.combinations(range(d), size):
            for others in itertools.product(weights, repeat=size - 1):
                found += [(members, (1.0, *others), k) for k in own_degrees]
    laws = np.zeros((len(found), d + 1))
    for row, (members, weights_of, degree) in zip(laws, found, strict=True):
        row[list(members)] = weights_of
        row[-1] = degree
    return laws, _price(laws)


def _price(laws: Array) -> Array:
    """Return the price (C,) of laws of scale (C, D + 1), whose multiples are the same laws."""
    numbers = np.stack([_numbers(laws * n).sum(1) for n in (1.0, 2.0, 3.0)]).min(0)
    return np.asarray(numbers + ANOTHER * ((np.abs(laws[:, :-1]) > 0).sum(1) - 1))


def _numbers(exponents: Array) -> Array:
    """Return the price of each exponent."""
    sizes = np.abs(exponents)
    is_whole = np.abs(sizes - np.round(sizes)) < NEAR
    return np.where(is_whole, WHOLE * np.maximum(sizes - 1, 0), BROKEN)
