"""The front as a LaTeX table for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eqdarts.errors import explain
from eqdarts.expression.latex import latex_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["latex_table"]

NEEDED = ("complexity", "loss", "latex")


def latex_table(front: pd.DataFrame, digits: int = 3, width: str | None = None) -> str:
    r"""Return the front as a ``tabular`` with booktabs rules; an asterisk marks the chosen equation.

    Parameters
    ----------
    front : DataFrame
        ``DARTSRegressor.equations_``, with the columns complexity, loss and latex. Columns score and chosen are used
        if they are there.
    digits : int, default=3
        Significant digits of the loss.
    width : str, optional
        Width of the column of equations, such as ``r"0.6\linewidth"``; longer equations are broken. Default: as wide
        as the longest equation.

    Returns
    -------
    str
        Needs the packages booktabs, amsmath and, with `width`, array.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> table = latex_table(pd.DataFrame({"complexity": [5], "loss": [839.4], "latex": ["y = 364.9 x^{3 / 2}"]}))
    >>> print(table.splitlines()[-3].strip())
    5 & $839$ & $364.9 x^{3 / 2}$ \\
    """
    missing = [name for name in NEEDED if name not in front.columns]
    if missing:
        raise ValueError(
            explain(
                "The front must have all its columns.", f"no {', '.join(missing)}", "Pass equations_ of a fitted model."
            )
        )
    equations = ["".join(c if c.isprintable() else " " for c in str(equation)) for equation in front["latex"]]
    # A left-hand side that all equations share moves to the head of the column.
    heads = {equation.partition(" = ")[0] for equation in equations if " = " in equation}
    head = heads.pop() if len(heads) == 1 and all(" = " in equation for equation in equations) else None
    if head is not None:
        equations = [equation.partition(" = ")[2] for equation in equations]
    with_score = "score" in front.columns
    chosen = front["chosen"] if "chosen" in front.columns else [False] * len(front)
    scores = front["score"] if with_score else [0.0] * len(front)
    # The frame, then one line for each equation.
    column = "l" if width is None else rf">{{\raggedright\arraybackslash}}p{{{width}}}"
    title = "Equation" if head is None else f"${head} =$"
    lines = [
        "% Made by eqdarts: needs \\usepackage{booktabs,amsmath" + ("}" if width is None else ",array}"),
        rf"\begin{{tabular}}{{rr{'r' * with_score}{column}}}",
        r"  \toprule",
        f"  Complexity & Loss & {'Score & ' * with_score}{title} \\\\",
        r"  \midrule",
    ]
    for complexity, loss, score, latex, best in zip(
        front["complexity"], front["loss"], scores, equations, chosen, strict=True
    ):
        mark = "$^{*}$" if best else ""
        middle = f"${latex_number(f'{float(score):.1f}')}$ & " if with_score else ""
        number = latex_number(f"{float(loss):.{digits}g}")
        lines.append(f"  {int(complexity)}{mark} & ${number}$ & {middle}${latex}$ \\\\")
    return "\n".join([*lines, r"  \bottomrule", r"\end{tabular}"]) + "\n"
