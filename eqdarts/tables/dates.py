"""Dates: read from text, and turned into the time since an origin.

A unit of time is a row of `UNITS`: its length, and the round instant from which it is counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from eqdarts._typing import Array

__all__ = [
    "UNITS",
    "TimeUnit",
    "elapsed",
    "from_calendar",
    "is_ambiguous",
    "is_date",
    "month_of",
    "parsed",
    "time_unit",
]

_CLOCK = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"\d{{4}}([-/.])\d{{1,2}}(?:\1\d{{1,2}}{_CLOCK})?", re.IGNORECASE)
# Between points the day comes first everywhere. 03/04/2020 is in March or in April, so it is no date here.
_DAY_FIRST = re.compile(rf"\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{_CLOCK}", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}\b.*")
_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = tuple(name[:3] for name in _FULL_MONTHS)
FEWEST_UNITS = 2  # a span of two years is counted in years, a shorter one in days


@dataclass(frozen=True)
class TimeUnit:
    """A unit of time.

    Parameters
    ----------
    name : str
        As a reader says it: "years".
    symbol : str
    seconds : float
    origin : str
        The format of dates that cuts an instant down to a round one.
    """

    name: str
    symbol: str
    seconds: float
    origin: str


UNITS = (
    TimeUnit("years", "yr", 365.25 * 86400, "%Y-01-01"),
    TimeUnit("days", "d", 86400.0, "%Y-%m-%d"),
    TimeUnit("hours", "h", 3600.0, "%Y-%m-%dT%H:00"),
    TimeUnit("seconds", "s", 1.0, "%Y-%m-%dT%H:%M:%S"),
)


def is_date(cell: str) -> bool:
    """Whether a cell is a date with the year first, or with points, with or without a time of day.

    >>> is_date("2020-02-28"), is_date("2020-02-28T12:00:05Z"), is_date("28.2.2020"), is_date("28/02/2020")
    (True, True, True, False)
    """
    return _ISO.fullmatch(cell) is not None or _DAY_FIRST.fullmatch(cell) is not None


def is_ambiguous(cell: str) -> bool:
    """Whether a cell is a date whose day and month cannot be told apart: 03/04/2020."""
    return _AMBIGUOUS.fullmatch(cell) is not None


def month_of(name: str) -> float:
    """Return the number of a month with an English name, NaN for anything else.

    >>> month_of("January"), month_of("Sept."), month_of("Mark")
    (1.0, 9.0, nan)
    """
    word = name.strip(" .").casefold()
    short = word[:3]
    is_name = short in MONTHS and (word == short or word == "sept" or _FULL_MONTHS[MONTHS.index(short)] == word)
    return float(MONTHS.index(short) + 1) if is_name else float("nan")


def parsed(cells: Sequence[str]) -> pd.Series:
    """Return the instants (n,) that cells name, in UTC without a mark of it; NaT for what is no date."""
    import pandas as pd

    plain = [_iso(cell) if is_date(cell) else None for cell in cells]
    found = pd.to_datetime(pd.Series(plain, dtype=object), format="ISO8601", utc=True, errors="coerce")
    return found.dt.tz_localize(None)


def _iso(cell: str) -> str:
    """Return a date in the one form that ISO 8601 has for it: 2020/2/3 7:05 becomes 2020-02-03T07:05."""
    date, *time = re.split("[T ]", cell.upper(), maxsplit=1)
    parts = re.split("[-/.]", date)
    day = "-".join(part.zfill(2) for part in (parts if _ISO.fullmatch(cell) else parts[::-1]))
    return day if not time else f"{day}T{time[0].replace(' ', '').replace(',', '.').zfill(5)}"


def from_calendar(parts: Sequence[Array]) -> pd.Series:
    """Return the instants (n,) of years, months and, if given, days (n,) as numbers; NaT where they are no date."""
    import pandas as pd

    years, months, *days = parts
    columns = {"year": years, "month": months, "day": days[0] if days else 1}
    return pd.to_datetime(pd.DataFrame(columns), errors="coerce")


def time_unit(instants: pd.Series) -> tuple[TimeUnit, str]:
    """Return the largest unit of which the instants span two or more, and the round origin before the first of them."""
    first = instants.min()
    span = (instants.max() - first).total_seconds()
    unit = next((unit for unit in UNITS if span >= FEWEST_UNITS * unit.seconds), UNITS[-1])
    return unit, first.strftime(unit.origin)


def elapsed(instants: Any, unit: TimeUnit, origin: str) -> Array:
    """Return the time (n,) from the origin to each of the instants, in a unit; NaN for those that are missing."""
    import pandas as pd

    since = (instants - pd.Timestamp(origin)).dt.total_seconds().to_numpy(dtype="float64")
    return since / unit.seconds  # type: ignore[no-any-return]
