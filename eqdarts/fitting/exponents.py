"""Which exponents a law may have: whole ones, halves, or any."""

from __future__ import annotations

from collections.abc import Sequence

from eqdarts._typing import Expr
from eqdarts.fitting.front import Entry
from eqdarts.primitives.table import POWER, Primitive

__all__ = ["STEPS", "has_only", "of_exponents", "with_exponents"]

STEPS = {"any": 0, "half": 2, "integer": 1}
"""For each choice the whole number by which every exponent is a whole number; 0 if all are allowed."""


def of_exponents(primitives: Sequence[Primitive], exponents: str) -> tuple[Primitive, ...]:
    """Return the primitives that make no other exponents."""
    step = STEPS[exponents]
    if not step:
        return tuple(primitives)
    kept = [row for row in primitives if row is not POWER]
    return tuple(row for row in kept if row.exponent is None or (step * row.exponent).denominator == 1)


def has_only(expr: Expr, exponents: str) -> bool:
    """Whether all exponents of an expression that are numbers are allowed; one with an input in it is no number.

    >>> from sympy import Symbol, sqrt
    >>> x = Symbol("x")
    >>> has_only(1 / sqrt(x), "half"), has_only(1 / sqrt(x), "integer"), has_only(x**1.5, "half")
    (True, False, True)
    """
    import sympy

    step = STEPS[exponents]
    powers = (part.exp for part in expr.atoms(sympy.Pow) if part.exp.is_number and part.base.free_symbols)
    return not step or all(float(step * power).is_integer() for power in powers)


def with_exponents(entries: Sequence[Entry], exponents: str) -> list[Entry]:
    """Return the entries whose exponents are allowed, and the user's guesses; all if there is no other."""
    within = [e for e in entries if e.candidate.kept or has_only(e.equation.expr, exponents)]
    return within or list(entries)
