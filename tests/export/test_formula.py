"""Anything with the fields of a formula can be exported; it need not be an `Equation`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from eqdarts.export import to_c_source, to_excel, to_numpy_source, to_torch
from eqdarts.export.formula import Formula, TrainableFormula
from eqdarts.expression.parse import parse_formula


@dataclass(frozen=True)
class Line:
    """The formula a*x + g with a constant g of 2."""

    a: float
    variables: tuple[str, ...] = ("x",)
    free_parameters: tuple[str, ...] = ()
    constants: tuple[tuple[str, float], ...] = (("g", 2.0),)

    @property
    def expr(self) -> Any:
        return parse_formula(f"{self.a}*x + 2.0").expr

    @property
    def template(self) -> Any:
        return parse_formula("a*x + g").expr

    @property
    def coefficients(self) -> dict[str, float]:
        return {"a": self.a}

    def format(self, digits: int = 6) -> str:
        return f"a line of slope {self.a:.{digits}g}"

    def with_coefficients(self, values: Mapping[str, float]) -> Line:
        return replace(self, a=values["a"])


def test_a_formula_of_ones_own_is_written_in_every_language() -> None:
    line: Formula = Line(1.5)
    space: dict[str, Any] = {}
    source = to_numpy_source(line)
    exec(source, space)
    np.testing.assert_array_equal(space["predict"]([0.0, 2.0]), [2.0, 5.0])
    assert "a line of slope 1.5" in source
    assert "a line of slope 1.5" in to_c_source(line)
    assert to_excel(line) == "=IFERROR(2.0 + 1.5 * A2, NA())"


def test_a_formula_of_ones_own_is_trained() -> None:
    line = Line(1.5)
    trainable: TrainableFormula = line
    module = to_torch(line)
    assert module.names == tuple(trainable.coefficients)
    assert module(torch.tensor([[2.0]], dtype=torch.float64)).tolist() == [5.0]
    with torch.no_grad():
        module.coefficients[0] = 4.0
    assert module.to_equation() == Line(4.0)
