"""What each part of the training of supernets is worth: one changed at a time.

    python benchmarks/relaxed/leads.py       # adds to leads.csv what it does not have

The laws and the supernets are those of orders.py, with three seeds. What is not an option of the search stands in its
place here for the length of one training.
"""

from __future__ import annotations

import contextlib
import csv
import math
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from mixtures import Entmax, HardConcrete, kernels_in_logs
from orders import COLUMNS, HIDDEN, LAWS, RESTARTS, Result, cells, prepare_process, summary, table, train, train_one

from eqdarts.search.relaxed.active import draw_active, shrink
from eqdarts.search.relaxed.descent import Descent
from eqdarts.search.relaxed.engine import warm_up
from eqdarts.search.relaxed.supernet_values import _safe_value

HERE = Path(__file__).parent
SEEDS = 0, 1, 2
BEST = 8  # graphs of an archive that count
ALL = 1000  # primitives on an edge: as many as there are


class ByCost(Descent):
    """Choices are dropped by what the validation loss is without each (Wang et al. 2021), not by their logits."""

    def step(self, progress: float) -> None:
        if self.is_due(progress):
            self.n_left = self.options.choices_at(progress)
            self._drop(self.n_left)
        super().step(progress)

    def _drop(self, n_left: int) -> None:
        logits = self.net.edge_logits(self.alpha)  # a view
        cost = np.full(logits.shape, -math.inf)
        for e in range(logits.shape[1]):
            for m in range(logits.shape[2]):
                removable = np.isfinite(logits[:, e, m]) & (np.isfinite(logits[:, e]).sum(axis=1) > 1)
                if not removable.any():
                    continue
                without = self.alpha.copy()
                self.net.edge_logits(without)[removable, e, m] = -math.inf
                loss = self.engine.evaluate(self.w, without, self.temperature, 0).loss[1]
                cost[removable, e, m] = np.nan_to_num(loss[removable], nan=1e300, posinf=1e300)
        order = np.argsort(-cost, axis=-1, kind="stable")
        several = np.isfinite(logits).sum(axis=-1, keepdims=True) > 1
        dropped = np.where(several, order[..., n_left:], order[..., -1:])
        only = np.where(several, -math.inf, np.take_along_axis(logits, dropped, axis=-1))
        np.put_along_axis(logits, dropped, only, axis=-1)
        if n_left == 1:
            shrink(self.net, self.alpha, 1)


class Normalised(Descent):
    """Every primitive that reads an input puts out values of root mean square one, at its first coefficients."""

    def __init__(self, net: Any, engine: Any, w: Any, *given: Any) -> None:
        self.scale = np.ones_like(w)
        weights, own = net.weights(torch.from_numpy(self.scale)), torch.from_numpy(w)
        X = torch.from_numpy(engine.X)
        for m, primitive in enumerate(net.primitives):
            n_inner = len(primitive.inner)
            for e, (source, _) in enumerate(net.edges):
                if source >= net.n_inputs:
                    continue
                columns = net.coefficients(own, m)[:, e, :, None].unbind(dim=1)
                u = primitive.inner_value(X[source][None], columns[:n_inner])
                value = _safe_value(primitive, u, net.reaches[m], columns[n_inner:])
                weights[:, e, m] = 1.0 / value.square().mean(dim=-1).sqrt().clamp(1e-3, 1e3)
        w *= self.scale
        super().__init__(net, engine, w, *given)

    def _stepped(self, rate: Any) -> Any:
        return super()._stepped(rate * self.scale)  # a step of the same length in units of the output


def draw_unused(used: set[tuple[int, str]], net: Any, alpha: Any, n_active: int, rng: Any) -> None:
    """Draw the choices of each edge, seldom those in `used`: (input or -1 for a node, name of the primitive)."""
    logits = net.edge_logits(alpha)  # a view
    for m, primitive in enumerate(net.primitives):
        name = net.bases.get(primitive.name, primitive).name
        for e, (source, _) in enumerate(net.edges):
            if (source if source < net.n_inputs else -1, name) in used:
                # seven of eight draws leave it out; where it is drawn it begins with a small weight
                logits[rng.random(len(logits)) < 7 / 8, e, m + 1] = -math.inf
                logits[:, e, m + 1] -= 0.5
    draw_active(net, alpha, n_active, rng)


