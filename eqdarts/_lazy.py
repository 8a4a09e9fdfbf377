"""Names that a package hands on, each imported when it is first used (PEP 562).

torch, sympy, pandas and scikit-learn take seconds to load; ``import eqdarts`` and ``eqdarts --help`` must not wait for
them. Their modules make a million objects and hardly any garbage: to look for it takes a quarter of that time.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

TYPE_CHECKING = False  # as in eqdarts/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Loading", "handed_on"]


def handed_on(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        The module in which each name is defined.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        with Loading():
            value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names


class Loading:
    """A context in which modules are loaded: the look for garbage pauses until `end`, or until the context is left."""

    def __enter__(self) -> Loading:
        self.was_enabled = gc.isenabled()
        gc.disable()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let Python look for garbage again, if it did before."""
        if self.was_enabled:
            gc.enable()
