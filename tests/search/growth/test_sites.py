"""Values, adjoints and derivatives of a graph at every place, against a plain pass and autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.growth.sites import linearise
from eqdarts.solver.batch import Batch
from tests.helpers import Array, predict
from tests.search.growth.plain import N_ROWS, Plain, assert_rows_close, cases


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
    assert lin.gradient.shape == (draft.n_inputs, N_ROWS)
    for own, x in zip(lin.gradient, plain.inputs, strict=True):
        assert_rows_close(own, np.zeros(N_ROWS) if x.grad is None else x.grad.numpy(), plain.sound())


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
    np.testing.assert_array_equal(output.adjoint, np.ones(N_ROWS))


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
