"""What notebooks show: laws and fitted estimators, any name as it stands; and examples as notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from eqdarts import DARTSRegressor, Equation
from eqdarts.report.notebook import MOST_ROWS, _around
from tests.places import ROOT

HOSTILE = ("<img src=x onerror=alert(1)>", "θ_0 $a$", "</math><script>alert(2)</script>", "a\u202eb", "\"&'", "a b")


def _fitted(name: str, target: str) -> DARTSRegressor:
    x = np.linspace(0.5, 4, 24)
    model = DARTSRegressor(["power"], max_refits=60, max_complexity=8, time_limit=None, random_state=0)
    return model.fit(pd.DataFrame({name: x}), pd.Series(3 * x**1.5, name=target))


@pytest.mark.parametrize("name", HOSTILE)
def test_an_equation_is_mathml_and_any_name_stands_in_it(name: str) -> None:
    law = Equation(Equation.parse("2.5*x").expr, ("x",), target=name)
    tree = ElementTree.fromstring(law._repr_html_())
    assert {element.tag for element in tree.iter()} <= {"div", "span", "math", "mrow", "mi", "mn", "mo", "msub"}
    assert "mathjax_ignore" in tree.attrib["class"]
    assert law._repr_latex_() == f"${law.latex()}$"


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_fitted_estimator_shows_its_law_and_front(name: str) -> None:
    model = _fitted(name, name)
    shown = model._repr_mimebundle_()["text/html"]
    tree = ElementTree.fromstring(shown)
    assert model.equation_.mathml() in shown
    assert len(tree.findall(".//tbody/tr")) == min(len(model.front_), MOST_ROWS)
    assert not {"script", "img"} & {element.tag for element in tree.iter()}
    assert "\u202e" not in shown
    assert "max_refits=60" in "".join(tree.itertext())
    assert model._repr_html_() == shown
    assert model._repr_latex_() == model.equation_._repr_latex_()


def test_before_the_fit_it_is_the_diagram_of_sklearn() -> None:
    model = DARTSRegressor(max_refits=7)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert "sk-container" in model._repr_html_()
    assert "sk-container" in model._repr_mimebundle_()["text/html"]
    assert model._repr_latex_() is None
    with config_context(display="text"):
        assert set(model._repr_mimebundle_()) == {"text/plain"}


def test_of_a_long_front_the_rows_about_the_chosen_one_are_shown() -> None:
    for n in (1, 5, 12, 13, 40):
        for chosen in range(n):
            shown = _around(chosen, n)
            assert chosen in shown
            assert len(shown) == min(n, MOST_ROWS)
            assert shown[0] >= 0
            assert shown[-1] < n


# --- examples ---


def _as_notebook(path: Path) -> Any:
    """Return the example with a cell for each `# %%`, and cells that show the model and a progress bar at the end."""
    cells = path.read_text(encoding="utf-8").split("\n# %%\n")
    more = ["model", "model.equation_", 'DARTSRegressor(["power"], max_refits=20, verbose=1).fit(X, y);']
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in [*cells, *more]])


@pytest.mark.slow
def test_an_example_runs_as_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ROOT / "examples" / "plot_kepler.py"
    monkeypatch.setenv("EQDARTS_EXAMPLE_SECONDS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a kernel chooses its own
    before = set(path.parent.iterdir())
    notebook = _as_notebook(path)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    client.execute()
    *cells, model, equation, bar = notebook.cells
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
    for cell in (model, equation):
        (shown,) = cell.outputs
        assert "<math" in shown["data"]["text/html"]
        assert shown["data"]["text/latex"].startswith("$")
    assert any("refits, best" in str(output) for output in bar.outputs)
    assert set(path.parent.iterdir()) == before
