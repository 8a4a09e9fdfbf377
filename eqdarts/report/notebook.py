"""What a notebook shows of an estimator: once it is fitted, its law and the front."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import get_config
from sklearn.utils import estimator_html_repr

from eqdarts.expression.mathml import plain_characters

if TYPE_CHECKING:
    import pandas as pd

    from eqdarts.equation.equation import Equation

__all__ = ["DisplayMixin"]

MOST_ROWS = 12
DIGITS = 5


class DisplayMixin:
    """Shows the law where scikit-learn shows its diagram; before the fit, the diagram."""

    if TYPE_CHECKING:
        equation_: Equation
        front_: tuple[Equation, ...]
        equations_: pd.DataFrame

    def _repr_html_inner(self) -> str:
        return fitted_html(self) if hasattr(self, "equation_") else str(estimator_html_repr(self))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        if get_config()["display"] == "diagram":
            bundle["text/html"] = self._repr_html_inner()
        return bundle

    def _repr_latex_(self) -> str | None:
        return self.equation_._repr_latex_() if hasattr(self, "equation_") else None


def fitted_html(model: DisplayMixin) -> str:
    """Return the law, and the front as a small table, as HTML that needs no style from elsewhere."""
    chosen = int(np.flatnonzero(model.equations_["chosen"])[0])
    shown = _around(chosen, len(model.front_))
    rows = "".join(_row(model.front_[k], float(model.equations_["loss"].iloc[k]), k == chosen) for k in shown)
    left_out = len(model.front_) - len(shown)
    more = f" {left_out} more in <code>equations_</code>." if left_out else ""
    settings = escape(plain_characters(repr(model)))
    number = 'style="text-align: right"'
    return (
        '<div class="tex2jax_ignore mathjax_ignore" style="overflow-x: auto">'
        f'<div style="font-size: 1.3em; margin: 0.4em 0">{model.equation_.mathml()}</div>'
        f"<details><summary>{len(model.front_)} equations, the simplest first</summary>"
        f"<table><thead><tr><th {number}>complexity</th><th {number}>loss</th>"
        f'<th style="text-align: left; padding-left: 1em">equation</th></tr></thead><tbody>{rows}</tbody></table>'
        f"<small>★ chosen.{more}</small></details>"
        f'<pre style="font-size: 0.85em; opacity: 0.75; white-space: pre-wrap; margin: 0.4em 0">{settings}</pre></div>'
    )


def _around(chosen: int, n: int) -> range:
    """Return the rows to show: at most `MOST_ROWS`, the chosen one among them."""
    first = min(max(chosen - MOST_ROWS // 2, 0), max(n - MOST_ROWS, 0))
    return range(first, min(first + MOST_ROWS, n))


def _row(equation: Equation, loss: float, is_chosen: bool) -> str:
    law = replace(equation, target=None).mathml(DIGITS)
    star = "★ " if is_chosen else ""
    return (
        f'<tr><td style="text-align: right">{star}{equation.complexity}</td>'
        f'<td style="text-align: right">{loss:.4g}</td><td style="text-align: left; padding-left: 1em">{law}</td></tr>'
    )
