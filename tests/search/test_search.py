"""The entry of a search: a stage that ends in a numerical error is left out, and the search goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from eqdarts.data import prepare
from eqdarts.primitives.table import resolve
from eqdarts.search.implicit.grower import Grower
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.result import Config, Moment, SearchResult
from eqdarts.search.search import search
from eqdarts.solver.refit import refit

ERRORS: tuple[Exception, ...] = (
    np.linalg.LinAlgError("SVD did not converge"),
    ZeroDivisionError("float division by zero"),
    OverflowError("math range error"),
    FloatingPointError("underflow"),
    ValueError("math domain error"),
    torch.linalg.LinAlgError("the input matrix is singular"),
)
IMPLICIT, RANDOM, RELAXED = "implicit", "random", "relaxed"


def raising(error: Exception) -> Callable[..., Any]:
    def stage(*_: Any, **__: Any) -> Any:
        raise error

    return stage


def run(kind: str, noise: float, max_refits: int = 150, on_progress: Any = None) -> SearchResult:
    """Search for y = x0 / x1 + 1."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (60, 2))
    y = X[:, 0] / X[:, 1] + 1 + noise * rng.normal(size=60)
    data = prepare(X, y, None, 0.25, rng)
    options = RelaxedOptions(n_steps=3, n_hidden=(1, 2))
    config = Config(resolve("default"), kind, 25, None, max_refits, 4, ("a", "b"), options)
    return search(data, config, rng, on_progress)


ISLAND = "eqdarts.search.implicit.island"
CLIMBS = "eqdarts.search.implicit.implicit"
GROWER = "eqdarts.search.implicit.grower.Grower"
STAGES = [
    # search, stage, where it is called, by which name, and the noise with which it is reached
    (IMPLICIT, "smooth model", ISLAND, "fit_smooth", 0.05),
    (IMPLICIT, "seeds", ISLAND, "seeds", 0.05),
    (IMPLICIT, "polynomial laws", ISLAND, "polynomial_start", 0.05),
    (IMPLICIT, "rational laws", ISLAND, "rational_starts", 0.0),
    (IMPLICIT, "outer functions", ISLAND, "outer_functions", 0.05),
    (IMPLICIT, "small graphs", ISLAND + ".Island", "_small_graphs", 0.05),
    (IMPLICIT, "growth", GROWER, "children", 0.05),
    (IMPLICIT, "matching pursuit", GROWER, "pursuit", 0.05),
    (IMPLICIT, "pairs of features", GROWER, "pairs", 0.05),
    (IMPLICIT, "look for structure", CLIMBS, "find_reductions", 0.01),
    (IMPLICIT, "round of an island", ISLAND + ".Island", "round", 0.05),
    (IMPLICIT, "shortening of an exact law", CLIMBS, "shortened", 0.0),
    (IMPLICIT, "tidying of the front", CLIMBS, "deletions", 0.05),
    (IMPLICIT, "search 'implicit'", CLIMBS + "._Archipelago", "__post_init__", 0.05),
    (IMPLICIT, "refinement of the front", "eqdarts.search.evaluator", "simple_exponents", 1e-5),
    (RANDOM, "small graphs", "eqdarts.search.random_search", "small_graphs", 0.05),
    (RANDOM, "random graphs", "eqdarts.search.random_search", "random_graph", 0.05),
    (RANDOM, "refinement of the front", "eqdarts.search.evaluator", "simple_exponents", 0.05),
    (RELAXED, "training of a supernet", "eqdarts.search.relaxed.island", "train_supernet", 0.05),
    (RELAXED, "refinement of the front", "eqdarts.search.evaluator", "simple_exponents", 0.05),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "kind", "stage", "owner", "name", "noise"),
    [(k, *row) for k, row in enumerate(STAGES)],
    ids=[f"{row[0]}: {row[1]}" for row in STAGES],
)
def test_a_stage_that_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: str, stage: str, owner: str, name: str, noise: float
) -> None:
    error = ERRORS[number % len(ERRORS)]
    stand_in = raising(error)
    if stage == "small graphs":

        def stand_in(*_: Any, **__: Any) -> Iterator[Any]:
            raise error
            yield

    monkeypatch.setattr(f"{owner}.{name}", stand_in)
    # The last stages of an exact law and of the random search are reached after some hundred refits.
    result = run(kind, noise, max_refits=240 if noise >= 0.01 and kind != RANDOM else 600)
    # A function that fails may serve another stage too.
    assert result.history.left_out[stage] == f"{type(error).__name__}: {error}"
    assert set(result.history.left_out.values()) == {f"{type(error).__name__}: {error}"}
    assert result.front[0].graph.complexity == 1  # the constant, at least
    assert all(np.isfinite(member.loss) for member in result.front)
    assert len(result.front) > 1 or stage == "training of a supernet"  # the relaxed search proposes little else


@pytest.mark.parametrize("kind", [IMPLICIT, RANDOM, RELAXED])
def test_only_the_graph_that_cannot_be_refitted_is_left_out(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def unable(graphs: Sequence[Any], *given: Any, **more: Any) -> Any:
        if any(edge.primitive.name == "exp" for graph in graphs for node in graph.nodes for edge in node.edges):
            raise ERRORS[0]
        return refit(graphs, *given, **more)

    monkeypatch.setattr("eqdarts.search.evaluator.refit", unable)
    result = run(kind, 0.05)
    assert list(result.history.left_out) == ["refit of a graph"]
    assert min(member.loss for member in result.front) < 0.5
    assert not any("exp" in member.graph.key for member in result.front)


def test_an_error_of_the_caller_or_of_the_program_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Moment] = []

    def on_progress(moment: Moment) -> None:
        calls.append(moment)
        if len(calls) == 5:
            raise ValueError("of the caller")

    with pytest.raises(ValueError, match="of the caller"):
        run(IMPLICIT, 0.05, 240, on_progress)
    monkeypatch.setattr(Grower, "children", raising(IndexError("a mistake")))
    with pytest.raises(IndexError, match="a mistake"):
        run(IMPLICIT, 0.05, 240)
