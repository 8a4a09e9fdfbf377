"""How certain the coefficients of an equation are, and which of them are exact constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.inference.intervals import LackOfFit
    from eqdarts.inference.uncertainty import Inference, inference

__all__ = ["Inference", "LackOfFit", "inference"]

_HOMES = {
    "LackOfFit": "eqdarts.inference.intervals",
    "Inference": "eqdarts.inference.uncertainty",
    "inference": "eqdarts.inference.uncertainty",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
