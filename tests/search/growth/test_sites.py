"""Sites of a fitted graph, and the moves that let a part in there: both against a plain forward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.graph import Graph
from eqdarts.primitives.table import PRIMITIVES, Primitive, resolve
from eqdarts.search.growth.features import Combination, Feature
from eqdarts.search.growth.moves import FACTOR_EXPONENTS, Move, apply
from eqdarts.search.growth.sites import Site, linearise
from eqdarts.solver.batch import Batch
from tests.strategies import graphs, inputs

Array = NDArray[np.float64]
Change = Callable[[torch.Tensor], torch.Tensor]
N = 20


def number(c: float) -> torch.Tensor:
    return torch.tensor(c, dtype=torch.float64)


@dataclass
class Plain:
    """A plain forward pass whose every intermediate value is a leaf of torch's autograd graph, or can be changed."""

    draft: Draft
    X: Array
    changes: dict[tuple[str, int, int], Change] = field(default_factory=dict)
    tensors: dict[tuple[str, int, int], torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = [torch.tensor(x, requires_grad=True) for x in self.X.T.copy()]
        self.inputs = columns[:]
        for j, node in enumerate(self.draft.nodes):
            neutral = 0.0 if node.is_sum else 1.0
            value = torch.full((len(self.X),), neutral if node.constant is None else node.constant, dtype=torch.float64)
            for k, edge in enumerate(node.edges):
                x = self._keep("argument", j, k, columns[edge.source])
                term = edge.primitive(x, *(number(c) for c in edge.coefficients))
                term = self._keep("term", j, k, edge.weight * term)
                value = value + term if node.is_sum else value * term
            columns.append(self._keep("node", j, -1, value))
        self.columns, self.prediction = columns, columns[-1]

    def _keep(self, kind: str, j: int, k: int, tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor * 1.0  # an argument is a tensor of its own, not the source that other edges read too
        if (kind, j, k) in self.changes:
            tensor = self.changes[kind, j, k](tensor)
        if tensor.requires_grad:
            tensor.retain_grad()
        self.tensors[kind, j, k] = tensor
        return tensor

    def backward(self) -> Plain:
        if self.prediction.requires_grad:
            self.prediction.sum().backward()
        return self

    def adjoint(self, kind: str, j: int, k: int) -> Array:
        gradient = self.tensors[kind, j, k].grad
        return np.zeros(len(self.X)) if gradient is None else gradient.numpy()

    def sound(self) -> NDArray[np.bool_]:
        """Rows where nothing on the way is undefined, or so large that rounding is all that is left."""
        everything = [*self.tensors.values(), *(t.grad for t in self.tensors.values() if t.grad is not None)]
        return np.all([(t.detach().abs() < 1e8).numpy() for t in everything], axis=0)


def predict(start: tuple[Graph, tuple[float, ...]], X: Array) -> Array:
    batch = Batch([start[0]], torch.from_numpy(X))
    return batch.predict(batch.pad([start[1]]))[0].numpy()


def assert_rows_close(found: Array, expected: Array, rows: NDArray[np.bool_], rtol: float = 1e-9) -> None:
    largest = np.abs(expected[rows]).max(initial=1.0)
    np.testing.assert_allclose(found[rows], expected[rows], rtol=rtol, atol=rtol * largest)


@st.composite
def cases(draw: st.DrawFn, primitives: str = "default") -> tuple[Draft, Array]:
    graph, coefficients = draw(graphs(primitives=primitives))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    numbers = np.array(coefficients) * rng.uniform(0.8, 1.2, len(coefficients))
    return Draft.from_graph(graph, list(numbers)).prune(), draw(inputs(graph.n_inputs, n_rows=N))


# --- linearise ---


@settings(max_examples=60)
@given(cases())
def test_values_terms_and_prediction_are_those_of_a_plain_pass(case: tuple[Draft, Array]) -> None:
    draft, X = case
    lin, plain = linearise(draft, X), Plain(draft, X)
    rows = plain.sound()
    assert_rows_close(lin.prediction, predict(draft.build(), X), rows)
    assert_rows_close(lin.prediction, plain.prediction.detach().numpy(), rows)
    for j, node in enumerate(draft.nodes):
        assert_rows_close(lin.values[j], plain.tensors["node", j, -1].detach().numpy(), rows)
        for k in range(len(node.edges)):
            assert_rows_close(lin.terms[j][k], plain.tensors["term", j, k].detach().numpy(), rows)


@settings(max_examples=60)
@given(cases())
def test_jacobian_has_the_columns_of_the_batch(case: tuple[Draft, Array]) -> None:
    draft, X = case
    graph, coefficients = draft.build()
    lin, rows = linearise(draft, X), Plain(draft, X).backward().sound()
    batch = Batch([graph], torch.from_numpy(X))
    expected = batch.evaluate(batch.pad([coefficients])).jacobian[0].numpy()[: graph.n_coefficients, rows]
    found = lin.jacobian.T[:, rows]
    assert found.shape == expected.shape
    left = list(range(len(found)))
    for column in expected:  # the order differs
        scale = np.abs(column).max(initial=1e-6)
        nearest = min(left, key=lambda k: np.abs(found[k] - column).max(initial=0.0))
        np.testing.assert_allclose(found[nearest], column, atol=1e-9 * scale)
        left.remove(nearest)


@settings(max_examples=60)
@given(cases())
def test_gradient_is_that_of_autograd(case: tuple[Draft, Array]) -> None:
    draft, X = case
    lin, plain = linearise(draft, X), Plain(draft, X).backward()
    assert lin.gradient.shape == (draft.n_inputs, N)
    for own, x in zip(lin.gradient, plain.inputs, strict=True):
        assert_rows_close(own, np.zeros(N) if x.grad is None else x.grad.numpy(), plain.sound())


@settings(max_examples=60)
@given(cases())
def test_each_site_has_the_value_and_the_adjoint_of_its_place(case: tuple[Draft, Array]) -> None:
    draft, X = case
    lin, plain = linearise(draft, X), Plain(draft, X).backward()
    rows = plain.sound()
    for site in lin.sites:
        place = site.kind, site.node, site.edge
        assert_rows_close(site.value, plain.tensors[place].detach().numpy(), rows)
        if draft.nodes[-1].edges:
            assert_rows_close(site.adjoint, plain.adjoint(*place), rows)
    assert len({(s.kind, s.node, s.edge) for s in lin.sites}) == len(lin.sites)


@settings(max_examples=60)
@given(cases())
def test_every_node_is_a_site_and_the_output_takes_both_terms_and_factors(case: tuple[Draft, Array]) -> None:
    draft, X = case
    sites = linearise(draft, X).sites
    assert sorted(s.node for s in sites if s.kind == "node") == list(range(len(draft.nodes)))
    output = next(s for s in sites if s.kind == "node" and s.node == len(draft.nodes) - 1)
    assert output.adds
    assert output.multiplies
    np.testing.assert_array_equal(output.adjoint, np.ones(N))


def test_a_product_with_a_factor_of_zero_has_finite_derivatives() -> None:
    draft = Draft(2, [DraftNode("product", [DraftEdge(0, PRIMITIVES["sin"]), DraftEdge(1, LINEAR)], 2.0)])
    X = np.array([[0.0, 3.0], [1.0, 0.0], [0.0, 0.0]])
    lin = linearise(draft, X)
    np.testing.assert_allclose(lin.gradient, [[6.0, 0.0, 0.0], [0.0, 2 * np.sin(1.0), 0.0]])
    assert np.isfinite(lin.jacobian).all()


def test_rows_outside_a_domain_are_not_a_number_and_others_are_untouched() -> None:
    draft = Draft(1, [DraftNode("sum", [DraftEdge(0, PRIMITIVES["log"])], 1.0)])
    lin = linearise(draft, np.array([[-1.0], [np.e]]))
    assert np.isnan(lin.prediction[0])
    assert lin.prediction[1] == pytest.approx(2.0)
    assert lin.gradient[0, 1] == pytest.approx(1 / np.e)


def test_the_constant_alone_has_a_jacobian_of_ones_and_no_gradient() -> None:
    lin = linearise(Draft(2, [DraftNode("sum", [], 3.0)]), np.ones((4, 2)))
    np.testing.assert_array_equal(lin.jacobian, np.ones((4, 1)))
    np.testing.assert_array_equal(lin.gradient, np.zeros((2, 4)))
    assert [s.kind for s in lin.sites] == ["node"]


# --- moves: v + s f, v (1 + s f / k)**k, v u**s at the site ---

FUNCTIONS: list[tuple[Primitive, tuple[float, ...]]] = [
    (p, row) for p in resolve("default") if p is not POWER for row in p.initial[:2]
]


def draw_feature(draw: st.DrawFn, site: Site, n_inputs: int, *, bare: bool = False) -> Feature:
    """Draw a feature that may be read at the site."""
    source = st.integers(0, n_inputs + site.node - 1)
    numbers = st.sampled_from([(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0)])
    weights = st.sampled_from([(1.0, 1.0), (1.0, -0.5), (0.3, -1.0)])
    argument = draw(
        st.one_of(
            st.builds(lambda i: Combination("single", (i,), (1.0,)), source),
            st.builds(lambda i, j, p: Combination("product", (i, j), p), source, source, numbers),
            st.builds(lambda i, j, w: Combination("sum", (i, j), w), source, source, weights),
        )
    )
    primitive, coefficients = (LINEAR, ()) if bare else draw(st.sampled_from(FUNCTIONS))
    return Feature(primitive, coefficients, argument)


def argument_of(feature: Feature, sources: list[torch.Tensor]) -> torch.Tensor:
    read = [sources[i] for i in feature.argument.sources]
    numbers = feature.argument.numbers
    if feature.argument.kind == "single":
        return read[0]
    if feature.argument.kind == "product":
        return read[0] ** numbers[0] * read[1] ** numbers[1]
    return numbers[0] * read[0] + numbers[1] * read[1]


def changed(draft: Draft, X: Array, move: Move, exponent: Fraction) -> tuple[Array, NDArray[np.bool_]]:
    """Return the prediction with the site's value changed as the move says, and the rows to compare."""
    before = Plain(draft, X)
    u = argument_of(move.feature, before.columns).detach()
    f = move.feature.primitive(u, *(number(c) for c in move.feature.coefficients))
    k, s = float(exponent), move.strength

    def change(v: torch.Tensor) -> torch.Tensor:
        if move.kind == "add":
            return v + s * f
        return v * (1 + s * f / k) ** k if move.kind == "multiply" else v * u**s

    after = Plain(draft, X, {(move.site.kind, move.site.node, move.site.edge): change})
    return after.prediction.detach().numpy(), before.sound() & after.sound() & (f.abs() < 1e6).numpy()


@st.composite
def moves(draw: st.DrawFn, strength: float) -> tuple[Draft, Array, Move]:
    draft, X = draw(cases())
    site = draw(st.sampled_from(linearise(draft, X).sites))
    kinds = ["add"] * site.adds + ["multiply", "power"] * site.multiplies
    if not kinds:
        kinds = ["multiply"]
    kind = draw(st.sampled_from(kinds))
    sign = draw(st.sampled_from([-1.0, 1.0]))
    return draft, X, Move(site, kind, draw_feature(draw, site, draft.n_inputs, bare=kind == "power"), sign * strength)


@settings(max_examples=150)
@given(moves(0.37), st.sampled_from(FACTOR_EXPONENTS))
def test_a_move_changes_the_value_at_its_site_as_told(case: tuple[Draft, Array, Move], exponent: Fraction) -> None:
    draft, X, move = case
    unchanged = draft.build()
    expected, rows = changed(draft, X, move, exponent)
    assert_rows_close(predict(apply(draft, move, exponent), X), expected, rows, rtol=1e-8)
    assert draft.build() == unchanged  # the draft given is left as it was


@settings(max_examples=100)
@given(moves(1e-7), st.sampled_from(FACTOR_EXPONENTS))
def test_a_weak_move_changes_the_prediction_by_the_adjoint_whatever_the_exponent(
    case: tuple[Draft, Array, Move], exponent: Fraction
) -> None:
    draft, X, move = case
    site, plain = move.site, Plain(draft, X).backward()
    u = argument_of(move.feature, plain.columns).detach()
    f = move.feature.primitive(u, *(number(c) for c in move.feature.coefficients)).numpy()
    with np.errstate(all="ignore"):
        part = np.log(u.numpy()) if move.kind == "power" else f
        direction = site.adjoint * part * (1.0 if move.kind == "add" else site.value)
        found = (predict(apply(draft, move, exponent), X) - predict(draft.build(), X)) / move.strength
    _, rows = changed(draft, X, move, exponent)
    rows &= plain.sound() & (np.abs(direction) < 1e3) & (np.abs(part) < 1e3)
    rows &= np.abs(plain.prediction.detach().numpy()) < 1e3
    curved = np.abs([t.detach().numpy() for t in plain.tensors.values()]).max(0) > 30  # the next order shows there
    assert_rows_close(found, direction, rows & ~curved, rtol=1e-3)


@settings(max_examples=40)
@given(moves(0.0), st.sampled_from(FACTOR_EXPONENTS))
def test_a_move_of_strength_zero_changes_nothing(case: tuple[Draft, Array, Move], exponent: Fraction) -> None:
    draft, X, move = case
    assert_rows_close(predict(apply(draft, move, exponent), X), predict(draft.build(), X), Plain(draft, X).sound())
