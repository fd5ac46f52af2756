"""The table of regions and postal codes: complete against ISO 3166 and the zone database, and it loses nothing."""

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from gateway.place_table import (
    PlaceTable,
    parse_place_table,
    read_place_table,
    regions_of_postal_code,
    write_place_table,
)

TABLE = read_place_table()
REGIONS = st.from_regex(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", fullmatch=True)
PLACES = st.lists(st.sampled_from(pytz.all_timezones), max_size=3, unique=True).map(tuple)
BEGINNINGS = st.lists(st.tuples(st.sampled_from(["9", "[AB] ?1", r"0\d|2"]), REGIONS), min_size=1, max_size=3)
# Nobody lives there, or nobody who has an address: research stations, military islands, a weather station.
WITHOUT_REGION = {"Antarctica/Macquarie", "America/Danmarkshavn"}


def test_every_zone_of_a_country_is_in_one_of_its_regions():
    """A zone in no region would be one in which nobody is thought to be, and its people be called at a wrong hour."""
    found: dict[str, set[str]] = {}
    for region, zones in TABLE.regions.items():
        found.setdefault(region[:2], set()).update(zones)
    missing = {
        (country, zone)
        for country, zones in pytz.country_timezones.items()
        for zone in zones
        if country in found and zone not in found[country] | WITHOUT_REGION
    }
    assert missing == set()


def test_every_region_lies_in_a_zone_of_the_database():
    """A region without a zone is only mail to the armed forces; a zone that the database lacks could not be used."""
    assert {region for region, zones in TABLE.regions.items() if not zones} == {"US-AA", "US-AE", "US-AP"}
    assert {zone for zones in TABLE.regions.values() for zone in zones} <= pytz.all_timezones_set


@pytest.mark.parametrize(
    ("country", "code", "regions"),
    [
        ("CA", "V1G 4A1", ("CA-BC",)),
        ("CA", "v1g4a1", ("CA-BC",)),
        ("CA", "X0E 0T0", ("CA-NT",)),
        ("AU", "0872", ("AU-NT", "AU-SA", "AU-WA")),
        ("AU", "2899", ("AU-NSW", "NF")),
        ("FR", "97 400", ("RE",)),
        ("FR", "75001", ()),
        ("ES", "35001", ("ES-GC",)),
        ("DK", "3900", ("GL",)),
        ("GB", "FIQQ 1ZZ", ("FK",)),
        ("US", "09012", ("US-AE",)),
        ("US", "96941", ("FM",)),
        ("CA", "90210", ()),
        ("US", "9021", ()),
        ("DE", "10115", ()),
    ],
)
def test_a_postal_code_says_its_region(country, code, regions):
    """A post's own scheme says where a code lies, overseas too; one that is none of the country's says nothing."""
    assert regions_of_postal_code(TABLE, country, code) == regions


@given(st.dictionaries(REGIONS, PLACES), st.dictionaries(st.sampled_from(["US", "CA"]), BEGINNINGS))
def test_the_table_reads_as_it_was_written(regions, postal):
    """No region, zone or beginning of a code is lost, gained or moved by writing the table."""
    table = PlaceTable(
        regions=regions,
        whole=dict.fromkeys(postal, r"\d{2} ?\d{3}"),
        postal={country: tuple(rows) for country, rows in postal.items()},
    )
    assert parse_place_table(write_place_table(table)) == table
