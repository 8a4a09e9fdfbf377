"""Units in differential equations: the rate of a state has its unit per time, its acceleration that per time again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.system import speed_name
from eqdarts.dynamics.trajectories import Trajectories, velocity_name
from eqdarts.equation.equation import Equation
from eqdarts.fitting.dimensions import ColumnUnits, column_units

__all__ = ["RateUnits", "rate_units"]


@dataclass(frozen=True, eq=False)
class RateUnits:
    """The units of the equation of each state.

    Parameters
    ----------
    columns : tuple of ColumnUnits
        For each state: units of all that a right-hand side may contain, and of its left-hand side.
    targets : tuple of str
        The names of the left-hand sides.
    """

    columns: tuple[ColumnUnits, ...]
    targets: tuple[str, ...]
    _prices: dict[tuple[int, str], float] = field(default_factory=dict, repr=False)

    def price(self, law: Law, k: int) -> float:
        """Return the nats that the law of state k pays for units of its coefficients, or units that do not add up."""
        if (k, law.key) not in self._prices:
            self._prices[k, law.key] = self.columns[k].price(replace(law.equation, target=self.targets[k]))
        return self._prices[k, law.key]

    def told(self, equation: Equation, k: int) -> Equation:
        """Return the equation of state k with its units."""
        return self.columns[k].told(equation)

    def in_words(self, equations: Sequence[Equation]) -> list[str]:
        """Return a sentence for each equation: whether its units add up."""
        found = zip(self.targets, self.columns, equations, strict=True)
        return [f"{target}: {columns.check(equation)}" for target, columns, equation in found]


def rate_units(units: Mapping[str, Any] | None, data: Trajectories) -> RateUnits | None:
    """Return the units of the equations of all states; None if no unit was given.

    Parameters
    ----------
    units : mapping of str to str or unit, or None
        Of states, inputs and the time, as far as they are known.
    data : Trajectories

    Raises
    ------
    ValueError
        If a name is unknown, or a unit cannot be read.
    """
    names = (*data.states, *data.inputs, data.time)
    given = column_units((units, None, {}), names, None, {}, plain_numbers=False)
    if given is None:
        return None
    known = dict(given.columns)
    time = known.get(data.time)
    if time is not None and data.order == 2:
        known |= {velocity_name(state): known[state] / time for state in data.states if state in known}
    targets = tuple(speed_name(state, data.time, data.order) for state in data.states)
    columns = []
    for state, target in zip(data.states, targets, strict=True):
        own = {} if time is None or state not in known else {target: known[state] / time**data.order}
        columns.append(replace(given, columns={**known, **own}))
    return RateUnits(tuple(columns), targets)
