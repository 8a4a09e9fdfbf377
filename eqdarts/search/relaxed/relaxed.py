r"""The relaxed search: differentiable architecture search by bilevel optimisation, all restarts in one tensor program.

Each step moves the coefficients w of the supernet down the training loss and its architecture weights alpha down the
validation loss, while the temperature of the softmax falls. Then each edge takes its heaviest primitive (and a few
samples besides), and the discrete graphs are proposed, with the supernet's coefficients as starts of an exact refit.

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

from eqdarts.data import Data
from eqdarts.errors import explain
from eqdarts.history import AlphaHistory
from eqdarts.primitives.table import Primitive
from eqdarts.search.relaxed.discretise import (
    Choices,
    Proposal,
    argmax_choices,
    build_graph,
    discretise,
    refitted_loss,
    sample_choices,
)
from eqdarts.search.relaxed.steps import (
    Adam,
    Bilevel,
    Order,
    alpha_gradient,
    coefficient_gradient,
    make_bilevel,
    validation_loss,
)
from eqdarts.search.relaxed.supernet import Supernet, admissible, initial_parameters, keep_in_domain, make_supernet

__all__ = ["RelaxedResult", "Schedule", "relaxed_search"]

KEPT_STEPS = 100


@dataclass(frozen=True)
class Schedule:
    """How the relaxed search moves.

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
    rate_alpha: float = 0.1
    temperature: tuple[float, float] = (0.5, 0.1)
    clip: float = 1.0
    n_samples: int = 7

    def temperature_at(self, progress: float) -> float:
        """Return the temperature when a share `progress` of the steps is done."""
        first, last = self.temperature
        return float(first * (last / first) ** progress)

    def rate_w_at(self, progress: float) -> float:
        """Return the learning rate of w when a share `progress` of the steps is done."""
        return self.rate_w * (0.55 + 0.45 * math.cos(math.pi * progress))


