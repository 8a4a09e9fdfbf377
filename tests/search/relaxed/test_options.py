"""The options of the relaxed search: what is refused, and how they reach a supernet from the estimator."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts.search.relaxed import island
from eqdarts.search.relaxed.descent import Descent
from eqdarts.search.relaxed.options import RelaxedOptions, relaxed_options
from eqdarts.search.relaxed.training import train_supernet

X = np.random.default_rng(0).uniform(0.5, 3.0, (60, 2))
Y = X[:, 0] * X[:, 1] + 0.1 * np.sin(9 * X[:, 0])
QUICK: dict[str, Any] = {"search": "relaxed", "n_restarts": 3, "time_limit": None, "max_refits": 30, "random_state": 0}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"order": 3}, r"order must be 'first', 'second' or 'implicit'\. Got 3\."),
        ({"n_steps": -1}, r"n_steps must be at least 0\. Got -1\."),
        ({"n_steps": 1.5}, r"n_steps must be at least 0\. Got 1\.5\."),
        ({"n_samples": -1}, r"n_samples must be at least 0"),
        ({"n_hidden": ()}, r"n_hidden must be a tuple of one number or more\. Got \(\)\."),
        ({"n_hidden": (1, 0)}, r"n_hidden must be at least 1\. Got 0\."),
        ({"n_hidden": 2}, r"n_hidden must be a tuple"),
        ({"rate_w": 0.0}, r"rate_w must be positive\. Got 0\.0\."),
        ({"rate_alpha": math.nan}, r"rate_alpha must be positive"),
        ({"clip": "1"}, r"clip must be positive"),
        ({"temperature": (1.0,)}, r"temperature must be a tuple of 2 numbers"),
        ({"temperature": (1.0, -1.0)}, r"temperature must be positive"),
        ({"dtype": "float16"}, r"dtype must be 'float32' or 'float64'\. Got 'float16'\."),
        ({"device": "nonsense"}, r"device must be one that torch can use here\. Got 'nonsense'"),
        ({"device": "cuda:99"}, r"device must be one that torch can use here\. Got 'cuda:99'"),
        ({"ordre": 2}, r"There is no such option of relaxed\. Got 'ordre'\. Did you mean 'order'\?"),
        ("secnd", r"Got 'secnd'\. Did you mean 'second'\?"),
        (2, r"relaxed must be an order, or map options to values\. Got 2\."),
        ({"n_active": 0}, r"n_active must be at least 1"),
    ],
)
def test_options_out_of_range_are_refused_before_the_search(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DARTSRegressor(**QUICK, relaxed=wrong).fit(X, Y)


def test_options_have_defaults_and_lists_are_tuples() -> None:
    assert relaxed_options(None) == relaxed_options({}) == RelaxedOptions()
    given = relaxed_options({"n_hidden": [2], "temperature": [1.0, 0.2]})
    assert (given.n_hidden, given.temperature, given.order) == ((2,), (1.0, 0.2), "first")
    assert relaxed_options(given) is given
    assert relaxed_options("implicit").order == "implicit"
    assert relaxed_options({"order": 2}).order == "second"  # as it was called before


def test_choices_are_fewer_as_the_training_goes_on() -> None:
    options = RelaxedOptions(n_active=5)
    assert [options.choices_at(p) for p in (0.0, 0.29, 0.3, 0.59, 0.6, 1.0)] == [6, 6, 2, 2, 1, 1]


def test_temperature_and_rate_fall() -> None:
    options = RelaxedOptions(temperature=(1.0, 0.01), rate_w=0.2)
    assert [options.temperature_at(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.1, 0.01])
    assert [options.rate_w_at(p) for p in (0.0, 1.0)] == pytest.approx([0.2, 0.02])


@pytest.mark.slow
def test_every_option_reaches_the_supernet(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {
        "order": "second", "n_steps": 4, "n_hidden": (2,), "n_samples": 1, "rate_w": 0.03, "rate_alpha": 0.2,
        "temperature": (0.7, 0.2), "clip": 0.5, "dtype": "float64", "device": "cpu", "n_active": 3, "n_inner": 1,
        "ridge": 0.01, "price": 0.5,
    }  # fmt: skip
    seen: list[Descent] = []
    sizes: list[int] = []

    def step(self: Descent, progress: float) -> None:
        seen.append(self)

    def train(*args: Any, **more: Any) -> Any:
        sizes.append(more["n_hidden"])
        return train_supernet(*args, **more)

    monkeypatch.setattr(Descent, "step", step)
    monkeypatch.setattr(island, "train_supernet", train)
    DARTSRegressor("minimal", **QUICK, relaxed=given).fit(X, Y)
    assert set(sizes) == {2}
    assert len(seen) == 4 * len(sizes)
    assert seen[0].options == RelaxedOptions(**given)


@pytest.mark.slow
def test_the_second_order_takes_another_course_and_the_options_are_saved(tmp_path: Path) -> None:
    first, second = (
        DARTSRegressor("minimal", **QUICK, relaxed={"order": order, "n_steps": 6, "n_hidden": [1]}).fit(X, Y)
        for order in ("first", "second")
    )
    assert first.history_.alpha is not None
    assert second.history_.alpha is not None
    assert not np.array_equal(first.history_.alpha.weights, second.history_.alpha.weights)
    second.save(tmp_path / "law.json")
    loaded = DARTSRegressor.load(tmp_path / "law.json")
    assert loaded.relaxed == {"order": "second", "n_steps": 6, "n_hidden": [1]}
