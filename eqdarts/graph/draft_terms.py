"""Edges and nodes under edit with their coefficients, and the algebra of terms and factors that pruning uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from eqdarts.graph.graph import Aggregator
from eqdarts.primitives.table import LINEAR, NONE, POWER, Primitive, fixed_power

__all__ = [
    "LINEAR",
    "NONE",
    "POWER",
    "DraftEdge",
    "DraftNode",
    "make_moves",
    "merge_factors",
    "merge_terms",
    "moved_scale",
    "moved_shift",
]


@dataclass
class DraftEdge:
    """An edge with its weight (one in a product) and all its coefficients: inner, then shape."""

    source: int
    primitive: Primitive
    weight: float = 1.0
    coefficients: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.coefficients and self.primitive.n_coefficients:
            self.coefficients = list(self.primitive.initial[0])

    def at(self, x: float) -> float:
        """Return the primitive's value at the number `x`, NaN outside its domain."""
        import torch

        value = self.primitive(torch.tensor(x, dtype=torch.float64), *self.coefficients)
        return float(value)

    def copy(self) -> DraftEdge:
        return DraftEdge(self.source, self.primitive, self.weight, list(self.coefficients))


@dataclass
class DraftNode:
    """A node with its constant; None if the constant is absent (0 in a sum, 1 in a product)."""

    aggregator: Aggregator
    edges: list[DraftEdge] = field(default_factory=list)
    constant: float | None = None

    @property
    def is_sum(self) -> bool:
        return self.aggregator == "sum"

    def scale(self, factor: float) -> None:
        """Multiply the node's value by `factor`."""
        if self.is_sum:
            for edge in self.edges:
                edge.weight *= factor
            if self.constant is not None:
                self.constant *= factor
        else:
            self.constant = factor * (1.0 if self.constant is None else self.constant)

    def shift(self, by: float) -> None:
        """Add `by` to the constant of a sum node."""
        self.constant = by + (self.constant or 0.0)

    def take(self, edge: DraftEdge, value: float) -> None:
        """Replace `edge`, whose function has the constant value `value`, by its part of the constant."""
        self.edges = [e for e in self.edges if e is not edge]
        if self.is_sum:
            self.shift(edge.weight * value)
        else:
            self.scale(value)

    def move(self, edge: DraftEdge, factor: float, shift: float) -> None:
        """Compensate for the change of the function of `edge` to (itself - shift) / factor."""
        if self.is_sum:
            if shift:
                self.shift(edge.weight * shift)
            edge.weight *= factor
        elif factor != 1.0:
            self.scale(factor)

    def to_single_factor(self) -> None:
        """Turn c + w f(x), whose affine map was moved elsewhere, into the product of the one factor f(x)."""
        self.aggregator, self.constant = "product", None
        self.edges[0].weight = 1.0


def merge_terms(first: DraftEdge, second: DraftEdge) -> DraftEdge | None:
    """Return w1 f + w2 f as one edge, or None if the functions differ."""
    if first.primitive != second.primitive or first.coefficients != second.coefficients:
        return None
    merged = first.copy()
    merged.weight = first.weight + second.weight
    return merged


def merge_factors(first: DraftEdge, second: DraftEdge) -> DraftEdge | None:
    """Return the product of two powers, or of two exponentials, of one source as one edge; None for other functions."""
    if first.primitive.shift_out is not None and first.primitive == second.primitive:  # f(a u) f(b u) = f((a + b) u)
        merged = first.copy()
        merged.coefficients = [first.coefficients[0] + second.coefficients[0]]
        return merged
    exponents = [edge.primitive.exponent_at(edge.coefficients) for edge in (first, second)]
    if any(e is None for e in exponents):
        return None
    a, b = exponents
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        primitive = fixed_power(a + b) if a + b else NONE
        return DraftEdge(first.source, primitive)
    assert a is not None
    assert b is not None
    return DraftEdge(first.source, POWER, 1.0, [float(a) + float(b)])


def make_moves(users: list[tuple[DraftNode, DraftEdge]], moves: list[tuple[float, float] | None]) -> bool:
    """Move a factor and a shift out of every reader, if each has a move and they need at most one new constant."""
    paired = [(node, edge, *move) for (node, edge), move in zip(users, moves, strict=True) if move is not None]
    bare = {
        id(node)
        for node, _, factor, shift in paired
        if node.constant is None and (shift if node.is_sum else factor != 1.0)
    }
    if len(paired) < len(users) or len(bare) > 1:
        return False
    for node, edge, factor, shift in paired:
        node.move(edge, factor, shift)
    return True


def moved_scale(node: DraftNode, edge: DraftEdge, scale: float) -> tuple[float, float] | None:
    """Return (factor, shift) such that f(scale u) = factor f(u) + shift in `node`, or None if there are none.

    An edge with an inner scale takes the scale itself: (1, 0).
    """
    if "scale" in edge.primitive.inner:
        return 1.0, 0.0
    if edge.primitive.scale_is_shift and not node.is_sum:
        return None
    return edge.primitive.scaled(scale, edge.coefficients)


def moved_shift(edge: DraftEdge, shift: float) -> float:
    """Return the factor such that f(a (shift + u)) = factor f(a u), 0 where there is none that is finite."""
    move = edge.primitive.shift_out
    return 0.0 if move is None else move(edge.coefficients[0] * shift)
