"""Checks of the parameters of an estimator, before any search starts."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from eqdarts._typing import Array
from eqdarts.arrays import as_floats
from eqdarts.data import Data, are_counts
from eqdarts.equation.rows import check_sigma_alone, known_errors
from eqdarts.errors import closest, explain
from eqdarts.fitting.exponents import STEPS, of_exponents
from eqdarts.fitting.settings import FitSettings
from eqdarts.inference.noise import AUTO, NOISES
from eqdarts.losses import LOSSES, Loss, loss_of, resolve_loss
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.options import relaxed_options
from eqdarts.search.strategies import SEARCHES
from eqdarts.selection import CRITERIA

__all__ = [
    "check_noise",
    "checked_constants",
    "checked_held_out",
    "checked_loss",
    "checked_settings",
    "checked_target",
    "checked_weight",
    "target_as_floats",
]


CHOICES: dict[str, Collection[str]] = {
    "search": SEARCHES,
    "selection": CRITERIA,
    "noise": (AUTO, *NOISES),
    "exponents": STEPS,
}
LEAST = {"max_complexity": 3, "max_refits": 1, "n_restarts": 1, "n_searches": 1}
LARGEST, LARGEST_SQUARED = 1e280, 1e150  # of y, weights and errors; of y if its unit cannot be changed
OWN_NAMES = re.compile(r"c_*\d+")  # the names of coefficients of an equation


def checked_settings(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> FitSettings:
    """Return the settings of a fit, without constants, for the parameters of the estimator.

    Parameters
    ----------
    given, defaults : mapping of str to object
        All parameters by name, and their defaults.

    Raises
    ------
    ValueError
        For a parameter that is not valid.
    """
    for name, choices in CHOICES.items():
        if given[name] not in tuple(choices):
            raise ValueError(
                explain(f"There is no such {name}.", repr(given[name]), closest(str(given[name]), choices))
            )
    loss = given["loss"]
    if not callable(loss) and loss not in tuple(LOSSES):
        raise ValueError(
            explain("loss must be the name of a loss, or a torch function.", repr(loss), closest(str(loss), LOSSES))
        )
    _check_numbers(given)
    changed = tuple(name for name, value in given.items() if repr(value) != repr(defaults.get(name)))
    taken = {item.name: given[item.name] for item in fields(FitSettings) if item.name in given}
    taken |= {"primitives": of_exponents(resolve(given["primitives"]), given["exponents"]), "constants": {}}
    taken |= {"relaxed": relaxed_options(given["relaxed"])}
    return FitSettings(**taken, given=dict(given), changed=changed)


def _check_numbers(given: Mapping[str, Any]) -> None:
    """Raise ValueError for a number outside its range."""
    for name, least in LEAST.items():
        value = given[name]
        if not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(explain(f"{name} must be a whole number of at least {least}.", repr(value), "Raise it."))
    jobs = given["n_jobs"]
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, numbers.Integral) or jobs == 0):
        todo = "Use 2 for two workers, -1 for all cores, or None for one search in this process."
        raise ValueError(explain("n_jobs must be a whole number other than 0, or None.", repr(jobs), todo))
    limit = given["time_limit"]
    if limit is not None and not (isinstance(limit, numbers.Real) and float(limit) > 0):
        raise ValueError(
            explain("time_limit must be a positive number of seconds, or None.", repr(limit), "Use 60 for a minute.")
        )
    share = given["validation_fraction"]
    if not 0 < share < 1:
        raise ValueError(explain("validation_fraction must lie between 0 and 1.", share, "Try 0.3."))


def checked_constants(constants: Any, columns: Sequence[str]) -> dict[str, float]:
    """Return the named constants. Each must be a finite number other than 0, with a name that is not taken.

    Raises
    ------
    ValueError
    """
    if constants is None:
        return {}
    if not isinstance(constants, Mapping) or not all(isinstance(name, str) and name for name in constants):
        raise ValueError(explain("constants must map names to numbers.", repr(constants), 'Try {"g": 9.80665}.'))
    for name, value in constants.items():
        if name in columns or OWN_NAMES.fullmatch(name):
            todo = "It is a column; choose another." if name in columns else "c0, c1, ... are the coefficients."
            raise ValueError(explain("The name of a constant must not be taken.", repr(name), todo))
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value == 0:
            raise ValueError(explain(f"The constant {name!r} must be finite and not 0.", repr(value), "Leave it out."))
    return {name: float(value) for name, value in constants.items()}


def checked_target(y: Array, loss: Any) -> Array:
    """Return y if floating point numbers can hold what is computed from it.

    Raises
    ------
    ValueError
    """
    # A likelihood, or a loss of the user's own, has a unit: y cannot be divided by a power of two.
    _check_magnitude(y, "y", LARGEST if loss_of(loss).is_equivariant else LARGEST_SQUARED)
    return y


def _check_magnitude(values: Array, what: str, most: float) -> None:
    """Raise ValueError if the largest magnitude of the values (n,) is out of range, unless all are zero."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest and not 1 / most <= largest <= most:
        rule = f"The largest magnitude of {what} must lie between {1 / most:g} and {most:g}."
        raise ValueError(explain(rule, f"{largest:g}", f"Use another unit for {what}."))


