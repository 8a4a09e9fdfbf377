"""Shared terms and conserved quantities."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.dynamics.choice import Chosen
from eqdarts.dynamics.problem import Problem
from eqdarts.dynamics.smoothing import smooth_states
from eqdarts.dynamics.structure import conserved, shared, with_shared
from eqdarts.dynamics.trajectories import read_trajectories
from eqdarts.dynamics.variants import law_of
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import law, problem


def _chosen(*texts: str, own: Problem | None = None) -> Chosen:
    own = problem(0.02) if own is None else own
    laws = [law_of(law(text).equation.expr, ("S", "I", "time"), resolve("default")) for text in texts]
    fit = own.fit_all([one for one in laws if one is not None])
    assert fit is not None
    return Chosen(*fit, own)


def test_a_flux_from_one_state_to_another_is_one_term() -> None:
    chosen = _chosen("-0.4*S*I", "I*(0.4*S - 0.3)")
    found = with_shared(chosen, resolve("default"), lambda: True)
    assert found.length < chosen.length
    (tie,) = found.ties
    assert tie[2] == -1.0
    (sentence,) = shared(found)
    assert sentence.endswith("*I*S leaves S and enters I")
    assert list(conserved(found)) == []


def test_what_only_changes_places_is_conserved() -> None:
    t = np.linspace(0, 4, 30)
    rest = 5 * np.exp(-0.5 * t)
    noise = 0.01 * np.random.default_rng(0).standard_normal((30, 2))
    data = read_trajectories(np.column_stack([rest, 7 - rest]) + noise, t, states=["S", "I"])
    chosen = _chosen("-0.4*S", "0.4*S", own=Problem(data, smooth_states(data)))
    found = with_shared(chosen, resolve("default"), lambda: True)
    assert [sentence.split("*", 1)[1] for sentence in shared(found)] == ["S leaves S and enters I"]
    (sentence,) = conserved(found)
    assert sentence.startswith("S + I is constant (about 7.00")


def test_terms_that_differ_too_much_stay_apart() -> None:
    chosen = _chosen("-0.4*S*I", "-0.3*I")
    assert with_shared(chosen, resolve("default"), lambda: True) is chosen
    assert list(shared(chosen)) == []


@pytest.mark.slow
def test_one_state_may_lose_all_that_another_gains() -> None:
    """With S = 7 - I, a law of S that only says so fits as well as the flux; the flux is shorter."""
    t = np.linspace(0, 4, 30)
    rest = 5 * np.exp(-0.5 * t)
    noise = 0.01 * np.random.default_rng(0).standard_normal((30, 2))
    data = read_trajectories(np.column_stack([rest, 7 - rest]) + noise, t, states=["S", "I"])
    chosen = _chosen("20.0*(7.0 - I - S)", "0.5*S", own=Problem(data, smooth_states(data)))
    found = with_shared(chosen, resolve("default"), lambda: True)
    assert found.laws[0].key == law("-0.5*S").key
    assert found.length < chosen.length
