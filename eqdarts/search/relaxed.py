r"""The relaxed search: differentiable architecture search by bilevel optimisation, all restarts in one tensor program.

Each step moves the coefficients w of the supernet down the training loss and its architecture weights alpha down the
validation loss, while the temperature of the softmax falls. Then each edge takes its heaviest primitive (and a few samples
besides), and the discrete graphs are proposed, with the supernet's coefficients as starting points of an exact refit.

Reference: Liu, Simonyan, Yang 2018, "DARTS: Differentiable Architecture Search", arXiv 1806.09055.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eqdarts.batch import Batch
from eqdarts.data import Data
from eqdarts.errors import explain
from eqdarts.graph import Graph
from eqdarts.history import AlphaHistory
from eqdarts.primitives import Primitive
from eqdarts.refit import refit
from eqdarts.search.relaxed_graphs import Choices, argmax_choices, build_graph, discretise, sample_choices
from eqdarts.search.relaxed_steps import (
    Adam,
    Bilevel,
    Order,
    alpha_gradient,
    coefficient_gradient,
    make_bilevel,
    validation_loss,
)
from eqdarts.supernet import Supernet, admissible, initial_parameters

__all__ = ["RelaxedResult", "Schedule", "relaxed_search"]

KEPT_STEPS = 100
Proposal = tuple[Graph, tuple[float, ...]]


@dataclass(frozen=True)
class Schedule:
    """How the relaxed search moves; the defaults were chosen on laws of one to three variables.

    Parameters
    ----------
    rate_w, rate_alpha : float
        Learning rates of Adam; that of w falls to a tenth along a cosine.
    temperature : tuple of float
        Of the softmax, at the first and at the last step, geometric in between.
    clip : float
        Largest norm of a restart's gradient.
    n_samples : int
        Architectures drawn from softmax(alpha) per restart and proposed beside the argmax.
    """

    rate_w: float = 0.05
    rate_alpha: float = 0.05
    temperature: tuple[float, float] = (1.0, 0.1)
    clip: float = 1.0
    n_samples: int = 3

    def temperature_at(self, progress: float) -> float:
        """Return the temperature when a share `progress` of the steps is done."""
        first, last = self.temperature
        return float(first * (last / first) ** progress)

    def rate_w_at(self, progress: float) -> float:
        """Return the learning rate of w when a share `progress` of the steps is done."""
        return self.rate_w * (0.55 + 0.45 * math.cos(math.pi * progress))


@dataclass(frozen=True)
class RelaxedResult:
    """What the relaxed search found.

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


def relaxed_search(
    data: Data,
    primitives: tuple[Primitive, ...],
    *,
    n_hidden: int,
    n_restarts: int,
    n_steps: int,
    order: Order = 1,
    rng: np.random.Generator,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[float], None] | None = None,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
    names: tuple[str, ...] | None = None,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "cpu",
) -> RelaxedResult:
    """Search architectures by bilevel descent through the relaxed supernet.

    Parameters
    ----------
    data : Data
    primitives : tuple of Primitive
        What an edge may choose from; being absent is always among the choices.
    n_hidden : int
        H, hidden nodes.
    n_restarts : int
        R, independent restarts, trained together.
    n_steps : int
        Bilevel steps: one of w and one of alpha each.
    order : {1, 2}, default=1
        Whether alpha follows the validation loss at the current w, or through one unrolled step of w.
    rng : numpy.random.Generator
        Gives starting points and samples; the same state gives the same result bit for bit.
    should_stop : callable, optional
        Asked before every step; when it says True the result of the steps done so far is returned.
    on_progress : callable, optional
        Called with the lowest validation loss of the relaxed restarts, as a share of the target's variance, now and then.
    schedule : Schedule, optional
    names : tuple of str, optional
        Names of the inputs for the edges' labels; x0, x1, ... if absent.
    dtype, device
        Of the supernet's tensors.

    Returns
    -------
    RelaxedResult
    """
    for name, value in (("n_hidden", n_hidden), ("n_restarts", n_restarts)):
        if value < 1:
            raise ValueError(explain(f"{name} must be at least 1.", value, "Give a positive number."))
    if order not in (1, 2):
        raise ValueError(explain("order must be 1 or 2.", order, "Choose first or second order."))
    net = Supernet(data.n_inputs, n_hidden, tuple(p for p in primitives if p.name != "none"))
    problem = make_bilevel(net, data, dtype, device)
    w, alpha = (
        t.to(dtype=dtype, device=device) for t in initial_parameters(net, n_restarts, rng, admissible(net, data.X))
    )
    generator = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
    trace = _Trace(net, every=max(1, math.ceil(n_steps / (KEPT_STEPS - 1))))
    done, temperature = _descend(problem, w, alpha, n_steps, order, schedule, should_stop, on_progress, trace)
    with torch.inference_mode():
        relaxed = validation_loss(problem, w, alpha, temperature).double().cpu().numpy()
    proposals, discrete, refitted = _propose(problem, data, w, alpha, schedule.n_samples, generator)
    labels = _edge_labels(net, names or tuple(f"x{i}" for i in range(net.n_inputs)))
    history = trace.history(labels, relaxed, discrete, refitted)
    return RelaxedResult(proposals, history, done, done < n_steps)


