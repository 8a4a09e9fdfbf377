r"""The one table of primitives: the scalar functions that an edge may apply.

A primitive maps a source value :math:`x` to :math:`f(u; s)` where :math:`u = a x + b` is the *inner* affine map
(absent, scale only, or scale and shift) and :math:`s` are shape coefficients (the exponent of ``power``).
Everything that eqdarts knows about a function stands in its row: value, derivatives, sympy form, domain, complexity and
the grid of initial coefficients. A new primitive is one more row.

The functions use tensor methods only, so this module imports neither torch nor sympy.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

from eqdarts.errors import closest, explain

__all__ = ["PRESETS", "PRIMITIVES", "Domain", "Primitive", "fixed_power", "get_primitive", "make_primitive", "resolve"]

Tensor = Any  # torch.Tensor; torch is imported late, so that `import eqdarts` stays quick
Partials = tuple[Tensor, Tensor, tuple[Tensor, ...]]


@dataclass(frozen=True)
class Domain:
    """Where a primitive is real and finite: an interval, perhaps without zero.

    Parameters
    ----------
    lower, upper : float
        Ends of the interval of the inner value `u`.
    closed : bool
        Whether the ends belong to the domain.
    zero : bool
        Whether zero belongs to the domain.
    """

    lower: float = -math.inf
    upper: float = math.inf
    closed: bool = False
    zero: bool = True

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(
                explain(
                    "A domain needs its lower end below its upper end.", (self.lower, self.upper), "Order the ends."
                )
            )

    def contains(self, u: Tensor) -> Tensor:
        """Return a boolean array or tensor of the shape of `u`: which values lie in the domain."""
        inside = (u >= self.lower) & (u <= self.upper) if self.closed else (u > self.lower) & (u < self.upper)
        return inside if self.zero else inside & (u != 0)

    def clamp(self, u: Tensor, margin: float = 1e-3) -> Tensor:
        """Move the values of tensor `u` that lie outside the domain, or within `margin` of its edge, to that margin."""
        if not self.zero and self.lower < 0:
            away = u.detach().sign()
            away = away + (away == 0).to(u.dtype)
            u = (u * away).clamp(min=margin) * away
        low = self.lower + margin if math.isfinite(self.lower) else None
        high = self.upper - margin if math.isfinite(self.upper) else None
        return u if low is None and high is None else u.clamp(min=low, max=high)


REAL, POSITIVE, NOT_NEGATIVE = Domain(), Domain(lower=0.0), Domain(lower=0.0, closed=True)
NOT_ZERO, UNIT = Domain(zero=False), Domain(lower=-1.0, upper=1.0, closed=True)


@dataclass(frozen=True)
class Primitive:
    r"""One row of the table: :math:`x \mapsto f(a x + b; s)`.

    Parameters
    ----------
    name : str
        What users type, and what equality and hashing go by.
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

    def __post_init__(self) -> None:
        wrong = [row for row in self.initial if len(row) != self.n_coefficients]
        if wrong or not self.initial:
            raise ValueError(
                explain(
                    f"Primitive {self.name!r} has {self.n_coefficients} coefficient(s), so has each row of `initial`.",
                    self.initial,
                    "Give at least one row of that length.",
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


def _rebuild(state: tuple[Any, ...]) -> Primitive:
    return Primitive(*state)


# --- sympy forms (sympy is imported when an equation is written, not before) ---


def _sympy_function(name: str) -> Callable[[Any], Any]:
    def form(u: Any) -> Any:
        import sympy

        return getattr(sympy, name)(u)

    return form


def _sympy_logistic(u: Any) -> Any:
    import sympy

    return 1 / (1 + sympy.exp(-u))


def _sympy_softplus(u: Any) -> Any:
    import sympy

    return sympy.log(1 + sympy.exp(u))


def _sympy_relu(u: Any) -> Any:
    import sympy

    return sympy.Max(0, u)


def _sympy_power(u: Any, p: Any) -> Any:
    return u**p


# --- values and partial derivatives ---


def _log_or_zero(u: Tensor) -> Tensor:
    """Return log u, with 0 in place of log 0 (only ever multiplied by a power of u) and NaN for negative u."""
    return u.log().nan_to_num(nan=math.nan, posinf=math.inf, neginf=0.0)


def _power(u: Tensor, p: Tensor) -> Tensor:
    return u.pow(p)


def _power_partials(u: Tensor, p: Tensor) -> Partials:
    value = u.pow(p)
    return value, p * u.pow(p - 1), (value * _log_or_zero(u),)


def _exp_partials(u: Tensor) -> Partials:
    value = u.exp()
    return value, value, ()


def _sqrt_partials(u: Tensor) -> Partials:
    value = u.sqrt()
    return value, 0.5 / value, ()


def _reciprocal_partials(u: Tensor) -> Partials:
    value = u.reciprocal()
    return value, -value * value, ()


def _tan_partials(u: Tensor) -> Partials:
    value = u.tan()
    return value, 1 + value * value, ()


def _tanh_partials(u: Tensor) -> Partials:
    value = u.tanh()
    return value, 1 - value * value, ()


def _logistic_partials(u: Tensor) -> Partials:
    value = u.sigmoid()
    return value, value * (1 - value), ()


def _softplus(u: Tensor) -> Tensor:
    return u.clamp(min=0) + (-u.abs()).exp().log1p()


def _relu(u: Tensor) -> Tensor:
    return u.clamp(min=0)


_SCALES = ((1.0,), (-1.0,), (0.3,), (-0.3,))
_FREQUENCIES = ((1.0,), (2.0,), (4.0,), (0.5,), (3.0,), (6.0,))
_SIGMOIDS = ((2.0, -2.0), (-2.0, 2.0), (1.0, 0.0), (-1.0, 0.0))


def _row(
    name: str, value: Callable[..., Tensor], derivative: Callable[..., Tensor], form: Any, **more: Any
) -> Primitive:
    """Make the row of a function without shape coefficients from its value and derivative."""
    return Primitive(name, value, lambda u: (value(u), derivative(u), ()), form, **more)


_TABLE = (
    _row("none", lambda u: u * 0, lambda u: u * 0, lambda u: u * 0, complexity=0),
    _row("linear", lambda u: u, lambda u: u * 0 + 1, lambda u: u, complexity=0, exponent=Fraction(1), homogeneous=True),
    Primitive(
        "power", _power, _power_partials, _sympy_power,
        shape=("exponent",), domain=NOT_NEGATIVE, complexity=2, homogeneous=True,
        initial=((0.5,), (1.5,), (-0.5,), (-1.5,)),
    ),
    Primitive(
        "reciprocal", lambda u: u.reciprocal(), _reciprocal_partials, lambda u: 1 / u,
        domain=NOT_ZERO, complexity=2, exponent=Fraction(-1), homogeneous=True,
    ),
    Primitive("exp", lambda u: u.exp(), _exp_partials, _sympy_function("exp"), inner=("scale",), initial=_SCALES),
    _row("log", lambda u: u.log(), lambda u: u.reciprocal(), _sympy_function("log"), domain=POSITIVE),
    Primitive(
        "sqrt", lambda u: u.sqrt(), _sqrt_partials, _sympy_function("sqrt"),
        domain=NOT_NEGATIVE, exponent=Fraction(1, 2), homogeneous=True,
    ),
    _row(
        "square", lambda u: u * u, lambda u: 2 * u, lambda u: u**2,
        complexity=2, exponent=Fraction(2), homogeneous=True,
    ),
    _row(
        "cube", lambda u: u * u * u, lambda u: 3 * u * u, lambda u: u**3,
        complexity=2, exponent=Fraction(3), homogeneous=True,
    ),
    _row("sin", lambda u: u.sin(), lambda u: u.cos(), _sympy_function("sin"), inner=("scale",), initial=_FREQUENCIES),
    _row("cos", lambda u: u.cos(), lambda u: -u.sin(), _sympy_function("cos"), inner=("scale",), initial=_FREQUENCIES),
    Primitive(
        "tan", lambda u: u.tan(), _tan_partials, _sympy_function("tan"), inner=("scale",), initial=((1.0,), (0.3,)),
    ),
    Primitive(
        "tanh", lambda u: u.tanh(), _tanh_partials, _sympy_function("tanh"),
        inner=("scale", "shift"), initial=_SIGMOIDS,
    ),
    Primitive(
        "logistic", lambda u: u.sigmoid(), _logistic_partials, _sympy_logistic,
        inner=("scale", "shift"), complexity=5, initial=_SIGMOIDS,
    ),
    _row(
        "softplus", _softplus, lambda u: u.sigmoid(), _sympy_softplus,
        inner=("scale", "shift"), complexity=4, initial=_SIGMOIDS,
    ),
    _row(
        "relu", _relu, lambda u: (u > 0).to(u.dtype), _sympy_relu,
        inner=("shift",), complexity=2, initial=((-1.0,), (0.0,), (-0.3,)),
    ),
    _row("abs", lambda u: u.abs(), lambda u: u.sign(), _sympy_function("Abs"), homogeneous=True),
    _row(
        "arcsin", lambda u: u.asin(), lambda u: (1 - u * u).rsqrt(), _sympy_function("asin"),
        inner=("scale",), domain=UNIT, initial=((0.3,), (0.1,)),
    ),
    _row(
        "arctan", lambda u: u.atan(), lambda u: (1 + u * u).reciprocal(), _sympy_function("atan"),
        inner=("scale",), initial=((1.0,), (0.3,), (3.0,)),
    ),
)  # fmt: skip

PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _TABLE}

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


def _sympy_rational(exponent: Fraction) -> Callable[[Any], Any]:
    def form(u: Any) -> Any:
        import sympy

        return u ** sympy.Rational(exponent.numerator, exponent.denominator)

    return form


def integer_power(u: Any, n: int) -> Any:
    """Return u**n by repeated squaring, arrays (n > 0) and tensors alike: valid for every real u (n < 0: but zero)."""
    result, square, left = None, u, abs(n)
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
    for row in _TABLE:
        if row.exponent == exponent:
            return row
    if exponent == 0:
        raise ValueError(explain("A fixed exponent must not be zero.", exponent, "Leave the edge out instead."))
    if exponent.denominator == 1:
        n = int(exponent)

        def value(u: Tensor) -> Tensor:
            return integer_power(u, n)

        def derivative(u: Tensor) -> Tensor:
            return n * integer_power(u, n - 1)

    elif exponent.denominator == 2:

        def value(u: Tensor) -> Tensor:
            return _half_integer_power(u, exponent.numerator)

        def derivative(u: Tensor) -> Tensor:
            return float(exponent) * _half_integer_power(u, exponent.numerator - 2)

    else:

        def value(u: Tensor) -> Tensor:
            return u.pow(float(exponent))

        def derivative(u: Tensor) -> Tensor:
            return float(exponent) * u.pow(float(exponent) - 1)

    domain = Domain(
        lower=-math.inf if exponent.denominator == 1 else 0.0, closed=exponent.denominator != 1, zero=exponent > 0
    )
    return _row(
        f"power[{exponent}]", value, derivative, _sympy_rational(exponent),
        domain=domain, complexity=2, exponent=exponent, homogeneous=True,
    )  # fmt: skip


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
        raise ValueError(explain("primitives must be known by name.", repr(name), closest(name, PRIMITIVES)))
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
    rows: dict[str, Primitive] = {"linear": PRIMITIVES["linear"]}
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
            raise ValueError(explain("Two primitives share one name.", repr(row.name), "Rename one of them."))
        if row.name != "none":
            rows[row.name] = row
    return tuple(rows.values())


def make_primitive(
    name: str,
    torch_fn: Callable[..., Any],
    sympy_fn: Callable[..., Any],
    *,
    n_coefficients: int = 0,
    domain: tuple[float, float] = (-math.inf, math.inf),
    complexity: int = 2,
    initial: Sequence[Sequence[float]] | None = None,
) -> Primitive:
    r"""Make a primitive of your own; it is checked before it is returned.

    Parameters
    ----------
    name : str
        A Python identifier that no built-in primitive has.
    torch_fn : callable
        ``torch_fn(x, *coefficients)`` -> tensor: elementwise, differentiable by torch. Coefficients are tensors that
        broadcast against `x`.
    sympy_fn : callable
        ``sympy_fn(x, *coefficients)`` -> the same function as a sympy expression.
    n_coefficients : int, default=0
        How many coefficients it takes.
    domain : tuple of float, default=(-inf, inf)
        Open interval of `x` on which it is real and finite.
    complexity : int, default=2
        Symbols it adds to a printed equation.
    initial : sequence of sequences of float, optional
        Starting coefficients to try, for inputs of magnitude one. Default: all ones.

    Raises
    ------
    ValueError
        If the name is taken, the shape changes, a value or derivative in the domain is not finite, or torch and sympy
        disagree.

    Examples
    --------
    >>> import sympy, torch
    >>> bump = make_primitive(
    ...     "bump", lambda x, a: torch.exp(-a * x**2), lambda x, a: sympy.exp(-a * x**2), n_coefficients=1
    ... )
    >>> bump.name
    'bump'
    """
    from eqdarts.primitives.own import check, partials_by_autograd

    if not name.isidentifier() or keyword.iskeyword(name) or name in PRIMITIVES:
        raise ValueError(
            explain("A primitive's name must be an identifier that is not taken.", repr(name), "Choose another name.")
        )
    if len(domain) != 2:
        raise ValueError(explain("The domain of a primitive is an interval.", domain, "Give (lower, upper)."))
    if initial is None:
        initial = ((1.0,) * n_coefficients,)
    row = Primitive(
        name,
        torch_fn,
        partials_by_autograd(torch_fn),
        sympy_fn,
        shape=tuple(f"c{k}" for k in range(n_coefficients)),
        domain=Domain(float(domain[0]), float(domain[1])),
        complexity=complexity,
        initial=tuple(tuple(float(c) for c in start) for start in initial),
    )
    check(row)
    return row
