"""The command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts._lazy import handed_on

if TYPE_CHECKING:
    from eqdarts.cli.command import main

__all__ = ["main"]

_HOMES = {
    "main": "eqdarts.cli.command",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
