r"""The functions of formulas: everything needed to read, write, evaluate and export them.

`FUNCTIONS` has those that are classes of sympy, `SHORTHANDS` the names that sympy expresses by other functions, such as
``sqrt``. A row serves the grammar, the printers, numpy, torch, the bounds, the search for poles and the source text. A
new function is one more row here; as a function that an edge may apply it is also one in `eqdarts.primitives.table`.

torch and sympy are not imported here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.primitives import forms, intervals
from eqdarts.primitives.domain import POSITIVE, REAL, UNIT, Domain
from eqdarts.primitives.intervals import Interval

__all__ = [
    "ABS",
    "EXP",
    "FUNCTIONS",
    "LOG",
    "SHORTHANDS",
    "SQRT",
    "Function",
    "Limit",
    "Notation",
    "Source",
    "Spelling",
    "function_of",
    "notation",
    "notation_of",
    "notations",
    "unknown_part",
]

Tensor = Any  # torch.Tensor; torch is imported late, so that `import eqdarts` stays quick
Signs = tuple[str, str]

ABOVE_OVERFLOW = math.log(1.7e308)  # exp overflows above


class Spelling(NamedTuple):
    """The spelling of a function in another language.

    Parameters
    ----------
    call : str
        The name to call, or a text with {0} (and {1}) for the arguments.
    definition : str
        Definition of `call`, on separate lines, if the language does not have it.
    imports : str
        A line that the definition needs.
    """

    call: str
    definition: str = ""
    imports: str = ""


class Source(NamedTuple):
    """The spelling in each language; None if there is none."""

    numpy: Spelling | None = None
    c: Spelling | None = None
    excel: Spelling | None = None


_NOWHERE = Source()


def _called(*names: str) -> Source:
    """Return the source of a function that numpy, C and spreadsheets have, by its names there."""
    return Source(*map(Spelling, names))


class Limit(NamedTuple):
    """The limit beyond which a function is not real and finite.

    Parameters
    ----------
    domain : Domain
    words : str
        Words before the argument in a sentence: "the argument of the logarithm,".
    of : callable, optional
        ``of(u)`` -> sympy expression that must lie in the domain. Default: the argument `u` itself.
    steep : bool
        Whether the value or the slope grows without bound there.
    slow : bool
        Whether the value grows so slowly that values near the limit do not show it.
    """

    domain: Domain
    words: str
    of: Callable[[Expr], Expr] = lambda u: u
    steep: bool = True
    slow: bool = False


@dataclass(frozen=True, eq=False)
class Notation:
    """A name that a formula may call.

    Parameters
    ----------
    name : str
        The printed name.
    build : callable
        ``build(u)`` -> sympy expression, without automatic changes by sympy.
    n_arguments : int
    spellings : tuple of str
        Other names that are accepted.
    latex, mathml : tuple of str, optional
        The signs before and after the argument. Default: the name in upright letters, and brackets.
    encloses : bool
        Whether these signs enclose the argument, so that a power of it needs no brackets.
    homogeneous : bool
        Whether a positive factor of all arguments comes out as it is.
    any_unit : bool
        Whether the argument may have any unit, and the value has none.
    folds : str
        Operation of a program that takes any number of arguments, for an operator such as ``Max``.
    """

    name: str
    build: Callable[..., Expr]
    n_arguments: int = 1
    spellings: tuple[str, ...] = ()
    latex: Signs | None = None
    mathml: Signs | None = None
    encloses: bool = False
    homogeneous: bool = False
    any_unit: bool = False
    folds: str = ""

    def in_latex(self, inside: str) -> str:
        """Return the call of LaTeX arguments."""
        before, after = self.latex or (rf"\operatorname{{{self.name}}}\left(", r"\right)")
        return before + inside + after

    def in_mathml(self, inside: str) -> str:
        """Return the call of MathML arguments."""
        default = (f"<mi>{self.name}</mi><mo>\u2061</mo><mrow><mo>(</mo>", "<mo>)</mo></mrow>")
        before, after = self.mathml or default
        return before + inside + after


@dataclass(frozen=True, eq=False, kw_only=True)
class Function(Notation):
    """A function of one argument that is a class of sympy.

    Parameters
    ----------
    sympy_name : str
        That class.
    numpy : callable
        Value of an array; NaN where it is not real or not finite, without a warning filter of its own.
    torch : callable
        Value of a tensor, by tensor methods.
    slope : callable
        ``slope(u, value)`` -> derivative, for tensors.
    bounds : callable
        ``bounds(interval)`` -> interval of the values. Default: no bounds, which is always true.
    source : Source
        Its spelling in other languages.
    limit : Limit, optional
        The limit beyond which it is not real and finite.
    smooth, smooth_at : Domain, float
        Where the derivative is finite, and a point in there.
    never_zero, zero_with_argument : bool
        Whether it has no zero; whether it is zero where its argument is, and only there.
    jumps : bool
        Whether it changes its sign without a zero or a pole between.
    period : float
        Its period; 0 for a function that has none.
    by_others : callable, optional
        ``by_others(u)`` -> the same by functions that an edge may apply, for one that no primitive is.
    """

    sympy_name: str
    numpy: Callable[[Any], Any]
    torch: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    bounds: Callable[[Interval], Interval] = intervals.anything
    source: Source = _NOWHERE
    limit: Limit | None = None
    smooth: Domain = REAL
    smooth_at: float = 0.0
    never_zero: bool = False
    zero_with_argument: bool = False
    jumps: bool = False
    period: float = 0.0
    by_others: Callable[[Expr], Expr] | None = None

    @property
    def domain(self) -> Domain:
        """The domain of the argument, as far as an interval can describe it."""
        return REAL if self.limit is None or not self.limit.domain.zero else self.limit.domain


# --- columns that are functions ---


def _latex(command: str) -> Signs:
    return command + r"\left(", r"\right)"


def _log(u: Array) -> Array:
    return np.asarray(np.log(np.where(u > 0, u, np.nan)))


def _erf(u: Array) -> Any:
    from scipy.special import erf

    return erf(u)


def _cosine(u: Expr) -> Expr:
    import sympy

    return sympy.cos(u, evaluate=False)


def _log_of(base: int) -> Callable[[Expr], Expr]:
    def form(u: Expr) -> Expr:
        import sympy

        return sympy.log(u) / sympy.log(base)

    return form


def _arccos_by_arcsin(u: Expr) -> Expr:
    import sympy

    return sympy.pi / 2 - sympy.asin(u)


def _by_exponentials(sign: int) -> Callable[[Expr], Expr]:
    """Return the hyperbolic cosine (`sign` 1) or sine (-1) by exponentials."""
    return lambda u: (forms.exponential(u) + sign * forms.exponential(-u)) / 2


def _inverse_of(name: str) -> Limit:
    return Limit(UNIT, f"the argument of {name},")


_OPEN_UNIT = Domain(lower=-1.0, upper=1.0)

# --- the table ---

EXP = Function(
    "exp", forms.exponential, sympy_name="exp",
    numpy=np.exp, torch=lambda u: u.exp(), slope=lambda u, f: f,
    bounds=intervals.rising(np.exp), never_zero=True, smooth=Domain(upper=ABOVE_OVERFLOW),
    latex=("e^{", "}"), mathml=("<msup><mi>e</mi><mrow>", "</mrow></msup>"), source=_called("np.exp", "exp", "EXP"),
)  # fmt: skip

LOG = Function(
    "log", forms.sympy_class("log"), spellings=("ln",), sympy_name="log",
    numpy=_log, torch=lambda u: u.log(), slope=lambda u, f: 1 / u,
    bounds=intervals.logarithm, limit=Limit(POSITIVE, "the argument of the logarithm,", slow=True),
    smooth=POSITIVE, smooth_at=1.0, latex=_latex(r"\log"),
    source=Source(
        Spelling("log", "def log(u):\n    return np.log(np.where(u > 0, u, np.nan))"),
        Spelling("real_log", "static double real_log(double u) { return u > 0 ? log(u) : NAN; }"),
        Spelling("LN"),
    ),
)  # fmt: skip

ABS = Function(
    "abs", forms.absolute, spellings=("Abs",), sympy_name="Abs",
    numpy=np.abs, torch=lambda u: u.abs(), slope=lambda u, f: u.sign(),
    bounds=intervals.absolute, zero_with_argument=True, homogeneous=True,
    latex=(r"\left|", r"\right|"), encloses=True,
    mathml=('<mrow><mo fence="true">|</mo>', '<mo fence="true">|</mo></mrow>'),
    source=_called("np.abs", "fabs", "ABS"),
)  # fmt: skip

_ROWS = (
    EXP,
    LOG,
    Function(
        "sin", forms.sympy_class("sin"), sympy_name="sin",
        numpy=np.sin, torch=lambda u: u.sin(), slope=lambda u, f: u.cos(),
        bounds=intervals.sine, latex=_latex(r"\sin"), source=_called("np.sin", "sin", "SIN"), period=2 * math.pi,
    ),
    Function(
        "cos", forms.sympy_class("cos"), sympy_name="cos",
        numpy=np.cos, torch=lambda u: u.cos(), slope=lambda u, f: -u.sin(),
        bounds=intervals.cosine, latex=_latex(r"\cos"), source=_called("np.cos", "cos", "COS"), period=2 * math.pi,
    ),
    Function(
        "tan", forms.tangent, sympy_name="tan",
        numpy=np.tan, torch=lambda u: u.tan(), slope=lambda u, f: 1 + f * f,
        bounds=intervals.tangent, limit=Limit(Domain(zero=False), "in a tangent,", of=_cosine),
        latex=_latex(r"\tan"), source=_called("np.tan", "tan", "TAN"), period=math.pi,
    ),
    Function(
        "arcsin", forms.sympy_class("asin"), spellings=("asin",), sympy_name="asin",
        numpy=np.arcsin, torch=lambda u: u.asin(), slope=lambda u, f: (1 - u * u).rsqrt(),
        bounds=intervals.between(-1.0, 1.0, np.arcsin), limit=_inverse_of("arcsin"), smooth=_OPEN_UNIT,
        latex=_latex(r"\arcsin"), source=_called("np.arcsin", "asin", "ASIN"),
    ),
    Function(
        "arccos", forms.sympy_class("acos"), spellings=("acos",), sympy_name="acos",
        numpy=np.arccos, torch=lambda u: u.acos(), slope=lambda u, f: -(1 - u * u).rsqrt(),
        bounds=intervals.between(-1.0, 1.0, np.arccos, falls=True), limit=_inverse_of("arccos"), smooth=_OPEN_UNIT,
        latex=_latex(r"\arccos"), source=_called("np.arccos", "acos", "ACOS"), by_others=_arccos_by_arcsin,
    ),
    Function(
        "arctan", forms.sympy_class("atan"), spellings=("atan",), sympy_name="atan",
        numpy=np.arctan, torch=lambda u: u.atan(), slope=lambda u, f: 1 / (1 + u * u),
        bounds=intervals.rising(np.arctan), latex=_latex(r"\arctan"), source=_called("np.arctan", "atan", "ATAN"),
    ),
    Function(
        "sinh", forms.sympy_class("sinh"), sympy_name="sinh",
        numpy=np.sinh, torch=lambda u: u.sinh(), slope=lambda u, f: u.cosh(),
        bounds=intervals.rising(np.sinh), latex=_latex(r"\sinh"), source=_called("np.sinh", "sinh", "SINH"),
        by_others=_by_exponentials(-1),
    ),
    Function(
        "cosh", forms.sympy_class("cosh"), sympy_name="cosh",
        numpy=np.cosh, torch=lambda u: u.cosh(), slope=lambda u, f: u.sinh(),
        bounds=lambda u: intervals.rising(np.cosh)(intervals.absolute(u)), never_zero=True,
        latex=_latex(r"\cosh"), source=_called("np.cosh", "cosh", "COSH"), by_others=_by_exponentials(1),
    ),
    Function(
        "tanh", forms.sympy_class("tanh"), sympy_name="tanh",
        numpy=np.tanh, torch=lambda u: u.tanh(), slope=lambda u, f: 1 - f * f,
        bounds=intervals.rising(np.tanh), latex=_latex(r"\tanh"), source=_called("np.tanh", "tanh", "TANH"),
    ),
    ABS,
    Function(
        "sign", forms.sympy_class("sign"), sympy_name="sign",
        numpy=np.sign, torch=lambda u: u.sign(), slope=lambda u, f: u * 0,
        bounds=intervals.rising(np.sign), jumps=True, any_unit=True,
        source=Source(
            Spelling("np.sign"),
            Spelling("real_sign", "static double real_sign(double u) { return u > 0 ? 1.0 : u < 0 ? -1.0 : u; }"),
            Spelling("SIGN"),
        ),
    ),
    Function(
        "erf", forms.sympy_class("erf"), sympy_name="erf",
        numpy=_erf, torch=lambda u: u.erf(), slope=lambda u, f: (2 / math.sqrt(math.pi)) * (-u * u).exp(),
        bounds=intervals.rising(_erf),
        source=Source(
            Spelling("erf", "def erf(u):\n    return np.vectorize(math.erf, otypes=[float])(u)", "import math"),
            Spelling("erf"),
            Spelling("ERF"),
        ),
    ),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {row.sympy_name: row for row in _ROWS}
"""The functions by the name of their sympy class."""

SQRT = Notation(
    "sqrt", forms.sympy_class("sqrt"),
    latex=(r"\sqrt{", "}"), mathml=("<msqrt><mrow>", "</mrow></msqrt>"), encloses=True,
)  # fmt: skip

SHORTHANDS: dict[str, Notation] = {
    row.name: row
    for row in (
        SQRT,
        Notation("logistic", forms.logistic, spellings=("sigmoid",)),
        Notation("softplus", forms.softplus),
        Notation("relu", lambda u: forms.sympy_class("Max")(0, u)),
        Notation("square", lambda u: u**2),
        Notation("cube", lambda u: u**3),
        Notation("log10", _log_of(10)),
        Notation("log2", _log_of(2)),
        Notation(
            "Max", forms.sympy_class("Max"), 2, ("max",), latex=_latex(r"\max"),
            mathml=("<mi>max</mi><mo>\u2061</mo><mrow><mo>(</mo>", "<mo>)</mo></mrow>"), homogeneous=True, folds="max",
        ),
        Notation(
            "Min", forms.sympy_class("Min"), 2, ("min",), latex=_latex(r"\min"),
            mathml=("<mi>min</mi><mo>\u2061</mo><mrow><mo>(</mo>", "<mo>)</mo></mrow>"), homogeneous=True, folds="min",
        ),
    )
}  # fmt: skip
"""Functions that sympy expresses by other functions, and the operators of several arguments, by name."""


# --- looking up ---


def notations() -> Iterator[Notation]:
    """Yield every name that a formula may call."""
    yield from FUNCTIONS.values()
    yield from SHORTHANDS.values()


def notation(name: str) -> Notation | None:
    """Return the function that `name` calls in a formula, None if there is none."""
    return next((row for row in notations() if name == row.name or name in row.spellings), None)


def function_of(expr: Expr) -> Function | None:
    """Return the function that a sympy expression calls, None if it is something else."""
    return FUNCTIONS.get(type(expr).__name__)


def notation_of(expr: Expr) -> Notation | None:
    """Return the function or the operator of several arguments that a sympy expression calls, None for others."""
    name = type(expr).__name__
    row = FUNCTIONS.get(name) or SHORTHANDS.get(name)
    return row if row is None or row.folds or isinstance(row, Function) else None


def unknown_part(expr: Expr) -> Expr | None:
    """Return the first part of a sympy expression that formulas do not have, None if it can be written and evaluated.

    A formula has real symbols, finite real numbers, pi and e, sums, products, powers, and the functions of this table.
    """
    if expr.is_Symbol:
        return None
    if expr.is_Number:
        return None if expr.is_Float or expr.is_Rational else expr
    if expr.is_NumberSymbol:
        return None if type(expr).__name__ in ("Pi", "Exp1") else expr
    if not (expr.is_Add or expr.is_Mul or expr.is_Pow or notation_of(expr) is not None):
        return expr
    return next((part for part in map(unknown_part, expr.args) if part is not None), None)
