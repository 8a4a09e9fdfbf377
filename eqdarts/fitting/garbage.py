"""When Python looks for garbage in a fit: only among what the fit has made.

torch, sympy and scikit-learn are a million objects. Each full look for garbage goes through all of them, which takes a
quarter of a second, as long as the refits of a short fit.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["only_new_garbage"]


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Look for garbage only among objects made inside; those that are frozen already stay as they are."""
    is_free = gc.get_freeze_count() == 0
    if is_free:
        gc.freeze()
    try:
        yield
    finally:
        if is_free:
            gc.unfreeze()
