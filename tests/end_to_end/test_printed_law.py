"""What each place prints is the law that was fitted: read back, it has the loss that stands beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from eqdarts import DARTSRegressor, Equation, plotting
from eqdarts.cli.command import main
from eqdarts.cli.fit import front_table
from eqdarts.inference.summary import coefficient_table
from eqdarts.report.notebook import fitted_html
from eqdarts.report.page import report_page
from eqdarts.report.words import inference_of, words_of
from tests.helpers import QUICK
from tests.places import ROOT

RISE = 1.01
EXACT = 1.01e-18  # of the mean square of y


def _years() -> tuple[pd.DataFrame, pd.Series]:
    year = np.arange(1990.0, 2025.0)
    noise = np.random.default_rng(0).normal(size=len(year))
    return pd.DataFrame({"year": year}), pd.Series(0.3 * (year - 2007) ** 2 + 5 + noise, name="level")


def _kelvin() -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(1)
    T = rng.uniform(298, 303, 60)
    return pd.DataFrame({"T": T}), pd.Series(3 * np.exp(0.4 * (T - 300)) + 0.05 * rng.normal(size=60), name="rate")


def _large() -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(2)
    x = 1e6 + np.sort(rng.uniform(size=60))
    return pd.DataFrame({"x": x}), pd.Series(30 * (x - 1e6 - 0.4876) ** 2 + 0.05 * rng.normal(size=60), name="y")


def _exact() -> tuple[pd.DataFrame, pd.Series]:
    x = np.linspace(0.5, 4, 30)
    return pd.DataFrame({"x": x}), pd.Series(np.sqrt(2) * x * np.exp(-x / 3), name="y")


def _planets() -> tuple[pd.DataFrame, pd.Series]:
    table = pd.read_csv(ROOT / "datasets" / "solar_system.csv")
    return table[["semi_major_axis_au"]], table["period_days"]


TABLES = {
    "years": (_years, ["a*year**2 + b*year + c"]),
    "kelvin": (_kelvin, ["a*exp(b*T - c)", "a*T**3 + b*T**2 + c*T + d"]),
    "large": (_large, ["a*(x - 1000000.5)**2 + b"]),
    "exact": (_exact, ["a*x*exp(b*x)"]),
    "planets": (_planets, ["a*semi_major_axis_au**b"]),
}


@cache
def _model(name: str) -> DARTSRegressor:
    table, guesses = TABLES[name]
    options = {**QUICK, "max_refits": 100}
    return DARTSRegressor(**options, guesses=guesses, selection="bic").fit(*table())


def _numbers(shown: str) -> list[float]:
    """Return the numbers in LaTeX or MathML, without signs."""
    power = r"<msup><mn>10</mn><mrow>(<mo[^>]*>\u2212</mo>)?<mn>(\d+)</mn></mrow></msup>"
    shown = re.sub(power, lambda m: f" 10^{{{'-' if m[1] else ''}{m[2]}}} ", shown)
    shown = html.unescape(re.sub(r"<[^>]*>", " ", shown)).replace("\u22c5", r"\cdot")
    shown = re.sub(r"\s*\\cdot\s*10\^\{(-?\d+)\}", r"e\1", shown)
    shown = re.sub(r"(?<![\d.])10\^\{(-?\d+)\}", r"1e\1", shown)
    return [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?", shown)]


def _with_numbers(law: Equation, numbers: list[float]) -> Equation:
    """Return the law with the size of each coefficient replaced by the printed number that is nearest to it."""
    if not law.coefficients:
        return law
    sizes = np.log([number for number in numbers if number > 0])
    nearest = {
        name: float(np.copysign(np.exp(sizes[np.abs(sizes - np.log(abs(value))).argmin()]), value))
        for name, value in law.coefficients.items()
    }
    return law.with_coefficients(nearest)


def _loss_of(law: Equation, name: str) -> float:
    X, y = TABLES[name][0]()
    return float(np.average((law.predict(X) - y) ** 2, weights=_model(name).run_.rows.weight))


def _holds(printed: Equation, fitted: Equation, name: str) -> None:
    """Check that a law as it was printed has the loss of the fitted one."""
    mean_square = float(np.mean(TABLES[name][0]()[1] ** 2))
    assert _loss_of(printed, name) <= RISE * _loss_of(fitted, name) + EXACT * mean_square


def _read(text: str, name: str) -> Equation:
    return Equation.parse(text, list(TABLES[name][0]()[0].columns))


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_the_table_has_a_law_that_six_digits_may_spoil(name: str) -> None:
    model = _model(name)
    spoilt = [_loss_of(_read(replace(e, target=None).format(6), name), name) / _loss_of(e, name) for e in model.front_]
    if name in ("years", "kelvin"):
        assert max(spoilt) > 2


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_text_latex_and_mathml_of_every_equation(name: str) -> None:
    for law in _model(name).front_:
        bare = replace(law, target=None)
        _holds(_read(bare.format(), name), law, name)
        for shown in (bare.latex(), bare.mathml(), bare._repr_html_(), str(bare._repr_latex_())):
            _holds(_with_numbers(law, _numbers(shown)), law, name)


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_the_front(name: str) -> None:
    model = _model(name)
    lines = front_table(model, TABLES[name][0]()[1]).splitlines()[1:]
    for line, law in zip(lines, model.front_, strict=True):
        _holds(_read(re.split(r"\s{2,}", line.strip())[-1], name), law, name)
    for text, latex, law in zip(model.equations_["equation"], model.equations_["latex"], model.front_, strict=True):
        _holds(_read(text, name), law, name)
        _holds(_with_numbers(law, _numbers(latex.partition(" = ")[2])), law, name)


@pytest.mark.parametrize("name", TABLES)
def test_summary_notebook_and_sources(name: str) -> None:
    model = _model(name)
    law = model.equation_
    said = model.summary(profile=False)
    head = " ".join(said.split("\n", 1)[1].partition("\nform:")[0].partition("\n---")[0].split())
    _holds(_read(head.partition(" = ")[2], name), law, name)
    for source in (law.to_numpy_source(), law.to_c_source()):
        comment = next(line for line in source.splitlines() if f"{model.equation_.target} = " in line)
        _holds(_read(comment.partition(" = ")[2], name), law, name)
    cells = fitted_html(model.run_, "")
    laws = [replace(other, target=None) for other in model.front_]
    shown = re.findall(r"<td[^>]*>[^<]*</td><td[^>]*>[^<]*</td><td[^>]*>(.*?)</td></tr>", cells)
    assert shown
    for cell in shown:
        other = next(other for other in laws if other.mathml() == cell)
        _holds(_with_numbers(other, _numbers(cell)), other, name)


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_coefficients_and_the_reason_for_the_choice(name: str) -> None:
    model = _model(name)
    for k, law in enumerate(model.front_):
        found = inference_of(model.run_, k)
        assert found is not None
        cells = [line.split()[:2] for line in coefficient_table(found).splitlines()[1:]]
        for rows in (cells, words_of(model.run_, k, found).coefficients, words_of(model.run_, k, None).coefficients):
            _holds(law.with_coefficients({row[0]: float(row[1]) for row in rows}), law, name)
    quoted = re.search(r": \w+ = (.*?)\.(?: |$)", model.selection_)
    assert quoted is not None
    _holds(_read(quoted[1], name), model.equation_, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_titles_of_pictures(name: str) -> None:
    model = _model(name)
    X, y = TABLES[name][0]()
    for ax in (plotting.plot_fit(model.equation_, X, y), plotting.plot_front(model.equations_)):
        title = ax.get_title(loc="left")
        _holds(_with_numbers(model.equation_, _numbers(title.partition("=")[2])), model.equation_, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["years"])
def test_the_report_page(name: str) -> None:
    model = _model(name)
    shown = re.findall(r"(?:<math>.*?</math> ?)+", report_page(model.run_))
    for law in model.front_:
        for printed in (law.mathml(), replace(law, target=None).mathml()):
            found = next(formula.strip() for formula in shown if formula.strip() == printed)
            _holds(_with_numbers(law, _numbers(found)), law, name)


@pytest.mark.slow
def test_the_command_line_and_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = _years()
    file = tmp_path / "sea.csv"
    X.assign(level=y).to_csv(file, index=False)
    guess = TABLES["years"][1][0]
    options = [
        "--target",
        "level",
        "--time-limit",
        "2",
        "--seed",
        "0",
        "--guess",
        guess,
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["fit", str(file), *options, "--quiet"]) in (0, None)
    out = capsys.readouterr().out
    law = Equation.from_json((tmp_path / "out" / "equation.json").read_text(encoding="utf-8"))
    printed = next(line for line in out.splitlines() if line.startswith("level = "))
    _holds(_read(printed.partition(" = ")[2], "years"), law, "years")
    tex = (tmp_path / "out" / "equation.tex").read_text(encoding="utf-8")
    _holds(_with_numbers(law, _numbers(tex.partition(" = ")[2])), law, "years")
    front = [line for line in out.splitlines() if re.match(r"^\s*\*?\s+\d+\s", line)]
    assert front
    for line in front:
        _, loss, _, text = re.split(r"\s{2,}", line.strip().removeprefix("*").strip())
        assert _loss_of(_read(text, "years"), "years") <= RISE * float(loss) * 1.001
