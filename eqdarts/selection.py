r"""From the Pareto front to the chosen equation, by description length or another criterion.

With n rows, k coefficients, mean squared residual m and variance v of y, the code for residuals, coefficients and
structure takes, in nats and up to a constant,

.. math:: \tfrac n2 \log \frac{n m}{n - k} + \tfrac k2 \log\left(n\,(1 + v/m)\right) + S

(Rissanen 1978; a coefficient is coded at the precision that the data give it, whose Fisher information grows as n v/m;
n - k is what the residuals of k fitted coefficients are worth, Hansen and Yu 2001). The residual code stops at the
rounding level of y: below it nothing is gained. Where the errors of the measurements are known, the code for the
residuals is half their chi-square, and the known mean square stands in the place of m in the price of the coefficients.

S is the length of the graph without its numbers, which the coefficients have paid for: at every node which aggregator,
how many terms and whether one of them is a constant, and for every edge which primitive on which source. It is a prefix
code: over all graphs :math:`\sum e^{-S} \le 1`. An edge costs what the frequency of its primitive in science says (a
column of their table). So the more graphs a search may try, the dearer is each of them, and noise alone seldom pays for
any: this is what accounts for the number of candidates. A count of the graphs that a search has refitted would be paid
twice: by Kraft's inequality no more than :math:`e^S` graphs have a code as short as S, whether they were tried or not.
A constant is as short as nothing at all, if that is shorter: a law must beat saying nothing. The other criteria of
`CRITERIA` add the same S, as the extended BIC adds the logarithm of the number of models of a size (Chen and Chen
2008): without it, each would choose among thousands of graphs as if it had seen one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import LINEAR, Primitive

__all__ = [
    "CRITERIA",
    "Candidate",
    "Criterion",
    "choice_in_words",
    "description_length",
    "pole_price",
    "select",
    "singularity_price",
    "structure_length",
]

ROUNDING = 1e-18  # mean squared residual, as a share of the mean square of y, at which a fit is exact
ALPHABET = 12  # symbols beside the inputs: operators, functions, a number
BIT = math.log(2)
CLOSE = 5.0  # nats within which a rival is named: odds of 150 to 1
MOST_NAMED = 3  # rivals named in a sentence
OF_A_FIXED_POWER = 326  # frequency of all exponents together that are fixed and have no primitive of their own


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
    held_out : float
        Mean squared residual on the rows that were held back, with coefficients from the others. NaN: not known.
    n_held_out : int
        How many rows these are.
    code : float or None
        Nats for the residuals where the loss is not that of least squares; the coefficients' price is then that of the
        BIC.
    noise : float or None
        Mean squared error of the measurements, weighted as the loss is, where it is known.
    pole : str
        Where the equation has a pole inside the range of the rows, in words; "" if it has none.
    brink : str
        The same of a little outside, where the equation or its slope grows without bound.
    """

    complexity: int
    n_coefficients: int
    loss: float
    structure: float | None = None
    held_out: float = math.nan
    n_held_out: int = 0
    code: float | None = None
    noise: float | None = None
    pole: str = ""
    brink: str = ""

    def structure_in(self, n_inputs: int) -> float:
        """Return the nats of the structure: its graph's, or those of its symbols."""
        return self.complexity * math.log(ALPHABET + n_inputs) if self.structure is None else self.structure


