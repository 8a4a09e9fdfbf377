"""Domains, on which a function of one real variable is real and finite."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from eqdarts.errors import explain

__all__ = ["NOT_NEGATIVE", "NOT_ZERO", "POSITIVE", "REAL", "UNIT", "Domain"]

Tensor = Any  # torch.Tensor; torch is imported late, so that `import eqdarts` stays quick


@dataclass(frozen=True)
class Domain:
    """The domain of a function: an interval, perhaps without zero, on which it is real and finite.

    Parameters
    ----------
    lower, upper : float
        Ends of the interval of the inner value `u`.
    closed : bool
        Whether the ends belong to the domain.
    zero : bool
        Whether zero belongs to the domain.
    """

    lower: float = -math.inf
    upper: float = math.inf
    closed: bool = False
    zero: bool = True

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(
                explain(
                    "The lower end of a domain must be below its upper end.",
                    (self.lower, self.upper),
                    "Exchange the ends.",
                )
            )

    def contains(self, u: Tensor) -> Tensor:
        """Return a boolean array or tensor of the shape of `u`: which values lie in the domain."""
        inside = (u >= self.lower) & (u <= self.upper) if self.closed else (u > self.lower) & (u < self.upper)
        return inside if self.zero else inside & (u != 0)

    def clamp(self, u: Tensor, margin: float = 1e-3) -> Tensor:
        """Move the values of tensor `u` that lie outside the domain, or within `margin` of its edge, to that margin."""
        if not self.zero and self.lower < 0:
            away = u.detach().sign()
            away = away + (away == 0).to(u.dtype)
            u = (u * away).clamp(min=margin) * away
        low = self.lower + margin if math.isfinite(self.lower) else None
        high = self.upper - margin if math.isfinite(self.upper) else None
        return u if low is None and high is None else u.clamp(min=low, max=high)

    def holds_all(self, low: Any, high: Any) -> Any:
        """Return whether the domain contains all of each interval from `low` to `high`, arrays of shape (B,)."""
        inside = low == low
        if math.isfinite(self.lower):
            inside = inside & (low >= self.lower if self.closed else low > self.lower)
        if math.isfinite(self.upper):
            inside = inside & (high <= self.upper if self.closed else high < self.upper)
        return inside if self.zero else inside & ((low > 0) | (high < 0))

    def holds_none(self, low: Any, high: Any) -> Any:
        """Return whether the domain contains nothing of each interval from `low` to `high`, arrays of shape (B,)."""
        outside = low != low
        if math.isfinite(self.lower):
            outside = outside | (high < self.lower if self.closed else high <= self.lower)
        if math.isfinite(self.upper):
            outside = outside | (low > self.upper if self.closed else low >= self.upper)
        return outside if self.zero else outside | ((low == 0) & (high == 0))

    @property
    def outside(self) -> str:
        """Description of a value outside the domain: "zero", "not positive", "beyond -1 or 1"."""
        low, high = math.isfinite(self.lower), math.isfinite(self.upper)
        if low and high:
            return f"beyond {self.lower:g} or {self.upper:g}"
        if high:
            return f"above {self.upper:g}" if self.closed else f"not below {self.upper:g}"
        if not low:
            return "infinite" if self.zero else "zero"
        if self.lower == 0:
            return "negative" if self.closed else "not positive"
        return f"below {self.lower:g}" if self.closed else f"not above {self.lower:g}"


REAL = Domain()
POSITIVE = Domain(lower=0.0)
NOT_NEGATIVE = Domain(lower=0.0, closed=True)
NOT_ZERO = Domain(zero=False)
UNIT = Domain(lower=-1.0, upper=1.0, closed=True)
