"""eqdarts: closed-form equations from data by differentiable architecture search.

Names are imported when they are first used (PEP 562), so that ``import eqdarts`` and ``eqdarts --help`` stay quick:
torch, sympy, pandas and scikit-learn take seconds to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eqdarts.benchmark import run_benchmark
    from eqdarts.equation import Equation
    from eqdarts.errors import EqdartsWarning, FormulaError
    from eqdarts.estimator import DARTSRegressor
    from eqdarts.estimator_callback import FitProgress, JsonLog
    from eqdarts.primitives import Primitive, make_primitive
    from eqdarts.problems import load_problem

__all__ = [
    "DARTSRegressor",
    "EqdartsWarning",
    "Equation",
    "FitProgress",
    "FormulaError",
    "JsonLog",
    "Primitive",
    "__version__",
    "load_problem",
    "make_primitive",
    "run_benchmark",
]

__version__ = "0.1.0.dev0"

_HOME = {
    "DARTSRegressor": "eqdarts.estimator",
    "EqdartsWarning": "eqdarts.errors",
    "Equation": "eqdarts.equation",
    "FitProgress": "eqdarts.estimator_callback",
    "FormulaError": "eqdarts.errors",
    "JsonLog": "eqdarts.estimator_callback",
    "Primitive": "eqdarts.primitives",
    "load_problem": "eqdarts.problems",
    "make_primitive": "eqdarts.primitives",
    "run_benchmark": "eqdarts.benchmark",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'eqdarts' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
