"""The option --bounds."""

from __future__ import annotations

import pytest

from eqdarts.cli.bounds import given_bounds
from eqdarts.cli.command import main
from eqdarts.cli.usage import UsageError
from tests.cli.commands import FIT


@pytest.mark.parametrize("text", ["k", "k=5", "=0:", "k=a:b", "k=nan:", "k=0:,"])
def test_what_is_no_range_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="--bounds must be NAME=LOW:HIGH"):
        given_bounds([text])


def test_bounds_are_those_of_coefficients_of_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main([*FIT, "--quiet", "--form", "a + f(semi_major_axis_au)", "--bounds", "z=0:"]))
    assert stop.value.code == 2
    assert "Only parameters have bounds" in capsys.readouterr().err
