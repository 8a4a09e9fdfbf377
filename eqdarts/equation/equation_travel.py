"""An equation in other forms than Python's: `eqdarts.export` says what each gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eqdarts.export.torch_module import EquationModule

__all__ = ["TravelMixin"]


class TravelMixin:
    """Ways out of Python, and to torch."""

    def to_torch(self: Any) -> EquationModule:
        """Return a torch module whose coefficients can be trained; see `eqdarts.export.to_torch`."""
        from eqdarts.export import formats as export

        return export.to_torch(self)

    def to_numpy_source(self: Any, name: str = "predict") -> str:
        """Return Python source of a function of numpy arrays; see `eqdarts.export.to_numpy_source`."""
        from eqdarts.export import formats as export

        return export.to_numpy_source(self, name)

    def to_c_source(self: Any, name: str = "predict") -> str:
        """Return C99 source of a function of doubles; see `eqdarts.export.to_c_source`."""
        from eqdarts.export import formats as export

        return export.to_c_source(self, name)

    def to_excel(self: Any, cells: Mapping[str, str] | None = None) -> str:
        """Return a formula of a spreadsheet; see `eqdarts.export.to_excel`."""
        from eqdarts.export import formats as export

        return export.to_excel(self, cells)
