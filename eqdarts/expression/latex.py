r"""Formulas as LaTeX: numbers, fractions and names such as ``theta_0`` set as :math:`\theta_{0}`."""

from __future__ import annotations

import re
import unicodedata

from eqdarts.expression.written import Call, Name, Negative, Number, Power, Product, Sum, Written, tidy
from eqdarts.primitives.functions import notation

__all__ = ["GREEK", "is_enclosed", "latex", "latex_name", "latex_number", "name_parts"]

_SMALL = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
_CAPITAL = ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
GREEK = frozenset({*_SMALL, *_CAPITAL})
_ESCAPES = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{\ }", "~": r"\sim ", "<": "{<}", ">": "{>}", " ": r"\ ", "\t": r"\ ", "\n": r"\ ", "`": r"{`}",
    "'": "{'}", '"': '{"}',
}  # fmt: skip


def latex_name(name: str) -> str:
    r"""Return the name of a column or parameter as LaTeX.

    A letter has what follows it as subscripts; any other name is set upright as one name, whatever it consists of.

    >>> print(latex_name("theta_0"), latex_name("x1"), latex_name("T_room"), latex_name("period_days"))
    \theta_{0} x_{1} T_{\mathrm{room}} \mathrm{period\_days}
    """
    parts = name_parts(name)
    if parts is None:
        return r"\mathrm{" + "".join(_ESCAPES.get(c, c if c.isprintable() else r"\ ") for c in name) + "}"
    base, *below = parts
    return _word(base) + ("_{" + ",".join(_word(part) for part in below) + "}" if below else "")


def name_parts(name: str) -> tuple[str, ...] | None:
    """Return the letter of a name and its subscripts; None for a name that is not a letter with subscripts.

    A word is no letter: ``log_pressure`` with a subscript would be a logarithm, and names of two and of four words
    would be set in two ways.

    >>> name_parts("theta_0"), name_parts("x1_a"), name_parts("period_days"), name_parts("reaction time")
    (('theta', '0'), ('x', '1', 'a'), None, None)
    """
    found = re.fullmatch(r"([^\W\d_]+)(\d*)((?:_[^\W_]+)*)", name)
    if found is None or not (len(found[1]) == 1 or found[1] in GREEK):
        return None
    return tuple(part for part in (found[1], found[2], *found[3].split("_")) if part)


def _greek(letter: str) -> str:
    """Return the name of a Greek letter, as LaTeX spells it, or an empty string."""
    kind, _, name = unicodedata.name(letter, "").replace("MICRO SIGN", "GREEK SMALL LETTER MU").partition(" LETTER ")
    name = name.replace("LAMDA", "LAMBDA")
    return {"GREEK SMALL": name.lower(), "GREEK CAPITAL": name.capitalize()}.get(kind, "")


def _word(word: str) -> str:
    if len(word) == 1 and _greek(word) in GREEK:
        word = _greek(word)
    if word in GREEK:
        return "\\" + word
    return word if len(word) == 1 or word.isdigit() else r"\mathrm{" + word + "}"


def latex_number(shown: str) -> str:
    r"""Return a number's text as LaTeX.

    >>> print(latex_number("1.5e-07"))
    1.5 \cdot 10^{-7}
    """
    mantissa, e, exponent = shown.partition("e")
    if not e:
        return shown
    power = f"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")


def latex(written: Written, digits: int | None = 6) -> str:
    """Return a written formula as LaTeX.

    Parameters
    ----------
    written : Written
    digits : int or None, default=6
        Significant digits of free numbers; None: all.
    """
    return _latex(tidy(written, digits), digits)


def _latex(written: Written, digits: int | None) -> str:
    match written:
        case Number(free=free, exact=exact):
            if free:
                return latex_number(written.shown(digits))
            top, bar, bottom = exact.partition("/")
            return rf"{top} / {bottom}" if bar else top
        case Name(name, constant):
            return r"\pi" if constant else latex_name(name)
        case Negative(of):
            return "- " + (_bracketed(of, digits) if isinstance(of, Sum) else _latex(of, digits))
        case Sum(terms):
            first, *others = [_latex(term, digits) for term in terms]
            return first + "".join(f" - {s[1:].lstrip()}" if s.startswith("-") else f" + {s}" for s in others)
        case Product(above, below):
            return _product(above, below, digits)
        case Power(base, exponent):
            plain = isinstance(base, Name) or is_enclosed(base)
            plain = plain or (isinstance(base, Number) and re.fullmatch(r"[\d.]+", _latex(base, digits)) is not None)
            shown = _latex(base, digits) if plain else _bracketed(base, digits)
            return f"{shown}^{{{_latex(exponent, digits)}}}"
        case Call(name, arguments):
            return _call(name, arguments, digits)
    raise AssertionError(written)


def _bracketed(written: Written, digits: int | None) -> str:
    return rf"\left({_latex(written, digits)}\right)"


def _product(above: tuple[Written, ...], below: tuple[Written, ...], digits: int | None) -> str:
    if not below:
        return _factors(above, digits)
    bottom = _latex(below[0], digits) if len(below) == 1 else _factors(below, digits)
    if not above:
        return rf"\frac{{1}}{{{bottom}}}"
    sign, top = "", _latex(above[0], digits) if len(above) == 1 else _factors(above, digits)
    if top.startswith("-") and not isinstance(above[0], Sum):
        sign, top = "- ", top[1:].lstrip()
    return rf"{sign}\frac{{{top}}}{{{bottom}}}"


def _factors(factors: tuple[Written, ...], digits: int | None) -> str:
    shown = ""
    for k, factor in enumerate(factors):
        negative = k > 0 and isinstance(factor, Number) and factor.value < 0
        part = _bracketed(factor, digits) if isinstance(factor, (Sum, Negative)) or negative else _latex(factor, digits)
        if shown:
            shown += _between(factors[k - 1], factor, part)
        shown += part
    return shown


def _between(left: Written, right: Written, right_latex: str) -> str:
    """Return the space or dot between two factors that keeps them apart."""
    if re.match(r"[\d.]|10\^|\{\d", right_latex):
        return r" \cdot "
    upright = right_latex.startswith(r"\mathrm") or (isinstance(left, Name) and r"\mathrm" in _latex(left, None))
    upright = upright or (isinstance(left, Name) and isinstance(right, Name) and r"\mathrm" in right_latex)
    return r" \, " if upright else " "


def is_enclosed(written: Written) -> bool:
    """Whether the signs of a function enclose its argument, so that a power of it needs no brackets."""
    row = notation(written.function) if isinstance(written, Call) else None
    return row is not None and row.encloses


def _call(name: str, arguments: tuple[Written, ...], digits: int | None) -> str:
    row = notation(name)
    assert row is not None
    return row.in_latex(", ".join(_latex(a, digits) for a in arguments))
