"""The table of primitives: every function that an edge may apply, with all facts about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.primitives.domain import Domain
    from eqdarts.primitives.own import make_primitive
    from eqdarts.primitives.table import PRESETS, PRIMITIVES, Primitive, fixed_power, get_primitive, resolve

__all__ = ["PRESETS", "PRIMITIVES", "Domain", "Primitive", "fixed_power", "get_primitive", "make_primitive", "resolve"]

_HOMES = {
    "PRESETS": "eqdarts.primitives.table",
    "PRIMITIVES": "eqdarts.primitives.table",
    "Domain": "eqdarts.primitives.domain",
    "Primitive": "eqdarts.primitives.table",
    "fixed_power": "eqdarts.primitives.table",
    "get_primitive": "eqdarts.primitives.table",
    "make_primitive": "eqdarts.primitives.own",
    "resolve": "eqdarts.primitives.table",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
