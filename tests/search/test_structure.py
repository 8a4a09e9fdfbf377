"""Structure read off a gradient, and problems in fewer inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.search.problem import Problem, Rows
from eqdarts.search.structure import Base, Group, Reduction, find_reductions, reduce
from eqdarts.solver.batch import Batch
from tests.helpers import Array
from tests.search.laws import Chain, Law, contradiction, rows, value_and_gradient
from tests.strategies import evaluate, graphs

NOTHING = Group("product", ())


def found_in(
    law: Law, X: Array, units: Array | None = None, tolerance: float = 1e-9, noise: float = 0.0
) -> list[Chain]:
    f, G = value_and_gradient(law, X)
    G = G * (1 + noise * np.random.default_rng(5).normal(size=G.shape))
    units = np.ones(X.shape[1]) if units is None else units
    return find_reductions(X, f, G, units, tolerance, np.random.default_rng(0))


LAWS: dict[str, tuple[Law, int, int]] = {  # law, its inputs, the fewest new inputs that it can be written in
    "product inside": (lambda x, y, z: torch.sin(x * y) + z, 3, 2),
    "ratio": (lambda x, y: torch.log(1 + x / y), 2, 1),
    "ratio of powers": (lambda x, y, z: torch.tanh(x * x / y) + torch.cos(z), 3, 2),
    "prefactor": (lambda x, y: y**2 * torch.exp(torch.sin(x)), 2, 1),
    "inverse prefactor": (lambda x, y, z: torch.cosh(torch.sin(x) + y) / z**1.5, 3, 2),
    "difference and prefactor": (lambda x, y, z: z * torch.tanh(x - y), 3, 1),
    "homogeneous": (lambda x, y: torch.sqrt(x * x + y * y), 2, 1),
    "homogeneous with a prefactor": (lambda x, y, z: x * torch.sqrt(z * z + y * y), 3, 1),
    "five as one": (lambda m, g, h, k, t: torch.expm1(-m * g * h / (k * t)), 5, 1),
    "sum of three": (lambda x, y, z, u: torch.exp(-(x + y + z)) + u * u, 4, 2),
    "irrelevant": (lambda x, y, z: torch.exp(torch.sin(x)) + y * y + 0 * z, 3, 2),
    "ratio of sums": (lambda x, y, z: (x - y) / (x - y + z), 3, 1),
    "third root": (lambda x, y, z: torch.sin(x * y ** (1 / 3)) + z, 3, 2),
}


@pytest.mark.parametrize("name", LAWS)
def test_the_structure_of_a_law_is_read_off_its_gradient(name: str) -> None:
    law, d, fewest = LAWS[name]
    X = rows(d=d)
    chains = found_in(law, X)
    assert min(len(chain[-1].groups) for chain in chains) == fewest
    for chain in chains:
        assert contradiction(law, chain, X) < 1e-5
        assert len(chain[-1].groups) < d


@pytest.mark.parametrize(
    ("law", "d"),
    [
        (lambda x, y: torch.exp(torch.sin(2 * x)) + torch.cos(y), 2),
        (lambda x, y, z: torch.exp(torch.sin(2 * x)) + y * y * torch.tanh(z), 3),
        (lambda x, y: torch.sin(x * y + x), 2),
        (lambda x: torch.sin(x), 1),
    ],
)
def test_nothing_is_found_in_a_law_without_structure(law: Law, d: int) -> None:
    assert found_in(law, rows(d=d), tolerance=1e-6) == []


def test_a_constant_or_undefined_gradient_has_no_structure_that_misleads() -> None:
    X, f = rows(d=2), np.full(60, 2.0)
    for chain in find_reductions(X, f, np.zeros((2, 60)), np.ones(2), 1e-9, np.random.default_rng(0)):
        assert all(step.groups for step in chain)
    assert find_reductions(X, f, np.full((2, 60), np.nan), np.ones(2), 1e-9, np.random.default_rng(0)) == []
    assert find_reductions(X, 0 * f, np.zeros((2, 60)), np.ones(2), 1e-9, np.random.default_rng(0)) == []


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("units", [(3.7, 0.21), (1.0, 1.0), (0.05, 11.0)])
def test_the_weights_of_a_sum_are_simple_in_the_units_of_the_data(sign: float, units: tuple[float, float]) -> None:
    u = np.array(units)
    X = rows(d=3)

    def law(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return torch.sin((u[0] * x + sign * u[1] * y) / u.max()) + z * z

    chains = found_in(law, X, units=np.array([*units, 1.0]), tolerance=1e-3, noise=0.01)
    group = next(g for chain in chains for g in chain[0].groups if g.kind == "sum")
    weights = dict(group.parts)
    assert set(weights) == {0, 1}
    assert weights[1] * u[0] / (weights[0] * u[1]) == pytest.approx(sign, rel=1e-12)


def test_exponents_are_snapped_from_a_gradient_that_is_a_little_off() -> None:
    X = rows(n=200, d=3)
    chains = found_in(lambda x, y, z: torch.tanh(x * x / y) + torch.cos(z), X, tolerance=1e-3, noise=0.01)
    parts = [dict(g.parts) for chain in chains for g in chain[-1].groups if len(g.parts) == 2]
    assert any(set(p) == {0, 1} and p[0] / p[1] in (-2.0, -0.5) for p in parts)


def test_groups_of_one_structure_have_one_key_whatever_their_scale() -> None:
    group, other = Group("product", ((0, 1.0), (1, -2.0))), Group("product", ((2, 1.0),))
    one = Reduction((group, other), Group("product", ((0, 2.0),)))
    scaled = Reduction((other, Group("product", group.parts, 0.3)), Group("product", ((0, 2.0),), 5.0))
    assert one.key == scaled.key
    assert one.key != Reduction((group,), Group("product", ((0, 2.0),))).key
    assert one.key != Reduction((group, other), Group("product", ((0, 1.0),))).key


@pytest.mark.parametrize(
    "group",
    [
        Group("sum", ((0, 1.0), (2, -0.3)), 1.7),
        Group("product", ((0, 1.0), (1, -0.5), (2, 2.0)), 0.4),
        Group("product", ((1, 1.0),)),
        Group("sum", ((0, 1.0), (2, -0.3)), 1.7, powers=(2.0, -1.0)),
        Group("exponent", ((0, 0.7), (2, 1.0)), 0.6),
        Group("exponent", ((1, 0.7), (0, 1.0)), 0.6, Base.ONE_PLUS),
        Group("exponent", ((2, 0.2), (1, 1.0)), -0.6, Base.ODDS),
    ],
)
def test_a_group_and_its_nodes_are_the_same_function(group: Group) -> None:
    X = rows(d=3)
    np.testing.assert_allclose(evaluate(Draft(3, group.nodes(3)), X), group(X), rtol=1e-12)
    # the chain rule: of a function sin(group), the gradient in the group is its cosine
    h = 1e-6
    gradient = [(np.sin(group(X + h * e)) - np.sin(group(X - h * e))) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(group.gradient(X, np.stack(gradient)), np.cos(group(X)), atol=1e-6)


@pytest.mark.parametrize("base", Base)
def test_the_steepness_of_a_base_is_the_derivative_of_its_logarithm_in_that_of_the_input(base: Base) -> None:
    x, h = np.linspace(0.1, 0.9, 9), 1e-6
    difference = (base.logarithm(x * np.exp(h)) - base.logarithm(x * np.exp(-h))) / (2 * h)
    np.testing.assert_allclose(base.steepness(x), difference, rtol=1e-8)


def test_a_group_that_divides_by_nearly_nothing_or_takes_roots_of_negatives_is_undefined() -> None:
    X = np.array([[1.0, 0.0], [2.0, 1.0]])
    assert np.isnan(Group("product", ((0, 1.0), (1, -1.0)))(X)).all()
    assert np.isfinite(Group("product", ((0, -1.0), (1, 1.0)))(X)).all()
    assert np.isnan(Group("product", ((0, 0.5),))(-X[:, :1])).all()
    np.testing.assert_array_equal(Group("product", ((0, 2.0),))(-X[:, :1]), [1.0, 4.0])


def make_problem(X: Array, y: Array, weight: Array) -> Problem:
    half = len(X) // 2
    parts = [Rows(X[k], y[k], weight[k]) for k in (slice(0, half), slice(half, None), slice(0, half))]
    return Problem(*parts, float(np.var(y)), np.ones(X.shape[1]), 1.0, 10)


@st.composite
def reductions(draw: st.DrawFn, d: int, n_new: int) -> Reduction:
    exponent = st.sampled_from([-2.0, -1.0, -0.5, 0.5, 1.0, 1.5])
    part = st.tuples(st.integers(0, d - 1), exponent)
    parts = st.lists(part, min_size=1, max_size=3, unique_by=lambda p: p[0]).map(tuple)
    group = st.builds(Group, st.sampled_from(["sum", "product"]), parts)
    two = st.tuples(
        st.tuples(st.integers(0, d - 1), st.sampled_from([0.3, 1.0])), st.tuples(st.integers(0, d - 1), st.just(1.0))
    )
    powers = st.tuples(exponent, exponent)
    raised = st.builds(Group, st.just("exponent"), two, base=st.sampled_from(list(Base)))
    squares = st.builds(Group, st.just("sum"), two, powers=powers)
    single = st.integers(0, d - 1).map(lambda i: Group("product", ((i, 1.0),)))
    groups = draw(st.lists(st.one_of(group, raised, squares, single), min_size=n_new, max_size=n_new))
    prefactor = draw(st.one_of(st.just(()), parts))
    return Reduction(tuple(groups), Group("product", prefactor))


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_a_lifted_draft_is_the_draft_of_the_groups_times_the_prefactor(data: st.DataObject) -> None:
    graph, coefficients = data.draw(graphs())
    d = data.draw(st.integers(1, 4))
    reduction = data.draw(reductions(d, graph.n_inputs))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    X = rng.uniform(0.4, 2.5, (60, d))
    problem = make_problem(X, rng.normal(size=60), rng.uniform(0.5, 1.5, 60))
    made = reduce(problem, reduction)
    if made is None:  # a sum that vanishes everywhere, or odds beyond one
        return
    reduced, scaled = made
    draft = Draft.from_graph(graph, coefficients)
    lifted = scaled.lift(draft, d)
    assert draft.build() == (graph, coefficients)
    for old, new in zip((problem.train, problem.held, problem.wide), (reduced.train, reduced.held, reduced.wide)):  # noqa: B905
        prediction = evaluate(draft, new.X)
        sound = np.abs(prediction) < 1e6
        expected = (scaled.prefactor(old.X) * prediction)[sound]
        np.testing.assert_allclose(evaluate(lifted, old.X)[sound], expected, rtol=1e-8, atol=1e-8)
        in_old = old.weight[sound] * (old.y[sound] - expected) ** 2
        in_new = new.weight[sound] * (new.y[sound] - prediction[sound]) ** 2
        np.testing.assert_allclose(in_new, in_old, rtol=1e-6, atol=1e-9)  # a loss is a loss in either
        pruned = lifted.copy().prune().build()
        batch = Batch([pruned[0]], torch.from_numpy(old.X))
        predicted = batch.predict(batch.pad([pruned[1]]))[0].numpy()
        np.testing.assert_allclose(predicted[sound], expected, rtol=1e-7, atol=1e-7)


def test_new_inputs_and_target_have_magnitude_one() -> None:
    X = rows(d=3) * [1.0, 1e4, 1e-3]
    reduction = Reduction(
        (Group("product", ((0, 1.0), (1, 2.0))), Group("product", ((2, 1.0),))), Group("product", ((1, -1.0),))
    )
    made = reduce(make_problem(X, 7 + X[:, 0], np.ones(60)), reduction)
    assert made is not None
    reduced, _ = made
    np.testing.assert_allclose(np.abs(reduced.train.X[:, 0]).mean(), 1.0)
    np.testing.assert_array_equal(reduced.train.X[:, 1], X[:30, 2])  # an input as it was
    np.testing.assert_allclose(np.abs(reduced.train.y).mean(), 1.0)
    assert reduced.n_inputs == 2


def test_a_reduction_that_is_undefined_on_some_row_gives_no_problem() -> None:
    X = rows(d=2)
    X[-1, 1] = 0.0  # among the held-back rows
    problem = make_problem(X, X[:, 0], np.ones(60))
    ratio = Group("product", ((0, 1.0), (1, -1.0)))
    assert reduce(problem, Reduction((ratio,), NOTHING)) is None
    assert reduce(problem, Reduction((Group("product", ((0, 1.0),)),), Group("product", ((1, 1.0),)))) is None
    assert reduce(problem, Reduction((Group("sum", ((0, 1.0), (0, -1.0))),), NOTHING)) is None


def test_two_reductions_one_after_the_other_lead_back() -> None:
    law, d, _ = LAWS["difference and prefactor"]
    X = rows(d=d)
    problem = make_problem(X, value_and_gradient(law, X)[0], np.ones(60))
    chain = min(found_in(law, X), key=lambda c: len(c[-1].groups))
    done, sizes, current = [], [], problem
    for step in chain:
        sizes.append(current.n_inputs)
        made = reduce(current, step)
        assert made is not None
        current, scaled = made
        done.append(scaled)
    assert current.n_inputs == 1
    draft = Draft(1, [DraftNode("sum", [DraftEdge(0, LINEAR, 0.8)], 0.1)])
    lifted = draft
    for step, size in zip(reversed(done), reversed(sizes), strict=True):
        lifted = step.lift(lifted, size)
    factor = problem.train.y / current.train.y
    np.testing.assert_allclose(evaluate(lifted, problem.train.X), factor * evaluate(draft, current.train.X), rtol=1e-10)


def test_each_input_that_a_set_of_laws_took_out_can_come_back() -> None:
    """x0 x1 and a factor x2, of three inputs: without the first law x1 comes back, without the second x2."""
    reduction = Reduction((Group("product", ((0, 1.0), (1, 1.0))),), Group("product", ((2, 1.0),)))
    back = {other.key for other in reduction.with_input_back()}
    without_first = Reduction(
        (Group("product", ((0, 1.0),)), Group("product", ((1, 1.0),))), Group("product", ((2, 1.0),))
    )
    without_second = Reduction(
        (Group("product", ((0, 1.0), (1, 1.0))), Group("product", ((2, 1.0),))), Group("product", ())
    )
    assert back == {without_first.key, without_second.key}


def test_single_laws_and_sums_are_taken_back_as_a_whole() -> None:
    single = Reduction((Group("product", ((0, 1.0), (1, -1.0))),), Group("product", ()))
    sums = Reduction((Group("sum", ((0, 1.0), (1, -1.0))),), Group("product", ((2, 1.0),)))
    assert not list(single.with_input_back())
    assert not list(sums.with_input_back())
