"""Reductions as sentences in the names of the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdarts._typing import Array
from eqdarts.search.structure import Group, Reduction

__all__ = ["in_words"]


@dataclass(frozen=True)
class _Term:
    """An input as text: `coefficient` times the value of `text`, in the units of the data."""

    text: str
    coefficient: float
    about: frozenset[str]
    is_sum: bool = False
    parts: tuple[tuple[str, float], ...] = ()  # of a product: factor and exponent

    @property
    def factor(self) -> str:
        return f"({self.text})" if self.is_sum else self.text


def in_words(
    chain: Sequence[Reduction], names: Sequence[str], target: str, units: Array
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield sentences about a chain of reductions, each with the names that it concerns.

    Parameters
    ----------
    chain : sequence of Reduction
        Each reduces the inputs made by the previous one.
    names : sequence of str
        Names of the D inputs that the first one reads.
    target : str
    units : ndarray of shape (D,)
        Value of one unit of each input in the units of the data.
    """
    terms = [_Term(n, 1 / float(u), frozenset([n]), parts=((n, 1.0),)) for n, u in zip(names, units, strict=True)]
    factors: list[_Term] = []
    # the chain in the names of the oldest inputs: prefactors are collected, and multiplied at the end
    for step in chain:
        if step.prefactor.parts:
            factors.append(_product(step.prefactor, terms))
        terms = [_sum(g, terms) if g.kind == "sum" else _product(g, terms) for g in step.groups]
    prefactor, terms = _times(factors), [_upright(term, names) for term in terms]

    def listed(about: frozenset[str]) -> str:
        return _listed([name for name in names if name in about])

    # new inputs that share an old one act together; what the prefactor needs too is said with it, below
    for own in _joined(terms):
        about = frozenset().union(*(term.about for term in own))
        shared = prefactor is not None and bool(prefactor.about & about)
        if shared or (len(about) < 2 and len(own) < 2):
            continue
        yield f"{listed(about)} act only through {_listed([term.text for term in own])}", about
    if prefactor is None:
        return
    overlap = [term for term in terms if term.about & prefactor.about]
    if not overlap:
        yield f"{target} is proportional to {prefactor.text}", prefactor.about
    else:
        about = prefactor.about.union(*(term.about for term in overlap))
        inside = _listed([term.text for term in overlap])
        divided = f"{target}/({prefactor.text})" if len(prefactor.parts) > 1 else f"{target}/{prefactor.factor}"
        yield f"{divided} depends on {listed(about)} only through {inside}", about


def _product(group: Group, terms: Sequence[_Term]) -> _Term:
    """Return a product of powers, and its coefficient."""
    exponents: dict[str, float] = {}
    coefficient = group.scale
    for i, p in group.parts:
        term = terms[i]
        coefficient *= abs(term.coefficient) ** p
        for text, own in term.parts or ((term.factor, 1.0),):
            exponents[text] = exponents.get(text, 0.0) + own * p
    return _written(exponents, coefficient, frozenset().union(*(terms[i].about for i, _ in group.parts)))


def _upright(term: _Term, names: Sequence[str]) -> _Term:
    """Return a product with its factors in the order of the columns and the first one in the numerator.

    A function of a product is also a function of its inverse.
    """
    if term.is_sum or len(term.parts) < 2:
        return term
    order = {name: k for k, name in enumerate(names)}
    parts = sorted(term.parts, key=lambda part: order.get(part[0], len(names)))
    sign = 1 if parts[0][1] > 0 else -1
    return _written({text: sign * p for text, p in parts}, term.coefficient**sign, term.about)


def _written(exponents: dict[str, float], coefficient: float, about: frozenset[str]) -> _Term:
    parts = tuple((text, p) for text, p in exponents.items() if p)
    above = "*".join(_power(text, p) for text, p in parts if p > 0) or "1"
    below = [_power(text, -p) for text, p in parts if p < 0]
    text = above if not below else f"{above}/{below[0]}" if len(below) == 1 else f"{above}/({'*'.join(below)})"
    return _Term(text, coefficient, about, parts=parts)


def _power(text: str, p: float) -> str:
    return text if p == 1 else f"{text}**{p:g}" if float(p).is_integer() else f"{text}**({_fraction(p)})"


def _fraction(p: float) -> str:
    from fractions import Fraction

    near = Fraction(p).limit_denominator(6)
    return str(near) if abs(float(near) - p) < 1e-6 else f"{p:.4g}"


def _sum(group: Group, terms: Sequence[_Term]) -> _Term:
    """Return a weighted sum, its first weight 1."""
    weights = [(terms[i], w * terms[i].coefficient) for i, w in group.parts]
    first = weights[0][1]
    text = ""
    for term, weight in weights:
        ratio = weight / first
        size = "" if np.isclose(abs(ratio), 1, rtol=1e-4) else f"{abs(ratio):.4g}*"
        text += f"{' - ' if ratio < 0 else ' + ' if text else ''}{size}{term.factor}"
    about = frozenset().union(*(term.about for term, _ in weights))
    return _Term(text, group.scale * first, about, is_sum=True)


def _times(factors: Sequence[_Term]) -> _Term | None:
    if not factors:
        return None
    exponents: dict[str, float] = {}
    for text, p in (part for factor in factors for part in factor.parts):
        exponents[text] = exponents.get(text, 0.0) + p
    return _written(exponents, 1.0, frozenset().union(*(factor.about for factor in factors)))


def _joined(terms: Sequence[_Term]) -> list[list[_Term]]:
    """Join terms that have an input in common."""
    groups: list[list[_Term]] = []
    for term in terms:
        near = [group for group in groups if any(term.about & other.about for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), term])
    return groups


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
