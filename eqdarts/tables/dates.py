"""Dates: read from text, and turned into the time since an origin.

A unit of time is a row of `UNITS`: its length, and the round instant from which it is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
    "order_of",
    "parsed",
    "time_unit",
]

_CLOCK = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"\d{{4}}([-/.])\d{{1,2}}(?:\1\d{{1,2}}{_CLOCK})?", re.IGNORECASE)
# Between points the day comes first everywhere. 03/04/2020 is in March or in April: the other dates of the table tell.
_DAY_FIRST = re.compile(rf"\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{_CLOCK}", re.IGNORECASE)
_SLASHED = re.compile(rf"\d{{1,2}}([-/])\d{{1,2}}\1\d{{4}}{_CLOCK}", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}\b.*")
_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = tuple(name[:3] for name in _FULL_MONTHS)
MONTHS_A_YEAR = 12
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


def is_date(cell: str, order: str = "") -> bool:
    """Whether a cell is a date with the year first, or with points, with or without a time of day.

    Parameters
    ----------
    cell : str
    order : {"", "day", "month"}
        The part that comes first in 03/04/2020; with "" that is no date.

    >>> is_date("2020-02-28"), is_date("2020-02-28T12:00:05Z"), is_date("28.2.2020"), is_date("28/02/2020")
    (True, True, True, False)
    """
    known = (_ISO, _DAY_FIRST, _SLASHED) if order else (_ISO, _DAY_FIRST)
    return any(pattern.fullmatch(cell) is not None for pattern in known)


def order_of(cells: Iterable[str], usual: str = "") -> tuple[str, str]:
    """Return the part that comes first in dates such as 03/04/2020, and a cell that shows it.

    Parameters
    ----------
    cells : iterable of str
        All cells of a table.
    usual : str, optional
        What is returned, with "", if no cell shows it, or if they contradict each other.

    Examples
    --------
    >>> order_of(["03/04/2020", "28/02/2020"]), order_of(["03/04/2020"]), order_of(["28/02/2020", "02/28/2020"])
    (('day', '28/02/2020'), ('', ''), ('', ''))
    """
    found: dict[str, str] = {}
    for cell in cells:
        if _SLASHED.fullmatch(cell):
            first, second = map(int, re.split("[-/]", cell)[:2])
            if max(first, second) > MONTHS_A_YEAR >= min(first, second):
                found.setdefault("day" if first > second else "month", cell)
    return next(iter(found.items())) if len(found) == 1 else (usual, "")


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


def parsed(cells: Sequence[str], order: str = "") -> pd.Series:
    """Return the instants (n,) that cells name, in UTC without a mark of it; NaT for what is no date.

    `order` is that of `is_date`.
    """
    import pandas as pd

    plain = [_iso(cell, order) if is_date(cell, order) else None for cell in cells]
    found = pd.to_datetime(pd.Series(plain, dtype=object), format="ISO8601", utc=True, errors="coerce")
    return found.dt.tz_localize(None)


def _iso(cell: str, order: str) -> str:
    """Return a date in the one form that ISO 8601 has for it: 2020/2/3 7:05 becomes 2020-02-03T07:05."""
    date, *time = re.split("[T ]", cell.upper(), maxsplit=1)
    first, *others = re.split("[-/.]", date)
    if _ISO.fullmatch(cell):
        parts = [first, *others]
    else:
        parts = [others[1], first, others[0]] if order == "month" and "." not in date else [others[1], others[0], first]
    day = "-".join(part.zfill(2) for part in parts)
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
