"""The smallest graphs, enumerated by rising complexity, with starting coefficients for inputs of magnitude one."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from eqdarts.graph.draft import Draft, DraftEdge, DraftNode
from eqdarts.graph.draft_terms import LINEAR, POWER
from eqdarts.graph.fitted import Start
from eqdarts.graph.graph import Aggregator
from eqdarts.primitives.table import Primitive, fixed_power

__all__ = ["small_graphs"]


# starting constants, different from those that pruning removes (0 in a sum, 1 in a product)
_SHIFT, _SCALE = 0.5, 0.7
_MORE_POWERS = (Fraction(-2), Fraction(-1, 2), Fraction(3, 2))

_BELOW: tuple[tuple[Aggregator, float | None], ...] = (("sum", None), ("sum", _SHIFT), ("product", None))
_MOST_KEPT = 6000  # graphs of an enumeration that later ones take over


def small_graphs(n_inputs: int, primitives: Sequence[Primitive]) -> Iterator[Start]:
    """Yield the smallest graphs with starting coefficients, in order of complexity, each structure once.

    A constant; sums and products of one, two and three functions of inputs, and a constant beside products of two;
    functions of an affine map of one function, alone and times a power; affine maps of one function times a power;
    functions of a scaled power, alone and times a power, and a constant beside them; powers of a power times a
    function of an input; functions of a sum, and of a product, of two inputs; products of learned powers of two, three
    and all inputs. They are made one at a time, so that you can stop at any number. The first of them are kept, so that
    the next search with as many inputs does not make them again.

    Parameters
    ----------
    n_inputs : int
        D, at least 1.
    primitives : sequence of Primitive
        The primitives that an edge may apply.
    """
    own = tuple(primitives)
    return _kept(n_inputs, own, tuple(map(id, own))).all()


@lru_cache(maxsize=16)
def _kept(n_inputs: int, primitives: tuple[Primitive, ...], _: tuple[int, ...]) -> _Kept:
    """Return the enumeration; the identities are in the key because primitives of one name count as equal."""
    return _Kept(n_inputs, primitives)


class _Kept:
    """An enumeration whose first graphs are made once."""

    def __init__(self, n_inputs: int, primitives: tuple[Primitive, ...]) -> None:
        self._given = n_inputs, primitives
        self._first: list[Start] = []
        self._source: Iterator[Start] | None = _enumerated(*self._given)
        self._lock = Lock()  # two threads cannot advance one generator at the same time

    def all(self) -> Iterator[Start]:
        """Yield all graphs."""
        for k in range(_MOST_KEPT):
            start = self._at(k)
            if start is None:
                return
            yield start
        yield from self._rest()

    def _at(self, k: int) -> Start | None:
        """Return graph k of those that are kept, None behind the last one."""
        with self._lock:
            if k == len(self._first) and self._source is not None and (start := next(self._source, None)) is not None:
                self._first.append(start)
            return self._first[k] if k < len(self._first) else None

    def _rest(self) -> Iterator[Start]:
        """Return the graphs that are too many to keep: the first who asks goes on, others begin anew."""
        with self._lock:
            source, self._source = self._source, None
        return itertools.islice(_enumerated(*self._given), _MOST_KEPT, None) if source is None else source


def _enumerated(n_inputs: int, primitives: Sequence[Primitive]) -> Iterator[Start]:
    atoms = [_Atom(i, p, 1 + _symbols(p)) for p in primitives for i in range(n_inputs)]
    atoms.sort(key=lambda atom: atom.cost)
    functions = [p for p in primitives if p is not LINEAR]
    streams = [_sums(atoms, n, constant) for n in (1, 2, 3) for constant in (None, _SHIFT)]
    streams += [_products(atoms, n) for n in (2, 3)]
    streams += [_product_and_constant(atoms, n_inputs)]
    streams += [_of_affine(atoms, functions, n_inputs, constant) for constant in (None, _SHIFT)]
    streams += [_of_scaled(_with_powers(atoms), functions, n_inputs, constant) for constant in (None, _SHIFT)]
    streams += [_times_of_affine(atoms, own, _with_powers(atoms), n_inputs) for own in ([LINEAR], functions)]
    streams += [_power_of_product(_with_powers(atoms), functions, n_inputs)]
    streams += [_times_of_scaled(_with_powers(atoms), functions, n_inputs, alone) for alone in (True, False)]
    streams += [
        _of_two(functions, n_inputs, aggregator, inner, outer)
        for aggregator, inner in _BELOW
        for outer in (None, _SHIFT)
    ]
    if POWER in primitives:
        streams.append(_powers(n_inputs))
    seen: set[str] = set()
    built = (_built(n_inputs, stream) for stream in [iter([[DraftNode("sum", [], _SHIFT)]]), *streams])
    for graph, coefficients in heapq.merge(*built, key=lambda start: start[0].complexity):
        if graph.key not in seen:
            seen.add(graph.key)
            yield graph, coefficients


class _Atom(NamedTuple):
    """One function of one input, and the number of symbols that it adds to an equation."""

    source: int
    primitive: Primitive
    cost: int


Nodes = list[DraftNode]
T = TypeVar("T")


def _symbols(primitive: Primitive, reads_sum: bool = False) -> int:
    """Return the symbols that the function adds; as the only reader of a sum it needs no inner coefficients."""
    return primitive.complexity + (0 if reads_sum else 2 * len(primitive.inner))


def _built(n_inputs: int, stream: Iterable[Nodes]) -> Iterator[Start]:
    """Build the drafts that pruning cannot shorten; the others occur in their shorter form elsewhere."""
    for nodes in stream:
        draft = Draft(n_inputs, nodes)
        complexity = draft.build()[0].complexity
        graph, coefficients = draft.prune().build()
        if graph.complexity == complexity:
            yield graph, coefficients


def _edges(atoms: Iterable[_Atom]) -> list[DraftEdge]:
    """Turn atoms into edges. A repeated atom starts from the next row of its grid, so that the two do not merge."""
    seen: Counter[_Atom] = Counter()
    edges = []
    for atom in atoms:
        grid = atom.primitive.initial
        edges.append(DraftEdge(atom.source, atom.primitive, 1.0, list(grid[seen[atom] % len(grid)])))
        seen[atom] += 1
    return edges


def _grouped(things: Iterable[T], cost: Callable[[T], int]) -> dict[int, list[T]]:
    """Return things that are in the order of their costs by these."""
    return {own: list(group) for own, group in itertools.groupby(things, key=cost)}


def _by_rising_cost(*groups: dict[int, list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield every choice of one thing from each, those of the lowest total cost first."""
    for costs in sorted(itertools.product(*groups), key=sum):
        yield from itertools.product(*(own[cost] for own, cost in zip(groups, costs, strict=True)))


