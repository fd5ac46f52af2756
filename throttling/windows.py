"""Opening hours of a local day as UTC spans: half-open, and never wider than the clock on the wall allows."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from throttling.calendars import Calendar, is_holiday
from throttling.localtime import earliest, latest

DAY_MIN = 24 * 60
# A week and a day: hours may name one weekday only, and a zone may skip a whole day (Samoa did on 30 December 2011).
SEARCH_DAYS = 9
# Hours that are open on holidays only, of which some years have few.
SEARCH_DAYS_OF_CALENDAR = 370

TICK = timedelta(microseconds=1)

Span = tuple[datetime, datetime]


class Bounds(StrEnum):
    """Which of its two bounds a window contains; most texts leave it open, and then it is half-open."""

    HALF_OPEN = "half_open"
    CLOSED = "closed"
    OPEN = "open"


# By how much a span begins and ends later than its readings: instants have microseconds.
SHIFTS: dict[Bounds, tuple[timedelta, timedelta]] = {
    Bounds.HALF_OPEN: (timedelta(), timedelta()),
    Bounds.CLOSED: (timedelta(), TICK),
    Bounds.OPEN: (TICK, timedelta()),
}


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Open from `open_min` to before `close_min`, in minutes of the local day, on `weekdays` (Monday is 0).

    `holidays`: on holidays too, if the table has a calendar.
    """

    open_min: int
    close_min: int
    weekdays: frozenset[int]
    holidays: bool = False


class Hours(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A table of windows. Compared by identity, so that looking up a day's spans costs no hashing of windows.

    With a `calendar` a holiday is no weekday: only windows for holidays are open on it.
    """

    windows: tuple[Window, ...]
    calendar: Calendar | None = None
    bounds: Bounds = Bounds.HALF_OPEN


@lru_cache(maxsize=16384)
def open_spans(zone: ZoneInfo, day: int, hours: Hours) -> tuple[Span, ...]:
    """Return the UTC spans `[opens, closes)` of one local day, in order.

    An opening time that the clock shows twice opens at the second, a closing time at the first; one that the clock
    skips is the instant of the change. So an allowed span never contains a reading outside its window.
    """
    local = date.fromordinal(day)
    begin_later, end_later = SHIFTS[hours.bounds]
    spans = []
    for window in hours.windows:
        if not _is_on(window, hours, local):
            continue
        opens = latest(zone, _wall(local, window.open_min)) + begin_later
        closes = earliest(zone, _wall(local, window.close_min)) + end_later
        if opens < closes:
            spans.append((opens, closes))
    return tuple(sorted(spans))


@lru_cache(maxsize=4096)
def shut_spans(zone: ZoneInfo, day: int, hours: Hours) -> tuple[Span, ...]:
    """Return the UTC spans of one local day in which these windows forbid: never narrower than the clock on the wall.

    What the clock shows twice is forbidden from the first to the second.
    """
    local = date.fromordinal(day)
    return tuple(
        sorted(
            (earliest(zone, _wall(local, window.open_min)), latest(zone, _wall(local, window.close_min)))
            for window in hours.windows
            if _is_on(window, hours, local)
        )
    )


def shut_until(zone: ZoneInfo, day: int, hours: Hours, at: datetime) -> datetime | None:
    """Return when the forbidding span that contains `at` ends, None if none does; `day` is the local date of `at`."""
    # The day before too: its last span may reach into a midnight that comes twice.
    for one in (day - 1, day, day + 1):
        for begins, ends in shut_spans(zone, one, hours):
            if begins <= at < ends:
                return ends
    return None


def shuts_at(zone: ZoneInfo, day: int, hours: Hours, at: datetime) -> datetime | None:
    """Return when the next forbidding span after `at` begins, None if none does; `day` is the local date of `at`."""
    for later in range(day - 1, day + SEARCH_DAYS):
        for begins, _ends in shut_spans(zone, later, hours):
            if begins > at:
                return begins
    return None


def _is_on(window: Window, hours: Hours, local: date) -> bool:
    if hours.calendar is not None and is_holiday(hours.calendar, local.toordinal()):
        return window.holidays
    return local.weekday() in window.weekdays


def closes_at(zone: ZoneInfo, day: int, hours: Hours, at: datetime) -> datetime | None:
    """Return when the span that contains `at` closes, or None if it is closed now; `day` is the local date of `at`."""
    for opens, closes in open_spans(zone, day, hours):
        if opens <= at < closes:
            return closes
    return None


def opens_at(zone: ZoneInfo, day: int, hours: Hours, at: datetime) -> datetime | None:
    """Return the next opening after `at`, or None if the hours never open; `day` is the local date of `at`."""
    search_days = SEARCH_DAYS if hours.calendar is None else SEARCH_DAYS_OF_CALENDAR
    for later in range(day, day + search_days):
        for opens, _closes in open_spans(zone, later, hours):
            if opens > at:
                return opens
    return None


def _wall(local: date, minute: int) -> datetime:
    return datetime(local.year, local.month, local.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a clock reading
