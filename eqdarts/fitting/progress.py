"""What a fit tells while it runs: `FitProgress` to a callback of the user's, and to those who keep its state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from eqdarts.equation.equation import Equation
from eqdarts.fitting.bar import Progress
from eqdarts.fitting.checkpoint import Checkpoint
from eqdarts.fitting.interrupts import Interrupts
from eqdarts.graph.fitted import FittedGraph
from eqdarts.search.result import Moment, StopSearch

__all__ = ["Callback", "FitProgress", "JsonLog", "Watch"]

EVERY = 1.0  # seconds between two calls

Write = Callable[[FittedGraph], Equation | None]


@dataclass(frozen=True)
class FitProgress:
    """How far a fit is.

    Parameters
    ----------
    seconds : float
        Since the fit began.
    share : float
        Of the budget that is spent, 0 to 1.
    n_refits : int
        Graphs refitted so far.
    loss : float
        The lowest so far: the mean squared residual, in units of y squared, of the rows that the search looks at. Of
        another loss than "squared", that of the least squares problem in its place.

    Attributes
    ----------
    equation : str
        The one with this loss. It is written when it is asked for, like `front`.
    front : DataFrame
        The Pareto front: complexity, loss, equation.
    """

    seconds: float
    share: float
    n_refits: int
    loss: float
    _best: FittedGraph = field(repr=False)
    _members: tuple[FittedGraph, ...] = field(repr=False)
    _unit: float = field(repr=False)  # what a loss of 1 is in units of y squared
    _write: Write = field(repr=False)

    @cached_property
    def equation(self) -> str:
        return str(self._write(self._best))

    @cached_property
    def front(self) -> pd.DataFrame:
        written = [(self._write(member), member.loss * self._unit) for member in self._members]
        rows = [(e.complexity, loss, str(e)) for e, loss in written if e is not None]
        return pd.DataFrame(rows, columns=["complexity", "loss", "equation"])


Callback = Callable[[FitProgress], Any]


class JsonLog:
    """A callback that appends one line of JSON to a file for each call, to be drawn by whatever reads JSON lines.

    Parameters
    ----------
    path : str or Path

    Examples
    --------
    >>> model.fit(X, y, callback=JsonLog("fit.jsonl"))  # doctest: +SKIP
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __call__(self, progress: FitProgress) -> None:
        """Append the line."""
        line = {
            "seconds": round(progress.seconds, 3),
            "share": round(progress.share, 4),
            "n_refits": progress.n_refits,
            "loss": progress.loss,
            "equation": progress.equation,
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


class Watch:
    """An `on_progress` of `search`: gives every moment to the progress bar, the checkpoint and the callback.

    Parameters
    ----------
    bar : Progress
    checkpoint : Checkpoint, optional
    callback : callable, optional
        Called with a `FitProgress` once a second at most; True, returned, stops the search.
    """

    def __init__(
        self, bar: Progress, checkpoint: Checkpoint | None, callback: Callback | None, interrupts: Interrupts
    ) -> None:
        self.bar, self.checkpoint, self.callback, self.interrupts = bar, checkpoint, callback, interrupts
        self.unit: float = 1.0  # these two are set as soon as the data are prepared
        self.write: Write = lambda _: None
        self.first, self.share = 0.0, 1.0  # where the search that runs stands in the budget
        self.began, self.last = time.monotonic(), time.monotonic() - EVERY

    def __call__(self, moment: Moment) -> None:
        """Tell what there is to tell."""
        if self.interrupts.seen:  # it came when Python could not raise it, as in a destructor
            raise KeyboardInterrupt
        self.interrupts.open = True  # something has been found
        self.bar(moment)
        if self.checkpoint is not None:
            self.checkpoint.note(moment)
        if self.callback is not None and time.monotonic() - self.last >= EVERY:
            self.last = time.monotonic()
            if self.callback(self._progress(moment)) is True:
                raise StopSearch

    def _progress(self, moment: Moment) -> FitProgress:
        return FitProgress(
            time.monotonic() - self.began,
            min(self.first + self.share * moment.share, 1.0),
            moment.n_refits,
            moment.best.loss * self.unit,
            moment.best,
            tuple(moment.front()),
            self.unit,
            self.write,
        )
