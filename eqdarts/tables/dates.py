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

_FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = tuple(name[:3] for name in _FULL_MONTHS)
_NAME = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _FULL_MONTHS) + "|sept"
_CLOCK = (
    r"(?:(?:T|,? )(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?"
    r"(?: ?(?P<half>[AP])\.?M\.?)?(?P<zone>Z| ?[+-]\d{2}:?\d{2})?)?"
)


def _pattern(date: str) -> re.Pattern[str]:
    return re.compile(date + _CLOCK, re.IGNORECASE)


# Between points the day comes first everywhere. 03/04/2020 is in March or in April: the other dates of the table tell.
_PLAIN = (
    re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})"),
    _pattern(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})"),
    _pattern(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"),
    # 1.2.15 may be a version or a section; 01.02.15 is a date.
    _pattern(r"(?P<day>0[1-9]|[12]\d|3[01])\.(?P<month>0[1-9]|1[0-2])\.(?P<year>\d{2})"),
    _pattern(rf"(?P<day>\d{{1,2}})(?:[-/]|\.? )(?P<name>{_NAME})(?:[-/]|\.?,? )(?P<year>\d{{4}}|\d{{2}})"),
    _pattern(rf"(?P<name>{_NAME})\.? (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})"),
    re.compile(rf"(?P<name>{_NAME})(?:[-/]|\.?,? )(?P<year>\d{{4}})", re.IGNORECASE),
)
_SLASHED = (
    _pattern(r"(?P<one>\d{1,2})([-/])(?P<two>\d{1,2})\2(?P<year>\d{4})"),
    _pattern(r"(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<year>\d{2})"),
)
_AMBIGUOUS = re.compile(r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}\b.*")
MONTHS_A_YEAR = 12
SHORT = 2  # digits
FIRST_SHORT_YEAR = 69  # of two digits: 69 is 1969, and 68 is 2068
NOON = 12
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
    """Whether a cell is a date in numbers or with the English name of its month, with or without a time of day.

    Parameters
    ----------
    cell : str
    order : {"", "day", "month"}
        The part that comes first in 03/04/2020; with "" that is no date.

    >>> is_date("2020-02-28"), is_date("2020-02-28T12:00:05Z"), is_date("28.2.2020"), is_date("28/02/2020")
    (True, True, True, False)
    >>> is_date("28-Feb-20"), is_date("Feb 28, 2020 1:30 pm"), is_date("28.02.20"), is_date("2/28/20", "month")
    (True, True, True, True)
    """
    return _matched(cell, order) is not None


def _matched(cell: str, order: str) -> re.Match[str] | None:
    known = (*_PLAIN, *_SLASHED) if order else _PLAIN
    return next((match for pattern in known if (match := pattern.fullmatch(cell)) is not None), None)


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
    starts: set[str] = set()
    ends: set[str] = set()
    for cell in cells:
        match = next((match for pattern in _SLASHED if (match := pattern.fullmatch(cell)) is not None), None)
        if match is None:
            continue
        if len(match["year"]) == SHORT:
            starts.add(match["one"])
            ends.add(match["year"])
        first, second = int(match["one"]), int(match["two"])
        if max(first, second) > MONTHS_A_YEAR >= min(first, second):
            found.setdefault("day" if first > second else "month", cell)
    # 20/01/28 begins with the year in some countries: the part that changes least is the year.
    if len(found) != 1 or ("day" in found and starts and len(ends) >= len(starts)):
        return usual, ""
    return next(iter(found.items()))


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

    plain = [_iso(cell, order) for cell in cells]
    found = pd.to_datetime(pd.Series(plain, dtype=object), format="ISO8601", utc=True, errors="coerce")
    return found.dt.tz_localize(None)


def _iso(cell: str, order: str) -> str | None:
    """Return a date as ISO 8601 has it: 2020/2/3 7:05 becomes 2020-02-03T07:05. None for what is no date."""
    match = _matched(cell, order)
    if match is None:
        return None
    parts = {"day": "1", "hour": None, **match.groupdict()}
    if "one" in parts:
        parts["day"], parts["month"] = match["one"], match["two"]
        if order == "month":
            parts["day"], parts["month"] = match["two"], match["one"]
    if parts.get("name"):
        parts["month"] = f"{month_of(match['name']):.0f}"
    day = f"{_whole_year(match['year'])}-{parts['month']:>02}-{parts['day']:>02}"
    if parts["hour"] is None:
        return day
    seconds = (parts["second"] or "00").replace(",", ".")
    return f"{day}T{_hour(match):02d}:{parts['minute']}:{seconds}{(parts['zone'] or '').strip().upper()}"


def _whole_year(year: str) -> str:
    if len(year) > SHORT:
        return year
    return f"{'19' if int(year) >= FIRST_SHORT_YEAR else '20'}{year}"


def _hour(match: re.Match[str]) -> int:
    """Return the hour of the day: 12 AM is 0, and 1 PM is 13; a wrong one, such as 13 PM, is 99, which is no time."""
    hour = int(match["hour"])
    if not match["half"]:
        return hour
    if not 1 <= hour <= NOON:
        return 99
    return hour % NOON + (NOON if match["half"].upper() == "P" else 0)


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
