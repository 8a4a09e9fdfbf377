"""A fit as a web page or as a notebook cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.report.page import report_page, write_report

__all__ = ["report_page", "write_report"]

_HOMES = {
    "report_page": "eqdarts.report.page",
    "write_report": "eqdarts.report.page",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