def used_by(refits: list[Any]) -> set[tuple[int, str]]:
    """Return the inputs (or -1 for a node) and primitives on the edges of the best graphs, by loss."""
    best = [graph for _, graph in sorted(refits, key=lambda refit: refit[0])[:BEST]]
    edges = [(graph.n_inputs, edge) for graph in best for node in graph.nodes for edge in node.edges]
    return {(e.source if e.source < d else -1, e.primitive.name) for d, e in edges if e.primitive.name != "linear"}


DESCENT = "eqdarts.search.relaxed.training.Descent"
ENGINE = "eqdarts.search.relaxed.engine.Engine"
KERNELS = "eqdarts.search.relaxed.kernels"
SHRINKS = "eqdarts.search.relaxed.options.SHRINKS"
# what differs: options, what stands in the place of what, and how many times as many restarts
LEADS: dict[str, tuple[dict[str, Any], dict[str, Any], float]] = {
    "as it is": ({}, {}, 1),
    "all primitives on every edge, none dropped": ({"n_active": ALL}, {SHRINKS: ()}, 1),
    "all primitives on every edge": ({"n_active": ALL}, {}, 1),
    "none dropped": ({}, {SHRINKS: ()}, 1),
    "temperature one": ({"temperature": (1.0, 1.0)}, {}, 1),
    "dropped by the cost of removal": ({}, {DESCENT: ByCost}, 1),
    "normalised outputs": ({}, {DESCENT: Normalised}, 1),
    "symbols cost alpha their price": ({"price": 1.0}, {}, 1),
    "no samples": ({"n_samples": 0}, {}, 1),
    "untrained": ({"n_steps": 0}, {}, 1),
    "untrained, twice as many restarts": ({"n_steps": 0}, {}, 2),
    "two and a half times as many restarts": ({}, {}, 2.5),
    "entmax mixtures": ({}, {ENGINE: Entmax}, 1),
    "entmax mixtures, none dropped": ({}, {ENGINE: Entmax, SHRINKS: ()}, 1),
    "entmax mixtures of all primitives, none dropped": ({"n_active": ALL}, {ENGINE: Entmax, SHRINKS: ()}, 1),
    "hard-concrete mixtures": ({}, {ENGINE: HardConcrete}, 1),
    "hard-concrete mixtures, none dropped": ({}, {ENGINE: HardConcrete, SHRINKS: ()}, 1),
    "products in log space": ({}, {KERNELS: kernels_in_logs()}, 1),
}
# two supernets after each other: whether the second one avoids what the best graphs of the first one use
SECOND = {"a second supernet": False, "a second supernet, of what the best graphs lack": True}


def main() -> None:
    prepare_process()
    path = HERE / "leads.csv"
    is_new = not path.exists()
    done = set() if is_new else {row["lead"] for row in csv.DictReader(path.open(encoding="utf-8"))}
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(["lead", "seed", *COLUMNS])
        for lead in (lead for lead in (*LEADS, *SECOND) if lead not in done):
            results = {
                (seed, name, hidden): compare_one(lead, seed, name, hidden)
                for seed in SEEDS
                for name in LAWS
                for hidden in HIDDEN
            }
            writer.writerows([lead, *what, *cells(result)] for what, result in sorted(results.items()))
            file.flush()
            print(lead, summary(list(results.values())), flush=True)


def compare_one(lead: str, seed: int, name: str, hidden: int) -> Result:
    """Train one supernet with what the lead changes, or two."""
    if lead in SECOND:
        return train_two(SECOND[lead], seed, name, hidden)
    options, stand_ins, times = LEADS[lead]
    with contextlib.ExitStack() as stack:
        for place, stand_in in stand_ins.items():
            stack.enter_context(patch(place, stand_in))
        warm_up()  # what stands in may have to be compiled
        return train_one(name, hidden, options, seed, round(times * RESTARTS))


def train_two(is_other: bool, seed: int, name: str, hidden: int) -> Result:
    """Train two supernets: the medians are those of the second one."""
    data, rng = table(name, seed)
    first, refits = train(data, rng, hidden, {}, RESTARTS)
    used = used_by(refits) if is_other else set()
    with patch("eqdarts.search.relaxed.training.draw_active", partial(draw_unused, used)):
        second, _ = train(data, rng, hidden, {}, RESTARTS)
    return second._replace(found=first.found or second.found, seconds=first.seconds + second.seconds)


if __name__ == "__main__":
    main()
