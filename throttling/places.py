"""The candidate zones of a request at one instant, and until when that view holds."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from throttling.localtime import day_now, day_start, zone_named

ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
# Requests name few combinations of zones; past this many the memory starts afresh.
MEMORY = 4096


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate zone at one instant: `civil` is the date on the wall, `day` the day that counts (see localtime)."""

    zone: ZoneInfo
    civil: int
    day: int


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Every candidate zone, or none if any of them is unknown; the same at every instant in `[begins, ends)`.

    `midnight` is the next instant at which the counting day changes in any of them, None without places. `first_day` is
    the earliest counting day of any of them, `last_day` the latest date on the wall; without places a day before and a
    day after that of UTC, which is as far as local dates can be from it.
    """

    places: tuple[Place, ...]
    midnight: datetime | None
    first_day: int
    last_day: int
    begins: datetime
    ends: datetime


_seen: dict[tuple[tuple[str, ...], int], Places] = {}


def places_at(names: tuple[str, ...], at: datetime) -> Places:
    """Look at the zones of these names at an instant. What was found is kept, since most questions are about now."""
    key = (names, at.toordinal())
    known = _seen.get(key)
    if known is None or not known.begins <= at < known.ends:
        if len(_seen) >= MEMORY:
            _seen.clear()
        known = _seen[key] = _look(names, at)
    return known


def _look(names: tuple[str, ...], at: datetime) -> Places:
    zones = [zone_named(name) for name in dict.fromkeys(names)]
    known = [zone for zone in zones if zone is not None]
    if not known or len(known) < len(zones):
        day = at.toordinal()
        return Places(
            places=(), midnight=None, first_day=day - 1, last_day=day + 1, begins=ALWAYS[0], ends=ALWAYS[1]
        )
    places = [
        Place(zone=zone, civil=at.astimezone(zone).toordinal(), day=day_now(zone, at)) for zone in known
    ]
    midnight = min([_next_change(place, at) for place in places])
    quiet = all(_is_quiet(place) for place in places)
    return Places(
        places=tuple(places),
        midnight=midnight,
        first_day=min([place.day for place in places]),
        last_day=max([place.civil for place in places]),
        # Where midnight comes twice the date on the wall may jump back within a day: such a view holds for no time.
        begins=max([day_start(place.zone, place.day).late for place in places]) if quiet else at,
        ends=midnight if quiet else at,
    )


def _next_change(place: Place, at: datetime) -> datetime:
    coming = day_start(place.zone, place.day + 1)
    return coming.early if coming.early > at else coming.late


def _is_quiet(place: Place) -> bool:
    """Whether the date on the wall is that of the counting day, from its beginning to its end."""
    today, tomorrow = day_start(place.zone, place.day), day_start(place.zone, place.day + 1)
    return place.civil == place.day and today.early == today.late and tomorrow.early == tomorrow.late
