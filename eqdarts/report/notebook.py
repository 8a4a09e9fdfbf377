"""The display of a fit in a notebook: its law, the front as a small table, and the settings."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from eqdarts.equation.equation import Equation
from eqdarts.expression.mathml import plain_characters
from eqdarts.fitting.run import Run

__all__ = ["fitted_html"]

MOST_ROWS = 12


def fitted_html(run: Run, settings: str) -> str:
    """Return the law, and the front as a small table, as HTML without external style.

    Parameters
    ----------
    run : Run
    settings : str
        The estimator as Python writes it.
    """
    n = len(run.equations)
    shown = _around(run.chosen, n)
    rows = "".join(_row(run.equations[k], float(run.table["loss"].iloc[k]), k == run.chosen) for k in shown)
    left_out = n - len(shown)
    more = f" {left_out} more in <code>equations_</code>." if left_out else ""
    number = 'style="text-align: right"'
    return (
        '<div class="tex2jax_ignore mathjax_ignore" style="overflow-x: auto">'
        f'<div style="font-size: 1.3em; margin: 0.4em 0">{run.equation.mathml()}</div>'
        f"<details><summary>{n} equations, the simplest first</summary>"
        f"<table><thead><tr><th {number}>complexity</th><th {number}>loss</th>"
        f'<th style="text-align: left; padding-left: 1em">equation</th></tr></thead><tbody>{rows}</tbody></table>'
        f"<small>★ chosen.{more}</small></details>"
        '<pre style="font-size: 0.85em; opacity: 0.75; white-space: pre-wrap; margin: 0.4em 0">'
        f"{escape(plain_characters(settings))}</pre></div>"
    )


def _around(chosen: int, n: int) -> range:
    """Return the rows to show: at most `MOST_ROWS`, the chosen one among them."""
    first = min(max(chosen - MOST_ROWS // 2, 0), max(n - MOST_ROWS, 0))
    return range(first, min(first + MOST_ROWS, n))


def _row(equation: Equation, loss: float, is_chosen: bool) -> str:
    law = replace(equation, target=None).mathml()
    star = "★ " if is_chosen else ""
    return (
        f'<tr><td style="text-align: right">{star}{equation.complexity}</td>'
        f'<td style="text-align: right">{loss:.4g}</td><td style="text-align: left; padding-left: 1em">{law}</td></tr>'
    )
