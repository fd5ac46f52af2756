"""Local days and clock readings as UTC instants, from PyPI's tzdata only.

The system's copy of the zone data is never read: Debian's was an hour wrong for Vancouver, Edmonton, Winnipeg,
Casablanca and Havana from autumn 2026 on. A local day has two starts here, because midnight may come twice: `early` is
used to date what has happened (it counts for the later day and so stays counted longer), `late` to say what day it is
now (a window opens, and a counted event leaves, at the later of the two). Where midnight does not exist both are the
instant of the clock change.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

MIDNIGHT = datetime.min.time()
SECOND = timedelta(seconds=1)


class DayStart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The two UTC instants at which a local day may be said to begin; equal on nearly every day."""

    early: datetime
    late: datetime


@lru_cache(maxsize=1)
def tzdb_version() -> str:
    """Name the release of the IANA time zone database in use, such as `2026f`."""
    with files("tzdata").joinpath("zoneinfo", "tzdata.zi").open("r", encoding="ascii") as text:
        return text.readline().removeprefix("# version ").strip()


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone called `name` from tzdata, or None if there is none of that exact name."""
    if name not in _zone_names():
        return None
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@lru_cache(maxsize=16384)
def day_start(zone: ZoneInfo, day: int) -> DayStart:
    """Say when the local day with proleptic ordinal `day` begins in `zone`."""
    midnight = datetime.combine(date.fromordinal(day), MIDNIGHT)
    return DayStart(early=earliest(zone, midnight), late=latest(zone, midnight))


def day_now(zone: ZoneInfo, at: datetime) -> int:
    """Say which local day it is, by late starts: the day on which a new contact would be made."""
    day = at.astimezone(zone).toordinal()
    return day - 1 if at < day_start(zone, day).late else day


def day_of_event(zone: ZoneInfo, at: datetime) -> int:
    """Say to which local day a past event belongs, by early starts."""
    day = at.astimezone(zone).toordinal()
    return day + 1 if at >= day_start(zone, day + 1).early else day


def earliest(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the first UTC instant whose clock in `zone` reads `wall` (naive); in a gap, the instant of the change."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) != wall:
        return _change_in_gap(zone, wall)
    return first


def latest(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the last UTC instant whose clock in `zone` reads `wall` (naive); in a gap, the instant of the change."""
    last = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if last.astimezone(zone).replace(tzinfo=None) != wall:
        return _change_in_gap(zone, wall)
    return last


def _change_in_gap(zone: ZoneInfo, wall: datetime) -> datetime:
    """Find the clock change that skips `wall`, by bisection: PEP 495 puts it between the two readings of a gap."""
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())
