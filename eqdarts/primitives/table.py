r"""The one table of primitives: the scalar functions that an edge may apply.

A primitive maps a source value :math:`x` to :math:`f(u; s)` where :math:`u = a x + b` is the *inner* affine map
(absent, scale only, or scale and shift) and :math:`s` are shape coefficients (the exponent of ``power``).
Everything that eqdarts knows about a function is in its row or, if formulas call it by name, in the row of
`eqdarts.primitives.functions` to which it refers. No other module refers to a function by its name. A new primitive is
one more row. With a kernel its refits are fast; without one, tensor operations are used.

The functions use tensor methods only, so this module imports neither torch nor sympy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array
from eqdarts.errors import closest, explain
from eqdarts.primitives import forms
from eqdarts.primitives.domain import NOT_NEGATIVE, NOT_ZERO, REAL, Domain
from eqdarts.primitives.functions import FUNCTIONS, SHORTHANDS, Function

__all__ = [
    "LINEAR",
    "NONE",
    "PERIODIC",
    "POWER",
    "PRESETS",
    "PRIMITIVES",
    "Domain",
    "Inverse",
    "Kernel",
    "Primitive",
    "Solution",
    "Transform",
    "fixed_power",
    "get_primitive",
    "integer_power",
    "primitive_of",
    "resolve",
    "row_from",
    "row_of",
]

Tensor = Any  # torch.Tensor; torch is imported late, so that `import eqdarts` stays quick
Partials = tuple[Tensor, Tensor, tuple[Tensor, ...]]

AS_EXP = 129  # frequency of a function that was not counted: that of exp


class Kernel(NamedTuple):
    """The compiled function of `eqdarts.solver.kernels` that a primitive is, and the power that it takes.

    A name and not a number: the compiler keeps its results on disk as long as the file of the kernels stays the same,
    and so the numbers must stand in that file.
    """

    name: str
    power: float = 0.0


class Transform(NamedTuple):
    """The functions for fitting a polynomial to h where y = f(h): the slope dh/dy at y, and f, on arrays of y > 0."""

    slope: Callable[[Array], Array]
    value: Callable[[Array], Array]


class Solution(NamedTuple):
    """A solution of f(u) = v: u is `constant` plus `weight` times the function called `name` of v."""

    name: str
    weight: float = 1.0
    constant: float = 0.0


class Inverse(NamedTuple):
    """How y = f(h) is solved for h, on arrays: ``solve(y)`` is h, or not finite where there is none.

    With a `transform`, a polynomial in the inputs is fitted to h as well as to y.
    """

    solve: Callable[[Array], Array]
    transform: Transform | None = None


@dataclass(frozen=True)
class Primitive:
    r"""One row of the table: :math:`x \mapsto f(a x + b; s)`.

    Parameters
    ----------
    name : str
        The name that users type. Equality and hashing use it.
    value : callable
        ``value(u, *shape)`` -> tensor of the shape of `u`. Outside the domain it gives NaN or infinity, never a number.
    partials : callable
        ``partials(u, *shape)`` -> ``(value, dvalue/du, (dvalue/dshape, ...))``.
    sympy_form : callable
        ``sympy_form(u, *shape)`` -> sympy expression.
    inner : tuple of str
        The coefficients of the inner map that are free: ``()``, ``("scale",)``, ``("shift",)`` or both.
    shape : tuple of str
        Names of the shape coefficients.
    domain : Domain
        Where `u` must lie.
    complexity : int
        Symbols that the function itself adds to a printed equation.
    initial : tuple of tuple of float
        Grid of initial coefficients, ordered inner then shape, for sources whose typical magnitude is one.
    exponent : Fraction or None
        p, if the function is the fixed power :math:`u^p`.
    homogeneous : bool
        Whether :math:`f(k u) = k^p f(u)` for k > 0, so that an inner scale would be redundant.
    function : Function, optional
        The function of formulas that it is, if it has no shape coefficients.
    kernel : Kernel, optional
        Its compiled form. Without one, graphs with it are computed by tensor operations.
    frequency : int
        Frequency in 4080 formulas of an encyclopedia, which determines its cost in a description.
    family : str
        Functions of one family rarely occur inside each other in laws. Default: a family of its own.
    inverse : Inverse, optional
        For a function that may stand outside of a law.
    solved_by : tuple of Solution
        Solutions of f(u) = v for u, one for each branch. Powers need none.
    label : str
        Mathtext of f, with {u} for the argument and {0} for the first shape coefficient. Default:
        its name and brackets.
    oscillates : bool
        Whether it is a wave, whose frequency may lie far from those of `initial`.
    scale_out : callable, optional
        ``scale_out(k)`` -> (factor, shift) with f(k u) = factor f(u) + shift, or None where there are none. Powers need
        none.
    shift_out : callable, optional
        ``shift_out(c)`` -> factor with f(c + u) = factor f(u); 0 where it is not finite.
    """

    name: str
    value: Callable[..., Tensor] = field(compare=False, repr=False)
    partials: Callable[..., Partials] = field(compare=False, repr=False)
    sympy_form: Callable[..., Any] = field(compare=False, repr=False)
    inner: tuple[str, ...] = field(default=(), compare=False)
    shape: tuple[str, ...] = field(default=(), compare=False)
    domain: Domain = field(default=REAL, compare=False, repr=False)
    complexity: int = field(default=1, compare=False, repr=False)
    initial: tuple[tuple[float, ...], ...] = field(default=((),), compare=False, repr=False)
    exponent: Fraction | None = field(default=None, compare=False, repr=False)
    homogeneous: bool = field(default=False, compare=False, repr=False)
    function: Function | None = field(default=None, compare=False, repr=False)
    kernel: Kernel | None = field(default=None, compare=False, repr=False)
    frequency: int = field(default=AS_EXP, compare=False, repr=False)
    family: str = field(default="", compare=False, repr=False)
    inverse: Inverse | None = field(default=None, compare=False, repr=False)
    solved_by: tuple[Solution, ...] = field(default=(), compare=False, repr=False)
    label: str = field(default="", compare=False, repr=False)
    oscillates: bool = field(default=False, compare=False, repr=False)
    scale_out: Callable[[float], tuple[float, float] | None] | None = field(default=None, compare=False, repr=False)
    shift_out: Callable[[float], float] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        wrong = [row for row in self.initial if len(row) != self.n_coefficients]
        if wrong or not self.initial:
            raise ValueError(
                explain(
                    f"Rows of `initial` of primitive {self.name!r} must have {self.n_coefficients} value(s).",
                    self.initial,
                    "Pass at least one row, with one value for each coefficient.",
                )
            )

    def __reduce__(self) -> Any:
        if _builtin(self.name) is self:
            return get_primitive, (self.name,)
        return _rebuild, (tuple(getattr(self, name) for name in self.__dataclass_fields__),)

    @property
    def n_coefficients(self) -> int:
        """Number of coefficients: inner, then shape."""
        return len(self.inner) + len(self.shape)

    @property
    def neutral(self) -> tuple[float, ...]:
        """Inner coefficients that change nothing: scale 1, shift 0."""
        return tuple(1.0 if name == "scale" else 0.0 for name in self.inner)

    def inner_value(self, x: Any, coefficients: Sequence[Any]) -> Any:
        """Return u = scale * x + shift for the inner coefficients that this primitive has."""
        u = x
        for name, coefficient in zip(self.inner, coefficients, strict=False):
            u = u * coefficient if name == "scale" else u + coefficient
        return u

    def __call__(self, x: Tensor, *coefficients: Any) -> Tensor:
        """Evaluate f(a x + b; s) elementwise; `coefficients` are inner then shape and broadcast against `x`."""
        return self.value(self.inner_value(x, coefficients), *coefficients[len(self.inner) :])

    def sympy(self, x: Any, *coefficients: Any) -> Any:
        """Return the sympy expression of f(a x + b; s)."""
        return self.sympy_form(self.inner_value(x, coefficients), *coefficients[len(self.inner) :])

    @property
    def kin(self) -> str:
        """The family: its own name, unless the row says otherwise."""
        return self.family or self.name

    @property
    def is_of_affine(self) -> bool:
        """Whether it is f(a x + b) with both coefficients free, so that f(a x) needs a sum node for a x."""
        return self.inner == ("scale", "shift")

    @property
    def scale_is_shift(self) -> bool:
        """Whether a scale of `u` comes out as a shift of the value, as that of a logarithm does."""
        return self.scale_out is not None and not self.homogeneous

    @property
    def keeps_form_when_scaled(self) -> bool:
        """Whether c f can be written with a coefficient inside f instead of c, for any unit of y."""
        return self.homogeneous or self.shift_out is not None

    def exponent_at(self, shape: Sequence[float]) -> Fraction | float | None:
        """Return p, if the function is :math:`u^p`: a Fraction if it is fixed, a float if it is learned."""
        return shape[0] if self.homogeneous and shape else self.exponent

    def scaled(self, k: float, shape: Sequence[float] = ()) -> tuple[float, float] | None:
        """Return (factor, shift) such that f(k u) = factor f(u) + shift wherever f(u) is defined, None for none."""
        if self.scale_out is not None:
            return self.scale_out(k)
        exponent = self.exponent_at(shape)
        whole = isinstance(exponent, Fraction) and exponent.denominator == 1
        if exponent is None or (k <= 0 and not whole):
            return None
        try:
            factor = k ** float(exponent)
        except (OverflowError, ZeroDivisionError):
            return None
        return (factor, 0.0) if math.isfinite(factor) and factor != 0.0 else None


def _rebuild(state: tuple[Any, ...]) -> Primitive:
    return Primitive(*state)


# --- values and partial derivatives of what formulas have no function for ---


def _log_or_zero(u: Tensor) -> Tensor:
    """Return log u, with 0 in place of log 0 (only ever multiplied by a power of u) and NaN for negative u."""
    return u.log().nan_to_num(nan=math.nan, posinf=math.inf, neginf=0.0)


def _power_partials(u: Tensor, p: Tensor) -> Partials:
    value = u.pow(p)
    return value, p * u.pow(p - 1), (value * _log_or_zero(u),)


def _softplus(u: Tensor) -> Tensor:
    return u.clamp(min=0) + (-u.abs()).exp().log1p()


# --- making rows ---


def row_from(
    name: str,
    value: Callable[[Tensor], Tensor],
    slope: Callable[[Tensor, Tensor], Tensor],
    form: Callable[..., Any],
    **columns: Any,
) -> Primitive:
    """Make the row of a function without shape coefficients.

    Parameters
    ----------
    name, value, form
        As the fields `name`, `value` and `sympy_form` of `Primitive`.
    slope : callable
        ``slope(u, f)`` -> derivative at `u`, where f is the value there.
    **columns
        The other fields.
    """

    def partials(u: Tensor) -> Partials:
        f = value(u)
        return f, slope(u, f), ()

    return Primitive(name, value, partials, form, **columns)


def row_of(function: Function, **columns: Any) -> Primitive:
    """Make the row of a function that formulas call: value, slope, form and domain are those of its own row."""
    f = function
    return row_from(f.name, f.torch, f.slope, f.build, function=f, domain=f.domain, **columns)


def _exp_or_zero(c: float) -> float:
    """Return e to the c, or 0 where that is not a finite number."""
    return math.exp(c) if c < 700.0 else 0.0


def _log_scale(k: float) -> tuple[float, float] | None:
    return (1.0, math.log(k)) if k > 0.0 else None


_SCALE, _BOTH = ("scale",), ("scale", "shift")
_SCALES = ((1.0,), (-1.0,), (0.3,), (-0.3,))
_FREQUENCIES = ((1.0,), (2.0,), (4.0,), (0.5,), (3.0,), (6.0,))
_SIGMOIDS = ((2.0, -2.0), (-2.0, 2.0), (1.0, 0.0), (-1.0, 0.0))

# The order of the rows is the order in which outer functions are tried.
#
# Frequencies are those in 4080 formulas of an encyclopedia (Guimera et al. 2020, Sci. Adv. 6, eaav6971). A plain
# operand counts as the most frequent of them: a line is the first thing that noise looks like. Of the general powers
# half count as learned exponents and half as fixed ones, a quarter of these as roots. The inverses of tangent and sine
# do not occur. Others, such as a user's, are as frequent as exp.
_TABLE = (
    row_from("none", lambda u: u * 0, lambda u, f: u * 0, lambda u: u * 0, complexity=0, kernel=Kernel("none")),
    row_from(
        "linear", lambda u: u, lambda u, f: u * 0 + 1, lambda u: u,
        complexity=0, exponent=Fraction(1), homogeneous=True, kernel=Kernel("linear"), frequency=1146, label="{u}",
        inverse=Inverse(lambda y: y, Transform(np.ones_like, lambda h: h)),
    ),
    Primitive(
        "power", lambda u, p: u.pow(p), _power_partials, lambda u, p: u**p,
        shape=("exponent",), domain=NOT_NEGATIVE, complexity=2, homogeneous=True,
        initial=((0.5,), (1.5,), (-0.5,), (-1.5,)),
        kernel=Kernel("power"), frequency=326, label="{u}^{{{0}}}",
    ),
    row_of(
        FUNCTIONS["exp"], inner=_SCALE, initial=_SCALES,
        kernel=Kernel("exp"), frequency=129, family="exp", label="e^{{{u}}}",
        inverse=Inverse(np.log, Transform(lambda y: 1 / y, np.exp)), shift_out=_exp_or_zero,
        solved_by=(Solution("log"),),
    ),
    row_from(
        "reciprocal", lambda u: u.reciprocal(), lambda u, f: -f * f, lambda u: 1 / u,
        domain=NOT_ZERO, complexity=2, exponent=Fraction(-1), homogeneous=True,
        kernel=Kernel("reciprocal"), frequency=1146, label="1/{u}",
        inverse=Inverse(lambda y: 1 / y, Transform(lambda y: -1 / y**2, lambda h: 1 / h)),
    ),
    row_from(
        "sqrt", lambda u: u.sqrt(), lambda u, f: 0.5 / f, SHORTHANDS["sqrt"].build,
        domain=NOT_NEGATIVE, exponent=Fraction(1, 2), homogeneous=True,
        kernel=Kernel("sqrt"), frequency=211, label=r"\sqrt{{{u}}}",
        inverse=Inverse(np.square, Transform(lambda y: 2 * y, np.sqrt)),
    ),
    row_from(
        "square", lambda u: u * u, lambda u, f: 2 * u, SHORTHANDS["square"].build,
        complexity=2, exponent=Fraction(2), homogeneous=True,
        kernel=Kernel("square"), frequency=547, label="{u}^2", inverse=Inverse(np.sqrt),
    ),
    row_from(
        "cube", lambda u: u * u * u, lambda u, f: 3 * u * u, SHORTHANDS["cube"].build,
        complexity=2, exponent=Fraction(3), homogeneous=True, kernel=Kernel("cube"), frequency=38, label="{u}^3",
    ),
    row_of(
        FUNCTIONS["log"], kernel=Kernel("log"), frequency=132,
        inverse=Inverse(lambda y: np.exp(np.clip(y, -30, 30))), scale_out=_log_scale,
        solved_by=(Solution("exp"),),
    ),
    row_of(
        FUNCTIONS["sin"], inner=_SCALE, initial=_FREQUENCIES,
        kernel=Kernel("sin"), frequency=39, family="sin", oscillates=True,
        inverse=Inverse(np.arcsin), solved_by=(Solution("arcsin"), Solution("arcsin", -1.0, math.pi)),
    ),
    row_of(
        FUNCTIONS["cos"], inner=_SCALE, initial=_FREQUENCIES,
        kernel=Kernel("cos"), frequency=65, family="sin", oscillates=True,
        solved_by=(Solution("arcsin", -1.0, math.pi / 2), Solution("arcsin", 1.0, -math.pi / 2)),
    ),
    row_of(
        FUNCTIONS["tan"], inner=_SCALE, initial=((1.0,), (0.3,)), kernel=Kernel("tan"), frequency=4, family="sin",
        solved_by=(Solution("arctan"),),
    ),
    row_of(
        FUNCTIONS["tanh"], inner=_BOTH, initial=_SIGMOIDS, kernel=Kernel("tanh"), frequency=6, family="exp",
        inverse=Inverse(np.arctanh),
    ),
    row_from(
        "logistic", lambda u: u.sigmoid(), lambda u, f: f * (1 - f), SHORTHANDS["logistic"].build,
        inner=_BOTH, complexity=5, initial=_SIGMOIDS, kernel=Kernel("logistic"), family="exp",
        inverse=Inverse(lambda y: np.log(y / (1 - y))),
    ),
    row_from(
        "softplus", _softplus, lambda u, f: u.sigmoid(), SHORTHANDS["softplus"].build,
        inner=_BOTH, complexity=4, initial=_SIGMOIDS, kernel=Kernel("softplus"), frequency=27, family="exp",
    ),
    row_from(
        "relu", lambda u: u.clamp(min=0), lambda u, f: (u > 0).to(u.dtype), SHORTHANDS["relu"].build,
        inner=("shift",), complexity=2, initial=((-1.0,), (0.0,), (-0.3,)), kernel=Kernel("relu"), frequency=27,
    ),
    row_of(
        FUNCTIONS["Abs"], homogeneous=True,
        kernel=Kernel("abs"), frequency=27, label="|{u}|", scale_out=lambda k: (abs(k), 0.0),
    ),
    row_of(
        FUNCTIONS["asin"], inner=_SCALE, initial=((0.3,), (0.1,)),
        kernel=Kernel("arcsin"), frequency=1, inverse=Inverse(np.sin),
        solved_by=(Solution("sin"),),
    ),
    row_of(
        FUNCTIONS["atan"], inner=_SCALE, initial=((1.0,), (0.3,), (3.0,)), kernel=Kernel("arctan"), frequency=1,
        inverse=Inverse(np.tan), solved_by=(Solution("tan"),),
    ),
)  # fmt: skip

PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _TABLE}

NONE = PRIMITIVES["none"]
LINEAR = PRIMITIVES["linear"]
POWER = PRIMITIVES["power"]

PERIODIC = frozenset(row.function for row in PRIMITIVES.values() if row.oscillates and row.function is not None)

PRESETS: dict[str, tuple[str, ...]] = {
    "default": (
        "linear", "reciprocal", "sqrt", "square", "cube", "power", "exp", "log", "sin", "cos", "tanh", "logistic",
        "arcsin", "arctan",
    ),
    "minimal": ("linear", "reciprocal", "power", "exp", "log"),
    "psychology": ("linear", "reciprocal", "power", "exp", "log", "tanh", "logistic", "softplus", "relu"),
    "physics": (
        "linear", "reciprocal", "sqrt", "square", "cube", "power", "exp", "log", "sin", "cos", "tan", "tanh", "arcsin",
        "arctan",
    ),
}  # fmt: skip


def integer_power(u: Any, n: int) -> Any:
    """Return u**n by repeated squaring, arrays (n > 0) and tensors alike: valid for every real u (n < 0: but zero)."""
    result = None
    square = u
    left = abs(n)
    while left:
        if left & 1:
            result = square if result is None else result * square
        left >>= 1
        if left:
            square = square * square
    assert result is not None
    return result if n > 0 else result.reciprocal()


def _half_integer_power(u: Tensor, n: int) -> Tensor:
    """Return u**(n / 2) for odd n: exact zeros and infinities at u = 0, NaN below."""
    root, whole = (u.sqrt(), (n - 1) // 2) if n > 0 else (u.rsqrt(), (n + 1) // 2)
    return root * integer_power(u, whole) if whole else root


@cache
def fixed_power(exponent: Fraction) -> Primitive:
    r"""Return the primitive :math:`u \mapsto u^p` with the exponent fixed.

    An integer exponent is valid for negative `u` too; a half-integer one (and every other) asks for :math:`u \ge 0`.

    Parameters
    ----------
    exponent : Fraction
        p. One, -1, 1/2, 2 and 3 are the rows linear, reciprocal, sqrt, square and cube.

    Raises
    ------
    ValueError
        If the exponent is zero.
    """
    for row in PRIMITIVES.values():
        if row.exponent == exponent:
            return row
    if exponent == 0:
        raise ValueError(explain("A fixed exponent must not be zero.", exponent, "Leave the edge out instead."))
    if exponent.denominator == 1:
        n = int(exponent)

        def value(u: Tensor) -> Tensor:
            return integer_power(u, n)

        def slope(u: Tensor, f: Tensor) -> Tensor:
            return n * integer_power(u, n - 1)

    elif exponent.denominator == 2:

        def value(u: Tensor) -> Tensor:
            return _half_integer_power(u, exponent.numerator)

        def slope(u: Tensor, f: Tensor) -> Tensor:
            return float(exponent) * _half_integer_power(u, exponent.numerator - 2)

    else:

        def value(u: Tensor) -> Tensor:
            return u.pow(float(exponent))

        def slope(u: Tensor, f: Tensor) -> Tensor:
            return float(exponent) * u.pow(float(exponent) - 1)

    domain = Domain(
        lower=-math.inf if exponent.denominator == 1 else 0.0, closed=exponent.denominator != 1, zero=exponent > 0
    )
    kind = {1: "integer", 2: "half"}.get(exponent.denominator, "real")
    kernel = Kernel(kind, float(exponent) if kind == "real" else float(exponent.numerator))
    return row_from(
        f"power[{exponent}]", value, slope, forms.rational_power(exponent),
        domain=domain, complexity=2, exponent=exponent, homogeneous=True, kernel=kernel,
        label=f"{{u}}^{{{{{exponent}}}}}",
    )  # fmt: skip


def primitive_of(function: Function) -> Primitive | None:
    """Return the primitive that a function of formulas is, None if there is none."""
    return next((row for row in PRIMITIVES.values() if row.function is function), None)


def _builtin(name: str) -> Primitive | None:
    """Return the row called `name` of eqdarts' own table or family of fixed powers, or None."""
    if name.startswith("power[") and name.endswith("]"):
        try:
            exponent = Fraction(name[6:-1])
        except (ValueError, ZeroDivisionError):
            return None
        return fixed_power(exponent) if exponent else None
    return PRIMITIVES.get(name)


