"""The fields that an equation needs to be written in another language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self

from eqdarts._typing import Expr

__all__ = ["Formula", "TrainableFormula"]


class Formula(Protocol):
    """A closed-form function of named columns; `eqdarts.Equation` is one."""

    @property
    def expr(self) -> Expr:
        """The sympy expression, with numbers for all parameters that have values."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the input columns, in order."""

    @property
    def free_parameters(self) -> tuple[str, ...]:
        """Names in the expression that are not variables; empty once it was fitted."""

    def format(self) -> str:
        """Return the text for the comment of generated source."""


class TrainableFormula(Formula, Protocol):
    """A formula whose coefficients can be given other values."""

    @property
    def template(self) -> Expr:
        """The expression with coefficients and constants as symbols."""

    @property
    def coefficients(self) -> dict[str, float]:
        """The values of the coefficients by name."""

    @property
    def constants(self) -> tuple[tuple[str, float], ...]:
        """Names and values of known constants, which are not trained."""

    def with_coefficients(self, values: Mapping[str, float]) -> Self:
        """Return the formula with other values of its coefficients."""
