"""What the user of the command line can put right."""

from __future__ import annotations

__all__ = ["UsageError"]


class UsageError(ValueError):
    """Something that the user of the command line can mend."""
