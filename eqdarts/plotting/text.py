"""Formulas in pictures: typeset within a width. Long formulas are made smaller, then broken into lines, then cut."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eqdarts.plotting.style import set_name, text_width

if TYPE_CHECKING:
    from matplotlib.text import Text

__all__ = ["broken_lines", "terms", "typeset"]

LONGEST = 4000  # characters of LaTeX; measuring a longer formula takes too long


def typeset(text: Text, latex: str, plain: str, width: float, smallest: float = 5.5, n_lines: int = 3) -> None:
    """Show a formula within `width` points and `n_lines` lines: typeset if mathtext can read it.

    Parameters
    ----------
    text : Text
    latex, plain : str
        The formula, as LaTeX and as text.
    width : float
        Points.
    smallest : float, default=5.5
        Smallest font size in points.
    n_lines : int, default=3
        Largest number of lines; the formula is broken between terms. The rest is replaced by an ellipsis.
    """
    size = float(text.get_fontsize())
    smallest = min(smallest, size)
    latex = latex.replace(r"\hat{\ }", r"{\wedge}")  # mathtext draws the hat of nothing as a dash
    with _QuietMathtext():
        lines = _typeset_lines(latex, width, size, smallest, n_lines) if len(latex) <= LONGEST else None
    if lines is not None:
        needed = max((_width(line, size) for line in lines), default=0.0)
        text.set_text("\n".join(f"${line}$" for line in lines))
        text.set_fontsize(max(min(size, size * width / needed), smallest) if needed > 0 else size)
        return
    text.set_fontsize(smallest)
    average = text_width("0123456789 * abcdef", smallest) / 19
    per_line = max(int(width / average), 8)
    set_name(text, "\n".join(_wrapped(plain, per_line, n_lines)), limit=n_lines * (per_line + 1))


def _typeset_lines(latex: str, width: float, size: float, smallest: float, n_lines: int) -> list[str] | None:
    """Return the formula on one line if that fits at the smallest size, otherwise on several; None if nothing fits."""
    try:
        if _width(latex, smallest) <= width:
            return [latex]
        lines = broken_lines(terms(latex), width, smallest)
        fits = len(lines) <= n_lines and all(_width(line, smallest) <= width for line in lines)
        return lines if fits and len(lines) > 1 else None
    except ValueError:  # mathtext cannot read it
        return None


def _width(latex: str, size: float) -> float:
    return text_width(f"${latex}$", size)


def _wrapped(plain: str, per_line: int, n_lines: int) -> list[str]:
    """Return a formula's text on lines, broken at spaces and after operators; an ellipsis replaces the rest."""
    lines = [""]
    for piece in re.findall(r"\s*[^\s*/(,]*[*/(,]*", " ".join(plain[:LONGEST].split())):
        if len(lines[-1]) + len(piece) > per_line and lines[-1]:
            lines.append("")
        own = piece if lines[-1] else piece.lstrip()
        while len(lines[-1]) + len(own) > per_line:
            lines[-1], own = own[:per_line], own[per_line:]
            lines.append("")
        lines[-1] += own
        if len(lines) > n_lines:
            return [*lines[: n_lines - 1], lines[n_lines - 1][: per_line - 1] + "…"]
    return lines


def terms(latex: str) -> list[str]:
    r"""Return the pieces of a formula that may be placed on separate lines: they begin at + and - outside brackets.

    >>> terms(r"y = a + \left(b - c\right) x - e^{x + 1}")
    ['y = a', '+ \\left(b - c\\right) x', '- e^{x + 1}']
    """
    pieces = []
    depth = 0  # of brackets
    start, at = 0, 0
    while at < len(latex):
        if latex.startswith((r"\left", r"\right"), at):
            depth += 1 if latex.startswith(r"\left", at) else -1
            at += 5
        elif latex[at] == "\\":
            at += 1  # an escaped brace is not a bracket
        elif latex[at] in "{}":
            depth += 1 if latex[at] == "{" else -1
        elif depth == 0 and latex[at : at + 3] in (" + ", " - ") and latex[start:at].strip() and latex[at - 1] != "=":
            pieces.append(latex[start:at].strip())
            start = at
        at += 1
    return [*pieces, latex[start:].strip()]


def broken_lines(pieces: Sequence[str], width: float, size: float) -> list[str]:
    """Return the pieces joined to as few lines of `width` points as possible."""
    lines: list[str] = []
    room = 0.0
    for piece in pieces:
        needed = _width(piece, size) + size / 2
        if lines and needed <= room:
            lines[-1] += f" {piece}"
            room -= needed
        else:
            lines.append(piece if not lines else rf"\quad {piece}")
            room = width - needed - (size if len(lines) > 1 else 0)
    return lines


class _QuietMathtext:
    """Silence the warning of mathtext about a missing glyph: the picture shows a box in its place."""

    def __enter__(self) -> None:
        self._level = logging.getLogger("matplotlib.mathtext").level
        logging.getLogger("matplotlib.mathtext").setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.getLogger("matplotlib.mathtext").setLevel(self._level)
