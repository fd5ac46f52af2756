"""Opening hours of a local day as UTC spans: half-open, and never wider than the clock on the wall allows."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from throttling.localtime import earliest, latest

DAY_MIN = 24 * 60
# A week and a day: hours may name one weekday only, and a zone may skip a whole day (Samoa did on 30 December 2011).
SEARCH_DAYS = 9

Span = tuple[datetime, datetime]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Open from `open_min` to before `close_min`, in minutes of the local day, on `weekdays` (Monday is 0)."""

    open_min: int
    close_min: int
    weekdays: frozenset[int]


class Hours(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A table of windows. Compared by identity, so that looking up a day's spans costs no hashing of windows."""

    windows: tuple[Window, ...]


@lru_cache(maxsize=16384)
def open_spans(zone: ZoneInfo, day: int, hours: Hours) -> tuple[Span, ...]:
    """Return the UTC spans `[opens, closes)` of one local day, in order.

    An opening time that the clock shows twice opens at the second, a closing time at the first; one that the clock
    skips is the instant of the change. So an allowed span never contains a reading outside its window.
    """
    local = date.fromordinal(day)
    spans = []
    for window in hours.windows:
        if local.weekday() not in window.weekdays:
            continue
        opens = latest(zone, _wall(local, window.open_min))
        closes = earliest(zone, _wall(local, window.close_min))
        if opens < closes:
            spans.append((opens, closes))
    return tuple(sorted(spans))


def closes_at(zone: ZoneInfo, day: int, hours: Hours, at: datetime) -> datetime | None:
    """Return when the span that contains `at` closes, or None if it is closed now; `day` is the local date of `at`."""
    for opens, closes in open_spans(zone, day, hours):
        if opens <= at < closes:
            return closes
    return None


def opens_at(zone: ZoneInfo, day: int, hours: Hours, at: datetime) -> datetime | None:
    """Return the next opening after `at`, or None if the hours never open; `day` is the local date of `at`."""
    for later in range(day, day + SEARCH_DAYS):
        for opens, _closes in open_spans(zone, later, hours):
            if opens > at:
                return opens
    return None


def _wall(local: date, minute: int) -> datetime:
    return datetime(local.year, local.month, local.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a clock reading
