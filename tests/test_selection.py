"""Selection by description length."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from eqdarts import DARTSRegressor
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.primitives.table import LINEAR, PRIMITIVES, Primitive, fixed_power, resolve
from eqdarts.selection import (
    CLOSE,
    CRITERIA,
    Candidate,
    Criterion,
    choice_in_words,
    description_length,
    doubt_price,
    select,
    singularity_price,
    structure_length,
)
from tests.places import DATASETS

DEFAULT = resolve("default")
CONSTANT = Graph(1, (Node("sum", (), constant=True),))


def candidate(complexity: int, n_coefficients: int, loss: float, structure: float = 5.0) -> Candidate:
    return Candidate(complexity, n_coefficients, loss, structure)


def term(primitive: Primitive | str, constant: bool = False, n_inputs: int = 1, source: int = 0) -> Graph:
    row = PRIMITIVES[primitive] if isinstance(primitive, str) else primitive
    return Graph(n_inputs, (Node("sum", (Edge(source, row),), constant),))


def hyperbola(offset: bool, over: str) -> Graph:
    """Return 1 / (c + w f(x)), and with the offset a sum with it."""
    below = Node("sum", (Edge(0, PRIMITIVES[over]),), constant=True)
    return Graph(1, (below, Node("sum", (Edge(1, PRIMITIVES["reciprocal"]),), constant=offset)))


def chosen(
    rivals: dict[str, tuple[Graph, int, float]], y: NDArray[np.float64], primitives: tuple[Primitive, ...]
) -> str:
    """Return the name of the shortest of (graph, number of coefficients, residual sum of squares)."""
    candidates = [
        Candidate(1 if name == "constant" else 5, k, rss / len(y), structure_length(graph, primitives))
        for name, (graph, k, rss) in rivals.items()
    ]
    front, lengths = select(candidates, len(y), 1, float(np.mean(y**2)), float(y.var()))
    return list(rivals)[front[int(np.argmin(lengths))]]


# --- the front ---


def test_front_falls_with_complexity_and_skips_what_is_dominated() -> None:
    candidates = [candidate(5, 1, 0.5), candidate(1, 1, 1.0), candidate(7, 2, 0.6), candidate(9, 2, math.inf)]
    front, _ = select(candidates, 100, 1, 2.0, 1.0)
    assert front == [1, 0]


def test_the_shortest_description_is_on_the_front_though_fewer_symbols_fit_better() -> None:
    rivals = [candidate(5, 4, 0.999e-2, 39.0), candidate(6, 3, 1.0e-2, 36.0)]
    front, lengths = select(rivals, 1000, 1, 2.0, 1.0)
    assert front == [0, 1]
    assert lengths[1] < lengths[0]


def test_equal_complexity_prefers_fewer_coefficients_unless_the_data_can_tell() -> None:
    fixed, learned = candidate(5, 1, 1.05e-4), candidate(5, 2, 1.0e-4)
    assert select([fixed, learned], 20, 1, 2.0, 1.0)[0] == [0]
    assert select([fixed, learned], 2000, 1, 2.0, 1.0)[0] == [1]


def test_a_formula_without_a_graph_pays_for_every_symbol() -> None:
    lengths = [description_length(Candidate(s, 1, 0.5), 100, 2, 1.0, 1.0) for s in (3, 4, 5)]
    np.testing.assert_allclose(np.diff(lengths), math.log(14))


def test_nothing_is_gained_below_rounding_level() -> None:
    lengths = [description_length(candidate(5, 1, loss), 100, 1, 1.0, 1.0) for loss in (1e-25, 1e-30)]
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("n_rows", [1e-6, 0.5, 1.0, 2.0, 3.0])
def test_lengths_are_finite_for_any_sum_of_weights(n_rows: float) -> None:
    lengths = [description_length(candidate(5, k, 1.0), n_rows, 1, 1.0, 1.0) for k in (1, 2, 3)]
    assert np.isfinite(lengths).all()
    assert lengths == sorted(lengths)


def test_coefficients_that_use_up_the_rows_are_dear() -> None:
    """Without structure, k coefficients fitted to noise lower the loss by (n - k) / n: that must not pay."""
    for n in (6, 20):
        lengths = [description_length(candidate(1, k, (n - k) / n, 0.0), n, 1, 1.0, 1.0) for k in range(1, n)]
        assert lengths == sorted(lengths)


def test_known_errors_make_the_residual_code_half_of_chi_square() -> None:
    n, noise = 30, 0.2
    rough, fine = (replace(candidate(5, 1, loss), noise=noise) for loss in (0.5, 0.3))
    lengths = [description_length(c, n, 1, 2.0, 1.0) for c in (rough, fine)]
    assert lengths[0] - lengths[1] == pytest.approx(n * (0.5 - 0.3) / noise / 2)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_what_lies_within_the_known_errors_does_not_pay_and_what_lies_outside_does(criterion: str) -> None:
    def rivals(noise: float) -> list[Candidate]:
        fits = [candidate(3, 1, 1.0), candidate(9, 3, 0.5, 9.0)]
        return [replace(c, noise=noise, held_out=c.loss, n_held_out=30) for c in fits]

    def shortest(noise: float) -> int:
        front, lengths = select(rivals(noise), 100, 1, 2.0, 1.5, criterion)
        return front[lengths.index(min(lengths))]

    assert shortest(noise=5.0) == 0  # chi-square falls by 10: less than the coefficients and the structure cost
    assert shortest(noise=0.4) == 1


# --- the structure's own length ---


def _small_graphs(primitives: tuple[Primitive, ...]) -> Iterator[Graph]:
    def nodes(n_sources: int) -> Iterator[Node]:
        edges = [Edge(s, p) for s in range(n_sources) for p in primitives]
        for count in range(4):
            for chosen_edges in itertools.product(edges, repeat=count):
                for aggregator, constant in itertools.product(("sum", "product"), (False, True)):
                    if count or constant:
                        yield Node(aggregator, chosen_edges, constant)  # type: ignore[arg-type]

    for first in nodes(2):
        yield Graph(2, (first,))
        if len(first.edges) < 2:
            for second in nodes(3):
                yield Graph(2, (first, second))


@pytest.mark.parametrize("name", ["exp", "tanh"])
def test_structure_lengths_are_those_of_a_prefix_code(name: str) -> None:
    primitives = resolve([name])
    total = sum(math.exp(-structure_length(graph, primitives)) for graph in _small_graphs(primitives))
    assert 0.3 < total <= 1


def test_structure_grows_with_the_choices_not_with_the_numbers() -> None:
    assert structure_length(CONSTANT, DEFAULT) == pytest.approx(4 * math.log(2))
    assert structure_length(term("log", constant=True), DEFAULT) > structure_length(term("log"), DEFAULT)
    assert structure_length(term("log"), resolve("minimal")) < structure_length(term("log"), DEFAULT)
    assert structure_length(term("log", n_inputs=5), DEFAULT) == pytest.approx(
        structure_length(term("log"), DEFAULT) + math.log(5)
    )


def test_without_its_shift_a_function_has_the_same_length() -> None:
    tanh = PRIMITIVES["tanh"]
    scale = Node("sum", (Edge(0, LINEAR),))
    bare = Graph(1, (scale, Node("sum", (Edge(1, tanh),))))
    assert bare.n_coefficients == term("tanh").n_coefficients - 1
    assert structure_length(bare, DEFAULT) == pytest.approx(structure_length(term("tanh"), DEFAULT))
    # One that is read twice is a part of its own, and so is one with a constant.
    twice = Graph(1, (scale, Node("sum", (Edge(1, tanh), Edge(1, PRIMITIVES["log"])))))
    assert structure_length(twice, DEFAULT) > structure_length(term("tanh"), DEFAULT) + 6
    moved = Graph(1, (replace(scale, constant=True), Node("sum", (Edge(1, tanh),))))
    assert structure_length(moved, DEFAULT) > structure_length(term("tanh"), DEFAULT) + 3


def test_what_science_writes_often_is_short() -> None:
    rising = ["linear", "square", "sqrt", "log", "cos", "sin", "tanh", "arctan"]
    lengths = [structure_length(term(name), DEFAULT) for name in rising]
    assert lengths == sorted(lengths)
    assert lengths[-1] - lengths[3] == pytest.approx(math.log(132))  # of 132 logarithms, no inverse tangent


def test_fixed_exponents_cost_what_it_takes_to_name_them() -> None:
    lengths = [structure_length(term(fixed_power(Fraction(p, 2))), DEFAULT) for p in (4, 3, 5, 7, 12)]
    assert lengths == sorted(lengths)
    assert lengths[0] == structure_length(term("square"), DEFAULT) < lengths[1]


# --- noise, and laws that are known ---


def _functions(X: NDArray[np.float64]) -> Iterator[tuple[Graph, NDArray[np.float64], int]]:
    """Yield one-term graphs, their values and how many inner coefficients they have, over a grid of these."""
    d = X.shape[1]
    for i in range(d):
        x = X[:, i]
        for name, values in {
            "linear": x,
            "reciprocal": 1 / x,
            "sqrt": x**0.5,
            "square": x**2,
            "log": np.log(x),
        }.items():
            yield term(name, n_inputs=d, source=i), values, 0
        for a in np.linspace(-3, 3, 12):
            yield term("exp", n_inputs=d, source=i), np.exp(a * x), 1
            yield term("power", n_inputs=d, source=i), x**a, 1
            if a > 0:
                yield term("sin", n_inputs=d, source=i), np.sin(2 * a * x), 1
                yield term("cos", n_inputs=d, source=i), np.cos(2 * a * x), 1


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d", "mean"), [(12, 1, 3.0), (30, 2, 0.0), (100, 5, 0.0), (100, 5, 1.0)])
def test_noise_is_a_constant(n: int, d: int, mean: float) -> None:
    """The best of all equations of one term, with and without a constant, in 100 sets of noise: at most 5 laws."""
    rng = np.random.default_rng(0)
    taken = 0
    for _ in range(100):
        X, y = rng.uniform(0.2, 3.0, (n, d)), mean + rng.normal(size=n)
        graphs, columns, inner = zip(*_functions(X), strict=True)
        F = np.array(columns)
        centred, rest = F - F.mean(1, keepdims=True), y - y.mean()
        bare = (y**2).sum() - (F @ y) ** 2 / (F**2).sum(1)
        shifted = (rest**2).sum() - (centred @ rest) ** 2 / (centred**2).sum(1)
        rivals = {"constant": (CONSTANT, 1, n * float(y.var()))}
        for number, (graph, k) in enumerate(zip(graphs, inner, strict=True)):
            rivals[f"bare {number}"] = graph, k + 1, bare[number]
            with_constant = Graph(d, (Node("sum", graph.nodes[0].edges, constant=True),))
            rivals[f"shifted {number}"] = with_constant, k + 2, shifted[number]
        null = structure_length(CONSTANT, DEFAULT)
        assert null < min(structure_length(graph, DEFAULT) for graph in graphs)
        taken += chosen(rivals, y, DEFAULT) != "constant"
    assert taken <= 5


def saturation(n_inputs: int = 1, below: int = 0) -> Graph:
    """Return x0 / (c + w x_below)."""
    linear, reciprocal = PRIMITIVES["linear"], PRIMITIVES["reciprocal"]
    denominator = Node("sum", (Edge(below, linear),), constant=True)
    return Graph(n_inputs, (denominator, Node("product", (Edge(0, linear), Edge(n_inputs, reciprocal)))))


def test_two_graphs_of_one_function_are_equally_long() -> None:
    two_ways = saturation(), hyperbola(offset=False, over="reciprocal")
    assert len({structure_length(graph, DEFAULT) for graph in two_ways}) == 1
    assert structure_length(saturation(2, below=0), DEFAULT) < structure_length(saturation(2, below=1), DEFAULT)


def test_puromycin_is_michaelis_menten_among_ratios() -> None:
    """Residual sums of squares by nls; an offset fits better, but its coefficient costs more than it saves."""
    table = pd.read_csv(DATASETS / "puromycin.csv")
    y = table.loc[table["state"] == "treated", "rate"].to_numpy(float)
    rivals = {
        "constant": (CONSTANT, 1, 30858.9),
        "reciprocal": (term("reciprocal", constant=True), 2, 7091.0),
        "Michaelis-Menten": (saturation(), 2, 1195.45),
        "with an offset": (hyperbola(offset=True, over="linear"), 3, 798.53),
    }
    assert chosen(rivals, y, resolve(["reciprocal"])) == "Michaelis-Menten"


def test_six_rows_of_oxygen_demand_are_a_law() -> None:
    y = pd.read_csv(DATASETS / "bod.csv")["demand"].to_numpy(float)
    rivals = {
        "constant": (CONSTANT, 1, 107.213),
        "root": (term("sqrt"), 1, 34.636),
        "power": (term("power"), 2, 30.201),
        "logarithm": (term("log", constant=True), 2, 27.104),
    }
    assert chosen(rivals, y, DEFAULT) == "root"


def test_kepler_keeps_the_fixed_exponent() -> None:
    y = pd.read_csv(DATASETS / "solar_system.csv")["period_days"].to_numpy(float)
    rivals = {
        "linear": (term("linear"), 1, 3.161e8),
        "fixed": (term(fixed_power(Fraction(3, 2))), 1, 8394.0),
        "learned": (term("power"), 2, 2503.0),
        "learned with a constant": (term("power", constant=True), 3, 2401.0),
    }
    assert chosen(rivals, y, DEFAULT) == "fixed"


# --- the other criteria, and the choice in words ---


def test_bic_and_aicc_are_the_textbook_ones_with_the_structure() -> None:
    n, loss, k = 40, 0.3, 2
    for name, penalty in (("bic", (k + 1) * math.log(n)), ("aicc", 2 * (k + 1) + 2 * (k + 1) * (k + 2) / (n - k - 2))):
        length = CRITERIA[name].length(candidate(5, k, loss, 7.0), n, 1, 1.0, 1.0)
        assert 2 * length == pytest.approx(n * math.log(loss) + penalty + 14.0)


def test_held_out_loss_counts_the_held_out_rows_only() -> None:
    one = Candidate(5, 1, 0.3, 7.0, held_out=0.5, n_held_out=12)
    assert CRITERIA["validation"].length(one, 40, 1, 1.0, 1.0) == pytest.approx(6 * math.log(0.5) + 7.0)
    assert CRITERIA["validation"].length(replace(one, held_out=math.inf), 40, 1, 1.0, 1.0) == math.inf


@pytest.mark.parametrize("criterion", CRITERIA)
def test_ties_go_to_the_simpler_and_noise_to_no_one(criterion: str) -> None:
    def fit(complexity: int, k: int, loss: float, structure: float) -> Candidate:
        return Candidate(complexity, k, loss, structure, held_out=loss, n_held_out=30)

    same = [fit(7, 1, 0.5, 9.0), fit(3, 1, 0.5, 9.0)]
    assert select(same, 100, 1, 1.0, 1.0, criterion)[0] == [1]
    flattered = [fit(1, 1, 1.0, 3.0), fit(9, 3, 0.93, 20.0)]
    front, lengths = select(flattered, 100, 1, 1.0, 1.0, criterion)
    assert (front, lengths.index(min(lengths))) == ([0, 1], 0)
    law = [fit(1, 1, 1.0, 3.0), fit(9, 3, 0.05, 20.0)]
    front, lengths = select(law, 100, 1, 1.0, 1.0, criterion)
    assert lengths.index(min(lengths)) == 1


def test_words_name_the_choice_what_came_close_and_what_the_best_fit_costs() -> None:
    front = [candidate(1, 1, 1.0, 3.0), candidate(5, 1, 0.2, 8.0), candidate(7, 2, 0.19, 9.0), candidate(20, 5, 0.1)]
    said = choice_in_words("mdl", front, [50.0, 10.0, 12.0, 40.0], ["y = 1", "y = a", "y = b", "y = c"], 1234)
    for part in (
        "Chosen by description length of the 4 equations of the Pareto front: y = a.",
        "Close rivals: y = b (2.0 nats longer, odds 7.4 to 1).",
        "0.5 times the loss, with 20 symbols instead of 5", "30.0 nats longer", "8.0 nats", "1234 refitted graphs",
    ):  # fmt: skip
        assert part in said
    assert "y = 1" not in said


def test_words_of_a_lonely_and_of_a_clear_choice() -> None:
    alone = choice_in_words("bic", [candidate(1, 1, 1.0)], [5.0], ["y = 1"], 10)
    assert alone.startswith("Chosen by BIC as the only equation of the front: y = 1.")
    assert "lose" not in alone
    clear = choice_in_words("aicc", [candidate(1, 1, 1.0), candidate(3, 1, 0.0)], [5.0, -100.0], ["y = 1", "y = x"], 10)
    assert "No other comes close; the next is 105.0 nats longer: y = 1." in clear


def test_each_wave_that_the_rows_do_not_show_is_paid_for() -> None:
    plain = candidate(3, 2, 1.0)
    wavy = replace(plain, wave="sin(t) turns 0.5 of a period over the rows", n_waves=3)
    assert doubt_price(wavy) == 3 * doubt_price(replace(wavy, n_waves=1)) > doubt_price(plain) == 0
    said = choice_in_words("mdl", [wavy], [5.0], ["y = sin(t)"], 10)
    assert "over the rows, and 2 more like this. It pays 15.0 nats for that" in said


def test_a_criterion_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CRITERIA, "frugal", Criterion("frugal", "frugality", lambda c, *_: float(c.complexity)))
    model = DARTSRegressor(selection="frugal", search="random", time_limit=None, max_refits=60, random_state=0)
    x = np.linspace(1.0, 2.0, 30)
    model.fit(x[:, None], 3 * x**2)
    assert model.equations_["complexity"][model.equations_["chosen"]].item() == model.equations_["complexity"].min()
    assert model.selection_.startswith("Chosen by frugality of the")
    assert CRITERIA["frugal"].stand_in.name == "frugal"
    assert CRITERIA["validation"].stand_in.name == "bic"


@pytest.mark.parametrize(("n_rows", "nats"), [(10, 0.1), (10, -0.1), (100_000, 0.1), (100_000, -0.1)])
def test_a_pole_costs_its_place_and_the_odds_of_a_close_rival(n_rows: int, nats: float) -> None:
    pole = Candidate(5, 1, 1.0, structure=5.0, pole="a pole at x = 2")
    plain = Candidate(6, 1, 1.0 - 1e-9, structure=5.0 + CLOSE + math.log(n_rows + 1) + nats)
    front, lengths = select([pole, plain], n_rows, 1, 2.0, 1.0)
    assert front == [0, 1]
    assert (lengths[0] < lengths[1]) == (nats > 0)
    assert singularity_price(replace(plain, brink="x = 0"), n_rows) == CLOSE


def test_two_graphs_of_one_equation_are_on_the_front_once() -> None:
    first = Candidate(1, 1, 0.68593, 3.0)
    again = replace(first, loss=0.68593 * (1 + 1e-13), structure=5.0, kept=True)
    front, _ = select([first, again, Candidate(5, 2, 0.1, 9.0)], 100, 1, 1.0, 1.0)
    assert front == [0, 2]
