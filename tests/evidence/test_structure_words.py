"""Reductions as sentences: who acts with whom, in the names and the units of the columns."""

from __future__ import annotations

import numpy as np
import pytest

from eqdarts.evidence.structure_words import in_words
from eqdarts.search.structure import Group, Reduction

NAMES = ("a", "b", "c")
NOTHING = Group("product", ())


def told(*chain: Reduction, units: tuple[float, ...] = (1.0, 1.0, 1.0)) -> list[str]:
    return [text for text, _ in in_words(chain, NAMES, "y", np.array(units))]


def alone(i: int) -> Group:
    return Group("product", ((i, 1.0),))


CASES = {
    "a and b act only through a/b": (Reduction((Group("product", ((0, 1.0), (1, -1.0))), alone(2)), NOTHING),),
    "a and c act only through a*c**2": (Reduction((Group("product", ((0, 1.0), (2, 2.0))), alone(1)), NOTHING),),
    "a and b act only through a**(1/2)*b": (Reduction((Group("product", ((0, 0.5), (1, 1.0))), alone(2)), NOTHING),),
    "b and c act only through b - c": (Reduction((alone(0), Group("sum", ((1, 1.0), (2, -1.0)))), NOTHING),),
    "a and b act only through a + 2.5*b": (Reduction((Group("sum", ((0, 1.0), (1, 2.5))), alone(2)), NOTHING),),
    "y is proportional to c": (Reduction((alone(0), alone(1)), alone(2)),),
    "y is proportional to a/(b*c)": (Reduction((), Group("product", ((0, 1.0), (1, -1.0), (2, -1.0)))),),
}


@pytest.mark.parametrize("text", CASES)
def test_a_reduction_is_one_sentence(text: str) -> None:
    assert told(*CASES[text]) == [text]


def test_a_product_has_its_first_factor_above_the_line() -> None:
    inverse = Reduction((Group("product", ((0, -1.0), (1, 1.0))), alone(2)), NOTHING)
    assert told(inverse) == ["a and b act only through a/b"]


def test_a_chain_is_told_in_the_first_names() -> None:
    ratio = Reduction((Group("product", ((0, 1.0), (1, -1.0))), alone(2)), NOTHING)
    total = Reduction((Group("sum", ((0, 1.0), (1, 1.0))),), NOTHING)
    assert told(ratio, total) == ["a, b and c act only through a/b + c"]


def test_a_prefactor_that_shares_names_divides_the_target() -> None:
    shared = Reduction((Group("product", ((0, 1.0), (1, -1.0))),), Group("product", ((0, 1.0), (2, 1.0))))
    assert told(shared) == ["y/(a*c) depends on a, b and c only through a/b"]


def test_units_change_weights_and_nothing_else() -> None:
    total = Reduction((Group("sum", ((0, 1.0), (1, 1.0))), alone(2)), NOTHING)
    assert told(total, units=(2.0, 1.0, 1.0)) == ["a and b act only through a + 2*b"]
    product = Reduction((Group("product", ((0, 1.0), (1, -1.0))), alone(2)), NOTHING)
    assert told(product, units=(2.0, 0.1, 1.0)) == told(product)


def test_inputs_that_stay_as_they_are_get_no_sentence() -> None:
    assert told(Reduction((alone(0), alone(1), alone(2)), NOTHING)) == []


def test_a_sentence_knows_whom_it_is_about() -> None:
    (sentence,) = in_words(CASES["y is proportional to c"], NAMES, "y", np.ones(3))
    assert sentence == ("y is proportional to c", frozenset({"c"}))