DEFAULT_SCHEDULE = Schedule()


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
    schedule: Schedule = DEFAULT_SCHEDULE,
    names: tuple[str, ...] | None = None,
    dtype: torch.dtype = torch.float32,
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
        Bilevel steps: one of w and one of alpha each. 50 to 200 are useful.
    order : {1, 2}, default=1
        Whether alpha follows the validation loss at the current w, or through one unrolled step of w.
    rng : numpy.random.Generator
        Gives starting points and samples; the same state gives the same result bit for bit.
    should_stop : callable, optional
        Asked before every step; when it says True the result of the steps done so far is returned.
    on_progress : callable, optional
        Called after every step with the share of the steps done, in (0, 1].
    schedule : Schedule, optional
    names : tuple of str, optional
        Names of the inputs for the edges' labels; x0, x1, ... if absent.
    dtype : torch.dtype, default=torch.float32
        Of the supernet; what is proposed is refitted in float64 anyway.
    device : str or torch.device, default="cpu"

    Returns
    -------
    RelaxedResult

    Raises
    ------
    ValueError
        For fewer than one hidden node or restart, a negative number of steps, or another order.
    """
    _check(n_hidden, n_restarts, n_steps, order)
    net = make_supernet(data.n_inputs, n_hidden, primitives)
    problem = make_bilevel(net, data, dtype, device)
    w, alpha = (
        t.to(dtype=dtype, device=device) for t in initial_parameters(net, n_restarts, rng, admissible(net, data.X))
    )
    generator = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
    descent = _Descent(problem, w, alpha, schedule, order)
    trace = _Trace(every=max(1, math.ceil(n_steps / (KEPT_STEPS - 2))))
    done = 0
    trace.keep(done, descent)
    while done < n_steps and not should_stop():
        descent.step(done / max(n_steps - 1, 1))
        done += 1
        if done % trace.every == 0 or done == n_steps:
            trace.keep(done, descent)
        if on_progress is not None:
            on_progress(done / n_steps)
    proposals, discrete, refitted = _propose(descent, data, generator)
    history = trace.history(net, names, descent.loss(), discrete, refitted)
    return RelaxedResult(proposals, history, done, stopped=done < n_steps)


def _check(n_hidden: int, n_restarts: int, n_steps: int, order: int) -> None:
    for name, value, least in (("n_hidden", n_hidden, 1), ("n_restarts", n_restarts, 1), ("n_steps", n_steps, 0)):
        if value < least:
            raise ValueError(explain(f"{name} must be at least {least}.", value, f"Give {least} or more."))
    if order not in (1, 2):
        raise ValueError(explain("order must be 1 or 2.", order, "Choose first or second order."))


class _Descent:
    """All restarts on their way: `w` (R, K), `alpha` (R, A), the two optimisers and the present temperature."""

    def __init__(self, problem: Bilevel, w: Tensor, alpha: Tensor, schedule: Schedule, order: Order) -> None:
        self.problem, self.w, self.alpha, self.schedule, self.order = problem, w, alpha, schedule, order
        self.temperature = schedule.temperature_at(0.0)
        bounds = torch.as_tensor(problem.net.bounds, dtype=w.dtype, device=w.device)
        self._by_w = Adam(w, (0.9, 0.999), schedule.clip, bounds)
        self._by_alpha = Adam(alpha, (0.5, 0.999), schedule.clip)
        self._range = problem.both.x.aminmax(dim=1)
        keep_in_domain(problem.net, w, *self._range)

    def step(self, progress: float) -> None:
        """Take one step of w on the training rows, then one of alpha on the validation rows."""
        self.temperature, rate = self.schedule.temperature_at(progress), self.schedule.rate_w_at(progress)
        _, gradient = coefficient_gradient(self.problem, self.w, self.alpha, self.temperature)
        self._by_w.step(gradient, rate)
        keep_in_domain(self.problem.net, self.w, *self._range)
        _, gradient = alpha_gradient(self.problem, self.w, self.alpha, self.temperature, self.order, rate)
        self._by_alpha.step(gradient, self.schedule.rate_alpha)

    def loss(self) -> NDArray[np.float64]:
        """Return the validation loss (R,) at the present temperature, NaN where it is not finite."""
        with torch.inference_mode():
            loss = validation_loss(self.problem, self.w, self.alpha, self.temperature).double().cpu().numpy()
        return np.where(np.isfinite(loss), loss, np.nan)


@dataclass
class _Trace:
    """Collects the architecture weights every few steps."""

    every: int
    steps: list[int] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)
    aggregators: list[NDArray[np.float64]] = field(default_factory=list)

    def keep(self, step: int, descent: _Descent) -> None:
        net, alpha = descent.problem.net, descent.alpha.double().cpu() / descent.temperature
        self.steps.append(step)
        self.weights.append(torch.softmax(net.edge_logits(alpha), dim=-1).numpy())
        self.aggregators.append(torch.sigmoid(net.node_logits(alpha)).numpy())

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
    descent: _Descent, data: Data, generator: torch.Generator
) -> tuple[tuple[Proposal, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return the proposals, and each restart's validation loss after argmax and after the refit of that graph."""
    net, alpha, n_samples = descent.problem.net, descent.alpha, descent.schedule.n_samples
    best = argmax_choices(net, alpha)
    drawn = sample_choices(net, alpha, n_samples, generator)
    choices = Choices(torch.cat((best.edge, drawn.edge)), torch.cat((best.product, drawn.product)))
    w = torch.cat((descent.w, descent.w.repeat_interleave(n_samples, dim=0)))
    discrete = discretise(descent.problem, w, choices)
    edge, product, rows = choices.edge.cpu().numpy(), choices.product.cpu().numpy(), w.double().cpu().numpy()
    proposals: dict[str, Proposal] = {}
    argmax: list[Proposal | None] = [None] * len(alpha)
    for i in np.argsort(np.where(np.isfinite(discrete.loss), discrete.loss, np.inf), kind="stable"):
        b = int(discrete.row[i])
        proposal = build_graph(net, edge[b], product[b], rows[b], discrete.c[i])
        if proposal is None:
            continue
        proposals.setdefault(proposal[0].key, proposal)
        if i < len(argmax):  # the first R entries are the argmax architectures with their full output
            argmax[i] = proposal
    after_argmax = np.where(np.isfinite(discrete.loss), discrete.loss, np.nan)[: len(argmax)]
    return tuple(proposals.values()), after_argmax, refitted_loss(data, argmax)
