"""The user's guesses: laws that are always tried, and sentences on what became of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eqdarts.dynamics.choice import Chosen, Screened
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.variants import law_of
from eqdarts.dynamics.words import form_of
from eqdarts.errors import FormulaError, explain
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.starts import fitted_guess
from eqdarts.fitting.table import Table

__all__ = ["Guess", "about_guesses", "read_guess", "read_guesses"]


@dataclass(frozen=True, eq=False)
class Guess:
    """A guess of the user for one state: its text, and the law with coefficients from the smooth slopes."""

    text: str
    law: Law


def read_guesses(
    guesses: Mapping[str, Sequence[str]], states: Sequence[str], tables: Sequence[Table], settings: FitSettings
) -> list[list[Guess]]:
    """Return the guesses of each state.

    Raises
    ------
    ValueError
        If one cannot be read, or is undefined on the smooth courses.
    """
    return [
        [read_guess(text, table, settings) for text in guesses.get(state, ())]
        for state, table in zip(states, tables, strict=True)
    ]


def read_guess(text: str, table: Table, settings: FitSettings) -> Guess:
    """Return a guess with coefficients from the smooth slopes.

    Raises
    ------
    ValueError
        As for `read_guesses`.
    """
    equation = fitted_guess(text, table, settings.constants)
    law = law_of(equation.expr, table.names, settings.primitives)
    if law is None:
        rule = "A guess must be a formula of the functions that are searched."
        raise FormulaError(explain(rule, repr(str(text))[:80], "Add its functions to the primitives."))
    return Guess(str(text), law)


def about_guesses(
    guesses: Sequence[Sequence[Guess]], screened: Sequence[Sequence[Screened]], chosen: Chosen
) -> Iterator[str]:
    """Yield a sentence for each guess, and one for the system of all of them, if each state has one."""
    system = chosen.problem.data
    for k, own in enumerate(guesses):
        best = next((one for one in screened[k] if one.law.key == chosen.laws[k].key), screened[k][0])
        for guess in own:
            shown = f"The guess {guess.text} for {system.states[k]}"
            found = next((one for one in screened[k] if one.law.key == guess.law.key), None)
            if form_of(guess.law.equation) == form_of(chosen.laws[k].equation):
                yield f"{shown} is the chosen form."
            elif found is None or not math.isfinite(found.length):
                yield f"{shown} could not be integrated along the measured runs."
            else:
                behind = found.length - best.length
                yield f"{shown} has a description that is {abs(behind):.1f} nats {_side(behind)} than the chosen law's."
    laws = [own[0].law for own in guesses if own]
    if 1 < len(laws) == len(guesses):
        fit = chosen.problem.fit_all(laws)
        behind = math.inf if fit is None else fit[2] - chosen.length
        if behind and math.isfinite(behind):
            yield f"The guesses together are a system whose description is {abs(behind):.1f} nats {_side(behind)}."


def _side(behind: float) -> str:
    return "longer" if behind >= 0 else "shorter"
