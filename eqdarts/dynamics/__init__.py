"""Differential equations from trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.dynamics.regressor import ODERegressor
    from eqdarts.dynamics.system import System

__all__ = ["ODERegressor", "System"]

_HOMES = {
    "ODERegressor": "eqdarts.dynamics.regressor",
    "System": "eqdarts.dynamics.system",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
