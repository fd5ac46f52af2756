"""No contact outside the permitted local hours of every candidate zone.

Every candidate must be open at once: the area code may be old and the postal address too, and the rule protects the
person wherever they are (12 CFR 1006.6(b)(1)(i), comment 2).
"""

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from throttling.calendars import Calendar
from throttling.decision import DEFER, DENY, PASS
from throttling.label import RuleLabel
from throttling.moment import Judge, Look, Moment
from throttling.week import WEEK, Weekday
from throttling.windows import DAY_MIN, Bounds, Hours, Window, closes_at, opens_at

# Each of these bounds lets no instant pass that its own would not.
NOT_WIDER = {
    Bounds.OPEN: frozenset(Bounds),
    Bounds.HALF_OPEN: frozenset({Bounds.HALF_OPEN, Bounds.CLOSED}),
    Bounds.CLOSED: frozenset({Bounds.CLOSED}),
}
HOLIDAY: Literal["holiday"] = "holiday"
DayClass = Weekday | Literal["holiday"]
ClockTime = Annotated[str, msgspec.Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open from `open` (included) to `close` (not included), local time `HH:MM`, on `days` (default: every weekday)."""

    open: ClockTime
    close: ClockTime
    days: Annotated[tuple[DayClass, ...], msgspec.Meta(min_length=1)] = WEEK

    def __post_init__(self) -> None:
        if self.open >= self.close:
            message = f"opens at {self.open}, closes at {self.close}: a window ends after it begins, on the same day"
            raise ValueError(message)


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The windows in which contact is permitted; outside all of them it is not.

    With `holidays` a holiday is no weekday: it is closed but for windows on `holiday`. `bounds` says whether a window
    contains its opening and closing instants.
    """

    windows: Annotated[tuple[Opening, ...], msgspec.Meta(min_length=1, max_length=28)]
    holidays: Calendar | None = None
    bounds: Bounds = Bounds.HALF_OPEN

    def __post_init__(self) -> None:
        if self.holidays is None and any(HOLIDAY in window.days for window in self.windows):
            message = "hours on a holiday, but no calendar: add `holidays`"
            raise ValueError(message)
        for day in (*WEEK, HOLIDAY):
            today = sorted((window.open, window.close) for window in self.windows if day in window.days)
            if any(earlier[1] > later[0] for earlier, later in pairwise(today)):
                message = f"two windows overlap on {day}: merge them"
                raise ValueError(message)


def build_judge(label: RuleLabel, params: Params) -> Judge:
    """Pass while every candidate zone is open; otherwise defer to the first instant at which all are."""
    windows = tuple(_window(opening) for opening in params.windows)
    hours = Hours(windows=windows, calendar=params.holidays, bounds=params.bounds)
    text = describe(params)
    passed = label.answer(PASS, "ok", window=text)
    unknown = label.answer(DENY, "zone-unknown", window=text), None

    def judge(moment: Moment) -> Look:
        if not moment.places:
            return unknown
        at = moment.at
        first_close: datetime | None = None
        closed: list[str] = []
        for place in moment.places:
            closes = closes_at(place.zone, place.civil, hours, at)
            if closes is None:
                closed.append(place.zone.key)
            elif first_close is None or closes < first_close:
                first_close = closes
        if not closed:
            return passed, first_close
        until = _all_open(moment, hours)
        if until is None:
            answer = label.answer(DENY, "no-common-hours", window=text, zones=tuple(closed))
            return answer, moment.horizon_moves_at
        return label.answer(DEFER, "outside-hours", until=until, window=text, zones=tuple(closed)), until

    return judge


def counterexample(mine: Params, theirs: Params) -> str | None:
    """Name a weekday and minute at which `mine` is open and `theirs` is closed."""
    if theirs.bounds not in NOT_WIDER[mine.bounds]:
        return f"its bounds are {mine.bounds}, those of the other {theirs.bounds}"
    if theirs.holidays is not None and mine.holidays != theirs.holidays:
        return "a holiday of the other's calendar is open"
    for day in (*WEEK, HOLIDAY):
        if day == HOLIDAY and mine.holidays is None:
            continue
        open_here = _minutes(mine, day)
        # A calendar of mine alone may fall on any weekday of theirs.
        days = (day,) if day != HOLIDAY or theirs.holidays is not None else WEEK
        open_there = set.intersection(*[_minutes(theirs, one) for one in days])
        outside = sorted(open_here - open_there)
        if outside:
            return f"{day} {outside[0] // 60:02d}:{outside[0] % 60:02d} is open"
    return None


def describe(params: Params) -> str:
    """Write the windows as `08:00-21:00` or `mon-fri 07:30-21:00, sat sun 09:00-21:00`."""
    parts = []
    for window in params.windows:
        days = (
            ""
            if set(window.days) == set(WEEK)
            else " ".join(day for day in (*WEEK, HOLIDAY) if day in window.days) + " "
        )
        parts.append(f"{days}{window.open}-{window.close}".replace("mon tue wed thu fri ", "mon-fri "))
    return ", ".join(parts)


def _all_open(moment: Moment, hours: Hours) -> datetime | None:
    """Find the first instant at which every place is open: jump to the latest opening until none is closed."""
    at = moment.at
    while at < moment.horizon_end:
        openings = []
        for place in moment.places:
            civil = at.astimezone(place.zone).toordinal()
            if closes_at(place.zone, civil, hours, at) is None:
                openings.append(opens_at(place.zone, civil, hours, at))
        if not openings:
            return at
        known = [opens for opens in openings if opens is not None]
        if len(known) < len(openings):
            return None
        at = max(known)
    return None


def _window(opening: Opening) -> Window:
    return Window(
        open_min=_minute(opening.open),
        close_min=_minute(opening.close),
        weekdays=frozenset(number for number, day in enumerate(WEEK) if day in opening.days),
        holidays=HOLIDAY in opening.days,
    )


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _minutes(params: Params, day: DayClass) -> set[int]:
    windows = [_window(opening) for opening in params.windows if day in opening.days]
    return {minute for window in windows for minute in range(window.open_min, min(window.close_min, DAY_MIN))}
