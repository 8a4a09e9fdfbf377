"""eqdarts with a part of its search switched off, to see what the part is worth.

Options: ``without``, one of `PARTS`; any parameter of `DARTSRegressor`, such as ``search``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol import Request, answer


def _nothing(*_: Any, **__: Any) -> list[Any]:
    return []


def _structure() -> None:
    from eqdarts.search import implicit

    implicit.find_reductions = _nothing


def _inverse_factors() -> None:
    from eqdarts.search import grower

    grower.FACTOR_EXPONENTS = grower.FACTOR_EXPONENTS[:1]


def _products() -> None:
    from eqdarts.search import grower

    grower.monomial_moves = _nothing


def _pairs() -> None:
    from eqdarts.search.grower import Grower

    Grower.pairs = _nothing  # type: ignore[method-assign]


def _rational() -> None:
    from eqdarts.search import island

    island.rational_starts = _nothing


def _polynomial() -> None:
    from eqdarts.search import island

    island.polynomial_start = lambda *_: None


def _restarts() -> None:
    from eqdarts.search import island

    island.MOST_STEPS = 10**9
    island.N_WALKERS = 1


def _small_graphs() -> None:
    from eqdarts.search import island

    island.LARGEST_SMALL = 0


PARTS: dict[str, Callable[[], None]] = {
    "structure": _structure,
    "inverse factors": _inverse_factors,
    "closed-form products": _products,
    "pairs": _pairs,
    "rational starts": _rational,
    "polynomial starts": _polynomial,
    "restarts": _restarts,
    "small graphs": _small_graphs,
}


def fit(request: Request) -> tuple[str, list[str], int | None]:
    import pandas as pd
    import torch

    from eqdarts import DARTSRegressor
    from eqdarts.clock import count_cpu_seconds

    torch.set_num_threads(1)
    count_cpu_seconds()
    options = dict(request.options)
    without = options.pop("without", None)
    if without is not None:
        PARTS[without]()
    model = DARTSRegressor(time_limit=request.time_limit, random_state=request.seed, **options)
    model.fit(pd.DataFrame(request.X, columns=[f"X{i}" for i in range(request.X.shape[1])]), request.y)
    return str(model.equation_.expr), [str(e.expr) for e in model.front_], model.history_.n_refits


answer("eqdarts", fit)