def structure_length(graph: Graph, primitives: Collection[Primitive]) -> float:
    """Return S, the nats that tell `graph` from all others over `primitives`, its coefficients apart.

    A node with t terms, a constant being one of them, costs t + 3 bits: its aggregator, whether it has a constant, how
    many terms there are (t bits), and whether another node follows. An edge costs the logarithm of the number of
    sources, and that of one over the primitive's share of the frequencies; the fixed exponents without a row share one.

    Of two graphs of one function the shorter counts: f / (a + b f) as 1 / (b + a / f), for a power f.
    """
    length = 0.0
    total = OF_A_FIXED_POWER + sum(row.frequency for row in primitives)
    for n_sources, node in enumerate(graph.nodes, graph.n_inputs):
        edges = [edge for edge in node.edges if not _is_numerator(edge, node, graph)]
        length += (len(edges) + node.constant + 3) * BIT
        for edge in edges:
            primitive = edge.primitive
            if primitive.exponent == -1 and _is_denominator(n_sources, graph):
                primitive = LINEAR  # of 1 / (b + a / x), which is x / (a + b x)
            frequency = primitive.frequency
            if edge.primitive not in primitives:
                frequency = OF_A_FIXED_POWER
                length += _exponent_length(primitive.exponent)
            length += math.log(n_sources * total / frequency)
    return length


def _is_denominator(source: int, graph: Graph) -> bool:
    """Whether a node is a constant and one term, and what reads it takes its reciprocal."""
    node = graph.nodes[source - graph.n_inputs]
    readers = [edge for other in graph.nodes for edge in other.edges if edge.source == source]
    simple = node.aggregator == "sum" and node.constant and len(node.edges) == 1
    return simple and len(readers) == 1 and readers[0].primitive.exponent == -1


def _is_numerator(edge: Edge, node: Node, graph: Graph) -> bool:
    """Whether `edge` of `node` is the f of f / (a + b f), whose denominator nothing else reads."""
    if node.aggregator != "product" or edge.primitive.exponent is None:
        return False
    for other in node.edges:
        if other.primitive.exponent == -1 and other.source >= graph.n_inputs:
            below = graph.nodes[other.source - graph.n_inputs]
            if below.edges == (edge,) and _is_denominator(other.source, graph):
                return True
    return False


def _exponent_length(exponent: Fraction | None) -> float:
    """Return the nats for an exponent that is fixed but has no primitive of its own: its sign, and how many halves."""
    halves = 2 * (exponent or 1)
    size = abs(halves.numerator) * halves.denominator
    return BIT + math.log(size * (size + 1))


def _log_loss(loss: float, mean_square: float) -> float:
    """Return log(loss), of the rounding level of y where the loss is below it."""
    return math.log(max(loss, ROUNDING * mean_square, 1e-300))


def description_length(
    candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float
) -> float:
    """Return the description length in nats, up to a constant that all equations of one data set share."""
    if candidate.code is not None:
        price = 0.5 * candidate.n_coefficients * math.log(1 + n_rows)
        return candidate.code + price + candidate.structure_in(n_inputs)
    if candidate.noise is not None:
        precision = math.log(1 + n_rows * (1 + variance / candidate.noise))
        residuals = _residual_code(candidate, n_rows, mean_square)
        return residuals + 0.5 * candidate.n_coefficients * precision + candidate.structure_in(n_inputs)
    log_loss = _log_loss(candidate.loss, mean_square)
    spare = max(n_rows - candidate.n_coefficients, 0.5)
    residuals = 0.5 * n_rows * (log_loss + math.log(max(n_rows / spare, 1.0)))
    precision = math.log(1 + n_rows * (1 + variance / math.exp(log_loss)))
    return residuals + 0.5 * candidate.n_coefficients * precision + candidate.structure_in(n_inputs)


def _residual_code(candidate: Candidate, n_rows: float, mean_square: float) -> float:
    if candidate.noise is not None:
        return 0.5 * n_rows * candidate.loss / candidate.noise
    return 0.5 * n_rows * _log_loss(candidate.loss, mean_square) if candidate.code is None else candidate.code


def _bic(candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float) -> float:
    """Return half of Schwarz's criterion, and the structure."""
    price = 0.5 * (candidate.n_coefficients + 1) * math.log(n_rows)
    return _residual_code(candidate, n_rows, mean_square) + price + candidate.structure_in(n_inputs)


def _aicc(candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float) -> float:
    """Return half of Akaike's criterion, corrected for few rows (Hurvich and Tsai 1989), and the structure."""
    k = candidate.n_coefficients + 1
    price = k * n_rows / max(n_rows - k - 1, 0.5)
    return _residual_code(candidate, n_rows, mean_square) + price + candidate.structure_in(n_inputs)


