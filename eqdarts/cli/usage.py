"""What the user of the command line can put right."""

from __future__ import annotations

__all__ = ["TableError", "UsageError"]


class UsageError(ValueError):
    """Something that the user of the command line can mend."""


class TableError(ValueError):
    """A table that cannot be used as it is."""
