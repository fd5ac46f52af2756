"""Where a borrower may be: every time zone that some fact points to, each with that fact.

Under 12 CFR 1006.6(b)(1)(i), comment 2, conflicting facts count together: the hour must be right in all of them.
The doors to zipcodes (zones of US ZIP codes and states) and to pytz (zones of a country).
"""

from functools import cache

import pytz
import zipcodes

from gateway.address import Address
from gateway.wire import Borrower
from throttling.facts import ZoneEvidence, ZoneKind


def zones_of(borrower: Borrower, address: Address) -> tuple[ZoneEvidence, ...]:
    """The candidate zones, narrowest fact of the postal address first; empty where nothing points anywhere.

    A country of several zones speaks only when no narrower fact does: it says where a person lives as little as
    "somewhere in the Americas", and a rule that then needs a zone refuses.
    """
    found: list[ZoneEvidence] = []
    if borrower.time_zone is not None:
        found.append(_evidence(borrower, borrower.time_zone, ZoneKind.STATED, "borrower.time_zone"))
    found += [
        _evidence(borrower, zone, kind, source) for zone, kind, source in _zones_of_postal_address(borrower)
    ]
    found += _zones_of_number(address)
    if not found:
        found += [
            _evidence(borrower, zone, ZoneKind.COUNTRY, borrower.country)
            for zone in _zones_of_country(borrower.country)
        ]
    return tuple(found)


def _zones_of_number(address: Address) -> list[ZoneEvidence]:
    """What the number points to: an area code does; a mobile number that may be anywhere in its country does not."""
    if address.region is None or not address.zones:
        return []
    if len(address.zones) > 1 and len(address.zones) >= len(_zones_of_country(address.region)) // 2:
        return []
    source = f"number of {address.region}"
    return [ZoneEvidence(zone=zone, kind=ZoneKind.NUMBER, source=source) for zone in address.zones]


def known_zone(name: str) -> bool:
    """Whether the name is in the time zone database."""
    return name in pytz.all_timezones_set


def _zones_of_postal_address(borrower: Borrower) -> list[tuple[str, ZoneKind, str]]:
    if borrower.country == "US" and borrower.postal_code is not None:
        zones = _zones_of_zip(borrower.postal_code[:5])
        if zones:
            return [(zone, ZoneKind.POSTAL_CODE, f"ZIP {borrower.postal_code[:3]}xx") for zone in zones]
    if borrower.region is not None:
        zones = _zones_of_region(borrower.region)
        if zones:
            return [(zone, ZoneKind.REGION, borrower.region) for zone in zones]
    country = _zones_of_country(borrower.country)
    if len(country) == 1:
        return [(country[0], ZoneKind.COUNTRY, borrower.country)]
    return []


def _evidence(borrower: Borrower, zone: str, kind: ZoneKind, source: str) -> ZoneEvidence:
    return ZoneEvidence(zone=zone, kind=kind, source=source, as_of=borrower.as_of)


@cache
def _zones_of_zip(code: str) -> tuple[str, ...]:
    return _states_and_zips()[1].get(code, ())


def _zones_of_region(region: str) -> tuple[str, ...]:
    country, _, rest = region.partition("-")
    return _states_and_zips()[0].get(rest.partition("-")[0], ()) if country == "US" else ()


@cache
def _states_and_zips() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Zones of each US state and of each ZIP code. A state's zones are those of all its ZIP codes."""
    states: dict[str, set[str]] = {}
    zips: dict[str, set[str]] = {}
    for place in zipcodes.list_all():  # type: ignore[no-untyped-call]
        zone = place["timezone"]
        if zone in pytz.all_timezones_set:
            states.setdefault(place["state"], set()).add(zone)
            zips.setdefault(place["zip_code"], set()).add(zone)
    return (
        {state: tuple(sorted(zones)) for state, zones in states.items()},
        {code: tuple(sorted(zones)) for code, zones in zips.items()},
    )


@cache
def _zones_of_country(country: str) -> tuple[str, ...]:
    return tuple(pytz.country_timezones.get(country, ()))


def warm_up() -> None:
    """Load the tables now (about half a second), so that the first request does not wait for them."""
    _states_and_zips()