def _held_out(candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float) -> float:
    """Return the code for the held-out residuals, and the structure; the coefficients have not seen these rows."""
    if candidate.noise is None:
        code = _log_loss(candidate.held_out, mean_square)
    else:
        code = candidate.held_out / candidate.noise
    return 0.5 * candidate.n_held_out * code + candidate.structure_in(n_inputs)


Length = Callable[[Candidate, float, int, float, float], float]
"""``length(candidate, n_rows, n_inputs, mean_square, variance)`` -> nats."""


@dataclass(frozen=True)
class Criterion:
    """One row of the table of criteria: what equations are ranked by.

    Parameters
    ----------
    name : str
        What `selection` is set to.
    label : str
        Its name in a sentence.
    length : callable
        ``length(candidate, n_rows, n_inputs, mean_square, variance)`` -> length in nats; the shortest is chosen.
    needs_held_out : bool, default=False
        Whether it looks at the squared residuals of rows that were held back. Where there are none, or where the loss
        is another one, `stand_in` takes its place.
    """

    name: str
    label: str
    length: Length
    needs_held_out: bool = False

    @property
    def stand_in(self) -> Criterion:
        """What ranks equations where no rows are held back: the criterion itself if it needs none, else the BIC."""
        return CRITERIA["bic"] if self.needs_held_out else self


CRITERIA: dict[str, Criterion] = {
    row.name: row
    for row in (
        Criterion("mdl", "description length", description_length),
        Criterion("bic", "BIC", _bic),
        Criterion("aicc", "AICc", _aicc),
        Criterion("validation", "held-out loss", _held_out, needs_held_out=True),
    )
}


def pole_price(n_rows: float) -> float:
    """Return the nats that a pole inside the range of the rows costs.

    log(n + 1) of them say between which rows it lies: a pole that was fitted slips through a gap. The others are the
    odds at which a rival counts as close. So of two equations that the rows hardly tell apart the one without a pole
    is chosen, and a law that has one, to which nothing else comes near, is chosen all the same.
    """
    return CLOSE + math.log(n_rows + 1)


def singularity_price(candidate: Candidate, n_rows: float) -> float:
    """Return the nats that a candidate pays for a pole inside the range of the rows, or for one a little outside.

    `predict` takes rows a little outside the range for as good as inside: a law bends little there. The equation that
    says otherwise pays the odds at which a rival counts as close: the logarithm of x between 0.02 and 1, which the next
    row could make infinite, loses to a saturation that fits nearly as well.
    """
    return pole_price(n_rows) if candidate.pole else CLOSE if candidate.brink else 0.0


def select(
    candidates: Sequence[Candidate],
    n_rows: float,
    n_inputs: int,
    mean_square: float,
    variance: float,
    criterion: str = "mdl",
) -> tuple[list[int], list[float]]:
    """Return the positions of the front, simplest first, and the lengths in nats of its members by the criterion.

    The front has at each complexity the shortest description, and of these the ones that fit better than all simpler,
    and the shortest of all: fewer symbols can make a longer description, if they are seldom written. Poles add
    `singularity_price`.
    """
    length = CRITERIA[criterion].length
    lengths = [length(c, n_rows, n_inputs, mean_square, variance) + singularity_price(c, n_rows) for c in candidates]
    for k, candidate in enumerate(candidates):
        if candidate.complexity == 1 and candidate.code is None:
            zero = replace(candidate, n_coefficients=0, loss=mean_square, held_out=mean_square)
            lengths[k] = min(lengths[k], length(zero, n_rows, n_inputs, mean_square, variance))
    shortest: dict[int, int] = {}
    for k, candidate in enumerate(candidates):
        rival = shortest.get(candidate.complexity)
        if math.isfinite(candidate.loss) and (rival is None or lengths[k] < lengths[rival]):
            shortest[candidate.complexity] = k
    best = min(shortest.values(), key=lambda k: (lengths[k], candidates[k].complexity), default=-1)
    front: list[int] = []
    lowest = math.inf
    for complexity in sorted(shortest):
        k = shortest[complexity]
        if candidates[k].loss < lowest or k == best:
            front.append(k)
            lowest = min(lowest, candidates[k].loss)
    return front, [lengths[k] for k in front]


