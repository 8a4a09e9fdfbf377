r"""Losses: their values, and the weights that turn them into least squares problems.

A loss :math:`\ell(y, f)` of the prediction f that is smallest at f = y has the slope of a weighted square,

.. math:: \frac{\partial \ell}{\partial f} = w\,(f - y), \qquad w = \frac{\partial \ell / \partial f}{f - y} \ge 0,

Repeated least squares with these weights, each time computed at the previous fit, ends at the smallest loss
(iteratively reweighted least squares; Green 1984). For the likelihoods of Poisson and Bernoulli w is one over the
variance of y, and the covariance of the coefficients follows from it as from known errors.

Axes: N rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.errors import closest, explain

__all__ = ["LOSSES", "SQUARED", "Loss", "loss_of", "resolve_loss", "typical_size"]

RowFunction = Callable[[Array, Array], Array]

ABOVE_ZERO = float(np.nextafter(0, 1))
HUBER = 1.345  # 95 % efficiency for normal errors, in standard deviations
NORMAL = 1.4826  # standard deviation of a normal distribution over the median absolute deviation
SMALLEST = 1e-7  # lower limit of residuals in weights, as a share of the median one
ROUNDING = 1e-12  # the same, and of the scale of a loss, as a share of y: below it are only rounding errors
EXACT = 1e-9  # residual, as a share of y, at which a fit is exact
MOST_CHECKED = 100  # rows on which a loss of the user's own is tried
EDGE = 1e-9  # smallest distance of probabilities from 0 and 1 in weights


@dataclass(frozen=True)
class Loss:
    """One row of the table of losses.

    Parameters
    ----------
    name : str
    value : callable
        ``value(y, f)`` -> loss of each row; infinite or NaN where f is impossible.
    weights : callable
        ``weights(y, f)`` -> positive weight of each row for least squares.
    variance : callable or None
        ``variance(f)`` -> variance of y if the loss is minus a log likelihood in nats, otherwise None.
    power : float
        Power of the residual in the loss, if its scale is unknown: n / power times the logarithm of the mean loss is
        then the code length of the residuals.
    link : str or None
        Function that turns the formula of the search into the law: "logistic" if the law is a probability, None if the
        formula itself is the law.
    scaled : callable or None
        ``scaled(s)`` -> the loss for residuals of standard deviation s, if its shape depends on s; otherwise None.
    is_least_squares : bool
        Whether one least squares fit reaches the smallest loss. Known errors of y, profile likelihood and resampling
        need such a loss.
    is_relative : bool
        Whether residuals are those of the logarithms, so that the loss is one of relative errors.
    of_logs : bool
        Whether it is the squares of these residuals: least squares of the logarithms.
    lowest, highest : float
        Range of y.
    caution : callable
        ``caution(y, f)`` -> sentence about a fit whose coefficients the rows do not determine, "" if there is none.
    """

    name: str
    value: RowFunction
    weights: RowFunction
    variance: Callable[[Array], Array] | None = None
    power: float = 2.0
    link: str | None = None
    scaled: Callable[[float], Loss] | None = None
    is_least_squares: bool = False
    is_equivariant: bool = False
    is_relative: bool = False
    of_logs: bool = False
    lowest: float = -math.inf
    highest: float = math.inf
    caution: Callable[[Array, Array], str] = lambda y, f: ""

    @property
    def is_likelihood(self) -> bool:
        """Whether the loss is minus a log likelihood that knows the variance of y."""
        return self.variance is not None

    @property
    def is_robust(self) -> bool:
        """Whether rows far from the law count for less, so that they may be outliers."""
        return not self.is_likelihood and not self.of_logs

    @property
    def has_scale(self) -> bool:
        """Whether the loss depends on the usual size of residuals."""
        return self.scaled is not None

    @property
    def logistic(self) -> bool:
        """Whether the law is a probability, and the search fits its log odds."""
        return self.link == "logistic"

    @property
    def power_of_unit(self) -> float:
        """Power of the unit of y in the loss."""
        return 0.0 if self.is_relative else self.power

    def residual(self, y: Array, f: Array) -> Array:
        """Return the residuals (n,) that the loss measures; infinite where a relative one does not exist."""
        if not self.is_relative:
            return np.asarray(y - f)
        with np.errstate(all="ignore"):
            return np.where(f > 0, np.log(y) - np.log(np.where(f > 0, f, 1.0)), math.inf)

    def scale(self, y: Array, f: Array) -> float:
        """Return the standard deviation of the residuals, by their median magnitude.

        It is no smaller than the level at which a fit counts as exact: below, all laws would look as if they had
        outliers only.
        """
        size = np.abs(self.residual(y, f))
        return max(NORMAL * float(np.median(size)), EXACT * (1.0 if self.is_relative else typical_size(y)))

    def relative(self) -> Loss:
        """Return the same loss of the logarithms of y and f, for a positive y whose errors are relative."""
        inner, scaled = self, self.scaled

        def value(y: Array, f: Array) -> Array:
            size = np.abs(relative.residual(y, f))
            return np.where(f > 0, inner.value(size, np.zeros_like(size)), np.inf)

        def weights(y: Array, f: Array) -> Array:
            near = np.where(f > 0, f, y)
            size = np.log(y / near)
            apart = y - near
            # The slope of the logarithm, log(y / f) / (y - f), is 1 / y where both are the same.
            slope = np.where(apart == 0, 1 / y, size / np.where(apart == 0, 1.0, apart))
            return np.asarray(inner.weights(size, np.zeros_like(size)) * slope / near)

        relative = replace(
            self, value=value, weights=weights, is_relative=True,
            scaled=None if scaled is None else lambda s: scaled(s).relative(),
        )  # fmt: skip
        return relative

    def least_squares(self, y: Array, f: Array) -> tuple[Array, Array]:
        """Return a target and weights (N,) by which least squares have the slopes of the loss at f.

        For the squares of logarithms they are f + f log(y / f) and 1 / f**2: the residuals at f are then those of the
        logarithm too. Others have y and their weights, as these have where f is not positive.
        """
        if not self.of_logs or not (f > 0).all():
            return y, self.weights(y, f)
        with np.errstate(all="ignore"):
            return np.asarray(f + f * np.log(y / f)), np.asarray(f**-2.0)

    def mean(self, y: Array, f: Array, weight: Array | None = None) -> float:
        """Return the mean loss of the rows with weight; infinite if a prediction is impossible."""
        if weight is not None:
            seen = weight > 0
            y, f = y[seen], f[seen]
            weight = weight[seen]
        with np.errstate(all="ignore"):
            loss = float(np.average(self.value(y, f), weights=weight))
        return loss if math.isfinite(loss) else math.inf

    def code_length(
        self, y: Array, f: Array, weight: Array | None = None, n_rows: float | None = None, n_coefficients: int = 0
    ) -> float:
        r"""Return the nats for the residuals, up to a constant that is the same for all equations.

        Parameters
        ----------
        y, f : ndarray of shape (N,)
            Target and predictions.
        weight : ndarray of shape (N,), optional
        n_rows : float, optional
            Number of rows that the weights represent. Default: N.
        n_coefficients : int, default=0

        Notes
        -----
        A likelihood is its own code. For other losses the scale of the residuals is unknown. Up to half of the rows may
        be outliers, whose residuals the scale does not describe: with m of them among n rows and mean loss L of the
        others the code takes

        .. math:: \frac{n - m}p \log L + \frac mp \log L_0 + \log \binom nm

        nats, for the best m. An outlier is coded as somewhere in the range of y, whose end has the loss :math:`L_0`. A
        law that fits all rows but some to rounding is thus not rejected for one that comes closer to these. L stops at
        the rounding level of y.
        """
        if weight is not None:
            y, f = y[weight > 0], f[weight > 0]
            weight = weight[weight > 0]
        with np.errstate(all="ignore"):
            values = self.value(y, f)
        if not np.isfinite(values).all():
            return math.inf
        n = float(len(y)) if n_rows is None else n_rows
        share = np.full(len(y), n / len(y)) if weight is None else weight * (n / weight.sum())
        if self.is_likelihood:
            return float(share @ values)
        rounded = y * (1 + EXACT) if self.is_relative else y + EXACT * typical_size(y)
        floor = max(float(share @ self.value(y, rounded)) / n, 1e-300)
        if not self.is_robust:
            return n * math.log(max(float(share @ values) / n, floor)) / self.power
        widest = max(float(self.value(y, np.full(len(y), np.median(y))).max()), floor)
        order = np.argsort(values)
        regular = np.cumsum(share[order])  # rows that are not outliers, if these are all with a larger loss
        means = np.cumsum((share * values)[order]) / regular
        outliers = np.maximum(n - regular, 0.0)
        code = (regular * np.log(np.maximum(means, floor)) + outliers * math.log(widest)) / self.power
        code += _log_choices(n, outliers)
        allowed = outliers <= (n - n_coefficients) / 2
        allowed[-1] = True
        return float(code[allowed].min())

    def check_target(self, y: Array) -> None:
        """Raise ValueError for a y outside the range of the loss."""
        if y.min() < self.lowest or y.max() > self.highest:
            highest = f" to {self.highest:g}" if math.isfinite(self.highest) else " or more"
            needed = "above 0" if self.lowest == ABOVE_ZERO else f"of {self.lowest:g}{highest}"
            raise ValueError(
                explain(
                    f"loss={self.name!r} needs a y {needed}.",
                    f"{y.min():g} .. {y.max():g}",
                    "Check the target, or use another loss.",
                )
            )


SQUARED = Loss(
    "squared", lambda y, f: (y - f) ** 2, lambda y, f: np.ones_like(y), is_least_squares=True, is_equivariant=True
)


def typical_size(y: Array) -> float:
    """Return the median magnitude of the values (n,) that are not zero; 1 if there are none.

    It tells how large rounding errors are, and few outliers do not change it.
    """
    size = np.abs(y[y != 0])
    return float(np.median(size)) if size.size else 1.0


def _log_choices(n: float, m: Array) -> Array:
    """Return the logarithms of the numbers of ways to choose m of n rows."""
    from scipy.special import gammaln

    return np.asarray(gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1))


def _least_residual(y: Array, size: Array) -> Array:
    """Return the magnitude (n,) below which residuals of these sizes count as equal in weights."""
    rounding = ROUNDING * np.maximum(np.abs(y), typical_size(y))
    return np.maximum(rounding, SMALLEST * float(np.median(size)))


def _absolute() -> Loss:
    def weights(y: Array, f: Array) -> Array:
        size = np.abs(y - f)
        return np.asarray(1 / np.maximum(size, _least_residual(y, size)))

    return Loss("absolute", lambda y, f: np.abs(y - f), weights, power=1.0, is_equivariant=True)


def _huber(scale: float) -> Loss:
    """Return Huber's loss for residuals of this standard deviation: half the square, linear beyond 1.345 times it."""
    limit = HUBER * scale

    def value(y: Array, f: Array) -> Array:
        size = np.abs(y - f)
        return np.where(size <= limit, 0.5 * size**2, limit * (size - 0.5 * limit))

    return Loss(
        "huber", value, lambda y, f: limit / np.maximum(np.abs(y - f), limit), scaled=_huber, is_equivariant=True
    )


