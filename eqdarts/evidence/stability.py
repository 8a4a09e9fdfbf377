"""How often the choice would be the same for other rows: frequencies of choice over bootstrap resamples.

Axes: F forms, B resamples, N rows; G = B F models in one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from eqdarts._typing import Array
from eqdarts.data import moments, weighted_rows
from eqdarts.equation.equation import Equation
from eqdarts.equation.ranges import MARGIN
from eqdarts.equation.singularities import find_brink, find_singularities
from eqdarts.errors import FormulaError, explain
from eqdarts.evidence.edges import neighbours
from eqdarts.expression.written import text, write
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Graph
from eqdarts.losses import loss_of
from eqdarts.primitives.table import Primitive
from eqdarts.search.problem import Rows
from eqdarts.selection import CRITERIA, Candidate, singularity_price, structure_length

if TYPE_CHECKING:
    from torch import Tensor

    from eqdarts.data import FitRows, Scales

__all__ = ["FittedFront", "selection_frequencies", "stability_of"]


NEAR = 10.0  # nats within which a single swap of the chosen graph is considered
MOST_ROWS = 2000
MOST_NUMBERS = 2**22  # in the Jacobian (G, K, N) of one batch
LIMITS: dict[str, Any] = {"max_iterations": 100, "tolerance": 1e-9}


class FittedFront(Protocol):
    """The parts of a fit that are needed: graphs of its front, the chosen one, and the rows of the fit."""

    @property
    def rows(self) -> FitRows:
        """The rows to which the coefficients were fitted."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""

    @property
    def scales(self) -> Scales:
        """The units of inputs and target in the graphs."""

    @property
    def loss(self) -> str:
        """The loss by which the coefficients were fitted."""

    @property
    def graph(self) -> FittedGraph | None:
        """The chosen graph."""

    @property
    def members(self) -> tuple[FittedGraph, ...]:
        """The graphs of the front."""


def stability_of(
    run: FittedFront, primitives: Sequence[Primitive], criterion: str, n: int, random_state: int | None
) -> pd.DataFrame:
    """Return how often each form would be chosen if the rows were drawn again with replacement.

    Parameters
    ----------
    run : Run
    primitives : sequence of Primitive
        The primitives that an edge of a rival may have.
    criterion : str
        A key of `eqdarts.selection.CRITERIA`; the BIC replaces the loss on rows held back.
    n : int
        Number of resamples.
    random_state : int or None

    Returns
    -------
    DataFrame
        With the columns form, frequency and chosen; the most frequent first.

    Raises
    ------
    ValueError
        If the loss is not that of least squares, n is less than 1, or the fit has no graphs.
    """
    if not loss_of(run.loss).is_least_squares:
        todo = "Fit again, with loss='squared'."
        raise ValueError(explain("stability needs squared residuals.", f"loss={run.loss!r}", todo))
    if n < 1:
        raise ValueError(explain("n must be at least 1.", n, "Try 20."))
    if run.graph is None or not run.members:
        todo = "Fit without groups, or again: a file does not hold the functions of your own primitives."
        raise ValueError(explain("stability needs the graphs of the front.", "a fit without graphs", todo))
    rng = np.random.default_rng(random_state)
    criterion = CRITERIA[criterion].stand_in.name
    # The forms are made once, from all rows; only their coefficients change with the resample.
    sample = _Sample.of(run.rows, run.scales, rng)
    forms = _forms(run, run.graph, sample, primitives, criterion)
    table = selection_frequencies(forms, sample, n, criterion, rng)
    own = next((form.text for form in forms if form.graph == run.graph.graph), "")
    return table.assign(chosen=table["form"] == own)


@dataclass(frozen=True, eq=False)
class _Sample:
    """Scaled rows, and the known mean squared error of y in the same units, None if it is not known."""

    rows: Rows
    noise: float | None
    n_rows: float

    @classmethod
    def of(cls, kept: FitRows, scales: Scales, rng: np.random.Generator) -> _Sample:
        few = slice(None)
        if len(kept.y) > MOST_ROWS:
            few = np.sort(rng.choice(len(kept.y), MOST_ROWS, replace=False))  # type: ignore[assignment]
        y = kept.y[few] / scales.y
        weight = np.ones(len(y))
        noise, n_rows = None, float(len(y))
        if kept.sigma is not None:
            sigma = kept.sigma[few] / scales.y
            weight = sigma**-2.0
            noise = len(y) / float(weight.sum())
        elif kept.weight is not None:
            weight = kept.weight[few]
            n_rows = weighted_rows(weight)
        return cls(Rows((kept.X[few] - scales.origin) / scales.x, y, weight / weight.mean()), noise, n_rows)


@dataclass(frozen=True, eq=False)
class _Form:
    graph: Graph
    coefficients: tuple[float, ...]
    text: str  # the equation with its coefficients as names
    n_coefficients: int
    structure: float
    pole: str
    brink: str


