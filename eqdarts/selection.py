r"""From the Pareto front to the chosen equation, by description length.

With n rows, k coefficients, mean squared residual m and variance v of y, the code for residuals, coefficients and
structure takes, in nats and up to a constant,

.. math:: \tfrac n2 \log \frac{n m}{n - k} + \tfrac k2 \log\left(n\,(1 + v/m)\right) + S

(Rissanen 1978; a coefficient is coded at the precision that the data give it, whose Fisher information grows as n v/m;
n - k is what the residuals of k fitted coefficients are worth, Hansen and Yu 2001). The residual code stops at the
rounding level of y: below it nothing is gained.

S is the length of the graph without its numbers, which the coefficients have paid for: at every node which aggregator,
how many terms and whether one of them is a constant, and for every edge which primitive on which source. It is a prefix
code: over all graphs :math:`\sum e^{-S} \le 1`. So the more graphs a search may try, the dearer is each of them, and
noise alone seldom pays for any: this is what accounts for the number of candidates.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from eqdarts.graph import Edge, Graph, Node
from eqdarts.primitives import Primitive

__all__ = ["Candidate", "description_length", "select", "structure_length"]

ROUNDING = 1e-18  # mean squared residual, as a share of the mean square of y, at which a fit is exact
ALPHABET = 12  # symbols beside the inputs: operators, functions, a number
BIT = math.log(2)


@dataclass(frozen=True)
class Candidate:
    """What selection looks at in one equation.

    Parameters
    ----------
    complexity : int
        Symbols of the printed equation.
    n_coefficients : int
    loss : float
        Mean squared residual.
    structure : float or None
        Length of the structure in nats, by `structure_length`. None where there is no graph, as for a formula typed by
        hand: then every symbol counts as one of an alphabet.
    """

    complexity: int
    n_coefficients: int
    loss: float
    structure: float | None = None


def structure_length(graph: Graph, primitives: Collection[Primitive]) -> float:
    """Return S, the nats that tell `graph` from all others over `primitives`, its coefficients apart.

    A node with t terms, a constant being one of them, costs t + 3 bits: its aggregator, whether it has a constant, how
    many terms there are (t bits), and whether another node follows. An edge costs the logarithms of the number of
    sources and of primitives, to which the fixed exponents that have no row add one.

    Of two graphs of one function the shorter counts: f / (a + b f) as 1 / (b + a / f), for a power f.
    """
    length = 0.0
    for n_sources, node in enumerate(graph.nodes, graph.n_inputs):
        edges = [edge for edge in node.edges if not _is_numerator(edge, node, graph)]
        length += (len(edges) + node.constant + 3) * BIT
        for edge in edges:
            length += math.log(n_sources) + math.log(len(primitives) + 1)
            if edge.primitive not in primitives:
                length += _exponent_length(edge.primitive.exponent)
    return length


def _is_numerator(edge: Edge, node: Node, graph: Graph) -> bool:
    """Whether `edge` of `node` is the f of f / (a + b f), whose denominator nothing else reads."""
    if node.aggregator != "product" or edge.primitive.exponent is None:
        return False
    for other in node.edges:
        if other.primitive.exponent == -1 and other.source >= graph.n_inputs:
            below = graph.nodes[other.source - graph.n_inputs]
            readers = sum(e.source == other.source for n in graph.nodes for e in n.edges)
            if below.aggregator == "sum" and below.constant and below.edges == (edge,) and readers == 1:
                return True
    return False


def _exponent_length(exponent: Fraction | None) -> float:
    """Return the nats for an exponent that is fixed but has no primitive of its own: its sign, and how many halves."""
    halves = 2 * (exponent or 1)
    size = abs(halves.numerator) * halves.denominator
    return BIT + math.log(size * (size + 1))


def description_length(
    candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float
) -> float:
    """Return the description length in nats, up to a constant that all equations of one data set share."""
    loss = max(candidate.loss, ROUNDING * mean_square, 1e-300)
    spare = max(n_rows - candidate.n_coefficients, 0.5)
    residuals = 0.5 * n_rows * (math.log(loss) + math.log(max(n_rows / spare, 1.0)))
    coefficients = 0.5 * candidate.n_coefficients * math.log(1 + n_rows * (1 + variance / loss))
    structure = candidate.structure
    if structure is None:
        structure = candidate.complexity * math.log(ALPHABET + n_inputs)
    return residuals + coefficients + structure


def select(
    candidates: Sequence[Candidate], n_rows: float, n_inputs: int, mean_square: float, variance: float
) -> tuple[list[int], list[float]]:
    """Return the positions of the front, simplest first, and the description lengths of its members.

    The front has at each complexity the shortest description, and of these the ones that fit better than all simpler.
    """
    lengths = [description_length(c, n_rows, n_inputs, mean_square, variance) for c in candidates]
    shortest: dict[int, int] = {}
    for k, candidate in enumerate(candidates):
        rival = shortest.get(candidate.complexity)
        if math.isfinite(candidate.loss) and (rival is None or lengths[k] < lengths[rival]):
            shortest[candidate.complexity] = k
    front: list[int] = []
    for complexity in sorted(shortest):
        k = shortest[complexity]
        if not front or candidates[k].loss < candidates[front[-1]].loss:
            front.append(k)
    return front, [lengths[k] for k in front]
