"""Poles and domain edges by interval arithmetic, and what selection makes of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdarts import DARTSRegressor, Equation
from eqdarts.equation.singularities import find_brink, find_singularities
from eqdarts.expression.bounds import Interval, ranges
from eqdarts.expression.program import compile_expression, evaluate
from eqdarts.fitting.table import Table
from eqdarts.selection import Candidate, choice_in_words, pole_price, select

Box = dict[str, tuple[float, float]]
X1: Box = {"x": (0.0, 3.0)}
X2: Box = {"x": (0.0, 1.0), "y": (0.0, 1.5)}


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("1/(x + 0.1)", X1),
        ("1/x", X1),  # on the boundary
        ("sqrt(x) + log(x) + x**-1.5", X1),
        ("tan(x*y)", X2),
        ("asin(sin(x)) + acos(cos(x))", X1),
        ("1/(1 + exp(-x))", {"x": (-700.0, 700.0)}),
        ("1/(x**2 - x + 0.2501)", X1),
        ("1/(1.1 + sin(x)*cos(y))", {"x": (0.0, 20.0), "y": (0.0, 20.0)}),
        ("x**y", X2),
        ("3*x + 2", X1),
        ("1/Max(x, 0.5) + 1/(abs(x) + 1)", X1),
        ("sqrt((x - y)**2 + (x + y)**2)", X2),
        ("log(1 + x**2) + log(2 + tanh(x))", {"x": (-5.0, 5.0)}),
    ],
)
def test_absence_is_proved(text: str, box: Box) -> None:
    assert find_singularities(Equation.parse(text, list(box)), box).status == "none"


@pytest.mark.parametrize(
    ("text", "box", "kind", "words"),
    [
        ("2/(K + x)", {"x": (-1.0, 1.0)}, "pole", "the denominator x + 0.06 is zero at x = -0.06"),
        ("1/(x - y)", X2, "pole", "the denominator x - y is zero"),
        ("1/(x*(y - 2))", {"x": (1.0, 2.0), "y": (1.0, 3.0)}, "pole", "y - 2 is zero at y = 2"),
        ("tan(x)", X1, "pole", "cos(x) is zero at x = 1.571"),
        ("log(abs(x - 1))", X1, "pole", "is zero at x = 1"),
        ("(x - 1)**-2.0", X1, "pole", "is zero at x = 1"),
        ("log(x - 1)", X1, "edge", "x - 1 is not positive at x ="),
        ("sqrt(1 - x)", X1, "edge", "1 - x is negative at x ="),
        ("asin(x)", X1, "edge", "beyond -1 or 1"),
        ("1/(signal - 2.3)", {"signal": (0.0, 5.0)}, "pole", "signal - 2.3 is zero at signal = 2.3"),
        ("(x - 1)**y", {"x": (0.0, 1.5), "y": (0.0, 1.0)}, "edge", "the base x - 1 is not positive"),
    ],
)
def test_a_singularity_is_found_and_told(text: str, box: Box, kind: str, words: str) -> None:
    found = find_singularities(Equation.parse(text.replace("K", "0.06"), list(box)), box)
    assert found.status == "found"
    assert found.found[0].kind == kind
    assert words in found.found[0].words
    assert bool(found.pole) == (kind == "pole")
    at = dict(found.found[0].at)
    assert all(box[name][0] <= value <= box[name][1] for name, value in at.items())


@pytest.mark.parametrize(
    "text", ["sin(x)/x", "sin(x/2)**2/x**2", "(exp(x*y) - 1)/x", "(x**2 - y**2)/(x - y)", "y*tan(x)/x"]
)
def test_a_zero_of_a_denominator_that_the_numerator_takes_away_is_no_pole(text: str) -> None:
    box = {"x": (-0.9, 1.3), "y": (-0.5, 1.0)}
    assert find_singularities(Equation.parse(text, list(box)), box).status == "none"


@pytest.mark.parametrize(
    "text", ["cos(x)/x", "sin(x)/x**2", "sin(x)/x**1.5", "sin(x)/(x*(x - 0.4))", "(x - y)/(x + y)"]
)
def test_a_numerator_that_does_not_take_the_zero_away_leaves_the_pole(text: str) -> None:
    box = {"x": (-0.9, 1.3), "y": (-0.5, 1.0)}
    assert find_singularities(Equation.parse(text, list(box)), box).found


def test_a_jump_past_zero_is_no_zero() -> None:
    found = find_singularities(Equation.parse("1/(sign(x) + 0.5)", ["x"]), {"x": (-1.0, 1.0)})
    assert not found.found


def test_a_point_at_which_a_denominator_only_touches_zero_is_unknown() -> None:
    found = find_singularities(Equation.parse("1/(x**2 - 2*x + 1)", ["x"]), X1)
    assert found.status == "unknown"
    assert "not known" in found.in_words()[0]


def test_what_is_undefined_inside_is_not_blamed_on_what_is_outside() -> None:
    box = {"x": (1.0, 2.0)}
    found = find_singularities(
        Equation.parse("tan(x) - 1/tan(x)", ["x"]), box
    ).found  # no zero of the tangent: its pole
    assert [one.words for one in found] == ["in a tangent, cos(x) is zero at x = 1.571"]


_CALLS = ["exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "abs", "arctan", "cosh"]
_LEAVES = st.one_of(
    st.sampled_from(["x", "y"]), st.floats(-3, 3).filter(lambda v: abs(v) > 0.01).map(lambda v: f"({v:.3f})")
)
_FORMULAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(_CALLS), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, st.sampled_from(["2", "3", "0.5", "1.7", "(-2)"])).map(lambda t: f"({t[0]})**{t[1]}"),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=80)
@given(text=_FORMULAS, seed=st.integers(0, 1000))
def test_what_is_proved_holds_at_every_point(text: str, seed: int) -> None:
    """No value lies outside its interval, and none is undefined where there is no singularity."""
    try:
        equation = Equation.parse(text, ["x", "y"])
    except ValueError:  # numbers that overflow, division by zero
        return
    rng = np.random.default_rng(seed)
    low = rng.uniform(-2, 1, 2)
    high = low + rng.uniform(0.1, 2, 2)
    rows = rng.uniform(low, high, (200, 2))
    box = {name: (float(a), float(b)) for name, a, b in zip("xy", low, high, strict=True)}
    values = evaluate(equation.expr, {"x": rows[:, 0], "y": rows[:, 1]}, 200)
    whole = {n: Interval(np.array([a]), np.array([b])) for n, (a, b) in box.items()}
    bounds = ranges(compile_expression(equation.expr), whole)
    inside = values[np.isfinite(values)]
    assert (inside >= np.min(bounds.low)).all()
    assert (inside <= np.max(bounds.high)).all()
    if find_singularities(equation, box).status == "none" and np.abs(inside).max(initial=0.0) < 1e100:
        assert np.isfinite(values).all() or not math.isfinite(float(np.max(bounds.high)))


# --- selection ---


def _candidates(loss: float, loss_with_pole: float) -> list[Candidate]:
    return [Candidate(7, 2, loss, 10.0), Candidate(7, 2, loss_with_pole, 10.0, pole="the denominator x is zero")]


def test_a_pole_loses_to_what_fits_nearly_as_well_and_wins_where_nothing_does() -> None:
    n = 100
    front, _ = select(_candidates(1.0, 0.9), n, 1, 2.0, 1.5)  # 5.3 nats better
    assert front == [0]
    front, _ = select(_candidates(1.0, 0.5), n, 1, 2.0, 1.5)  # 35 nats better
    assert front == [1]


def test_a_simpler_equation_with_a_pole_does_not_hide_the_shortest() -> None:
    simple, longer = Candidate(6, 2, 0.95, 10.0, pole="x is zero"), Candidate(9, 2, 1.0, 10.0)
    constant = Candidate(1, 1, 50.0, 3.0)
    front, lengths = select([constant, simple, longer], 100, 1, 2.0, 1.5)
    assert front == [0, 1, 2]
    assert lengths.index(min(lengths)) == 2
    said = choice_in_words("mdl", [constant, simple, longer], lengths, ["1", "a/x", "b*x"], 9, 100)
    assert "a/x would be" in said
    assert f"but pays {pole_price(100):.1f} nats: it has a pole inside the range of the rows (x is zero)" in said


# --- a little outside the rows ---


@pytest.mark.parametrize(
    ("text", "low", "words"),
    [
        ("2 + log(x)", 0.02, "the argument of the logarithm, x is not positive"),
        ("2 + log(x)", 0.2, ""),
        ("3/x", 0.02, "the denominator x is zero"),
        ("3/x", -0.2, "the denominator x is zero"),
        ("sqrt(x)", 0.02, "the base x is negative"),
        ("x**1.5", 0.02, ""),  # its slope stays finite
        ("x**-0.3", 0.02, "the denominator x is zero"),
        ("asin(x)", 0.02, "the argument of arcsin, x is beyond -1 or 1"),
        ("sin(x)/x", 0.02, ""),
        ("x/(x + 0.06)", 0.02, ""),
        ("x**2 + exp(x)", 0.02, ""),
    ],
)
def test_what_grows_without_bound_a_little_outside_is_found(text: str, low: float, words: str) -> None:
    found = find_brink(Equation.parse(text, ["x"]), {"x": (low, 1.0)}, 0.05)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_a_brink_loses_to_what_fits_nearly_as_well_and_wins_where_nothing_does() -> None:
    for better, wins in ((0.05, False), (0.2, True)):  # 3 and 10.5 nats of 100 rows
        near = Candidate(6, 2, math.exp(-better), 10.0, brink="x is zero")
        rivals = [near, Candidate(9, 2, 1.01, 10.0)]
        front, lengths = select(rivals, 100, 1, 2.0, 1.5)
        said = choice_in_words("mdl", [rivals[k] for k in front], lengths, ["log(x)", "x/(1 + x)"], 9, 100)
        assert (front[lengths.index(min(lengths))] == 0) == wins
        assert "is singular slightly outside the range of the rows (x is zero)" in said


def test_a_constant_is_as_short_as_nothing() -> None:
    constant, law = Candidate(1, 1, 1.0, 3.0), Candidate(3, 1, 0.9, 5.0)  # the mean of y is zero
    front, lengths = select([constant, law], 60, 1, 1.0, 1.0)
    assert front[lengths.index(min(lengths))] == 0
    front, lengths = select([constant, law], 60, 1, 9.0, 1.0)  # a mean that has to be said
    assert front[lengths.index(min(lengths))] == 1


def test_a_chosen_pole_is_told() -> None:
    front = _candidates(1.0, 0.1)
    said = choice_in_words("mdl", front, [90.0, 10.0], ["a", "b"], 9, 100)
    assert "has a pole inside the range of the rows (the denominator x is zero)" in said


def test_a_spurious_pole_between_two_rows_loses_to_the_smooth_law() -> None:
    """One row lies off a line; a hyperbola that slips between the rows comes nearer to it, and is not chosen."""
    rng = np.random.default_rng(3)
    x = np.linspace(0.1, 4, 40)
    y = 1.0 + 2.0 * x + rng.normal(0, 0.2, 40)
    y[20] += 0.9
    table = Table(x[:, None], y, None, ("x",), None)
    smooth = Equation.parse("a + b*x", ["x"]).fit({"x": x}, y)
    at = float(x[20]) + 0.02
    poled = Equation.parse("a + b*x + c/(x - d)", ["x"]).fit({"x": x}, y, start=[1.0, 2.0, -0.02, at])
    assert table.pole(poled)
    assert not table.pole(smooth)
    losses = [float(np.mean((y - equation.predict({"x": x})) ** 2)) for equation in (smooth, poled)]
    assert losses[1] < losses[0]
    rivals = [Candidate(5, 2, losses[0], 10.0), Candidate(5, 2, losses[1], 10.0)]  # as if the pole were free
    without = select(rivals, 40, 1, 10.0, 5.0)[0]
    assert without == [1]
    rivals[1] = Candidate(5, 2, losses[1], 10.0, pole=table.pole(poled))
    assert select(rivals, 40, 1, 10.0, 5.0)[0] == [0]


@pytest.fixture(scope="module")
def difference() -> tuple[DARTSRegressor, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.0, 2.0, (200, 2))
    y = 1 / (X[:, 0] - X[:, 1])
    y = y * (1 + 0.01 * rng.standard_normal(200))
    return DARTSRegressor(time_limit=None, max_refits=1500, random_state=0).fit(X, y, sigma=0.01 * np.abs(y)), X, y


@pytest.mark.slow
def test_a_law_with_a_true_pole_wins(difference: tuple[DARTSRegressor, np.ndarray, np.ndarray]) -> None:
    model, X, _ = difference
    truth = 1 / (X[:, 0] - X[:, 1])
    np.testing.assert_allclose(model.predict(X), truth, rtol=0.02)
    assert model.singularities().pole
    assert "has a pole inside the range of the rows" in model.selection_
    assert "Pole inside the range of the rows" in model.summary(profile=False)


def test_a_pole_at_zero_is_at_zero() -> None:
    law = Equation.parse("2.0/x + 1", ["x"])
    (pole,) = find_singularities(law, {"x": (-0.7, 146.3)}).found
    assert pole.words == "the denominator x is zero at x = 0"
