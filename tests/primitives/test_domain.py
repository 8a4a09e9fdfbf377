"""Domains: what they contain, what of an interval they hold, and how a value outside is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.primitives.domain import NOT_NEGATIVE, NOT_ZERO, POSITIVE, REAL, UNIT, Domain

OTHERS = [Domain(lower=1.0), Domain(lower=1.0, closed=True), Domain(upper=2.0), Domain(upper=2.0, closed=True)]
DOMAINS = [REAL, POSITIVE, NOT_NEGATIVE, NOT_ZERO, UNIT, Domain(lower=-1.0, upper=1.0), *OTHERS]

each_domain = pytest.mark.parametrize("domain", DOMAINS, ids=str)


@each_domain
@given(st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_all_or_nothing_of_an_interval_is_that_of_its_points(domain: Domain, low: float, width: float) -> None:
    points = domain.contains(np.append(np.linspace(low, low + width, 41), np.clip(0.0, low, low + width)))
    ends = np.array([low]), np.array([low + width])
    assert domain.holds_all(*ends)[0] == points.all()
    assert domain.holds_none(*ends)[0] == (not points.any())


@each_domain
def test_unbounded_intervals_are_held_as_far_as_they_go(domain: Domain) -> None:
    everything = np.array([-math.inf]), np.array([math.inf])
    assert domain.holds_all(*everything)[0] == (domain == REAL)
    assert not domain.holds_none(*everything)[0]


@each_domain
def test_tensors_are_clamped_into_it(domain: Domain) -> None:
    u = torch.tensor([-5.0, -1.0, 0.0, 1.0, 5.0], dtype=torch.float64)
    assert domain.contains(domain.clamp(u)).all()


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (NOT_ZERO, "zero"),
        (POSITIVE, "not positive"),
        (NOT_NEGATIVE, "negative"),
        (UNIT, "beyond -1 or 1"),
        (Domain(lower=1.0), "not above 1"),
        (Domain(lower=1.0, closed=True), "below 1"),
        (Domain(upper=2.0), "not below 2"),
        (Domain(upper=2.0, closed=True), "above 2"),
        (REAL, "infinite"),
    ],
    ids=str,
)
def test_a_value_outside_is_told_in_words(domain: Domain, words: str) -> None:
    assert domain.outside == words


@pytest.mark.parametrize("ends", [(1.0, 0.0), (1.0, 1.0), (math.nan, 1.0)])
def test_a_domain_is_an_interval(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="lower end of a domain must be below"):
        Domain(*ends)
