"""Local days and hours agree with pytz, an independent reading of the same zone data, on every kind of night."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytz
from hypothesis import example, given
from hypothesis import strategies as st

from throttling.localtime import (
    day_now,
    day_of_event,
    day_start,
    earliest,
    latest,
    tzdb_version,
    zone_named,
)
from throttling.windows import DAY_MIN, Hours, Window, closes_at, open_spans, opens_at

# Half hours, quarter hours, midnight gaps (Santiago, Cairo, Asuncion), midnight twice (Havana), half-hour DST (Lord
# Howe), a skipped day (Apia 2011), 00:01 clock changes (St John's until 2011), and rules changed in 2026.
NAMES = (
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "America/St_Johns",
    "America/Vancouver",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Europe/London",
)
ZONES = st.sampled_from(NAMES)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 12, 31, tzinfo=UTC)
INSTANTS = st.integers(0, int((LAST - FIRST).total_seconds())).map(lambda s: FIRST + timedelta(seconds=s))
# Three in four examples lie within two days of a clock change, where alone anything can go wrong.
CHANGES = [
    (name, moment.replace(tzinfo=UTC))
    for name in NAMES
    for moment in pytz.timezone(name)._utc_transition_times  # type: ignore[union-attr]
    if FIRST.replace(tzinfo=None) < moment < LAST.replace(tzinfo=None)
]
NEAR_CHANGES = st.tuples(st.sampled_from(CHANGES), st.integers(-172_800, 172_800)).map(
    lambda drawn: (drawn[0][0], drawn[0][1] + timedelta(seconds=drawn[1]))
)
CASES = st.one_of(NEAR_CHANGES, NEAR_CHANGES, NEAR_CHANGES, st.tuples(ZONES, INSTANTS))


def zone(name: str) -> ZoneInfo:
    """Return a zone that must exist."""
    found = zone_named(name)
    assert found is not None
    return found


def readings(name: str, wall: datetime) -> list[datetime]:
    """Every UTC instant whose clock reads `wall`, by pytz."""
    local = pytz.timezone(name)
    found = set()
    for is_dst in (True, False):
        instant = local.localize(wall, is_dst=is_dst).astimezone(UTC)
        if instant.astimezone(local).replace(tzinfo=None) == wall:
            found.add(instant)
    return sorted(found)


def test_the_zone_data_are_those_of_the_package() -> None:
    """The release is known and the same that pytz holds; the system's copy is never asked."""
    assert tzdb_version() == pytz.OLSON_VERSION == "2026f"


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../zones", "/etc/localtime", "america/new_york", "tzdata.zi"]
)
def test_what_is_no_zone_is_none(name: str) -> None:
    """Only exact IANA names are zones; a path is not."""
    assert zone_named(name) is None


@given(case=CASES)
def test_local_clocks_agree_with_pytz(case: tuple[str, datetime]) -> None:
    """Every instant reads the same by both libraries."""
    name, at = case
    theirs = at.astimezone(pytz.timezone(name))
    ours = at.astimezone(zone(name))
    assert (ours.replace(tzinfo=None), ours.utcoffset()) == (theirs.replace(tzinfo=None), theirs.utcoffset())


@given(case=CASES)
def test_a_clock_reading_becomes_its_first_and_last_instant(case: tuple[str, datetime]) -> None:
    """Once, twice or never: the first and the last reading, or the instant of the change that skips it."""
    name, at = case
    here = zone(name)
    wall = at.astimezone(here).replace(tzinfo=None, microsecond=0) + timedelta(minutes=17)
    found = readings(name, wall)
    first, last = earliest(here, wall), latest(here, wall)
    if found:
        assert (first, last) == (found[0], found[-1])
    else:
        assert first == last
        before, after = (first - timedelta(seconds=1)).astimezone(here), first.astimezone(here)
        assert before.replace(tzinfo=None) < wall < after.replace(tzinfo=None)