def _poisson() -> Loss:
    def value(y: Array, f: Array) -> Array:
        """Return half the deviance: the log likelihood of the best rate, y, minus that of f."""
        share = np.where(y > 0, y, 1.0) / np.where(f > 0, f, np.nan)
        return np.where(f > 0, f - y + y * np.log(share), np.where((f == 0) & (y == 0), 0.0, np.inf))

    def weights(y: Array, f: Array) -> Array:
        return np.asarray(1 / np.maximum(f, 1e-3 * max(float(y.mean()), 1e-300)))

    return Loss("poisson", value, weights, lambda f: np.asarray(f), lowest=0.0)


def _bernoulli() -> Loss:
    def value(y: Array, f: Array) -> Array:
        inside = np.clip(f, 1e-300, 1 - 1e-16)
        return -(y * np.log(inside) + (1 - y) * np.log1p(-inside))

    def variance(f: Array) -> Array:
        inside = np.clip(f, EDGE, 1 - EDGE)
        return np.asarray(inside * (1 - inside))

    def weights(y: Array, f: Array) -> Array:
        return np.asarray(1 / variance(f))

    return Loss("bernoulli", value, weights, variance, link="logistic", lowest=0.0, highest=1.0, caution=_separated)


def _separated(y: Array, f: Array) -> str:
    """Return a sentence if every y = 1 has a larger probability than every y = 0; then a steeper law fits better."""
    no, yes = f[y == 0], f[y == 1]
    if not len(no) or not len(yes) or len(no) + len(yes) < len(y) or not yes.min() > no.max():
        return ""
    return (
        "The law separates all rows with y = 0 from all rows with y = 1. Its slope is therefore not determined: every "
        "steeper law fits better. Trust the place of the change, not the slope; rows near that place determine it."
    )


