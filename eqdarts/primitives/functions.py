"""The table of functions that formulas may call: name, sympy class, numpy value, torch value and derivative, LaTeX.

One row serves the grammar, the printer, the numpy evaluation and the fit. torch and sympy are not imported here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["FUNCTIONS", "SPELLINGS", "Function"]


@dataclass(frozen=True)
class Function:
    """One function of one argument.

    Parameters
    ----------
    name : str
        How it is printed.
    sympy_name : str
        The sympy class.
    numpy : callable
        Value of an array; NaN where it is not real or not finite, without a warning filter of its own.
    torch : callable
        Value of a tensor, by tensor methods.
    slope : callable
        ``slope(u, value)`` -> derivative, for tensors.
    latex : str
        The command in front of the argument.
    spellings : tuple of str
        Other names that are accepted.
    """

    name: str
    sympy_name: str
    numpy: Callable[[Any], Any]
    torch: Callable[[Any], Any]
    slope: Callable[[Any, Any], Any]
    latex: str
    spellings: tuple[str, ...] = ()


def _log(u: Any) -> Any:
    return np.log(np.where(u > 0, u, np.nan))


def _erf(u: Any) -> Any:
    from scipy.special import erf

    return erf(u)


_ROWS = (
    Function("exp", "exp", np.exp, lambda u: u.exp(), lambda u, f: f, r"\exp"),
    Function("log", "log", _log, lambda u: u.log(), lambda u, f: 1 / u, r"\log", ("ln",)),
    Function("sin", "sin", np.sin, lambda u: u.sin(), lambda u, f: u.cos(), r"\sin"),
    Function("cos", "cos", np.cos, lambda u: u.cos(), lambda u, f: -u.sin(), r"\cos"),
    Function("tan", "tan", np.tan, lambda u: u.tan(), lambda u, f: 1 + f * f, r"\tan"),
    Function("arcsin", "asin", np.arcsin, lambda u: u.asin(), lambda u, f: (1 - u * u).rsqrt(), r"\arcsin", ("asin",)),
    Function("arccos", "acos", np.arccos, lambda u: u.acos(), lambda u, f: -(1 - u * u).rsqrt(), r"\arccos", ("acos",)),
    Function("arctan", "atan", np.arctan, lambda u: u.atan(), lambda u, f: 1 / (1 + u * u), r"\arctan", ("atan",)),
    Function("sinh", "sinh", np.sinh, lambda u: u.sinh(), lambda u, f: u.cosh(), r"\sinh"),
    Function("cosh", "cosh", np.cosh, lambda u: u.cosh(), lambda u, f: u.sinh(), r"\cosh"),
    Function("tanh", "tanh", np.tanh, lambda u: u.tanh(), lambda u, f: 1 - f * f, r"\tanh"),
    Function("abs", "Abs", np.abs, lambda u: u.abs(), lambda u, f: u.sign(), r"\left|", ("Abs",)),
    Function("sign", "sign", np.sign, lambda u: u.sign(), lambda u, f: u * 0, r"\operatorname{sign}"),
    Function(
        "erf", "erf", _erf, lambda u: u.erf(),
        lambda u, f: (2 / math.sqrt(math.pi)) * (-u * u).exp(), r"\operatorname{erf}",
    ),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {row.sympy_name: row for row in _ROWS}
"""The rows by the name of their sympy class."""

SPELLINGS: dict[str, Function] = {name: row for row in _ROWS for name in (row.name, *row.spellings)}
"""The rows by every name that a formula may use."""