@given(case=CASES)
@example(case=("America/Santiago", datetime(2026, 9, 6, 4, 0, tzinfo=UTC)))
@example(case=("America/Havana", datetime(2026, 11, 1, 4, 30, tzinfo=UTC)))
@example(case=("America/St_Johns", datetime(2010, 11, 7, 2, 30, tzinfo=UTC)))
@example(case=("Pacific/Apia", datetime(2011, 12, 30, 10, 0, tzinfo=UTC)))
def test_days_follow_each_other_without_gap_or_overlap(case: tuple[str, datetime]) -> None:
    """Every instant has one counting day, and an event is never dated earlier than the day on which it is counted."""
    name, at = case
    here = zone(name)
    now, dated = day_now(here, at), day_of_event(here, at)
    assert day_start(here, now).late <= at < day_start(here, now + 1).late
    assert day_start(here, dated).early <= at < day_start(here, dated + 1).early
    assert now <= at.astimezone(here).toordinal() <= dated
    assert dated - now <= 1


@given(case=CASES)
def test_on_ordinary_days_the_day_is_the_date_on_the_wall(case: tuple[str, datetime]) -> None:
    """Only a midnight that comes twice makes the two readings differ, for as long as it is ambiguous."""
    name, at = case
    here = zone(name)
    if day_now(here, at) != day_of_event(here, at):
        start = day_start(here, day_of_event(here, at))
        assert start.early <= at < start.late


WINDOWS = (
    st.tuples(st.integers(0, DAY_MIN - 1), st.integers(1, DAY_MIN), st.sets(st.integers(0, 6), min_size=1))
    .filter(lambda drawn: drawn[0] < drawn[1])
    .map(lambda drawn: Window(open_min=drawn[0], close_min=drawn[1], weekdays=frozenset(drawn[2])))
)


@given(case=CASES, window=WINDOWS, percent=st.integers(0, 99))
def test_open_means_that_the_clock_on_the_wall_says_so(
    case: tuple[str, datetime], window: Window, percent: int
) -> None:
    """No instant of an allowed span reads a time or a weekday outside its window: allowed time never grows."""
    name, at = case
    local = pytz.timezone(name)
    day = at.astimezone(zone(name)).toordinal()
    for opens, closes in open_spans(zone(name), day, Hours(windows=(window,))):
        inside = opens + (closes - opens) * percent / 100
        for instant in (opens, inside, closes - timedelta(microseconds=1)):
            wall = instant.astimezone(local)
            assert wall.date() == date.fromordinal(day)
            assert wall.weekday() in window.weekdays
            assert window.open_min <= wall.hour * 60 + wall.minute < window.close_min


@given(case=CASES, window=WINDOWS)
def test_on_days_without_a_clock_change_the_whole_window_is_open(
    case: tuple[str, datetime], window: Window
) -> None:
    """Where nothing happens to the clock, nothing is taken away either."""
    name, at = case
    here = zone(name)
    day = at.astimezone(here).toordinal()
    start, end = day_start(here, day), day_start(here, day + 1)
    quiet = start.early == start.late and end.early - start.early == timedelta(days=1)
    if quiet and start.early.astimezone(here).utcoffset() == end.early.astimezone(here).utcoffset():
        open_min = (
            sum((b - a).total_seconds() for a, b in open_spans(here, day, Hours(windows=(window,)))) / 60
        )
        weekday = date.fromordinal(day).weekday()
        assert open_min == (window.close_min - window.open_min if weekday in window.weekdays else 0)


@given(case=CASES, window=WINDOWS)
def test_the_next_opening_is_an_opening(case: tuple[str, datetime], window: Window) -> None:
    """Closed one instant before, open at it."""
    name, at = case
    here, hours = zone(name), Hours(windows=(window,))
    day = at.astimezone(here).toordinal()
    opens = opens_at(here, day, hours, at)
    if opens is None:
        return
    assert opens > at
    assert closes_at(here, opens.astimezone(here).toordinal(), hours, opens) is not None
    before = opens - timedelta(microseconds=1)
    spans = open_spans(here, before.astimezone(here).toordinal(), hours)
    assert all(closes <= before or opening > before or closes == opens for opening, closes in spans)
