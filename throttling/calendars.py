"""Public holidays as local dates: the `holidays` library's, and what a pack adds, removes and moves.

The door to that library, which takes half a second to import: only those wait for it who have a pack with a calendar.
Its dates are made from rules, so nothing is read from anywhere while deciding.
"""

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated

import msgspec

from throttling.week import WEEK, Weekday

# `12-24` every year, `2026-12-24` once, `easter+1` (western Easter Sunday and so many days).
Day = Annotated[
    str, msgspec.Meta(pattern=r"^((\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])|easter([+-]\d{1,3})?)$")
]
DATED = re.compile(r"(?:(?P<year>\d{4})-)?(?P<month>\d\d)-(?P<day>\d\d)")
LEAP_YEAR = 2000


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When `day` falls on one of these weekdays, it is kept so many days later (Quebec: 1 July on a Sunday, 2 July)."""

    day: Day
    on: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1)]
    by_days: Annotated[int, msgspec.Meta(ge=-7, le=7)]


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The holidays of a country or a part of it (ISO 3166 codes), corrected by `add`, `remove` and `move`."""

    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    subdivision: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    observed: bool = False
    add: tuple[Day, ...] = ()
    remove: tuple[Day, ...] = ()
    move: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        for day in (*self.add, *self.remove, *(move.day for move in self.move)):
            if _in_year(day, _own_year(day)) is None:
                message = f"{day} is no day of any year"
                raise ValueError(message)
        if self.country is None:
            if self.subdivision is not None or not self.add:
                message = "a calendar is that of a `country`, or days to `add`"
                raise ValueError(message)
            return
        try:
            _of_library(self, LEAP_YEAR)
        except NotImplementedError as error:
            part = "" if self.subdivision is None else f"-{self.subdivision}"
            message = f"the holidays library knows no calendar of {self.country}{part}"
            raise ValueError(message) from error


def is_holiday(calendar: Calendar, day: int) -> bool:
    """Whether the local day with this proleptic ordinal is a holiday."""
    return day in _holidays(calendar, date.fromordinal(day).year)


@lru_cache(maxsize=1024)
def _holidays(calendar: Calendar, year: int) -> frozenset[int]:
    found = set() if calendar.country is None else _of_library(calendar, year)
    found |= _days(calendar.add, year)
    found -= _days(calendar.remove, year)
    for move in calendar.move:
        kept = _in_year(move.day, year)
        if kept is not None and WEEK[kept.weekday()] in move.on:
            found -= {kept.toordinal()}
            found |= {(kept + timedelta(days=move.by_days)).toordinal()}
    return frozenset(found)


def _of_library(calendar: Calendar, year: int) -> set[int]:
    from holidays import country_holidays  # noqa: PLC0415 - see the top of the file

    listed = country_holidays(
        calendar.country or "",
        subdiv=calendar.subdivision,
        years=year,
        expand=False,
        observed=calendar.observed,
    )
    return {day.toordinal() for day in listed}


def _days(days: tuple[Day, ...], year: int) -> set[int]:
    found = [_in_year(day, year) for day in days]
    return {day.toordinal() for day in found if day is not None}


def _own_year(day: Day) -> int:
    match = DATED.fullmatch(day)
    return LEAP_YEAR if match is None or match["year"] is None else int(match["year"])


def _in_year(day: Day, year: int) -> date | None:
    """Return the date of a written day in a year, None if it has none there."""
    match = DATED.fullmatch(day)
    if match is None:
        return _easter(year) + timedelta(days=int(day.removeprefix("easter") or 0))
    if match["year"] is not None and int(match["year"]) != year:
        return None
    try:
        return date(year, int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def _easter(year: int) -> date:
    """Western Easter Sunday, from a calendar of that one day, made in the way in which the library is extended."""
    from holidays import HolidayBase  # noqa: PLC0415 - see the top of the file
    from holidays.groups.christian import ChristianHolidays  # noqa: PLC0415

    class Easter(HolidayBase, ChristianHolidays):
        def __init__(self) -> None:
            ChristianHolidays.__init__(self)
            super().__init__(years=year, expand=False)

        def _populate_public_holidays(self) -> None:
            self._add_easter_sunday("Easter Sunday")

    return next(iter(Easter()))
