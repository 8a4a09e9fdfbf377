"""Settings of a fit, as the parameters of the estimator give them."""

from __future__ import annotations

import torch

from eqdarts import DARTSRegressor
from eqdarts.fitting.checks import checked_settings
from eqdarts.fitting.settings import FitSettings
from tests.fits import student


def settings(**given: object) -> FitSettings:
    defaults = DARTSRegressor().get_params()
    return checked_settings(defaults | given, defaults)


def test_what_differs_from_its_default_is_known() -> None:
    assert settings().changed == ()
    assert set(settings(max_refits=7, search="random").changed) == {"search", "max_refits"}
    assert settings(max_refits=7).max_refits == 7


def test_a_loss_has_a_name_whatever_it_is() -> None:
    class Own:
        def __call__(self, y: torch.Tensor, f: torch.Tensor) -> torch.Tensor:
            return (y - f) ** 2

    assert settings().loss_name == "squared"
    assert settings(loss=student).loss_name == "student"
    assert settings(loss=Own()).loss_name.endswith("Own")


def test_parameters_are_written_as_python_reads_them() -> None:
    written = settings(primitives=["linear", "exp"], time_limit=None).written()
    assert eval(written["primitives"]) == ["linear", "exp"]
    assert written["time_limit"] == "None"
    assert set(written) == set(DARTSRegressor().get_params())
