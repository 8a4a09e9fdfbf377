"""eqdarts: closed-form equations from data by differentiable architecture search.

Names are imported when they are first used (PEP 562), so that ``import eqdarts`` and ``eqdarts --help`` stay quick:
torch, sympy, pandas and scikit-learn take seconds to load.
"""

from __future__ import annotations

from eqdarts._lazy import handed_on
from eqdarts._version import __version__

TYPE_CHECKING = False  # what typing.TYPE_CHECKING means to a type checker; typing takes longer to load than all of this
if TYPE_CHECKING:
    from eqdarts.benchmark.problems import load_problem
    from eqdarts.benchmark.run import run_benchmark
    from eqdarts.dynamics.regressor import ODERegressor
    from eqdarts.equation.equation import Equation
    from eqdarts.errors import EqdartsWarning, FormulaError
    from eqdarts.estimator import DARTSRegressor
    from eqdarts.fitting.progress import FitProgress, JsonLog
    from eqdarts.primitives.own import make_primitive
    from eqdarts.primitives.table import Primitive
    from eqdarts.tables.files import read_table

__all__ = [
    "DARTSRegressor",
    "EqdartsWarning",
    "Equation",
    "FitProgress",
    "FormulaError",
    "JsonLog",
    "ODERegressor",
    "Primitive",
    "__version__",
    "load_problem",
    "make_primitive",
    "read_table",
    "run_benchmark",
]

_HOMES = {
    "DARTSRegressor": "eqdarts.estimator",
    "EqdartsWarning": "eqdarts.errors",
    "Equation": "eqdarts.equation.equation",
    "FitProgress": "eqdarts.fitting.progress",
    "FormulaError": "eqdarts.errors",
    "JsonLog": "eqdarts.fitting.progress",
    "ODERegressor": "eqdarts.dynamics.regressor",
    "Primitive": "eqdarts.primitives.table",
    "load_problem": "eqdarts.benchmark.problems",
    "make_primitive": "eqdarts.primitives.own",
    "read_table": "eqdarts.tables.files",
    "run_benchmark": "eqdarts.benchmark.run",
}
__getattr__, __dir__ = handed_on(__name__, _HOMES)
