"""The supernet: its parameters, what each edge may choose, and its affine rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts.primitives.own import make_primitive
from eqdarts.primitives.table import PRIMITIVES, Primitive, resolve
from eqdarts.search.relaxed.supernet import (
    LIMIT,
    Supernet,
    admissible,
    initial_parameters,
    keep_in_domain,
    make_supernet,
    reach,
)

ROWS = [p for p in PRIMITIVES.values() if p.name != "none"]


def test_choices_that_leave_the_domain_are_not_admissible() -> None:
    net = Supernet(2, 2, resolve(["linear", "log", "reciprocal", "sqrt", "power", "arcsin", "exp"]))
    X = np.array([[0.0, 1.0], [2.0, -1.0], [1.0, 3.0]])
    allowed = admissible(net, X)
    names = ["none", *(p.name for p in net.primitives)]
    of = {
        edge: {n for n, ok in zip(names, row.tolist(), strict=True) if ok}
        for edge, row in zip(net.edges, allowed, strict=True)
    }
    assert of[0, 0] == of[0, 1] == {"none", "linear", "sqrt", "power", "arcsin", "exp"}
    assert of[1, 0] == {"none", "linear", "reciprocal", "arcsin", "exp"}
    assert of[2, 1] == set(names)
    _, alpha = initial_parameters(net, 2, np.random.default_rng(0), allowed)
    assert bool((torch.isinf(net.edge_logits(alpha)) == ~allowed).all())


@pytest.mark.parametrize("primitive", ROWS, ids=lambda p: p.name)
def test_reach_keeps_values_within_the_limit(primitive: Primitive) -> None:
    end = reach(primitive)
    assert end >= 5
    u = torch.linspace(-min(end, 1e6), min(end, 1e6), 2001, dtype=torch.float64)
    u = primitive.domain.clamp(u)
    if primitive.name != "tan":  # which has poles, but is finite at every float
        shapes = [row[len(primitive.inner) :] for row in primitive.initial]
        for shape in shapes:
            value = primitive.value(u, *(torch.tensor(s, dtype=torch.float64) for s in shape))
            # near a pole the margin of the domain rules, not the reach
            assert float(value[u.abs() >= 1].abs().max() if bool((u.abs() >= 1).any()) else 0.0) <= LIMIT * 1.0001


def test_a_primitive_with_an_end_or_a_pole_has_an_affine_row_too() -> None:
    import sympy

    shifted = make_primitive("shifted", lambda x: (2 - x).log(), lambda x: sympy.log(2 - x), domain=(-math.inf, 2.0))
    net = make_supernet(1, 1, [PRIMITIVES[name] for name in ("none", "linear", "log", "exp", "power")] + [shifted])
    names = [p.name for p in net.primitives]
    assert names == ["linear", "log", "exp", "power", "shifted", "log(a x + b)", "power(a x + b)", "shifted(a x + b)"]
    assert {name: p.name for name, p in net.bases.items()} == {
        "log(a x + b)": "log", "power(a x + b)": "power", "shifted(a x + b)": "shifted",
    }  # fmt: skip
    x = torch.tensor([1.0, 4.0], dtype=torch.float64)
    power = net.primitives[6]
    torch.testing.assert_close(power(x, *torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)), (2 * x + 1).sqrt())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_affine_rows_are_kept_in_their_domain_on_the_data(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = make_supernet(2, 3, resolve(["linear", "log", "sqrt", "reciprocal", "exp"]))
    x = torch.as_tensor(rng.normal(size=(2, 9)))
    w, _ = initial_parameters(net, 4, rng)
    before = w.clone()
    keep_in_domain(net, w, *x.aminmax(dim=1))
    log = [p.name for p in net.primitives].index("log(a x + b)")
    scale, shift = net.coefficients(w, log)[:, :6].unbind(dim=-1)
    u = scale.view(4, 3, 2, 1) * x + shift.view(4, 3, 2, 1)
    assert float(u.min()) > 1e-3
    changed = w != before
    was = net.coefficients(before, log)[:, :6, 1].view(4, 3, 2, 1) + scale.view(4, 3, 2, 1) * x
    inside = (was.amin(dim=-1) > 3e-3).view(4, 6)
    assert not bool(net.coefficients(changed, log)[:, :6, 1][inside].any())
    assert not bool(net.coefficients(changed, log)[..., 0].any())
    assert not bool(net.weights(changed).any() | net.constants(changed).any())
    reciprocal = [p.name for p in net.primitives].index("reciprocal(a x + b)")
    assert not bool(net.coefficients(changed, reciprocal).any())  # valid on both sides of its pole


def test_reach_of_growing_and_bounded_functions() -> None:
    assert reach(PRIMITIVES["exp"]) == pytest.approx(math.log(LIMIT), rel=0.2)
    assert reach(PRIMITIVES["tanh"]) == math.inf
    assert reach(PRIMITIVES["linear"]) == pytest.approx(LIMIT, rel=0.2)
