r"""Differentiable architecture search by bilevel optimisation: one supernet, all restarts in one tensor program.

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
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.steps import (
    Adam,
    Bilevel,
    alpha_gradient,
    coefficient_gradient,
    make_bilevel,
    validation_loss,
)
from eqdarts.search.relaxed.supernet import Supernet, admissible, initial_parameters, keep_in_domain, make_supernet

__all__ = ["TrainedSupernet", "train_supernet"]

KEPT_STEPS = 100
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
    dtype: torch.dtype = getattr(torch, options.dtype)
    n_steps, device = options.n_steps, options.device
    net = make_supernet(data.n_inputs, n_hidden, primitives)
    # on the CPU in float64 first: the same numbers are drawn whatever the supernet's own device and dtype are
    drawn = initial_parameters(net, n_restarts, rng, admissible(net, data.X[:]))
    w, alpha = (t.to(dtype=dtype, device=device) for t in drawn)
    generator = torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))
    descent = _Descent(make_bilevel(net, data, dtype, device), w, alpha, options)
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
    return TrainedSupernet(proposals, history, done, stopped=done < n_steps)


def _check(n_hidden: int, n_restarts: int) -> None:
    for name, value in (("n_hidden", n_hidden), ("n_restarts", n_restarts)):
        if value < 1:
            raise ValueError(explain(f"{name} must be at least 1.", value, "Use 1 or more."))


class _Descent:
    """All restarts on their way: `w` (R, K), `alpha` (R, A), the two optimisers and the present temperature."""

    def __init__(self, problem: Bilevel, w: Tensor, alpha: Tensor, options: RelaxedOptions) -> None:
        self.problem = problem
        self.w = w
        self.alpha = alpha
        self.options = options
        self.temperature = options.temperature_at(0.0)
        bounds = torch.as_tensor(problem.net.bounds, dtype=w.dtype, device=w.device)
        self._by_w = Adam(w, (0.9, 0.999), options.clip, bounds)
        self._by_alpha = Adam(alpha, (0.5, 0.999), options.clip)
        self._range = problem.both.x.aminmax(dim=1)
        keep_in_domain(problem.net, w, *self._range)

    def step(self, progress: float) -> None:
        """Take one step of w on the training rows, then one of alpha on the validation rows."""
        self.temperature = self.options.temperature_at(progress)
        rate = self.options.rate_w_at(progress)
        _, gradient = coefficient_gradient(self.problem, self.w, self.alpha, self.temperature)
        self._by_w.step(gradient, rate)
        # a step may move an end of a domain onto the rows, where alpha would see a slope that is not there
        keep_in_domain(self.problem.net, self.w, *self._range)
        _, gradient = alpha_gradient(self.problem, self.w, self.alpha, self.temperature, self.options.order, rate)
        self._by_alpha.step(gradient, self.options.rate_alpha)

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
    net, alpha = descent.problem.net, descent.alpha
    n_samples = descent.options.n_samples
    best = argmax_choices(net, alpha)
    drawn = sample_choices(net, alpha, n_samples, generator)
    choices = Choices(torch.cat((best.edge, drawn.edge)), torch.cat((best.product, drawn.product)))
    w = torch.cat((descent.w, descent.w.repeat_interleave(n_samples, dim=0)))
    # the coefficients are those of the mixture: only the output weights are solved anew for what is left of it
    discrete = discretise(descent.problem, w, choices)
    edge, product = choices.edge.cpu().numpy(), choices.product.cpu().numpy()
    rows = w.double().cpu().numpy()
    # the most promising come first, so that a budget that ends early has seen them
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
