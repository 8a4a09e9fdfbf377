"""From a formula to a graph with coefficients, from which a search can start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from eqdarts._typing import Array, Expr
from eqdarts.data import Scales
from eqdarts.errors import FormulaError, explain
from eqdarts.expression.build import rebuild, symbol, with_values
from eqdarts.expression.program import Program, compile_expression
from eqdarts.graph.draft import Draft
from eqdarts.graph.draft_terms import LINEAR, POWER, DraftEdge, DraftNode
from eqdarts.graph.graph import Graph
from eqdarts.primitives.functions import EXP, FUNCTIONS, LOG, Function
from eqdarts.primitives.table import PRIMITIVES, Primitive, fixed_power, primitive_of

__all__ = ["graph_of_formula", "rescaled"]


_ARGUMENT = "u"  # of a function that is written by others
LARGEST_DENOMINATOR = 12  # of an exponent that becomes a fraction


def graph_of_formula(
    expr: Expr, values: Mapping[str, float], variables: Sequence[str], scales: Scales
) -> tuple[Graph, tuple[float, ...]]:
    """Return the graph of a formula on scaled rows, and its coefficients.

    Parameters
    ----------
    expr : sympy.Expr
    values : mapping of str to float
        Values of the names that are not variables. Such a name as an exponent becomes a learned exponent. A number as
        an exponent stays fixed; every other number becomes a free coefficient.
    variables : sequence of str
        Names of the D inputs.
    scales : Scales
        The units of the inputs and of the target in the graph.

    Raises
    ------
    FormulaError
        If the formula has no variable, or has a function that a graph cannot have.
    """
    origins = {symbol(name): symbol(name) + int(o) for name, o in zip(variables, scales.origin, strict=True) if o}
    builder = _Builder(variables, values, scales.x)
    # Known numbers are added to the origins first, so that year - 2007 needs only one of them.
    formula = expr if not origins else rebuild(with_values(expr, values), origins)
    output = builder.run(compile_expression(formula))
    if isinstance(output, float):
        raise FormulaError(explain("A formula to start from must contain a column.", str(expr), "Add a column to it."))
    builder.node("sum", [DraftEdge(output, LINEAR, 1.0 / scales.y)])
    # Pruning between the steps, since every constant that moves can leave a product with nothing to do.
    draft = builder.draft.prune()
    while _absorb(draft):
        draft.prune()
    return draft.build()


def _absorb(draft: Draft) -> bool:
    """Move the constant of one product into a sum that only this product reads; return whether there was one.

    So 2 x / (3 + x) has two coefficients, not three.
    """
    for node in draft.nodes:
        if node.is_sum or node.constant is None:
            continue
        for edge in node.edges:
            inner, p = draft.node(edge.source), edge.primitive.exponent
            if inner is None or not inner.is_sum or not p or len(list(draft.users(edge.source))) > 1:
                continue
            if node.constant > 0 or p.denominator * p.numerator % 2:
                size = abs(node.constant) ** (1 / float(p))
                if math.isfinite(size) and size > 0:
                    inner.scale(math.copysign(size, node.constant))
                    node.constant = None
                    return True
    return False


def rescaled(graph: Graph, coefficients: Sequence[float], old: Scales, new: Scales) -> tuple[Graph, tuple[float, ...]]:
    """Return the graph in the units `new` for the one in the units `old`."""
    x_factors, y_factor = new.x / old.x, old.y / new.y
    steps = (new.origin - old.origin) / old.x
    if y_factor == 1.0 and (x_factors == 1.0).all() and not steps.any():
        return graph, tuple(coefficients)
    draft = Draft.from_graph(graph, coefficients)
    for i, (factor, step) in enumerate(zip(x_factors.tolist(), steps.tolist(), strict=True)):
        if (factor != 1.0 or step) and i in graph.inputs:
            readers = [edge for _, edge in draft.users(i)]
            constant = step if step else None
            place = draft.insert(0, DraftNode("sum", [DraftEdge(i, LINEAR, factor)], constant))
            for edge in readers:
                edge.source = place
    draft.nodes.append(DraftNode("sum", [DraftEdge(draft.n_inputs + len(draft.nodes) - 1, LINEAR, float(y_factor))]))
    return draft.prune().build()


_Value = int | float
"""The value of a step: a source of the draft (int), or a number (float)."""


class _Builder:
    """Adds one node, or a few, for each step of a program."""

    def __init__(self, variables: Sequence[str], values: Mapping[str, float], x_scale: Array) -> None:
        self.draft = Draft(len(variables), [])
        self.names: dict[str, _Value] = {name: float(value) for name, value in values.items()}
        for i, name in enumerate(variables):
            self.names[name] = self.node("sum", [DraftEdge(i, LINEAR, float(x_scale[i]))])

    def node(self, aggregator: Any, edges: list[DraftEdge], constant: float | None = None) -> int:
        """Append a node and return its source number."""
        self.draft.nodes.append(DraftNode(aggregator, edges, constant))
        return self.draft.n_inputs + len(self.draft.nodes) - 1

    def run(self, program: Program, names: Mapping[str, _Value] | None = None) -> _Value:
        """Return the value of a program; `names` are those of its own, if it is not the formula itself."""
        names = self.names if names is None else names
        results: list[_Value] = []
        for operation, arguments, detail in program.steps:
            own = names[detail] if operation == "name" else None
            results.append(self._step(operation, [results[k] for k in arguments], detail) if own is None else own)
        return results[-1]

    def _step(self, operation: str, arguments: list[_Value], detail: Any) -> _Value:
        """Return the value of one step that is not a name."""
        if operation == "number":
            return float(detail)
        if operation == "power":
            return self._power(arguments[0], float(detail), learned=False)
        if operation == "pow":
            return self._raised(*arguments)
        method = getattr(self, f"_{operation}")
        return method(*arguments) if detail is None else method(detail, *arguments)  # type: ignore[no-any-return]

    def _add(self, *terms: _Value) -> _Value:
        constant = math.fsum(term for term in terms if isinstance(term, float))
        edges = [DraftEdge(term, LINEAR) for term in terms if not isinstance(term, float)]
        return self.node("sum", edges, constant or None) if edges else constant

    def _mul(self, *factors: _Value) -> _Value:
        constant = math.prod(factor for factor in factors if isinstance(factor, float))
        edges = [DraftEdge(factor, LINEAR) for factor in factors if not isinstance(factor, float)]
        return self.node("product", edges, constant) if edges and constant else constant

    def _power(self, base: _Value, exponent: float, learned: bool) -> _Value:
        if isinstance(base, float):
            return _finite(lambda: base**exponent)
        if exponent == 0:
            return 1.0
        fraction = Fraction(exponent).limit_denominator(LARGEST_DENOMINATOR)
        if not learned and abs(float(fraction) - exponent) < 1e-12:
            return self.node("product", [DraftEdge(base, fixed_power(fraction))])
        return self.node("product", [DraftEdge(base, POWER, 1.0, [exponent])])

    def _raised(self, base: _Value, exponent: _Value) -> _Value:
        if isinstance(exponent, float):
            return self._power(base, exponent, learned=True)
        if isinstance(base, float):
            return self._function(EXP, self._mul(_finite(lambda: math.log(base)), exponent))
        return self._function(EXP, self._mul(exponent, self._function(LOG, base)))

    def _call(self, name: str, u: _Value) -> _Value:
        return self._function(FUNCTIONS[name], u)

    def _function(self, function: Function, u: _Value) -> _Value:
        if isinstance(u, float):
            return _finite(lambda: float(function.numpy(u)))
        primitive = primitive_of(function)
        if primitive is not None:
            return self._applied(primitive, u)
        if function.by_others is not None:
            return self.run(compile_expression(function.by_others(symbol(_ARGUMENT))), {_ARGUMENT: u})
        known = ", ".join(row.name for row in FUNCTIONS.values() if row.by_others or primitive_of(row))
        raise FormulaError(explain("A search cannot start from this function.", function.name, f"Use one of {known}."))

    def _logistic(self, a: float, minus_u: _Value) -> _Value:
        return self._mul(1.0 / a, self._sigmoid("logistic", self._add(minus_u, math.log(a))))

    def _softplus(self, a: float, u: _Value) -> _Value:
        return self._add(self._sigmoid("softplus", self._add(u, -math.log(a))), math.log(a))

    def _max(self, *arguments: _Value) -> _Value:
        first, *others = sorted(arguments, key=lambda v: isinstance(v, int))  # max(0, u) is 0 + relu(u)
        for other in others:
            first = self._add(first, self._sigmoid("relu", self._add(other, self._mul(-1.0, first))))
        return first

    def _min(self, *arguments: _Value) -> _Value:
        return self._mul(-1.0, self._max(*(self._mul(-1.0, argument) for argument in arguments)))

    def _sigmoid(self, name: str, u: _Value) -> _Value:
        if isinstance(u, float):
            return DraftEdge(0, PRIMITIVES[name], 1.0, list(PRIMITIVES[name].neutral)).at(u)
        return self._applied(PRIMITIVES[name], u)

    def _applied(self, primitive: Primitive, u: int) -> int:
        if primitive.is_of_affine:
            u = self.node("sum", [DraftEdge(u, LINEAR)])  # tanh(w x) stays without the shift that it does not have
        return self.node("product", [DraftEdge(u, primitive, 1.0, list(primitive.neutral))])


def _finite(compute: Any) -> float:
    try:
        value = compute()
    except (ValueError, OverflowError, ZeroDivisionError):
        value = math.nan
    if isinstance(value, complex) or not math.isfinite(value):
        raise FormulaError(explain("A formula to start from needs real numbers.", value, "Use other starting values."))
    return float(value)
