r"""The evidence for a smooth function of the inputs: how well any such function explains the rows, in nats.

The target is a polynomial with random coefficients plus normal noise. A coefficient of total degree k has the standard
deviation :math:`s \rho^k`; with :math:`\Phi` the Chebyshev products (N, T) times these powers of :math:`\rho`, and
:math:`\lambda = \sigma^2 / s^2`,

.. math:: \log p(y) = -\tfrac{N}{2} \log \frac{y^T (\Phi \Phi^T + \lambda I)^{-1} y}{N}
          - \tfrac12 \log \det(\Phi \Phi^T + \lambda I) + \text{const.}

The best :math:`\rho` and :math:`\lambda` of a grid count; one eigenproblem of size T serves all :math:`\lambda`. Unlike
the error on left-out rows, the evidence rewards a form with fewer inputs by many nats, because fewer polynomials fit
into it, and noise hardly moves the differences. Reference: MacKay (1992), Bayesian interpolation.

Axes: N rows, D inputs, T terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts._typing import Array, Ints
from eqdarts.primitives.table import LINEAR
from eqdarts.search.problem import Problem
from eqdarts.search.smooth import chebyshev_products, exponents_up_to, outer

__all__ = [
    "Box",
    "Response",
    "Ridged",
    "Setting",
    "SmoothFit",
    "best_fits",
    "degree_of",
    "denoised",
    "positive",
    "ratios_of",
    "response",
    "ridge",
    "rows_of",
    "smooth_fit",
]

MOST_TERMS, MOST_DEGREE = 130, 8
MOST_OF_FEW = {1: 40, 2: 14}  # largest degree of one and two inputs: there are rows enough to see several waves
RATIOS = (0.2, 0.4, 0.6)  # rho: how much smaller the coefficients of the next degree are
WAVY = (0.75, 0.9)  # and of one and two inputs
RIDGES = np.logspace(-7, 2, 19)
ROUNDING = 1e-13  # share of the squared target below which what is left is only rounding
EXP, LINEARISED = "exp", 2  # the outer function that is tried besides none, and how often it is linearised anew
WORST = 3.0  # what it may leave unexplained, as a multiple of what is left without it
# Behind an outer function a row counts as small below this share of the root mean square; how many may be small; and
# the share that stands in for smaller values.
SMALL, MOST_SMALL = 1e-2, 0.4
LEAST = 3e-3
NEAR_ZERO = 1e-3  # an input gets a logarithm if its least value is above this share of its largest


class Setting(NamedTuple):
    """What a fit is free to choose besides lambda.

    `logarithms` of the positive inputs or not, `ratio` rho, and the name of the function `outer` of the polynomial.
    """

    logarithms: bool
    ratio: float
    outer: str = LINEAR.name

    def prior(self, exponents: Ints) -> Array:
        """Return the standard deviation (T,) of each coefficient, up to a factor."""
        return np.asarray(self.ratio ** exponents.sum(1))


@dataclass(frozen=True, eq=False)
class SmoothFit:
    """A smooth function of the inputs of a problem, the most probable one.

    Parameters
    ----------
    evidence : float
        In nats; only differences between forms of one problem mean anything.
    setting : Setting
    unexplained : float
        Share of the mean square of the target that is left.
    freedom : float
        The number of coefficients that it is worth.
    """

    evidence: float
    setting: Setting
    unexplained: float
    box: Box
    X: Array
    solution: Array
    factor: float = 1.0
    freedom: float = 0.0

    def noise(self, problem: Problem) -> float:
        """Return the weighted mean square of what it leaves of the target of its problem."""
        _, y, root = rows_of(problem)
        return self.unexplained * float(np.mean((y * root) ** 2))

    def value_and_gradient(self) -> tuple[Array, Array]:
        """Return the function (N,) and its gradient (D, N) in the inputs, on the rows of the fit."""
        scaled, slope = self.box.scaled(self.X)
        d, row = self.X.shape[1], outer()[self.setting.outer]
        exponents = exponents_up_to(d, degree_of(d))
        size = row.inverse(chebyshev_products(scaled, exponents) @ self.solution)
        gradient = np.stack([chebyshev_products(scaled, exponents, i) @ self.solution for i in range(d)])
        return self.factor * size, self.factor * gradient * slope.T / row.slope(size)

    def predict(self, X: Array) -> Array:
        """Return the function (n,) at rows X (n, D)."""
        exponents = exponents_up_to(X.shape[1], degree_of(X.shape[1]))
        inside = chebyshev_products(self.box.scaled(X)[0], exponents) @ self.solution
        return np.asarray(self.factor * outer()[self.setting.outer].inverse(inside))


def denoised(problem: Problem, fit: SmoothFit) -> Problem:
    """Return the problem with the smooth function in the place of the target."""
    train, held, wide = (replace(rows, y=fit.predict(rows.X)) for rows in (problem.train, problem.held, problem.wide))
    return replace(problem, train=train, held=held, wide=wide, noise=fit.noise(problem))


def rows_of(problem: Problem) -> tuple[Array, Array, Array]:
    """Return X (N, D), y (N,) and the square root of the weight (N,) of all rows that the search may see."""
    parts = problem.wide, problem.held
    X, y, weight = (np.concatenate([getattr(p, name) for p in parts]) for name in ("X", "y", "weight"))
    return X, y, np.sqrt(weight)


class Response(NamedTuple):
    r"""The working response of a target y behind an outer function with the inverse T, near a function f.

    :math:`z = T(f) + T'(f)\,(y - f)` has the errors of y times :math:`T'(f)` and is fitted with the weight
    :math:`1 / T'(f)` (generalised linear models, McCullagh and Nelder 1989; the delta method). y and f are in units of
    `factor`, the size of f with its sign. The weight includes that of the row.
    """

    z: Array
    weight: Array
    factor: float


def response(name: str, y: Array, root: Array, near: Array) -> Response | None:
    """Return the working response behind the function `name`; None where `near` (N,) has no sign of its own."""
    if name == LINEAR.name:
        return Response(y, root, 1.0)
    row = outer()[name]
    in_target = near * root
    size = float(np.sqrt(np.mean(in_target**2)))
    sign = 1.0 if in_target.sum() > 0 else -1.0
    # where f is small or has the other sign, errors of y say nothing about T(y)
    if not size > 0 or (sign * in_target < SMALL * size).mean() > MOST_SMALL:
        return None
    factor = sign * size / float(np.sqrt(np.mean(root**2)))
    at = np.maximum(near / factor, LEAST * size / root / abs(factor))
    slope = row.slope(at)
    return Response(row.transform(at) + slope * (y / factor - at), root * abs(factor) / np.abs(slope), factor)


def best_fits(problem: Problem, near: Array | None = None) -> list[SmoothFit]:
    """Return the fits with the most evidence, the best first: in the inputs, in their logarithms, and behind exp.

    Parameters
    ----------
    problem : Problem
    near : ndarray of shape (N,), optional
        A function near which the exponential is linearised; if not given, the best of the other fits.
    """
    found = [_best(problem, Setting(logarithms, 0.0), near) for logarithms in (False, True)]
    fits = sorted((fit for fit in found if fit is not None), key=lambda fit: -fit.evidence)
    if not fits:
        return fits
    at = fits[0].value_and_gradient()[0] if near is None else near
    behind: SmoothFit | None = None
    # the linearisation near a rough fit is rough itself: once more near the exponential
    for _ in range(LINEARISED):
        behind = _best(problem, Setting(fits[0].setting.logarithms, 0.0, EXP), at)
        if behind is None:
            break
        at = behind.value_and_gradient()[0]
    if behind is not None and behind.unexplained < WORST * fits[0].unexplained:
        fits.append(behind)
    return sorted(fits, key=lambda fit: -fit.evidence)


def _best(problem: Problem, setting: Setting, near: Array | None) -> SmoothFit | None:
    """Return the fit with the best ratio."""
    return smooth_fit(problem, setting, near, ratios_of(problem.n_inputs))


def ratios_of(n_inputs: int) -> tuple[float, ...]:
    """Return how much smaller the coefficients of the next degree may be in a smooth model, by its number of inputs."""
    return (*RATIOS, *WAVY) if n_inputs in MOST_OF_FEW else RATIOS


def smooth_fit(
    problem: Problem, setting: Setting, near: Array | None = None, ratios: tuple[float, ...] = ()
) -> SmoothFit | None:
    """Fit a smooth function to all rows of a problem; None where it is not finite.

    Parameters
    ----------
    problem : Problem
    setting : Setting
    near : ndarray of shape (N,), optional
        The function near which an outer function is linearised; the target if not given.
    ratios : tuple of float, optional
        The best of these takes the place of the setting's ratio.
    """
    X, y, root = rows_of(problem)
    working = response(setting.outer, y, root, y if near is None else near)
    if working is None:
        return None
    box = Box.around(X, setting.logarithms)
    exponents = exponents_up_to(X.shape[1], degree_of(X.shape[1]))
    target = working.z * working.weight
    # a factor of the target is in the weights: its size must not matter, so that lambda is a share
    size = float(np.sqrt(np.mean(working.weight**2)))
    design = chebyshev_products(box.scaled(X)[0], exponents) * (working.weight / size)[:, None]
    matrix, projected = design.T @ design, design.T @ target
    total = float(target @ target)
    best: tuple[Ridged, Setting] | None = None
    for ratio in ratios or (setting.ratio,):
        own = setting._replace(ratio=ratio)
        ridged = ridge(matrix, projected, total, len(y), own.prior(exponents))
        if ridged is not None and (best is None or ridged.evidence > best[0].evidence):
            best = ridged, own
    if best is None:
        return None
    f = working.factor * outer()[setting.outer].inverse(design @ best[0].solution / working.weight)
    unexplained = float(np.sum(((y - f) * root) ** 2) / np.sum((y * root) ** 2))
    if not np.isfinite(unexplained):
        return None
    found, setting = best
    return SmoothFit(found.evidence, setting, unexplained, box, X, found.solution / size, working.factor, found.freedom)


class Ridged(NamedTuple):
    """The evidence at the best lambda, the coefficients (T,) there, and how many free ones they are worth."""

    evidence: float
    solution: Array
    freedom: float = 0.0


def ridge(matrix: Array, projected: Array, total: float, n: int, prior: Array) -> Ridged | None:
    """Return the best fit of N rows with a design D (N, T) and the target t; None where it is not finite.

    Parameters
    ----------
    matrix : ndarray of shape (T, T)
        D^T D.
    projected : ndarray of shape (T,)
        D^T t.
    total : float
        t^T t.
    n : int
    prior : ndarray of shape (T,)
        Standard deviations of the coefficients, up to a factor.
    """
    matrix = matrix * np.outer(prior, prior)
    if not np.isfinite(matrix).all() or not np.isfinite(projected).all() or not 0 < total < np.inf:
        return None
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 0.0)
    along = vectors.T @ (prior * projected)
    left = (total - (along**2 / (values + RIDGES[:, None])).sum(1)) / RIDGES
    logs = np.log(values + RIDGES[:, None]).sum(1) + (n - len(values)) * np.log(RIDGES)
    evidence = -0.5 * n * np.log(np.maximum(left, ROUNDING * total / RIDGES) / n) - 0.5 * logs
    best = int(np.argmax(evidence))
    solution = prior * (vectors @ (along / (values + RIDGES[best])))
    return Ridged(float(evidence[best]), solution, float(np.sum(values / (values + RIDGES[best]))))


def degree_of(d: int) -> int:
    """Return the largest degree with no more terms than are allowed."""
    degree = 1
    while degree < MOST_OF_FEW.get(d, MOST_DEGREE) and math.comb(d + degree + 1, d) <= MOST_TERMS:
        degree += 1
    return degree


def positive(X: Array) -> NDArray[np.bool_]:
    """Return which inputs (D,) are positive on all rows and not next to zero."""
    return np.asarray(X.min(0) > NEAR_ZERO * np.abs(X).max(0))


class Box(NamedTuple):
    """The unit box of the rows of a fit: which inputs (D,) have logarithms, and the middle and half of each side."""

    logged: NDArray[np.bool_]
    middle: Array
    half: Array

    @classmethod
    def around(cls, X: Array, logarithms: bool) -> Box:
        """Return the box around rows X (N, D)."""
        logged = positive(X) & logarithms
        inside = cls(logged, np.zeros(len(logged)), np.ones(len(logged))).scaled(X)[0]
        low, high = inside.min(0), inside.max(0)
        return cls(logged, (low + high) / 2, np.where(high > low, (high - low) / 2, 1.0))

    def scaled(self, X: Array) -> tuple[Array, Array]:
        """Return coordinates in the box (N, D), and their slope in the inputs (N, D)."""
        base = np.where(self.logged, X, 1.0)
        coordinates = np.where(self.logged, np.log(base), X)
        return (coordinates - self.middle) / self.half, 1 / base / self.half
