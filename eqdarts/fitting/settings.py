"""The settings of a fit: the checked parameters of the estimator, and constants by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eqdarts.clock import now
from eqdarts.inference.noise import AUTO
from eqdarts.primitives.table import Primitive
from eqdarts.search.relaxed.options import RelaxedOptions

if TYPE_CHECKING:
    from eqdarts.equation.equation import Equation

__all__ = ["FitSettings", "share_until", "spent", "time_for_search", "until_constants"]

# Part of the time limit that is kept for the steps after the search: seconds, a share, and the largest share.
FOR_THE_REST = 2.5
SHARE_FOR_THE_REST = 0.03
LARGEST_REST = 0.25
# The same for tables of more than `FEW_ROWS`: the equations are evaluated at all rows, and one is refitted to them.
FEW_ROWS = 10_000
FOR_LONG, FOR_A_ROW = 1.0, 4e-6
LARGEST_FOR_ROWS = 0.3
# The share of the limit after which a step leaves out what is long; for all rows this share of their time is left then.
UNTIL = {"refits": 0.88, "writing": 0.92}
FOR_ROWS_AFTER = {"refits": 0.9, "writing": 0.8}
LATEST = 1.05  # share until which constants become exact: it takes a tenth of a second and changes the law
FOR_CONSTANTS = 0.04  # share that this has in any case


def time_for_search(limit: float, n_rows: int = 0) -> float:
    """Return the seconds of a time limit after which the search in a table of `n_rows` rows ends."""
    rest = min(FOR_THE_REST + SHARE_FOR_THE_REST * limit, LARGEST_REST * limit)
    return limit - rest - _for_rows(limit, n_rows)


def share_until(step: str, limit: float | None, n_rows: int) -> float:
    """Return the share of a time limit after which a step, "refits" or "writing", leaves out long equations."""
    if limit is None:
        return 1.0
    return min(UNTIL[step], 1.0 - FOR_ROWS_AFTER[step] * _for_rows(limit, n_rows) / limit)


def spent(began: float, limit: float | None) -> float:
    """Return the share of a time limit that is spent, if it began to count at `began`."""
    return 0.0 if limit is None else (now() - began) / limit


def until_constants(began: float, limit: float | None) -> float:
    """Return the share of a time limit until which constants become exact, also where the rest took too long."""
    return max(LATEST, spent(began, limit) + FOR_CONSTANTS)


def _for_rows(limit: float, n_rows: int) -> float:
    """Return the seconds that are kept for steps that see all rows of a long table."""
    return min(FOR_LONG + FOR_A_ROW * n_rows, LARGEST_FOR_ROWS * limit) if n_rows > FEW_ROWS else 0.0


@dataclass(frozen=True, eq=False)
class FitSettings:
    """The settings of one fit; `eqdarts.fitting.checks.checked_settings` makes them of the estimator's parameters.

    Parameters
    ----------
    primitives : tuple of Primitive
    max_complexity : int
        Largest number of symbols of a graph.
    search : str
    time_limit : float or None
        Seconds of wall time for the whole fit; None for no limit.
    max_refits, n_restarts, n_searches : int
    relaxed : RelaxedOptions
        How the relaxed search trains its supernets.
    n_jobs : int or None
        None for one search in this process.
    selection : str
        A key of `eqdarts.selection.CRITERIA`.
    loss : str or callable
    noise : str
        "auto", or a key of `eqdarts.inference.noise.NOISES`.
    validation_fraction : float
        Share of the rows that is held back.
    guesses : sequence of str or Equation, or None
    constants : mapping of str to float
        Constants by name.
    exponents : str
        A key of `eqdarts.fitting.exponents.STEPS`.
    snap : bool
        Whether coefficients may become exact constants.
    bounds : mapping of str to (float or None, float or None), or None
        Of the coefficients of a form.
    given : mapping of str to object
        The parameters as the user gave them, for the record of the fit.
    changed : tuple of str
        The names of those that differ from their defaults.
    """

    primitives: tuple[Primitive, ...]
    max_complexity: int
    search: str
    time_limit: float | None
    max_refits: int
    n_restarts: int
    n_searches: int
    n_jobs: int | None
    selection: str
    loss: str | Callable[..., Any]
    validation_fraction: float
    noise: str = AUTO
    relaxed: RelaxedOptions = field(default_factory=RelaxedOptions)
    guesses: Sequence[str | Equation] | None = None
    constants: Mapping[str, float] = field(default_factory=dict)
    exponents: str = "any"
    snap: bool = True
    bounds: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()

    @property
    def loss_name(self) -> str:
        """The name of the loss: the qualified name of a function."""
        if isinstance(self.loss, str):
            return self.loss
        return str(getattr(self.loss, "__qualname__", type(self.loss).__qualname__))

    def written(self) -> dict[str, str]:
        """Return the parameters as Python writes them."""
        return {name: repr(value) for name, value in self.given.items()}
