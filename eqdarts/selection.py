r"""From the Pareto front to the chosen equation, by description length or another criterion.

With n rows, k coefficients, mean squared residual m and variance v of y, the code for residuals, coefficients and
structure takes, in nats and up to a constant,

.. math:: \tfrac n2 \log \frac{n m}{n - k} + \tfrac k2 \log\left(n\,(1 + v/m)\right) + S

(Rissanen 1978). A coefficient is coded at the precision that the data give it; its Fisher information grows as n v/m.
The residuals of k fitted coefficients are worth n - k rows (Hansen and Yu 2001). The residual code stops at the
rounding level of y, because a better fit gains nothing. If the errors of the measurements are known, the code for the
residuals is half their chi-square, and the known mean square replaces m in the cost of the coefficients.

S is the length of the graph without its numbers, which are part of the cost of the coefficients. For every node it
codes the aggregator, the number of terms and whether one of them is a constant; for every edge it codes the primitive
and the source. It is a prefix code: over all graphs :math:`\sum e^{-S} \le 1`. The cost of an edge depends on the
frequency of its primitive in science (a column of the table of primitives). The more graphs a search may try, the more
each of them costs, so that noise alone seldom pays for any. This accounts for the number of candidates. Charging for
the number of refitted graphs too would count it twice: by Kraft's inequality at most :math:`e^S` graphs have a code as
short as S, whether they were tried or not. A constant costs no more than the empty description, so a law must also beat
that. The other criteria of `CRITERIA` add the same S, as the extended BIC adds the logarithm of the number of models of
a size (Chen and Chen 2008). Without it, each would choose among thousands of graphs as if it had seen only one.
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
    "dimensions_price",
    "doubt_price",
    "length_with_prices",
    "pole_price",
    "select",
    "singularity_price",
    "structure_length",
]

ROUNDING = 1e-18  # mean squared residual, as a share of the mean square of y, at which a fit is exact
ALPHABET = 12  # symbols other than the inputs: operators, functions, a number
BIT = math.log(2)
CLOSE = 5.0  # nats within which a rival is named: odds of 150 to 1
MOST_NAMED = 3  # rivals named in a sentence
OF_A_FIXED_POWER = 326  # frequency of all exponents together that are fixed and have no primitive of their own


@dataclass(frozen=True)
class Candidate:
    """The properties of one equation that selection uses.

    Parameters
    ----------
    complexity : int
        Symbols of the printed equation.
    n_coefficients : int
    loss : float
        Mean squared residual.
    structure : float or None
        Length of the structure in nats, by `structure_length`. None if there is no graph, as for a formula typed by
        hand; every symbol is then coded as one of an alphabet.
    held_out : float
        Mean squared residual on the rows that were held back, with coefficients from the others. NaN if not known.
    n_held_out : int
        Number of rows that were held back.
    code : float or None
        Nats for the residuals if the loss is not that of least squares. The cost of the coefficients is then that of
        the BIC.
    noise : float or None
        Mean squared error of the measurements, weighted like the loss, if it is known.
    pole : str
        Description of a pole inside the range of the rows; "" if the equation has none.
    brink : str
        Description of a place slightly outside the range where the equation or its slope grows without bound.
    wave : str
        Description of a sine or cosine that the rows cannot show: it turns less than once over them, or faster than
        they sample it; or of a short part of an arcsine.
    n_waves : int
        The number of these: in a law with groups, each group may have its own.
    tuning : float
        Nats beyond the usual price of the coefficients, for those that must be known more precisely than others, as
        where huge terms cancel. See `eqdarts.fitting.tuning`.
    units : float
        Nats for the units of its coefficients and for places where units do not add up, by `dimensions_price`.
    kept : bool
        Whether it stays on the front in any case: the constant, the line, a guess of the user's.
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
    wave: str = ""
    n_waves: int = 1
    tuning: float = 0.0
    units: float = 0.0
    kept: bool = False

    def structure_in(self, n_inputs: int) -> float:
        """Return the nats of the structure: its graph's, or those of its symbols."""
        return self.complexity * math.log(ALPHABET + n_inputs) if self.structure is None else self.structure


