"""Times as a case writes them: the clock on a wall somewhere, or an instant."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from throttling.localtime import earliest, latest, zone_named

WRITTEN = re.compile(r"(?P<clock>\d{4}-\d\d-\d\d[T ]\S+?)(?: (?P<zone>[A-Za-z0-9_+/-]+))?")
FORM = "write `2026-11-21T20:59:59 America/New_York`, or an instant such as 2026-11-22T01:59:59Z"


def read_time(text: object, zone: ZoneInfo | None) -> datetime | str:
    """Return the instant (UTC) that `text` names, or why it names none. `zone` is that of times without one."""
    match = WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return f"{text!r} is not a time"
    try:
        clock = datetime.fromisoformat(match["clock"])
    except ValueError:
        return f"{text!r} is not a time"
    if clock.tzinfo is not None:
        return clock.astimezone(UTC) if match["zone"] is None else f"{text!r} has both an offset and a zone"
    there = zone if match["zone"] is None else zone_named(match["zone"])
    if there is None:
        if match["zone"] is None:
            return f"{text!r} says neither a zone nor an offset, and `at` names no zone"
        return f"there is no time zone called {match['zone']}"
    return _instant(clock, there)


def zone_in(text: object) -> ZoneInfo | None:
    """Return the zone that a written time names, None if it names none that exists."""
    match = WRITTEN.fullmatch(text) if isinstance(text, str) else None
    return None if match is None or match["zone"] is None else zone_named(match["zone"])


def _instant(clock: datetime, zone: ZoneInfo) -> datetime | str:
    first, last = earliest(zone, clock), latest(zone, clock)
    if first.astimezone(zone).replace(tzinfo=None) != clock:
        return f"the clock in {zone.key} never shows {clock}: it is set forward then"
    if first != last:
        return f"the clock in {zone.key} shows {clock} twice: write it with its offset"
    return first
