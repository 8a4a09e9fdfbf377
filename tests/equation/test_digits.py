"""Digits of a printed equation: as many as the rows need, and not more."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from eqdarts import Equation
from eqdarts.equation.digits import FEWEST, LARGEST_RISE, MOST, SHIFT, digits_needed
from eqdarts.errors import FormulaError
from eqdarts.expression.written import write
from eqdarts.inference.constants import snap_constants
from eqdarts.inference.uncertainty import inference
from eqdarts.losses import LOSSES

YEAR = np.arange(1990.0, 2025.0)
PARABOLA = 0.3 * (YEAR - 2007) ** 2 + 5 + np.random.default_rng(0).normal(size=len(YEAR))


def _loss(text: str, columns: dict[str, np.ndarray], y: np.ndarray) -> float:
    return float(np.mean((Equation.parse(text, list(columns)).predict(columns) - y) ** 2))


def test_a_law_of_years_is_printed_with_the_digits_that_it_needs() -> None:
    law = Equation.parse("a*year**2 + b*year + c", ["year"]).fit({"year": YEAR}, PARABOLA)
    fitted = _loss(str(law), {"year": YEAR}, PARABOLA)
    assert _loss(law.format(6), {"year": YEAR}, PARABOLA) > 20 * fitted  # as it was printed
    assert _loss(law.format(), {"year": YEAR}, PARABOLA) < (1 + LARGEST_RISE) * fitted
    assert law.digits is not None
    assert _loss(law.format(law.digits - 1), {"year": YEAR}, PARABOLA) > fitted * (1 + SHIFT**2 / len(YEAR))
    for printed, given in ((law.format(), law.format(law.digits)), (law.latex(), law.latex(law.digits))):
        assert printed == given
    assert law.mathml() == law.mathml(law.digits)


@pytest.mark.parametrize("n", [12, 100, 3000])
def test_rounding_moves_the_coefficients_by_a_part_of_their_standard_errors(n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.uniform(1, 3, n)
    y = 2.3456789 * np.exp(-0.7 * x) + rng.normal(size=n) * 0.05
    law = Equation.parse("a*exp(-b*x)", ["x"]).fit({"x": x}, y)
    found = inference(law, {"x": x}, y)
    assert law.digits is not None
    rounded = np.array([float(f"{value:.{law.digits}g}") for value in law.coefficients.values()])
    shift = rounded - found.estimate
    assert float(shift @ np.linalg.solve(found.covariance, shift)) < 1.1 * SHIFT**2
    assert FEWEST <= law.digits <= 6


def test_exact_rows_deserve_the_digits_at_which_a_fit_counts_as_exact() -> None:
    x = np.linspace(1, 3, 20)
    law = Equation.parse("a*x", ["x"]).fit({"x": x}, np.sqrt(2) * x)
    assert law.format() == "1.414213562*x"
    assert Equation.parse("a*x", ["x"]).fit({"x": x}, (0.1 + 0.2) * x).format() == "0.3*x"


def test_other_losses_decide_by_their_own_values() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 4, 400)
    law = Equation.parse("exp(0.123456789*x + 0.987654321)", ["x"])
    counts = rng.poisson(law.predict({"x": x})).astype(float)
    for name in ("poisson", "absolute", "squared"):
        loss = LOSSES[name]
        shown = law.with_digits({"x": x}, counts, loss=loss)
        fitted = loss.mean(counts, law.predict({"x": x}))
        assert shown.digits is not None
        assert shown.digits < 7
        printed = Equation.parse(shown.format(), ["x"]).predict({"x": x})
        assert loss.mean(counts, printed) <= fitted * (1 + LARGEST_RISE)


def test_weights_named_constants_and_rows_without_an_answer() -> None:
    law = write(Equation.parse("1234.5678*(x - 1.2345678)", ["x"]).expr)
    columns, y = {"x": np.array([0.0, 1.0, 2.0])}, np.array([-1524.0, -290.0, 950.0])
    everywhere = digits_needed(law, {}, columns, y)
    assert digits_needed(law, {}, columns, y, np.array([0.0, 1.0, 0.0])) is not None
    assert everywhere is not None
    assert digits_needed(write(Equation.parse("x").expr), {}, columns, y) is None  # nothing to round
    assert digits_needed(write(Equation.parse("2.5*log(x)").expr), {}, columns, y) is None  # undefined at x = 0
    assert digits_needed(law, {}, {"x": np.zeros(0)}, np.zeros(0)) is None
    fall = Equation.parse("g*t**2/2 + v*t", ["t"], constants={"g": 9.80665})
    t = np.linspace(0, 2, 20)
    fitted = fall.fit({"t": t}, 9.80665 * t**2 / 2 + 3.0123456789 * t)
    assert fitted.format().startswith("g*t**2/2 + 3.01234")


def test_the_digits_survive_the_file_and_older_files_have_none() -> None:
    law = Equation.parse("a*year**2 + b*year + c", ["year"]).fit({"year": YEAR}, PARABOLA)
    text = law.to_json()
    assert Equation.from_json(text).digits == law.digits
    older = text.replace(f',\n  "digits": {law.digits}', "")
    assert older != text
    assert Equation.from_json(older).digits is None
    assert Equation.from_json(older) == law
    assert Equation.from_json(older).format() == law.format(6)
    for wrong in ("0", str(MOST + 1), "true", "6.0", '"6"'):
        with pytest.raises(FormulaError, match="'digits' must be a whole number"):
            Equation.from_json(text.replace(f'"digits": {law.digits}', f'"digits": {wrong}'))


def test_equations_made_from_a_fitted_one_keep_or_renew_the_digits() -> None:
    law = Equation.parse("a*year**2 + b*year + c", ["year"]).fit({"year": YEAR}, PARABOLA)
    assert law.with_coefficients({"c": 1.2e6}).digits == law.digits
    numbers = replace(law, formula=None, parameters=())
    snapped = snap_constants(numbers.fit({"year": YEAR}, PARABOLA), {"year": YEAR}, PARABOLA).equation
    assert _loss(snapped.format(), {"year": YEAR}, PARABOLA) < 1.01 * _loss(str(snapped), {"year": YEAR}, PARABOLA)
    assert Equation.parse("2.5*x").digits is None


@pytest.mark.parametrize(("start", "reach"), [(1990.0, 34.0), (1e6, 1.0), (-750.0, 20.0)])
def test_a_number_added_to_a_narrow_column_has_its_own_digits(start: float, reach: float) -> None:
    rng = np.random.default_rng(0)
    x = start + reach * np.sort(rng.uniform(size=80))
    y = 34.6 * ((x - start) / reach - 0.4876) ** 2 + 5 + 0.05 * rng.normal(size=80)
    law = Equation.parse("a*(x - c)**2 + b", ["x"])
    law = law.fit({"x": x}, y, start={"a": 34.6 / reach**2, "c": start + reach / 2, "b": 5})
    assert law.digits is not None
    assert law.digits <= 6
    assert _loss(law.format(), {"x": x}, y) < (1 + LARGEST_RISE) * _loss(str(law), {"x": x}, y)
    shown = {len(number.replace(".", "")) for number in re.findall(r"\d[\d.]*", law.format().replace("**2", ""))}
    assert max(shown) >= law.digits + 1
    assert min(shown) <= law.digits
    again = Equation.from_json(law.to_json())
    assert (again.format(), again.latex(), again.mathml()) == (law.format(), law.latex(), law.mathml())