def structure_length(graph: Graph, primitives: Collection[Primitive]) -> float:
    """Return S, the nats that distinguish `graph` from all other graphs over `primitives`, without its coefficients.

    A node with t terms, including a constant, costs t + 3 bits: its aggregator, whether it has a constant, the number
    of terms (t bits), and whether another node follows. An edge costs the logarithm of the number of sources plus the
    logarithm of one over the primitive's share of the frequencies. Fixed exponents without a row share one frequency.

    If two graphs are the same function, the shorter counts: f / (a + b f) as 1 / (b + a / f), for a power f.

    A function with an inner scale and shift costs a bit, which says whether it has the shift. A graph needs a node to
    be without; that node is no choice, and costs nothing else.
    """
    length = 0.0
    n_sources = graph.n_inputs - 1
    total = OF_A_FIXED_POWER + sum(row.frequency for row in primitives)
    for source, (node, slots) in enumerate(graph.slots(), graph.n_inputs):
        if _is_only_scale(source, graph):
            length += BIT
            continue
        n_sources += 1
        length += BIT * sum(
            edge.primitive.is_of_affine and not own.neutral for edge, own in zip(node.edges, slots.edges, strict=True)
        )
        edges = [edge for edge in node.edges if not _is_numerator(edge, node, graph)]
        length += (len(edges) + node.constant + 3) * BIT
        for edge in edges:
            primitive = edge.primitive
            if primitive.exponent == -1 and _is_denominator(source, graph):
                primitive = LINEAR  # of 1 / (b + a / x), which is x / (a + b x)
            frequency = primitive.frequency
            if edge.primitive not in primitives:
                frequency = OF_A_FIXED_POWER
                length += _exponent_length(primitive.exponent)
            length += math.log(n_sources * total / frequency)
    return length


def _readers(source: int, graph: Graph) -> list[Edge]:
    """Return the edges that read a node."""
    return [edge for other in graph.nodes for edge in other.edges if edge.source == source]


def _is_only_scale(source: int, graph: Graph) -> bool:
    """Whether a node is the a x of f(a x), for a function that would have a shift too if it read x."""
    node = graph.nodes[source - graph.n_inputs]
    readers = _readers(source, graph)
    simple = node.aggregator == "sum" and not node.constant and [edge.primitive for edge in node.edges] == [LINEAR]
    return simple and len(readers) == 1 and readers[0].primitive.is_of_affine


def _is_denominator(source: int, graph: Graph) -> bool:
    """Whether a node is a constant and one term, and its readers take its reciprocal."""
    node = graph.nodes[source - graph.n_inputs]
    readers = _readers(source, graph)
    simple = node.aggregator == "sum" and node.constant and len(node.edges) == 1
    return simple and len(readers) == 1 and readers[0].primitive.exponent == -1


def _is_numerator(edge: Edge, node: Node, graph: Graph) -> bool:
    """Whether `edge` of `node` is the f of f / (a + b f), and the denominator has no other reader."""
    if node.aggregator != "product" or edge.primitive.exponent is None:
        return False
    for other in node.edges:
        if other.primitive.exponent == -1 and other.source >= graph.n_inputs:
            below = graph.nodes[other.source - graph.n_inputs]
            if below.edges == (edge,) and _is_denominator(other.source, graph):
                return True
    return False


def _exponent_length(exponent: Fraction | None) -> float:
    """Return the nats for a fixed exponent without a primitive of its own: its sign, and the number of halves."""
    halves = 2 * (exponent or 1)
    size = abs(halves.numerator) * halves.denominator
    return BIT + math.log(size * (size + 1))


def _log_loss(loss: float, mean_square: float) -> float:
    """Return log(loss), or that of the rounding level of y if the loss is below it."""
    return math.log(max(loss, ROUNDING * mean_square, 1e-300))


def description_length(
    candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float
) -> float:
    """Return the description length in nats, up to a constant that is the same for all equations of one data set."""
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
    """Return half of Schwarz's criterion plus the structure."""
    price = 0.5 * (candidate.n_coefficients + 1) * math.log(n_rows)
    return _residual_code(candidate, n_rows, mean_square) + price + candidate.structure_in(n_inputs)


def _aicc(candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float) -> float:
    """Return half of Akaike's criterion, corrected for few rows (Hurvich and Tsai 1989), plus the structure."""
    k = candidate.n_coefficients + 1
    price = k * n_rows / max(n_rows - k - 1, 0.5)
    return _residual_code(candidate, n_rows, mean_square) + price + candidate.structure_in(n_inputs)


