"""How an equation is shown: as text, LaTeX and MathML, and in notebooks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from eqdarts._typing import Expr
from eqdarts.expression import written as formula_text
from eqdarts.expression.build import with_values, without_units
from eqdarts.expression.parse import quoted

__all__ = ["DisplayMixin"]


class DisplayMixin:
    """What an equation looks like."""

    if TYPE_CHECKING:
        expr: Expr
        variables: tuple[str, ...]
        target: str | None
        formula: Expr | None
        parameters: tuple[tuple[str, float], ...]
        constants: tuple[tuple[str, float], ...]

    @cached_property
    def _written(self) -> formula_text.Written:
        if self.constants and self.formula is not None:
            return formula_text.write(without_units(with_values(self.formula, dict(self.parameters))))
        return formula_text.write(self.expr)

    @cached_property
    def free_parameters(self) -> tuple[str, ...]:
        """Names in the formula that are neither variables nor fitted, alphabetically."""
        return tuple(sorted(str(s.name) for s in self.expr.free_symbols if s.name not in self.variables))

    @cached_property
    def _template(self) -> tuple[Expr, dict[str, float]]:
        if self.formula is not None:
            return self.formula, dict(self.parameters)
        prefix = "c"
        while any(name.startswith(prefix) and name[len(prefix) :].isdigit() for name in self.variables):
            prefix += "_"
        return formula_text.template(self._written, lambda k: f"{prefix}{k}")

    @property
    def template(self) -> Expr:
        """The expression with its coefficients, named as in `coefficients`, and named constants as symbols."""
        return self._template[0]

    @property
    def coefficients(self) -> dict[str, float]:
        """The fitted numbers by name: the parameters, or c0, c1, ... in printed order, learned exponents too."""
        return dict(self._template[1])

    @cached_property
    def complexity(self) -> int:
        """Number of operators, functions, variables and numbers, as a person writes the equation."""
        return formula_text.symbols_of(self._written)

    def __str__(self) -> str:
        return formula_text.text(self._written)

    def format(self, digits: int = 6) -> str:
        """Return the equation for people: rounded, with the name of the target where it is known.

        Parameters
        ----------
        digits : int, default=6
            Significant digits.
        """
        shown = formula_text.text(self._written, digits)
        return shown if self.target is None else f"{quoted(self.target)} = {shown}"

    def latex(self, digits: int = 6) -> str:
        """Return the right-hand side as LaTeX, or the whole equation where the target is known.

        Parameters
        ----------
        digits : int, default=6
            Significant digits.
        """
        from eqdarts.expression.latex import latex, latex_name

        shown = latex(self._written, digits)
        return shown if self.target is None else f"{latex_name(self.target)} = {shown}"

    def mathml(self, digits: int = 6) -> str:
        """Return the equation for a web page: MathML, in pieces between which a line may break.

        Parameters
        ----------
        digits : int, default=6
            Significant digits.
        """
        from eqdarts.expression.mathml import mathml

        return mathml(self._written, self.target, digits)

    def _repr_html_(self) -> str:
        # No mathematics between dollar signs: a notebook would look for it in the names of columns.
        return f'<div class="tex2jax_ignore mathjax_ignore" style="overflow-x: auto">{self.mathml()}</div>'

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def __repr__(self) -> str:
        return f"Equation({self.format()!r}, variables={list(self.variables)})"