def checked_weight(sample_weight: Any, sigma: Any, X: Array, loss: Any) -> tuple[Array | None, Array | None]:
    """Return the weights of the rows and their known errors, each None if not given.

    Raises
    ------
    ValueError
        If both are given, a weight is negative or all are zero, or an error is not positive.
    """
    if sigma is not None:
        check_sigma_alone(sample_weight, loss)
        errors = np.array(known_errors(sigma, len(X)))
        _check_magnitude(errors, "sigma", LARGEST)
        _check_magnitude(errors.min(keepdims=True), "the smallest sigma", LARGEST)
        with np.errstate(all="ignore"):  # an error that is 1e154 times the smallest has the weight 0
            return (errors / errors.min()) ** -2.0, errors
    if sample_weight is None:
        return None, None
    if not isinstance(sample_weight, numbers.Number):
        sample_weight = as_floats(sample_weight, "sample_weight")
    weight = np.asarray(_check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True))
    if not weight.any():
        raise ValueError(
            explain("sample_weight must not be all zero.", "only zeros", "Give at least one row a positive weight.")
        )
    _check_magnitude(weight, "sample_weight", LARGEST)
    return weight, None


def check_noise(noise: str, weight: Array | None, sigma: Array | None, loss: Any) -> None:
    """Raise ValueError if the kind of scatter is given together with something that says it already.

    Whole-number weights count repeated rows and say nothing of the scatter.
    """
    relative = weight is not None and not are_counts(weight)
    given = "sigma" if sigma is not None else "sample_weight" if relative else None
    if given is None and not loss_of(loss).is_least_squares:
        given = f"loss={loss!r}"
    if given is not None and noise not in (AUTO, "constant"):
        rule = "noise can only be used without weights and with squared residuals."
        raise ValueError(explain(rule, f"{noise!r} and {given}", f"Leave out noise, or {given.split('=')[0]}."))


def checked_loss(loss: Any, selection: str, y: Array, f: Array) -> Loss:
    """Return the loss of a name or function, for residuals from predictions f.

    Raises
    ------
    ValueError
        If it is unknown, or does not fit y or the criterion by which the equation is chosen.
    """
    found = resolve_loss(loss, y, y - f)
    found.check_target(y)
    if CRITERIA[selection].needs_held_out:
        raise ValueError(
            explain(f"{selection=} can only be used with squared residuals.", f"loss={found.name!r}", "Use 'mdl'.")
        )
    return found


def checked_held_out(data: Data, selection: str) -> None:
    """Raise ValueError if the criterion needs rows held back and there are none."""
    if CRITERIA[selection].needs_held_out and len(data.train) == len(data.y):
        raise ValueError(
            explain(
                f"{selection=} needs rows to hold back.",
                f"{len(data.y)} rows, of which fewer than 20 are different",
                "Use 'mdl'.",
            )
        )


def target_as_floats(y: Any) -> Any:
    """Return y converted, so that scikit-learn sees what is missing in objects and text; what it refuses as it is."""
    return y if y is None or getattr(getattr(y, "dtype", None), "kind", "") == "c" else as_floats(y, "y")
