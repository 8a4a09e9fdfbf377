"""The budget that all parts of a search share: its limits, the amount spent, and the course of the best loss."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from eqdarts.clock import now
from eqdarts.failures import Failures
from eqdarts.history import AlphaHistory, BestPoint, SearchHistory

__all__ = ["Budget"]

T = TypeVar("T")


@dataclass
class Budget:
    """The limits of a search, the amount spent, and its course.

    Parameters
    ----------
    time_limit : float or None
        Seconds of wall time; None for no limit.
    max_refits : int
    n_refits : int
        Number of graphs refitted so far.
    stage : str
        The present stage of the search.
    stage_seconds : dict of str to float
        CPU seconds by stage.
    best : list of BestPoint
        Every fall of the best loss.
    failures : Failures
        The stages that were left out.
    """

    time_limit: float | None
    max_refits: int
    n_refits: int = 0
    stage: str = "small"
    stage_seconds: dict[str, float] = field(default_factory=dict)
    best: list[BestPoint] = field(default_factory=list)
    failures: Failures = field(default_factory=Failures)

    def __post_init__(self) -> None:
        self.began = now()
        self.cpu_began = time.process_time()

    def spent(self) -> float:
        """Return the spent share of the budget, by the limit that is closer."""
        share = self.n_refits / self.max_refits
        if self.time_limit:
            share = max(share, (now() - self.began) / self.time_limit)
        return share

    def stop_reason(self) -> str | None:
        """Return the limit that is reached, None if neither is."""
        if not self.has_time():
            return "time"
        return "budget" if self.n_refits >= self.max_refits else None

    def has_time(self, share: float = 1.0) -> bool:
        """Return whether less than this share of the time limit is spent."""
        return self.time_limit is None or now() - self.began < share * self.time_limit

    def in_time(self, items: Iterable[T], share: float = 1.0) -> Iterator[T]:
        """Yield items until this share of the time is spent. The number of refits does not end them."""
        for item in items:
            yield item
            if not self.has_time(share):
                return

    def book(self, stage: str, began: float) -> None:
        """Add the CPU seconds since `began` to those of the stage."""
        self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + time.process_time() - began

    def note(self, loss: float) -> None:
        """Remember that the best loss has fallen to `loss`."""
        self.best.append(BestPoint(time.process_time() - self.cpu_began, self.n_refits, loss, self.stage))

    def history(self, stop_reason: str, alpha: AlphaHistory | None) -> SearchHistory:
        """Return the course of the search, at its end."""
        seconds = time.process_time() - self.cpu_began
        return SearchHistory(
            tuple(self.best),
            self.n_refits,
            seconds,
            stop_reason,
            alpha,
            self.stage_seconds,
            self.failures.left_out,
        )
