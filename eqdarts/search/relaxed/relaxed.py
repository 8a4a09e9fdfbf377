"""The relaxed search: supernets of few and more hidden nodes trained in turn, and their proposals refitted."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from functools import partial

from eqdarts.data import Data, draw_rows
from eqdarts.search.relaxed.training import TrainedSupernet, train_supernet
from eqdarts.search.running import MOST_ROWS, Running

__all__ = ["relaxed_search"]

TRAINING = 0.6  # share of what is left of the budget that one supernet may take


def relaxed_search(running: Running) -> None:
    """Train supernets in turn, each with new restarts, and refit what they propose, until the budget is spent.

    The weights that are kept are those of the supernet that proposed the best member so far.
    """
    trials, budget = running.trials, running.budget
    hidden = running.config.relaxed.n_hidden
    data = _fewer_rows(running)
    idle = 0  # supernets in a row that proposed nothing new
    for n_hidden in itertools.cycle(hidden):
        if trials.stop_reason() is not None or trials.is_stale() or idle == len(hidden):
            return
        best = trials.archive.best_loss
        n_refits = budget.n_refits
        train = partial(_trained, running, data, n_hidden)
        trained = budget.failures.attempt("training of a supernet", train, lambda: None)
        if trained is not None:
            running.refit("relaxed", iter(trained.proposals))
            if running.alpha is None or trials.archive.best_loss < best:
                running.alpha = trained.alpha
        idle = idle + 1 if budget.n_refits == n_refits else 0


def _fewer_rows(running: Running) -> Data:
    """Return the data with as many training and validation rows as the refits see."""
    data, rng = running.data, running.rng
    train, validation = (draw_rows(rows, MOST_ROWS, rng) for rows in (data.train, data.validation))
    return replace(data, train=train, validation=validation)


def _trained(running: Running, data: Data, n_hidden: int) -> TrainedSupernet:
    """Train one supernet, with part of what is left of the budget, so that there is time for the refits."""
    config, budget = running.config, running.budget
    budget.stage = "relaxed"
    began = time.process_time()
    until = budget.spent() + TRAINING * (1 - budget.spent())
    try:
        return train_supernet(
            data,
            config.primitives,
            n_hidden=n_hidden,
            n_restarts=config.n_restarts,
            rng=running.rng,
            options=config.relaxed,
            should_stop=lambda: budget.spent() >= until,
            on_progress=lambda _: running.report(),
            names=config.names,
        )
    finally:
        budget.book("relaxed", began)
