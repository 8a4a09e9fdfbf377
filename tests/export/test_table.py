"""The front as a LaTeX table."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.export import latex_table
from eqdarts.expression.parse import quoted
from tests.export.hostile import HOSTILE


def _front() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "complexity": [1, 5],
            "loss": [8.92e8, 0.0],
            "score": [12.25, 0.0],
            "equation": ["1", "2"],
            "latex": ["P = 19956.9", r"P = 364.9 a^{3 / 2}"],
            "chosen": [False, True],
        }
    )


def test_table_has_booktabs_rules_a_row_for_each_equation_and_marks_the_chosen_one() -> None:
    assert latex_table(_front()).splitlines()[1:] == [
        r"\begin{tabular}{rrrl}",
        r"  \toprule",
        r"  Complexity & Loss & Score & $P =$ \\",
        r"  \midrule",
        r"  1 & $8.92 \cdot 10^{8}$ & $12.2$ & $19956.9$ \\",
        r"  5$^{*}$ & $0$ & $0.0$ & $364.9 a^{3 / 2}$ \\",
        r"  \bottomrule",
        r"\end{tabular}",
    ]


def test_table_can_be_narrow_and_equations_without_one_target_stay_whole() -> None:
    front = _front().assign(latex=["a = b", "c = d"]).drop(columns=["score", "chosen"])
    text = latex_table(front, digits=2, width=r"5cm")
    assert r"{rr>{\raggedright\arraybackslash}p{5cm}}" in text
    assert "$a = b$" in text
    assert "Equation" in text
    with pytest.raises(ValueError, match="no loss"):
        latex_table(front.drop(columns="loss"))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_adds_a_cell_a_row_or_a_command_to_a_table(name: str) -> None:
    law = Equation.parse(f"2.5*{quoted(name)}", [name], target=name)
    latex = pd.Series([law.latex()], dtype=object)  # pandas' own type for text refuses half characters
    rows = latex_table(pd.DataFrame({"complexity": [3], "loss": [1.0], "latex": latex})).splitlines()
    assert len(rows) == 8
    cells = re.sub(r"\\[&$#%_{}]", "", rows[5].removesuffix(r"\\"))
    assert (cells.count("&"), cells.count("$"), cells.count("%")) == (2, 4, 0)
    assert cells.count("{") == cells.count("}")
    known = {"mathrm", "backslash", "hat", "sim", "theta", "mu", "Delta", "lambda", "exp", "cdot"}
    assert set(re.findall(r"\\([A-Za-z]+)", cells)) <= known
