r"""Pairs: of all pairs of features of a dictionary, the sums and products that explain a target best, by closed form.

Growing one feature at a time can get stuck at a feature that merely resembles the target; this compares two at once.
With weights that sum to one, t the target and f, g features, all centred and of norm one, and G = f \cdot g, the share
of the variance of t that a constant and weights leave is

.. math:: 1 - \frac{(t \cdot f)^2 + (t \cdot g)^2 - 2 (t \cdot f)(t \cdot g) G}{1 - G^2}
   \quad\text{for sums,}\qquad
   1 - \frac{(\sum t f g)^2}{\sum f^2 g^2 - (\sum f g)^2} \quad\text{for products,}

the features of a product not being centred. Ratios (a + b f) / (1 + c g) are sums of f and t g, to first order. All of
them come from a few products of matrices.

Axes: M features, N rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES, Primitive
from eqdarts.search.closed_form.pursuit import without_holes
from eqdarts.search.growth.features import NEAR_ZERO, Combination, Feature, Features, features, values_of
from eqdarts.search.least_squares import least_squares

__all__ = ["Pair", "best_pairs", "deep_features", "input_powers", "natural_row"]

EXP, LOG = PRIMITIVES["exp"], PRIMITIVES["log"]
Function = tuple[Primitive, tuple[float, ...]]  # and its coefficients

_INDEPENDENT = 1e-6  # share of a direction's square that must be left beside the constant and the other feature
_ROUNDING = 1e-12
_BLOCK = 64  # features whose pairs are compared at once
_LOOKED_AT = 20  # as many pairs are looked at for each different one that is asked for
N_NESTED, N_AFFINE = 48, 16  # arguments of a dictionary: functions, and products and ratios of two affine maps


class Pair(NamedTuple):
    """Features f, g with constant c and weights a, b: c + a f + b g, c + a f g, or (c + a f) / (1 + b g).

    A single is c + a f.
    """

    kind: str  # "single", "sum", "product" or "ratio"
    features: tuple[Feature, ...]
    constant: float
    weights: tuple[float, ...]


def best_pairs(parts: Features, target: Array, weight: Array, price: float, count: int) -> list[Pair]:
    """Return up to `count` pairs of each kind, and twice as many single features, that leave least of the variance.

    Parameters
    ----------
    parts : Features
        M features on N rows.
    target : ndarray of shape (N,)
        Rows where it is not finite count for nothing.
    weight : ndarray of shape (N,)
        Of the residuals before squaring.
    price : float
        Fall of the log of what is left that one more symbol must bring.
    count : int
    """
    target, weight = without_holes(target, weight)
    w = weight**2
    if not len(parts) or not w.sum() > 0:
        return []
    w /= w.sum()
    t = target - w @ target
    power = float(w @ t**2)
    if not power > _ROUNDING * float(w @ target**2):
        return []
    # all pairs of each kind at once, by products of matrices; only the best are solved one by one
    t /= np.sqrt(power)
    kinds = _compared(parts.values / np.abs(parts.values).max(1, keepdims=True), t, target, w)
    # the exponential of the score is compared: its order is the same, and a million logarithms are saved
    cost = np.exp(price * parts.symbols)
    found: list[Pair] = []
    for kind, left in kinds.items():
        most = 2 * count if kind == "single" else count
        pairs = _different(parts, _lowest(left, cost, kind, _LOOKED_AT * most), most)
        found += [_solved(kind, parts, pair, target, weight) for pair in pairs]
    return found


Left = Callable[[slice, slice], Array]


def _compared(f: Array, t: Array, target: Array, w: Array) -> dict[str, Left]:
    """Return by kind what gives the share of the variance that is left by pairs of features f (M, N).

    ``left(rows, columns)`` has the shares of all pairs of a feature in `rows` and one in `columns`, infinite where
    there is no such pair.
    """
    root = np.sqrt(w)
    unit, turned = _centred(f, w, root), _centred(f * target, w, root)
    c, d = unit @ (t * root), turned @ (t * root)
    along = f * (w * t)
    squares, rooted = f**2 * root, f * root

    def of_one(rows: slice, _: slice) -> Array:
        return (1 - c[rows] ** 2)[:, None]

    def of_sums(rows: slice, columns: slice) -> Array:
        left = _left_by_two(unit[rows] @ unit[columns].T, c[rows], c[columns])
        left[np.tri(len(c[rows]), len(c[columns]), rows.start - columns.start, dtype=bool)] = np.inf  # each pair once
        return left

    def of_products(rows: slice, columns: slice) -> Array:
        total = squares[rows] @ squares[columns].T
        varying = rooted[rows] @ rooted[columns].T
        varying *= varying
        np.subtract(total, varying, out=varying)
        total *= _INDEPENDENT
        usable = np.triu(varying > total, columns.start - rows.start)
        explained = along[rows] @ f[columns].T
        explained *= explained
        return _unexplained(explained, varying, usable)

    def of_ratios(rows: slice, columns: slice) -> Array:
        return _left_by_two(unit[rows] @ turned[columns].T, c[rows], d[columns])

    return {"single": of_one, "sum": of_sums, "product": of_products, "ratio": of_ratios}


def _centred(f: Array, w: Array, root: Array) -> Array:
    """Return f (M, N) without its mean, at norm one, under the weights; zero where it does not vary."""
    size = np.sqrt(f**2 @ w)[:, None]
    centred = (f - (f @ w)[:, None]) * root
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    varies = norm > 1e-9 * size
    return np.where(varies, centred / np.where(varies, norm, 1.0), 0.0)


def _left_by_two(between: Array, c: Array, d: Array) -> Array:
    """Return what two directions leave, from their products with each other (A, B) and with the target (A,), (B,)."""
    left = between * (-2 * c)[:, None]
    left *= d
    left += (c**2)[:, None]
    left += d**2
    independent = np.subtract(1, between**2)
    usable = (independent > _INDEPENDENT) & (c[:, None] != 0) & (d != 0)
    return _unexplained(left, independent, usable)


def _unexplained(explained: Array, scale: Array, usable: NDArray[np.bool_]) -> Array:
    """Return 1 - explained / scale, not negative, infinite where it is not usable; `explained` is overwritten."""
    with np.errstate(all="ignore"):
        left = np.divide(explained, scale, out=explained)
    np.subtract(1, left, out=left)
    np.maximum(left, 0.0, out=left)
    np.copyto(left, np.inf, where=~usable)
    return left


def _lowest(left: Left, cost: Array, kind: str, most: int) -> list[tuple[int, ...]]:
    """Return the places of the `most` features or pairs with the lowest finite scores, lowest first.

    The pairs are compared in blocks that stay in the nearest caches. What is above the lowest so far is forgotten.
    """
    m = len(cost)
    scores, places = np.zeros(0), np.zeros(0, dtype=np.int64)
    bound = np.inf
    for start in range(0, m, _BLOCK):
        rows = slice(start, min(start + _BLOCK, m))
        columns = slice(0 if kind == "ratio" else start, m)
        score = left(rows, columns)
        score += _ROUNDING
        score *= cost[rows, None]
        if kind != "single":
            score *= cost[columns]
        near = np.flatnonzero((score <= bound) & np.isfinite(score))
        i, j = np.divmod(near, score.shape[1])
        scores = np.concatenate([scores, score.ravel()[near]])
        places = np.concatenate([places, (i + rows.start) * m + (j + columns.start)])
        if len(scores) > most:
            kept = np.argpartition(scores, most - 1)[:most]
            scores, places = scores[kept], places[kept]
            bound = scores.max()
    ordered = places[np.lexsort((places, scores))]
    return [(int(p) // m,) if kind == "single" else divmod(int(p), m) for p in ordered]


def _different(parts: Features, places: list[tuple[int, ...]], count: int) -> list[tuple[int, ...]]:
    """Return the first `count` places whose features differ in more than coefficients."""
    found: dict[object, tuple[int, ...]] = {}
    for place in places:
        recipes = map(parts.recipe, place)
        key = tuple((r.primitive, r.argument.kind, r.argument.sources, r.argument.inner) for r in recipes)
        found.setdefault(key, place)
        if len(found) == count:
            break
    return list(found.values())


def _solved(kind: str, parts: Features, place: tuple[int, ...], target: Array, weight: Array) -> Pair:
    """Return the features at `place` with constant and weights by least squares."""
    values = list(parts.values[list(place)])
    if kind == "product":
        values = [values[0] * values[1]]
    elif kind == "ratio":
        values[1] = -target * values[1]
    columns = np.stack([np.ones_like(target), *values], axis=1) * weight[:, None]
    constant, *weights = least_squares(columns, target * weight).tolist()
    return Pair(kind, tuple(map(parts.recipe, place)), constant, tuple(weights))


def deep_features(
    X: Array, units: Sequence[float], functions: Sequence[Function], rng: np.random.Generator
) -> Features:
    """Return functions of functions of inputs: g, f(g), f(1 +- g), f(x +- g) and f((x - 1) (z - 1)) and the like.

    g is a function of an input, x and z are inputs. The arguments of f, drawn at random, have coefficients one in the
    units of the data; f is taken at one, and at `functions` for the argument at magnitude one.

    Parameters
    ----------
    X : ndarray of shape (N, D)
    units : sequence of float
        What one unit of each input is worth in the units of the data.
    functions : sequence of (Primitive, tuple of float)
    rng : numpy.random.Generator
    """
    primitives = list(dict.fromkeys(p for p, _ in functions))
    natural = [_natural(p, i, units[i]) for p in primitives if not p.shape for i in range(X.shape[1])]
    arguments = [
        *itertools.islice(_nested_arguments(natural, units, rng), N_NESTED),
        *itertools.islice(_affine_arguments(units, rng), N_AFFINE),
    ]
    bare = [(c, c.inner) for c in natural if c.inner is not None and "scale" in c.inner[0].inner]
    of_inputs = [features([Combination("single", c.sources, (1.0,))], X.T, [inner]) for c, inner in bare]
    at_one = features(arguments, X.T, [(p, p.neutral) for p in primitives if not p.shape], sums=True)
    sized = _sized(arguments, X)
    grid = [(p, row) for p, row in functions if p.n_coefficients or not p.homogeneous]
    return Features.join([*of_inputs, at_one, features(sized, X.T, grid)])


def input_powers(pair: tuple[int, int], X: Array, units: Sequence[float]) -> Features:
    """Return each of two inputs raised to the other, and to minus the other, in the units of the data.

    Only inputs that are positive on all rows are raised.

    Parameters
    ----------
    pair : (int, int)
    X : ndarray of shape (N, D)
    units : sequence of float
        What one unit of each input is worth in the units of the data.
    """
    found = [features([], X.T, [])]
    for base, exponent in (pair, pair[::-1]):
        if X[:, base].min() > NEAR_ZERO * X[:, base].max() and units[base] > 0:
            row, constant = natural_row(LOG, units[base])
            log = Combination("product", (exponent, base), (1.0, 1.0), (LOG, row), constant)
            (scale,), _ = natural_row(EXP, units[exponent])
            found.append(features([log], X.T, [(EXP, (scale,)), (EXP, (-scale,))]))
    return Features.join(found)


def _nested_arguments(
    natural: Sequence[Combination], units: Sequence[float], rng: np.random.Generator
) -> Iterator[Combination]:
    """Yield g, 1 +- g, x +- g, x g and g / x in random order, with the functions g of `natural` and inputs x."""
    choices = list(itertools.product(range(4), natural, (1.0, -1.0)))
    for k in rng.permutation(len(choices)):
        form, g, sign = choices[k]
        other = int(rng.integers(len(units)))
        assert g.inner is not None
        is_input = g.inner[0] is LINEAR
        if is_input and (form in (0, 3) or (form == 2 and (other,) == g.sources)):
            continue
        if form == 3:
            yield Combination("product", (other, *g.sources), (sign, 1.0), g.inner)
            continue
        signed = g._replace(numbers=(sign * g.numbers[0],), constant=sign * g.constant + (form == 1))
        if form == 2:
            signed = signed._replace(sources=(other, *g.sources), numbers=(units[other], *signed.numbers))
        yield signed


def _affine_arguments(units: Sequence[float], rng: np.random.Generator) -> Iterator[Combination]:
    """Yield products and ratios of x + a and z + b in random order, a and b among -1, 0 and 1."""
    pairs = list(itertools.combinations_with_replacement(range(len(units)), 2))
    choices = list(
        itertools.product(pairs, ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0)), itertools.product((-1, 0, 1), repeat=2))
    )
    for k in rng.permutation(len(choices)):
        pair, powers, shifts = choices[k]
        if any(shifts) and (pair[0] != pair[1] or (powers == (1.0, -1.0) and shifts[0] != shifts[1])):
            affine = tuple((units[s], float(shift)) for s, shift in zip(pair, shifts, strict=True))
            yield Combination("product", pair, powers, None, 0.0, affine)


def _natural(primitive: Primitive, source: int, unit: float) -> Combination:
    """Return the function of a source in the units of the data, coefficients one."""
    row, shift = natural_row(primitive, unit)
    number = 1.0 if primitive.exponent is None else _power(abs(unit), float(primitive.exponent))
    return Combination("sum", (source,), (number,), (primitive, row), shift)


def _power(unit: float, exponent: float) -> float:
    """Return a power; infinite, which no feature survives, where it leaves the range of numbers."""
    try:
        return float(unit**exponent)
    except ArithmeticError:
        return math.inf


def natural_row(primitive: Primitive, unit: float) -> tuple[tuple[float, ...], float]:
    """Return the coefficients that make a function one of an input in the units of the data, and what to add to it."""
    unit = abs(unit)  # reduced data may have negative ones
    row = tuple(unit if name == "scale" else 0.0 for name in primitive.inner)
    moved = primitive.scaled(unit, primitive.initial[0][len(row) :])
    return (*row, *primitive.initial[0][len(row) :]), 0.0 if moved is None else moved[1]


def _sized(arguments: Sequence[Combination], X: Array) -> list[Combination]:
    """Return the arguments at a root mean square of one, without those that are not finite."""
    with np.errstate(over="ignore"):
        sizes = np.sqrt(np.mean(values_of(arguments, X.T) ** 2, axis=1)) if arguments else np.zeros(0)
    return [
        _scaled(argument, size)
        for argument, size in zip(arguments, sizes.tolist(), strict=True)
        if math.isfinite(size) and size > 0
    ]


def _scaled(argument: Combination, size: float) -> Combination:
    """Return the argument divided by `size`."""
    if argument.kind == "product" and not argument.affine:
        return argument
    if argument.affine:
        first, second = argument.affine
        factor = size ** -argument.numbers[0]
        return argument._replace(affine=((first[0] * factor, first[1] * factor), second))
    return argument._replace(numbers=tuple(n / size for n in argument.numbers), constant=argument.constant / size)