def _forms(
    run: FittedFront, own: FittedGraph, sample: _Sample, primitives: Sequence[Primitive], criterion: str
) -> list[_Form]:
    """Return the forms to consider: those of the front, then near neighbours of the chosen graph `own`, each once."""
    pairs = [(member.graph, member.coefficients) for member in run.members]
    length = _Length(sample, criterion)
    # A swap far behind the chosen graph on these rows cannot win on rows drawn from them.
    near = [_refit(own, sample), *neighbours(own, sample.rows, primitives)]
    lengths = [
        length(fit.loss, fit.graph.n_coefficients, structure_length(fit.graph, primitives), sample.rows.weight)
        for fit in near
    ]
    pairs += [(f.graph, f.coefficients) for f, at in zip(near, lengths, strict=True) if at <= min(lengths) + NEAR]
    X = sample.rows.X * run.scales.x + run.scales.origin
    box = dict(zip(run.names, zip(X.min(axis=0), X.max(axis=0), strict=True), strict=True))
    found: dict[str, _Form] = {}
    for graph, coefficients in pairs:
        try:
            equation = Equation.from_graph(graph, coefficients, run.scales, run.names, rows=X)
        except FormulaError:
            continue
        shown = text(write(equation.template))
        structure = structure_length(graph, primitives)
        known = found.get(shown)
        if known is None or (structure < known.structure and known.graph != own.graph):
            singular = find_singularities(equation, box).pole, find_brink(equation, box, MARGIN)
            found[shown] = _Form(graph, tuple(coefficients), shown, len(equation.coefficients), structure, *singular)
    return list(found.values())


def _refit(member: FittedGraph, sample: _Sample) -> FittedGraph:
    from eqdarts.solver.refit import refit

    return refit([member.graph], [member.coefficients], *sample.rows.tensors, **LIMITS)[0]


class _Length:
    """The description length on rows with weights (N,), by a criterion."""

    def __init__(self, sample: _Sample, criterion: str) -> None:
        self.sample, self.criterion = sample, criterion

    def __call__(
        self, loss: float, n_coefficients: int, structure: float, weight: Array, pole: str = "", brink: str = ""
    ) -> float:
        if not np.isfinite(loss):
            return float("inf")
        y, n = self.sample.rows.y, self.sample.n_rows
        candidate = Candidate(1, n_coefficients, loss, structure, noise=self.sample.noise, pole=pole, brink=brink)
        found = CRITERIA[self.criterion].length(candidate, n, self.sample.rows.X.shape[1], *moments(y, weight))
        return found + singularity_price(candidate, n)


def selection_frequencies(
    forms: Sequence[_Form], sample: _Sample, n: int, criterion: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the forms that are the shortest on some of n resamples, with their frequencies."""
    n_rows = len(sample.rows.y)
    counts = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n)  # (B, N)
    # A row drawn twice is the same row with twice the weight, so that all resamples share X and y.
    weights = sample.rows.weight * counts
    losses = _refitted(forms, sample.rows, weights)
    length = _Length(sample, criterion)
    lengths = np.array(
        [
            [
                length(float(losses[b, f]), form.n_coefficients, form.structure, weights[b], form.pole, form.brink)
                for f, form in enumerate(forms)
            ]
            for b in range(n)
        ]
    )
    # Each resample chooses the shortest of its own descriptions.
    wins = np.bincount(lengths.argmin(axis=1), minlength=len(forms))
    order = [int(f) for f in np.argsort(-wins, kind="stable") if wins[f]]
    return pd.DataFrame({"form": [forms[f].text for f in order], "frequency": [wins[f] / n for f in order]})


def _refitted(forms: Sequence[_Form], rows: Rows, weights: Array) -> Array:
    """Return the mean weighted squared residuals (B, F) of all forms refitted with each row of `weights` (B, N)."""
    import torch

    from eqdarts.solver.batch import Batch
    from eqdarts.solver.refit import levenberg_marquardt

    n_resamples, n_rows = weights.shape
    most = max(form.graph.n_coefficients for form in forms)
    size = max(MOST_NUMBERS // (most * n_rows * n_resamples), 1)
    X, y, _ = rows.tensors
    # Every form with every resample is one model of a batch; a batch holds as many as memory allows.
    losses = np.empty((n_resamples, len(forms)))
    for first in range(0, len(forms), size):
        part = forms[first : first + size]
        batch = Batch([form.graph for form in part for _ in range(n_resamples)], X)
        start = batch.pad([form.coefficients for form in part for _ in range(n_resamples)])
        root = torch.from_numpy(np.sqrt(weights)).repeat(len(part), 1)  # (G, N)
        result = levenberg_marquardt(_Weighted(batch, root), start, y * root, **LIMITS)
        losses[:, first : first + size] = result.loss.numpy().reshape(len(part), n_resamples).T
    # The solver's mean is over rows, the loss of a resample over weights.
    return np.asarray(losses * n_rows / weights.sum(axis=1, keepdims=True))


class _Weighted:
    """Models with different weights of the rows: roots (G, N)."""

    def __init__(self, model: Any, root: Tensor) -> None:
        self.model, self.root = model, root
        self.n_coefficients, self.linear = model.n_coefficients, model.linear

    def evaluate(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        prediction, jacobian = self.model.evaluate(theta)
        return prediction * self.root, jacobian * self.root[:, None, :]

    def subset(self, keep: Tensor) -> _Weighted:
        return _Weighted(self.model.subset(keep), self.root[keep])
