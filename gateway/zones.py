"""Where a borrower may be: every time zone that some fact points to, each with that fact.

Under 12 CFR 1006.6(b)(1)(i), comment 2, conflicting facts count together: the hour must be right in all of them.
The door to pytz (zones of a country).
"""

from functools import cache

import pytz

from gateway.address import Address
from gateway.wire import Borrower
from gateway.zip_table import read_zip_table
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


def _zones_of_zip(code: str) -> tuple[str, ...]:
    zone = _zip_table().codes.get(code)
    return () if zone is None else (zone,)


def _zones_of_region(region: str) -> tuple[str, ...]:
    country, _, rest = region.partition("-")
    return _zip_table().states.get(rest.partition("-")[0], ()) if country == "US" else ()


_zip_table = cache(read_zip_table)


@cache
def _zones_of_country(country: str) -> tuple[str, ...]:
    return tuple(pytz.country_timezones.get(country, ()))


def warm_up() -> None:
    """Load the tables now, so that the first request does not wait for them."""
    _zip_table()
