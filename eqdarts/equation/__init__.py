"""The law that a user holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.equation.equation import Equation

__all__ = ["Equation"]

_HOMES = {
    "Equation": "eqdarts.equation.equation",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