def _own(function: Callable[..., Any]) -> Loss:
    """Return the loss of a torch function of (y, prediction), differentiated by autograd."""

    def value(y: Array, f: Array) -> Array:
        import torch

        with torch.no_grad():
            return np.asarray(function(torch.tensor(y), torch.tensor(f)).numpy())

    def weights(y: Array, f: Array) -> Array:
        import torch

        least = _least_residual(y, np.abs(y - f))
        step = np.where(np.abs(f - y) < least, np.where(f < y, -least, least), f - y)
        at = torch.tensor(y + step, requires_grad=True)
        (slope,) = torch.autograd.grad(function(torch.tensor(y), at).sum(), at)
        return np.asarray(slope.numpy() / step)

    return Loss("own", value, weights)


def _squared_log() -> Loss:
    """Return the squares of log(y / f): twice the law and half of it are equally far."""
    return replace(SQUARED.relative(), name="squared_log", is_least_squares=False, of_logs=True, lowest=ABOVE_ZERO)


LOSSES = {row.name: row for row in (SQUARED, _huber(1.0), _absolute(), _squared_log(), _poisson(), _bernoulli())}


def loss_of(loss: Any) -> Loss:
    """Return the row of a name or torch function, before its scale is known.

    A row is its own. A name without a row belongs to a function in a fit that was read from a file; such a loss is
    only a name.
    """
    if isinstance(loss, Loss):
        return loss
    return LOSSES[loss] if isinstance(loss, str) and loss in LOSSES else _own(loss)


