"""Known parts of right-hand sides: forms such as "f(x, y) - k*x", in which functions are to be found."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqdarts.dynamics.guesses import read_guess
from eqdarts.dynamics.laws import Law
from eqdarts.dynamics.variants import law_of
from eqdarts.errors import closest, explain
from eqdarts.estimator import DARTSRegressor
from eqdarts.fitting.progress import Callback
from eqdarts.fitting.settings import FitSettings
from eqdarts.fitting.table import Table
from eqdarts.form.fit import checked_form, fit_form
from eqdarts.form.read import Form
from eqdarts.primitives.functions import notation

__all__ = ["KnownPart", "checked_forms", "laws_of_form", "read_forms"]


CALL = re.compile(r"(?<![\w`])([^\W\d]\w*)\s*\(")


@dataclass(frozen=True, eq=False)
class KnownPart:
    """The known part of the right-hand side of one state.

    Parameters
    ----------
    form : Form or None
    law : Law or None
        The whole law, where no function is unknown.
    """

    form: Form | None
    law: Law | None = None


def checked_forms(forms: Any, guesses: Any, states: Sequence[str]) -> dict[str, str]:
    """Return the forms by states.

    Raises
    ------
    ValueError
        If they are not those of states, or a state has guesses too.
    """
    if forms is None:
        return {}
    if not isinstance(forms, Mapping):
        raise ValueError(explain("form must map states to forms.", repr(forms)[:60], 'Try {"x": "f(x, y) - k*x"}.'))
    for name, text in forms.items():
        if name not in states:
            raise ValueError(explain("A form must be of a state.", repr(name), closest(str(name), states)))
        if not isinstance(text, str):
            raise ValueError(explain("A form must be text.", repr(text)[:60], 'Try "f(x, y) - k*x".'))
        if guesses and name in guesses:
            todo = "Leave out one of them."
            raise ValueError(explain("A state can have a form or guesses.", f"both for {name!r}", todo))
    return dict(forms)


def read_forms(
    forms: Mapping[str, str], states: Sequence[str], tables: Sequence[Table], settings: FitSettings
) -> list[KnownPart | None]:
    """Return the known part of each state.

    Raises
    ------
    ValueError
        If one cannot be read.
    """
    return [
        _read(forms[state], table, settings) if state in forms else None
        for state, table in zip(states, tables, strict=True)
    ]


def _read(text: str, table: Table, settings: FitSettings) -> KnownPart:
    if all(notation(call) is not None for call in CALL.findall(text)):
        return KnownPart(None, read_guess(text, table, settings).law)
    usual = {name: own.default for name, own in inspect.signature(DARTSRegressor).parameters.items()}
    given = {**usual, "search": settings.search, "form": text, "checkpoint": None, "groups": None}
    return KnownPart(checked_form(given, table))


def laws_of_form(
    part: KnownPart,
    table: Table,
    settings: FitSettings,
    rng: np.random.Generator,
    callback: Callback | None = None,
    shows_bar: bool = False,
) -> list[Law]:
    """Return laws of a form for the smooth slopes of a state, the shortest description first."""
    if part.form is None:
        return [] if part.law is None else [part.law]
    settings = replace(settings, guesses=None, snap=False)
    run = fit_form(table, part.form, settings, rng, callback=callback, shows_bar=shows_bar)
    order = np.argsort(run.table["score"].to_numpy(), kind="stable")
    laws = (law_of(run.equations[k].expr, table.names, settings.primitives) for k in order.tolist())
    return [law for law in laws if law is not None]
