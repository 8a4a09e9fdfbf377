"""Errors that the user of the command line can correct."""

from __future__ import annotations

__all__ = ["UsageError"]


class UsageError(ValueError):
    """A wrong use of the command line."""
