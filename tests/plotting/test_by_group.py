"""The picture by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import Equation
from eqdarts.equation.groups import GroupConstants
from eqdarts.expression.build import symbol
from eqdarts.plotting import plot_groups


def _law(n_groups: int, second: bool = False) -> tuple[Equation, pd.DataFrame, np.ndarray]:
    labels = [f"g{k}" for k in range(n_groups)]
    X = pd.DataFrame({"plant": np.repeat(labels, 4), "t": np.tile(np.arange(1.0, 5.0), n_groups)})
    X["u"] = np.arange(float(len(X)))
    constants = GroupConstants("plant", tuple(labels), ("a_plant",), tuple((k + 1.0,) for k in range(n_groups)))
    expr = symbol("a_plant") * symbol("t") + (symbol("u") if second else 0)
    law = Equation(expr, ("t", "u"), "y", groups=constants)
    return law, X, law.predict(X)


def test_few_groups_share_a_picture_and_have_a_colour_each() -> None:
    (ax,) = plot_groups(*_law(3))
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["g0", "g1", "g2"]
    assert legend.get_title().get_text() == "plant"
    assert len({line.get_color() for line in ax.lines}) == 3


def test_many_groups_have_panels_at_most_twelve() -> None:
    axes = plot_groups(*_law(20))
    assert len(axes) == 12
    assert axes[0].get_title(loc="left") == "plant g0"
    assert axes[-1].get_title(loc="left") == "plant g19"


def test_more_inputs_are_shown_as_predicted_against_measured_values() -> None:
    (ax,) = plot_groups(*_law(2, second=True))
    assert ax.get_xlabel() == "y, measured"
    assert ax.get_ylabel() == "y, predicted"


def test_labels_are_needed() -> None:
    law, X, y = _law(2)
    with pytest.raises(ValueError, match="needs the label"):
        plot_groups(law, X[["t", "u"]], y)
