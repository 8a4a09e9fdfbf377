"""Names and comments in generated source: any column name becomes an identifier, and no text can end its comment."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Sequence

from eqdarts.errors import explain

__all__ = ["C_WORDS", "PYTHON_WORDS", "checked_identifier", "identifiers", "note"]

PYTHON_WORDS = frozenset({*keyword.kwlist, *keyword.softkwlist, "np", "math", "y"})
C_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    auto bool break case char complex const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    asm typeof true false alignas alignof constexpr nullptr thread_local static_assert imaginary unix linux I main y
    NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS X_TLOSS and or not xor new
    class this delete private public protected template namespace try catch throw using virtual friend operator
    acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 log log10 log1p log2 pow sqrt cbrt
    hypot fabs fmod ceil floor round trunc rint erf erfc gamma lgamma tgamma j0 j1 jn y0 y1 yn fmin fmax fdim fma isnan
    isfinite isinf isnormal signbit signgam nan scalb logb ilogb frexp ldexp modf drem significand
    """,
    )
)

LONGEST = 30


def identifiers(names: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    """Return a different ASCII identifier for each name, none of them in `taken`.

    >>> identifiers(["x", "reaction time [ms]", "θ_0", "lambda", "1/T", "x "], {"lambda"})
    ('x', 'reaction_time_ms', 'theta_0', 'lambda_', 'x_1_T', 'x_')
    """
    used = set(taken)
    found: list[str] = []
    for name in names:
        base = _ascii(name)
        # Names that look alike in ASCII get a final _, then _2, _3, ...
        chosen, k = base, 1
        while chosen in used:
            chosen, k = base + "_" * (k == 1) + f"_{k}" * (k > 1), k + 1
        used.add(chosen)
        found.append(chosen)
    return tuple(found)


def _ascii(name: str) -> str:
    shown = "".join(_letter(c) for c in unicodedata.normalize("NFKD", name)[:LONGEST])
    shown = re.sub(r"__+", "_", re.sub(r"[^0-9A-Za-z_]", "_", shown)).strip("_")
    shown = shown or "x"
    return f"x_{shown}" if shown[0].isdigit() or re.match(r"(M|FP|FLT|DBL|MATH|HUGE|INT)_", shown) else shown


def _letter(c: str) -> str:
    """Return an ASCII character as it is, a Greek letter by its English name, an accent as nothing, others as _."""
    if c.isascii():
        return c
    words = unicodedata.name(c, "").replace("LAMDA", "LAMBDA").split()
    if words[:1] == ["GREEK"] and "LETTER" in words[:-1]:
        return words[-1].lower() if "SMALL" in words else words[-1].capitalize()
    return "" if unicodedata.combining(c) else "_"


def checked_identifier(name: str, taken: Collection[str]) -> str:
    """Return `name`, the name of a function to generate.

    Raises
    ------
    ValueError
        If it is not an ASCII identifier, or already has a meaning in the language.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,59}", name) is None or name in taken:
        raise ValueError(
            explain(
                "The name of the function must be a plain identifier.",
                repr(name),
                "Use letters, digits and _, such as 'law'.",
            )
        )
    return name


def note(text: str, limit: int = 2000) -> str:
    """Return text for one line of a comment: without line breaks, invisible characters or ``*/``."""
    shown = "".join(c if c.isprintable() else "?" for c in text[:limit]) + ("..." if len(text) > limit else "")
    shown = re.sub(r"\?(?=\?)", "? ", shown)  # two of them may begin a trigraph of C
    return shown.replace("*/", "* /").replace("/*", "/ *").replace("\\", "|")
