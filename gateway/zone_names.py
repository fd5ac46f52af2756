"""Names of time zones: which one means a place, what its name of today is, and which ones a country has.

The door to pytz, whose table of countries is that of the IANA database.
"""

from functools import cache
from importlib import resources

import pytz

# Names of an offset, not of a place. EST is Panama's time all year and CET is Brussels': nobody lives "in EST".
_ABBREVIATIONS = frozenset(
    {"EST", "MST", "HST", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "CET", "MET", "EET", "WET"}
)


def place_zone(name: str) -> str | None:
    """The present name of the zone (US/Eastern is America/New_York); None for no zone, or one that is no place.

    An offset such as Etc/GMT+5 is refused: it does not move with the clocks of any place, so in half of the year the
    hour would be wrong.
    """
    if name in _ABBREVIATIONS:
        return None
    places = _places()
    if name in places:
        return name
    target = _links().get(name)
    return target if target in places else None


@cache
def country_zones(country: str) -> tuple[str, ...]:
    """The zones of an ISO 3166-1 country, in the order of the zone database; empty for an unknown one."""
    return tuple(pytz.country_timezones.get(country, ()))


@cache
def countries() -> tuple[str, ...]:
    """The countries that the zone database knows."""
    return tuple(sorted(pytz.country_timezones))


@cache
def _places() -> frozenset[str]:
    return frozenset(zone for zones in pytz.country_timezones.values() for zone in zones)


@cache
def _links() -> dict[str, str]:
    """Old and other names with the zone they stand for: the L lines of tzdata.zi, which give the target first."""
    text = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text("utf-8")
    lines = (line.split(" ") for line in text.splitlines() if line.startswith("L "))
    return {name: target for _, target, name in lines}