def _descend(
    problem: Bilevel, w: Tensor, alpha: Tensor, n_steps: int, order: Order, schedule: Schedule,
    should_stop: Callable[[], bool], on_progress: Callable[[float], None] | None, trace: _Trace,
) -> tuple[int, float]:  # fmt: skip
    """Move `w` and `alpha` in place; return the steps done and the last temperature."""
    bounds = torch.as_tensor(problem.net.bounds, dtype=w.dtype, device=w.device)
    by_w = Adam(w, (0.9, 0.999), schedule.clip, bounds)
    by_alpha = Adam(alpha, (0.5, 0.999), schedule.clip)
    temperature = schedule.temperature_at(0.0)
    trace.keep(0, alpha, temperature)
    for step in range(n_steps):
        if should_stop():
            return step, temperature
        progress = step / max(n_steps - 1, 1)
        temperature, rate = schedule.temperature_at(progress), schedule.rate_w_at(progress)
        _, gradient = coefficient_gradient(problem, w, alpha, temperature)
        by_w.step(gradient, rate)
        loss, gradient = alpha_gradient(problem, w, alpha, temperature, order, rate)
        by_alpha.step(gradient, schedule.rate_alpha)
        if trace.due(step + 1) or step + 1 == n_steps:
            trace.keep(step + 1, alpha, temperature)
            if on_progress is not None:
                on_progress(float(loss.nan_to_num(nan=math.inf).min()))
    return n_steps, temperature


@dataclass
class _Trace:
    """Collects the architecture weights every few steps."""

    net: Supernet
    every: int
    steps: list[int] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)
    aggregators: list[NDArray[np.float64]] = field(default_factory=list)

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def keep(self, step: int, alpha: Tensor, temperature: float) -> None:
        self.steps.append(step)
        logits = self.net.edge_logits(alpha).double() / temperature
        self.weights.append(torch.softmax(logits, dim=-1).cpu().numpy())
        self.aggregators.append(torch.sigmoid(self.net.node_logits(alpha).double() / temperature).cpu().numpy())

    def history(
        self, labels: tuple[str, ...], relaxed: NDArray[np.float64], discrete: NDArray[np.float64],
        refitted: NDArray[np.float64],
    ) -> AlphaHistory:  # fmt: skip
        names = ("none", *(p.name for p in self.net.primitives))
        return AlphaHistory(
            np.array(self.steps), labels, names, np.stack(self.weights), np.stack(self.aggregators),
            relaxed, discrete, refitted,
        )  # fmt: skip


def _edge_labels(net: Supernet, names: tuple[str, ...]) -> tuple[str, ...]:
    sources = [*names, *(f"h{j + 1}" for j in range(net.n_hidden))]
    return tuple(f"{sources[source]} -> h{j + 1}" for source, j in net.edges)


def _propose(
    problem: Bilevel, data: Data, w: Tensor, alpha: Tensor, n_samples: int, generator: torch.Generator
) -> tuple[tuple[Proposal, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return the proposals, and each restart's validation loss after argmax and after the refit of that graph."""
    net, R = problem.net, len(w)
    best = argmax_choices(net, alpha)
    drawn = sample_choices(net, alpha, n_samples, generator) if n_samples else Choices(best.edge[:0], best.product[:0])
    choices = Choices(torch.cat((best.edge, drawn.edge)), torch.cat((best.product, drawn.product)))
    rows = torch.cat((w, w.repeat_interleave(n_samples, dim=0)))
    discrete = discretise(problem, rows, choices)
    edge, product = choices.edge.cpu().numpy(), choices.product.cpu().numpy()
    coefficients = rows.double().cpu().numpy()
    built: dict[str, Proposal] = {}
    argmax: list[Proposal | None] = [None] * R
    loss = np.where(np.isfinite(discrete.loss), discrete.loss, np.inf)
    for i in np.argsort(loss, kind="stable"):
        b = int(discrete.row[i])
        proposal = build_graph(net, edge[b], product[b], coefficients[b], discrete.c[i])
        if proposal is None:
            continue
        built.setdefault(proposal[0].key, proposal)
        if i < R:
            argmax[i] = proposal
    refitted = _refitted_loss(data, argmax)
    return tuple(built.values()), discrete.loss[:R], refitted


def _refitted_loss(data: Data, graphs: list[Proposal | None]) -> NDArray[np.float64]:
    """Refit each restart's argmax graph on the training rows; return its validation loss over the target's variance."""
    losses = np.full(len(graphs), np.nan)
    found = [(r, *proposal) for r, proposal in enumerate(graphs) if proposal is not None]
    if not found:
        return losses
    restarts, structures, starts = zip(*found, strict=True)
    X, y, weight = (torch.as_tensor(values) for values in (data.X, data.y, data.weight))
    train, held_back = torch.as_tensor(data.train), torch.as_tensor(data.validation)
    fits = refit(structures, starts, X[train], y[train], weight[train])
    batch = Batch(structures, X[held_back])
    theta = torch.zeros(len(fits), batch.n_columns, dtype=X.dtype)
    for row, fit in zip(theta, fits, strict=True):
        row[: len(fit.coefficients)] = torch.as_tensor(fit.coefficients)
    squared = (batch.predict(theta) - y[held_back]).square()  # (G, N)
    share = weight[held_back] if weight[held_back].sum() > 0 else torch.ones_like(weight[held_back])
    losses[list(restarts)] = (squared @ share / share.sum() / max(data.variance, 1e-300)).numpy()
    return losses
