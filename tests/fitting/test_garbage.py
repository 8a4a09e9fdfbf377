"""The look for garbage is as it was after modules have loaded and after a fit."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from eqdarts import DARTSRegressor
from eqdarts._lazy import Loading
from eqdarts.fitting.garbage import only_new_garbage


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if was_enabled else gc.disable)()


def test_it_pauses_while_modules_load() -> None:
    gc.enable()
    with Loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_does_not_begin_where_the_user_has_ended_it() -> None:
    gc.disable()
    with Loading() as loading:
        loading.end()
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_objects_of_before_are_frozen_inside_and_free_afterwards() -> None:
    def fail() -> None:
        with only_new_garbage():
            frozen.append(gc.get_freeze_count())
            raise ValueError("inside")

    frozen: list[int] = []
    with pytest.raises(ValueError, match="inside"):
        fail()
    assert frozen[0] > 0
    assert gc.get_freeze_count() == 0


def test_what_the_user_has_frozen_stays_frozen() -> None:
    gc.freeze()
    count = gc.get_freeze_count()
    with only_new_garbage():
        assert gc.get_freeze_count() == count
    assert gc.get_freeze_count() == count


def test_after_a_fit_nothing_is_frozen() -> None:
    frozen = []
    X = np.linspace(1.0, 2.0, 12)[:, None]
    model = DARTSRegressor(time_limit=None, max_refits=50, random_state=0)
    model.fit(X, 3 * X[:, 0], callback=lambda _: bool(frozen.append(gc.get_freeze_count())))
    assert frozen
    assert all(frozen)
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()
