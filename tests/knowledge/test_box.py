"""The box in which a statement must hold."""

from __future__ import annotations

from eqdarts.knowledge.box import MARGIN, widened


def test_a_column_does_not_reach_zero_by_the_margin() -> None:
    found = widened({"mass": (0.01, 10.0), "charge": (-10.0, -0.01), "shift": (-1.0, 3.0), "fixed": (2.0, 2.0)})
    assert found["mass"] == (0.005, 10.0 + MARGIN * 9.99)
    assert found["charge"] == (-10.0 - MARGIN * 9.99, -0.005)
    assert found["shift"] == (-1.2, 3.2)
    assert found["fixed"] == (2.0, 2.0)
