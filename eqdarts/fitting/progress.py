"""Communication with a running fit: progress bar, callback, checkpoint and Ctrl-C.

`Watch` passes every moment of a search to the bar, the checkpoint and the user's callback. `Interrupts` lets the first
Ctrl-C end the present stage and keep the result so far; a second one has no further effect.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from eqdarts._lazy import Loading
from eqdarts.clock import now
from eqdarts.equation.equation import Equation
from eqdarts.fitting.checkpoint import Checkpoint
from eqdarts.fitting.garbage import only_new_garbage
from eqdarts.graph.fitted import FittedGraph
from eqdarts.search.result import Moment, StopSearch
from eqdarts.search.search import one_thread
from eqdarts.search.strategies import SEARCHES

__all__ = ["Bar", "Callback", "FitProgress", "Interrupts", "JsonLog", "Watch", "compiling", "watched"]

T = TypeVar("T")
EVERY = 1.0  # seconds between two calls
GRACE = 0.6  # seconds after an interrupt within which equations are still written
PATIENCE = 3  # number of interrupts after which the fit ends without a result

Write = Callable[[FittedGraph], Equation | None]


@dataclass(frozen=True)
class FitProgress:
    """The progress of a fit.

    Parameters
    ----------
    seconds : float
        Seconds since the fit began.
    share : float
        Share of the budget that is spent, from 0 to 1.
    n_refits : int
        Number of graphs refitted so far.
    loss : float
        The lowest loss so far: the mean squared residual, in units of y squared, of the rows that the search uses. For
        a loss other than "squared", it is that of the least squares problem that replaces it.

    Attributes
    ----------
    equation : str
        The equation with this loss. Like `front`, it is written only when it is read.
    front : DataFrame
        The Pareto front: complexity, loss, equation.
    """

    seconds: float
    share: float
    n_refits: int
    loss: float
    _best: FittedGraph = field(repr=False)
    _members: tuple[FittedGraph, ...] = field(repr=False)
    _unit: float = field(repr=False)  # value of a loss of 1 in units of y squared
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
    """A callback that appends one line of JSON to a file for each call.

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


class Bar:
    """A bar on stderr: share of the budget, refits, best loss and the best graph."""

    def __init__(self, shown: bool) -> None:
        self.bar: Any = None
        if not shown:
            return
        # Imported where it is needed: in a notebook without widgets tqdm.auto warns that its bar is plain text.
        from tqdm.auto import tqdm

        self.bar = tqdm(total=100, unit="%", file=sys.stderr, leave=False)

    def __enter__(self) -> Bar:
        return self

    def __call__(self, moment: Moment) -> None:
        """Show the progress of the search."""
        if self.bar is None:
            return
        best = moment.best
        self.bar.n = min(round(100 * moment.share), 100)
        self.bar.set_postfix_str(f"{moment.n_refits} refits, best {best.loss:.3g}: {best.graph.key[:40]}")

    def say(self, text: str) -> None:
        """Show a text in place of the best graph."""
        if self.bar is not None:
            self.bar.set_postfix_str(text)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()


class Interrupts:
    """Lets an interrupt end one stage of a fit, but not the later ones.

    Within the block an interrupt raises KeyboardInterrupt in a stage that is `open`, and is remembered otherwise. It
    raises only once, so that further interrupts do not lose the later stages. Outside the main thread, and if the
    program handles the signal itself, nothing changes.
    """

    def __init__(self) -> None:
        self.count, self.at = 0, 0.0
        self.open = True  # before a first result an interrupt ends the fit as it ends any program
        self._before: Any = None

    def has_time(self) -> bool:
        """Return whether required work may continue: there was no interrupt, or only moments ago."""
        return self.count == 0 or time.monotonic() - self.at < GRACE

    @property
    def seen(self) -> bool:
        """Whether there was an interrupt, so that optional work is left out."""
        return self.count > 0

    def __enter__(self) -> Interrupts:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def note(self) -> None:
        """Remember that there was an interrupt."""
        self.at = time.monotonic() if self.count == 0 else self.at
        self.count += 1

    def _on_signal(self, *_: object) -> None:
        self.note()
        if self.open or self.count >= PATIENCE:
            self.open = False
            raise KeyboardInterrupt

    def stage(self, compute: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Return ``compute()``, or ``otherwise()``, which must be quick, after an interrupt before or during it."""
        if self.seen:
            return otherwise()
        try:
            self.open = True
            try:
                return compute()
            finally:
                self.open = False
        except KeyboardInterrupt:
            if not self.seen:
                self.note()
            return otherwise()


class Watch:
    """An `on_progress` of `search`, which passes every moment to the progress bar, the checkpoint and the callback.

    Parameters
    ----------
    bar : Bar
    checkpoint : Checkpoint, optional
    callback : callable, optional
        Called with a `FitProgress` at most once a second; the search stops if it returns True.
    """

    def __init__(
        self, bar: Bar, checkpoint: Checkpoint | None, callback: Callback | None, interrupts: Interrupts
    ) -> None:
        self.bar = bar
        self.checkpoint = checkpoint
        self.callback = callback
        self.interrupts = interrupts
        self.unit: float = 1.0  # these two are set as soon as the data are prepared
        self.write: Write = lambda _: None
        self.first, self.share = 0.0, 1.0  # place of the running search in the budget
        self.is_kept = True  # whether the graphs of the running search have the units of the checkpoint
        self.began, self.last = time.monotonic(), time.monotonic() - EVERY

    def __call__(self, moment: Moment) -> None:
        """Pass on a moment of the search."""
        if self.interrupts.seen:  # it came when Python could not raise it, for example in a destructor
            raise KeyboardInterrupt
        self.interrupts.open = True  # something has been found
        self.bar(moment)
        if self.checkpoint is not None and self.is_kept:
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


def compiling(bar: Bar, search: str) -> float:
    """Load or compile the code for refits and for the search, and return the seconds that this took."""
    from eqdarts.solver.compiled import warm_up

    began = now()
    with Loading():
        import sympy  # noqa: F401  (here, so that an interrupt need not wait for it)
    warm_up(lambda: bar.say("compiling, once after an installation"), SEARCHES[search].warm_up)
    return now() - began


@contextmanager
def watched(
    callback: Callback | None, shows_bar: bool, search: str, kept_in: Checkpoint | None = None
) -> Iterator[tuple[Watch, float]]:
    """Give a fit what it runs in: its watch, and the seconds that compiling took, which do not count.

    Numbers out of range are looked for where they matter. Numpy's warnings from the middle of a fit explain nothing.
    One thread: the arrays are small, and more threads spend several times the CPU time on waiting for each other.
    """
    with one_thread(), np.errstate(all="ignore"), Interrupts() as interrupts, Bar(shows_bar) as bar:
        # Compiling after an installation does not count towards the time of the search.
        seconds = compiling(bar, search)
        with only_new_garbage():
            yield Watch(bar, kept_in, callback, interrupts), seconds