def resolve_loss(loss: Any, y: Array, residual: Array) -> Loss:
    """Return the row of a name or torch function.

    Parameters
    ----------
    loss : str or callable
        A key of `LOSSES`, or ``loss(y, prediction)`` -> tensor of the loss of each row: not negative, smallest where
        the prediction is y, differentiable by torch. A `Loss` is itself a row, and may get a scale.
    y, residual : ndarray of shape (N,)
        The target, and the residuals of a fit, from which Huber's loss gets its scale. The scale is no smaller than
        the rounding level of y.

    Raises
    ------
    ValueError
        For an unknown name, or a function that does not return one finite loss for each row.
    """
    if callable(loss):
        return _checked(_own(loss), y[:MOST_CHECKED], residual)
    if not isinstance(loss, Loss) and (not isinstance(loss, str) or loss not in LOSSES):
        todo = closest(str(loss), LOSSES)
        raise ValueError(
            explain("loss must be the name of a loss, or a torch function of (y, prediction).", repr(loss), todo)
        )
    row = loss if isinstance(loss, Loss) else LOSSES[loss]
    if row.scaled is None:
        return row
    return row.scaled(row.scale(y, y - residual))


def _checked(loss: Loss, y: Array, residual: Array) -> Loss:
    for f in (y, y + max(float(np.abs(residual).mean()), 1e-300)):
        try:
            values, weights = loss.value(y, f), loss.weights(y, f)
        except Exception as error:
            raise ValueError(
                explain(
                    "loss must be a torch function of (y, prediction).",
                    f"{type(error).__name__}: {error}",
                    "Fix the function.",
                )
            ) from error
        if values.shape != y.shape or not np.isfinite(values).all() or not (weights >= 0).all() or values.min() < 0:
            raise ValueError(
                explain(
                    "loss must give a finite loss >= 0 for each row, smallest where the prediction is y.",
                    f"shape {values.shape}, least {values.min() if values.size else 'of nothing'}",
                    "Return a tensor of the shape of y.",
                )
            )
    return loss
