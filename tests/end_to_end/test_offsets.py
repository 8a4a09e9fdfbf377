"""Columns with an offset, such as years: their laws are found as from a column that begins at 0.

benchmarks/offsets tries every law of every column.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.export import to_numpy_source
from eqdarts.fitting.checkpoint import CHECKPOINT_FILE
from eqdarts.plotting import plot_graph

Law = Callable[[np.ndarray], np.ndarray]

# Where a column begins, how far it reaches, and how many rows it has.
COLUMNS = {"year": (1990, 34, 35), "large": (1_000_000, 1, 80), "kelvin": (298, 5, 60), "depth": (-750, 20, 50)}
# As functions of the place within the column, from 0 to 1.
LAWS: dict[str, Law] = {
    "parabola": lambda u: 0.3 * (34 * u - 17) ** 2 + 5,
    "exponential": lambda u: 3 * np.exp(2 * u),
    "wave": lambda u: 2 * np.sin(9 * u + 0.5) + 1,
    "logistic": lambda u: 4 / (1 + np.exp(-10 * (u - 0.4))),
}
RAW: dict[str, Law] = {
    "power": lambda x: 5e-8 * x**4,
    "root": lambda x: 2.3 * np.sqrt(x),
    "line": lambda x: 3.0 * x - 5 * 298.5,
}
MOST_REFITS = 800


def _column(name: str) -> np.ndarray:
    start, reach, n = COLUMNS[name]
    if name == "year":
        return start + np.arange(n, dtype=float)
    return start + reach * np.sort(np.random.default_rng(0).uniform(0, 1, n))


def table_of(column: str, law: Law, noise: float = 0.0) -> tuple[pd.DataFrame, pd.Series]:
    x = _column(column)
    start, reach, n = COLUMNS[column]
    y = law((x - start) / reach)
    y = y + noise * y.std() * np.random.default_rng(1).normal(size=n)
    return pd.DataFrame({column: x}), pd.Series(y, name="level")


def missed(model: DARTSRegressor, column: str, law: Law) -> float:
    """Return the variance of the difference to the law without noise, as a share of that of the law."""
    x = _column(column)
    start, reach, _ = COLUMNS[column]
    truth = law((x - start) / reach)
    return float(np.mean((model.predict(pd.DataFrame({column: x})) - truth) ** 2) / np.var(truth))


@cache
def _fitted(column: str, law: str) -> DARTSRegressor:
    return DARTSRegressor(max_refits=MOST_REFITS, time_limit=None, random_state=0).fit(*table_of(column, LAWS[law]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "law", "noise"),
    # Each fit takes seconds: benchmarks/offsets has every law of every column.
    [
        ("year", "wave", 0.01),
    ],
)
def test_a_law_is_found(column: str, law: str, noise: float) -> None:
    X, y = table_of(column, LAWS[law], noise)
    model = DARTSRegressor(max_refits=MOST_REFITS, time_limit=None, random_state=0).fit(X, y)
    assert missed(model, column, LAWS[law]) < (1e-4 if noise else 1e-9)
    assert len(model.equation_.coefficients) <= 5
    printed = Equation.parse(model.equation_.format().partition(" = ")[2], [column])
    assert np.mean((printed.predict(X) - y) ** 2) <= 1.01 * model.equations_["loss"][model.run_.chosen] + 1e-15


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "law", "shown"),
    [
        ("year", "parabola", "level = 3*(year - 2007)**2/10 + 5"),
        ("kelvin", "exponential", "level = 3*exp(2*(kelvin - 298)/5)"),
    ],
)
def test_the_origin_is_printed_and_the_law_is_that_of_a_column_from_zero(column: str, law: str, shown: str) -> None:
    model = _fitted(column, law)
    assert model.equation_.format() == shown
    start, reach, _ = COLUMNS[column]
    zero = DARTSRegressor(max_refits=MOST_REFITS, time_limit=None, random_state=0)
    zero.fit(pd.DataFrame({"x": _column(column) - start}), LAWS[law]((_column(column) - start) / reach))
    assert len(zero.equation_.coefficients) >= len(model.equation_.coefficients)


@pytest.mark.slow
@pytest.mark.parametrize(("law", "form"), [("root", "*sqrt(kelvin)"), ("line", "*kelvin - ")])
def test_a_law_of_the_column_itself_is_preferred(law: str, form: str) -> None:
    x = _column("kelvin")
    y = RAW[law](x)
    y = y + 0.01 * y.std() * np.random.default_rng(1).normal(size=len(x))
    model = DARTSRegressor(max_refits=MOST_REFITS, time_limit=None, random_state=0).fit(pd.DataFrame({"kelvin": x}), y)
    assert form in model.equation_.format()


@pytest.mark.slow
def test_several_columns_have_origins_of_their_own() -> None:
    rng = np.random.default_rng(0)
    year, kelvin = rng.integers(1990, 2025, 120).astype(float), rng.uniform(298, 303, 120)
    r = rng.uniform(0.5, 3, 120)
    truth = r * np.exp(0.4 * (kelvin - 300)) + 0.1 * (year - 1990)
    y = truth + 0.01 * truth.std() * rng.normal(size=120)
    X = pd.DataFrame({"year": year, "kelvin": kelvin, "r": r})
    model = DARTSRegressor(max_refits=100, time_limit=None, random_state=0).fit(X, y)
    assert np.mean((model.predict(X) - truth) ** 2) < 1e-4 * truth.var()
    assert "*(kelvin - 298)" in model.equation_.format()


def test_a_law_from_an_origin_survives_files_and_exports(tmp_path: Path) -> None:
    model, column = _fitted("kelvin", "exponential"), "kelvin"
    X, y = table_of(column, LAWS["exponential"])
    law = model.equation_
    model.save(tmp_path / "fit.json")
    again = DARTSRegressor.load(tmp_path / "fit.json")
    for other in (Equation.from_json(law.to_json()), pickle.loads(pickle.dumps(law)), again.equation_):
        assert other == law
        np.testing.assert_array_equal(other.predict(X), law.predict(X))
    np.testing.assert_array_equal(again.x_origin_, [298.0])
    assert again.graph_ == model.graph_
    space: dict[str, Callable[..., np.ndarray]] = {}
    exec(to_numpy_source(law), space)
    np.testing.assert_allclose(space["predict"](X[column].to_numpy()), y, rtol=1e-12)
    shown = law.to_excel({column: "A2"})
    assert "298" in shown
    assert r"\left(\mathrm{kelvin} - 298\right)" in law.latex()
    names = model.run_.scales.names([column])
    assert names == ("kelvin - 298",)
    plot_graph(model.graph_, model.graph_coefficients_, names, input_scale=model.x_scale_)
    assert list(model.alpha_.index.get_level_values(0)) != []


@pytest.mark.slow
def test_a_fixed_origin_has_no_standard_error_and_a_vertex_has_one() -> None:
    X, y = table_of("year", lambda u: 0.3 * (34 * u - 13.37) ** 2 + 5, 0.01)
    model = DARTSRegressor(max_refits=600, time_limit=None, random_state=0).fit(X, y)
    found = model.inference()
    vertex = int(np.abs(np.abs(found.estimate) - 2003.37).argmin())
    assert abs(found.estimate[vertex]) == pytest.approx(2003.37, abs=0.2)
    assert 0 < found.standard_error[vertex] < 0.2
    X, y = table_of("kelvin", lambda u: 3.137 * np.exp(2.21 * u), 0.01)
    model = DARTSRegressor(max_refits=250, time_limit=None, random_state=0, snap=False).fit(X, y)
    assert "kelvin - 298" in model.equation_.format()
    assert len(model.inference().names) == 2
    assert (model.inference().standard_error < 0.02 * np.abs(model.inference().estimate)).all()


@pytest.mark.slow
def test_guesses_warm_starts_and_checkpoints_meet_origins(tmp_path: Path) -> None:
    X, y = table_of("year", LAWS["logistic"])
    quick = {"search": "random", "max_refits": 40, "time_limit": None, "random_state": 0}
    guess = "a/(1 + exp(-b*(year - c)))"
    start = Equation.parse(guess, ["year"]).fit(X, y, start={"a": 3, "b": 0.2, "c": 2000})
    model = DARTSRegressor(**quick, guesses=[start], warm_start=True).fit(X, y, checkpoint=tmp_path)
    assert missed(model, "year", LAWS["logistic"]) < 1e-12
    later = model.set_params(guesses=None, max_refits=10).fit(X + 3, y)
    assert later.equations_["loss"].min() < 1e-18
    assert (tmp_path / CHECKPOINT_FILE).exists()
    resumed = DARTSRegressor(**{**quick, "max_refits": 10}).fit(X, y, checkpoint=tmp_path)
    assert resumed.equations_["loss"].min() < 1e-18


@pytest.mark.slow
def test_other_losses_use_origins_too() -> None:
    X, y = table_of("year", LAWS["parabola"], 0.01)
    y[3] += 100
    quick = {"search": "random", "max_refits": 10, "time_limit": None, "random_state": 0}
    model = DARTSRegressor(**quick, loss="huber", guesses=["a*(year - 2006)**2 + c"]).fit(X, y)
    assert missed(model, "year", LAWS["parabola"]) < 1e-3
    assert "(year - 2007" in model.equation_.format()
