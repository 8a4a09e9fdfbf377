"""Units of the option --units and of the header of a table."""

from __future__ import annotations

import pandas as pd
import pytest

from eqdarts.cli.units import given_units
from eqdarts.cli.usage import UsageError

FRAME = pd.DataFrame({"m": [1.0], "v": [2.0]})


def test_options_come_before_the_header() -> None:
    assert given_units(["m=kg,v=m/s"], FRAME, {}) == {"m": "kg", "v": "m s-1"}
    assert given_units(["v=km/h"], FRAME, {"m": "g", "v": "m/s"}) == {"m": "g", "v": "km h-1"}


def test_a_header_that_is_no_unit_is_left_out_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert given_units([], FRAME, {"m": "see text", "v": "m/s"}) == {"v": "m s-1"}
    assert "The unit of m in the header is not used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "said"),
    [("kg", "COLUMN=UNIT"), ("M=kg", "Did you mean 'm'"), ("m=kgg", "The unit of m: .*Did you mean 'kg'")],
)
def test_a_wrong_option_is_an_error(option: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        given_units([option], FRAME, {})