def get_primitive(name: str) -> Primitive:
    """Return the row called `name`, for example ``"exp"`` or ``"power[3/2]"``.

    Raises
    ------
    ValueError
        If there is none; the message suggests the closest name.
    """
    row = _builtin(name)
    if row is None:
        raise ValueError(explain("There is no such primitive.", repr(name), closest(name, PRIMITIVES)))
    return row


def resolve(primitives: str | Iterable[str | Primitive]) -> tuple[Primitive, ...]:
    """Turn a preset name, or a list of names and Primitive rows, into rows; ``linear`` is always among them.

    Raises
    ------
    ValueError
        For an unknown preset or primitive, or two different rows of one name.
    TypeError
        For an entry that is neither a name nor a Primitive.
    """
    if isinstance(primitives, str):
        if primitives not in PRESETS:
            todo = f"Give the list [{primitives!r}]." if _builtin(primitives) else closest(primitives, PRESETS)
            raise ValueError(explain("primitives must be a preset or a list of names.", repr(primitives), todo))
        primitives = PRESETS[primitives]
    if not isinstance(primitives, Iterable):
        raise TypeError(
            explain(
                "primitives must be a preset or a list of names.", repr(primitives), f"Presets: {', '.join(PRESETS)}."
            )
        )
    rows: dict[str, Primitive] = {LINEAR.name: LINEAR}
    for entry in primitives:
        if not isinstance(entry, (str, Primitive)):
            raise TypeError(
                explain(
                    "primitives must be names or Primitive rows.",
                    repr(entry),
                    "Make a row with eqdarts.make_primitive(name, torch_fn, sympy_fn).",
                )
            )
        row = get_primitive(entry) if isinstance(entry, str) else entry
        if row.name in rows and rows[row.name] is not row:
            raise ValueError(explain("Primitives must have different names.", repr(row.name), "Rename one of them."))
        if row != NONE:
            rows[row.name] = row
    return tuple(rows.values())