def _held_out(candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float) -> float:
    """Return the code for the held-out residuals plus the structure; the coefficients were fitted to other rows."""
    if candidate.noise is None:
        code = _log_loss(candidate.held_out, mean_square)
    else:
        code = candidate.held_out / candidate.noise
    return 0.5 * candidate.n_held_out * code + candidate.structure_in(n_inputs)


Length = Callable[[Candidate, float, int, float, float], float]
"""``length(candidate, n_rows, n_inputs, mean_square, variance)`` -> nats."""


@dataclass(frozen=True)
class Criterion:
    """One row of the table of criteria, by which equations are ranked.

    Parameters
    ----------
    name : str
        The value of the parameter `selection`.
    label : str
        Its name in a sentence.
    length : callable
        ``length(candidate, n_rows, n_inputs, mean_square, variance)`` -> length in nats; the shortest is chosen.
    needs_held_out : bool, default=False
        Whether it needs the squared residuals of rows that were held back. If there are none, or with another loss,
        `stand_in` replaces it.
    prices_coefficients : bool, default=False
        Whether a coefficient costs what the rows say of it, so that an exact constant in its place saves that.
    """

    name: str
    label: str
    length: Length
    needs_held_out: bool = False
    prices_coefficients: bool = False

    @property
    def stand_in(self) -> Criterion:
        """The criterion to use if no rows are held back: this one if it needs none, otherwise the BIC."""
        return CRITERIA["bic"] if self.needs_held_out else self


CRITERIA: dict[str, Criterion] = {
    row.name: row
    for row in (
        Criterion("mdl", "description length", description_length, prices_coefficients=True),
        Criterion("bic", "BIC", _bic),
        Criterion("aicc", "AICc", _aicc),
        Criterion("validation", "held-out loss", _held_out, needs_held_out=True),
    )
}


def pole_price(n_rows: float) -> float:
    """Return the nats that a pole inside the range of the rows costs.

    log(n + 1) nats say between which rows the pole lies, because a fitted pole lies in a gap between rows. The rest are
    the odds at which a rival counts as close. Of two equations that the rows hardly distinguish, the one without a pole
    is therefore chosen. A law that has a pole is still chosen if no other equation comes close.
    """
    return CLOSE + math.log(n_rows + 1)


def singularity_price(candidate: Candidate, n_rows: float) -> float:
    """Return the nats that a candidate pays for a pole inside the range of the rows, or slightly outside.

    `predict` treats rows slightly outside the range like rows inside, because a law changes little there. An equation
    that contradicts this pays the odds at which a rival counts as close. For example the logarithm of x between 0.02
    and 1, which the next row could make infinite, loses to a saturation that fits nearly as well.
    """
    return pole_price(n_rows) if candidate.pole else CLOSE if candidate.brink else 0.0


def dimensions_price(carried: float, missing: Sequence[float]) -> float:
    """Return the nats for the units of an equation.

    Parameters
    ----------
    carried : float
        Nats that say which units the coefficients have, by `eqdarts.units.balance.unit_price`.
    missing : sequence of float
        For each place where units do not add up, the nats for the unit that is missing. A constant with this unit and
        the value 1 would repair it. That its value is 1 in the units of the table is a coincidence, for which the form
        pays the odds at which a rival counts as close.
    """
    return carried + sum(CLOSE + nats for nats in missing)


def doubt_price(candidate: Candidate) -> float:
    """Return the nats that a candidate pays for a wave that the rows cannot show, for fine tuning and for its units.

    Part of a period bends like a polynomial, an exponential or a saturation. If one of these fits nearly as well, the
    wave loses by the odds at which a rival counts as close.
    """
    return _wave_price(candidate) + candidate.tuning + candidate.units


def _wave_price(candidate: Candidate) -> float:
    return CLOSE * candidate.n_waves if candidate.wave else 0.0


def length_with_prices(
    candidate: Candidate, n_rows: float, n_inputs: int, mean_square: float, variance: float, criterion: str
) -> float:
    """Return the length of a candidate in nats by a criterion, with what it pays for poles, doubtful waves and more."""
    length = CRITERIA[criterion].length(candidate, n_rows, n_inputs, mean_square, variance)
    return length + singularity_price(candidate, n_rows) + doubt_price(candidate)


