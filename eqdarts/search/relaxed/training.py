r"""Differentiable architecture search by bilevel optimisation: one supernet, many restarts side by side.

Each step moves the coefficients w of the supernet down the training loss and its architecture weights alpha down the
validation loss, while the temperature of the softmax falls and choices are dropped, until one is left on each edge.
These discrete graphs (and a few samples of the mixtures just before) are proposed, with the supernet's coefficients as
starts of an exact refit.

Reference: Liu, Simonyan, Yang 2018, "DARTS: Differentiable Architecture Search", arXiv 1806.09055.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from eqdarts._typing import Array
from eqdarts.data import Data
from eqdarts.errors import explain
from eqdarts.history import AlphaHistory
from eqdarts.primitives.table import Primitive
from eqdarts.search.relaxed.active import draw_active
from eqdarts.search.relaxed.descent import Descent
from eqdarts.search.relaxed.discretise import (
    Choices,
    Proposal,
    argmax_choices,
    build_graph,
    discretise,
    one_hot,
    refitted_loss,
    sample_choices,
)
from eqdarts.search.relaxed.engine import Engine, make_engine, place_target, weights
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.steps import make_bilevel
from eqdarts.search.relaxed.supernet import Supernet, admissible, initial_parameters, make_supernet
from eqdarts.search.relaxed.torch_engine import TorchEngine

__all__ = ["TrainedSupernet", "train_supernet"]

KEPT_STEPS = 100
MOST_PROPOSALS = 400
DEFAULTS = RelaxedOptions()


@dataclass(frozen=True)
class TrainedSupernet:
    """The result of one supernet.

    Parameters
    ----------
    proposals : tuple of (Graph, tuple of float)
        Distinct graphs with starting coefficients, the most promising (lowest validation loss) first.
    alpha : AlphaHistory
        Trajectories, and each restart's loss before argmax, after argmax, and after the refit.
    n_steps : int
        Bilevel steps taken.
    stopped : bool
        Whether `should_stop` ended it before all steps were done.
    """

    proposals: tuple[Proposal, ...]
    alpha: AlphaHistory
    n_steps: int
    stopped: bool


def train_supernet(
    data: Data,
    primitives: tuple[Primitive, ...],
    *,
    n_hidden: int,
    n_restarts: int,
    rng: np.random.Generator,
    options: RelaxedOptions = DEFAULTS,
    should_stop: Callable[[], bool] = lambda: False,
    spent: Callable[[], float] = lambda: 0.0,
    on_progress: Callable[[float], None] | None = None,
    names: tuple[str, ...] | None = None,
) -> TrainedSupernet:
    """Search architectures by bilevel descent through one relaxed supernet.

    Parameters
    ----------
    data : Data
    primitives : tuple of Primitive
        What an edge may choose from; being absent is always among the choices.
    n_hidden : int
        H, hidden nodes.
    n_restarts : int
        R, independent restarts, trained together.
    rng : numpy.random.Generator
        Gives starting points and samples; the same state gives the same result bit for bit.
    options : RelaxedOptions, optional
        How it is trained.
    should_stop : callable, optional
        Asked before every step; when it says True the result of the steps done so far is returned.
    spent : callable, optional
        The share of its time that the training has used. Where it is ahead of the steps, the schedule follows it.
    on_progress : callable, optional
        Called after every step with the share of the steps done, in (0, 1].
    names : tuple of str, optional
        Names of the inputs for the edges' labels; x0, x1, ... if absent.

    Returns
    -------
    TrainedSupernet

    Raises
    ------
    ValueError
        For fewer than one hidden node or restart.
    """
    _check(n_hidden, n_restarts)
    net = make_supernet(data.n_inputs, n_hidden, primitives)
    w, alpha = (t.numpy() for t in initial_parameters(net, n_restarts, rng, admissible(net, data.X[:])))
    draw_active(net, alpha, options.n_active, rng)
    engine = _engine(net, data, options)
    x = data.X[np.concatenate([data.train, data.validation])]
    descent = Descent(net, engine, w, alpha, (x.min(axis=0), x.max(axis=0)), len(data.validation), options)
    n_steps = options.n_steps
    trace = _Trace(every=max(1, math.ceil(n_steps / (KEPT_STEPS - 2))))
    trace.keep(0, descent)
    mixed = _copied(descent)
    done = 0
    while done < n_steps and not should_stop():
        progress = max(done / max(n_steps - 1, 1), spent())
        if options.choices_at(progress) == 1 < descent.n_left:
            mixed = _copied(descent)
        descent.step(progress)
        done += 1
        if done % trace.every == 0:
            trace.keep(done, descent)
        if on_progress is not None:
            on_progress(done / n_steps)
    if trace.steps[-1] != done:
        trace.keep(done, descent)
    proposals, *losses = _propose(descent, mixed if descent.n_left == 1 else _copied(descent), data, rng)
    history = trace.history(net, names, descent.loss(), *losses)
    return TrainedSupernet(proposals, history, done, stopped=done < n_steps)


def _engine(net: Supernet, data: Data, options: RelaxedOptions) -> Engine | TorchEngine:
    """Return compiled code where there is a kernel for every primitive, or else torch."""
    engine = make_engine(net, data) if options.device == "cpu" else None
    return engine or TorchEngine(make_bilevel(net, data, getattr(torch, options.dtype), options.device))


def _copied(descent: Descent) -> tuple[Array, Array]:
    return descent.w.copy(), descent.alpha.copy()


def _check(n_hidden: int, n_restarts: int) -> None:
    for name, value in (("n_hidden", n_hidden), ("n_restarts", n_restarts)):
        if value < 1:
            raise ValueError(explain(f"{name} must be at least 1.", value, "Use 1 or more."))


@dataclass
class _Trace:
    """Collects the architecture weights every few steps."""

    every: int
    steps: list[int] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)
    aggregators: list[NDArray[np.float64]] = field(default_factory=list)

    def keep(self, step: int, descent: Descent) -> None:
        p, product = weights(descent.net, descent.alpha, descent.temperature)
        self.steps.append(step)
        self.weights.append(p)
        self.aggregators.append(product)

    def history(
        self,
        net: Supernet,
        names: tuple[str, ...] | None,
        relaxed: NDArray[np.float64],
        discrete: NDArray[np.float64],
        refitted: NDArray[np.float64],
    ) -> AlphaHistory:
        """Return what was kept, with labelled edges and the losses (R,) of the restarts."""
        inputs = names or tuple(f"x{i}" for i in range(net.n_inputs))
        sources = (*inputs, *(f"h{j + 1}" for j in range(net.n_hidden)))
        edges = tuple(f"{sources[source]} -> h{j + 1}" for source, j in net.edges)
        primitives = ("none", *(p.name for p in net.primitives))
        weights, aggregators = np.stack(self.weights), np.stack(self.aggregators)
        return AlphaHistory(np.array(self.steps), edges, primitives, weights, aggregators, relaxed, discrete, refitted)


def _propose(
    descent: Descent, mixed: tuple[Array, Array], data: Data, rng: np.random.Generator
) -> tuple[tuple[Proposal, ...], Array, Array]:
    """Return the proposals, and each restart's validation loss after argmax and after the refit of that graph."""
    net, n_samples = descent.net, descent.options.n_samples
    best, drawn = argmax_choices(net, descent.alpha), sample_choices(net, mixed[1], n_samples, rng)
    choices = Choices(np.concatenate((best.edge, drawn.edge)), np.concatenate((best.product, drawn.product)))
    w = np.concatenate((descent.w, np.repeat(mixed[0], n_samples, axis=0)))
    # the coefficients are those of the mixture: only the output weights are solved anew for what is left of it
    discrete = discretise(place_target(data), descent.engine.hidden(w, one_hot(net, choices)))
    # the most promising come first, so that a budget that ends early has seen them
    proposals: dict[str, Proposal] = {}
    argmax: list[Proposal | None] = [None] * len(descent.w)
    seen: set[bytes] = set()
    for i in np.argsort(np.where(np.isfinite(discrete.loss), discrete.loss, np.inf), kind="stable"):
        b, c = int(discrete.row[i]), discrete.c[i]
        known = choices.edge[b].tobytes() + choices.product[b].tobytes() + (c[:-1] != 0).tobytes()
        # the first R entries are the argmax architectures with their full output
        if i >= len(argmax) and (known in seen or len(proposals) >= MOST_PROPOSALS):
            continue
        seen.add(known)
        proposal = build_graph(net, choices.edge[b], choices.product[b], w[b], c)
        if proposal is None:
            continue
        proposals.setdefault(proposal[0].key, proposal)
        if i < len(argmax):
            argmax[i] = proposal
    after_argmax = np.where(np.isfinite(discrete.loss), discrete.loss, np.nan)[: len(argmax)]
    return tuple(proposals.values()), after_argmax, refitted_loss(data, argmax)
