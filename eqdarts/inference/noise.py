r"""How the scatter of the rows depends on the law's value: kinds, their sizes, and the evidence for one of them.

A row has the value f of the law and an error whose standard deviation is :math:`s\,g(f)`. The kinds differ in g. The
size s has the maximum of a normal likelihood; the code of a kind is minus its logarithm, in nats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqdarts._typing import Array

__all__ = ["AUTO", "NOISES", "Noise", "NoiseKind", "evidence_of", "is_exact", "noise_from", "noise_of"]

AUTO = "auto"
FEWEST_ROWS = 20  # with fewer rows, only a target over decades has another kind than a constant
EVIDENCE = 2.0  # nats that another kind must save against a constant
LARGEST = 1e100  # magnitude of y up to which, and down to whose reciprocal, units stay as they are
SMALLEST = 1e-6  # of the largest g: the scatter at a zero of the law is not zero
EXACT = 1e-9  # root mean square residual, as a share of that of y, below which there is no scatter
WIDE = 0.5  # relative error from which on a normal distribution about the law is implausible
RATIOS = np.exp(np.linspace(math.log(1e-3), math.log(1e3), 61))


@dataclass(frozen=True)
class NoiseKind:
    """One row of the table of kinds.

    Parameters
    ----------
    name : str
        The value of the parameter `noise`.
    words : str
        What it says of the scatter, in a sentence.
    shape : callable
        ``shape(f, share)`` -> g (n,) for the law's values f (n,).
    has_share : bool, default=False
        Whether g depends on a share that is estimated too.
    """

    name: str
    words: str
    shape: Callable[[Array, float], Array]
    has_share: bool = False

    def floored(self, f: Array, share: float) -> Array:
        """Return g (n,), which is nowhere zero; NaN where the law is undefined."""
        g = self.shape(np.abs(f), share)
        largest = float(np.nanmax(g, initial=0.0))
        return np.maximum(g, SMALLEST * largest) if largest > 0 else np.ones_like(g)


NOISES: dict[str, NoiseKind] = {
    row.name: row
    for row in (
        NoiseKind("constant", "is the same at all rows", lambda f, share: np.ones_like(f)),
        NoiseKind("relative", "grows in proportion to the law's value", lambda f, share: f),
        NoiseKind(
            "poisson", "grows as the root of the law's value, as that of counts does", lambda f, share: np.sqrt(f)
        ),
        NoiseKind(
            "both",
            "has a part that is the same at all rows and a part in proportion to the law's value",
            lambda f, share: np.hypot(1.0, share * f),
            has_share=True,
        ),
    )
}


@dataclass(frozen=True)
class Noise:
    """The scatter of the rows of a fit around the law: its standard deviation is ``size * g(f)``.

    Parameters
    ----------
    kind : str
        A key of `NOISES`: "constant" (g = 1), "relative" (g = abs(f)), "poisson" (g = sqrt(abs(f))) or "both"
        (g = sqrt(1 + share**2 f**2)).
    size : float
        In units of y; without a unit for "relative", and in their root for "poisson".
    share : float
        For "both", in units of 1 / y; 0 otherwise.
    nats : float
        How much shorter the description is with this kind than with a constant; 0 for "constant".
    by : {"rows", "user", "sigma", "weights", "logs"}
        Who decided on the kind.
    """

    kind: str = "constant"
    size: float = math.nan
    share: float = 0.0
    nats: float = 0.0
    by: str = "rows"

    def std(self, f: Array) -> Array:
        """Return the standard deviations (n,) of rows where the law has the values f (n,)."""
        return self.size * NOISES[self.kind].floored(f, self.share)

    def weights(self, f: Array) -> Array:
        """Return weights (n,), one over the variance, whose geometric mean is one."""
        log = np.log(NOISES[self.kind].floored(f, self.share))
        return np.asarray(np.exp(-2 * (log - log.mean())))

    def around(self, y: Array, f: Array, counts: Array | None = None) -> tuple[Noise, float]:
        """Return the noise of this kind and share with the size that rows (n,) have around f (n,), and its code."""
        counts = np.ones(len(y)) if counts is None else counts
        code, size = _code(np.square(y - f), NOISES[self.kind].floored(f, self.share), counts)
        return replace(self, size=size), code

    def in_unit(self, unit: float) -> Noise:
        """Return the noise of values that are `unit` times as large."""
        power = {"relative": 0.0, "poisson": 0.5}.get(self.kind, 1.0)
        return replace(self, size=self.size * unit**power, share=self.share / unit)

    def __str__(self) -> str:
        if self.by == "logs":
            return "The scatter of the logarithm is the same at all rows, as the loss has it"
        if self.by in ("sigma", "weights"):
            return f"The scatter follows the {self.by} given"
        text = f"The scatter {NOISES[self.kind].words}{self._amount()}"
        if self.by == "user":
            return f"{text}, as `noise` says"
        if self.kind != "constant":
            text += f"; a scatter that is the same at all rows would be {self.nats:.1f} nats longer"
        if self.kind == "relative" and self.size > WIDE:
            text += (
                '. Errors so large are seldom normal: try loss="squared_log", for which twice the law and half of it '
                "are equally far"
            )
        return text

    def _amount(self) -> str:
        if not math.isfinite(self.size):
            return ""
        if self.kind == "relative":
            return f" ({_percent(self.size)} of it)"
        if self.kind == "both":
            return f" ({self.size:.2g}, and {_percent(self.size * self.share)} of the value)"
        return f" ({self.size:.2g} times the root)" if self.kind == "poisson" else f" ({self.size:.2g})"

    def record(self) -> dict[str, Any]:
        """Return plain values, to be read by `noise_from`."""
        return {"kind": self.kind, "size": self.size, "share": self.share, "nats": self.nats, "by": self.by}


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"


def noise_from(record: Any) -> Noise:
    """Return the noise of a record that may come from anyone; without one, a constant.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is not such a record.
    """
    if record is None:
        return Noise()
    size, share, nats = (math.nan if record[key] is None else float(record[key]) for key in ("size", "share", "nats"))
    found = Noise(str(record["kind"]), size, share, nats, str(record["by"]))
    if found.kind not in NOISES or found.by not in ("rows", "user", "sigma", "weights", "logs"):
        raise ValueError(f"unknown noise {found.kind[:40]!r} by {found.by[:40]!r}")
    return found


def noise_of(kind: str, y: Array, f: Array, counts: Array | None = None) -> tuple[Noise, float]:
    """Return the noise of a kind with the size that the rows have around a law, and its code in nats.

    Parameters
    ----------
    kind : str
    y, f : ndarray of shape (n,)
        The rows, and the law's values there.
    counts : ndarray of shape (n,), optional
        How often each row was seen. Default: once.
    """
    counts = np.ones(len(y)) if counts is None else counts
    largest = float(max(np.abs(y).max(initial=0.0), np.nanmax(np.abs(f), initial=0.0)))
    if largest and not 1 / LARGEST < largest < LARGEST:
        # In a unit in which no square overflows.
        noise, code = noise_of(kind, y / largest, f / largest, counts)
        return noise.in_unit(largest), code + float(counts.sum()) * math.log(largest)
    row, squares = NOISES[kind], np.square(y - f)
    if not row.has_share:
        code, size = _code(squares, row.floored(f, 0.0), counts)
        return Noise(kind, size), code
    typical = float(np.median(np.abs(f))) or 1.0
    shares = RATIOS / typical
    codes = [_code(squares, row.floored(f, share), counts)[0] for share in shares]
    k = int(np.argmin(codes))
    code, size = _code(squares, row.floored(f, shares[k]), counts)
    return Noise(kind, size, float(shares[k])), code + 0.5 * math.log(max(float(counts.sum()), 1.0))


def _code(squares: Array, g: Array, counts: Array) -> tuple[float, float]:
    """Return minus the log likelihood, up to a constant, at its maximum over the size, and that size."""
    n = float(counts.sum())
    variance = float(counts @ (squares / g**2)) / n
    code = 0.5 * n * math.log(max(variance, 1e-300)) + float(counts @ np.log(g))
    return code, math.sqrt(variance)


def is_exact(y: Array, f: Array) -> bool:
    """Whether the residuals are at the rounding level of y."""
    return float(np.mean((y - f) ** 2)) <= EXACT**2 * float(np.mean(y**2))


def evidence_of(kind: str, y: Array, f: Array, f_constant: Array, counts: Array | None = None) -> float:
    """Return the nats that a kind saves against a constant, with and without the row that is farthest off.

    One outlying row where the law is large looks like a scatter that grows. So the smaller of the two numbers counts.

    Parameters
    ----------
    kind : str
    y : ndarray of shape (n,)
    f, f_constant : ndarray of shape (n,)
        The law's values, fitted by the weights of the kind and of a constant.
    counts : ndarray of shape (n,), optional
    """
    counts = np.ones(len(y)) if counts is None else counts
    others = counts.copy()
    others[np.argmax(np.abs(y - f_constant))] = 0.0
    return min(noise_of("constant", y, f_constant, n)[1] - noise_of(kind, y, f, n)[1] for n in (counts, others))
