"""Where a borrower may be: every time zone that some fact points to, each with that fact. docs/zones.md has the rules.

Under 12 CFR 1006.6(b)(1)(i), comment 2, conflicting facts count together: the hour must be right in all of them.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache, lru_cache

import msgspec

from gateway.address import Address
from gateway.place_table import read_place_table, regions_of_postal_code
from gateway.wire import Borrower
from gateway.zip_table import read_zip_table
from gateway.zone_names import country_zones, place_zone
from throttling.facts import ZoneEvidence, ZoneKind

_ZIP_DIGITS = 5
_REMEMBERED = 65_536  # combinations of postal code, region and exchange


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """What one fact says. One without zones says that the person is nowhere that we could name."""

    kind: ZoneKind
    source: str
    zones: tuple[str, ...]


def zones_of(borrower: Borrower, address: Address) -> tuple[ZoneEvidence, ...]:
    """The candidate zones: the one the borrower stated, or else all that the address and the number point to.

    Empty for a country without zones, and for mail to the armed forces: a rule that needs a zone then denies.
    """
    if borrower.time_zone is not None:
        zone = place_zone(borrower.time_zone)
        if zone is not None:
            source, as_of = "borrower.time_zone", borrower.as_of
            return (ZoneEvidence(zone=zone, kind=ZoneKind.STATED, source=source, as_of=as_of),)
    code = borrower.postal_code
    return _candidates(
        borrower.country,
        borrower.region,
        code[:_ZIP_DIGITS] if code is not None and borrower.country == "US" else code,
        borrower.as_of,
        address.countries,
        address.zones,
    )


def known_zone(name: str) -> bool:
    """Whether the name is that of a place's time zone."""
    return place_zone(name) is not None


def known_region(country: str, region: str) -> bool:
    """Whether the region is one of the country's in ISO 3166-2; what follows it (US-NY-NYC) is the packs' matter."""
    return region.startswith(f"{country}-") and _region(region) in _place_table().regions


def warm_up() -> None:
    """Load the tables now, so that the first request does not wait for them."""
    _zip_table()
    _place_table()


@lru_cache(maxsize=_REMEMBERED)
def _candidates(
    country: str,
    region: str | None,
    postal_code: str | None,
    as_of: date | None,
    number_countries: tuple[str, ...],
    number_zones: tuple[str, ...],
) -> tuple[ZoneEvidence, ...]:
    number = _place_of_number(country, number_countries, number_zones)
    home = _places_of_address(country, region, postal_code)
    if not all(place.zones for place in home):
        return ()
    if not home:
        whole = _place_of_country(country)
        narrowed = number is not None and country in number_countries and len(whole.zones) > 1
        home = () if narrowed else (whole,)
    found = [_evidence(place, as_of) for place in home]
    if number is not None:
        found.append(_evidence(number, None))  # the date of the address says nothing of the number
    return tuple(evidence for one in found for evidence in one)


def _places_of_address(country: str, region: str | None, postal_code: str | None) -> tuple[_Place, ...]:
    """What postal code and region say: the narrower of the two where they agree, both where they do not."""
    here = None if region is None else _place_of_region(region)
    code = None if postal_code is None else _place_of_postal_code(country, postal_code)
    if code is None or postal_code is None:
        return () if here is None else (here,)
    if here is None or region is None:
        return (code,)
    if _region(region) in _regions_of(country, postal_code):
        return (code if set(code.zones) <= set(here.zones) else here,)
    return (code, here)


def _place_of_postal_code(country: str, code: str) -> _Place | None:
    zones = _zip_table().get(code) if country == "US" else None
    if zones is not None:
        return _Place(kind=ZoneKind.POSTAL_CODE, source=f"ZIP {code[:3]}xx", zones=zones)
    regions = _regions_of(country, code)
    if not regions:
        return None
    source = f"postal code of {' or '.join(regions)}"
    return _Place(kind=ZoneKind.POSTAL_CODE, source=source, zones=_zones_in(regions))


def _place_of_region(region: str) -> _Place | None:
    zones = _place_table().regions.get(_region(region))
    return None if zones is None else _Place(kind=ZoneKind.REGION, source=_region(region), zones=zones)


def _place_of_country(country: str) -> _Place:
    return _Place(kind=ZoneKind.COUNTRY, source=country, zones=_zones_in((country,)))


def _place_of_number(country: str, countries: tuple[str, ...], zones: tuple[str, ...]) -> _Place | None:
    """What the number says: its exchange, or else its country if that is not the country of the address."""
    if not countries:
        return None
    source = f"number of {countries[0]}"
    if zones:
        return _Place(kind=ZoneKind.NUMBER, source=source, zones=zones)
    if country in countries:
        return None
    return _Place(kind=ZoneKind.NUMBER, source=source, zones=_zones_in(countries[:1]))


def _regions_of(country: str, code: str) -> tuple[str, ...]:
    return regions_of_postal_code(_place_table(), country, code)


def _zones_in(places: Iterable[str]) -> tuple[str, ...]:
    """The zones of regions and countries; none at all if one of them has none."""
    table = _place_table().regions
    each = [table[place] if place in table else country_zones(place) for place in places]
    return tuple(dict.fromkeys(zone for zones in each for zone in zones)) if all(each) else ()


def _region(code: str) -> str:
    return "-".join(code.split("-")[:2])


def _evidence(place: _Place, as_of: date | None) -> list[ZoneEvidence]:
    return [
        ZoneEvidence(zone=zone, kind=place.kind, source=place.source, as_of=as_of) for zone in place.zones
    ]


_zip_table = cache(read_zip_table)
_place_table = cache(read_place_table)
