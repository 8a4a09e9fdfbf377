"""What the user knows of the law, held against the equations of a fit: who leaves, who stays, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError, explain
from eqdarts.fitting.front import Front
from eqdarts.fitting.table import Table
from eqdarts.knowledge.holds import BROKEN, UNDECIDED, WORST, Held, held, in_words, none_obeys, obeyed, status_of
from eqdarts.knowledge.statements import Statement, read_statements

__all__ = [
    "about_knowledge",
    "checked_knowledge",
    "contradicts",
    "held_by",
    "is_broken",
    "knowledge_of",
    "known_in_words",
    "obeying",
    "without_broken",
]

MOST_GROUPS = 12  # whose laws are looked at
MOST_NAMED = 3
LEAST_COST = 0.05  # nats that are worth a sentence


def checked_knowledge(knowledge: Any, names: Sequence[str], target: str | None) -> tuple[Statement, ...]:
    """Return the statements of the user.

    Raises
    ------
    ValueError
        If one cannot be read; it says what is understood.
    """
    if knowledge is None:
        return ()
    if not isinstance(knowledge, (list, tuple)):
        rule = "knowledge must be a list of statements."
        raise ValueError(explain(rule, repr(knowledge), 'Try ["increasing in x"].'))
    try:
        return read_statements(knowledge, names, target)
    except FormulaError as error:
        raise ValueError(str(error)) from None


def contradicts(equation: Equation, table: Table) -> bool:
    """Return whether the values or the columns of an equation contradict what is known: a quick look."""
    known = table.knowledge
    given = table.wide_box, table.size, table.y_unit
    return bool(known) and not all(obeyed(known, law.expr, *given) for law in _laws(equation))


def held_by(equation: Equation, table: Table) -> tuple[Held, ...]:
    """Return how each statement holds for an equation; by groups, for that group for which it holds least surely."""
    given = table.wide_box, table.size, table.y_unit
    laws = _laws(equation)

    def worst(statement: Statement) -> Held:
        found = [held(statement, law.expr, *given) for law in laws]
        return max(found, key=lambda one: WORST.index(one.status))

    return tuple(map(worst, table.knowledge))


def is_broken(equation: Equation, table: Table) -> bool:
    """Return whether an equation breaks a statement, by all that can be found out."""
    return any(one.status == BROKEN for one in held_by(equation, table))


def _laws(equation: Equation) -> list[Equation]:
    if equation.groups is None:
        return [equation]
    return [equation.of_group(label) for label in equation.groups.labels[:MOST_GROUPS]]


def obeying(equations: Sequence[Equation], table: Table) -> list[int]:
    """Return the places of the equations that break no statement."""
    return [k for k, one in enumerate(equations) if not contradicts(one, table) and not is_broken(one, table)]


def without_broken(front: Front, table: Table) -> Front:
    """Return the front without the equations that are not chosen and break a statement."""
    if not table.knowledge:
        return front
    kept = [k for k, entry in enumerate(front.entries) if k == front.chosen or not is_broken(entry.equation, table)]
    entries = tuple(front.entries[k] for k in kept)
    lengths = tuple(front.lengths[k] for k in kept)
    return replace(front, entries=entries, lengths=lengths, chosen=kept.index(front.chosen))


def knowledge_of(front: Front, table: Table) -> tuple[tuple[Held, ...], ...]:
    """Return how each statement holds for each equation of a front in the unit that was given; () without statements.

    `table` may have another unit.
    """
    given = table.as_given
    return tuple(held_by(entry.equation, given) for entry in front.entries) if table.knowledge else ()


def known_in_words(front: Front, table: Table) -> list[str]:
    """Return sentences: how the statements hold for the chosen equation and the others, and what they cost."""
    if not table.knowledge:
        return []
    cost = None
    if front.free is not None and table.y_unit == 1.0:
        equation, length = front.free
        cost = equation, front.lengths[front.chosen] - length
    equations = [entry.equation for entry in front.entries]
    return about_knowledge(equations, front.chosen, knowledge_of(front, table), cost)


def about_knowledge(
    equations: Sequence[Equation],
    chosen: int,
    knowledge: Sequence[tuple[Held, ...]],
    cost: tuple[Equation, float] | None,
) -> list[str]:
    """Return sentences about the statements.

    Parameters
    ----------
    equations : sequence of Equation
        The front.
    chosen : int
    knowledge : sequence of tuple of Held
        Of each equation.
    cost : (Equation, float), optional
        The equation that would be chosen without the statements, and by how many nats it is shorter.
    """
    if not knowledge:
        return []
    own = knowledge[chosen]
    words = [in_words(own)]
    if broken := [one.statement for one in own if one.status == BROKEN]:
        words.append(none_obeys(broken))
    elif cost is not None and cost[1] > LEAST_COST:
        words.append(
            f"This knowledge costs {cost[1]:.1f} nats: without it {cost[0].format()} would be chosen, which breaks it."
        )
    doubtful = [k for k, found in enumerate(knowledge) if k != chosen and status_of(found) == UNDECIDED]
    if doubtful:
        words.append(f"It cannot be decided for {'; '.join(equations[k].format() for k in doubtful[:MOST_NAMED])}.")
    return words
