"""Formulas of columns that count from an origin: 0.3*(year - 1990)**2, and not 0.3*year**2 - 1194*year + 1188030.

Where a number is added to the column anyway, the origin becomes a part of that number: (year - 1990) - 17.2 is
year - 2007.2. In a linear law it disappears.
"""

from __future__ import annotations

from collections.abc import Mapping

from eqdarts._typing import Expr
from eqdarts.expression.build import applied, product, rebuild, symbol

__all__ = ["counted_from", "origins_in", "symbols_of_origins", "with_free_origins"]


Range = tuple[float, float]


def counted_from(expr: Expr, origins: Mapping[str, int], ranges: Mapping[str, Range]) -> Expr:
    """Return a formula of columns for a formula of the differences between these columns and their origins.

    Parameters
    ----------
    expr : sympy.Expr
        In which a column's name stands for column - origin.
    origins : mapping of str to int
        The columns that have an origin.
    ranges : mapping of str to (float, float)
        Smallest and largest value of each of these columns. The vertex of a parabola becomes the origin if it is there.

    Examples
    --------
    >>> from eqdarts.expression.build import symbol
    >>> year = symbol("year")
    >>> counted_from(0.5 * year**2 - 17.0 * year + 3.0, {"year": 1990}, {"year": (1990.0, 2024.0)})
    0.5*(year - 2007.0)**2 - 141.5
    """
    for name, origin in origins.items():
        x = symbol(name)
        if expr.has(x):
            expr = _Moved(x, origin, ranges[name], expr.count(x) == 1).visit(expr, outer=True)
    return expr


class _Moved:
    """Replaces one column x by x - origin."""

    def __init__(self, x: Expr, origin: int, ends: Range, occurs_once: bool) -> None:
        self.x = x
        self.origin = origin
        self.ends = ends
        self.occurs_once = occurs_once

    def visit(self, e: Expr, outer: bool) -> Expr:
        """Return the expression of x; `outer` if it is the law itself, up to a factor."""
        if e == self.x:
            return self.x - self.origin
        if not e.args or not e.has(self.x):
            return e
        if e.is_Add:
            return self._sum(e, outer)
        factor = outer and e.is_Mul and all(a.is_Number or a.is_Add for a in e.args)
        return applied(e, [self.visit(a, factor) for a in e.args])

    def _sum(self, e: Expr, outer: bool) -> Expr:
        import sympy

        number, rest = e.as_coeff_Add()
        terms = sympy.Add.make_args(rest)
        linear = [t.as_coeff_Mul()[0] for t in terms if t.as_coeff_Mul()[1] == self.x]
        square = [t.as_coeff_Mul()[0] for t in terms if t.as_coeff_Mul()[1] == self.x**2]
        others = [t for t in terms if t.as_coeff_Mul()[1] not in (self.x, self.x**2)]
        more = [self.visit(t, False) for t in others]
        if len(linear) != 1:
            return sympy.Add(number, *(self.visit(t, False) for t in terms))
        # The vertex of a parabola, if it lies where the rows are.
        slope = linear[0]
        if square:
            vertex = self.origin - slope / (2 * square[0])
            if self.ends[0] <= vertex <= self.ends[1]:
                top = number - slope**2 / (4 * square[0])
                return sympy.Add(top, square[0] * (self.x - vertex) ** 2, *more)
            more.append(square[0] * (self.x - self.origin) ** 2)
            return sympy.Add(number, product(slope, self.x - self.origin), *more)
        # A line needs no origin, and a number that is added can take it up unless the two would cancel.
        at_zero = number - slope * self.origin
        if (outer and self.occurs_once) or abs(number) >= abs(slope * self.origin):
            return sympy.Add(at_zero, slope * self.x, *more)
        if number.is_Float:
            return sympy.Add(product(slope, self.x - (self.origin - number / slope)), *more)
        return sympy.Add(number, product(slope, self.x - self.origin), *more)


def origins_in(expr: Expr, origins: Mapping[str, int]) -> tuple[str, ...]:
    """Return the columns from which the expression subtracts just their origin."""
    return tuple(name for name, origin in origins.items() if any(_counts(e, name, origin) for e in _sums(expr)))


def symbols_of_origins(expr: Expr, origins: Mapping[str, int]) -> int:
    """Return how many symbols of the expression are a minus sign and an origin."""
    import sympy

    sums = [e for e in sympy.preorder_traversal(expr) if e.is_Add]
    return 2 * sum(_counts(e, name, origin) for e in sums for name, origin in origins.items())


def with_free_origins(expr: Expr, origins: Mapping[str, int], free: Mapping[str, str]) -> Expr:
    """Return the expression with the origins of some columns as symbols; `free` has their names by column."""
    import sympy

    replaced: dict[Expr, Expr] = {}
    for e in _sums(expr):
        found = [name for name in free if _counts(e, name, origins[name])]
        if found:
            replaced[e] = sympy.Add(symbol(found[0]), -symbol(free[found[0]]))
    return rebuild(expr, replaced)


def _sums(expr: Expr) -> list[Expr]:
    import sympy

    return list(expr.atoms(sympy.Add))


def _counts(e: Expr, name: str, origin: int) -> bool:
    number, rest = e.as_coeff_Add()
    return bool(number == -origin and number.is_Integer and (rest == symbol(name)))