def choice_in_words(
    criterion: str,
    candidates: Sequence[Candidate],
    lengths: Sequence[float],
    texts: Sequence[str],
    n_refits: int,
    n_rows: float = 0.0,
) -> str:
    """Say why the first shortest of a front was chosen, which came close, and what the best fitting one would cost.

    Parameters
    ----------
    criterion : str
        A key of `CRITERIA`.
    candidates, lengths, texts : sequences
        The front, simplest first; what it was ranked by, in nats; the equations as text.
    n_refits : int
        Graphs that were refitted.
    n_rows : float, default=0
        What a pole inside the range of the rows was priced by.
    """
    chosen = min(range(len(lengths)), key=lambda k: lengths[k])
    n_others = len(lengths) - 1
    among = f"of the {n_others + 1} equations of the Pareto front" if n_others else "as the only equation of the front"
    words = [f"Chosen by {CRITERIA[criterion].label} {among}: {texts[chosen]}."]
    behind = [length - lengths[chosen] for length in lengths]
    others = sorted((k for k in range(len(lengths)) if k != chosen), key=lambda k: (behind[k], k))
    close = [k for k in others if behind[k] <= CLOSE][:MOST_NAMED]
    if close:
        named = "; ".join(f"{texts[k]} ({behind[k]:.1f} nats longer, {_odds(behind[k])})" for k in close)
        words.append(f"Close: {named}.")
    elif others:
        words.append(f"None comes close; the next is {behind[others[0]]:.1f} nats longer: {texts[others[0]]}.")
    if chosen != n_others and n_others not in close:
        share = candidates[-1].loss / candidates[chosen].loss if candidates[chosen].loss > 0 else 1.0
        words.append(
            f"The best fitting one has {share:.2g} times its loss with {candidates[-1].complexity} symbols against "
            f"{candidates[chosen].complexity}, which costs more than it saves: {behind[-1]:.1f} nats longer."
        )
    words += _about_poles(candidates, lengths, texts, chosen, n_rows)
    structure = candidates[chosen].structure
    if structure is not None:
        words.append(
            f"{structure:.1f} nats of its length say which of all graphs it is: that pays for the choice among the "
            f"{n_refits} refitted."
        )
    return " ".join(words)


def _about_poles(
    candidates: Sequence[Candidate], lengths: Sequence[float], texts: Sequence[str], chosen: int, n_rows: float
) -> list[str]:
    """Say that the chosen equation has a pole all the same, or which one would be shorter but for its pole."""
    prices = [singularity_price(candidate, n_rows) for candidate in candidates]
    if prices[chosen]:
        price = f"pays {prices[chosen]:.1f} nats for it"
        return [f"It {_singular(candidates[chosen])} and {price}; none without one is as short."]
    barred = [k for k in range(len(lengths)) if prices[k] and lengths[k] - prices[k] < lengths[chosen]]
    if not barred:
        return []
    k = min(barred, key=lambda j: lengths[j] - prices[j])
    shorter = lengths[chosen] - lengths[k] + prices[k]
    return [f"{texts[k]} would be {shorter:.1f} nats shorter, but {_singular(candidates[k])}: {prices[k]:.1f} nats."]


def _singular(candidate: Candidate) -> str:
    if candidate.pole:
        return f"has a pole inside the range of the rows ({candidate.pole})"
    return f"is singular a little outside the range of the rows ({candidate.brink})"


def _odds(nats: float) -> str:
    odds = math.exp(nats)
    return f"odds {odds:.{1 if odds < 10 else 0}f} to 1"