def _choices(atoms: Sequence[_Atom], count: int) -> Iterator[tuple[_Atom, ...]]:
    """Yield every multiset of `count` atoms by rising total cost."""
    by_cost = _grouped(atoms, lambda atom: atom.cost)
    for costs in sorted(itertools.combinations_with_replacement(by_cost, count), key=sum):
        yield from _of_groups([(by_cost[cost], n) for cost, n in Counter(costs).items()])


def _of_groups(groups: Sequence[tuple[Sequence[_Atom], int]]) -> Iterator[tuple[_Atom, ...]]:
    """Yield every choice of n atoms from each group, one at a time: of wide tables there are too many to hold."""
    if not groups:
        yield ()
        return
    (atoms, n), *others = groups
    for some in itertools.combinations_with_replacement(atoms, n):
        for rest in _of_groups(others):
            yield (*some, *rest)


def _sums(atoms: Sequence[_Atom], count: int, constant: float | None) -> Iterator[Nodes]:
    """c + w1 f(x_i) + w2 g(x_j) + ..."""
    for choice in _choices(atoms, count):
        yield [DraftNode("sum", _edges(choice), constant)]


def _products(atoms: Sequence[_Atom], count: int) -> Iterator[Nodes]:
    """c f(x_i) g(x_j) ..."""
    for choice in _choices(atoms, count):
        yield [DraftNode("product", _edges(choice), _SCALE)]


def _product_and_constant(atoms: Sequence[_Atom], n_inputs: int) -> Iterator[Nodes]:
    """C + W f(x_i) g(x_j)"""
    for choice in _choices(atoms, 2):
        yield [DraftNode("product", _edges(choice)), _with_constant(n_inputs)]


def _with_constant(source: int) -> DraftNode:
    return DraftNode("sum", [DraftEdge(source, LINEAR, _SCALE)], _SHIFT)


def _by_cost(functions: Sequence[Primitive], atoms: Sequence[_Atom]) -> list[tuple[Primitive, _Atom]]:
    return sorted(itertools.product(functions, atoms), key=_cost_of_pair)


def _cost_of_pair(pair: tuple[Primitive, _Atom]) -> int:
    return _symbols(pair[0], True) + pair[1].cost


def _of_affine(
    atoms: Sequence[_Atom], functions: Sequence[Primitive], n_inputs: int, constant: float | None
) -> Iterator[Nodes]:
    """C + W f(c + w g(x_i))"""
    for f, atom in _by_cost(functions, atoms):
        yield [DraftNode("sum", _edges([atom]), _SHIFT), DraftNode("sum", [DraftEdge(n_inputs, f)], constant)]


def _with_powers(atoms: Sequence[_Atom]) -> list[_Atom]:
    """Return the powers among the atoms that have no coefficient, and more of them where powers may be learned."""
    plain = [atom for atom in atoms if atom.primitive.homogeneous and atom.primitive is not POWER]
    more = [fixed_power(p) for p in _MORE_POWERS if any(atom.primitive is POWER for atom in atoms)]
    more_atoms = [_Atom(i, p, 1 + _symbols(p)) for p in more for i in sorted({atom.source for atom in atoms})]
    return sorted([*plain, *more_atoms], key=lambda atom: atom.cost)


