"""What is hardly bent becomes what it is the limit of; what is bent stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eqdarts._typing import Array
from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.limits import limits
from eqdarts.primitives.table import LINEAR, POWER, PRIMITIVES
from eqdarts.solver.batch import Batch

X = np.random.default_rng(0).uniform(0.5, 2.0, (50, 2))


def values(draft: Draft) -> Array:
    graph, coefficients = draft.copy().prune().build()
    batch = Batch([graph], torch.tensor(X))
    return np.asarray(batch.evaluate(batch.pad([coefficients]))[0][0].numpy())


def sources(draft: Draft) -> Array:
    rows = [X.T]
    for j in range(len(draft.nodes)):
        part = Draft(draft.n_inputs, draft.copy().nodes[: j + 1])
        rows.append(values(part)[None])
    return np.concatenate(rows)


def logs() -> Draft:
    return Draft(2, [DraftNode("sum", [DraftEdge(0, POWER, 2e5, [1e-5])], -2e5)])


def log_of_product() -> Draft:
    product = DraftNode("product", [DraftEdge(0, POWER, 1.0, [1e-5]), DraftEdge(1, POWER, 1.0, [-2e-5])], 1e5)
    return Draft(2, [product, DraftNode("sum", [DraftEdge(2, LINEAR, 1.0)], -1e5)])


def exponential() -> Draft:
    return Draft(
        2, [DraftNode("sum", [DraftEdge(0, LINEAR, 1e-5)], 1.0), DraftNode("sum", [DraftEdge(2, POWER, 3.0, [2e5])])]
    )


def line(name: str) -> Draft:
    return Draft(2, [DraftNode("sum", [DraftEdge(1, PRIMITIVES[name], 1e4, [1e-4])], 3.0)])


@pytest.mark.parametrize(
    ("draft", "gone", "there"),
    [
        (logs(), "power", "log"),
        (log_of_product(), "power", "log"),
        (exponential(), "power", "exp"),
        (line("sin"), "sin", "linear"),
        (line("arctan"), "arctan", "linear"),
        (line("exp"), "exp", "linear"),
    ],
)
def test_a_function_at_its_limit_becomes_the_limit(draft: Draft, gone: str, there: str) -> None:
    found = list(limits(draft, sources(draft)))
    assert found
    for limit in found:
        names = {e.primitive.name for node in limit.nodes for e in node.edges}
        assert gone not in names
        assert there in names
        before, after = values(draft), values(limit)
        assert np.abs(before - after).max() < 1e-3 * np.abs(before).max()
        assert limit.build()[0].n_coefficients <= draft.build()[0].n_coefficients


@pytest.mark.parametrize(
    "draft",
    [
        Draft(2, [DraftNode("sum", [DraftEdge(0, POWER, 2.0, [1.5])], 1.0)]),
        Draft(2, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["sin"], 2.0, [3.0])], 1.0)]),
        Draft(2, [DraftNode("product", [DraftEdge(0, POWER, 1.0, [0.1])], 2.0)]),
    ],
)
def test_what_is_bent_or_no_term_of_a_sum_stays(draft: Draft) -> None:
    assert list(limits(draft, sources(draft))) == []


def test_two_limits_are_taken_apart_and_together() -> None:
    edges = [DraftEdge(0, POWER, 1e4, [1e-4]), DraftEdge(1, POWER, -1e4, [2e-4])]
    draft = Draft(2, [DraftNode("sum", edges, 5.0)])
    assert len(list(limits(draft, sources(draft)))) == 3
