"""An equation in other languages: torch, numpy and C source, a spreadsheet, a LaTeX table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.export.formats import to_c_source, to_excel, to_numpy_source, to_torch
    from eqdarts.export.table import latex_table

__all__ = ["latex_table", "to_c_source", "to_excel", "to_numpy_source", "to_torch"]

_HOMES = {
    "to_c_source": "eqdarts.export.formats",
    "to_excel": "eqdarts.export.formats",
    "to_numpy_source": "eqdarts.export.formats",
    "to_torch": "eqdarts.export.formats",
    "latex_table": "eqdarts.export.table",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