def _scaled(functions: Sequence[Primitive], atoms: Sequence[_Atom]) -> list[tuple[Primitive, _Atom]]:
    """Return the functions that have a scale, of powers; of inputs they are atoms themselves."""
    powers = [atom for atom in atoms if atom.primitive is not LINEAR]
    return _by_cost([f for f in functions if "scale" in f.inner], powers)


def _of_scaled(
    atoms: Sequence[_Atom], functions: Sequence[Primitive], n_inputs: int, constant: float | None
) -> Iterator[Nodes]:
    """C + W f(w x_i**p)"""
    for f, atom in _scaled(functions, atoms):
        yield [DraftNode("sum", _edges([atom])), DraftNode("sum", [_without_shift(n_inputs, f)], constant)]


def _times_of_scaled(
    atoms: Sequence[_Atom], functions: Sequence[Primitive], n_inputs: int, alone: bool
) -> Iterator[Nodes]:
    """C + W x_j**q f(w x_i**p)"""
    of_pair = _grouped(_scaled(functions, atoms), _cost_of_pair)
    of_atom = _grouped(atoms, lambda atom: atom.cost)
    for (f, atom), factor in _by_rising_cost(of_pair, of_atom):
        edges = [*_edges([factor]), _without_shift(n_inputs, f)]
        inside = DraftNode("sum", _edges([atom]))
        if alone:
            yield [inside, DraftNode("product", edges, _SCALE)]
        else:
            yield [inside, DraftNode("product", edges), _with_constant(n_inputs + 1)]


def _power_of_product(atoms: Sequence[_Atom], functions: Sequence[Primitive], n_inputs: int) -> Iterator[Nodes]:
    """C (x_j**q f(w x_i))**p"""
    powers = sorted((p for p in functions if p.homogeneous and p is not POWER), key=_cost_as_reader)
    scaled = [_Atom(i, f, 1 + _symbols(f)) for f in functions if "scale" in f.inner for i in range(n_inputs)]
    of_factor = _grouped(atoms, lambda atom: atom.cost)
    of_inside = _grouped(sorted(scaled, key=lambda atom: atom.cost), lambda atom: atom.cost)
    of_power = _grouped(powers, _cost_as_reader)
    for factor, inside, p in _by_rising_cost(of_factor, of_inside, of_power):
        edges = [*_edges([factor]), _without_shift(inside.source, inside.primitive)]
        yield [DraftNode("product", edges), DraftNode("sum", [DraftEdge(n_inputs, p)])]


def _cost_as_reader(f: Primitive) -> int:
    return _symbols(f, True)


def _without_shift(source: int, f: Primitive) -> DraftEdge:
    """Return an edge of f in which only the scale is learned."""
    return DraftEdge(source, f, 1.0, list(f.neutral))


def _times_of_affine(
    atoms: Sequence[_Atom], functions: Sequence[Primitive], powers: Sequence[_Atom], n_inputs: int
) -> Iterator[Nodes]:
    """C x_j**q f(c + w g(x_i))"""
    of_pair = _grouped(_by_cost(functions, atoms), _cost_of_pair)
    of_power = _grouped(powers, lambda atom: atom.cost)
    for (f, atom), factor in _by_rising_cost(of_pair, of_power):
        factors = [*_edges([factor]), DraftEdge(n_inputs, f)]
        yield [DraftNode("sum", _edges([atom]), _SHIFT), DraftNode("product", factors, _SCALE)]


def _of_two(
    functions: Sequence[Primitive], n_inputs: int, aggregator: Aggregator, inner: float | None, outer: float | None
) -> Iterator[Nodes]:
    """C + W f(c + w1 x_i + w2 x_j), and C + W f(x_i x_j)"""
    for f in sorted(functions, key=lambda f: _symbols(f, reads_sum=aggregator == "sum")):
        for pair in itertools.combinations(range(n_inputs), 2):
            edges = [DraftEdge(i, LINEAR) for i in pair]
            reader = DraftEdge(n_inputs, f)
            if aggregator == "sum" and inner is None:
                reader.coefficients[: len(f.inner)] = f.neutral  # a shift would add the constant again
            yield [DraftNode(aggregator, edges, inner), DraftNode("sum", [reader], outer)]


def _powers(n_inputs: int) -> Iterator[Nodes]:
    """C x_i^p x_j^q ..., for two, three and all inputs"""
    for size in sorted({2, 3, n_inputs}):
        for chosen in itertools.combinations(range(n_inputs), size):
            yield [DraftNode("product", [DraftEdge(i, POWER) for i in chosen], _SCALE)]
