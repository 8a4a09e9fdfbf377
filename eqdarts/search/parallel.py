"""Several independent searches of one problem, spread by joblib over processes or over a cluster.

The budget is divided among a number of searches that does not depend on the number of workers, and their results are
merged in order. With a count as the only limit, one worker and many give the same result bit for bit.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import joblib
import numpy as np

from eqdarts.data import Data, draw_rows
from eqdarts.graph.fitted import Start
from eqdarts.history import BestPoint, SearchHistory, with_totals
from eqdarts.search.archive import Archive
from eqdarts.search.result import Config, Moment, OnProgress, SearchResult, StopSearch
from eqdarts.search.search import search
from eqdarts.search.strategies import SEARCHES, Strategy
from eqdarts.search.worker_files import PART, PartFile, read_parts

__all__ = ["merged", "search_many", "thinned"]

MOST_ROWS = 20_000  # rows that are sent to a worker; a search uses fewer
LEAST_SHARE = 0.25  # share of its turn that a search gets at least, however late a worker was ready
CUT_SHORT = ("interrupt", "time", "budget")
POLL = 0.5  # seconds between two looks of a worker for the process that started it


@dataclass(frozen=True)
class _Turn:
    """The time for a search: until `end` seconds after `began`, and at most `length` seconds."""

    began: float
    end: float
    length: float

    def left(self) -> float:
        """Return the remaining seconds; the clock of another machine changes little."""
        return float(np.clip(self.began + self.end - time.time(), LEAST_SHARE * self.length, self.length))


def search_many(
    data: Data,
    config: Config,
    rng: np.random.Generator,
    n_searches: int,
    n_jobs: int,
    on_progress: OnProgress | None = None,
    starts: Sequence[Start] = (),
    parts: tuple[Path, str] | None = None,
) -> SearchResult:
    """Search `n_searches` times, each with its share of the budget, on `n_jobs` workers of joblib's active backend.

    Searches after one that found an exact law do not count. With a time limit, the first exact law ends all searches. A
    KeyboardInterrupt keeps the results up to a second before, if the workers share the files of this machine.

    Parameters
    ----------
    data : Data
    config : Config
        Limits of all searches together: refits and time are divided among them.
    rng : numpy.random.Generator
        The generator from which those of the searches are spawned.
    n_searches : int
    n_jobs : int
        As in joblib: -1 for all cores.
    on_progress : callable, optional
        Called with the `Moment` whenever a search has finished; `StopSearch` raised by it ends them all.
    starts : sequence of (Graph, coefficients)
        Graphs from which every search starts.
    parts : (Path, str), optional
        Folder of the files in which the searches save their results, and the fingerprint by which these belong to the
        data. Default: a temporary folder.

    Raises
    ------
    KeyboardInterrupt
        If nothing had been found.
    """
    if parts is None:
        with TemporaryDirectory(prefix="eqdarts-") as folder:
            own_parts = Path(folder), uuid4().hex
            return search_many(data, config, rng, n_searches, n_jobs, on_progress, starts, own_parts)
    found: dict[int, SearchResult] = {}
    cut: str | None = None
    searches = _spread(data, config, rng, n_searches, n_jobs, starts, parts)
    try:
        with _cancelling(searches) as finished:
            for k, result in finished:
                found[k] = result
                if on_progress is not None:
                    on_progress(_moment(found, n_searches))
                if result.history.stop_reason == "interrupt":  # in a worker that receives it too
                    raise KeyboardInterrupt
                if result.history.stop_reason == "exact":
                    break
    except StopSearch:
        cut = "callback"
    except KeyboardInterrupt:
        cut = "interrupt"
    results = [found[k] for k in sorted(found)]
    return merged(results) if cut is None else _cut_short(results, cut, data, config, parts)


def _spread(
    data: Data,
    config: Config,
    rng: np.random.Generator,
    n_searches: int,
    n_jobs: int,
    starts: Sequence[Start],
    parts: tuple[Path, str],
) -> Generator[tuple[int, SearchResult]]:
    """Start the searches; return an iterator over the number and result of each finished one."""
    seeds = np.random.SeedSequence(int(rng.integers(2**63))).spawn(n_searches)
    data, own = thinned(data, MOST_ROWS, rng), replace(config, max_refits=max(config.max_refits // n_searches, 1))
    turns = _turns(config.time_limit, n_searches, min(joblib.effective_n_jobs(n_jobs), n_searches))
    strategy = SEARCHES[config.kind]
    tasks = (
        joblib.delayed(_numbered)(k, strategy, data, own, seeds[k], turns[k], starts, parts, os.getpid())
        for k in range(n_searches)
    )
    # without a clock the searches are read in order, so that their end does not depend on the workers
    in_order = config.time_limit is None
    spread = joblib.Parallel(n_jobs=n_jobs, return_as="generator" if in_order else "generator_unordered")
    results: Generator[tuple[int, SearchResult]] = spread(tasks)
    return results


def _moment(found: Mapping[int, SearchResult], n_searches: int) -> Moment:
    """Return the progress of the searches, by those that have finished."""
    whole = merged([found[k] for k in sorted(found)])
    best = min(whole.front, key=lambda member: member.loss)
    return Moment(len(found) / n_searches, whole.history.n_refits, best, partial(tuple, whole.front))


def _cut_short(
    results: list[SearchResult], reason: str, data: Data, config: Config, parts: tuple[Path, str]
) -> SearchResult:
    """Return the results, including those in the files of unfinished searches."""
    members = read_parts(*parts, data.n_inputs, config.primitives)
    if members:
        results = [*results, SearchResult(tuple(members), SearchHistory((), 0, 0.0, reason))]
    if not results:
        raise KeyboardInterrupt
    result = merged(results)
    return replace(result, history=replace(result.history, stop_reason=reason))


@contextmanager
def _cancelling(results: Generator[tuple[int, SearchResult]]) -> Iterator[Generator[tuple[int, SearchResult]]]:
    """Stop the workers when the block ends, however early, without joblib's warning about unfinished work."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def _turns(time_limit: float | None, n_searches: int, workers: int) -> list[_Turn | None]:
    """Divide the time: the searches run on the workers in turns of equal length."""
    if time_limit is None:
        return [None] * n_searches
    began, length = time.time(), time_limit / -(-n_searches // workers)
    return [_Turn(began, (k // workers + 1) * length, length) for k in range(n_searches)]


def _numbered(
    k: int,
    strategy: Strategy,
    data: Data,
    config: Config,
    seed: np.random.SeedSequence,
    turn: _Turn | None,
    starts: Sequence[Start],
    parts: tuple[Path, str],
    caller: int,
) -> tuple[int, SearchResult]:
    """Run search number k in this process, which `caller` may have started."""
    if os.getppid() == caller:
        _end_with(caller)
    config = replace(config, time_limit=None if turn is None else turn.left())
    SEARCHES.setdefault(strategy.name, strategy)  # another process does not know what was registered in this one
    folder, token = parts
    return k, search(data, config, np.random.default_rng(seed), PartFile(folder / PART.format(k), token), starts)


@cache
def _end_with(parent: int) -> None:
    """From now on, end this process soon after its parent: nobody waits for its result, however that one has ended."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(POLL)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def thinned(data: Data, most: int, rng: np.random.Generator) -> Data:
    """Return `most` rows of the data, with training and validation rows in proportion; all if there are no more."""
    n = len(data.y)
    if n <= most:
        return data
    share = most / n
    if len(data.train) == n:
        rows = draw_rows(np.arange(n), most, rng)
        train = validation = np.arange(most)
    else:
        parts = [draw_rows(part, max(round(share * len(part)), 1), rng) for part in (data.train, data.validation)]
        rows = np.sort(np.concatenate(parts))
        train, validation = (np.searchsorted(rows, part) for part in parts)
    return replace(data, X=data.X[rows], y=data.y[rows], weight=data.weight[rows], train=train, validation=validation)


def merged(results: Sequence[SearchResult]) -> SearchResult:
    """Return the joint result of searches, up to the first with an exact law, as if they had run one after the other.

    Parameters
    ----------
    results : sequence of SearchResult
        Not empty.
    """
    first_exact = next((k for k, r in enumerate(results) if r.history.stop_reason == "exact"), len(results) - 1)
    results = results[: first_exact + 1]
    archive = Archive()
    for member in (member for result in results for member in result.front):
        archive.add(member)
    best = min(results, key=lambda result: min((m.loss for m in result.front), default=np.inf))
    close = tuple(member for result in results for member in result.close)
    return replace(
        best, front=tuple(archive.front()), close=close, history=_joined([r.history for r in results], best.history)
    )


def _joined(histories: Sequence[SearchHistory], best: SearchHistory) -> SearchHistory:
    """Return the history of successive searches, with the trajectories of the best."""
    points: list[BestPoint] = []
    refits, seconds = 0, 0.0
    for history in histories:
        for point in history.best:
            if not points or point.loss < points[-1].loss:
                points.append(replace(point, seconds=seconds + point.seconds, refits=refits + point.refits))
        refits, seconds = refits + history.n_refits, seconds + history.seconds
    reasons = {history.stop_reason for history in histories}
    reason = next((r for r in ("exact", *CUT_SHORT, "settled") if r in reasons), "finished")
    return replace(with_totals(best, histories), best=tuple(points), stop_reason=reason)
