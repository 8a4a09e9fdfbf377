r"""Laws of scale that the units of the columns imply (Buckingham's theorem).

If a base unit is chosen t times smaller, every input and the target are multiplied by t to the power of their exponent
of that base: the law must not notice. This holds for every base if no constant in the law has a unit. A constant with
the unit u leaves those changes of the bases that do not change it, :math:`a \cdot u = 0`. Which constant there is, is
not known; each unit costs the nats that say which one it is.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.units.balance import exponent_vectors

__all__ = ["Implied", "implied_laws", "independent", "most_likely", "pivoted", "pivotings"]

LARGEST_UNIT = {1: 4, 2: 6, 3: 6, 4: 5}  # sum of the exponents of a constant's unit, by the number of bases
OF_MANY_BASES = 4
BROKEN = 4.0  # price of a fraction as an exponent; that of a whole number is its size
MOST_BASES = 7


@dataclass(frozen=True, eq=False)
class Implied:
    """Laws of scale that hold together.

    Parameters
    ----------
    laws : ndarray of shape (L, m, D + 1)
        Of each of L sets, m laws: the weights of the inputs, and the degree of the target.
    prices : ndarray of shape (L,)
        Nats of each set.
    """

    laws: Array
    prices: Array


def independent(dimensions: Array) -> Array:
    """Return the rows of a matrix that are independent of those above them.

    >>> independent(np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]]))
    array([[1., 2.],
           [0., 1.]])
    """
    kept: list[Array] = []
    for row in dimensions:
        if np.linalg.matrix_rank(np.array([*kept, row])) > len(kept):
            kept.append(row)
    return np.array(kept).reshape(len(kept), dimensions.shape[1])


def implied_laws(dimensions: Array) -> tuple[Implied, ...]:
    """Return the sets of laws of scale without a constant that has a unit, and with one.

    Parameters
    ----------
    dimensions : ndarray of shape (B, D + 1)
        Exponents of B bases, of which none follows from the others, for the inputs and the target.
    """
    return _implied(dimensions.tobytes(), dimensions.shape)


@cache
def _implied(content: bytes, shape: tuple[int, int]) -> tuple[Implied, ...]:
    dimensions = np.frombuffer(content, dtype=np.float64).reshape(shape)
    n_bases = shape[0]
    found = [Implied(dimensions[None], np.zeros(1))]
    units = _units(n_bases)
    if n_bases > 1:
        prices = [math.log(exponent_vectors(int(np.abs(u).sum()), n_bases)) for u in units]
        laws = np.array([_changes(u) @ dimensions for u in units])
        found.append(Implied(laws, np.array(prices)))
    return tuple(sound for sets in found if len((sound := _sound(sets)).prices))


def _units(n_bases: int) -> Array:
    """List the units (L, B) that a constant may have, each once: not its powers, nor its reciprocal."""
    size = LARGEST_UNIT.get(n_bases, OF_MANY_BASES)
    if n_bases > MOST_BASES:
        return np.zeros((0, n_bases))
    rows = []
    for u in itertools.product(range(-size, size + 1), repeat=n_bases):
        first = next((e for e in u if e), 0)
        if first > 0 and sum(map(abs, u)) <= size and math.gcd(*u) == 1:
            rows.append(u)
    return np.array(rows, dtype=np.float64)


def _changes(u: Array) -> Array:
    """Return changes of the bases (B - 1, B) that leave the unit u as it is."""
    p = int(np.argmax(np.abs(u)))
    changes = np.eye(len(u)) - np.outer(u / u[p], np.eye(len(u))[p])
    return np.delete(changes, p, axis=0)


def _sound(sets: Implied) -> Implied:
    """Return the sets of which no law changes the target alone, and that leave an input; with fewer laws they would."""
    inputs = sets.laws[:, :, :-1]
    m, d = inputs.shape[1:]
    if m >= d:
        return Implied(sets.laws[:0], sets.prices[:0])
    keeps = np.linalg.matrix_rank(inputs) == m
    return Implied(sets.laws[keeps], sets.prices[keeps])


def most_likely(
    dimensions: Array, flow: Array, spread: Array, noise: float, most: int
) -> list[tuple[float, float, Array]]:
    """Return the laws without a constant that has a unit, and the sets with one that a gradient contradicts least.

    Each is given as nats lost and price, the price alone, and the laws (m, D + 1).

    Parameters
    ----------
    dimensions : ndarray of shape (B, D + 1)
    flow : ndarray of shape (D + 1, N)
        Change of the function along the logarithm of each input, and minus the function.
    spread : ndarray of shape (D, D)
        Inverse of the covariance of the logarithms of the inputs.
    noise : float
        Mean squared error of a row.
    most : int
        Number of sets with a constant.
    """
    ranked: list[tuple[float, float, Array]] = []
    square = flow @ flow.T / (2 * noise)
    for sets in implied_laws(dimensions):
        lost = sets.laws @ square @ sets.laws.transpose(0, 2, 1)
        inside = sets.laws[:, :, :-1]
        widths = inside @ spread @ inside.transpose(0, 2, 1)
        missed = np.trace(np.linalg.solve(widths, lost), axis1=1, axis2=2)
        for k in np.argsort(missed + sets.prices)[:most]:
            ranked.append((float(missed[k] + sets.prices[k]), float(sets.prices[k]), sets.laws[k]))
    return ranked


def pivoted(laws: Array, is_positive: NDArray[np.bool_]) -> list[tuple[int, Array]] | None:
    """Return laws (m, D + 1) as (p, law): each takes the input p out, with the simplest exponents; None if none can.

    Inputs that are not positive are multiplied and divided, and not raised to fractions.
    """
    return next(iter(pivotings(laws, is_positive)), None)


def pivotings(laws: Array, is_positive: NDArray[np.bool_]) -> list[list[tuple[int, Array]]]:
    """Return the ways to take inputs out by laws, those with the simplest exponents first; see `pivoted`."""
    m, d = laws.shape[0], laws.shape[1] - 1
    found: list[tuple[float, int, list[tuple[int, Array]]]] = []
    for n, pivots in enumerate(itertools.combinations(range(d), m)):
        block = laws[:, pivots]
        if abs(np.linalg.det(block)) < 1e-9:
            continue
        rows = np.round(np.linalg.solve(block, laws), 9) + 0.0
        broken = rows != np.round(rows)
        if any(
            row[broken[k]].any() and not is_positive[p] for k, (p, row) in enumerate(zip(pivots, rows, strict=True))
        ):
            continue
        price = float(np.abs(rows).sum() + BROKEN * broken.sum() + (~is_positive[list(pivots)]).sum())
        found.append((price, n, list(zip(pivots, rows, strict=True))))
    return [rows for _, _, rows in sorted(found, key=lambda way: way[:2])]
