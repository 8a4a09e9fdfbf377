"""The searches of a fit: what is searched, and what is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from eqdarts import DARTSRegressor, Equation
from eqdarts.data import prepare
from eqdarts.fitting.searches import Searches


def test_a_constant_and_a_line_are_refitted_though_the_search_has_dropped_them() -> None:
    x = np.linspace(1.0, 2.0, 30)
    data = prepare(x[:, None], 3 * x, None, 0.3, np.random.default_rng(0))
    members = Searches._joined(object(), (), [], data)  # type: ignore[arg-type]
    assert [len(member.graph.nodes[0].edges) for member in members] == [0, 1]
    assert members[0].coefficients == pytest.approx((1.0,))  # the mean, in units of the mean


@pytest.mark.slow
def test_a_search_that_saw_the_largest_values_only_is_repeated_by_the_scatter_of_its_laws() -> None:
    rng = np.random.default_rng(6)
    kelvin = rng.uniform(290, 400, 30)
    rate = 3e9 * np.exp(-6500 / kelvin) * (1 + 0.06 * rng.normal(size=30))
    model = DARTSRegressor(max_refits=3000, time_limit=None, random_state=0)
    model.fit(pd.DataFrame({"T": kelvin}), rate)
    assert model.noise_.kind == "relative"
    assert model.run_.history.stop_reason == "settled"
    form = Equation.parse("a*exp(-b/T)", ["T"]).fit({"T": kelvin}, model.predict(pd.DataFrame({"T": kelvin})))
    np.testing.assert_allclose(form.predict({"T": kelvin}), model.predict(pd.DataFrame({"T": kelvin})), rtol=1e-6)
