"""Formulas as MathML Core, which browsers draw without a library, so that reports need no network."""

from __future__ import annotations

import html
import re
import unicodedata

from eqdarts.expression.latex import GREEK, is_enclosed, name_parts
from eqdarts.expression.written import Call, Name, Negative, Number, Power, Product, Sum, Written, tidy
from eqdarts.primitives.functions import notation

__all__ = ["mathml", "plain_characters", "rate_mathml"]

_MINUS = '<mo form="prefix">\u2212</mo>'
_TIMES = '<mo lspace="0" rspace="0.17em">\u2062</mo>'  # invisible, but a screen reader says "times"
_DOT = "<mo>\u22c5</mo>"


def mathml(written: Written, target: str | None = None, digits: int | None = 6) -> str:
    """Return a written formula as MathML.

    Parameters
    ----------
    written : Written
    target : str, optional
        Name on the left of the equals sign.
    digits : int or None, default=6
        Significant digits of free numbers; None: all.

    Returns
    -------
    str
        One ``math`` element for each term of a sum, with spaces between them: browsers break lines only between
        elements.
    """
    written = tidy(written, digits)
    terms = [_mathml(term, digits) for term in (written.terms if isinstance(written, Sum) else (written,))]
    pieces = [terms[0], *(_continued(term) for term in terms[1:])]
    if target is not None:
        pieces[0] = f"{_name(target)}<mo>=</mo>{pieces[0]}"
    return " ".join(f"<math>{_row(piece)}</math>" for piece in pieces)


def rate_mathml(state: str, time: str, order: int = 1) -> str:
    """Return the derivative of a state with respect to time, and an equals sign, as MathML."""
    power = "<mi>d</mi>" if order == 1 else f"<msup><mi>d</mi><mn>{order}</mn></msup>"
    below = f"<mi>d</mi>{_name(time) if order == 1 else f'<msup>{_name(time)}<mn>{order}</mn></msup>'}"
    return f"<math>{_row(f'<mfrac>{_row(power + _name(state))}{_row(below)}</mfrac><mo>=</mo>')}</math>"


def plain_characters(text: str) -> str:
    """Return text with invisible characters, and those that reverse the reading order, replaced by U+FFFD."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _row(content: str) -> str:
    return f"<mrow>{content}</mrow>"


def _continued(term: str) -> str:
    """Return a later term of a sum after its sign."""
    if term.startswith(_MINUS):
        return f'<mo form="infix">\u2212</mo>{term.removeprefix(_MINUS)}'
    return f'<mo form="infix">+</mo>{term}'


def _name(name: str) -> str:
    parts = name_parts(name)
    if parts is None:
        return f"<mi>{html.escape(plain_characters(name))}</mi>"
    base, *below = map(_word, parts)
    return f"<msub>{base}{_row('<mo>,</mo>'.join(below))}</msub>" if below else base


def _word(word: str) -> str:
    if word in GREEK:
        size = "CAPITAL" if word[0].isupper() else "SMALL"
        spelt = word.upper().replace("LAMBDA", "LAMDA")  # as Unicode spells it
        return f"<mi>{unicodedata.lookup(f'GREEK {size} LETTER {spelt}')}</mi>"
    shown = html.escape(plain_characters(word))
    return f"<mn>{shown}</mn>" if word.isdigit() else f"<mi>{shown}</mi>"


def _number(shown: str) -> str:
    mantissa, e, exponent = shown.partition("e")
    sign, mantissa = (_MINUS, mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    if not e:
        return f"{sign}<mn>{mantissa}</mn>"
    low = f"{_MINUS if exponent.startswith('-') else ''}<mn>{exponent.lstrip('+-').lstrip('0') or '0'}</mn>"
    power = f"<msup><mn>10</mn>{_row(low)}</msup>"
    return f"{sign}{power}" if mantissa == "1" else f"{sign}<mn>{mantissa}</mn>{_DOT}{power}"


def _mathml(written: Written, digits: int | None) -> str:
    """Return the content of a row; a leading minus sign is `_MINUS`."""
    match written:
        case Number(free=free, exact=exact):
            if free:
                return _number(written.shown(digits))
            top, bar, bottom = exact.partition("/")
            return f"{_number(top)}<mo>/</mo><mn>{bottom}</mn>" if bar else _number(top)
        case Name(name, constant):
            return "<mi>\u03c0</mi>" if constant else _name(name)
        case Negative(of):
            return _MINUS + (_bracketed(of, digits) if isinstance(of, Sum) else _mathml(of, digits))
        case Sum(terms):
            first, *others = [_mathml(term, digits) for term in terms]
            return first + "".join(map(_continued, others))
        case Product(above, below):
            return _product(above, below, digits)
        case Power(base, exponent):
            plain = isinstance(base, Name) or is_enclosed(base)
            shown = _mathml(base, digits)
            plain = plain or (isinstance(base, Number) and re.fullmatch(r"<mn>[\d.]+</mn>", shown) is not None)
            shown = _row(shown) if plain else _row(_bracketed(base, digits))
            return f"<msup>{shown}{_row(_mathml(exponent, digits))}</msup>"
        case Call(name, arguments):
            return _call(name, arguments, digits)
    raise AssertionError(written)


def _bracketed(written: Written, digits: int | None) -> str:
    return _row(f"<mo>(</mo>{_mathml(written, digits)}<mo>)</mo>")


def _product(above: tuple[Written, ...], below: tuple[Written, ...], digits: int | None) -> str:
    top = _factors(above, digits) if above else "<mn>1</mn>"
    if not below:
        return top
    sign = ""
    if top.startswith(_MINUS) and not isinstance(above[0], Sum):
        sign, top = _MINUS, top.removeprefix(_MINUS)
    return f"{sign}<mfrac>{_row(top)}{_row(_factors(below, digits))}</mfrac>"


def _factors(factors: tuple[Written, ...], digits: int | None) -> str:
    if len(factors) == 1:
        return _mathml(factors[0], digits)
    shown = ""
    for k, factor in enumerate(factors):
        negative = k > 0 and isinstance(factor, Number) and factor.value < 0
        alone = not (isinstance(factor, (Sum, Negative)) or negative)
        part = _mathml(factor, digits) if alone else _bracketed(factor, digits)
        if shown:
            shown += _DOT if re.match(r"<mn>|<msup>(<mrow>)?<mn>", part) else _TIMES
        shown += part
    return shown


def _call(name: str, arguments: tuple[Written, ...], digits: int | None) -> str:
    row = notation(name)
    assert row is not None
    return row.in_mathml("<mo>,</mo>".join(_mathml(argument, digits) for argument in arguments))
