"""Units of the option --units."""

from __future__ import annotations

import pandas as pd
import pytest

from eqdarts.cli.units import given_units
from eqdarts.cli.usage import UsageError

FRAME = pd.DataFrame({"m": [1.0], "v": [2.0]})


def test_an_option_may_name_several_columns() -> None:
    assert given_units(["m=kg,v=m/s"], FRAME) == {"m": "kg", "v": "m s-1"}
    assert given_units(["v=km/h"], FRAME) == {"v": "km h-1"}


@pytest.mark.parametrize(
    ("option", "said"),
    [("kg", "COLUMN=UNIT"), ("M=kg", "Did you mean 'm'"), ("m=kgg", "The unit of m: .*Did you mean 'kg'")],
)
def test_a_wrong_option_is_an_error(option: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        given_units([option], FRAME)
