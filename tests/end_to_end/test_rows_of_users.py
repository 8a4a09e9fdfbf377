"""Every public function that takes rows gives the same answer for every layout, and one clear answer to gaps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.typing import NDArray

from eqdarts import DARTSRegressor, Equation, plotting
from eqdarts.errors import EqdartsWarning
from eqdarts.inference.constants import snap_constants
from eqdarts.inference.uncertainty import Inference, inference
from tests.helpers import QUICK

Array = NDArray[np.float64]
Layout = Callable[[Array], Any]
Rows = dict[str, Any]

N = 24
# Multiples of 1/4, which float32 holds too; whole numbers in the column k.
_RNG = np.random.default_rng(3)
TABLE = {"x": _RNG.integers(2, 40, N) / 4, "k": _RNG.integers(1, 9, N).astype(float)}
Y = np.round(4 * (2.5 * TABLE["x"] + TABLE["k"] ** 1.5 + _RNG.normal(size=N))) / 4
WEIGHT = _RNG.integers(1, 4, N).astype(float)

FORMULA = Equation.parse("a*x + sqrt(k)*k + b", ["x", "k"])


@cache
def _law() -> tuple[Equation, Inference]:
    law = FORMULA.fit(TABLE, Y)
    return law, inference(law, TABLE, Y)


@cache
def _model() -> DARTSRegressor:
    return DARTSRegressor(**{**QUICK, "max_refits": 40}).fit(pd.DataFrame(TABLE), Y)


def _masked(values: Array) -> Any:
    hidden = np.ma.masked_array(values, np.zeros(len(values), dtype=bool))
    return hidden[::-1][::-1]


def _read_only(values: Array) -> Array:
    copy = values.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS: dict[str, Layout] = {
    "reversed": lambda v: v[::-1].copy()[::-1],
    "strided": lambda v: np.repeat(v, 3)[::3],
    "a column of a C array": lambda v: np.column_stack([v, v, v])[:, 1],
    "a column of a Fortran array": lambda v: np.asfortranarray(np.column_stack([v, v]))[:, 1],
    "read-only": _read_only,
    "big-endian": lambda v: v.astype(">f8"),
    "float32": lambda v: v.astype(np.float32),
    "objects": lambda v: v.astype(object),
    "text": lambda v: v.astype(str),
    "list": lambda v: v.tolist(),
    "series": lambda v: pd.Series(v[::-1].copy(), index=np.arange(N)[::-1])[::-1],
    "Float64": lambda v: pd.Series(v, dtype="Float64"),
    "Int64 where whole": lambda v: pd.Series(v, dtype="Int64" if (v == v.round()).all() else "Float64"),
    "nothing masked": _masked,
}


def _slopes(axes: Any) -> Array:
    """Return all numbers that are drawn."""
    drawn = [line.get_xydata() for ax in np.atleast_1d(np.array(axes, dtype=object)) for line in ax.lines]
    return np.vstack(drawn)


def _numpy_function(rows: Rows) -> Array:
    space: dict[str, Any] = {}
    exec(_law()[0].to_numpy_source(), space)
    return np.asarray(space["predict"](rows["x"], rows["k"]))


def _module(rows: Rows) -> Array:
    # A table forgets no mask: it makes NaN of it.
    return np.asarray(_law()[0].to_torch()(pd.DataFrame(rows)[["x", "k"]]).detach().numpy())


# Functions of columns, y and weights; the answers are compared bit for bit.
Function = Callable[[Rows, Any, Any], Any]
OF_X: dict[str, Function] = {
    "predict": lambda X, y, w: _law()[0].predict(X),
    "predict_std": lambda X, y, w: _law()[1].predict_std(X),
    "predict_interval": lambda X, y, w: _law()[1].predict_interval(X),
    "numpy source": lambda X, y, w: _numpy_function(X),
    "torch module": lambda X, y, w: _module(X),
}
OF_ROWS: dict[str, Function] = {
    "fit": lambda X, y, w: list(FORMULA.fit(X, y, sample_weight=w).coefficients.values()),
    "fit from a start": lambda X, y, w: list(FORMULA.fit(X, y, [1, 1]).coefficients.values()),
    "ranges": lambda X, y, w: [end for _, *ends in FORMULA.fit(X, y).ranges for end in ends],
    "inference": lambda X, y, w: inference(_law()[0], X, y, w).covariance,
    "inference with errors": lambda X, y, w: inference(_law()[0], X, y, sigma=w).covariance,
    "profile_interval": lambda X, y, w: inference(_law()[0], X, y).profile_interval(),
    "snap_constants": lambda X, y, w: snap_constants(_law()[0], X, y, w).equation.predict(TABLE),
    "plot_residuals": lambda X, y, w: _slopes(plotting.plot_residuals(_law()[0], X, y)),
    "plot_qq": lambda X, y, w: _slopes(plotting.plot_qq(_law()[0], X, y)),
    "plot_fit": lambda X, y, w: plotting.plot_fit(_law()[0], X, y).collections[1].get_offsets(),
    "plot_slices": lambda X, y, w: _slopes(plotting.plot_slices(_law()[0], X, y)),
    "plot_residual_panels": lambda X, y, w: _slopes(plotting.plot_residual_panels(_law()[0], X, y)),
}
OTHERS: dict[str, Function] = {
    "outside": lambda X, y, w: _law()[0].outside({**X, "x": np.asarray(X["x"], dtype=float) * 2}),
    "new observations": lambda X, y, w: _law()[1].predict_interval(X, sample_weight=w),
    "new observations with errors": lambda X, y, w: _law()[1].predict_interval(X, sigma=w),
}


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


EVERY = {**OF_X, **OF_ROWS, **OTHERS}


@pytest.mark.slow
@pytest.mark.parametrize("function", EVERY.values(), ids=EVERY)
def test_a_layout_changes_no_bit_of_an_answer(function: Function) -> None:
    expected = np.asarray(function(TABLE, Y, WEIGHT), dtype=float)
    for name, layout in LAYOUTS.items():
        columns = {key: layout(values) for key, values in TABLE.items()}
        found = np.asarray(function(columns, layout(Y), layout(WEIGHT)), dtype=float)
        np.testing.assert_array_equal(found, expected, err_msg=name)
        pyplot.close("all")


@pytest.mark.parametrize("function", [*OF_X.values(), *OF_ROWS.values()], ids=[*OF_X, *OF_ROWS])
def test_a_reversed_table_is_a_table(function: Function) -> None:
    table = pd.DataFrame({name: values[::-1].copy() for name, values in TABLE.items()})[::-1]
    expected = np.asarray(function(TABLE, Y, WEIGHT), dtype=float)
    np.testing.assert_array_equal(np.asarray(function(table, Y, WEIGHT), dtype=float), expected)


MATRICES: dict[str, Callable[[Array], Any]] = {
    "reversed": lambda X: X[::-1].copy()[::-1],
    "reversed columns": lambda X: X[:, ::-1].copy()[:, ::-1],
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "big-endian": lambda X: X.astype(">f8"),
    "float32": lambda X: X.astype(np.float32),
    "text": lambda X: X.astype(str),
    "list": lambda X: X.tolist(),
    "masked": lambda X: np.ma.masked_array(X, np.zeros(X.shape, dtype=bool)),
}


@pytest.mark.parametrize("layout", MATRICES.values(), ids=MATRICES)
def test_arrays_of_all_layouts_are_the_same_rows(layout: Callable[[Array], Any]) -> None:
    (law, found), plain = _law(), np.column_stack([TABLE["x"], TABLE["k"]])
    X = layout(plain)
    np.testing.assert_array_equal(law.predict(X), law.predict(plain))
    np.testing.assert_array_equal(found.predict_interval(X), found.predict_interval(plain))
    assert FORMULA.fit(X, Y).coefficients == FORMULA.fit(plain, Y).coefficients
    np.testing.assert_array_equal(inference(law, X, Y).covariance, found.covariance)
    np.testing.assert_array_equal(law.outside(X), law.outside(plain))


@pytest.mark.parametrize("name", ["reversed", "Float64", "big-endian", "float32", "text", "nothing masked"])
def test_an_estimator_finds_the_same_law_in_every_layout(name: str) -> None:
    layout, model = LAYOUTS[name], _model()
    # A masked table is an array, because a DataFrame has no masks.
    columns = {key: layout(values) for key, values in TABLE.items()}
    X = pd.DataFrame(columns) if name != "nothing masked" else np.ma.column_stack(list(columns.values()))
    other = DARTSRegressor(**{**QUICK, "max_refits": 40}).fit(X, layout(Y), sample_weight=layout(np.ones(N)))
    names = dict(zip(other.equation_.variables, ("x", "k"), strict=True))
    assert [names[v] for v in other.equation_.variables] == ["x", "k"]
    np.testing.assert_array_equal(other.predict(X), model.predict(pd.DataFrame(TABLE)))
    assert other.score(X, layout(Y), layout(WEIGHT)) == model.score(pd.DataFrame(TABLE), Y, WEIGHT)
    np.testing.assert_array_equal(other.predict_interval(X), model.predict_interval(pd.DataFrame(TABLE)))


# --- gaps ---


def _with(values: Array, row: int, value: Any) -> Any:
    listed = values.astype(object)
    listed[row] = value
    return listed


def _mask(values: Array, row: int) -> Any:
    return np.ma.masked_array(values, np.arange(len(values)) == row)


def _nullable(values: Array, row: int) -> Any:
    return pd.Series(_with(values, row, pd.NA), dtype="Float64")


GAPS: dict[str, Callable[[Array, int], Any]] = {
    "None": lambda v, row: _with(v, row, None),
    "NaN": lambda v, row: _with(v, row, np.nan).astype(float),
    "NA": _nullable,
    "NA among objects": lambda v, row: _with(v, row, pd.NA),
    "text": lambda v, row: _with(v, row, "nan").astype(str),
    "masked": _mask,
    "masked integers": lambda v, row: np.ma.masked_array(v, np.arange(len(v)) == row, dtype=int),
}
INFINITE: dict[str, Callable[[Array, int], Any]] = {
    "inf": lambda v, row: _with(v, row, np.inf).astype(float),
    "inf among objects": lambda v, row: _with(v, row, -np.inf),
    "inf as text": lambda v, row: _with(v, row, "inf").astype(str),
}


@pytest.mark.parametrize("function", OF_X.values(), ids=OF_X)
def test_where_an_input_is_missing_the_answer_is_nan(function: Function) -> None:
    whole = {name: values.round() for name, values in TABLE.items()}
    expected = np.asarray(function(whole, None, None), dtype=float).reshape(N, -1)
    for name, gap in GAPS.items():
        if function is OF_X["numpy source"] and name == "NA among objects":
            continue  # the source has numpy only, which does not know NA
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqdartsWarning)
            found = np.asarray(function({**whole, "k": gap(whole["k"], 5)}, None, None), dtype=float).reshape(N, -1)
        missing = np.isnan(found).any(axis=1)
        assert np.flatnonzero(missing).tolist() == [5], name
        np.testing.assert_array_equal(found[~missing], expected[~missing], err_msg=name)


def test_predict_says_that_a_value_is_missing() -> None:
    with pytest.warns(EqdartsWarning, match=r"undefined at 1 of 24 row\(s\) \(a value is missing in 1 of these\)"):
        _law()[0].predict({**TABLE, "k": _mask(TABLE["k"], 3)})
    assert not _law()[0].outside({**TABLE, "k": _mask(TABLE["k"], 3)}).any()


NOT_FINITE = {**GAPS, **INFINITE}


@pytest.mark.parametrize("function", OF_ROWS.values(), ids=OF_ROWS)
def test_a_gap_among_the_rows_of_a_fit_is_one_clear_error(function: Function) -> None:
    for gap in NOT_FINITE.values():
        for what in ("Column 'x'", "y"):
            X = {**TABLE, "x": gap(TABLE["x"], 7)} if what != "y" else TABLE
            with pytest.raises(ValueError, match=rf"{what} must be finite\. Got 1 (missing|infinite).*first in row 7"):
                function(X, gap(Y, 7) if what == "y" else Y, WEIGHT)


@pytest.mark.parametrize("name", ["fit", "inference", "inference with errors", "snap_constants"])
def test_a_gap_among_weights_or_errors_is_one_clear_error(name: str) -> None:
    for gap in NOT_FINITE.values():
        with pytest.raises(ValueError, match=r"(sample_weight|sigma) must be finite\. Got 1 (missing|infinite)"):
            OF_ROWS[name](TABLE, Y, gap(WEIGHT, 7))


@pytest.mark.parametrize("gap", NOT_FINITE.values(), ids=NOT_FINITE)
def test_an_estimator_refuses_gaps_before_it_searches(gap: Callable[[Array, int], Any]) -> None:
    X, model = np.column_stack([TABLE["x"], TABLE["k"]]), DARTSRegressor(**QUICK)
    # scikit-learn has its own words for some of these: "Input X contains NaN."
    says = r"must be finite|contains NaN|contains infinity|contains NA"
    with pytest.raises(ValueError, match=says):
        model.fit(X, gap(Y, 7))
    for given in ({"sample_weight": gap(WEIGHT, 7)}, {"sigma": gap(WEIGHT, 7)}):
        with pytest.raises(ValueError, match=says):
            model.fit(X, Y, **given)
    with pytest.raises(ValueError, match=says):
        _model().score(pd.DataFrame(TABLE), gap(Y, 7))


def test_an_estimator_refuses_a_masked_table() -> None:
    X = np.ma.masked_array(np.column_stack([TABLE["x"], TABLE["k"]]), np.arange(2 * N).reshape(N, 2) == 3)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        DARTSRegressor(**QUICK).fit(X, Y)
    model = DARTSRegressor(**{**QUICK, "max_refits": 40}).fit(X.data, Y)
    for use in (model.predict, model.outside, model.predict_interval):
        with pytest.raises(ValueError, match="Input X contains NaN"):
            use(X)


@pytest.mark.parametrize("start", [[1.0, None], {"a": "nan", "b": 1}, [np.inf, 1], np.ma.masked_array([1, 2], [0, 1])])
def test_a_start_is_finite(start: Any) -> None:
    with pytest.raises(ValueError, match="start must give every parameter a finite value"):
        FORMULA.fit(TABLE, Y, start)


@pytest.mark.parametrize(
    "ends", [(np.nan, 1.0), (2.0, 1.0), (0.0, np.inf), (None, 1), (1.0,), np.ma.masked_array([1, 2], True)]
)
def test_a_range_is_two_finite_numbers(ends: Any) -> None:
    with pytest.raises(ValueError, match="The range of 'x' must be two finite numbers in order"):
        _law()[0].with_ranges({"x": ends})


@pytest.mark.parametrize("value", [np.nan, None, "2", 1j, np.inf, True])
def test_a_coefficient_is_a_finite_number(value: Any) -> None:
    with pytest.raises(ValueError, match="A coefficient must be one of the equation, and finite"):
        _law()[0].with_coefficients({"a": value})
