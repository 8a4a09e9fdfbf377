"""A warm start begins with the laws of the fit before."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from eqdarts import ODERegressor
from eqdarts.dynamics.warm_start import laws_on_fronts
from eqdarts.primitives.table import resolve
from tests.dynamics.systems import data


def test_the_laws_on_the_fronts_are_tried_the_chosen_one_first(fitted: ODERegressor) -> None:
    found = laws_on_fronts(fitted.run_, data(), resolve("default"))
    assert [len(laws) for laws in found] == [len(ones) for ones in fitted.run_.front]
    for laws, equation in zip(found, fitted.equations_, strict=True):
        assert laws[0].equation.expr == equation.expr
        assert laws[0].structure > 0


def test_a_warm_start_needs_the_same_states(fitted: ODERegressor) -> None:
    model = deepcopy(fitted).set_params(warm_start=True, guesses=None)
    assert len(model._laws_before(data())[0]) > 1
    assert fitted._laws_before(data()) == []
    other = pd.DataFrame({"t": np.arange(12.0), "x": np.arange(12.0) ** 2})
    with pytest.raises(ValueError, match="warm start needs the same states"):
        model.fit(other, t="t")
