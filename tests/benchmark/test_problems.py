"""Benchmark problems: what is there, that the formulas mean what they say, and how rows are drawn."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdarts.benchmark.problems import SUITES, UNITS, Problem, load_problem, load_suite

ALL = load_suite("all")
SIMPLE = Problem("simple", "sqrt(a-b)", (("a", 0.0, 2.0), ("b", 0.0, 1.0)))


def test_the_suites_are_complete_and_names_are_unique() -> None:
    assert [len(load_suite(suite)) for suite in SUITES] == [120, 18, 8, 6, 24, 14, 120, 120]
    assert len({problem.name.casefold() for problem in ALL}) == len(ALL) == 430


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_values_agree_with_sympy(suite: str) -> None:
    import sympy

    for problem in load_suite(suite):
        symbols = {name: sympy.Symbol(f"v_{name}", real=True) for name in problem.variables}
        expr = sympy.sympify(problem.expression, locals=symbols)
        X, y = problem.box(20, seed=1)
        values = sympy.lambdify(list(symbols.values()), expr, "numpy")(*X.T)
        np.testing.assert_allclose(y, values, rtol=2e-6 if suite == "srsd" else 1e-9, err_msg=problem.name)
        assert set(problem.variables) == {s.name for s in problem.expr.free_symbols} | (
            {"y"} if problem.name == "van-der-Pol-y" else set()
        )


@given(
    st.sampled_from([p for p in ALL if p.suite not in ("strogatz", "solved")]), st.integers(0, 100), st.integers(1, 60)
)
def test_rows_are_in_range_finite_and_repeatable(problem: Problem, seed: int, n_rows: int) -> None:
    X, y = problem.sample(n_rows, seed)
    assert X.shape == (n_rows, len(problem.variables))
    assert np.isfinite(y).all()
    for column, (_, low, high) in zip(X.T, problem.ranges, strict=True):
        rounding = 1e-12 * max(abs(low), abs(high)) if problem.draws else 0.0
        assert column.max() <= high + rounding
        least = -high if any("either sign" in draw for draw in problem.draws) else low
        assert column.min() >= least - rounding
    again, _ = problem.sample(n_rows, seed)
    np.testing.assert_array_equal(X, again)
    fresh, _ = problem.box(n_rows, seed)
    assert "integer" in problem.draws or not np.isin(fresh, X).any()


def test_rows_of_the_first_suites_are_those_of_every_version() -> None:
    digest = hashlib.sha256()
    for suite in ("feynman", "nguyen", "constant", "jin", "psych"):
        for problem in load_suite(suite):
            for X in (problem.sample(50, 3)[0], problem.box(40, 2, "wide", 1.5)[0]):
                digest.update(X.tobytes())
    assert digest.hexdigest() == "cf21fa888b99d87c4de3051131473c87966639bab10c482400d1220c22be53ca"


def test_rows_where_the_law_is_undefined_are_drawn_again() -> None:
    X, y = SIMPLE.sample(400)
    assert len(y) == 400
    assert (X[:, 0] >= X[:, 1]).all()


def test_a_law_that_is_nearly_nowhere_finite_is_an_error() -> None:
    with pytest.raises(ValueError, match="finite nearly everywhere"):
        Problem("none", "sqrt(-1-x)", (("x", 0.0, 1.0),)).sample(20)


def test_wider_ranges_are_about_the_same_middle() -> None:
    X, _ = Problem("wide", "x", (("x", 2.0, 4.0),)).box(2000, 0, "wide", 1.5)
    assert X.min() == pytest.approx(1.5, abs=0.02)
    assert X.max() == pytest.approx(4.5, abs=0.02)


def test_noise_is_a_share_of_the_size_of_y_and_leaves_the_rows() -> None:
    problem = load_problem("I.12.1")
    X, y = problem.sample(4000, 3)
    X_noisy, y_noisy = problem.sample(4000, 3, noise=0.1)
    np.testing.assert_array_equal(X, X_noisy)
    assert np.std(y_noisy - y) == pytest.approx(0.1 * np.sqrt(np.mean(y**2)), rel=0.05)
    assert not np.array_equal(y_noisy, problem.sample(4000, 4, noise=0.1)[1])


def test_unknown_names_are_told_what_is_near() -> None:
    assert load_problem("nguyen-1").name == "Nguyen-1"
    with pytest.raises(ValueError, match=r"Did you mean 'Nguyen-"):
        load_problem("Nguyen-13x")
    with pytest.raises(ValueError, match="Did you mean 'feynman'"):
        load_suite("feynmann")


CONSTANTS = {  # of nature, as the laws spell them, with the exponents of m, s, kg, K and V in their units
    "6.626e-34": (2, -1, 1, 0, 0),
    "1.054571817e-34": (2, -1, 1, 0, 0),
    "2.99792458e8": (1, -1, 0, 0, 0),
    "1.380649e-23": (2, -2, 1, -1, 0),
    "8.854e-12": (1, -2, 1, 0, -2),
    "6.67430e-11": (3, -2, -1, 0, 0),
    "6.6743e-11": (3, -2, -1, 0, 0),
    "9.80665": (1, -2, 0, 0, 0),
    "9.2740100783e-24": (4, -3, 1, 0, -1),
    "9.10938356e-31": (0, 0, 1, 0, 0),
}


@pytest.mark.parametrize("unit", range(len(UNITS)), ids=UNITS)
def test_realistic_laws_agree_with_their_units(unit: int) -> None:
    """In units half as large every law, with its constants of nature, says the same."""
    constant = re.compile("|".join(map(re.escape, CONSTANTS)))
    for problem in load_suite("srsd"):
        X, y = problem.sample(20)
        *factors, factor = (2.0 ** exponents[unit] for exponents in problem.units)
        text = constant.sub(lambda found: f"({found[0]}*2**({CONSTANTS[found[0]][unit]}))", problem.expression)
        scaled = replace(problem, expression=text).value(X * np.array(factors))
        np.testing.assert_allclose(scaled, y * factor, rtol=1e-6, atol=0, err_msg=problem.name)


def test_values_of_realistic_laws_are_not_lost_in_rounding() -> None:
    import mpmath
    import sympy

    for problem in load_suite("srsd"):
        X, y = problem.sample(10)
        symbols = [sympy.Symbol(name, real=True) for name in problem.variables]
        law = sympy.lambdify(symbols, problem.expr, "mpmath")
        with mpmath.workdps(60):
            exact = [float(law(*map(mpmath.mpf, row))) for row in X]
        np.testing.assert_allclose(y, exact, rtol=1e-9, atol=0, err_msg=problem.name)


def test_rows_of_a_solved_law_are_rows_of_its_source() -> None:
    for problem in load_suite("solved"):
        source = load_problem(problem.name.split("~")[0])
        assert (problem.source, problem.ranges) == (source.expression, source.ranges)
        X, y = problem.sample(40, seed=2)
        columns = dict(zip(problem.variables, X.T, strict=True)) | {problem.solved_for: y}
        drawn = np.column_stack([columns[name] for name in source.variables])
        for column, (_, low, high) in zip(drawn.T, source.ranges, strict=True):
            assert low - 1e-5 <= column.min() <= column.max() <= high + 1e-5, problem.name
        np.testing.assert_allclose(source.value(drawn), columns["val"], rtol=1e-5, err_msg=problem.name)


def test_rows_on_another_branch_of_the_inverse_are_drawn_again() -> None:
    law = load_problem("I.26.2~theta2")  # pi - arcsin(...): not where theta2 is below pi/2
    X, y = law.sample(300)
    assert len(X) == 300
    assert np.pi / 2 <= y.min() < 1.8
    wide = law.box(300, 0, "wide", 1.5)[1]
    assert 4.4 < wide.max() <= 3 * np.pi / 2


def test_a_problem_is_the_same_after_json() -> None:
    for name in ("I.12.1", "srsd-B7", "test_6~Z_2"):
        problem = load_problem(name)
        assert Problem.from_record(json.loads(json.dumps(asdict(problem)))) == problem
