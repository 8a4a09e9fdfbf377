"""The course of a search: alpha trajectories, discretisation gap, best loss over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["AlphaHistory", "BestPoint", "SearchHistory", "with_totals"]


@dataclass(frozen=True)
class AlphaHistory:
    """Architecture weights of the relaxed stage over its steps.

    Parameters
    ----------
    steps : ndarray of int, shape (T,)
        The bilevel steps at which alpha was kept.
    edges : tuple of str
        Label of each edge of the supernet, such as ``"x -> h1"``; length E.
    primitives : tuple of str
        Names of the primitives among which an edge chooses; length M.
    weights : ndarray of shape (T, R, E, M)
        softmax(alpha) of every restart.
    aggregators : ndarray of shape (T, R, H)
        Weight of "product" against "sum" at each of the H hidden nodes.
    loss_relaxed, loss_discrete, loss_refitted : ndarray of shape (R,)
        Validation loss of each restart before argmax, after argmax and after the refit, as a share of the target's
        variance: `loss_discrete - loss_relaxed` is the discretisation gap. NaN where a restart broke down.
    """

    steps: NDArray[np.int64]
    edges: tuple[str, ...]
    primitives: tuple[str, ...]
    weights: NDArray[np.float64]
    aggregators: NDArray[np.float64]
    loss_relaxed: NDArray[np.float64]
    loss_discrete: NDArray[np.float64]
    loss_refitted: NDArray[np.float64]

    @property
    def entropy(self) -> NDArray[np.float64]:
        """Entropy of each edge (T, R, E) as a share of its largest: 1 if all choices are alike, 0 if one is left."""
        p = np.maximum(self.weights, 1e-300)
        return np.asarray(-(self.weights * np.log(p)).sum(axis=-1) / np.log(max(len(self.primitives), 2)))

    @property
    def gap(self) -> NDArray[np.float64]:
        """Loss after argmax and refit over the loss before, (R,): at most 1 where discretisation costs nothing."""
        with np.errstate(all="ignore"):
            return np.asarray(self.loss_refitted / np.maximum(self.loss_relaxed, 1e-300))


@dataclass(frozen=True)
class BestPoint:
    """The best loss known at one moment: CPU seconds since the start, refits so far, loss, stage."""

    seconds: float
    refits: int
    loss: float
    stage: str


@dataclass(frozen=True)
class SearchHistory:
    """The course of a search.

    Parameters
    ----------
    best : tuple of BestPoint
        Every improvement of the best loss, in time order.
    n_refits : int
        Total number of graphs refitted.
    seconds : float
        CPU seconds spent.
    stop_reason : {"exact", "budget", "time", "callback", "interrupt", "settled", "finished"}
        Why the search ended. "settled": no law that is left to try can be expected to be better. "finished": nothing
        new was found for long.
    alpha : AlphaHistory or None
        None if the relaxed stage did not run.
    stage_seconds : dict of str to float
        CPU seconds by stage.
    left_out : dict of str to str
        The stages that ended in a numerical error and were left out, each with the error.
    """

    best: tuple[BestPoint, ...]
    n_refits: int
    seconds: float
    stop_reason: str
    alpha: AlphaHistory | None = None
    stage_seconds: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def with_totals(history: SearchHistory, histories: Sequence[SearchHistory]) -> SearchHistory:
    """Return `history` with the totals of all `histories`, which are successive searches: refits, seconds, failures."""
    stages: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for other in histories:
        left_out = {**other.left_out, **left_out}
    for stage, seconds in (item for other in histories for item in other.stage_seconds.items()):
        stages[stage] = stages.get(stage, 0.0) + seconds
    return replace(
        history,
        n_refits=sum(other.n_refits for other in histories),
        seconds=sum(other.seconds for other in histories),
        stage_seconds=stages,
        left_out=left_out,
    )