def select(
    candidates: Sequence[Candidate],
    n_rows: float,
    n_inputs: int,
    mean_square: float,
    variance: float,
    criterion: str = "mdl",
) -> tuple[list[int], list[float]]:
    """Return the indices of the front, simplest first, and the lengths of its members in nats by the criterion.

    For each complexity the equation with the shortest description is considered. The front consists of those that fit
    better than all simpler ones, and of the shortest of all, because fewer symbols can have a longer description if
    they are rare. A candidate that is `kept` is on it in any case. Poles add `singularity_price`; doubtful waves and
    fine tuning add `doubt_price`.
    """
    length = CRITERIA[criterion].length
    lengths = [length_with_prices(c, n_rows, n_inputs, mean_square, variance, criterion) for c in candidates]
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
    kept = {k for k, candidate in enumerate(candidates) if candidate.kept and math.isfinite(candidate.loss)}
    front: list[int] = []
    lowest = math.inf
    seen: set[tuple[int, float]] = set()
    for k in sorted({*shortest.values(), *kept}, key=lambda k: (candidates[k].complexity, lengths[k])):
        # Two graphs can be one equation; their losses then differ by rounding or by the last step of a fit.
        same = candidates[k].complexity, float(f"{candidates[k].loss:.8e}")
        better = k == shortest[same[0]] and candidates[k].loss < lowest
        if (better or k == best or k in kept) and same not in seen:
            front.append(k)
            seen.add(same)
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
    """Return sentences that say why an equation was chosen, which came close, and what the best-fitting one would cost.

    Parameters
    ----------
    criterion : str
        A key of `CRITERIA`.
    candidates, lengths, texts : sequences
        The front, simplest first; the lengths in nats by which it was ranked; the equations as text.
    n_refits : int
        Number of graphs that were refitted.
    n_rows : float, default=0
        Number of rows, on which the cost of a pole depends.
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
        words.append(f"Close rivals: {named}.")
    elif others:
        words.append(f"No other comes close; the next is {behind[others[0]]:.1f} nats longer: {texts[others[0]]}.")
    best = min(range(len(lengths)), key=lambda k: candidates[k].loss)
    if best != chosen and best not in close:
        share = candidates[best].loss / candidates[chosen].loss if candidates[chosen].loss > 0 else 1.0
        words.append(
            f"The best-fitting equation has {share:.2g} times the loss, with {candidates[best].complexity} symbols "
            f"instead of {candidates[chosen].complexity}, but is {behind[best]:.1f} nats longer."
        )
    words += _about_poles(candidates, lengths, texts, chosen, n_rows)
    words += _about_waves(candidates[chosen])
    structure = candidates[chosen].structure
    if structure is not None:
        words.append(
            f"{structure:.1f} nats of its length encode the structure; they account for the choice among {n_refits} "
            "refitted graphs."
        )
    return " ".join(words)


def _about_waves(chosen: Candidate) -> list[str]:
    """Return a sentence about waves of the chosen equation that the rows do not show."""
    if not chosen.wave:
        return []
    more = f", and {chosen.n_waves - 1} more like this" if chosen.n_waves > 1 else ""
    shown = f"The rows do not show that its shape is this one: {chosen.wave}{more}."
    return [f"{shown} It pays {_wave_price(chosen):.1f} nats for that; no equation without it is as short."]


def _about_poles(
    candidates: Sequence[Candidate], lengths: Sequence[float], texts: Sequence[str], chosen: int, n_rows: float
) -> list[str]:
    """Return a sentence about a pole of the chosen equation, or about a shorter one that loses by its pole."""
    prices = [singularity_price(candidate, n_rows) for candidate in candidates]
    if prices[chosen]:
        price = f"pays {prices[chosen]:.1f} nats for it"
        return [f"It {_singular(candidates[chosen])} and {price}; no equation without one is as short."]
    barred = [k for k in range(len(lengths)) if prices[k] and lengths[k] - prices[k] < lengths[chosen]]
    if not barred:
        return []
    k = min(barred, key=lambda j: lengths[j] - prices[j])
    shorter = lengths[chosen] - lengths[k] + prices[k]
    return [
        f"{texts[k]} would be {shorter:.1f} nats shorter, but pays {prices[k]:.1f} nats: it {_singular(candidates[k])}."
    ]


def _singular(candidate: Candidate) -> str:
    if candidate.pole:
        return f"has a pole inside the range of the rows ({candidate.pole})"
    return f"is singular slightly outside the range of the rows ({candidate.brink})"


def _odds(nats: float) -> str:
    odds = math.exp(nats)
    return f"odds {odds:.{1 if odds < 10 else 0}f} to 1"
