"""How far back a rule that counts looks: local days, the local week or month, or so much time."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from throttling.localtime import day_of_event, day_start
from throttling.moment import Moment
from throttling.week import WEEK, Weekday

# Whoever gathers the facts must bring every event of so many days: a window that reaches further back than the history
# would count too little, and permit.
DAYS_MAX = 90
TICK = timedelta(microseconds=1)


class Lookback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of `days` (local calendar days, today included), `calendar` (week or month), `hours`, `minutes`."""

    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] | None = None
    calendar: Literal["week", "month"] | None = None
    week_starts: Weekday = "mon"
    hours: Annotated[int, msgspec.Meta(ge=1, le=24 * DAYS_MAX)] | None = None
    minutes: Annotated[int, msgspec.Meta(ge=1, le=24 * 60 * DAYS_MAX)] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("days", "calendar", "hours", "minutes") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            message = f"a window is exactly one of days, calendar, hours, minutes; found {found}"
            raise ValueError(message)


def span_of(lookback: Lookback) -> timedelta | None:
    """Return the length of a window of time, None for one of local days."""
    if lookback.hours is None and lookback.minutes is None:
        return None
    return timedelta(hours=lookback.hours or 0, minutes=lookback.minutes or 0)


def first_counted(lookback: Lookback, span: timedelta | None, moment: Moment) -> datetime:
    """Return the earliest instant that the window includes in any place. `moment.places` must not be empty for days.

    `span` is that of the window, made once.
    """
    if span is not None:
        return moment.at - span + TICK
    if lookback.days is not None:
        return moment.window_start(lookback.days)
    return min([day_start(p.zone, _period_start(lookback, p.day)).early for p in moment.places])


def leaves_at(lookback: Lookback, moment: Moment, instant: datetime) -> datetime:
    """Say when an event of that instant has left the window in every place."""
    span = span_of(lookback)
    if span is not None:
        return instant + span
    return max([_leaves(lookback, place.zone, instant) for place in moment.places])


def turns_at(lookback: Lookback, moment: Moment, instants: list[datetime]) -> datetime | None:
    """Say when the count of these instants (oldest first) could first change by the passing of time."""
    span = span_of(lookback)
    if span is None:
        return moment.midnight
    return instants[0] + span if instants else None


def describe(lookback: Lookback) -> str:
    """Write the window as `7 calendar days`, `calendar week`, `48 hours`."""
    for count, unit in (
        (lookback.days, "calendar day"),
        (lookback.hours, "hour"),
        (lookback.minutes, "minute"),
    ):
        if count is not None:
            return f"1 {unit}" if count == 1 else f"{count} {unit}s"
    return f"calendar {lookback.calendar}"


def _leaves(lookback: Lookback, zone: ZoneInfo, instant: datetime) -> datetime:
    day = day_of_event(zone, instant)
    if lookback.days is not None:
        return day_start(zone, day + lookback.days).late
    return day_start(zone, _period_end(lookback, day)).late


def _period_start(lookback: Lookback, day: int) -> int:
    local = date.fromordinal(day)
    if lookback.calendar == "month":
        return day - local.day + 1
    return day - (local.weekday() - WEEK.index(lookback.week_starts)) % 7


def _period_end(lookback: Lookback, day: int) -> int:
    start = _period_start(lookback, day)
    if lookback.calendar == "week":
        return start + 7
    # The 32nd day after a first of a month lies in the next one.
    later = start + 31
    return later - date.fromordinal(later).day + 1
